//! The firmware of a Faceplate device: Wi-Fi, the update API, the frontend, and the example device that
//! the frontend is about.
#![no_std]
#![no_main]

mod name;
mod network;
#[cfg(feature = "password")]
mod password;
mod room;
#[cfg(feature = "second-core")]
mod second_core;
mod wifi;
#[cfg(feature = "wired")]
mod wired;

use embassy_executor::Spawner;
use embassy_net::Stack;
use esp_backtrace as _;
use esp_hal::{clock::CpuClock, timer::systimer::SystemTimer};
use faceplate_esp::{
    CONNECTIONS, Face, Memory, Options, Places, PublicKey, Signers, Watchdog, faceplate, sectors,
};
use faceplate_provider::{LISTENERS, Provider};
use room::{ChipRoom, Thermometer};
use static_cell::StaticCell;

esp_bootloader_esp_idf::esp_app_desc!();

/// Heap in memory that the ROM's bootloader used and nobody else does, bytes.
const RECLAIMED: usize = 64 * 1024;

/// More heap: what Wi-Fi wants beyond that, by its own examples, and 4 KiB for NVS, bytes.
const MORE: usize = 40 * 1024;

/// Bytes of the largest slot that this firmware takes; `cargo xtask` names it for another layout.
const SLOT: u32 = match option_env!("FACEPLATE_SLOT") {
    Some(bytes) => match u32::from_str_radix(bytes, 10) {
        Ok(bytes) => bytes,
        Err(_) => panic!("FACEPLATE_SLOT is a number of bytes"),
    },
    None => 1 << 20,
};

/// The key whose frontends it takes, where its build is told one: 64 hexadecimal digits, as `faceplate keygen` prints
/// them. Without, it takes anyone's.
static KEY: Option<[PublicKey; 1]> = match option_env!("FACEPLATE_KEY") {
    Some(digits) => Some([PublicKey::from_hex(digits)]),
    None => None,
};

/// Connections that may be live at once, beside the others: the lamp's WebSocket and the events of one
/// page.
const LIVE: usize = 2;

const _: () = assert!(LIVE <= LISTENERS);

/// What this firmware adds to Faceplate: the example device.
#[cfg(not(feature = "password"))]
type App = Provider<ChipRoom>;
#[cfg(feature = "password")]
type App = password::App;

static MEMORY: Memory<{ sectors(SLOT) }> = Memory::new();

#[esp_rtos::main]
async fn main(spawner: Spawner) -> ! {
    let chip = esp_hal::init(esp_hal::Config::default().with_cpu_clock(CpuClock::max()));
    let watchdog = Watchdog::start(chip.TIMG0);
    esp_println::logger::init_logger(log::LevelFilter::Info);
    log::info!("restarted because of {:?}", esp_hal::system::reset_reason());
    esp_alloc::heap_allocator!(#[esp_hal::ram(reclaimed)] size: RECLAIMED);
    esp_alloc::heap_allocator!(size: MORE);
    esp_rtos::start(SystemTimer::new(chip.SYSTIMER).alarm0, chip.FROM_CPU_INTR0);

    #[cfg(feature = "second-core")]
    second_core::start(&spawner, chip.CPU_CTRL, chip.FROM_CPU_INTR1);

    static APP: StaticCell<App> = StaticCell::new();
    let thermometer = cfg_select! {
        feature = "esp32s3" => Thermometer::new(),
        _ => Thermometer::new(chip.TSENS),
    };
    let room = Provider::new(ChipRoom::new(chip.GPIO1, thermometer));
    #[cfg(feature = "password")]
    let room = password::before(room);
    let app: &App = APP.init(room);

    let name = name::of_this_chip();
    let face = faceplate_esp::boot(
        &MEMORY,
        chip.FLASH,
        chip.SHA,
        Options {
            name,
            hosts: &[],
            firmware: env!("CARGO_PKG_VERSION"),
            api: faceplate::API,
            places: Places::DEFAULT,
            live: LIVE,
            wifi: Some(&network::LINK),
            signers: match &KEY {
                Some(key) => Signers::only(key),
                None => Signers::ANYONE,
            },
            no_step_back: option_env!("FACEPLATE_NO_STEP_BACK").is_some(),
        },
    );
    spawn(&spawner, care(face, app, watchdog));
    spawn(&spawner, run(app));
    #[cfg(feature = "password")]
    spawn(
        &spawner,
        password::watch(
            face,
            app,
            password::button(cfg_select! {
                feature = "esp32s3" => chip.GPIO0,
                _ => chip.GPIO9,
            }),
        ),
    );
    let stack = network::start(&spawner, face, chip.WIFI, name);
    spawn(&spawner, serve_uploads(face, app, stack));
    for _ in 1..CONNECTIONS + LIVE {
        spawn(&spawner, serve(face, app, stack));
    }
    core::future::pending().await
}

/// Starts a task. One that cannot be started is one too many for its pool: an error of this
/// program, which is there at each boot. The others run without it, and the log says so.
fn spawn<S>(
    spawner: &Spawner,
    token: Result<embassy_executor::SpawnToken<S>, embassy_executor::SpawnError>,
) {
    match token {
        Ok(token) => spawner.spawn(token),
        Err(error) => log::error!("a task was not started: {error:?}"),
    }
}

#[embassy_executor::task]
async fn care(face: &'static Face, app: &'static App, watchdog: Watchdog) -> ! {
    face.care(app, watchdog).await
}

/// What the example device does by itself.
#[embassy_executor::task]
async fn run(app: &'static App) -> ! {
    #[cfg(feature = "password")]
    let app = &app.0;
    app.run().await
}

#[embassy_executor::task]
async fn serve_uploads(face: &'static Face, app: &'static App, stack: Stack<'static>) -> ! {
    face.serve_uploads(app, stack).await
}

#[embassy_executor::task(pool_size = CONNECTIONS + LIVE - 1)]
async fn serve(face: &'static Face, app: &'static App, stack: Stack<'static>) -> ! {
    face.serve(app, stack).await
}

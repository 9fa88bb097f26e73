//! The firmware of a Faceplate device: Wi-Fi, the update API, the frontend.
#![no_std]
#![no_main]

mod name;
mod network;
mod wifi;
#[cfg(feature = "wired")]
mod wired;

use embassy_executor::Spawner;
use embassy_net::Stack;
use esp_backtrace as _;
use esp_hal::{clock::CpuClock, timer::systimer::SystemTimer};
use faceplate_esp::{CONNECTIONS, Face, Memory, Options, Places, Watchdog, faceplate, sectors};

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
            live: 0,
            wifi: Some(&network::LINK),
        },
    );
    spawn(&spawner, care(face, watchdog));
    let stack = network::start(&spawner, face, chip.WIFI, name);
    spawn(&spawner, serve_uploads(face, stack));
    for _ in 1..CONNECTIONS {
        spawn(&spawner, serve(face, stack));
    }
    core::future::pending().await
}

/// Starts a task. One that cannot be started is one too many for its pool: an error of this
/// program, which no boot survives.
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
async fn care(face: &'static Face, watchdog: Watchdog) -> ! {
    face.care(&(), watchdog).await
}

#[embassy_executor::task]
async fn serve_uploads(face: &'static Face, stack: Stack<'static>) -> ! {
    face.serve_uploads(&(), stack).await
}

#[embassy_executor::task(pool_size = CONNECTIONS - 1)]
async fn serve(face: &'static Face, stack: Stack<'static>) -> ! {
    face.serve(&(), stack).await
}

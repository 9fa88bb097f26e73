//! Somebody's own device: the lamp of the simulator's example, with a button and a memory.
#![no_std]
#![no_main]

// The very same as on a computer: `cargo run -p faceplate-sim --example lamp`.
#[path = "../../../../crates/faceplate-sim/examples/lamp/app.rs"]
mod app;
mod button;
#[path = "../../minimal/src/network.rs"]
mod network;
mod settings;

use app::Lamp;
use embassy_executor::Spawner;
use embassy_net::Stack;
use embassy_sync::watch::Watch;
use esp_backtrace as _;
use esp_hal::gpio::{Input, InputConfig, Level, Output, OutputConfig, Pull};
use esp_hal::timer::systimer::SystemTimer;
use faceplate_esp::{CONNECTIONS, Face, Memory, Options, Watchdog, sectors};
use static_cell::StaticCell;

esp_bootloader_esp_idf::esp_app_desc!();

static MEMORY: Memory<{ sectors(1 << 20) }> = Memory::new();

const NAME: &str = "lamp";

/// Events and WebSockets that may be open at once.
const LIVE: usize = 4;

/// Tasks that serve, each with a socket.
const TASKS: usize = CONNECTIONS + LIVE;

/// Sockets of the network stack: those, and one for DHCP.
const SOCKETS: usize = TASKS + 1;

#[esp_rtos::main]
async fn main(tasks: Spawner) {
    let chip = esp_hal::init(esp_hal::Config::default());
    let watchdog = Watchdog::start(chip.TIMG0);
    esp_println::logger::init_logger(log::LevelFilter::Info);
    esp_alloc::heap_allocator!(#[esp_hal::ram(reclaimed)] size: 64 * 1024);
    esp_alloc::heap_allocator!(size: 40 * 1024);
    esp_rtos::start(SystemTimer::new(chip.SYSTIMER).alarm0, chip.FROM_CPU_INTR0);

    let options = Options {
        live: LIVE,
        ..Options::new(NAME, env!("CARGO_PKG_VERSION"), 1)
    };
    let face = faceplate_esp::boot(&MEMORY, chip.FLASH, chip.SHA, options);

    static LAMP: StaticCell<Lamp> = StaticCell::new();
    let was_on = settings::was_on(face);
    let lamp: &Lamp = LAMP.init(Lamp(Watch::new_with(was_on)));
    tasks.spawn(care(face, lamp, watchdog).expect("one task"));
    let stack = network::start(&tasks, chip.WIFI, NAME);
    tasks.spawn(serve_uploads(face, lamp, stack).expect("one task"));
    for _ in 1..TASKS {
        tasks.spawn(serve(face, lamp, stack).expect("a task for each other connection"));
    }
    let pull = InputConfig::default().with_pull(Pull::Up);
    let button = Input::new(chip.GPIO9, pull);
    tasks.spawn(button::watch(face, lamp, button).expect("one task"));

    let mut pin = Output::new(chip.GPIO2, Level::from(was_on), OutputConfig::default());
    let mut news = lamp.0.receiver().expect("there is one for this");
    loop {
        let on = news.changed().await;
        pin.set_level(Level::from(on));
        settings::keep(face, on);
    }
}

#[embassy_executor::task]
async fn care(face: &'static Face, lamp: &'static Lamp, watchdog: Watchdog) {
    face.care(lamp, watchdog).await
}

#[embassy_executor::task]
async fn serve_uploads(face: &'static Face, lamp: &'static Lamp, stack: Stack<'static>) {
    face.serve_uploads(lamp, stack).await
}

#[embassy_executor::task(pool_size = TASKS - 1)]
async fn serve(face: &'static Face, lamp: &'static Lamp, stack: Stack<'static>) {
    face.serve(lamp, stack).await
}

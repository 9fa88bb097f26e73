//! Somebody's own firmware, a blinking lamp on their own Wi-Fi, with Faceplate added.
#![no_std]
#![no_main]

mod network;

use embassy_executor::Spawner;
use embassy_net::Stack;
use embassy_time::Timer;
use esp_backtrace as _;
use esp_hal::gpio::{Level, Output, OutputConfig};
use esp_hal::timer::systimer::SystemTimer;
use faceplate_esp::{CONNECTIONS, Face, Memory, Options, Watchdog, sectors};

esp_bootloader_esp_idf::esp_app_desc!();

/// For slots of up to 1 MiB.
static MEMORY: Memory<{ sectors(1 << 20) }> = Memory::new();

/// What the router is told, and what the browser may call it: `http://lamp/`, `http://lamp.lan/`.
const NAME: &str = "lamp";

/// Sockets of the network stack: Faceplate's connections, and one for DHCP.
const SOCKETS: usize = CONNECTIONS + 1;

#[esp_rtos::main]
async fn main(tasks: Spawner) {
    let chip = esp_hal::init(esp_hal::Config::default());
    let watchdog = Watchdog::start(chip.TIMG0);
    esp_println::logger::init_logger(log::LevelFilter::Info);
    esp_alloc::heap_allocator!(#[esp_hal::ram(reclaimed)] size: 64 * 1024);
    esp_alloc::heap_allocator!(size: 40 * 1024);
    esp_rtos::start(SystemTimer::new(chip.SYSTIMER).alarm0, chip.FROM_CPU_INTR0);

    let options = Options::new(NAME, env!("CARGO_PKG_VERSION"), 1);
    let face = faceplate_esp::boot(&MEMORY, chip.FLASH, chip.SHA, options);
    tasks.spawn(care(face, watchdog).expect("one task"));
    let stack = network::start(&tasks, chip.WIFI, NAME);
    tasks.spawn(serve_uploads(face, stack).expect("one task"));
    for _ in 1..CONNECTIONS {
        tasks.spawn(serve(face, stack).expect("a task for each other connection"));
    }

    let mut lamp = Output::new(chip.GPIO2, Level::Low, OutputConfig::default());
    loop {
        lamp.toggle();
        Timer::after_millis(500).await;
    }
}

#[embassy_executor::task]
async fn care(face: &'static Face, watchdog: Watchdog) {
    face.care(&(), watchdog).await
}

#[embassy_executor::task]
async fn serve_uploads(face: &'static Face, stack: Stack<'static>) {
    face.serve_uploads(&(), stack).await
}

#[embassy_executor::task(pool_size = CONNECTIONS - 1)]
async fn serve(face: &'static Face, stack: Stack<'static>) {
    face.serve(&(), stack).await
}

//! Keeps the ESP32-S3's second core at work, to see in an emulator that neither core waits for the other
//! for ever when flash changes. No part of a device.

use core::sync::atomic::{AtomicU32, Ordering};

use embassy_executor::Spawner;
use embassy_time::{Duration, Ticker};
use esp_hal::{
    peripherals::{CPU_CTRL, FROM_CPU_INTR1},
    system::Stack,
};
use static_cell::StaticCell;

/// How often the second core has done its work.
static ROUNDS: AtomicU32 = AtomicU32::new(0);

/// Has the second core work for ever, and the first one tell every second how far it is.
pub(crate) fn start(
    spawner: &Spawner,
    control: CPU_CTRL<'static>,
    interrupt: FROM_CPU_INTR1<'static>,
) {
    static STACK: StaticCell<Stack<8192>> = StaticCell::new();
    esp_rtos::start_second_core(control, interrupt, STACK.init(Stack::new()), work);
    crate::spawn(spawner, tell());
}

/// Half of the time within critical sections: a core that stood still in one would keep the other
/// from ever going on.
fn work() {
    loop {
        let round = critical_section::with(|_| {
            pause();
            ROUNDS.fetch_add(1, Ordering::Relaxed)
        });
        pause();
        if round.is_multiple_of(50_000) {
            log::info!("the second core is at round {round}");
        }
    }
}

fn pause() {
    for _ in 0..50 {
        core::hint::spin_loop();
    }
}

#[embassy_executor::task]
async fn tell() -> ! {
    let mut seconds = Ticker::every(Duration::from_secs(1));
    loop {
        seconds.next().await;
        let rounds = ROUNDS.load(Ordering::Relaxed);
        log::info!("second core: {rounds} rounds");
    }
}

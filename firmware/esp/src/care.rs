//! What must happen by itself: trials end, restarts come, the watchdog is fed.

use embassy_time::{Instant, Timer};
use faceplate::Tick;
use faceplate_http::Device;

use crate::{Face, Watchdog};

/// How often it is looked whether something is due: a fraction of what anybody would notice.
const EVERY_MS: u64 = 100;

impl Face {
    /// Lets trials run, restarts when that is due and feeds the watchdog, for ever. One task runs
    /// it, on the executor that serves: when that one hangs, the watchdog is not fed.
    pub async fn care(&'static self, mut watchdog: Watchdog) -> ! {
        watchdog.serving();
        loop {
            watchdog.feed();
            match self.engine().tick(self.now_ms()) {
                Ok(Tick::Nothing) => {}
                Ok(Tick::Confirmed) => log::info!("the frontend is confirmed: it kept running"),
                Ok(Tick::Kept) => log::warn!("not confirmed, but there is none to go back to"),
                Ok(Tick::Reboot) => {
                    log::warn!("the frontend was not confirmed in time");
                    restart();
                }
                Err(error) => log::error!("the trial cannot be ended yet: {error}"),
            }
            if self.restart_at().is_some_and(|at| at <= Instant::now()) {
                restart();
            }
            Timer::after_millis(EVERY_MS).await;
        }
    }
}

fn restart() -> ! {
    log::info!("restarting");
    esp_hal::system::software_reset()
}

//! What must happen by itself: trials end, restarts come, the watchdog is fed.

use embassy_time::{Duration, Instant, Timer};
use faceplate::Tick;
use faceplate_http::{App, Device, UpdateEvent};

use crate::{Face, Watchdog};

/// How often it is looked whether a restart is due: a fraction of what anybody would notice.
const EVERY: Duration = Duration::from_millis(100);

/// How often the trial is looked at. When its end cannot be stored, this is how often that is tried
/// again, on a flash that may be failing.
const TRIAL_EVERY: Duration = Duration::from_secs(1);

impl Face {
    /// Lets trials run, restarts when that is due and feeds the watchdog, for ever. One task runs
    /// it, on the executor that serves: when that one hangs, the watchdog is not fed.
    pub async fn care(&'static self, app: &impl App, mut watchdog: Watchdog) -> ! {
        watchdog.serving();
        let mut trial_due = Instant::now();
        loop {
            watchdog.feed();
            if self.restart_at().is_some_and(|at| at <= Instant::now()) {
                restart();
            }
            if trial_due <= Instant::now() {
                trial_due += TRIAL_EVERY;
                self.look_at_the_trial(app);
            }
            Timer::after(EVERY).await;
        }
    }

    fn look_at_the_trial(&self, app: &impl App) {
        match self.engine().tick(self.now_ms()) {
            Ok(Tick::Nothing) => {}
            Ok(Tick::Confirmed) => log::info!("the frontend is confirmed: it kept running"),
            Ok(Tick::Kept) => log::warn!("not confirmed, but there is none to go back to"),
            Ok(Tick::Reboot) => {
                log::warn!("the frontend was not confirmed in time");
                // As announced restarts: time for live connections to end properly.
                let in_ms = self.limits().reboot_ms;
                self.reboot_in(in_ms);
                app.on_update(UpdateEvent::Restarting { in_ms });
            }
            Err(error) => log::error!("the trial cannot be ended yet: {error}"),
        }
    }
}

fn restart() -> ! {
    log::info!("restarting");
    esp_hal::system::software_reset()
}

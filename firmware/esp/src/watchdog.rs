//! The watchdog: resets a chip that hangs.

use esp_hal::{
    peripherals::TIMG0,
    time::Duration,
    timer::timg::{MwdtStage, MwdtStageAction, TimerGroup, Wdt},
};

/// Time to be fed in while the device serves. Longer than anything that keeps all else from
/// running: a 64 KiB erase takes 2 s at worst (W25Q128), the four settings of a change of slot with
/// an erase of 400 ms each less than that.
const SERVING: Duration = Duration::from_secs(10);

/// The same from start to serving. The check of both slots is bounded, but made for the worst image
/// that somebody may think up: a device must not be reset in the middle of it again and again.
const BOOTING: Duration = Duration::from_secs(60);

/// The watchdog of timer group 0. A frontend on trial under which the firmware hangs uses up its
/// boots this way, and the device goes back to the other.
pub struct Watchdog(Wdt<TIMG0<'static>>);

impl Watchdog {
    /// Starts it. [`Face::care`](crate::Face::care) must run within a minute, or the chip is reset.
    pub fn start(timer: TIMG0<'static>) -> Self {
        let mut wdt = TimerGroup::new(timer).wdt;
        wdt.set_timeout(MwdtStage::Stage0, BOOTING);
        wdt.set_stage_action(MwdtStage::Stage0, MwdtStageAction::ResetSystem);
        wdt.enable();
        Self(wdt)
    }

    /// The device serves now: less time from here on.
    pub(crate) fn serving(&mut self) {
        // First, or a start that took longer than the new time would be reset here.
        self.feed();
        self.0.set_timeout(MwdtStage::Stage0, SERVING);
        self.feed();
    }

    pub(crate) fn feed(&mut self) {
        self.0.feed();
    }
}

//! A temperature for a chip whose sensor has no driver in esp-hal.

use embassy_time::Instant;
use faceplate_provider::Tenths;

/// The lowest that is told, in tenths of a degree.
const LOW: i16 = 200;

/// Seconds from there to the highest, a tenth of a degree each.
const RISE_S: u64 = 50;

/// No thermometer: it measures nothing. What it tells goes straight up from 20 °C to 25 °C and down
/// again, in 100 seconds, which no room does.
pub(crate) struct MadeUp;

impl MadeUp {
    /// Says in the log what it is.
    pub(crate) fn new() -> Self {
        log::warn!("the temperatures are made up: esp-hal has no driver for this chip's sensor");
        Self
    }

    pub(crate) fn measure(&self) -> Tenths {
        let second = Instant::now().as_secs() % (2 * RISE_S);
        let above = second.min(2 * RISE_S - second);
        Tenths(LOW + above as i16)
    }
}

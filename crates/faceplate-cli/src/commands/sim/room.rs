//! The room of the example device: a lamp that nobody sees, and a temperature that wanders.

use std::time::{Duration, Instant};

use faceplate_provider::{Colour, Room, Tenths};

use crate::text;

/// A simulated room, from the time on when it is made.
pub(crate) struct SimRoom(Instant);

impl SimRoom {
    pub(crate) fn new() -> Self {
        Self(Instant::now())
    }
}

impl Room for SimRoom {
    /// What was set is in the log; the steps of a fade would fill a terminal.
    fn shine(&self, _light: Colour) {}

    fn temperature(&self) -> Tenths {
        temperature(self.0.elapsed().as_secs())
    }

    fn now_ms(&self) -> u64 {
        self.0.elapsed().as_millis() as u64
    }

    async fn sleep_ms(&self, ms: u64) {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }

    fn log(&self, line: &str) {
        text::print(line);
    }
}

/// The temperature after so many seconds, each time the same: slow waves around 21.5 °C, and what a
/// sensor adds.
fn temperature(seconds: u64) -> Tenths {
    let wave = |period: f64| (seconds as f64 / period * std::f64::consts::TAU).sin();
    // The high bits of a multiplication by an odd number look like noise (Knuth's).
    let noise = (seconds as u32).wrapping_mul(2_654_435_761) >> 16;
    let noise = f64::from(noise) / 65536.0 - 0.5;
    Tenths((215.0 + 9.0 * wave(240.0) + 4.0 * wave(53.0) + 2.0 * noise).round() as i16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_stays_a_room_and_its_temperature_moves() {
        let hours: Vec<_> = (0..7200).map(|second| temperature(second).0).collect();
        let (low, high) = (hours.iter().min().unwrap(), hours.iter().max().unwrap());
        assert!(*low >= 190 && *high <= 240, "{low} {high}");
        assert!(high - low > 20);
        for pair in hours.windows(2) {
            assert!(pair[0].abs_diff(pair[1]) <= 4, "{pair:?}");
        }
    }
}

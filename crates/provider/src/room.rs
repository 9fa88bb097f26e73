//! The port: what the example device needs of the hardware around it.

use core::fmt;

use crate::Colour;

/// The hardware, or a simulation of it.
#[allow(
    async_fn_in_trait,
    reason = "single-threaded executors are the users; no Send bound wanted"
)]
pub trait Room {
    /// Lets the lamp shine like this, from now on. It is called many times a second while the lamp
    /// fades.
    fn shine(&self, light: Colour);

    /// Measures the temperature; it should be quick.
    fn temperature(&self) -> Tenths;

    /// Milliseconds since the start.
    fn now_ms(&self) -> u64;

    /// Waits. It may be dropped before its time.
    async fn sleep_ms(&self, ms: u64);

    /// A new line of the log, for a console.
    fn log(&self, line: &str) {
        let _nowhere = line;
    }
}

/// Tenths of a degree Celsius: `215` is 21.5 °C.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tenths(pub i16);

impl fmt::Display for Tenths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let tenths = self.0.unsigned_abs();
        write!(f, "{sign}{}.{}", tenths / 10, tenths % 10)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;

    #[test]
    fn tenths_are_told_as_degrees() {
        for (tenths, text) in [
            (215, "21.5"),
            (0, "0.0"),
            (-5, "-0.5"),
            (-123, "-12.3"),
            (i16::MIN, "-3276.8"),
        ] {
            assert_eq!(std::format!("{}", Tenths(tenths)), text);
        }
    }
}

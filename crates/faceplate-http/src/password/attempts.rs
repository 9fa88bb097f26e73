//! Wrong passwords: counted, and slowed.

/// So many wrong ones in a row cost no time: people mistype.
const FREE: u32 = 5;
/// The first wait, milliseconds; each that follows is twice as long,
const FIRST_MS: u64 = 1000;
/// up to this one: 1440 guesses a day.
const LONGEST_MS: u64 = 60_000;

/// Attempts since the last right password.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempts {
    wrong: u32,
    /// When the last wrong one was.
    at_ms: u64,
}

impl Attempts {
    pub(super) const NONE: Self = Self { wrong: 0, at_ms: 0 };

    /// So many milliseconds must pass before the next attempt is looked at: by whomever it is, since
    /// addresses of a local network are for everybody to choose. Who is logged in is not held up.
    pub(super) fn wait_ms(self, now_ms: u64) -> u64 {
        let Some(over) = self.wrong.checked_sub(FREE) else {
            return 0;
        };
        let wait = FIRST_MS.checked_shl(over.min(16)).unwrap_or(LONGEST_MS);
        let until = self.at_ms.saturating_add(wait.min(LONGEST_MS));
        until.saturating_sub(now_ms)
    }

    pub(super) fn was_wrong(&mut self, now_ms: u64) {
        self.wrong = self.wrong.saturating_add(1);
        self.at_ms = now_ms;
    }

    pub(super) fn was_right(&mut self) {
        *self = Self::NONE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_five_wrong_ones_each_waits_twice_as_long_up_to_a_minute() {
        let mut attempts = Attempts::NONE;
        let mut now = 7;
        let waits = [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60];
        for seconds in waits {
            attempts.was_wrong(now);
            assert_eq!(attempts.wait_ms(now), seconds * 1000);
            now += seconds * 1000;
            assert_eq!(attempts.wait_ms(now), 0);
            assert_eq!(
                attempts.wait_ms(now.saturating_sub(1)),
                u64::from(seconds > 0)
            );
        }
        for _ in 0..100 {
            attempts.was_wrong(u64::MAX);
        }
        assert!(attempts.wait_ms(0) > 0);
        attempts.was_right();
        assert_eq!(attempts.wait_ms(0), 0);
    }
}

//! Wrong passwords: counted, and slowed.

use super::Locked;

/// So many wrong ones in a row cost no time: people mistype.
const FREE: u32 = 5;
/// The first wait, milliseconds; each that follows is twice as long,
const FIRST_MS: u64 = 1000;
/// up to this one: some 1440 guesses a day.
const LONGEST_MS: u64 = 60_000;
/// No more are counted than lead to the longest wait.
const WRONG_MAX: u32 = FREE + 6;

/// Wrong passwords that are not forgiven yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempts {
    wrong: u32,
    /// When the last wrong one was.
    at_ms: u64,
}

impl Attempts {
    pub(super) const NONE: Self = Self { wrong: 0, at_ms: 0 };

    /// Whether a password is looked at now.
    pub(super) fn may_try(self, now_ms: u64) -> Result<(), Locked> {
        match self.wait_ms(now_ms) {
            0 => Ok(()),
            ms => Err(Locked::Wait {
                seconds: u32::try_from(ms.div_ceil(1000)).unwrap_or(u32::MAX),
            }),
        }
    }

    /// One was looked at.
    pub(super) fn tried(&mut self, right: bool, now_ms: u64) -> Result<(), Locked> {
        if right {
            return Ok(());
        }
        self.was_wrong(now_ms);
        Err(Locked::Wrong)
    }

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

    /// A right one changes nothing: it may be another's, who must not give free tries to who guesses. Time does, one
    /// for each minute without a wrong one.
    pub(super) fn was_wrong(&mut self, now_ms: u64) {
        let minutes = now_ms.saturating_sub(self.at_ms) / LONGEST_MS;
        let forgiven = u32::try_from(minutes).unwrap_or(u32::MAX);
        self.wrong = self.wrong.saturating_sub(forgiven).min(WRONG_MAX) + 1;
        self.at_ms = now_ms;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_five_wrong_ones_each_waits_twice_as_long_up_to_a_minute() {
        let mut attempts = Attempts::NONE;
        let mut now = 7;
        let waits = [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60];
        for seconds in waits {
            attempts.was_wrong(now);
            assert_eq!(attempts.wait_ms(now), seconds * 1000);
            now += seconds * 1000;
            assert_eq!(attempts.wait_ms(now), 0);
            let waits = attempts.wait_ms(now.saturating_sub(1)) > 0;
            assert_eq!(waits, seconds > 0);
        }
        for _ in 0..100 {
            attempts.was_wrong(u64::MAX);
        }
        assert!(attempts.wait_ms(0) > 0);
    }

    /// Whatever somebody does who guesses as soon as he may.
    #[test]
    fn a_day_has_no_more_guesses_than_minutes_but_for_the_first() {
        for pause in [0, 1000, 30_000, 59_999, 60_000, 61_000] {
            let mut attempts = Attempts::NONE;
            let (mut now, mut guesses) = (0, 0);
            while now < 24 * 60 * LONGEST_MS {
                attempts.was_wrong(now);
                guesses += 1;
                now += attempts.wait_ms(now).max(pause);
                assert_eq!(attempts.wait_ms(now), 0);
            }
            assert!(guesses <= 1440 + 2 * FREE + 6, "{pause}: {guesses}");
        }
    }

    #[test]
    fn a_quiet_quarter_of_an_hour_forgives_all() {
        let mut attempts = Attempts::NONE;
        for _ in 0..50 {
            attempts.was_wrong(0);
        }
        assert_eq!(attempts.wait_ms(0), LONGEST_MS);
        for free in 1..=FREE {
            attempts.was_wrong(15 * LONGEST_MS);
            assert_eq!(
                attempts.wait_ms(15 * LONGEST_MS) > 0,
                free == FREE,
                "{free}"
            );
        }
    }
}

//! Who is logged in.

use super::verifier::HASH;

/// Who is logged in at once; another one takes the place of who was silent for longest, who logs in
/// again without asking a person.
pub(super) const SESSIONS: usize = 8;
/// So long one may be silent, milliseconds.
const IDLE_MS: u64 = 60 * 60 * 1000;
/// So far behind the highest number a request may come that was overtaken.
const WINDOW: u64 = 64;

/// One client, since its login.
#[derive(Clone, Copy)]
pub(super) struct Session {
    pub(super) id: u64,
    pub(super) key: [u8; HASH],
    /// The nonce that it logged in with.
    nonce: u64,
    used_ms: u64,
    numbers: Numbers,
}

/// Which numbers a session has had, as IPsec remembers them (RFC 4303, 3.4.3).
#[derive(Debug, Clone, Copy)]
struct Numbers {
    highest: u64,
    /// Bit `n`: `highest - n` was there.
    seen: u64,
}

impl Numbers {
    const NONE: Self = Self {
        highest: 0,
        seen: 1,
    };

    /// Whether this one was not there yet, as far as that is remembered.
    fn is_new(self, number: u64) -> bool {
        match self.highest.checked_sub(number) {
            None => true,
            Some(behind) => behind < WINDOW && self.seen >> behind & 1 == 0,
        }
    }

    /// Remembers one that is new.
    fn take(&mut self, number: u64) {
        match number.checked_sub(self.highest) {
            Some(ahead) => {
                self.seen = match ahead < WINDOW {
                    true => self.seen << ahead | 1,
                    false => 1,
                };
                self.highest = number;
            }
            None => self.seen |= 1 << (self.highest - number),
        }
    }
}

/// All of them.
pub(super) struct Sessions {
    all: [Option<Session>; SESSIONS],
    /// Nonces up to this one are not good any more: one of those that made room logged in with it, and its login may
    /// have been heard.
    floor: u64,
}

impl Sessions {
    pub(super) const NONE: Self = Self {
        all: [None; SESSIONS],
        floor: 0,
    };

    /// The key of a session that is not over.
    pub(super) fn key(&self, id: u64, now_ms: u64) -> Option<[u8; HASH]> {
        let session = self.all.iter().flatten().find(|session| session.id == id)?;
        (now_ms.saturating_sub(session.used_ms) <= IDLE_MS).then_some(session.key)
    }

    /// Uses a number of a session; `false` when it was used.
    pub(super) fn take(&mut self, id: u64, number: u64, now_ms: u64) -> bool {
        let found = self
            .all
            .iter_mut()
            .flatten()
            .find(|session| session.id == id);
        let Some(session) = found.filter(|session| session.numbers.is_new(number)) else {
            return false;
        };
        session.numbers.take(number);
        session.used_ms = now_ms;
        true
    }

    /// Whether somebody logged in with this nonce, or may have.
    pub(super) fn had(&self, nonce: u64) -> bool {
        nonce <= self.floor
            || self
                .all
                .iter()
                .flatten()
                .any(|session| session.nonce == nonce)
    }

    pub(super) fn begin(&mut self, id: u64, key: [u8; HASH], nonce: u64, now_ms: u64) {
        let since = |session: &Option<Session>| session.map_or(0, |session| session.used_ms + 1);
        let Some(place) = self.all.iter_mut().min_by_key(|session| since(session)) else {
            return;
        };
        if let Some(gone) = place {
            self.floor = self.floor.max(gone.nonce);
        }
        *place = Some(Session {
            id,
            key,
            nonce,
            used_ms: now_ms,
            numbers: Numbers::NONE,
        });
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, vec::Vec};

    use super::*;

    #[test]
    fn each_number_is_good_once_and_a_little_out_of_order() {
        let mut sessions = Sessions::NONE;
        sessions.begin(1, [0; 32], 0, 0);
        for (number, new) in [
            (0, false),
            (1, true),
            (1, false),
            (5, true),
            (3, true),
            (3, false),
            (2, true),
            (69, true),
            (5, false),
            (6, true),
            (4, false), // Never there, but too far behind.
            (1000, true),
            (69, false),
            (937, true),
            (936, false),
            (u64::MAX, true),
            (u64::MAX, false),
            (u64::MAX - 63, true),
        ] {
            assert_eq!(sessions.take(1, number, 0), new, "{number}");
        }
        assert!(!sessions.take(2, 1, 0));
    }

    /// Against a plain set.
    #[test]
    fn no_number_is_ever_good_twice() {
        let mut numbers = Numbers::NONE;
        let mut had = BTreeSet::from([0_u64]);
        let mut random = 1_u64;
        for step in 0..100_000_u64 {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let number = (step / 2).saturating_sub(random >> 57) + (random >> 50 & 127) / 64;
            let new = numbers.is_new(number);
            let behind = had.last().unwrap().saturating_sub(number) >= WINDOW;
            assert_eq!(new, !had.contains(&number) && !behind, "{number}");
            if new {
                numbers.take(number);
                had.insert(number);
            }
        }
        assert!(had.len() > 30_000, "{}", had.len());
    }

    #[test]
    fn the_one_that_was_silent_for_longest_makes_room() {
        let mut sessions = Sessions::NONE;
        for id in 1..=SESSIONS as u64 {
            sessions.begin(id, [id as u8; 32], id * 10, id);
        }
        assert!(sessions.take(1, 1, 100));
        sessions.begin(9, [9; 32], 90, 101);
        let there = |sessions: &Sessions| -> Vec<_> {
            (1..=9)
                .filter(|&id| sessions.key(id, 101).is_some())
                .collect()
        };
        assert_eq!(there(&sessions), [1, 3, 4, 5, 6, 7, 8, 9]);
        // What made room was heard by somebody, perhaps, and all before it.
        for (nonce, had) in [
            (10, true),
            (15, true),
            (20, true),
            (21, false),
            (30, true),
            (90, true),
        ] {
            assert_eq!(sessions.had(nonce), had, "{nonce}");
        }
        assert_eq!(sessions.key(9, 101), Some([9; 32]));
    }

    #[test]
    fn one_that_is_silent_for_an_hour_is_over() {
        let mut sessions = Sessions::NONE;
        sessions.begin(1, [7; 32], 0, 1000);
        assert!(sessions.key(1, 1000 + IDLE_MS).is_some());
        assert!(sessions.key(1, 1001 + IDLE_MS).is_none());
        assert!(sessions.take(1, 1, 2000));
        assert!(sessions.key(1, 2000 + IDLE_MS).is_some());
    }
}

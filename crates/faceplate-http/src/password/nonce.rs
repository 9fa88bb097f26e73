//! Nonces that the device need not remember: a time with a count, and a MAC of both by a secret of this boot.

use core::fmt::Write as _;

use heapless::String;

use super::scram::{Into, finish, keyed, same};

/// So long one may be answered, milliseconds.
const GOOD_MS: u64 = 60_000;
/// Digits of the time, and of the MAC.
const DIGITS: [usize; 2] = [16, 32];

/// A nonce as text.
pub(super) type Nonce = String<{ DIGITS[0] + DIGITS[1] }>;

/// Bits of the count, which tells nonces of one millisecond apart.
const COUNT_BITS: u32 = 16;

/// What tells a nonce from all others of its secret, and which one is later: the time of its making, and a count.
pub(super) fn id(now_ms: u64, count: u16) -> u64 {
    now_ms << COUNT_BITS | u64::from(count)
}

/// The nonce of this id.
pub(super) fn nonce(secret: &[u8; 32], id: u64) -> Nonce {
    let mut nonce = Nonce::new();
    let _fits = write!(nonce, "{id:016x}");
    let mut mac = keyed(secret);
    write!(Into(&mut mac), "nonce {nonce}").expect("a MAC takes all");
    let mac = finish(mac);
    mac[..DIGITS[1] / 2]
        .iter()
        .for_each(|byte| _ = write!(nonce, "{byte:02x}"));
    nonce
}

/// The id of a nonce, if it was made here, by this secret, and not long ago.
pub(super) fn id_of(secret: &[u8; 32], text: &str, now_ms: u64) -> Option<u64> {
    let digits = text.get(..DIGITS[0])?;
    let id = u64::from_str_radix(digits, 16).ok()?;
    let age = now_ms.checked_sub(id >> COUNT_BITS)?;
    let right = nonce(secret, id);
    let is_right = text.len() == right.len() && same(text.as_bytes(), right.as_bytes());
    (age <= GOOD_MS && is_right).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_good_for_a_minute_and_by_its_secret() {
        let (secret, other) = ([1; 32], [2; 32]);
        let id = id(5000, 7);
        let made = nonce(&secret, id);
        assert_eq!(made.len(), 48);
        for (now, good) in [(4999, false), (5000, true), (65_000, true), (65_001, false)] {
            assert_eq!(id_of(&secret, &made, now), good.then_some(id), "{now}");
        }
        assert_eq!(id_of(&other, &made, 5000), None);
        let mut changed = made.as_bytes().to_vec();
        for at in 0..changed.len() {
            changed[at] ^= 1;
            let text = core::str::from_utf8(&changed).unwrap();
            for now in [5000, 70_000, u64::MAX] {
                assert_eq!(id_of(&secret, text, now), None, "{text}");
            }
            changed[at] ^= 1;
        }
        let longer = std::format!("{made}0");
        for text in ["", "0", "+000000000001388", &made[..47], &longer] {
            assert_eq!(id_of(&secret, text, 5000), None, "{text}");
        }
    }

    #[test]
    fn nonces_of_one_millisecond_differ_and_later_ones_are_higher() {
        assert!(id(5, 0) < id(5, 1) && id(5, u16::MAX) < id(6, 0));
        assert_ne!(nonce(&[1; 32], id(5, 0)), nonce(&[1; 32], id(5, 1)));
    }
}

//! Nonces that the device need not remember: a time, and a MAC of it by a secret of this boot.

use core::fmt::Write as _;

use heapless::String;

use super::scram::{Into, keyed};
use hmac::Mac as _;

/// So long one may be answered, milliseconds.
const GOOD_MS: u64 = 60_000;
/// Digits of the time, and of the MAC.
const DIGITS: [usize; 2] = [16, 32];

/// A nonce as text.
pub(super) type Nonce = String<{ DIGITS[0] + DIGITS[1] }>;

/// The nonce of this time.
pub(super) fn nonce(secret: &[u8; 32], now_ms: u64) -> Nonce {
    let mut nonce = Nonce::new();
    let _fits = write!(nonce, "{now_ms:016x}");
    let mut mac = keyed(secret);
    write!(Into(&mut mac), "nonce {nonce}").expect("a MAC takes all");
    let mac = mac.finalize().into_bytes();
    mac[..DIGITS[1] / 2]
        .iter()
        .for_each(|byte| _ = write!(nonce, "{byte:02x}"));
    nonce
}

/// When a nonce was made, if it was here, in this boot, and not long ago.
pub(super) fn made_at(secret: &[u8; 32], text: &str, now_ms: u64) -> Option<u64> {
    let digits = text.get(..DIGITS[0])?;
    let at = u64::from_str_radix(digits, 16).ok()?;
    let age = now_ms.checked_sub(at)?;
    (age <= GOOD_MS && nonce(secret, at) == text).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_good_for_a_minute_and_in_its_boot() {
        let (secret, other) = ([1; 32], [2; 32]);
        let made = nonce(&secret, 5000);
        assert_eq!(made.len(), 48);
        for (now, good) in [(4999, false), (5000, true), (65_000, true), (65_001, false)] {
            let want = good.then_some(5000);
            assert_eq!(made_at(&secret, &made, now), want, "{now}");
        }
        assert_eq!(made_at(&other, &made, 5000), None);
        let mut changed = made.as_str().as_bytes().to_vec();
        for at in 0..changed.len() {
            changed[at] ^= 1;
            let text = core::str::from_utf8(&changed).unwrap();
            assert_eq!(made_at(&secret, text, 70_000), None, "{text}");
            assert_eq!(made_at(&secret, text, 5000), None, "{text}");
            changed[at] ^= 1;
        }
        for text in [
            "",
            "0",
            "+000000000001388",
            &made[..47],
            &std::format!("{made}0"),
        ] {
            assert_eq!(made_at(&secret, text, 5000), None, "{text}");
        }
    }
}

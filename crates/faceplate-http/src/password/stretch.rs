//! PBKDF2-HMAC-SHA-256 (RFC 8018, 5.2) of one block, in slices: a chip has other things to do.

use hmac::Mac as _;

use super::{
    scram::{HmacSha256, Stretched, finish, keyed},
    verifier::{HASH, SALT},
};

/// A password that is being stretched.
pub(super) struct Stretch {
    /// It has taken in the password: what is left of a round are two blocks of SHA-256.
    keyed: HmacSha256,
    last: [u8; HASH],
    sum: [u8; HASH],
    left: u32,
}

impl Stretch {
    pub(super) fn new(password: &[u8], salt: &[u8; SALT], iterations: u32) -> Self {
        let keyed = keyed(password);
        let mut first = keyed.clone();
        first.update(salt);
        first.update(&1_u32.to_be_bytes());
        let first = finish(first);
        Self {
            keyed,
            last: first,
            sum: first,
            left: iterations.saturating_sub(1),
        }
    }

    /// Does up to so many rounds; whether more are left.
    pub(super) fn run(&mut self, rounds: u32) -> bool {
        let now = rounds.min(self.left);
        for _ in 0..now {
            let mut round = self.keyed.clone();
            round.update(&self.last);
            self.last = round.finalize().into_bytes().into();
            self.sum
                .iter_mut()
                .zip(self.last)
                .for_each(|(sum, last)| *sum ^= last);
        }
        self.left -= now;
        self.left > 0
    }

    /// What came of it.
    pub(super) fn finish(self) -> Stretched {
        Stretched(self.sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From Python's `hashlib.pbkdf2_hmac`.
    #[test]
    fn it_is_pbkdf2_however_it_is_sliced() {
        let salt = *b"NaClNaClNaClNaCl";
        for (password, iterations, want) in [
            ("", 1, VECTORS[0]),
            ("password", 2, VECTORS[1]),
            (
                "ä password that is longer than the sixty-four bytes of a block of SHA-256",
                4097,
                VECTORS[2],
            ),
        ] {
            for slice in [1, 7, 64, u32::MAX] {
                let mut stretch = Stretch::new(password.as_bytes(), &salt, iterations);
                while stretch.run(slice) {}
                let found: std::string::String = stretch
                    .finish()
                    .0
                    .iter()
                    .map(|byte| std::format!("{byte:02x}"))
                    .collect();
                assert_eq!(found, want, "{password} {iterations} {slice}");
            }
        }
    }

    const VECTORS: [&str; 3] = [V0, V1, V2];
    const V0: &str = "c2d9baf76e6301d33724ceff21bd3d39c81f741224fd828ae67fe7d65acdd0d5";
    const V1: &str = "de82305502e9cdc4e9286adf01e2fb9b9471de96be2f45a0a923d651e10d5107";
    const V2: &str = "8218fd9f31c855b982694811bdd62bc9659c1739312684f6f677611da8f9186d";
}

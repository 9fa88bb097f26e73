//! Places in bytes that depend on the bytes around them alone (a gear hash), so that what did not change is
//! cut at the same places wherever it has moved to.

/// What each byte adds to the hash: any fixed numbers do, as long as every tool has the same ones.
pub const GEAR: [u32; 256] = {
    let mut gear = [0; 256];
    let mut byte = 0;
    while byte < gear.len() {
        gear[byte] = mix(byte as u32);
        byte += 1;
    }
    gear
};

/// Spreads a small number over all 32 bits.
const fn mix(byte: u32) -> u32 {
    let mut x = (byte + 1).wrapping_mul(0x9E37_79B1);
    x ^= x >> 15;
    x = x.wrapping_mul(0x85EB_CA77);
    x ^= x >> 13;
    x = x.wrapping_mul(0xC2B2_AE3D);
    x ^ (x >> 16)
}

/// The hash over the last 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Gear(u32);

impl Gear {
    /// The hash of no bytes.
    #[must_use]
    pub const fn new() -> Self {
        Self(0)
    }

    /// Adds a byte; whether there is a place behind it, which is so for one of 2^`bits` (1 to 32).
    pub const fn is_place(&mut self, byte: u8, bits: u32) -> bool {
        self.0 = (self.0 << 1).wrapping_add(GEAR[byte as usize]);
        self.0 >> (32 - bits) == 0
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::vec::Vec;

    use super::*;

    /// Bytes in which nothing repeats, the same ones for each seed.
    pub(crate) fn noise(len: usize, mut seed: u32) -> Vec<u8> {
        let mut next = || {
            seed ^= seed << 13;
            seed ^= seed >> 17;
            seed ^= seed << 5;
            (seed >> 11) as u8
        };
        (0..len).map(|_| next()).collect()
    }

    fn places(bytes: &[u8], bits: u32) -> Vec<usize> {
        let mut gear = Gear::new();
        let ends = bytes.iter().enumerate();
        ends.filter_map(|(at, &byte)| gear.is_place(byte, bits).then_some(at + 1))
            .collect()
    }

    #[test]
    fn the_numbers_are_those_of_the_format() {
        assert_eq!(GEAR[..3], [mix(0), mix(1), mix(2)]);
        assert_eq!((GEAR[0], GEAR[255]), FIRST_AND_LAST);
        let mut all = GEAR.to_vec();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 256);
    }

    /// Computed apart, in Python.
    const FIRST_AND_LAST: (u32, u32) = (0x0ab6_56ac, 0xd94e_63a1);

    #[test]
    fn there_are_about_as_many_places_as_wanted() {
        let bytes = noise(1 << 20, 1);
        for bits in [8, 10, 12] {
            let (found, want) = (places(&bytes, bits).len(), bytes.len() >> bits);
            assert!(
                found > want * 3 / 4 && found < want * 5 / 4,
                "{bits}: {found}"
            );
        }
    }

    #[test]
    fn what_did_not_change_has_the_same_places_from_32_bytes_on() {
        let (bytes, before) = (noise(1 << 16, 1), noise(777, 2));
        let moved = [before.clone(), bytes.clone()].concat();
        let (at_first, later) = (places(&bytes, 8), places(&moved, 8));
        let tail = |places: &[usize], by: usize| -> Vec<usize> {
            let ends = places.iter().filter_map(|at| at.checked_sub(by));
            ends.filter(|&at| at > 32).collect()
        };
        assert_eq!(tail(&at_first, 0), tail(&later, before.len()));
        assert!(tail(&at_first, 0).len() > 200);
    }
}

//! A small repeatable generator of random numbers (SplitMix64).

/// The same seed gives the same numbers on every machine.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is not 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// A byte each of whose bits is set with a chance of `in_256` in 256.
    pub(crate) fn bits(&mut self, in_256: u16) -> u8 {
        let mut byte = 0;
        let mut draw = self.next();
        for bit in 0..8 {
            if (draw & 0xff) < u64::from(in_256) {
                byte |= 1 << bit;
            }
            draw >>= 8;
        }
        byte
    }
}

//! Repeatable random numbers: every run prints its seed, and `LITTLEFS_IMAGE_SEED` sets another.

/// SplitMix64 (Steele, Lea, Flood 2014): small, and good enough to make test cases.
pub struct Random(u64);

impl Random {
    /// The generator of a test; `name` makes tests differ from each other.
    pub fn for_test(name: &str) -> Self {
        let seed = match std::env::var("LITTLEFS_IMAGE_SEED") {
            Ok(text) => text.parse().expect("LITTLEFS_IMAGE_SEED is a number"),
            Err(_) => 1,
        };
        println!("{name}: LITTLEFS_IMAGE_SEED={seed}");
        let salt = name
            .bytes()
            .fold(0, |hash: u64, byte| hash.wrapping_mul(31) + u64::from(byte));
        Self(seed ^ salt << 20)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// A number from 0 to `bound` - 1.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// A number from `low` to `high`, both included.
    pub fn within(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high - low + 1)
    }

    /// True once in `n` times.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn pick<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[self.below(items.len())]
    }

    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(length + 8);
        while bytes.len() < length {
            bytes.extend_from_slice(&self.next().to_le_bytes());
        }
        bytes.truncate(length);
        bytes
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }
}

//! Where in the old image some bytes are: short seeds in a table.

/// Bytes that are looked for at once.
const SEED: usize = 8;

/// Every so many bytes one is in the table; a match of `SEED + STEP - 1` bytes is found wherever it begins.
const STEP: usize = 4;

/// So many places of the same hash are looked at: blank and repeated bytes have many.
const TRIES: usize = 24;

/// No place.
const NONE: u32 = u32::MAX;

/// The table.
pub(crate) struct Seeds<'a> {
    old: &'a [u8],
    /// The last place with a hash, in steps.
    heads: Vec<u32>,
    /// The one before with the same hash, of each place.
    before: Vec<u32>,
    /// Bits of a hash.
    bits: u32,
}

impl<'a> Seeds<'a> {
    /// Of an image; takes up to three bytes for each of its bytes.
    pub(crate) fn new(old: &'a [u8]) -> Self {
        let places = old.len() / STEP;
        let bits = places.next_power_of_two().trailing_zeros().clamp(8, 24);
        let mut seeds = Self {
            old,
            heads: vec![NONE; 1 << bits],
            before: vec![NONE; places],
            bits,
        };
        // From the end, so that the first place comes first.
        for place in (0..places).rev() {
            let Some(hash) = seeds.hash(&old[place * STEP..]) else {
                continue;
            };
            seeds.before[place] = seeds.heads[hash];
            seeds.heads[hash] = place as u32;
        }
        seeds
    }

    /// Places where these bytes may be.
    pub(crate) fn find(&self, bytes: &[u8]) -> impl Iterator<Item = usize> {
        let hash = self.hash(bytes);
        let mut next = hash.map_or(NONE, |hash| self.heads[hash]);
        core::iter::from_fn(move || {
            let place = next as usize;
            next = *self.before.get(place)?;
            Some(place * STEP)
        })
        .take(TRIES)
    }

    /// The image.
    pub(crate) const fn old(&self) -> &'a [u8] {
        self.old
    }

    fn hash(&self, bytes: &[u8]) -> Option<usize> {
        let seed = u64::from_le_bytes(*bytes.first_chunk::<SEED>()?);
        let mixed = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Some((mixed >> (64 - self.bits)) as usize)
    }
}

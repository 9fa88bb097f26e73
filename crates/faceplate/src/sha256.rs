//! SHA-256 whose inner function a port may replace: many chips have hardware for it.

use core::slice::from_ref;

/// Bytes of a block, FIPS 180-4 section 5.2.1.
const BLOCK: usize = 64;

/// Where the length of the message stands in its last block, section 5.1.1.
const LENGTH_AT: usize = 56;

/// The state that a hash begins with, section 5.3.3.
const START: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// Works the next blocks of a message into the state of its hash, section 6.2.2.
///
/// Everything that it needs is in its arguments, so hashes may be made side by side. It is called
/// between two waits, never across one.
pub type Compress = fn(state: &mut [u32; 8], blocks: &[[u8; BLOCK]]);

/// In software: right everywhere, and quick where the compiler's target is.
pub const SOFTWARE: Compress = sha2::block_api::compress256;

/// A SHA-256 in the making.
#[derive(Debug, Clone)]
pub struct Sha256 {
    compress: Compress,
    state: [u32; 8],
    /// Bytes so far.
    len: u64,
    /// The block that is not full yet.
    block: [u8; BLOCK],
}

impl Sha256 {
    /// The hash of no bytes.
    pub const fn new(compress: Compress) -> Self {
        Self {
            compress,
            state: START,
            len: 0,
            block: [0; BLOCK],
        }
    }

    /// Adds the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        let filled = self.filled();
        self.len += bytes.len() as u64;
        let mut bytes = bytes;
        if filled > 0 {
            let (now, rest) = bytes.split_at(bytes.len().min(BLOCK - filled));
            self.block[filled..filled + now.len()].copy_from_slice(now);
            if filled + now.len() < BLOCK {
                return;
            }
            (self.compress)(&mut self.state, from_ref(&self.block));
            bytes = rest;
        }
        let (blocks, rest) = bytes.as_chunks();
        if !blocks.is_empty() {
            (self.compress)(&mut self.state, blocks);
        }
        self.block[..rest.len()].copy_from_slice(rest);
    }

    /// The result: the message is closed by a one bit, zeros and its length in bits.
    pub fn finish(mut self) -> [u8; 32] {
        let bits = self.len * 8;
        self.update(&[0x80]);
        let mut filled = self.filled();
        if filled > LENGTH_AT {
            self.block[filled..].fill(0);
            (self.compress)(&mut self.state, from_ref(&self.block));
            filled = 0;
        }
        self.block[filled..LENGTH_AT].fill(0);
        self.block[LENGTH_AT..].copy_from_slice(&bits.to_be_bytes());
        (self.compress)(&mut self.state, from_ref(&self.block));
        let mut digest = [0; 32];
        for (bytes, word) in digest.as_chunks_mut().0.iter_mut().zip(self.state) {
            *bytes = word.to_be_bytes();
        }
        digest
    }

    /// Bytes in the block that is not full yet.
    fn filled(&self) -> usize {
        (self.len % BLOCK as u64) as usize
    }
}

//! The chunks of an image: pieces between places that depend on its bytes alone, each with a hash. A client that
//! has only the new image finds by them what of it a device has already.
//!
//! LittleFS writes links to earlier blocks at the start of a file's blocks. They are other ones as soon as the file
//! is elsewhere, so they belong to a chunk, but not to its hash.
//!
//! The list of them is [`HEAD`](List::HEAD) bytes ([`List`]) and [`Chunk::LEN`] for each chunk.

use crate::{
    SECTOR,
    gear::Gear,
    sha256::{Compress, Sha256},
};

/// Of the places behind [`MIN`] bytes of a chunk, one in 2^12 ends it,
const STRICT: u32 = 12;

/// and from so many bytes on
const NORMAL: u32 = 640;

/// one in 2^7. So most chunks are about as long, which is what counts: a change costs all of the chunk that it is
/// in, and that is more often a long one. Measured on a bundle of 1.1 MB, 373 kB as stored, with a statement more at six
/// places: list and patch were 4.8 to 7.6 % of the image; with one end in 2^10 everywhere 7.6 to 11.6 %.
const LAX: u32 = 7;

/// No chunk but the last has fewer bytes: a hostile image must not make an endless list.
pub const MIN: u32 = 320;

/// A chunk of so many bytes ends; it may have up to 64 more that are links.
pub const MAX: u32 = 1024;

/// Most links at the start of a block: a block number has 32 bits, and no slot as many blocks as 16 of them.
pub const LINKS_MAX: usize = 16;

/// Bytes of these.
pub const LINKS_LEN: usize = 4 * LINKS_MAX;

/// What a list of chunks begins with.
pub const MAGIC: [u8; 8] = *b"FPchunk1";

/// Type of such a list in HTTP.
pub const MEDIA_TYPE: &str = "application/vnd.faceplate.chunks";

/// How many links the bytes of a block begin with, of those that a file in consecutive blocks has: to the block
/// before it, and where there are more, to those 2, 4, 8 … before it. Bytes that look the same count, too.
pub fn links(bytes: &[u8], block: u32) -> usize {
    let (words, _) = bytes.as_chunks::<4>();
    let is_link = |(k, word): (usize, &[u8; 4])| {
        let back = 1 << k;
        back <= block && u32::from_le_bytes(*word) == block - back
    };
    let words = words.iter().take(LINKS_MAX).enumerate();
    words.map(is_link).take_while(|&link| link).count()
}

/// What a list is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct List {
    /// Bytes that it covers, from the beginning of the slot.
    pub len: u32,
    /// SHA-256 of the image in the slot; `None` where no whole one is in it.
    pub sha256: Option<[u8; 32]>,
}

impl List {
    /// Bytes before the first chunk.
    pub const HEAD: usize = 44;

    /// The list's first bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; Self::HEAD] {
        let mut bytes = [0; Self::HEAD];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&self.len.to_le_bytes());
        bytes[12..].copy_from_slice(&self.sha256.unwrap_or_default());
        bytes
    }

    /// What the first bytes of a list say; `None` if they are none's.
    #[must_use]
    pub fn decode(bytes: &[u8; Self::HEAD]) -> Option<Self> {
        let (magic, rest) = bytes.split_first_chunk::<8>()?;
        let (len, sha256) = rest.split_first_chunk::<4>()?;
        let sha256: [u8; 32] = sha256.try_into().ok()?;
        (*magic == MAGIC).then_some(Self {
            len: u32::from_le_bytes(*len),
            sha256: (sha256 != [0; 32]).then_some(sha256),
        })
    }
}

/// Bytes of a chunk's hash. That two of 10,000 have the same by chance happens once in 20,000 images; such a patch makes
/// another image than it says, and the whole one is sent.
pub const HASH: usize = 5;

/// One chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunk {
    /// Bytes, links included.
    pub len: u16,
    /// The first bytes of the SHA-256 of the others.
    pub hash: [u8; HASH],
}

impl Chunk {
    /// Bytes of it in a list.
    pub const LEN: usize = 2 + HASH;

    /// As it stands in a list.
    #[must_use]
    pub fn encode(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..2].copy_from_slice(&self.len.to_le_bytes());
        bytes[2..].copy_from_slice(&self.hash);
        bytes
    }

    /// As a list has it.
    #[must_use]
    pub fn decode(bytes: &[u8; Self::LEN]) -> Self {
        let &[low, high, hash @ ..] = bytes;
        Self {
            len: u16::from_le_bytes([low, high]),
            hash,
        }
    }
}

/// Cuts an image into chunks while it is read.
#[derive(Debug, Clone)]
pub struct Chunker {
    gear: Gear,
    hash: Sha256,
    compress: Compress,
    /// Where the next byte stands.
    at: u32,
    /// Where the chunk began.
    start: u32,
    /// Bytes in all.
    len: u32,
}

impl Chunker {
    /// For `len` bytes from the beginning of an image.
    #[must_use]
    pub const fn new(len: u32, compress: Compress) -> Self {
        Self {
            gear: Gear::new(),
            hash: Sha256::new(compress),
            compress,
            at: 0,
            start: 0,
            len,
        }
    }

    /// Where the next byte stands.
    #[must_use]
    pub const fn position(&self) -> u32 {
        self.at
    }

    /// Takes bytes up to the end of a chunk, or as many as there are: how many it took, and the chunk.
    ///
    /// Of a block's beginning, [`LINKS_LEN`] bytes must be there at once.
    pub fn take(&mut self, bytes: &[u8]) -> (usize, Option<Chunk>) {
        let mut taken = 0;
        while taken < bytes.len() && self.at < self.len {
            if self.at.is_multiple_of(SECTOR) {
                let links = 4 * links(&bytes[taken..], self.at / SECTOR);
                taken += links;
                self.at += links as u32;
            }
            let block_ends = self.len.min(self.at - self.at % SECTOR + SECTOR) - self.at;
            let rest = &bytes[taken..];
            let rest = &rest[..rest.len().min(block_ends as usize)];
            let mut ends = false;
            let mut n = 0;
            while n < rest.len() && !ends {
                let len = self.at + n as u32 + 1 - self.start;
                let bits = if len < NORMAL { STRICT } else { LAX };
                let place = self.gear.is_place(rest[n], bits);
                n += 1;
                ends = len >= MAX || place && len >= MIN;
            }
            self.hash.update(&rest[..n]);
            taken += n;
            self.at += n as u32;
            if ends || self.at == self.len {
                return (taken, Some(self.end()));
            }
        }
        (taken, None)
    }

    /// The chunk that ends here.
    fn end(&mut self) -> Chunk {
        let done = core::mem::replace(&mut self.hash, Sha256::new(self.compress));
        let mut hash = [0; HASH];
        hash.copy_from_slice(&done.finish()[..HASH]);
        // At most MAX and the links of one block.
        let len = (self.at - self.start) as u16;
        self.start = self.at;
        Chunk { len, hash }
    }
}

#[cfg(test)]
mod tests {
    use std::{vec, vec::Vec};

    use super::*;
    use crate::{gear::tests::noise, sha256::SOFTWARE};

    /// Cuts in one go.
    fn chunks(bytes: &[u8]) -> Vec<Chunk> {
        pieces(bytes, bytes.len().max(1))
    }

    /// Cuts what is read in pieces of so many bytes that end with each block.
    fn pieces(bytes: &[u8], piece: usize) -> Vec<Chunk> {
        let mut chunker = Chunker::new(bytes.len() as u32, SOFTWARE);
        let mut found = vec![];
        for piece in bytes.chunks(piece) {
            let mut rest = piece;
            while !rest.is_empty() {
                let (taken, chunk) = chunker.take(rest);
                rest = &rest[taken..];
                found.extend(chunk);
            }
        }
        assert_eq!(chunker.position() as usize, bytes.len());
        found
    }

    /// A file's content in consecutive blocks from `first` on, as LittleFS stores it.
    fn file(content: &[u8], first: u32) -> Vec<u8> {
        let mut blocks = vec![];
        let mut rest = content;
        let mut n = 0_u32;
        while !rest.is_empty() {
            let mut block = vec![];
            if n > 0 {
                for k in 0..=n.trailing_zeros() {
                    block.extend((first + n - (1 << k)).to_le_bytes());
                }
            }
            let (now, later) = rest.split_at(rest.len().min(4096 - block.len()));
            block.extend(now);
            block.resize(4096, 0xff);
            blocks.extend(block);
            rest = later;
            n += 1;
        }
        blocks
    }

    #[test]
    fn the_chunks_are_the_whole_image_and_neither_tiny_nor_large() {
        let bytes = noise(300_000, 1);
        let found = chunks(&bytes);
        let sum: u32 = found.iter().map(|chunk| u32::from(chunk.len)).sum();
        assert_eq!(sum as usize, bytes.len());
        let (last, others) = found.split_last().unwrap();
        assert!(u32::from(last.len) <= MAX);
        let allowed = MIN..=MAX;
        assert!(
            others
                .iter()
                .all(|chunk| allowed.contains(&chunk.len.into()))
        );
        let average = bytes.len() / found.len();
        assert!((700..800).contains(&average), "{average}");
    }

    #[test]
    fn how_it_is_read_does_not_matter() {
        let bytes = [noise(5000, 1), file(&noise(30_000, 2), 2)].concat();
        let want = chunks(&bytes);
        for piece in [64, 128, 256, 4096] {
            assert_eq!(pieces(&bytes, piece), want, "{piece}");
        }
    }

    #[test]
    fn blank_and_uniform_bytes_are_the_longest_chunks() {
        for byte in [0, 0x5a, 0xff] {
            let found = chunks(&[byte; 40_960]);
            assert!(found.len() <= 41, "{byte}: {}", found.len());
        }
        assert_eq!(chunks(&[0xff; 40_960]).len(), 40);
        assert_eq!(chunks(&[]), []);
        assert_eq!(chunks(&[1]).len(), 1);
    }

    #[test]
    fn a_file_that_moved_has_the_same_hashes() {
        let content = noise(100_000, 3);
        let hashes = |blocks: Vec<u8>, first: usize| -> Vec<[u8; HASH]> {
            let image = [vec![0; 4096 * first], blocks].concat();
            let found = chunks(&image);
            found.iter().map(|chunk| chunk.hash).collect()
        };
        let (at_four, at_nine) = (hashes(file(&content, 4), 4), hashes(file(&content, 9), 9));
        let common = at_nine.iter().filter(|hash| at_four.contains(hash));
        // All but the first one, which began before, and the blank end of the last block.
        assert!(common.count() + 3 >= at_nine.len(), "{}", at_nine.len());
        // Of another file, no more than the zeros before both, and a blank end.
        let other = hashes(file(&noise(100_000, 4), 9), 9);
        assert!(other.iter().filter(|hash| at_four.contains(hash)).count() <= 40);
    }

    #[test]
    fn links_are_those_of_a_file_in_consecutive_blocks() {
        let words = |words: &[u32]| -> Vec<u8> {
            words.iter().flat_map(|word| word.to_le_bytes()).collect()
        };
        for (block, bytes, want) in [
            (9, words(&[8, 7, 5, 1, 0]), 4),
            (9, words(&[8, 7, 4]), 2),
            (9, words(&[7]), 0),
            (1, words(&[0, u32::MAX]), 1),
            (9, words(&[8, 7])[..7].to_vec(), 1),
            (9, vec![], 0),
            (0, words(&[0, 0]), 0),
            (
                u32::MAX,
                words(&(0..20).map(|k| u32::MAX - (1 << k)).collect::<Vec<_>>()),
                16,
            ),
        ] {
            assert_eq!(links(&bytes, block), want, "{block}: {bytes:?}");
        }
    }

    #[test]
    fn a_list_is_read_as_it_is_written() {
        for sha256 in [None, Some([7; 32])] {
            let list = List {
                len: 0x0102_0304,
                sha256,
            };
            let bytes = list.encode();
            assert_eq!(bytes[..12], *b"FPchunk1\x04\x03\x02\x01");
            assert_eq!(List::decode(&bytes), Some(list));
        }
        assert_eq!(List::decode(&[0; 44]), None);
        let chunk = Chunk {
            len: 0x0102,
            hash: *b"abcde",
        };
        assert_eq!(chunk.encode(), *b"\x02\x01abcde");
        assert_eq!(Chunk::decode(&chunk.encode()), chunk);
    }

    #[test]
    fn the_hashes_are_of_the_bytes_without_links() {
        let found = chunks(b"abc");
        // SHA-256 of "abc", FIPS 180-4.
        let hash = [0xba, 0x78, 0x16, 0xbf, 0x8f];
        assert_eq!(found, [Chunk { len: 3, hash }]);
    }
}

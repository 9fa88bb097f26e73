//! The list of the chunks in a slot, as a device sends it.

use core::fmt;

use faceplate::chunks::{Chunk, List};

use crate::format::LEN_MAX;

/// Such a list; what it says may be wrong, but fits together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkList {
    list: List,
    chunks: Vec<Placed>,
}

/// A chunk and where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) start: u32,
    pub(crate) chunk: Chunk,
}

impl Placed {
    /// Where it ends.
    pub(crate) fn end(&self) -> u32 {
        self.start + u32::from(self.chunk.len)
    }
}

/// Why it is no list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListError {
    /// It begins as none does.
    Foreign,
    /// It ends within a chunk.
    Cut,
    /// A chunk has no bytes.
    Empty,
    /// Its chunks are not as many bytes as it says, or more than any image has.
    Length,
}

impl fmt::Display for ListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Foreign => "it is no list of chunks",
            Self::Cut => "it ends within a chunk",
            Self::Empty => "a chunk has no bytes",
            Self::Length => "its chunks are not as many bytes as it says",
        })
    }
}

impl core::error::Error for ListError {}

impl ChunkList {
    /// Reads one.
    pub fn parse(bytes: &[u8]) -> Result<Self, ListError> {
        let (head, rest) = bytes
            .split_first_chunk::<{ List::HEAD }>()
            .ok_or(ListError::Foreign)?;
        let list = List::decode(head).ok_or(ListError::Foreign)?;
        let (entries, cut) = rest.as_chunks::<{ Chunk::LEN }>();
        if !cut.is_empty() {
            return Err(ListError::Cut);
        }
        let mut chunks = Vec::with_capacity(entries.len());
        let mut start = 0_u32;
        for entry in entries {
            let chunk = Chunk::decode(entry);
            if chunk.len == 0 {
                return Err(ListError::Empty);
            }
            let placed = Placed { start, chunk };
            start = placed.end();
            if start > list.len.min(LEN_MAX) {
                return Err(ListError::Length);
            }
            chunks.push(placed);
        }
        match start == list.len {
            true => Ok(Self { list, chunks }),
            false => Err(ListError::Length),
        }
    }

    /// SHA-256 of the image in the slot; `None` where no whole one is in it.
    #[must_use]
    pub const fn sha256(&self) -> Option<[u8; 32]> {
        self.list.sha256
    }

    /// Bytes that it is of.
    #[must_use]
    pub const fn bytes(&self) -> u32 {
        self.list.len
    }

    pub(crate) fn chunks(&self) -> &[Placed] {
        &self.chunks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use faceplate::chunks::HASH;

    fn list(len: u32, chunks: &[u16]) -> Vec<u8> {
        let list = List { len, sha256: None };
        let entries = chunks.iter().flat_map(|&len| {
            Chunk {
                len,
                hash: [1; HASH],
            }
            .encode()
        });
        list.encode().into_iter().chain(entries).collect()
    }

    #[test]
    fn a_list_is_read_with_the_places_of_its_chunks() {
        let found = ChunkList::parse(&list(300, &[200, 100])).unwrap();
        assert_eq!((found.bytes(), found.sha256()), (300, None));
        let places = found
            .chunks()
            .iter()
            .map(|placed| (placed.start, placed.end()));
        assert_eq!(places.collect::<Vec<_>>(), [(0, 200), (200, 300)]);
        assert!(ChunkList::parse(&list(0, &[])).unwrap().chunks().is_empty());
    }

    #[test]
    fn what_is_no_list_is_said_to_be_none() {
        let whole = list(300, &[200, 100]);
        for (bytes, error) in [
            (&whole[..0], ListError::Foreign),
            (&whole[..43], ListError::Foreign),
            (&[0; 64], ListError::Foreign),
            (&whole[..44], ListError::Length),
            (&whole[..50], ListError::Cut),
            (&whole[..51], ListError::Length),
            (&whole[..57], ListError::Cut),
            (&list(300, &[200, 101]), ListError::Length),
            (&list(300, &[300, 1]), ListError::Length),
            (&list(300, &[300, 0]), ListError::Empty),
            (&list(u32::MAX, &[1]), ListError::Length),
        ] {
            assert_eq!(ChunkList::parse(bytes), Err(error), "{bytes:?}");
        }
        let endless = list(u32::MAX, &vec![u16::MAX; (1 << 14) + 2]);
        assert_eq!(ChunkList::parse(&endless), Err(ListError::Length));
    }
}

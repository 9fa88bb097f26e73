//! What of an image the slot holds already, at the very same place.

use core::ops::Range;

use faceplate::{
    SECTOR,
    chunks::{Chunker, links},
    sha256::SOFTWARE,
};

use crate::list::{ChunkList, Placed};

/// A chunk of the new image.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cut {
    pub(crate) placed: Placed,
    /// Where its links begin, and how many they are.
    pub(crate) links: (u32, u32),
}

/// Cuts an image into its chunks.
pub(crate) fn cut(image: &[u8]) -> Vec<Cut> {
    let mut chunker = Chunker::new(image.len() as u32, SOFTWARE);
    let mut rest = image;
    let mut found = vec![];
    let mut start = 0;
    while !rest.is_empty() {
        let (taken, chunk) = chunker.take(rest);
        rest = &rest[taken..];
        let Some(chunk) = chunk else { break };
        let placed = Placed { start, chunk };
        let links = match boundary(&placed) {
            None => (0, 0),
            Some(at) => (at, links(&image[at as usize..], at / SECTOR) as u32),
        };
        found.push(Cut { placed, links });
        start = placed.end();
    }
    found
}

/// Where a block begins in a chunk, behind the first: links may be there.
pub(crate) fn boundary(placed: &Placed) -> Option<u32> {
    let at = placed.start.max(1).next_multiple_of(SECTOR);
    (at < placed.end()).then_some(at)
}

/// The pieces of the image that are in a slot with these chunks at the same place: same hashes there mean the
/// same links, too. In order, and no two of them touch.
pub(crate) fn kept(cuts: &[Cut], slot: Option<&ChunkList>) -> Vec<Range<u32>> {
    let there = slot.map_or(&[][..], ChunkList::chunks);
    let mut there = there.iter().peekable();
    let mut pieces: Vec<Range<u32>> = vec![];
    for Cut { placed, .. } in cuts {
        while there.next_if(|chunk| chunk.start < placed.start).is_some() {}
        if there.peek() != Some(&placed) {
            continue;
        }
        match pieces.last_mut() {
            Some(last) if last.end == placed.start => last.end = placed.end(),
            _ => pieces.push(placed.start..placed.end()),
        }
    }
    pieces
}

//! A patch by whoever has the new image alone, and the list of what the device has.

use std::collections::HashMap;

use faceplate::{
    SECTOR,
    chunks::{HASH, LINKS_MAX},
};

use crate::{
    format::copy_len,
    kept::{Cut, boundary, cut, kept},
    list::{ChunkList, Placed},
    patch::{MakeError, Patch, Script},
};

/// Makes a patch of the image that `base` is the list of, as a device sent it, and the new one; `slot` is the list of
/// what is in the slot that is written to, where it is worth keeping.
///
/// A list that lies makes a patch that a device refuses: what results has another SHA-256 then.
///
/// # Errors
///
/// There is no whole image to copy from, or the new one is too long for any device.
pub fn from_chunks(
    base: &ChunkList,
    slot: Option<&ChunkList>,
    new: &[u8],
) -> Result<Patch, MakeError> {
    let mut script = Script::new(new)?;
    let sha256 = base.sha256().ok_or(MakeError::NoImage)?;
    let cuts = cut(new);
    let mut kept = kept(&cuts, slot).into_iter().peekable();
    let there = There::new(base);
    for cut in &cuts {
        let Placed { start, .. } = cut.placed;
        while kept.next_if(|piece| piece.end <= start).is_some() {}
        if kept.peek().is_some_and(|piece| piece.start <= start) {
            script.data_until(start);
            script.keep(cut.placed.end() - start);
        } else if let Some(old) = there.find(cut, script.copy_end()) {
            copy(&mut script, cut, &old);
        }
    }
    Ok(script.finish(Some((base.bytes(), sha256))))
}

/// The chunks of the base by their hashes.
struct There(HashMap<[u8; HASH], Vec<Placed>>);

/// A chunk of the base, and its links.
struct Old {
    placed: Placed,
    links: (u32, u32),
}

impl There {
    fn new(list: &ChunkList) -> Self {
        let mut by_hash: HashMap<_, Vec<_>> = HashMap::with_capacity(list.chunks().len());
        for &placed in list.chunks() {
            by_hash.entry(placed.chunk.hash).or_default().push(placed);
        }
        Self(by_hash)
    }

    /// One with the same bytes, best one that goes on where the last copy ended.
    fn find(&self, cut: &Cut, copy_end: u32) -> Option<Old> {
        let all = self.0.get(&cut.placed.chunk.hash)?;
        // They are in order. Links may stand between the end and the next copy.
        let from = |place| {
            let next = all.partition_point(|placed| placed.start < place);
            all.get(next)
                .filter(|placed| placed.start - place <= SECTOR)
        };
        let same = from(cut.placed.start).filter(|placed| placed.start == cut.placed.start);
        let found = [from(copy_end), same, all.first()];
        let mut found = found.into_iter().flatten();
        found.find_map(|placed| Old::new(*placed, cut))
    }
}

impl Old {
    /// A chunk with the hash of a new one; `None` where its length cannot be that of the same bytes.
    fn new(placed: Placed, cut: &Cut) -> Option<Self> {
        let content = u32::from(cut.placed.chunk.len) - 4 * cut.links.1;
        let links = u32::from(placed.chunk.len).checked_sub(content)?;
        let number = links / 4;
        if links % 4 != 0 || number as usize > LINKS_MAX {
            return None;
        }
        let at = match number {
            0 => 0,
            _ => boundary(&placed).filter(|at| at + links <= placed.end())?,
        };
        Some(Self {
            placed,
            links: (at, number),
        })
    }
}

/// Copies the bytes of a chunk around the links in the old one and in the new one, which are data.
fn copy(script: &mut Script<'_>, cut: &Cut, old: &Old) {
    let (start, len) = (cut.placed.start, u32::from(cut.placed.chunk.len));
    if start == old.placed.start && cut.links == old.links {
        // What links say depends on the place alone.
        script.data_until(start);
        script.copy(start, len);
        return;
    }
    let content = len - 4 * cut.links.1;
    // How many of the bytes that are no links stand before these.
    let before = |placed: &Placed, (at, number): (u32, u32)| match number {
        0 => content,
        _ => at - placed.start,
    };
    let place = |placed: &Placed, links: (u32, u32), byte: u32| {
        let skip = if byte < before(placed, links) {
            0
        } else {
            4 * links.1
        };
        placed.start + byte + skip
    };
    let (new_before, old_before) = (
        before(&cut.placed, cut.links),
        before(&old.placed, old.links),
    );
    let ends = [
        new_before.min(old_before),
        new_before.max(old_before),
        content,
    ];
    let mut byte = 0;
    for end in ends {
        let len = end - byte;
        if len == 0 {
            continue;
        }
        let to = place(&cut.placed, cut.links, byte);
        let from = place(&old.placed, old.links, byte);
        let goes_on = script.position() == to && script.copy_end() == from;
        let distance = from as i32 - script.copy_end() as i32;
        if goes_on || pays(len, distance) {
            script.data_until(to);
            script.copy(from, len);
        }
        byte = end;
    }
}

/// Whether a copy is shorter than its bytes, and the data that it divides.
fn pays(len: u32, distance: i32) -> bool {
    len > copy_len(len, distance) + 2
}

//! A patch by whoever has both images: what is the same, to the byte.

use crate::{
    format::{LEN_MAX, copy_len},
    kept::{cut, kept},
    list::ChunkList,
    patch::{MakeError, Patch, Script},
    seeds::Seeds,
    sha256,
};

/// A copy divides data in two, each with a length.
const DIVIDES: i64 = 2;

/// A better copy may begin so many bytes later: seeds are in the table every few bytes.
const LAZY: usize = 4;

/// One that saves so much is taken as it is.
const GOOD: i64 = 256;

/// Makes a patch of the image that the device serves, which is here, too, and the new one; `slot` is the list of what
/// is in the slot that is written to, where it is worth keeping.
///
/// Time and memory grow with the images: up to three bytes for each of the old one's, and up to eight for those of
/// the new one.
///
/// # Errors
///
/// An image is too long for any device.
pub fn from_image(old: &[u8], new: &[u8], slot: Option<&ChunkList>) -> Result<Patch, MakeError> {
    if old.len() > LEN_MAX as usize {
        return Err(MakeError::TooLong);
    }
    let mut search = Search {
        script: Script::new(new)?,
        seeds: Seeds::new(old),
        new,
        copy_end: 0,
        data: 0,
    };
    let kept = match slot {
        Some(slot) => kept(&cut(new), Some(slot)),
        None => vec![],
    };
    let mut from = 0;
    for piece in kept {
        search.gap(from, piece.start as usize);
        search.script.data_until(piece.start);
        search.script.keep(piece.end - piece.start);
        from = piece.end as usize;
    }
    search.gap(from, new.len());
    Ok(search.script.finish(Some((old.len() as u32, sha256(old)))))
}

/// The same bytes in both.
#[derive(Debug, Clone, Copy)]
struct Match {
    from: usize,
    to: usize,
    len: usize,
    /// Bytes that it saves.
    saves: i64,
}

struct Search<'a> {
    script: Script<'a>,
    seeds: Seeds<'a>,
    new: &'a [u8],
    /// Where the last copy ended in the old image.
    copy_end: usize,
    /// Where what is no copy yet begins in the new one.
    data: usize,
}

impl Search<'_> {
    /// Finds what to copy of a part of the new image.
    fn gap(&mut self, begin: usize, end: usize) {
        self.data = begin;
        let mut at = begin;
        while at < end {
            let Some(mut best) = self.best(at, end) else {
                at += 1;
                continue;
            };
            for later in at + 1..(at + 1 + LAZY).min(end) {
                if best.saves >= GOOD {
                    break;
                }
                if let Some(other) = self.best(later, end)
                    && other.saves > best.saves
                {
                    best = other;
                }
            }
            self.script.data_until(best.to as u32);
            self.script.copy(best.from as u32, best.len as u32);
            self.copy_end = best.from + best.len;
            at = best.to + best.len;
            self.data = at;
        }
    }

    /// The match around a place that saves most, if any saves something.
    fn best(&self, at: usize, end: usize) -> Option<Match> {
        // What was replaced by as many bytes, and what was inserted.
        let goes_on = self.copy_end + (at - self.data);
        let near = [goes_on, self.copy_end];
        let found = near.into_iter().chain(self.seeds.find(&self.new[at..end]));
        let found = found.filter_map(|from| self.extend(from, at, end));
        found.reduce(|best, other| match other.saves > best.saves {
            true => other,
            false => best,
        })
    }

    /// The match that two places belong to.
    fn extend(&self, from: usize, at: usize, end: usize) -> Option<Match> {
        let old = self.seeds.old();
        let ahead = same(old.get(from..)?, &self.new[at..end]);
        if ahead == 0 {
            return None;
        }
        let (old, new) = (
            old[..from].iter().rev(),
            self.new[self.data..at].iter().rev(),
        );
        let behind = old.zip(new).take_while(|(old, new)| old == new).count();
        let (from, to, len) = (from - behind, at - behind, behind + ahead);
        let distance = from as i32 - self.copy_end as i32;
        let costs = i64::from(copy_len(len as u32, distance));
        let saves = len as i64 - costs - DIVIDES;
        (saves > 0).then_some(Match {
            from,
            to,
            len,
            saves,
        })
    }
}

/// How many bytes both begin with.
fn same(one: &[u8], other: &[u8]) -> usize {
    let (ones, _) = one.as_chunks::<16>();
    let (others, _) = other.as_chunks::<16>();
    let whole = ones
        .iter()
        .zip(others)
        .take_while(|(one, other)| one == other);
    let whole = 16 * whole.count();
    let rest = one[whole..].iter().zip(&other[whole..]);
    whole + rest.take_while(|(one, other)| one == other).count()
}

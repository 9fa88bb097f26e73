//! Which blocks of an image are taken.

use alloc::collections::BTreeMap;

/// Blocks that are taken: the first of each run, and how many.
#[derive(Debug, Default)]
pub(super) struct Room(BTreeMap<u64, u64>);

impl Room {
    /// With all blocks free.
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Takes `blocks` blocks (one or more) from `first` on, if all of them are free.
    pub(super) fn take(&mut self, first: u64, blocks: u64) -> bool {
        let end = first + blocks;
        let before = self.0.range(..end).next_back();
        let free = before.is_none_or(|(&other, &count)| other + count <= first);
        if free {
            self.0.insert(first, blocks);
        }
        free
    }

    /// Takes the first run of `blocks` free blocks, and says where it begins.
    pub(super) fn take_first(&mut self, blocks: u64) -> u64 {
        let mut first = 0;
        for (&other, &count) in &self.0 {
            if other - first >= blocks {
                break;
            }
            first = other + count;
        }
        self.0.insert(first, blocks);
        first
    }

    /// Blocks up to the end of the last that is taken.
    pub(super) fn end(&self) -> u64 {
        let last = self.0.last_key_value();
        last.map_or(0, |(first, blocks)| first + blocks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_taken_where_all_of_it_is_free() {
        let mut room = Room::new();
        assert!(room.take(10, 5));
        for (first, blocks, free) in [
            (8, 3, false),
            (14, 1, false),
            (0, 100, false),
            (12, 1, false),
            (8, 2, true),
            (15, 1, true),
            (9, 1, false),
        ] {
            assert_eq!(room.take(first, blocks), free, "{first} + {blocks}");
        }
        assert_eq!(room.end(), 16);
    }

    #[test]
    fn the_first_gap_that_is_large_enough_is_taken_or_the_end() {
        let mut room = Room::new();
        assert_eq!(room.end(), 0);
        assert!(room.take(0, 2) && room.take(4, 1) && room.take(8, 1));
        let firsts = [3, 2, 1, 1, 5].map(|blocks| room.take_first(blocks));
        assert_eq!(firsts, [5, 2, 9, 10, 11]);
        assert_eq!(room.end(), 16);
    }
}

//! Who owns each block: every one is used once, and the list of all metadata pairs is their tree.

use crate::error::Error;

/// Most blocks that can be checked: an address has 13 bits here, and all ones mean "none".
pub const BLOCKS_MAX: u32 = 8191;

/// Address bits of an owner.
const ADDRESS: u16 = 0x1fff;
/// No address.
const NONE: u16 = ADDRESS;

const FREE: u16 = 0;
/// The block holds a part of a file.
const DATA: u16 = 0x2000;
/// The upper block of a metadata pair; the address is the lower block of the next pair in the list.
const UPPER: u16 = 0x4000;
/// The lower block of a metadata pair; the address is its upper block.
const LOWER: u16 = 0x8000;
/// In a lower block: the pair was reached from its directory.
const IN_TREE: u16 = 0x4000;
/// In a lower block: another pair's tail leads here.
const IN_LIST: u16 = 0x2000;

/// One number for each block.
pub(super) struct Owners<'a>(&'a mut [u16]);

impl<'a> Owners<'a> {
    pub(super) fn new<E>(room: &'a mut [u16], blocks: u32) -> Result<Self, Error<E>> {
        let max = BLOCKS_MAX.min(room.len().try_into().unwrap_or(u32::MAX));
        if blocks > max {
            return Err(Error::TooManyBlocks { blocks, max });
        }
        let owners = &mut room[..blocks as usize];
        owners.fill(FREE);
        Ok(Owners(owners))
    }

    fn inside<E>(&self, block: u32) -> Result<usize, Error<E>> {
        let blocks = self.0.len() as u32;
        if block < blocks {
            Ok(block as usize)
        } else {
            Err(Error::BlockOutside { block, blocks })
        }
    }

    /// A block of a file.
    pub(super) fn claim<E>(&mut self, block: u32) -> Result<(), Error<E>> {
        let owner = self.inside(block)?;
        if self.0[owner] != FREE {
            return Err(Error::UsedTwice { block });
        }
        self.0[owner] = DATA;
        Ok(())
    }

    /// A metadata pair that its directory leads to.
    pub(super) fn visit<E>(&mut self, pair: [u32; 2]) -> Result<(), Error<E>> {
        self.mark(pair, IN_TREE).map(drop)
    }

    /// The pair that the tail of a visited pair leads to.
    pub(super) fn link<E>(
        &mut self,
        pair: [u32; 2],
        tail: Option<[u32; 2]>,
    ) -> Result<(), Error<E>> {
        let next = match tail {
            Some(tail) => self.mark(tail, IN_LIST)?,
            None => NONE,
        };
        let upper = self.inside(pair[0].max(pair[1]))?;
        self.0[upper] = UPPER | next;
        Ok(())
    }

    fn mark<E>(&mut self, pair: [u32; 2], mark: u16) -> Result<u16, Error<E>> {
        let (lower_block, upper_block) = (pair[0].min(pair[1]), pair[0].max(pair[1]));
        let (lower, upper) = (self.inside(lower_block)?, self.inside(upper_block)?);
        if lower == upper {
            return Err(Error::UsedTwice { block: lower_block });
        }
        // Both are below BLOCKS_MAX, so they fit.
        let known = LOWER | upper as u16;
        let owner = self.0[lower];
        if owner == FREE && self.0[upper] == FREE {
            self.0[lower] = known | mark;
            self.0[upper] = UPPER | NONE;
        } else if owner & !(IN_TREE | IN_LIST) == known && owner & mark == 0 {
            self.0[lower] |= mark;
        } else {
            let block = if owner == FREE {
                upper_block
            } else {
                lower_block
            };
            return Err(Error::UsedTwice { block });
        }
        Ok(lower as u16)
    }

    /// Compares tree and list; returns the number of blocks in use and the highest of them.
    pub(super) fn finish<E>(&self) -> Result<(u32, u32), Error<E>> {
        let (mut used, mut last, mut pairs) = (0, 0, 0);
        for (block, &owner) in (0..).zip(self.0.iter()) {
            if owner == FREE {
                continue;
            }
            used += 1;
            last = block;
            if owner & LOWER != 0 {
                let pair = [block, (owner & ADDRESS).into()];
                pairs += 1;
                if owner & IN_TREE == 0 {
                    return Err(Error::Orphan { pair });
                }
                // Block 0 begins the list: all others are led to, it is not.
                if (owner & IN_LIST != 0) != (block != 0) {
                    return Err(Error::NotInList { pair });
                }
            }
        }
        // Each pair is led to once; if the list from block 0 misses some, those run in a circle.
        let mut at = 0;
        loop {
            pairs -= 1;
            let upper = usize::from(self.0[usize::from(at)] & ADDRESS);
            let next = self.0[upper] & ADDRESS;
            if next == NONE {
                break;
            }
            at = next;
        }
        if pairs != 0 {
            Err(Error::ListCircle)
        } else {
            Ok((used, last))
        }
    }
}

//! The check of a whole image: what passes it can be read in every part, by this crate and by others.
//!
//! LittleFS has no checksum over the content of files in blocks of their own; that takes a manifest.

mod blocks;
mod pair;

use core::convert::Infallible;

pub use self::blocks::BLOCKS_MAX;
use self::blocks::Owners;
pub use crate::error::Error;
use crate::{
    format::{BLOCK_SIZE, FIRST_PAIR, NAME_MAX, Superblock},
    log::{Commits, newer_first, scan},
    read::{DEPTH_MAX, Dir, Image, Node},
    storage::Storage,
};

/// What the check counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// What the superblock says.
    pub superblock: Superblock,
    /// Number of files.
    pub files: u32,
    /// Number of directories, without the root.
    pub dirs: u32,
    /// Sum of the sizes of all files, bytes.
    pub bytes: u64,
    /// Number of blocks in use, those of the metadata included.
    pub blocks_used: u32,
    /// The highest block in use: a short image has to reach to its end.
    pub last_used_block: u32,
}

/// A directory that is being checked.
#[derive(Clone, Copy)]
struct Level {
    /// The pair of it that is being checked.
    pair: [u32; 2],
    /// The next entry of the pair to be looked at.
    id: u16,
    /// Directories in the pair that were not descended into yet.
    dirs: u32,
    /// Length of the directory's path, bytes.
    path: u8,
}

/// A block in memory, in the place of the storage that it was read from.
struct Sector<'a> {
    block: u32,
    bytes: &'a [u8; BLOCK_SIZE],
}

impl Storage for Sector<'_> {
    type Error = Infallible;

    async fn read(&mut self, offset: u32, buf: &mut [u8]) -> Result<(), Infallible> {
        // Whoever reads got the offsets from a log that was gone through, so they are inside.
        let start = offset.wrapping_sub(self.block * BLOCK_SIZE as u32) as usize;
        match self.bytes.get(start..start.saturating_add(buf.len())) {
            Some(bytes) => buf.copy_from_slice(bytes),
            None => buf.fill(0),
        }
        Ok(())
    }
}

/// An error of a block in memory as one of the storage.
fn lift<E>(error: Error<Infallible>) -> Error<E> {
    error.map_storage(|never| match never {})
}

/// Checks the structure of the image in the first `blocks` blocks of the storage, all of it.
///
/// `sector` is room to work in; `owners` needs one number for each block, up to the smaller of
/// `blocks` and the superblock's block count, which is [`BLOCKS_MAX`] at most. What both hold before
/// does not matter. As with [`Image::mount`], the image may be shorter than its superblock says;
/// whether that fits the partition is for the caller to compare.
///
/// On any bytes it reads the pointers of each file block once, and each metadata pair once, plus once
/// more for each directory in it. The time it takes is bounded by [`ENTRIES_MAX`](crate::read::ENTRIES_MAX).
/// A pair is looked at in memory: the reads of the storage are the only points at which this yields.
///
/// # Errors
/// When the storage fails, or with the first thing that is wrong.
pub async fn check<S: Storage>(
    storage: &mut S,
    blocks: u32,
    sector: &mut [u8; BLOCK_SIZE],
    owners: &mut [u16],
) -> Result<Report, Error<S::Error>> {
    let image = Image::mount(storage, blocks).await?;
    let checked = check_mounted(storage, &image, sector, owners).await;
    checked.map_err(|error| behind_the_end(error, &image))
}

/// What is wrong with an image that is shorter than its file system may be, if the cause is that its
/// end is missing.
fn behind_the_end<E>(error: Error<E>, image: &Image) -> Error<E> {
    let (blocks, block_count) = (image.blocks(), image.superblock().block_count);
    let whole = match error {
        Error::BlockOutside { block, .. } => block.saturating_add(1),
        Error::FileSize { size, .. } => size.div_ceil(BLOCK_SIZE as u32),
        _ => return error,
    };
    match (blocks + 1..=block_count).contains(&whole) {
        true => Error::Truncated { blocks, whole },
        false => error,
    }
}

async fn check_mounted<S: Storage>(
    storage: &mut S,
    image: &Image,
    sector: &mut [u8; BLOCK_SIZE],
    owners: &mut [u16],
) -> Result<Report, Error<S::Error>> {
    let mut owners = Owners::new(owners, image.blocks())?;
    let mut totals = pair::Totals::default();
    let mut last_name = pair::LastName {
        bytes: [0; NAME_MAX as usize],
        length: 0,
    };

    let first = Level {
        pair: FIRST_PAIR,
        id: 0,
        dirs: 0,
        path: 0,
    };
    let mut levels = [first; DEPTH_MAX + 1];
    let mut depth = 1;
    let mut part = pair::Part::Superblock;
    // Whether the pair is met for the first time, rather than come back to from a directory in it.
    let mut new = true;
    owners.visit(FIRST_PAIR)?;

    while depth > 0 {
        let level = &mut levels[depth - 1];
        let commits = load(storage, image.blocks(), level.pair, sector).await?;
        let block = commits.log.block;
        if new {
            if level.pair == image.root().pair {
                part = pair::Part::Root;
            }
            let path = level.path.into();
            let dirs = totals.dirs;
            let mut pair = pair::Pair {
                image,
                commits: &commits,
                sector,
                part,
                path,
            };
            pair.check(storage, &mut owners, &mut totals, &mut last_name)
                .await?;
            level.dirs = totals.dirs - dirs;
            let tail = commits.tail.map(|tail| tail.pair);
            owners.link(level.pair, tail)?;
        }

        let mut child = None;
        while child.is_none() && level.dirs > 0 && level.id < commits.count {
            let entry = pair::entry(image, &commits.log, sector, level.id)
                .await
                .map_err(lift)?;
            if let Some((entry, name)) = entry
                && let Node::Dir(dir) = entry.node
            {
                level.dirs -= 1;
                child = Some((
                    dir,
                    pair::path_length(level.path.into(), name.length.into()),
                ));
            }
            level.id += 1;
        }

        if let Some((Dir { pair }, path)) = child {
            owners.visit(pair)?;
            // The check of the pair saw that no path is longer than 255.
            let level = Level {
                pair,
                id: 0,
                dirs: 0,
                path: path as u8,
            };
            *levels.get_mut(depth).ok_or(Error::TooDeep { pair })? = level;
            depth += 1;
            new = true;
            last_name.length = 0;
            part = pair::Part::Directory;
        } else if let Some(tail) = commits.tail.filter(|tail| tail.hard) {
            if let Some(id) = commits.count.checked_sub(1) {
                let entry = pair::entry(image, &commits.log, sector, id)
                    .await
                    .map_err(lift)?;
                if let Some((_, name)) = entry {
                    last_name.set(name.bytes_in(block, sector));
                }
            }
            owners.visit(tail.pair)?;
            *level = Level {
                pair: tail.pair,
                id: 0,
                dirs: 0,
                path: level.path,
            };
            new = true;
            if part != pair::Part::Superblock {
                part = pair::Part::Directory;
            }
        } else {
            depth -= 1;
            new = false;
        }
    }

    // The first bit only says that there may be orphans. C littlefs sometimes leaves it behind, and
    // whether there is one is seen below.
    if totals.global_state != [0; 3] && totals.global_state != [1 << 31, 0, 0] {
        return Err(Error::PendingMove);
    }
    let (blocks_used, last_used_block) = owners.finish()?;
    Ok(Report {
        superblock: *image.superblock(),
        files: totals.files,
        dirs: totals.dirs,
        bytes: totals.bytes,
        blocks_used,
        last_used_block,
    })
}

/// Reads the valid block of a pair into the sector.
async fn load<S: Storage>(
    storage: &mut S,
    blocks: u32,
    pair: [u32; 2],
    sector: &mut [u8; BLOCK_SIZE],
) -> Result<Commits, Error<S::Error>> {
    let [newer, older] = newer_first(storage, blocks, pair).await?;
    for block in [newer, older] {
        let from = block * BLOCK_SIZE as u32;
        storage.read(from, sector).await.map_err(Error::Storage)?;
        let found = scan(
            &mut Sector {
                block,
                bytes: sector,
            },
            block,
            None,
        )
        .await
        .map_err(lift)?;
        if let Some(commits) = found {
            return Ok(commits);
        }
    }
    Err(Error::NoCommit { pair })
}

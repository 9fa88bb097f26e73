//! Reading an image on the spot.
//!
//! None of this is inlined. What a walk through directories takes of the stack is then taken while it is made,
//! and not for as long as whoever wants something of it runs.

use littlefs_image::{
    Storage,
    check::{Report, check},
    read::{Entry, Error, FileReader, Image, Step, Walk},
    run,
};

use crate::SECTOR;

/// [`check`] on the spot.
#[inline(never)]
pub(crate) fn checked<S: Storage>(
    storage: &mut S,
    blocks: u32,
    sector: &mut [u8; SECTOR as usize],
    owners: &mut [u16],
) -> Result<Report, Error<S::Error>> {
    run(check(storage, blocks, sector, owners))
}

/// [`Image::mount`] on the spot.
#[inline(never)]
pub(crate) fn mount<S: Storage>(storage: &mut S, blocks: u32) -> Result<Image, Error<S::Error>> {
    run(Image::mount(storage, blocks))
}

/// [`Image::find`] on the spot.
#[inline(never)]
pub(crate) fn find<S: Storage>(
    image: &Image,
    storage: &mut S,
    path: &str,
) -> Result<Option<Entry>, Error<S::Error>> {
    run(image.find(storage, path))
}

/// [`Image::attr`] on the spot.
#[inline(never)]
pub(crate) fn attr<S: Storage>(
    image: &Image,
    storage: &mut S,
    entry: &Entry,
    kind: u8,
    buf: &mut [u8],
) -> Result<Option<usize>, Error<S::Error>> {
    run(image.attr(storage, entry, kind, buf))
}

/// [`Walk::next`] on the spot.
#[inline(never)]
pub(crate) fn next<S: Storage>(
    walk: &mut Walk,
    storage: &mut S,
) -> Result<Option<Step>, Error<S::Error>> {
    run(walk.next(storage))
}

/// [`FileReader::read`] on the spot.
#[inline(never)]
pub(crate) fn read<S: Storage>(
    reader: &mut FileReader,
    storage: &mut S,
    buf: &mut [u8],
) -> Result<usize, Error<S::Error>> {
    run(reader.read(storage, buf))
}

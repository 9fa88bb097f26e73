//! Our reader, as the device has it: over a region of a flash that reads words.

use std::{cell::Cell, convert::Infallible, hint::black_box};

use embedded_storage_async::nor_flash::{ErrorType, ReadNorFlash};
use faceplate::{
    Region, RegionReader,
    manifest::{FILE_HASH, FILE_HASH_LEN},
    marks::MARKS,
};
use littlefs_image::{
    read::{Image, Node},
    run,
};

use crate::{PIECE, Reads, Result};

/// A flash in memory that counts.
#[derive(Clone, Copy)]
struct Flash<'f> {
    bytes: &'f [u8],
    reads: &'f Cell<Reads>,
}

impl ErrorType for Flash<'_> {
    type Error = Infallible;
}

impl ReadNorFlash for Flash<'_> {
    const READ_SIZE: usize = 4;

    async fn read(&mut self, offset: u32, buf: &mut [u8]) -> std::result::Result<(), Infallible> {
        let from = offset as usize;
        buf.copy_from_slice(&self.bytes[from..from + buf.len()]);
        let mut reads = self.reads.get();
        reads.add(buf.len());
        self.reads.set(reads);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.bytes.len()
    }
}

/// Reads each file so many times as the HTTP app does: finds it, reads its hash and its marks, and then
/// its bytes. How many those were, and what it took after mounting.
pub(crate) fn read(image: &[u8], paths: &[&str], rounds: u32) -> Result<(u64, Reads)> {
    let reads = Cell::new(Reads::default());
    let flash = Flash {
        bytes: image,
        reads: &reads,
    };
    let len = u32::try_from(image.len())?;
    let region = Region { offset: 0, len };
    let mut storage = RegionReader::new(flash, region);
    let mounted = run(Image::mount(&mut storage, len / 4096)).map_err(told)?;
    reads.take();
    let mut sum = 0;
    for _ in 0..rounds {
        for path in paths {
            let entry = run(mounted.find(&mut storage, path)).map_err(told)?;
            let entry = entry.ok_or("a file is missing")?;
            let Node::File(file) = entry.node else {
                return Err("no file".into());
            };
            let (mut hash, mut marks) = ([0; FILE_HASH_LEN], [0]);
            for (kind, value) in [(FILE_HASH, &mut hash[..]), (MARKS, &mut marks[..])] {
                let found = run(mounted.attr(&mut storage, &entry, kind, value)).map_err(told)?;
                found.ok_or("an attribute is missing")?;
            }
            black_box((hash, marks));
            let mut reader = mounted.reader(&file);
            let mut piece = [0; PIECE];
            loop {
                let n = run(reader.read(&mut storage, &mut piece)).map_err(told)?;
                if n == 0 {
                    break;
                }
                black_box(&piece[..n]);
                sum += n as u64;
            }
        }
    }
    Ok((sum, reads.get()))
}

fn told<E: std::fmt::Debug>(error: littlefs_image::read::Error<E>) -> String {
    format!("{error:?}")
}

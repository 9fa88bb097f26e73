//! The long parts of a check, a sector at a time: the hash of a slot, and those of all files.

use embassy_futures::yield_now;
use embedded_storage_async::nor_flash::ReadNorFlash;
use littlefs_image::{
    Storage,
    read::{File, FileReader, Image, Node, Step, Walk},
    run,
};

use super::{Problem, problem};
use crate::{
    Buffers, RegionReader, SECTOR,
    manifest::{FILE_HASH, FILE_HASH_LEN, FileHash, FileHasher, RootHash},
    sha256::{Compress, Sha256},
    text::text,
};

/// What these parts work with.
#[derive(Debug)]
pub(crate) struct Work {
    whole: Sha256,
    files: Option<Files>,
}

impl Work {
    pub(crate) const fn new(compress: Compress) -> Self {
        Self {
            whole: Sha256::new(compress),
            files: None,
        }
    }
}

/// SHA-256 of the first `len` bytes of a region.
pub(super) async fn sha256<F: ReadNorFlash>(
    storage: &mut RegionReader<F>,
    len: u32,
    buffers: &mut Buffers,
) -> Result<[u8; 32], Problem> {
    buffers.work.whole = Sha256::new(buffers.compress);
    let mut at = 0;
    while at < len {
        let n = (len - at).min(SECTOR);
        let part = &mut buffers.sector.0[..n as usize];
        run(storage.read(at, part)).map_err(|error| Problem::Flash(text(error)))?;
        buffers.work.whole.update(part);
        at += n;
        yield_now().await;
    }
    Ok(buffers.work.whole.clone().finish())
}

/// Reads every file, compares its hash, and then the hash over all of them.
pub(super) async fn files<F: ReadNorFlash>(
    image: &Image,
    storage: &mut RegionReader<F>,
    want_root: &[u8; 32],
    buffers: &mut Buffers,
) -> Result<(), Problem> {
    let first = Files {
        walk: image.walk(),
        root: RootHash::with(buffers.compress),
        open: None,
    };
    let files = buffers.work.files.insert(first);
    while files.step(image, storage, &mut buffers.sector.0, buffers.compress)? {
        yield_now().await;
    }
    match files.root.clone().finish() == *want_root {
        true => Ok(()),
        false => Err(Problem::RootHash),
    }
}

/// All files of an image, of which one is open.
#[derive(Debug)]
struct Files {
    walk: Walk,
    /// The hash over those that were read.
    root: RootHash,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    file: File,
    reader: FileReader,
    hasher: FileHasher,
    want: FileHash,
}

impl Files {
    /// Reads the next sector of the open file, or opens the next one; `false` when there is none.
    fn step<F: ReadNorFlash>(
        &mut self,
        image: &Image,
        storage: &mut RegionReader<F>,
        sector: &mut [u8; SECTOR as usize],
        compress: Compress,
    ) -> Result<bool, Problem> {
        let Some(open) = &mut self.open else {
            return self.open_next(image, storage, compress);
        };
        let n = run(open.reader.read(storage, sector)).map_err(problem::<F>)?;
        open.hasher.update(&sector[..n]);
        if n == 0
            && let Some(Open {
                file, hasher, want, ..
            }) = self.open.take()
        {
            if hasher.finish() != want {
                return Err(Problem::FileHash(text(self.walk.path())));
            }
            self.root.add(self.walk.path(), file.size(), &want);
        }
        Ok(true)
    }

    fn open_next<F: ReadNorFlash>(
        &mut self,
        image: &Image,
        storage: &mut RegionReader<F>,
        compress: Compress,
    ) -> Result<bool, Problem> {
        let Some(step) = run(self.walk.next(storage)).map_err(problem::<F>)? else {
            return Ok(false);
        };
        let Step::File(entry) = step else {
            return Ok(true);
        };
        let Node::File(file) = entry.node else {
            return Ok(true);
        };
        let mut want = [0; FILE_HASH_LEN];
        let len = run(image.attr(storage, &entry, FILE_HASH, &mut want)).map_err(problem::<F>)?;
        if len != Some(want.len()) {
            return Err(Problem::NoFileHash(text(self.walk.path())));
        }
        self.open = Some(Open {
            file,
            reader: image.reader(&file),
            hasher: FileHasher::with(compress),
            want,
        });
        Ok(true)
    }
}

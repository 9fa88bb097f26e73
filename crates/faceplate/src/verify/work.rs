//! The long parts of a check, a sector or a file at a time: the hash of a slot, those of all files, and that
//! of their marks.

use embassy_futures::yield_now;
use embedded_storage_async::nor_flash::ReadNorFlash;
use littlefs_image::{
    Storage,
    read::{File, FileReader, Image, Node, Step, Walk},
    run,
};

use super::{Problem, problem, read_marks_hash};
use crate::{
    Buffers, RegionReader, SECTOR,
    manifest::{FILE_HASH, FILE_HASH_LEN, FileHash, FileHasher, RootHash},
    marks::{MARKS, MARKS_HASH_LEN, MarksHash},
    reading::{attr, next, read},
    sha256::{Compress, SOFTWARE, Sha256},
    text::text,
};

/// What these parts work with.
#[derive(Debug)]
pub(crate) struct Work {
    whole: Sha256,
    walked: Walked,
}

/// What is done with all files, one after the other.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "there is one, for as long as the device runs"
)]
enum Walked {
    Nothing,
    Files(Files),
    Marks(Marks),
}

impl Work {
    pub(crate) const fn new() -> Self {
        Self {
            whole: Sha256::new(SOFTWARE),
            walked: Walked::Nothing,
        }
    }

    /// Begins the hash of what comes from a client.
    pub(crate) fn begin_hash(&mut self, compress: Compress) {
        self.whole = Sha256::new(compress);
    }

    /// Adds bytes to it.
    pub(crate) fn hash(&mut self, bytes: &[u8]) {
        self.whole.update(bytes);
    }

    /// The hash of all that was added.
    pub(crate) fn hashed(&self) -> [u8; 32] {
        self.whole.clone().finish()
    }
}

/// SHA-256 of the first `len` bytes of a region.
pub(super) async fn sha256<F: ReadNorFlash>(
    storage: &mut RegionReader<F>,
    len: u32,
    buffers: &mut Buffers,
) -> Result<[u8; 32], Problem> {
    buffers.work[0].whole = Sha256::new(buffers.compress);
    let mut at = 0;
    while at < len {
        let n = (len - at).min(SECTOR);
        let part = &mut buffers.sector[..n as usize];
        run(storage.read(at, part)).map_err(|error| Problem::Flash(text(error)))?;
        buffers.work[0].whole.update(part);
        at += n;
        yield_now().await;
    }
    Ok(buffers.work[0].whole.clone().finish())
}

/// Reads every file, compares its hash, and then the hash over all of them.
pub(super) async fn files<F: ReadNorFlash>(
    image: &Image,
    storage: &mut RegionReader<F>,
    want_root: &[u8; 32],
    buffers: &mut Buffers,
) -> Result<(), Problem> {
    Files::begin(image, buffers);
    while let Walked::Files(files) = &mut buffers.work[0].walked {
        if !files.step(image, storage, &mut buffers.sector, buffers.compress)? {
            if files.root.clone().finish() == *want_root {
                return Ok(());
            }
            break;
        }
        yield_now().await;
    }
    Err(Problem::RootHash)
}

/// Whether the files are marked; if so, every mark is read and compared with the hash over them. A walk of its
/// own, so that no more than one hash is in memory beside that of a file.
pub(super) async fn marks<F: ReadNorFlash>(
    image: &Image,
    storage: &mut RegionReader<F>,
    buffers: &mut Buffers,
) -> Result<bool, Problem> {
    let Some(want) = read_marks_hash(image, storage)? else {
        return Ok(false);
    };
    Marks::begin(image, want, buffers);
    while let Walked::Marks(marks) = &mut buffers.work[0].walked {
        if !marks.step(image, storage)? {
            if marks.hash.clone().finish() == marks.want {
                return Ok(true);
            }
            break;
        }
        yield_now().await;
    }
    Err(Problem::Marks)
}

/// The marks of all files of an image.
#[derive(Debug)]
struct Marks {
    want: [u8; MARKS_HASH_LEN],
    walk: Walk,
    /// The hash over those that were read.
    hash: MarksHash,
}

impl Marks {
    #[inline(never)]
    fn begin(image: &Image, want: [u8; MARKS_HASH_LEN], buffers: &mut Buffers) {
        buffers.work[0].walked = Walked::Marks(Self {
            want,
            walk: image.walk(),
            hash: MarksHash::with(buffers.compress),
        });
    }

    /// Reads the next mark; `false` when there is none.
    #[inline(never)]
    fn step<F: ReadNorFlash>(
        &mut self,
        image: &Image,
        storage: &mut RegionReader<F>,
    ) -> Result<bool, Problem> {
        let Some(step) = next(&mut self.walk, storage).map_err(problem::<F>)? else {
            return Ok(false);
        };
        if let Step::File(entry) = step {
            let mut mark = [0];
            let len = attr(image, storage, &entry, MARKS, &mut mark).map_err(problem::<F>)?;
            if len != Some(mark.len()) {
                return Err(Problem::NoMark(text(self.walk.path())));
            }
            self.hash.add(self.walk.path(), mark[0]);
        }
        Ok(true)
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
    #[inline(never)]
    fn begin(image: &Image, buffers: &mut Buffers) {
        buffers.work[0].walked = Walked::Files(Self {
            walk: image.walk(),
            root: RootHash::with(buffers.compress),
            open: None,
        });
    }

    /// Reads the next sector of the open file, or opens the next one; `false` when there is none.
    #[inline(never)]
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
        let n = read(&mut open.reader, storage, sector).map_err(problem::<F>)?;
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
        let Some(step) = next(&mut self.walk, storage).map_err(problem::<F>)? else {
            return Ok(false);
        };
        let Step::File(entry) = step else {
            return Ok(true);
        };
        let Node::File(file) = entry.node else {
            return Ok(true);
        };
        let mut want = [0; FILE_HASH_LEN];
        let len = attr(image, storage, &entry, FILE_HASH, &mut want).map_err(problem::<F>)?;
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

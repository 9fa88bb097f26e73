//! Files of the frontend that is served.

use core::fmt;

use embassy_futures::yield_now;
use embedded_storage_async::nor_flash::NorFlash;
use littlefs_image::{
    Storage,
    read::{FileReader, Node},
    run,
};

use super::Engine;
use crate::{
    Nvs, RegionReader, Slot,
    manifest::{FILE_HASH, FILE_HASH_LEN, FileHash, FileHasher},
    marks::{MARKS, Marks},
    reading::{attr, find, read},
    sha256::Compress,
    text::{Text, text},
};

impl<F: NorFlash + Clone, N: Nvs> Engine<F, N> {
    /// Opens a file of the frontend that is served, by its exact path without a leading `/`.
    /// `None` when there is no such file, or nothing is served.
    ///
    /// The flash is read on the spot: reads of NOR flash take microseconds, and a future for them would
    /// take memory in every connection.
    ///
    /// # Errors
    /// When flash cannot be read.
    pub fn open(&self, path: &str) -> Result<Option<OpenFile<F>>, Text> {
        let Some(served) = self.served else {
            return Ok(None);
        };
        let mut storage = RegionReader::new(self.flash.clone(), served.region);
        let image = served.image;
        let Some(entry) = find(&image, &mut storage, path).map_err(line)? else {
            return Ok(None);
        };
        let Node::File(file) = entry.node else {
            return Ok(None);
        };
        let mut hash = [0; FILE_HASH_LEN];
        let hash = match served.hashed {
            true => attr(&image, &mut storage, &entry, FILE_HASH, &mut hash)
                .map_err(line)?
                .map(|_| hash),
            false => None,
        };
        let mut mark = [0];
        let marks = match served.marked {
            true => attr(&image, &mut storage, &entry, MARKS, &mut mark)
                .map_err(line)?
                .map(|_| Marks::decode(mark[0])),
            false => None,
        };
        Ok(Some(OpenFile {
            storage,
            size: file.size(),
            source: Source::File(image.reader(&file)),
            hash,
            marks,
            compress: self.config.compress,
        }))
    }
}

impl<F: NorFlash + Clone, N> Engine<F, N> {
    /// Opens the image in a slot; `None` when no whole one is in it.
    ///
    /// An upload may begin to overwrite it while it is read: whoever keeps it compares its SHA-256.
    pub fn open_image(&self, slot: Slot) -> Option<OpenFile<F>> {
        let region = self.regions.ok()?[slot.index()];
        let slots = self.slots.borrow();
        let record = slots[slot.index()].as_ref().ok()?.record;
        let mut hash = [0; FILE_HASH_LEN];
        hash.copy_from_slice(&record.sha256[..FILE_HASH_LEN]);
        Some(OpenFile {
            storage: RegionReader::new(self.flash.clone(), region),
            source: Source::Image(0),
            size: record.len,
            hash: Some(hash),
            marks: None,
            compress: self.config.compress,
        })
    }
}

/// A file of the frontend that is served, or the image in a slot.
pub struct OpenFile<F> {
    storage: RegionReader<F>,
    source: Source,
    size: u32,
    hash: Option<FileHash>,
    marks: Option<Marks>,
    compress: Compress,
}

/// What is read.
#[derive(Debug, Clone, Copy)]
enum Source {
    File(FileReader),
    /// The image itself, from this byte on.
    Image(u32),
}

/// Bytes hashed at a time for a file without a hash of its own; on the stack.
const HASH_CHUNK: usize = 256;

impl<F: NorFlash> OpenFile<F> {
    /// Its stored length in bytes.
    pub const fn size(&self) -> u32 {
        self.size
    }

    /// What it is marked with; `None` in an image without marks.
    pub const fn marks(&self) -> Option<Marks> {
        self.marks
    }

    /// Identifies its content. An image with a manifest has this at hand; for any other the whole
    /// file is read.
    ///
    /// # Errors
    /// When flash cannot be read.
    pub async fn hash(&mut self) -> Result<FileHash, Text> {
        if let Some(hash) = self.hash {
            return Ok(hash);
        }
        let mut source = self.source;
        let mut hasher = FileHasher::with(self.compress);
        while self.hash_more(&mut source, &mut hasher)? {
            yield_now().await;
        }
        let hash = hasher.finish();
        self.hash = Some(hash);
        Ok(hash)
    }

    fn hash_more(&mut self, source: &mut Source, hasher: &mut FileHasher) -> Result<bool, Text> {
        let mut chunk = [0; HASH_CHUNK];
        let n = source.read(&mut self.storage, self.size, &mut chunk)?;
        hasher.update(&chunk[..n]);
        Ok(n > 0)
    }

    /// Goes to a place in the file, bytes from its beginning: reading goes on there. What lies before
    /// it is not read.
    pub fn seek(&mut self, position: u32) {
        match &mut self.source {
            Source::File(reader) => reader.seek(position),
            Source::Image(at) => *at = position,
        }
    }

    /// Reads on, on the spot; 0 at the end.
    ///
    /// # Errors
    /// When flash cannot be read.
    pub fn read(&mut self, buf: &mut [u8]) -> Result<usize, Text> {
        self.source.read(&mut self.storage, self.size, buf)
    }
}

impl Source {
    /// Reads on in what has `size` bytes.
    fn read<F: NorFlash>(
        &mut self,
        storage: &mut RegionReader<F>,
        size: u32,
        buf: &mut [u8],
    ) -> Result<usize, Text> {
        match self {
            Self::File(reader) => read(reader, storage, buf).map_err(line),
            Self::Image(at) => {
                let n = buf.len().min(size.saturating_sub(*at) as usize);
                run(storage.read(*at, &mut buf[..n])).map_err(text)?;
                *at += n as u32;
                Ok(n)
            }
        }
    }
}

/// A failed read of an image as a line for people. Not inlined, as it is nearly never called.
#[cold]
#[inline(never)]
fn line<E: fmt::Display>(error: littlefs_image::read::Error<E>) -> Text {
    text(error)
}

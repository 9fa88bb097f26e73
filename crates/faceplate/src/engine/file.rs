//! Files of the frontend that is served.

use core::fmt;

use embassy_futures::yield_now;
use embedded_storage_async::nor_flash::NorFlash;
use littlefs_image::read::{FileReader, Node};

use super::Engine;
use crate::{
    Nvs, RegionReader,
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
            reader: image.reader(&file),
            hash,
            marks,
            compress: self.config.compress,
        }))
    }
}

/// A file of the frontend that is served.
pub struct OpenFile<F> {
    storage: RegionReader<F>,
    reader: FileReader,
    size: u32,
    hash: Option<FileHash>,
    marks: Option<Marks>,
    compress: Compress,
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
        let mut reader = self.reader;
        let mut hasher = FileHasher::with(self.compress);
        while self.hash_more(&mut reader, &mut hasher)? {
            yield_now().await;
        }
        let hash = hasher.finish();
        self.hash = Some(hash);
        Ok(hash)
    }

    fn hash_more(
        &mut self,
        reader: &mut FileReader,
        hasher: &mut FileHasher,
    ) -> Result<bool, Text> {
        let mut chunk = [0; HASH_CHUNK];
        let n = read(reader, &mut self.storage, &mut chunk).map_err(line)?;
        hasher.update(&chunk[..n]);
        Ok(n > 0)
    }

    /// Goes to a place in the file, bytes from its beginning: reading goes on there. What lies before
    /// it is not read.
    pub fn seek(&mut self, position: u32) {
        self.reader.seek(position);
    }

    /// Reads on, on the spot; 0 at the end.
    ///
    /// # Errors
    /// When flash cannot be read.
    pub fn read(&mut self, buf: &mut [u8]) -> Result<usize, Text> {
        read(&mut self.reader, &mut self.storage, buf).map_err(line)
    }
}

/// A failed read of an image as a line for people. Not inlined, as it is nearly never called.
#[cold]
#[inline(never)]
fn line<E: fmt::Display>(error: littlefs_image::read::Error<E>) -> Text {
    text(error)
}

//! What goes into an image, and how it is written: files with their hashes and marks, and what the root
//! directory says of them.

use faceplate::{
    SECTOR,
    manifest::{FILE_HASH, FileHash, FileHasher, LENGTH, MANIFEST, Manifest, SIGNATURE},
    marks::{MARKS, Marks, MarksHash},
    signature::Signature,
};
use littlefs_image::build::{self, BuildError, Builder, Place};

use crate::layout;

/// Everything in an image but its signature.
#[derive(Debug, Clone)]
pub(crate) struct Content {
    /// The files in the order of a walk.
    pub(crate) files: Vec<File>,
    pub(crate) manifest: Manifest,
    /// Blocks that the file system may have.
    pub(crate) block_count: u32,
}

/// A file as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) marks: Marks,
    /// The block that it should begin at, if that is free.
    pub(crate) block: Option<u32>,
}

/// The hash of a file's stored bytes.
pub(crate) fn hash(bytes: &[u8]) -> FileHash {
    let mut hasher = FileHasher::new();
    hasher.update(bytes);
    hasher.finish()
}

impl Content {
    /// The image: the same bytes for the same content. Two signatures make two images that differ in nothing else.
    ///
    /// # Errors
    /// When a path cannot be stored, or not all of it fits.
    pub(crate) fn write(self, signature: Option<&Signature>) -> Result<Vec<u8>, BuildError> {
        let mut builder = Builder::new();
        let mut marks = MarksHash::new();
        let ranks = layout::ranks(self.files.iter().map(|file| &*file.path));
        for (file, rank) in self.files.into_iter().zip(ranks) {
            let (path, mark) = (&file.path, file.marks.encode());
            let hash = hash(&file.bytes);
            marks.add(path, mark);
            builder
                .file(path, file.bytes)?
                .attr(path, FILE_HASH, &hash)?
                .attr(path, MARKS, &[mark])?
                .place(
                    path,
                    Place {
                        rank,
                        block: file.block,
                    },
                )?;
        }
        let mut bytes = [0; Manifest::MAX_LEN];
        let len = self.manifest.encode(&mut bytes);
        builder
            .attr("", MANIFEST, &bytes[..len])?
            .attr("", MARKS, &marks.finish())?;
        if let Some(signature) = signature {
            builder.attr("", SIGNATURE, &signature.encode())?;
        }
        let options = build::Options {
            block_count: self.block_count,
            ..build::Options::default()
        };
        let said = |blocks: u32| {
            let mut builder = builder.clone();
            builder.attr("", LENGTH, &blocks.to_le_bytes())?;
            builder.build(&options)
        };
        // How long it is shows when it is made; that it says so makes it no longer.
        said(0).and_then(|image| said(image.len() as u32 / SECTOR))
    }
}

//! Builds LittleFS v2 images from files in memory: the same tree gives the same bytes, everywhere.

mod content;
mod error;
mod layout;
mod metadata;
mod room;
mod tree;

use alloc::vec::Vec;

pub use error::{BuildError, NameProblem};
use layout::Layout;
use tree::Tree;

use crate::format::{ATTR_MAX, FILE_MAX, NAME_MAX, Superblock, VERSION_2_0, VERSION_2_1};

/// A tree of files, to be made into an image.
///
/// The image depends on the tree and the [`Options`] alone, not on the order in which the tree
/// was put together. A call that fails leaves the tree as it was.
///
/// ```
/// use littlefs_image::build::{Builder, Options};
///
/// let mut builder = Builder::new();
/// builder.file("index.html", "<h1>Hello</h1>")?.file("assets/app.js", "run()")?;
/// builder.attr("index.html", 0x66, b"of the file")?;
/// let image = builder.build(&Options::default())?;
/// assert_eq!(image.len() % littlefs_image::BLOCK_SIZE, 0);
/// # Ok::<(), littlefs_image::build::BuildError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Builder {
    tree: Tree,
}

impl Builder {
    /// A builder with an empty root directory.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file at a path such as `assets/app.js`; directories above it are made.
    ///
    /// # Errors
    /// When the path is not a valid one, is taken, or leads through a file, and when the file has
    /// more bytes than LittleFS allows (2 GiB less one).
    pub fn file(&mut self, path: &str, data: impl Into<Vec<u8>>) -> Result<&mut Self, BuildError> {
        self.tree.file(path, data.into())?;
        Ok(self)
    }

    /// Adds a directory and those above it; one that is there already is left as it is.
    ///
    /// # Errors
    /// When the path is not a valid one, or is or leads through a file.
    pub fn dir(&mut self, path: &str) -> Result<&mut Self, BuildError> {
        self.tree.dir(path)?;
        Ok(self)
    }

    /// Puts a user attribute on a file or directory that is in the tree; `""` is the root.
    ///
    /// # Errors
    /// When nothing is at the path, it has an attribute of that kind already, the value is larger
    /// than 1022 bytes, or all attributes of the path together don't fit into a metadata block.
    pub fn attr(&mut self, path: &str, kind: u8, value: &[u8]) -> Result<&mut Self, BuildError> {
        self.tree.attribute(path, kind, value)?;
        Ok(self)
    }

    /// Says where the blocks of a file should be; without, they come after those of the file before it in the tree.
    ///
    /// # Errors
    /// When nothing is at the path.
    pub fn place(&mut self, path: &str, place: Place) -> Result<&mut Self, BuildError> {
        self.tree.place(path, place)?;
        Ok(self)
    }

    /// Makes the image. It is short: cut after the last block in use. Blocks in front of that which nothing is
    /// in are blank (0xff); there are none without [`Place::block`].
    ///
    /// # Errors
    /// When the tree does not fit into `options.block_count` blocks, has more than
    /// [`ENTRIES_MAX`](crate::read::ENTRIES_MAX) files and directories, a name is longer than
    /// `options.name_max`, or that limit itself is out of range.
    pub fn build(&self, options: &Options) -> Result<Vec<u8>, BuildError> {
        Layout::new(&self.tree, options)?.write(options)
    }
}

/// Where the blocks of a file should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// Files of a lower rank lie in front of those of a higher one; files of the same rank in the order of the tree.
    pub rank: u32,
    /// The block that it should begin at, as in an older image, so that it does not move when others grow: goes
    /// before the rank. Where two such files would overlap, the one behind has its place. A file that cannot have it goes
    /// into the first gap that is large enough, or to the end; and if the image would then need more
    /// blocks than it may have, no file has such a place.
    pub block: Option<u32>,
}

/// What an image is made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Blocks that the file system may use, at least 2; the superblock carries it.
    pub block_count: u32,
    /// Longest name of a file or directory, bytes: 1 to 255. Drivers refuse to mount an image
    /// that allows longer names than they were built for.
    pub name_max: u32,
    /// Version of the format.
    pub version: DiskVersion,
}

impl Default for Options {
    /// 256 blocks (1 MiB), names of up to 255 bytes, version 2.1.
    fn default() -> Self {
        Self {
            block_count: 256,
            name_max: NAME_MAX,
            version: DiskVersion::V2_1,
        }
    }
}

impl Options {
    fn superblock(&self) -> Superblock {
        Superblock {
            version: match self.version {
                DiskVersion::V2_0 => VERSION_2_0,
                DiskVersion::V2_1 => VERSION_2_1,
            },
            block_count: self.block_count,
            name_max: self.name_max,
            file_max: FILE_MAX,
            attr_max: ATTR_MAX,
        }
    }
}

/// Version of the on-disk format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DiskVersion {
    /// 2.0, that every LittleFS v2 driver mounts.
    V2_0,
    /// 2.1, that drivers since LittleFS 2.6 mount.
    #[default]
    V2_1,
}

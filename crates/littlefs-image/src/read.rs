//! Reading an image: mount it, find and list its entries, read files and attributes.
//!
//! Nothing here trusts the bytes: whatever they are, each call ends after a bounded number of reads
//! inside the image, with a result or an error. No recursion, no allocation.

mod file;
mod probe;
mod walk;

pub use crate::{
    error::Error,
    limits::{DEPTH_MAX, ENTRIES_MAX, PATH_MAX},
};
use crate::{
    format::{
        BLOCK_SIZE, FIRST_PAIR, MAGIC, Superblock, SuperblockError, ctz_blocks,
        kind::{self, CLASS_NAME, CLASS_STRUCT},
    },
    log::{Commits, Found, History, Log, Record, fetch},
    storage::Storage,
};
pub use file::FileReader;
pub use probe::{probe, probe_attr};
pub use walk::{Step, Walk};

/// Blocks that 32-bit byte offsets can reach.
const BLOCKS_MAX: u32 = 1 << 20;

/// A mounted image: the facts found at its beginning. It holds no storage; each call is given it.
///
/// ```
/// # fn main() -> Result<(), littlefs_image::read::Error<littlefs_image::OutOfBounds>> {
/// use littlefs_image::{read::{Error, Image}, run};
///
/// let mut bytes: &[u8] = &[0xff; 8192]; // blank flash
/// assert_eq!(run(Image::mount(&mut bytes, 2)).err(), Some(Error::NotLittleFs));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Image {
    superblock: Superblock,
    /// Blocks that may be referred to: those that the image has and the superblock knows of.
    blocks: u32,
    root: Dir,
    root_log: Log,
}

/// A directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dir {
    /// Its first metadata pair.
    pub(crate) pair: [u32; 2],
}

/// A file: how long it is and where its bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct File {
    size: u32,
    pub(crate) content: Content,
}

/// Where the bytes of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// In the metadata, at this offset of the image.
    Inline { offset: u32 },
    /// In blocks of their own, of which this is the last.
    Ctz { head: u32 },
}

impl File {
    /// Length in bytes.
    #[must_use]
    pub fn size(&self) -> u32 {
        self.size
    }

    /// The last of its blocks; `None` where its bytes are in the metadata. The others stand in front of it, one
    /// after the other, in an image that was built at once.
    #[must_use]
    pub fn last_block(&self) -> Option<u32> {
        match self.content {
            Content::Inline { .. } => None,
            Content::Ctz { head } => Some(head),
        }
    }
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Node {
    /// A regular file.
    File(File),
    /// A directory.
    Dir(Dir),
}

/// A file or directory, and the place of its attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub node: Node,
    /// The log up to the latest record of the entry: looking from there on for an attribute spares
    /// the way through what was said of others.
    log: Log,
    /// The entry's id at the end of that log.
    id: u16,
}

/// Where a name stands: offset in the image, length.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NamePlace {
    pub(crate) offset: u32,
    pub(crate) length: u16,
}

impl Image {
    /// Reads the superblock of an image in the first `blocks` blocks of the storage.
    ///
    /// The image may be short: its superblock may count more blocks than there are, as long as
    /// none of the missing ones is used.
    ///
    /// # Errors
    /// When the storage fails, or the beginning is not that of a LittleFS image that is supported.
    pub async fn mount<S: Storage>(storage: &mut S, blocks: u32) -> Result<Self, Error<S::Error>> {
        let mut blocks = blocks.min(BLOCKS_MAX);
        let first = match fetch(storage, blocks, FIRST_PAIR, None).await {
            Err(Error::NoCommit { .. } | Error::BlockOutside { .. }) => {
                return Err(Error::NotLittleFs);
            }
            other => other?,
        };
        let mut superblock = superblock(storage, &first)
            .await?
            .ok_or(Error::NotLittleFs)?;
        let mut pair = FIRST_PAIR;
        let mut commits = first;
        blocks = blocks.min(superblock.block_count);

        // A file system that is written a lot moves its root on and leaves a superblock behind;
        // the last one of the chain counts.
        for _ in 0..blocks / 2 {
            let Some(tail) = commits.tail.filter(|tail| tail.hard) else {
                break;
            };
            let next = fetch(storage, blocks, tail.pair, None).await?;
            let Some(found) = self::superblock(storage, &next).await? else {
                break;
            };
            if found.name_max > superblock.name_max
                || found.file_max > superblock.file_max
                || found.attr_max > superblock.attr_max
            {
                return Err(Error::Superblock(SuperblockError::Grown));
            }
            superblock = found;
            blocks = blocks.min(superblock.block_count);
            pair = tail.pair;
            commits = next;
        }
        Ok(Image {
            superblock,
            blocks,
            root: Dir { pair },
            root_log: commits.log,
        })
    }

    /// What the superblock says.
    #[must_use]
    pub fn superblock(&self) -> &Superblock {
        &self.superblock
    }

    /// Number of blocks that the image may use: no more than it has, or than its superblock counts.
    #[must_use]
    pub fn blocks(&self) -> u32 {
        self.blocks
    }

    /// The root directory.
    #[must_use]
    pub fn root(&self) -> Dir {
        self.root
    }

    /// Finds what stands at `path`, like `assets/app.js`; the empty path is the root.
    ///
    /// `None` when there is nothing. Extra slashes do not matter; `.` and `..` are never found.
    ///
    /// # Errors
    /// When the storage fails, or the directories on the way are damaged.
    pub async fn find<S: Storage>(
        &self,
        storage: &mut S,
        path: &str,
    ) -> Result<Option<Entry>, Error<S::Error>> {
        let mut entry = Entry {
            node: Node::Dir(self.root),
            log: self.root_log,
            id: 0,
        };
        for name in path.split('/').filter(|name| !name.is_empty()) {
            let Node::Dir(Dir { mut pair }) = entry.node else {
                return Ok(None);
            };
            if name == "." || name == ".." {
                return Ok(None);
            }
            let mut pairs_left = self.blocks / 2;
            entry = loop {
                pairs_left = pairs_left.checked_sub(1).ok_or(Error::Circle { pair })?;
                let commits = fetch(storage, self.blocks, pair, Some(name.as_bytes())).await?;
                if let Some(found) = commits.found {
                    let Found {
                        id,
                        name,
                        content,
                        newest,
                    } = found;
                    let log = &commits.log;
                    // In a log that was written at once the content stands behind the name.
                    let found = match content {
                        Some(_) => {
                            let newest = (log.up_to(newest.0), newest.1);
                            self.put_together(storage, log, id, name, content, newest)
                                .await?
                        }
                        None => self.entry(storage, log, id).await?,
                    };
                    let (entry, _) = found.ok_or(Error::Entry {
                        block: log.block,
                        id,
                    })?;
                    break entry;
                }
                match commits.tail {
                    Some(tail) if tail.hard => pair = tail.pair,
                    _ => return Ok(None),
                }
            };
        }
        Ok(Some(entry))
    }

    /// Reads user attribute `kind` of an entry into `buf`, and returns the attribute's length.
    ///
    /// When it is longer than `buf`, only its beginning is read. `None` when there is no such
    /// attribute, or it was removed.
    ///
    /// # Errors
    /// When the storage fails.
    pub async fn attr<S: Storage>(
        &self,
        storage: &mut S,
        entry: &Entry,
        kind: u8,
        buf: &mut [u8],
    ) -> Result<Option<usize>, Error<S::Error>> {
        let mut history = History::new(&entry.log, entry.id);
        while let Some((tag, offset)) = history.older(storage).await? {
            if tag.kind() != kind::USER_ATTR + u16::from(kind) {
                continue;
            }
            if tag.is_deleted() {
                return Ok(None);
            }
            let length = usize::from(tag.length());
            let read = length.min(buf.len());
            let from = entry.log.block * BLOCK_SIZE as u32 + u32::from(offset);
            storage
                .read(from, &mut buf[..read])
                .await
                .map_err(Error::Storage)?;
            return Ok(Some(length));
        }
        Ok(None)
    }

    /// Starts to list everything in the image.
    #[must_use]
    pub fn walk(&self) -> Walk {
        Walk::new(*self)
    }

    /// Starts to read a file at its beginning.
    #[must_use]
    pub fn reader(&self, file: &File) -> FileReader {
        FileReader::new(*file, self.blocks)
    }

    /// What stands behind an id of a metadata block, and where its name is; `None` for the superblock.
    pub(crate) async fn entry<S: Storage>(
        &self,
        storage: &mut S,
        log: &Log,
        id: u16,
    ) -> Result<Option<(Entry, NamePlace)>, Error<S::Error>> {
        let (mut name, mut content, mut newest) = (None, None, None);
        let mut history = History::new(log, id);
        while name.is_none() || content.is_none() {
            let Some((tag, offset)) = history.older(storage).await? else {
                break;
            };
            newest.get_or_insert((log.up_to((tag, offset)), history.id()));
            match tag.class() {
                CLASS_NAME if name.is_none() => name = Some((tag, offset)),
                CLASS_STRUCT if content.is_none() => content = Some((tag, offset)),
                _ => {}
            }
        }
        let name = name.ok_or(Error::Entry {
            block: log.block,
            id,
        })?;
        let newest = newest.unwrap_or((*log, id));
        self.put_together(storage, log, id, name, content, newest)
            .await
    }

    /// The entry that these records make; `None` for the superblock. `newest` is the log up to the
    /// latest record of the entry, and the entry's id there.
    pub(crate) async fn put_together<S: Storage>(
        &self,
        storage: &mut S,
        log: &Log,
        id: u16,
        (name, name_offset): Record,
        content: Option<Record>,
        newest: (Log, u16),
    ) -> Result<Option<(Entry, NamePlace)>, Error<S::Error>> {
        let block = log.block;
        let base = block * BLOCK_SIZE as u32;
        if name.kind() == kind::SUPERBLOCK {
            return Ok(None);
        }
        let (content, offset) = content.ok_or(Error::Entry { block, id })?;
        let node = match (name.kind(), content.kind(), content.data_len()) {
            (kind::REG, kind::INLINE_STRUCT, length) => Node::File(File {
                size: length.into(),
                content: Content::Inline {
                    offset: base + u32::from(offset),
                },
            }),
            (kind::REG, kind::CTZ_STRUCT, 8) => {
                let [head, size] = two_words(storage, base + u32::from(offset)).await?;
                if ctz_blocks(size) > self.blocks {
                    return Err(Error::FileSize { block, id, size });
                }
                Node::File(File {
                    size,
                    content: Content::Ctz { head },
                })
            }
            (kind::DIR, kind::DIR_STRUCT, 8) => {
                let pair = two_words(storage, base + u32::from(offset)).await?;
                Node::Dir(Dir { pair })
            }
            _ => return Err(Error::Entry { block, id }),
        };
        let place = NamePlace {
            offset: base + u32::from(name_offset),
            length: name.length(),
        };
        Ok(Some((
            Entry {
                node,
                log: newest.0,
                id: newest.1,
            },
            place,
        )))
    }
}

/// The superblock in a metadata block, if it has one.
async fn superblock<S: Storage>(
    storage: &mut S,
    commits: &Commits,
) -> Result<Option<Superblock>, Error<S::Error>> {
    let base = commits.log.block * BLOCK_SIZE as u32;
    let (mut name, mut fields) = (None, None);
    let mut history = History::new(&commits.log, 0);
    while let Some((tag, offset)) = history.older(storage).await? {
        match tag.kind() {
            kind::SUPERBLOCK if name.is_none() => name = Some((tag, offset)),
            kind::INLINE_STRUCT if fields.is_none() => fields = Some((tag, offset)),
            _ => {}
        }
    }
    let (Some((name, name_offset)), Some((fields, fields_offset))) = (name, fields) else {
        return Ok(None);
    };
    if usize::from(name.length()) != MAGIC.len() || usize::from(fields.length()) != Superblock::SIZE
    {
        return Ok(None);
    }
    let mut magic = [0; MAGIC.len()];
    storage
        .read(base + u32::from(name_offset), &mut magic)
        .await
        .map_err(Error::Storage)?;
    if magic != MAGIC {
        return Ok(None);
    }
    let mut bytes = [0; Superblock::SIZE];
    storage
        .read(base + u32::from(fields_offset), &mut bytes)
        .await
        .map_err(Error::Storage)?;
    Superblock::decode(&bytes)
        .map(Some)
        .map_err(Error::Superblock)
}

/// Two little-endian numbers, as in a content or a tail.
async fn two_words<S: Storage>(storage: &mut S, offset: u32) -> Result<[u32; 2], Error<S::Error>> {
    let mut bytes = [0; 8];
    storage
        .read(offset, &mut bytes)
        .await
        .map_err(Error::Storage)?;
    let [a, b, c, d, e, f, g, h] = bytes;
    Ok([
        u32::from_le_bytes([a, b, c, d]),
        u32::from_le_bytes([e, f, g, h]),
    ])
}

//! The log of commits in a metadata block: find its valid end, and look entries up in it.

use core::ops::ControlFlow;

use crate::{
    error::Error,
    format::{
        BLOCK_NULL, BLOCK_SIZE, CRC_SEED, ID_NONE, TAG_SEED, Tag, crc32,
        kind::{self, CLASS_NAME, CLASS_SPLICE, CLASS_STRUCT, CLASS_USER_ATTR},
    },
    storage::Storage,
};

/// Bytes of a block that are held at a time. Larger saves calls of the storage, smaller saves
/// stack; it divides the block size, so that a window never leaves its block.
const WINDOW: usize = 128;

/// Offset of the first tag: behind the revision count.
pub(crate) const FIRST_TAG: u16 = 4;

/// A small view that moves over one block.
struct Window {
    block: u32,
    /// Offset of the first byte held; the block's size when nothing is.
    start: usize,
    bytes: [u8; WINDOW],
}

impl Window {
    fn new(block: u32) -> Self {
        Window {
            block,
            start: BLOCK_SIZE,
            bytes: [0; WINDOW],
        }
    }

    /// The bytes from `offset` on, up to `end` or the end of the view; at least one.
    async fn at<S: Storage>(
        &mut self,
        storage: &mut S,
        offset: usize,
        end: usize,
    ) -> Result<&[u8], Error<S::Error>> {
        let start = offset / WINDOW * WINDOW;
        if start != self.start {
            self.start = BLOCK_SIZE;
            let from = self.block * BLOCK_SIZE as u32 + start as u32;
            storage
                .read(from, &mut self.bytes)
                .await
                .map_err(Error::Storage)?;
            self.start = start;
        }
        Ok(&self.bytes[offset - start..(end - start).min(WINDOW)])
    }

    /// The four bytes at `offset`, which need not be aligned.
    async fn word<S: Storage>(
        &mut self,
        storage: &mut S,
        offset: usize,
    ) -> Result<[u8; 4], Error<S::Error>> {
        let mut word = [0; 4];
        let mut done = 0;
        while done < word.len() {
            let bytes = self.at(storage, offset + done, offset + word.len()).await?;
            word[done..done + bytes.len()].copy_from_slice(bytes);
            done += bytes.len();
        }
        Ok(word)
    }
}

/// Where the valid part of a metadata block's log ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Log {
    pub(crate) block: u32,
    /// Offset behind the last valid commit.
    end: u16,
    /// The last tag before `end`.
    last: u32,
}

impl Log {
    /// The log up to and with a record in it.
    pub(crate) fn up_to(self, (tag, data): Record) -> Self {
        Log {
            end: data + tag.data_len(),
            last: tag.0,
            ..self
        }
    }

    /// Offset behind the last valid commit, bytes.
    pub(crate) fn end(&self) -> u16 {
        self.end
    }
}

/// The next metadata pair in the list of all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tail {
    pub(crate) pair: [u32; 2],
    /// Whether the pair continues the same directory.
    pub(crate) hard: bool,
}

/// What the commits of a metadata block add up to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Commits {
    pub(crate) log: Log,
    /// Number of ids in use.
    pub(crate) count: u16,
    pub(crate) tail: Option<Tail>,
    /// The entry that has the name that was searched for.
    pub(crate) found: Option<Found>,
}

/// A record: its tag, and the offset of its data in the block.
pub(crate) type Record = (Tag, u16);

/// An entry that was found by its name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    pub(crate) id: u16,
    pub(crate) name: Record,
    /// Its content, if that stands behind the name.
    pub(crate) content: Option<Record>,
    /// The latest of its records, and the entry's id there.
    pub(crate) newest: (Record, u16),
}

/// Goes through a block's log from its beginning to the last commit with a right checksum.
///
/// `None` when there is not even one. On the way it finds the id of the entry called `name`.
pub(crate) async fn scan<S: Storage>(
    storage: &mut S,
    block: u32,
    name: Option<&[u8]>,
) -> Result<Option<Commits>, Error<S::Error>> {
    let mut window = Window::new(block);
    let mut crc = crc32(CRC_SEED, &window.word(storage, 0).await?);
    let mut valid = None;
    let mut count = 0;
    let mut tail = None;
    let mut found: Option<Found> = None;
    // A wrong record counts only if its commit does; behind the last commit there may be anything.
    let mut wrong = None;
    let mut offset = FIRST_TAG;
    let mut previous = TAG_SEED;

    while usize::from(offset) + 4 <= BLOCK_SIZE {
        let bytes = window.word(storage, offset.into()).await?;
        let tag = Tag::decode(bytes, previous);
        let data = usize::from(offset) + 4;
        let end = offset + tag.size();
        if !tag.is_valid() || usize::from(end) > BLOCK_SIZE {
            break;
        }
        crc = crc32(crc, &bytes);

        if tag.is_commit_end() {
            if tag.data_len() < 4 || u32::from_le_bytes(window.word(storage, data).await?) != crc {
                break;
            }
            if let Some((offset, tag)) = wrong {
                return Err(Error::Record { block, offset, tag });
            }
            previous = tag.0 ^ tag.next_valid_bit();
            offset = end;
            crc = CRC_SEED;
            let log = Log {
                block,
                end,
                last: previous,
            };
            valid = Some(Commits {
                log,
                count,
                tail,
                found,
            });
            continue;
        }

        // The name tags of files and directories; the superblock's is not a name.
        let is_name = tag.class() == CLASS_NAME && tag.kind() & 0x80 == 0;
        let mut sought = name.filter(|name| is_name && name.len() == tag.length().into());
        let mut at = data;
        while at < end.into() {
            let bytes = window.at(storage, at, end.into()).await?;
            crc = crc32(crc, bytes);
            sought = sought.and_then(|rest| rest.strip_prefix(bytes));
            at += bytes.len();
        }

        let id = tag.id();
        match tag.kind() {
            _ if wrong.is_some() => {}
            kind if kind < kind::DIR_STRUCT && id != ID_NONE && !tag.is_deleted() => {
                count = count.max(id + 1);
                if sought.is_some() {
                    let name = (tag, offset + 4);
                    found = Some(Found {
                        id,
                        name,
                        content: None,
                        newest: (name, id),
                    });
                } else if is_name && found.is_some_and(|found| found.id == id) {
                    found = None;
                }
            }
            kind::CREATE if id <= count && count < ID_NONE => {
                count += 1;
                if let Some(found) = found.as_mut().filter(|found| id <= found.id) {
                    found.id += 1;
                }
            }
            kind::DELETE if id < count => {
                count -= 1;
                match &mut found {
                    Some(entry) if id < entry.id => entry.id -= 1,
                    Some(entry) if id == entry.id => found = None,
                    _ => {}
                }
            }
            kind::SOFT_TAIL | kind::HARD_TAIL if tag.length() == 8 => {
                let pair = [
                    u32::from_le_bytes(window.word(storage, data).await?),
                    u32::from_le_bytes(window.word(storage, data + 4).await?),
                ];
                let hard = tag.kind() == kind::HARD_TAIL;
                tail = (pair != [BLOCK_NULL; 2]).then_some(Tail { pair, hard });
            }
            _ if tag.class() == CLASS_STRUCT => {
                if let Some(found) = found.as_mut().filter(|found| id == found.id) {
                    found.content = Some((tag, offset + 4));
                    found.newest = ((tag, offset + 4), id);
                }
            }
            _ if tag.class() == CLASS_USER_ATTR => {
                if let Some(found) = found.as_mut().filter(|found| id == found.id) {
                    found.newest = ((tag, offset + 4), id);
                }
            }
            kind::FCRC | kind::MOVE_STATE => {}
            _ => wrong = Some((offset, tag)),
        }
        previous = tag.0;
        offset = end;
    }
    Ok(valid)
}

/// Finds the metadata of a pair: in the newer of its blocks, or in the other if that has none.
pub(crate) async fn fetch<S: Storage>(
    storage: &mut S,
    blocks: u32,
    pair: [u32; 2],
    name: Option<&[u8]>,
) -> Result<Commits, Error<S::Error>> {
    for block in newer_first(storage, blocks, pair).await? {
        if let Some(commits) = scan(storage, block, name).await? {
            return Ok(commits);
        }
    }
    Err(Error::NoCommit { pair })
}

/// Orders the blocks of a pair by their revision counts, after a look at their addresses.
pub(crate) async fn newer_first<S: Storage>(
    storage: &mut S,
    blocks: u32,
    pair: [u32; 2],
) -> Result<[u32; 2], Error<S::Error>> {
    let mut revisions = [0; 2];
    for (block, revision) in pair.into_iter().zip(&mut revisions) {
        if block >= blocks {
            return Err(Error::BlockOutside { block, blocks });
        }
        let mut bytes = [0; 4];
        storage
            .read(block * BLOCK_SIZE as u32, &mut bytes)
            .await
            .map_err(Error::Storage)?;
        *revision = u32::from_le_bytes(bytes);
    }
    // Revisions wrap around: the newer is the one less than half the range ahead.
    let [a, b] = revisions;
    Ok(if b.wrapping_sub(a).cast_signed() > 0 {
        [pair[1], pair[0]]
    } else {
        pair
    })
}

/// Where one looks in a log, on the way backwards, for what was said of one entry, the latest first.
///
/// An entry's id changes when others before it are made and removed; this follows it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor {
    /// Offset behind the tag to be seen next.
    offset: u16,
    tag: Tag,
    id: u16,
}

impl Cursor {
    pub(crate) fn new(log: &Log, id: u16) -> Self {
        Cursor {
            offset: log.end,
            tag: Tag(log.last),
            id,
        }
    }

    /// Where the tag to be seen next stands; `None` at the beginning of the log.
    fn next(&self) -> Option<u16> {
        // All offsets were passed in the other direction, but the storage is not trusted to say
        // the same twice.
        let offset = self.offset.checked_sub(self.tag.size())?;
        (offset >= FIRST_TAG).then_some(offset)
    }

    /// Goes over the tag at `offset`, where `bytes` stand. Breaks with a record of the entry, or
    /// with `None` where the entry begins.
    fn pass(&mut self, offset: u16, bytes: [u8; 4]) -> ControlFlow<Option<Record>> {
        let tag = Tag(self.tag.0 & 0x7fff_ffff);
        self.tag = Tag(Tag::decode(bytes, tag.0).0 & 0x7fff_ffff);
        self.offset = offset;
        match tag.class() {
            CLASS_SPLICE if tag.id() <= self.id => match tag.kind() {
                kind::CREATE if tag.id() == self.id => {
                    self.offset = 0;
                    return ControlFlow::Break(None);
                }
                kind::CREATE => self.id -= 1,
                _ => self.id += 1,
            },
            class if class < CLASS_SPLICE && tag.id() == self.id => {
                return ControlFlow::Break(Some((tag, offset + 4)));
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    /// The same as [`History::older`] in a block that is in memory, without a window and `await`.
    pub(crate) fn older(&mut self, block: &[u8; BLOCK_SIZE]) -> Option<Record> {
        while let Some(offset) = self.next() {
            let bytes = block.get(usize::from(offset)..)?.first_chunk()?;
            if let ControlFlow::Break(record) = self.pass(offset, *bytes) {
                return record;
            }
        }
        None
    }
}

/// Goes backwards through a log on the storage and shows what was said of one entry.
pub(crate) struct History {
    window: Window,
    cursor: Cursor,
}

impl History {
    /// The entry's id where the history has come to.
    pub(crate) fn id(&self) -> u16 {
        self.cursor.id
    }

    pub(crate) fn new(log: &Log, id: u16) -> Self {
        History {
            window: Window::new(log.block),
            cursor: Cursor::new(log, id),
        }
    }

    /// The next older tag of the entry that is a name, a content or an attribute, and the offset of
    /// its data in the block; `None` where the entry, or the log, begins.
    pub(crate) async fn older<S: Storage>(
        &mut self,
        storage: &mut S,
    ) -> Result<Option<Record>, Error<S::Error>> {
        while let Some(offset) = self.cursor.next() {
            let bytes = self.window.word(storage, offset.into()).await?;
            if let ControlFlow::Break(record) = self.cursor.pass(offset, bytes) {
                return Ok(record);
            }
        }
        Ok(None)
    }
}

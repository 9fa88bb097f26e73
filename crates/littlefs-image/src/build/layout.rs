//! Gives every directory its metadata pairs and every file its blocks, and writes them.
//!
//! Metadata comes first, then the files, in the order of their ranks and of the tree, so that a change within
//! one file that keeps its number of blocks moves no other file. Files that have their places already go before
//! all that.

use alloc::{format, vec, vec::Vec};

use super::{
    BuildError, Options, Place, content,
    metadata::{Attributes, Commit, INLINE_MAX, TAG_SIZE, Tail, attributes_bytes},
    room::Room,
    tree::{Entries, Kind, Name, Node, Tree},
};
use crate::{
    format::{BLOCK_SIZE, NAME_MAX, ctz_blocks},
    read::ENTRIES_MAX,
};

/// Bytes of entries in a metadata pair that has several.
///
/// C littlefs reads an inline file that is larger than its cache piece by piece, and the last piece
/// runs on behind the file by less than the file's length. At the end of a block that would be an
/// error, so as much stays free.
const PAIR_FILL: usize = Commit::CAPACITY - INLINE_MAX;

/// Most entries of a metadata pair; C littlefs splits at as many, though an id has 10 bits.
const PAIR_ENTRIES: usize = 0xff;

/// Where everything in a tree goes.
pub(super) struct Layout<'a> {
    root: &'a Attributes,
    /// In the order of the tail list.
    pairs: Vec<Pair<'a>>,
    /// Blocks up to the end of the last one in use.
    used: u64,
}

/// One metadata pair.
#[derive(Default)]
struct Pair<'a> {
    /// The first of its two blocks.
    first: u64,
    entries: Vec<Entry<'a>>,
    /// The next pair belongs to the same directory.
    continues: bool,
}

/// A name in a directory with what belongs to it.
struct Entry<'a> {
    name: &'a Name,
    attributes: &'a Attributes,
    place: Place,
    content: Content<'a>,
}

enum Content<'a> {
    /// A small file, kept in the metadata.
    Inline(&'a [u8]),
    /// A file in blocks of its own, one after the other.
    Blocks { data: &'a [u8], first: u64 },
    /// A directory that begins with a certain pair.
    Directory { entries: &'a Entries, pair: usize },
}

impl<'a> Layout<'a> {
    /// Plans the whole image.
    pub(super) fn new(tree: &'a Tree, options: &Options) -> Result<Self, BuildError> {
        let name_max = options.name_max;
        if !(1..=NAME_MAX).contains(&name_max) {
            return Err(BuildError::BadNameMax { name_max });
        }
        let mut layout = Self {
            root: &tree.attributes,
            pairs: Vec::new(),
            used: 0,
        };
        let taken = Commit::SUPERBLOCK_BYTES + attributes_bytes(&tree.attributes);
        layout.add(&tree.entries, taken);
        let entries = layout.pairs.iter().map(|pair| pair.entries.len()).sum();
        if entries > ENTRIES_MAX as usize {
            return Err(BuildError::TooManyEntries { entries });
        }
        check_names(&tree.entries, "", name_max)?;
        let block_count = options.block_count;
        layout.place(block_count);
        if layout.used > u64::from(block_count) {
            layout.place(0);
        }
        if layout.used > u64::from(block_count) {
            return Err(BuildError::DoesNotFit {
                needed_blocks: layout.used,
                block_count,
            });
        }
        Ok(layout)
    }

    /// Adds a directory and all below it; `fill` bytes of its first pair are taken. Returns the
    /// number of that pair.
    ///
    /// Pairs are filled up one after the other. C littlefs splits a full one into half full ones;
    /// it will when it changes these, and until then that would only cost blocks.
    fn add(&mut self, entries: &'a Entries, mut fill: usize) -> usize {
        let first = self.pairs.len();
        let mut pair = Pair::default();
        for (name, node) in entries {
            let entry = Entry::new(name, node);
            let full = fill + entry.bytes() > PAIR_FILL || pair.entries.len() == PAIR_ENTRIES;
            if fill > 0 && full {
                pair.continues = true;
                self.pairs.push(core::mem::take(&mut pair));
                fill = 0;
            }
            fill += entry.bytes();
            pair.entries.push(entry);
        }
        self.pairs.push(pair);

        for number in first..self.pairs.len() {
            for index in 0..self.pairs[number].entries.len() {
                let Content::Directory { entries, .. } = self.pairs[number].entries[index].content
                else {
                    continue;
                };
                let pair = self.add(entries, 0);
                self.pairs[number].entries[index].content = Content::Directory { entries, pair };
            }
        }
        first
    }

    /// Gives each pair and each file its blocks. Files that should begin at a certain block do, in the first `kept`.
    ///
    /// The pairs have no such places: one more of them must not drive a file away.
    fn place(&mut self, kept: u32) {
        let mut room = Room::new();
        if let Some(root) = self.pairs.first_mut() {
            // Whoever mounts an image looks here.
            root.first = 0;
            room.take(0, 2);
        }
        let mut files = Vec::new();
        for (number, pair) in self.pairs.iter().enumerate() {
            for (index, entry) in pair.entries.iter().enumerate() {
                if let Content::Blocks { data, .. } = entry.content {
                    let blocks = u64::from(ctz_blocks(data.len() as u32));
                    files.push((entry.place, number, index, blocks));
                }
            }
        }
        // From the last on, so that a file which grew does not take the place of the one behind it.
        files.sort_by_key(|(place, ..)| core::cmp::Reverse(place.block));
        files.retain(|&(place, number, index, blocks)| {
            let block = place.block.map(u64::from);
            let inside = block.filter(|block| block + blocks <= u64::from(kept));
            let block = inside.filter(|&block| room.take(block, blocks));
            if let Some(block) = block {
                self.begin(number, index, block);
            }
            block.is_none()
        });
        for pair in self.pairs.iter_mut().skip(1) {
            pair.first = room.take_first(2);
        }
        files.sort_by_key(|&(place, number, index, _)| (place.rank, number, index));
        for (_, number, index, blocks) in files {
            self.begin(number, index, room.take_first(blocks));
        }
        self.used = room.end();
    }

    /// Lets a file begin at a block.
    fn begin(&mut self, number: usize, index: usize, block: u64) {
        if let Content::Blocks { first, .. } = &mut self.pairs[number].entries[index].content {
            *first = block;
        }
    }

    /// Writes the image.
    pub(super) fn write(&self, options: &Options) -> Result<Vec<u8>, BuildError> {
        let length = usize::try_from(self.used)
            .ok()
            .and_then(|used| used.checked_mul(BLOCK_SIZE));
        let Some(length) = length else {
            // More than this machine can address.
            let block_count = options.block_count;
            return Err(BuildError::DoesNotFit {
                needed_blocks: self.used,
                block_count,
            });
        };
        // Erased flash reads 0xff; what is not used stays so.
        let mut image = vec![0xff; length];
        for number in 0..self.pairs.len() {
            // Newer first, so that a reader of the first block alone has the whole superblock.
            // Only the superblock pair gets its second block: nothing else needs one before
            // somebody writes, and a blank block is cheap to flash.
            let first = self.pairs[number].first as usize;
            let newer = self.commit(number, 2, options);
            newer.write(block(&mut image, first));
            if number == 0 {
                self.commit(number, 1, options).write(block(&mut image, 1));
            }
        }
        for entry in self.pairs.iter().flat_map(|pair| &pair.entries) {
            if let Content::Blocks { data, first } = entry.content {
                content::write(data, first as u32, &mut image);
            }
        }
        Ok(image)
    }

    /// The content of a metadata pair.
    fn commit(&self, number: usize, revision: u32, options: &Options) -> Commit {
        let pair = &self.pairs[number];
        let mut commit = Commit::new(revision);
        let mut id = 0;
        if number == 0 {
            commit.superblock(&options.superblock());
            commit.attributes(id, self.root);
            id += 1;
        }
        for entry in &pair.entries {
            self.entry(entry, id, &mut commit);
            id += 1;
        }
        if let Some(next) = self.pairs.get(number + 1) {
            let tail = match pair.continues {
                true => Tail::Hard,
                false => Tail::Soft,
            };
            commit.tail(tail, next.blocks());
        }
        commit
    }

    /// Writes an entry and its attributes.
    fn entry(&self, entry: &Entry<'_>, id: u16, commit: &mut Commit) {
        let name = entry.name.0.as_bytes();
        match entry.content {
            Content::Inline(data) => commit.inline_file(id, name, data),
            Content::Blocks { data, first } => {
                let size = data.len() as u32;
                commit.ctz_file(id, name, first as u32 + ctz_blocks(size) - 1, size);
            }
            Content::Directory { pair, .. } => {
                commit.directory(id, name, self.pairs[pair].blocks());
            }
        }
        commit.attributes(id, entry.attributes);
    }
}

impl<'a> Entry<'a> {
    fn new(name: &'a Name, node: &'a Node) -> Self {
        let content = match &node.kind {
            Kind::File(data) if data.len() <= INLINE_MAX => Content::Inline(data),
            Kind::File(data) => Content::Blocks { data, first: 0 },
            Kind::Directory(entries) => Content::Directory { entries, pair: 0 },
        };
        Self {
            name,
            attributes: &node.attributes,
            place: node.place,
            content,
        }
    }

    /// Bytes that it takes in a metadata block.
    fn bytes(&self) -> usize {
        let content = match self.content {
            Content::Inline(data) => data.len(),
            // Both are two block numbers, or a block number and a size.
            Content::Blocks { .. } | Content::Directory { .. } => 8,
        };
        TAG_SIZE + self.name.0.len() + TAG_SIZE + content + attributes_bytes(self.attributes)
    }
}

impl Pair<'_> {
    /// Its two blocks.
    fn blocks(&self) -> [u32; 2] {
        let first = self.first as u32;
        [first, first + 1]
    }
}

/// Looks for a name that is too long in the directory at `parents`, and below it.
fn check_names(entries: &Entries, parents: &str, name_max: u32) -> Result<(), BuildError> {
    for (Name(name), node) in entries {
        let path = match parents {
            "" => name.clone(),
            _ => format!("{parents}/{name}"),
        };
        if name.len() > name_max as usize {
            return Err(BuildError::NameTooLong { path, name_max });
        }
        if let Kind::Directory(entries) = &node.kind {
            check_names(entries, &path, name_max)?;
        }
    }
    Ok(())
}

/// The bytes of a block.
fn block(image: &mut [u8], number: usize) -> &mut [u8] {
    &mut image[number * BLOCK_SIZE..][..BLOCK_SIZE]
}

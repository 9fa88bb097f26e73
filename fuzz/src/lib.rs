//! What the fuzz targets share; here, those of LittleFS images.

pub mod device;

use littlefs_image::{
    BLOCK_SIZE, OutOfBounds, Storage,
    format::{CRC_SEED, TAG_SEED, Tag, crc32, kind},
    read::{Error, Image, Node, Step},
    run,
};

/// More bytes or calls than any image of a fuzzer's size (16 KiB) can rightly take.
const BUDGET: u64 = 64 << 20;

/// An image in memory that counts what is read.
pub struct Counted<'a> {
    bytes: &'a [u8],
    read: u64,
}

impl<'a> Counted<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Counted { bytes, read: 0 }
    }

    pub fn blocks(&self) -> u32 {
        (self.bytes.len() / BLOCK_SIZE) as u32
    }
}

impl Storage for Counted<'_> {
    type Error = OutOfBounds;

    async fn read(&mut self, offset: u32, buf: &mut [u8]) -> Result<(), OutOfBounds> {
        self.read += 1 + buf.len() as u64;
        assert!(self.read < BUDGET, "it does not end");
        let read = self.bytes.read(offset, buf).await;
        assert!(read.is_ok(), "{} bytes at {offset} are outside", buf.len());
        read
    }
}

/// Makes whole blocks of the input, whose checksums are right wherever there is one.
///
/// Otherwise a fuzzer would hardly ever get behind a checksum.
pub fn sealed(input: &[u8]) -> Vec<u8> {
    let mut image = input.to_vec();
    image.resize(input.len().next_multiple_of(BLOCK_SIZE), 0xff);
    for block in image.chunks_exact_mut(BLOCK_SIZE) {
        let (mut start, mut at, mut previous) = (0, 4, TAG_SEED);
        while at + 4 <= BLOCK_SIZE {
            let tag = Tag::decode(
                [block[at], block[at + 1], block[at + 2], block[at + 3]],
                previous,
            );
            let end = at + usize::from(tag.size());
            if !tag.is_valid() || end > BLOCK_SIZE {
                break;
            }
            previous = tag.0;
            if tag.is_commit_end() && tag.data_len() >= 4 && tag.kind() <= kind::CRC + 1 {
                let crc = crc32(CRC_SEED, &block[start..at + 4]);
                block[at + 4..at + 8].copy_from_slice(&crc.to_le_bytes());
                start = end;
                previous ^= tag.next_valid_bit();
            }
            at = end;
        }
    }
    image
}

/// Number of files and directories, and bytes of files.
pub type Seen = (u32, u32, u64);

/// Lists everything, with attributes, and reads the files: all of them, or the edges only.
pub fn read_all(storage: &mut Counted<'_>, wholly: bool) -> Result<Seen, Error<OutOfBounds>> {
    let image = run(Image::mount(storage, storage.blocks()))?;
    let mut seen = (0, 0, 0);
    let mut buf = [0; 256];
    let mut walk = image.walk();
    while let Some(step) = run(walk.next(storage))? {
        let (Step::Enter(entry) | Step::File(entry)) = step else {
            continue;
        };
        assert!(walk.path().ends_with(walk.name()));
        for attribute in [0, b'f', b't'] {
            run(image.attr(storage, &entry, attribute, &mut buf))?;
        }
        let found = run(image.find(storage, walk.path()))?;
        assert!(
            !wholly || found == Some(entry),
            "{:?} is not found",
            walk.path()
        );
        let Node::File(file) = entry.node else {
            seen.1 += 1;
            continue;
        };
        seen.0 += 1;
        let mut reader = image.reader(&file);
        if !wholly {
            run(reader.read(storage, &mut buf))?;
            reader.seek(file.size().saturating_sub(100));
        }
        loop {
            match run(reader.read(storage, &mut buf))? {
                0 => break,
                length => seen.2 += length as u64,
            }
        }
        assert_eq!(reader.position(), file.size());
    }
    Ok(seen)
}

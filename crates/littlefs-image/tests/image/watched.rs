//! Reading through a storage that counts, and that notices reads outside the image.

use littlefs_image::{
    Storage,
    check::{Report, check},
    read::{Error, Image, Node, Step},
    run,
};

/// Why a read failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    Outside,
    OverBudget,
}

/// An image in memory. More than `budget` bytes or calls are not read.
pub struct Watched<'a> {
    pub bytes: &'a [u8],
    pub calls: u64,
    pub read: u64,
    pub budget: u64,
}

impl<'a> Watched<'a> {
    pub fn new(bytes: &'a [u8], budget: u64) -> Self {
        Watched {
            bytes,
            calls: 0,
            read: 0,
            budget,
        }
    }

    pub fn blocks(&self) -> u32 {
        (self.bytes.len() / 4096) as u32
    }
}

impl Storage for Watched<'_> {
    type Error = Broken;

    async fn read(&mut self, offset: u32, buf: &mut [u8]) -> Result<(), Broken> {
        self.calls += 1;
        self.read += buf.len() as u64;
        if self.calls.max(self.read) > self.budget {
            return Err(Broken::OverBudget);
        }
        let start = offset as usize;
        let from = self
            .bytes
            .get(start..start + buf.len())
            .ok_or(Broken::Outside)?;
        buf.copy_from_slice(from);
        Ok(())
    }
}

/// The check, with rooms of its own.
pub fn checked(storage: &mut Watched<'_>) -> Result<Report, Error<Broken>> {
    // Both hold anything before: the check must not rely on it.
    let mut sector = [0xa5; 4096];
    let mut owners = [0x5a5a; 512];
    let blocks = storage.blocks();
    run(check(storage, blocks, &mut sector, &mut owners))
}

/// What was seen when everything was read.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Seen {
    pub files: u32,
    pub dirs: u32,
    pub bytes: u64,
}

/// Lists everything and looks at each file and attribute: at all of it, or only at its edges.
pub fn read_all(storage: &mut Watched<'_>, wholly: bool) -> Result<Seen, Error<Broken>> {
    let blocks = storage.blocks();
    let image = run(Image::mount(storage, blocks))?;
    let mut seen = Seen::default();
    let mut walk = image.walk();
    let mut depth = 0;
    let mut buf = [0; 1024];
    while let Some(step) = run(walk.next(storage))? {
        let entry = match step {
            Step::Leave => {
                depth -= 1;
                continue;
            }
            Step::Enter(entry) => {
                depth += 1;
                entry
            }
            Step::File(entry) => entry,
        };
        assert!(walk.path().ends_with(walk.name()) && !walk.name().is_empty());
        for kind in [0, 0x66, 0x74] {
            run(image.attr(storage, &entry, kind, &mut buf))?;
        }
        // Looking up each of them would take most of the time of a test.
        if wholly && (seen.files + seen.dirs).is_multiple_of(8) {
            let found = run(image.find(storage, walk.path()))?;
            assert_eq!(
                found,
                Some(entry),
                "{:?} is listed, so it is found",
                walk.path()
            );
        }
        let Node::File(file) = entry.node else {
            seen.dirs += 1;
            continue;
        };
        seen.files += 1;
        let mut reader = image.reader(&file);
        let mut length = 0;
        loop {
            let part = run(reader.read(storage, &mut buf))?;
            length += part as u32;
            if part == 0 {
                break;
            }
            if !wholly && length == 1024 {
                length = file.size().max(1500) - 500;
                reader.seek(length);
            }
        }
        if wholly {
            assert_eq!(length, file.size(), "{:?}", walk.path());
            seen.bytes += u64::from(length);
        }
    }
    assert_eq!(depth, 0, "each directory is left");
    Ok(seen)
}

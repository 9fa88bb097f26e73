//! A board for tests: the real core over a simulated flash, and frontends to put on it.
#![allow(dead_code, unreachable_pub, reason = "each test uses its part")]

pub mod by_hand;
pub mod patches;

use std::collections::BTreeMap;

use faceplate::{
    BeginError, Buffers, BuildId, Config, Confirmer, Engine, EspNvs, Region, State, Status, Tick,
    layout::{Layout, Places},
    sha256::{Compress, SOFTWARE},
    update::{Done, UploadError},
    verify::Requirements,
};
use faceplate_pack::{Gzip, Options, Stamp, pack};
use faceplate_sim::flash::{SimFlash, W25Q128_SIZE};
use littlefs_image::{
    build::{Builder, Options as BuildOptions},
    run,
};

/// The partition table of every board.
pub const PARTITIONS: &str = include_str!("../../../../../partitions.csv");

/// The core as it runs on a board.
pub type Device = Engine<SimFlash, EspNvs<SimFlash>>;

/// A numbers generator (xorshift64*), so that every run tests the same.
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next().to_le_bytes()[3]).collect()
    }
}

/// A frontend: its files, and the image of them.
pub struct Frontend {
    pub version: &'static str,
    pub files: BTreeMap<String, Vec<u8>>,
    pub image: Vec<u8>,
}

impl Frontend {
    /// An index, a small stylesheet, and scripts of about `kib` KiB in all, different for each
    /// version.
    pub fn new(version: &'static str, kib: usize) -> Self {
        Self::sized(version, kib, Options::default().size)
    }

    /// The same, packed for slots of so many bytes.
    pub fn sized(version: &'static str, kib: usize, slot: u32) -> Self {
        let mut rng = Rng::new(version.bytes().fold(7, |n, byte| n * 31 + u64::from(byte)));
        let mut files = BTreeMap::new();
        let index = format!("<!doctype html><title>{version}</title>");
        files.insert("index.html".to_owned(), index.into_bytes());
        files.insert("assets/style.css".to_owned(), rng.bytes(300));
        files.insert("assets/empty.js".to_owned(), Vec::new());
        files.insert("assets/app.js".to_owned(), rng.bytes(kib * 1024 * 3 / 4));
        files.insert("assets/vendor/lib.js".to_owned(), rng.bytes(kib * 1024 / 4));
        Self::packed(version, files, slot)
    }

    /// Many small files in about `kib` KiB, without a manifest.
    pub fn plain(kib: usize) -> Self {
        Self::plain_for(kib, BuildOptions::default().block_count)
    }

    /// The same, made for slots of so many blocks.
    pub fn plain_for(kib: usize, block_count: u32) -> Self {
        let mut files = BTreeMap::new();
        files.insert("index.html".to_owned(), b"plain".to_vec());
        for n in 0..kib / 4 {
            files.insert(format!("a{n:02}.js"), Rng::new(n as u64).bytes(3000));
        }
        let mut builder = Builder::new();
        for (path, content) in &files {
            builder.file(path, content.clone()).expect("a good name");
        }
        let options = BuildOptions {
            block_count,
            ..BuildOptions::default()
        };
        let image = builder.build(&options).expect("builds");
        Self {
            version: "",
            files,
            image,
        }
    }

    /// The same with its build id in its pages and its manifest.
    pub fn stamped(self) -> (Self, BuildId) {
        let options = Options {
            version: Some(self.version.to_owned()),
            gzip: Gzip::Never,
            stamp: Some(Stamp::Id),
            ..Options::default()
        };
        let mut files = self.files;
        let packed = pack(files.clone(), &options).expect("packs");
        files.extend(packed.report.changed);
        let frontend = Self {
            version: self.version,
            files,
            image: packed.image,
        };
        (frontend, packed.report.build.expect("stamped"))
    }

    pub fn of(version: &'static str, files: BTreeMap<String, Vec<u8>>) -> Self {
        Self::packed(version, files, Options::default().size)
    }

    /// Of these files, for slots of so many bytes.
    pub fn packed(version: &'static str, files: BTreeMap<String, Vec<u8>>, size: u32) -> Self {
        let options = Options {
            size,
            version: Some(version.to_owned()),
            gzip: Gzip::Never,
            ..Options::default()
        };
        let packed = pack(files.clone(), &options).expect("packs");
        Self {
            version,
            files,
            image: packed.image,
        }
    }
}

/// A board; clones share the flash.
#[derive(Clone)]
pub struct Board {
    pub flash: SimFlash,
    /// Where the firmware looks for the table, and for what in it.
    pub places: Places,
    /// What the firmware wants of an image.
    pub requirements: Requirements,
    /// How the firmware computes SHA-256.
    pub compress: Compress,
}

impl Board {
    /// A board as it comes from the shop: partition table, everything else blank.
    pub fn new() -> Self {
        Self::of(PARTITIONS, W25Q128_SIZE)
    }

    /// The same with another table, and a flash of so many bytes.
    pub fn of(partitions: &str, size: usize) -> Self {
        Self {
            flash: SimFlash::with_partitions(partitions, size).expect("a good table"),
            places: Places::DEFAULT,
            requirements: Requirements::any(faceplate::API),
            compress: SOFTWARE,
        }
    }

    /// A board on which `frontend` was flashed into `www_0` by cable.
    pub fn with(frontend: &Frontend) -> Self {
        Self::new().flashed(frontend)
    }

    /// The same board after that.
    pub fn flashed(self, frontend: &Frontend) -> Self {
        let www_0 = self.slot(0).offset;
        self.flash.poke(www_0, &frontend.image).expect("in bounds");
        self
    }

    /// The same flash content on another board, with counters at zero.
    pub fn fork(&self) -> Self {
        Self {
            flash: self.flash.fork(),
            ..*self
        }
    }

    pub fn layout(&self) -> Layout {
        run(Layout::read(&mut self.flash.clone(), self.places))
    }

    pub fn nvs(&self) -> Region {
        self.layout().nvs.expect("a good table")
    }

    pub fn slot(&self, index: usize) -> Region {
        self.layout().slots.expect("a good table")[index]
    }

    /// What the firmware does at reset, at time 0.
    pub fn boot(&self) -> Device {
        self.boot_with(4 << 20)
    }

    /// The same with a firmware that was built for slots of so many bytes.
    pub fn boot_with(&self, slot_bytes: u32) -> Device {
        let layout = self.layout();
        let nvs = EspNvs::in_layout(self.flash.clone(), &layout);
        let buffers = Buffers::boxed(slot_bytes).expect("a small slot");
        run(Engine::boot(
            self.flash.clone(),
            nvs,
            layout,
            Config {
                requirements: self.requirements,
                block_erase: true,
                compress: self.compress,
            },
            buffers,
            0,
        ))
    }
}

/// Uploads `image` as a client does, in pieces of a TCP segment.
pub fn upload(device: &Device, image: &[u8], confirmer: Confirmer) -> Result<Done, Refused> {
    let length = u32::try_from(image.len()).expect("a small image");
    let mut upload = device.begin(length, confirmer).map_err(Refused::Begin)?;
    run(async {
        for piece in image.chunks(1460) {
            upload.write(piece).await?;
        }
        upload.finish(None).await?.activate()
    })
    .map_err(Refused::Upload)
}

/// Why an upload came to nothing.
#[derive(Debug, PartialEq)]
pub enum Refused {
    Begin(BeginError),
    Upload(UploadError),
}

/// Boots, and uploads over what runs.
pub fn install(board: &Board, frontend: &Frontend, confirmer: Confirmer) -> Result<(), String> {
    upload(&board.boot(), &frontend.image, confirmer)
        .map(|_| ())
        .map_err(|error| format!("{error:?}"))
}

/// Whether all files of `frontend`, and the index above all, are what the device serves.
pub fn serves(device: &Device, frontend: &Frontend) -> bool {
    frontend
        .files
        .iter()
        .all(|(path, content)| read(device, path).as_ref() == Some(content))
}

/// A file as the device serves it.
pub fn read(device: &Device, path: &str) -> Option<Vec<u8>> {
    let mut file = device.open(path).expect("readable")?;
    let mut content = Vec::new();
    let mut chunk = [0; 1000];
    loop {
        match file.read(&mut chunk).expect("readable") {
            0 => return Some(content),
            n => content.extend_from_slice(&chunk[..n]),
        }
    }
}

/// The status at time 0.
pub fn status(device: &Device) -> Status {
    device.status(0)
}

/// Lets the device serve long enough to confirm what it runs.
pub fn settle(device: &Device) {
    if status(device).state == State::Trial {
        assert_eq!(device.confirm(None), Ok(()));
    }
}

/// Lets so much time pass.
pub fn pass(device: &Device, seconds: u64) -> Tick {
    device.tick(seconds * 1000).expect("NVS works")
}

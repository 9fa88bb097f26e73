//! The core of Faceplate: a device's web frontend in two flash slots, updated without ever being
//! lost.
//!
//! Everything here is `no_std`, without heap, and generic over an `embedded-storage` flash and an
//! [`Nvs`] store, so that the same code runs on the chip and in a simulator.
//!
//! - [`layout`] finds the slots by their labels in the partition table on flash.
//! - [`boot`] decides which slot to serve, as a pure function of what is on flash.
//! - [`verify`] proves that a slot holds a whole frontend.
//! - [`update`] writes an image into the inactive slot, checks it, and switches.
//! - [`Engine`] puts these together for one device: what runs, what is on trial, what comes next.
#![no_std]
#![forbid(unsafe_code)]

pub mod boot;
mod build_id;
mod engine;
#[cfg(feature = "esp-nvs")]
mod esp_nvs;
pub mod layout;
pub mod manifest;
pub mod marks;
pub mod media;
pub mod nvs;
mod region;
pub mod sha256;
mod slot;
mod text;
pub mod update;
pub mod verify;
mod write;

pub use build_id::{BuildId, NotABuildId};
pub use engine::{
    BeginError, Config, ConfirmError, Engine, Fault, OpenFile, RollbackError, SlotStatus, State,
    Status, Tick, TrialStatus,
};
#[cfg(feature = "esp-nvs")]
pub use esp_nvs::{Credentials, EspNvs, EspNvsError, Foreign, Number};
use littlefs_image::check::BLOCKS_MAX;
pub use nvs::{Confirmer, ImageRecord, Last, NAMESPACE, Nvs, Outcome, Stored, Trial, forget_image};
pub use region::{Region, RegionReader};
use sha256::Compress;
pub use slot::Slot;
pub use text::{Text, text};

/// The API that this release of the firmware offers to frontends; their manifests say which they need.
pub const API: u16 = 1;

/// Bytes of a flash sector, the smallest erase of SPI NOR flash, and of a LittleFS block here.
pub const SECTOR: u32 = 4096;

/// Bytes of the large erase that SPI NOR flash offers (command D8h, e.g. W25Q128 datasheet).
pub const BLOCK: u32 = 64 * 1024;

/// What a check or an update works with: 4 KiB for a sector, 1 KiB for where the check is, and two bytes
/// for each sector of the largest slot. One at a time uses it.
///
/// Whoever builds the firmware says how large a slot may be: `Buffers<[u16; 256]>` is for slots of
/// up to 1 MiB, [`sectors`] counts. What works with buffers takes those of any size.
#[derive(Debug)]
pub struct Buffers<T: ?Sized = [u16]> {
    /// How SHA-256 is computed.
    pub compress: Compress,
    /// The one sector that is being filled, written or checked.
    pub sector: Sector,
    /// Where a check is.
    work: verify::Work,
    /// For each block of the image, who owns it; the checker's.
    pub owners: T,
}

/// One sector, aligned for flash drivers that would otherwise copy it.
#[derive(Debug)]
#[repr(align(4))]
pub struct Sector(pub [u8; SECTOR as usize]);

/// Sectors of a slot of so many bytes: the numbers that [`Buffers`] need.
pub const fn sectors(slot_bytes: u32) -> usize {
    slot_bytes.div_ceil(SECTOR) as usize
}

/// The largest slot that the checker can handle, bytes: 32 MiB less one block. Two of half that size
/// fill the largest flash of these chips.
pub const SLOT_MAX: u32 = BLOCKS_MAX * SECTOR;

impl<const SECTORS: usize> Buffers<[u16; SECTORS]> {
    /// Blank buffers, hashing in software; `const`, so that they can live in a `static`.
    pub const fn new() -> Self {
        Self::with(sha256::SOFTWARE)
    }

    /// Blank buffers.
    pub const fn with(compress: Compress) -> Self {
        Self {
            compress,
            sector: Sector([0; SECTOR as usize]),
            work: verify::Work::new(compress),
            owners: [0; SECTORS],
        }
    }
}

impl Buffers {
    /// Bytes of the largest slot that these are for.
    pub const fn room(&self) -> u32 {
        // As many as a chip has memory for: far less than the number can hold.
        self.owners.len() as u32 * SECTOR
    }
}

impl<const SECTORS: usize> Default for Buffers<[u16; SECTORS]> {
    fn default() -> Self {
        Self::new()
    }
}

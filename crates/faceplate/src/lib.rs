//! The core of Faceplate: a device's web frontend in two flash slots, updated without ever being
//! lost.
//!
//! Everything here is `no_std`, without heap, and generic over an `embedded-storage` flash and an
//! [`Nvs`] store, so that the same code runs on the chip and in a simulator.
//!
//! - [`layout`] finds the slots by their labels in the partition table on flash.
//! - [`boot`] decides which slot to serve, as a pure function of what is on flash.
//! - [`verify`] proves that a slot holds a whole frontend, and [`signature`] who made it.
//! - [`update`] writes an image into the inactive slot, checks it, and switches.
//! - [`patch`] is an image as what it has in common with the one that runs; [`chunks`] tell a client what that is.
//! - [`Engine`] puts these together for one device: what runs, what is on trial, what comes next.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod boot;
mod buffers;
mod build_id;
pub mod chunks;
mod engine;
#[cfg(feature = "esp-nvs")]
mod esp_nvs;
pub mod gear;
pub mod layout;
pub mod manifest;
pub mod marks;
pub mod media;
pub mod nvs;
pub mod patch;
mod reading;
mod region;
pub mod sha256;
pub mod signature;
mod slot;
mod text;
pub mod update;
pub mod verify;
mod write;

pub use buffers::{Buffers, Room, sectors};
pub use build_id::{BuildId, NotABuildId};
pub use engine::{
    BeginError, Chunks, Config, ConfirmError, Engine, Fault, OpenFile, Refused, RollbackError,
    SlotStatus, State, Status, Tick, TrialStatus,
};
#[cfg(feature = "esp-nvs")]
pub use esp_nvs::{Credentials, EspNvs, EspNvsError, Foreign, Number, SetupPassword};
use littlefs_image::check::BLOCKS_MAX;
pub use nvs::{Confirmer, ImageRecord, Last, NAMESPACE, Nvs, Outcome, Stored, Trial, forget_image};
pub use region::{Region, RegionReader};
pub use signature::{KeyId, PublicKey, Signers};
pub use slot::Slot;
pub use text::{Text, text};

/// The API that this release of the firmware offers to frontends; their manifests say which they need.
pub const API: u16 = 1;

/// Bytes of a flash sector, the smallest erase of SPI NOR flash, and of a LittleFS block here.
pub const SECTOR: u32 = 4096;

/// Bytes of the large erase that SPI NOR flash offers (command D8h, e.g. W25Q128 datasheet).
pub const BLOCK: u32 = 64 * 1024;

/// The largest slot that the checker can handle, bytes: 32 MiB less one block. Two of half that size
/// fill the largest flash of these chips.
pub const SLOT_MAX: u32 = BLOCKS_MAX * SECTOR;

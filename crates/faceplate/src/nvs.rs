//! What is remembered across reboots, in ESP-IDF's non-volatile storage (NVS).
//!
//! Each record is one key and changes by one atomic set; see [`crate::boot`] for why their order
//! makes every power cut safe.

use core::fmt;

use crate::Slot;

/// The NVS namespace of all keys below.
pub const NAMESPACE: &str = "www";

/// `u8`: number of the slot to boot; absent means 0.
const ACTIVE: &str = "active";
/// `u32`: a [`Trial`]; absent means none.
const TRIAL: &str = "trial";
/// Blob: the [`ImageRecord`] of each slot; absent means unknown.
const IMAGES: [&str; 2] = ["img0", "img1"];
/// `u32`: the [`Last`] change of slot; absent means none yet.
const LAST: &str = "last";
/// `u32`: the highest sequence of a confirmed frontend; absent means 0.
const CONFIRMED: &str = "seq";

/// Port to the NVS partition, namespace [`NAMESPACE`].
///
/// Every `set_` is atomic: after a power cut the key has its old value or the new one, and other
/// keys are untouched. A key of another type than asked for reads as absent.
pub trait Nvs {
    /// What a failed access reports.
    type Error: fmt::Debug + fmt::Display;

    /// The value of a `u8` key, or `None` when there is none.
    fn get_u8(&mut self, key: &str) -> Result<Option<u8>, Self::Error>;
    /// The value of a `u32` key, or `None` when there is none.
    fn get_u32(&mut self, key: &str) -> Result<Option<u32>, Self::Error>;
    /// Copies a blob of exactly `buf.len()` bytes; `false` when there is none of that length.
    fn get_blob(&mut self, key: &str, buf: &mut [u8]) -> Result<bool, Self::Error>;
    /// Stores a `u8`.
    fn set_u8(&mut self, key: &str, value: u8) -> Result<(), Self::Error>;
    /// Stores a `u32`.
    fn set_u32(&mut self, key: &str, value: u32) -> Result<(), Self::Error>;
    /// Stores a blob.
    fn set_blob(&mut self, key: &str, value: &[u8]) -> Result<(), Self::Error>;
    /// Removes a key; removing an absent one is no error.
    fn remove(&mut self, key: &str) -> Result<(), Self::Error>;
}

/// Who says that a new frontend works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmer {
    /// The device, once it has served for [`Self::DEVICE_MS`] without a reset.
    Device,
    /// A client, by the API, within so many seconds of the boot.
    Client {
        /// Seconds; [`Self::WITHIN_S`] says from where to where.
        within_s: u16,
    },
}

impl Confirmer {
    /// How long the device serves before it confirms, milliseconds.
    pub const DEVICE_MS: u64 = 30_000;
    /// The windows that a client may ask for, seconds.
    pub const WITHIN_S: core::ops::RangeInclusive<u16> = 10..=3600;
    /// The window of a client that names none, seconds: time for a phone to come back to the
    /// network after the reboot.
    pub const DEFAULT_WITHIN_S: u16 = 120;

    const fn window_s(self) -> u16 {
        match self {
            Self::Device => 0,
            Self::Client { within_s } => within_s,
        }
    }

    const fn from_window_s(window_s: u16) -> Self {
        match window_s {
            0 => Self::Device,
            within_s => Self::Client { within_s },
        }
    }
}

/// A frontend that still has to prove itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trial {
    /// The slot on trial; when that is not the active one, the record is stale and ignored.
    pub slot: Slot,
    /// How many more boots it gets to be confirmed in.
    pub boots_left: u8,
    /// Who confirms.
    pub confirmer: Confirmer,
}

impl Trial {
    /// Boots that a new frontend gets.
    pub const BOOTS: u8 = 3;

    /// The trial that a switch to `slot` starts.
    pub const fn new(slot: Slot, confirmer: Confirmer) -> Self {
        Self {
            slot,
            boots_left: Self::BOOTS,
            confirmer,
        }
    }

    /// As stored: slot, boots left, window in seconds (little endian `u16`; 0 = the device).
    pub const fn encode(self) -> u32 {
        let [low, high] = self.confirmer.window_s().to_le_bytes();
        u32::from_le_bytes([self.slot.number(), self.boots_left, low, high])
    }

    /// The reverse of [`Self::encode`]; `None` for what it never makes.
    pub const fn decode(value: u32) -> Option<Self> {
        let [slot, boots_left, low, high] = value.to_le_bytes();
        match Slot::from_number(slot) {
            Some(slot) => Some(Self {
                slot,
                boots_left,
                confirmer: Confirmer::from_window_s(u16::from_le_bytes([low, high])),
            }),
            None => None,
        }
    }
}

/// Why the active slot is what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// An upload was switched to.
    Updated,
    /// Somebody asked for the other slot.
    RolledBack,
    /// The frontend was not confirmed within its window, so the device went back.
    NotConfirmed,
    /// The device restarted too often before the frontend was confirmed, and went back.
    KeptRestarting,
    /// The frontend did not pass the check at boot, so the device went to the other.
    DidNotMount,
    /// The trial ended unconfirmed, but there was nothing to go back to.
    Kept,
    /// Somebody asked to go back before the frontend was confirmed. Firmware from before this one
    /// takes the record for none.
    TakenBack,
    /// Somebody asked for the other slot, which had been taken back before it was confirmed; the same
    /// holds for older firmware.
    Returned,
}

impl Outcome {
    const ALL: [(u8, Self); 8] = [
        (1, Self::Updated),
        (2, Self::RolledBack),
        (3, Self::NotConfirmed),
        (4, Self::KeptRestarting),
        (5, Self::DidNotMount),
        (6, Self::Kept),
        (7, Self::TakenBack),
        (8, Self::Returned),
    ];

    fn code(self) -> u8 {
        Self::ALL
            .iter()
            .find(|(_, outcome)| *outcome == self)
            .map_or(0, |(code, _)| *code)
    }

    fn from_code(code: u8) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(known, _)| *known == code)
            .map(|(_, outcome)| *outcome)
    }

    /// What happened, as the API says it: `updated`, `rolled_back`, `fell_back` or `kept`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Updated => "updated",
            Self::RolledBack | Self::TakenBack | Self::Returned => "rolled_back",
            Self::NotConfirmed | Self::KeptRestarting | Self::DidNotMount => "fell_back",
            Self::Kept => "kept",
        }
    }

    /// Why, as the API says it; `None` when somebody just asked for it.
    pub const fn reason(self) -> Option<&'static str> {
        match self {
            Self::Updated | Self::RolledBack | Self::Returned => None,
            Self::NotConfirmed | Self::TakenBack => Some("not_confirmed"),
            Self::KeptRestarting => Some("kept_restarting"),
            Self::DidNotMount => Some("did_not_mount"),
            Self::Kept => Some("no_way_back"),
        }
    }
}

/// The last change of slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Last {
    /// What happened.
    pub outcome: Outcome,
    /// The slot that was active before.
    pub from: Slot,
    /// The slot that became active. When it is not, the change was cut off and the record is
    /// stale.
    pub to: Slot,
}

impl Last {
    /// As stored: outcome, from, to, 0.
    pub fn encode(self) -> u32 {
        u32::from_le_bytes([self.outcome.code(), self.from.number(), self.to.number(), 0])
    }

    /// The reverse of [`Self::encode`]; `None` for what it never makes.
    pub fn decode(value: u32) -> Option<Self> {
        let [code, from, to, _] = value.to_le_bytes();
        Some(Self {
            outcome: Outcome::from_code(code)?,
            from: Slot::from_number(from)?,
            to: Slot::from_number(to)?,
        })
    }
}

/// The image that was last verified in a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageRecord {
    /// Its length in bytes.
    pub len: u32,
    /// SHA-256 of these bytes.
    pub sha256: [u8; 32],
}

impl ImageRecord {
    /// In place of a record: an upload into the slot began, and whatever it holds was not verified
    /// since. No image is empty, so none has this.
    pub const UNFINISHED: Self = Self {
        len: 0,
        sha256: [0; 32],
    };

    /// Bytes of the stored form.
    const LEN: usize = 36;

    fn encode(&self) -> [u8; Self::LEN] {
        let mut out = [0; Self::LEN];
        let (len, sha256) = out.split_at_mut(4);
        len.copy_from_slice(&self.len.to_le_bytes());
        sha256.copy_from_slice(&self.sha256);
        out
    }

    fn decode(bytes: &[u8; Self::LEN]) -> Self {
        let mut len = [0; 4];
        let mut sha256 = [0; 32];
        len.copy_from_slice(&bytes[..4]);
        sha256.copy_from_slice(&bytes[4..]);
        Self {
            len: u32::from_le_bytes(len),
            sha256,
        }
    }
}

/// All that is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stored {
    /// The slot to boot, where one was ever chosen.
    pub active: Option<Slot>,
    /// The trial record, stale or not.
    pub trial: Option<Trial>,
    /// What was last verified in each slot.
    pub images: [Option<ImageRecord>; 2],
    /// The last change of slot, stale or not.
    pub last: Option<Last>,
    /// The highest sequence that was confirmed.
    pub confirmed: u32,
}

impl Stored {
    /// Reads all keys. Values that mean nothing count as absent.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn load<N: Nvs>(nvs: &mut N) -> Result<Self, N::Error> {
        let mut images = [None; 2];
        for (key, image) in IMAGES.into_iter().zip(&mut images) {
            let mut bytes = [0; ImageRecord::LEN];
            if nvs.get_blob(key, &mut bytes)? {
                *image = Some(ImageRecord::decode(&bytes));
            }
        }
        Ok(Self {
            active: nvs.get_u8(ACTIVE)?.and_then(Slot::from_number),
            trial: nvs.get_u32(TRIAL)?.and_then(Trial::decode),
            images,
            last: nvs.get_u32(LAST)?.and_then(Last::decode),
            confirmed: nvs.get_u32(CONFIRMED)?.unwrap_or(0),
        })
    }
}

/// Forgets what was verified in `slot`, for those who put an image there by other means than an
/// upload: the record of the one before, or of an upload that was cut, says nothing about it.
///
/// # Errors
/// When the store fails.
pub fn forget_image<N: Nvs>(nvs: &mut N, slot: Slot) -> Result<(), N::Error> {
    nvs.remove(IMAGES[slot.index()])
}

/// One change of one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// An image was verified in this slot.
    Image(Slot, ImageRecord),
    /// A trial begins or goes on.
    Trial(Trial),
    /// Nothing is on trial any more.
    NoTrial,
    /// Why the active slot changes.
    Last(Last),
    /// The slot to boot.
    Active(Slot),
    /// A frontend of this sequence was confirmed, the highest so far.
    Confirmed(u32),
}

impl Change {
    /// Stores it.
    ///
    /// # Errors
    /// When the store fails; the old value is still there.
    pub fn apply<N: Nvs>(&self, nvs: &mut N) -> Result<(), N::Error> {
        match self {
            Self::Image(slot, record) => nvs.set_blob(IMAGES[slot.index()], &record.encode()),
            Self::Trial(trial) => nvs.set_u32(TRIAL, trial.encode()),
            Self::NoTrial => nvs.remove(TRIAL),
            Self::Last(last) => nvs.set_u32(LAST, last.encode()),
            Self::Active(slot) => nvs.set_u8(ACTIVE, slot.number()),
            Self::Confirmed(sequence) => nvs.set_u32(CONFIRMED, *sequence),
        }
    }
}

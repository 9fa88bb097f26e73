//! Whether an upload may begin, and where it goes.

use core::{cell::RefMut, fmt};

use super::{Engine, status::State};
use crate::{
    Buffers, Region, SECTOR, Slot,
    layout::LayoutError,
    patch::{Header, LONGER_MAX, PatchError},
    text::Text,
    verify::{BadLength, Problem},
};

/// Why an upload may not begin. Nothing was touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BeginError {
    /// Another upload, or a check of the other slot, runs.
    Busy,
    /// The running frontend is on trial, so the other slot is its way back.
    OnTrial,
    /// A change of slot was made and the device is about to restart.
    Restarting,
    /// The image is longer than the slot of so many bytes.
    TooLarge {
        /// Bytes of a slot.
        slot_size: u32,
    },
    /// It is shorter than the first block of an image.
    BadLength,
    /// There are no slots to write to.
    NoSlots(LayoutError),
    /// The patch is for another image than the one in the active slot.
    OtherBase,
    /// The patch cannot be followed.
    Patch(PatchError),
    /// NVS failed at boot or since, so it is not sure which slot the next boot serves.
    Nvs(Text),
}

impl fmt::Display for BeginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => f.write_str("another upload is running"),
            Self::OnTrial => {
                f.write_str("the running frontend is still on trial; confirm it or roll back first")
            }
            Self::Restarting => f.write_str("the device is about to restart"),
            Self::TooLarge { slot_size } => {
                write!(f, "the image is longer than a slot of {slot_size} bytes")
            }
            Self::BadLength => BadLength.fmt(f),
            Self::NoSlots(error) => error.fmt(f),
            Self::OtherBase => f.write_str(
                "the patch is for another frontend than the one in the active slot; send the whole image",
            ),
            Self::Patch(error) => error.fmt(f),
            Self::Nvs(error) => write!(f, "the settings store (NVS) failed: {error}"),
        }
    }
}

impl core::error::Error for BeginError {}

/// Whether an image may have `total` bytes, for a slot in this region.
pub(crate) fn fits(total: u32, region: Region) -> Result<(), BeginError> {
    let slot_size = region.len;
    match total {
        // Of all others the first sector tells whether they were cut.
        0..SECTOR => Err(BeginError::BadLength),
        _ if total > slot_size => Err(BeginError::TooLarge { slot_size }),
        _ => Ok(()),
    }
}

/// Where an upload goes.
pub(crate) struct Place<'e> {
    /// What it works with. That these are lent is what keeps another upload away.
    pub buffers: RefMut<'e, Buffers>,
    /// The inactive slot.
    pub slot: Slot,
    /// Where that is on flash.
    pub region: Region,
    /// Whether large erases of it do.
    pub block_erase: bool,
    /// Whether what is read from it can be trusted to stay so.
    pub trusted: bool,
}

impl<F, N> Engine<F, N> {
    /// Lends the inactive slot for an upload.
    ///
    /// # Errors
    /// When there must not be one now.
    pub(crate) fn lend(&self) -> Result<Place<'_>, BeginError> {
        let regions = self.regions.map_err(BeginError::NoSlots)?;
        if self.restarting.get() {
            return Err(BeginError::Restarting);
        }
        let buffers = self
            .buffers
            .try_borrow_mut()
            .map_err(|_| BeginError::Busy)?;
        if self.state() == State::Trial {
            return Err(BeginError::OnTrial);
        }
        if let Some(error) = self.nvs_fault.borrow().as_ref() {
            return Err(BeginError::Nvs(error.clone()));
        }
        let slot = self.active.other();
        let region = regions[slot.index()];
        // A slot that holds a frontend was read and verified; an empty one was never written.
        let trusted = matches!(
            &self.slots.borrow()[slot.index()],
            Ok(_) | Err(Problem::Empty)
        );
        Ok(Place {
            buffers,
            slot,
            region,
            block_erase: self.config.block_erase,
            trusted,
        })
    }

    /// Reads the header of a patch of `len` bytes in all.
    ///
    /// # Errors
    /// When it is none, or not for the image that is in the active slot.
    pub(crate) fn patch_header(
        &self,
        header: &[u8; Header::LEN],
        len: u64,
    ) -> Result<Header, BeginError> {
        let header = Header::decode(header).map_err(BeginError::Patch)?;
        if len > u64::from(header.image_len) + u64::from(LONGER_MAX) {
            return Err(BeginError::Patch(PatchError::Long));
        }
        let slots = self.slots.borrow();
        let active = slots[self.active.index()].as_ref().ok();
        let is_there = active.is_some_and(|active| {
            (active.record.len, active.record.sha256) == (header.base_len, header.base_sha256)
        });
        // What copies nothing works anywhere.
        match is_there || header.base_len == 0 {
            true => Ok(header),
            false => Err(BeginError::OtherBase),
        }
    }
}

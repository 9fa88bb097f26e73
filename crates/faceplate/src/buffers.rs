//! The large memory of a device: what a check or an update works with.

#[cfg(feature = "alloc")]
use alloc::boxed::Box;
use core::ops::{Deref, DerefMut};

use crate::{
    SECTOR,
    sha256::{self, Compress},
    verify,
};

/// What a check or an update works with: 4 KiB for a sector, 1 KiB for where the check is, and two bytes
/// for each sector of the largest slot. One at a time uses it.
///
/// Whoever builds the firmware says how large a slot may be: `Buffers<[u16; 256]>` is for slots of
/// up to 1 MiB, [`sectors`] counts. What works with buffers takes those of any size.
#[derive(Debug)]
pub struct Buffers<T: ?Sized = [u16]> {
    /// How SHA-256 is computed: in software, or as the engine that has these is told.
    pub compress: Compress,
    /// The one sector that is being filled, written or checked.
    pub sector: Sector,
    /// Where a check is.
    pub(crate) work: verify::Work,
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

impl<const SECTORS: usize> Buffers<[u16; SECTORS]> {
    /// Blank buffers.
    pub const fn new() -> Self {
        Self {
            compress: sha256::SOFTWARE,
            sector: Sector([0; SECTOR as usize]),
            work: verify::Work::new(sha256::SOFTWARE),
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

/// The buffers of one engine, which has them for as long as it is there. They are never a part of it: so
/// large a value would be moved over the stack of whoever boots.
#[derive(Debug)]
pub enum HeldBuffers {
    /// In a `static`, or leaked.
    Static(&'static mut Buffers),
    /// On the heap, and gone with the engine.
    #[cfg(feature = "alloc")]
    Boxed(Box<Buffers>),
}

impl Deref for HeldBuffers {
    type Target = Buffers;

    fn deref(&self) -> &Buffers {
        match self {
            Self::Static(buffers) => buffers,
            #[cfg(feature = "alloc")]
            Self::Boxed(buffers) => buffers,
        }
    }
}

impl DerefMut for HeldBuffers {
    fn deref_mut(&mut self) -> &mut Buffers {
        match self {
            Self::Static(buffers) => buffers,
            #[cfg(feature = "alloc")]
            Self::Boxed(buffers) => buffers,
        }
    }
}

//! The large memory of a device: what a check or an update works with.

#[cfg(feature = "alloc")]
use alloc::{boxed::Box, vec::Vec};
use core::ops::{Deref, DerefMut};

use crate::{
    SECTOR,
    sha256::{self, Compress},
    update::Patching,
    verify::Work,
};

/// What a check or an update works with. One at a time uses it.
///
/// That is 4 KiB for a sector, 1 KiB for where the check is, and two bytes for each sector of the largest
/// slot. They stay where whoever makes this has them, in a [`Room`] or on the heap: nothing so large is moved
/// over a stack.
#[derive(Debug)]
pub struct Buffers {
    /// How SHA-256 is computed: in software, or as the engine is told that has these.
    pub(crate) compress: Compress,
    /// The one sector that is being filled, written or checked.
    pub(crate) sector: Held<[u8; SECTOR as usize]>,
    /// Where a check is.
    pub(crate) work: Held<[Work; 1]>,
    /// What is read of a patch.
    pub(crate) patch: Patching,
    /// For each block of the image, who owns it; the checker's.
    pub(crate) owners: Held<[u16]>,
}

impl Buffers {
    /// Buffers on the heap for slots of up to so many bytes, or up to [`SLOT_MAX`](crate::SLOT_MAX); `None`
    /// where there is no room.
    #[cfg(feature = "alloc")]
    #[must_use]
    #[inline(never)]
    pub fn boxed(slot_bytes: u32) -> Option<Self> {
        let sector = on_heap(SECTOR as usize, || 0)?;
        let work = on_heap(1, Work::new)?;
        let owners = on_heap(sectors(slot_bytes.min(crate::SLOT_MAX)), || 0)?;
        Some(Self {
            compress: sha256::SOFTWARE,
            sector: Held::Boxed(sector.try_into().ok()?),
            work: Held::Boxed(work.try_into().ok()?),
            patch: Patching::NONE,
            owners: Held::Boxed(owners),
        })
    }

    /// Bytes of the largest slot that these are for.
    #[must_use]
    pub fn room(&self) -> u32 {
        // As many as a chip has memory for: far less than the number can hold.
        self.owners.len() as u32 * SECTOR
    }
}

/// So many values, each made where it stays.
#[cfg(feature = "alloc")]
fn on_heap<T>(count: usize, make: fn() -> T) -> Option<Box<[T]>> {
    let mut values = Vec::new();
    values.try_reserve_exact(count).ok()?;
    values.resize_with(count, make);
    Some(values.into_boxed_slice())
}

/// Room for [`Buffers`] where there is no heap: a `static` of the firmware.
///
/// Whoever builds the firmware says how large a slot may be: `Room<256>` is for slots of up to 1 MiB,
/// [`sectors`] counts.
#[derive(Debug)]
pub struct Room<const SECTORS: usize> {
    sector: Sector,
    work: [Work; 1],
    owners: [u16; SECTORS],
}

/// One sector, aligned for flash drivers that would otherwise copy it.
#[derive(Debug)]
#[repr(align(4))]
struct Sector([u8; SECTOR as usize]);

/// Sectors of a slot of so many bytes: the number that a [`Room`] needs.
pub const fn sectors(slot_bytes: u32) -> usize {
    slot_bytes.div_ceil(SECTOR) as usize
}

impl<const SECTORS: usize> Room<SECTORS> {
    /// Room that is not used yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            sector: Sector([0; SECTOR as usize]),
            work: [Work::new()],
            owners: [0; SECTORS],
        }
    }

    /// The buffers that it is for.
    #[must_use]
    pub fn buffers(&'static mut self) -> Buffers {
        Buffers {
            compress: sha256::SOFTWARE,
            sector: Held::Static(&mut self.sector.0),
            work: Held::Static(&mut self.work),
            patch: Patching::NONE,
            owners: Held::Static(&mut self.owners),
        }
    }
}

impl<const SECTORS: usize> Default for Room<SECTORS> {
    fn default() -> Self {
        Self::new()
    }
}

/// Memory that is somebody's for as long as they want.
#[derive(Debug)]
pub(crate) enum Held<T: ?Sized + 'static> {
    Static(&'static mut T),
    #[cfg(feature = "alloc")]
    Boxed(Box<T>),
}

impl<T: ?Sized> Deref for Held<T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Self::Static(value) => value,
            #[cfg(feature = "alloc")]
            Self::Boxed(value) => value,
        }
    }
}

impl<T: ?Sized> DerefMut for Held<T> {
    fn deref_mut(&mut self) -> &mut T {
        match self {
            Self::Static(value) => value,
            #[cfg(feature = "alloc")]
            Self::Boxed(value) => value,
        }
    }
}

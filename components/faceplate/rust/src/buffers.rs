//! Memory for checks and updates, as much as the slots in the partition table need.

use alloc::boxed::Box;

use faceplate::{Buffers, SLOT_MAX, sectors};

use crate::runtime::boxed;

const MIB: u32 = 1 << 20;

/// Buffers for slots of so many bytes, on the heap for ever. The core wants their size when it is built:
/// they are as for the next power of two.
pub(crate) fn buffers(slot_bytes: u32) -> Option<&'static mut Buffers> {
    Some(match slot_bytes.div_ceil(MIB) {
        0..=1 => leaked::<{ sectors(MIB) }>()?,
        2 => leaked::<{ sectors(2 * MIB) }>()?,
        3..=4 => leaked::<{ sectors(4 * MIB) }>()?,
        5..=8 => leaked::<{ sectors(8 * MIB) }>()?,
        9..=16 => leaked::<{ sectors(16 * MIB) }>()?,
        // Still larger ones are refused by the core.
        _ => leaked::<{ sectors(SLOT_MAX) }>()?,
    })
}

fn leaked<const SECTORS: usize>() -> Option<&'static mut Buffers<[u16; SECTORS]>> {
    boxed(Buffers::new()).map(Box::leak)
}

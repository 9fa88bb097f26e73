//! What a device makes of the flash that it starts with.

use faceplate::{
    Buffers, SLOT_MAX,
    layout::{Layout, Places},
    verify::{Problem, Requirements, at_boot},
};
use littlefs_image::run as now;

use crate::flash::SimFlash;

/// What a device finds at its first boot, asked as it asks.
#[derive(Debug, Clone)]
pub struct First {
    /// The partitions that it works with, each with what is wrong with it.
    pub layout: Layout,
    /// Whether it would serve what is in the first slot.
    pub frontend: Result<(), Problem>,
}

impl First {
    /// The partitions alone.
    #[must_use]
    pub fn layout(flash: &SimFlash, places: Places) -> Layout {
        now(Layout::read(&mut flash.clone(), places))
    }

    /// Looks at a flash.
    #[must_use]
    pub fn of(flash: &SimFlash, places: Places, requirements: &Requirements) -> Self {
        let layout = Self::layout(flash, places);
        let frontend = match layout.slots {
            Ok([slot, _]) => {
                let mut buffers = Buffers::boxed(SLOT_MAX).expect("21 KiB of memory");
                now(at_boot(flash, slot, None, requirements, &mut buffers)).map(drop)
            }
            Err(error) => Err(Problem::Layout(error)),
        };
        Self { layout, frontend }
    }
}

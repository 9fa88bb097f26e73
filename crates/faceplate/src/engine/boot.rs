//! Boot: both slots are checked, one is chosen, and what that means is stored.

use core::cell::{Cell, RefCell};

use embedded_storage_async::nor_flash::NorFlash;

use super::{Config, Engine, Served, content};
use crate::{
    Buffers, Nvs, Region, Slot, Stored,
    boot::{self, Decision},
    layout::{Layout, LayoutError},
    nvs::Change,
    text::{Text, text},
    verify::{self, Problem},
};

/// How often NVS is read at boot before the device does without it.
const LOAD_TRIES: u32 = 3;

/// What NVS remembers, and what is wrong with it.
fn load<N: Nvs>(nvs: &mut N) -> (Stored, Option<Text>) {
    let mut loaded = Stored::load(nvs);
    for _ in 1..LOAD_TRIES {
        if loaded.is_err() {
            loaded = Stored::load(nvs);
        }
    }
    match loaded {
        Ok(stored) => (stored, None),
        Err(error) => (Stored::default(), Some(text(error))),
    }
}

/// The slots, if the buffers are large enough for them.
fn fitting(
    label: &'static str,
    slots: [Region; 2],
    buffers: &Buffers,
) -> Result<[Region; 2], LayoutError> {
    let (len, room) = (slots[0].len, buffers.room());
    match len > room {
        true => Err(LayoutError::TooLarge { label, len, room }),
        false => Ok(slots),
    }
}

impl<F: NorFlash + Clone, N: Nvs> Engine<F, N> {
    /// Boots: checks both slots, decides, and stores what the decision says.
    ///
    /// `now_ms` is the time at which serving starts, on the clock that [`Self::tick`] gets.
    /// A store or flash that fails never stops the boot: whatever can be served is. Slots that are
    /// larger than `buffers` are for are not used.
    pub async fn boot(
        flash: F,
        mut nvs: N,
        layout: Layout,
        config: Config,
        mut buffers: Buffers,
        now_ms: u64,
    ) -> Self {
        buffers.compress = config.compress;
        let (stored, mut nvs_fault) = match layout.nvs {
            Ok(_) => load(&mut nvs),
            Err(error) => (Stored::default(), Some(text(error))),
        };
        let labels = layout.places.slots;
        let regions = layout.slots;
        let regions = regions.and_then(|regions| fitting(labels[0], regions, &buffers));
        let slots = match &regions {
            Ok([www0, www1]) => {
                let (wanted, [image0, image1]) = (&config.requirements, stored.images);
                [
                    verify::at_boot(&flash, *www0, image0, wanted, &mut buffers).await,
                    verify::at_boot(&flash, *www1, image1, wanted, &mut buffers).await,
                ]
            }
            Err(error) => [Err(Problem::Layout(*error)), Err(Problem::Layout(*error))],
        };
        let [www0, www1] = &slots;
        let decision = boot::decide(&stored, [content(www0), content(www1)]);
        let (mut active, mut trial, changes) = match decision {
            Decision::Serve {
                slot,
                trial,
                changes,
            } => (slot, trial, changes),
            Decision::Recover => (stored.active.unwrap_or(Slot::Www0), None, [None; 3]),
        };
        let mut last = stored.last;
        for change in changes.iter().flatten() {
            // With NVS unreadable its content is unknown; leave it as it is.
            if nvs_fault.is_some() {
                break;
            }
            if let Err(error) = change.apply(&mut nvs) {
                nvs_fault = Some(text(error));
            }
            if let Change::Last(change) = change {
                last = Some(*change);
            }
        }
        let way_back = active.other();
        if nvs_fault.is_some() && trial.is_some() && slots[way_back.index()].is_ok() {
            // A trial whose boots cannot be counted might never end: this boot goes back.
            (active, trial) = (way_back, None);
        }
        let served = match (&decision, &regions, &slots[active.index()]) {
            (Decision::Serve { .. }, Ok(regions), Ok(verified)) => Some(Served {
                region: regions[active.index()],
                image: verified.image,
                hashed: verified.about.is_some(),
                marked: verified.marked,
            }),
            _ => None,
        };
        let this = Self {
            flash,
            nvs: RefCell::new(nvs),
            nvs_fault: RefCell::new(nvs_fault),
            config,
            labels,
            regions,
            active,
            served,
            last: Cell::new(last.filter(|last| last.to == active)),
            since_ms: now_ms,
            trial: Cell::new(trial),
            kept_sequence: Cell::new(stored.confirmed),
            refused: Cell::new(None),
            restarting: Cell::new(false),
            progress: Cell::new(None),
            slots: RefCell::new(slots),
            buffers: RefCell::new(buffers),
        };
        if this.nvs_fault.borrow().is_none() {
            // What a cable brought, or was confirmed before the firmware wanted to know. Where it cannot be
            // stored it counts all the same, and is tried again before a change of slot.
            _ = this.keep_confirmed();
        }
        this
    }
}

//! One device's frontend: what is served, what is on trial, what an upload may do.

mod begin;
mod boot;
mod file;
mod image;
mod progress;
mod rollback;
mod status;
mod store;
mod trial;

use core::cell::{Cell, RefCell};

use littlefs_image::read::Image;

pub(crate) use self::begin::{Place, fits};
pub use self::{
    begin::BeginError,
    file::OpenFile,
    image::Chunks,
    progress::{Phase, Progress},
    rollback::RollbackError,
    status::{Fault, Refused, SlotStatus, State, Status, TrialStatus},
    trial::{ConfirmError, Tick},
};
use crate::{
    Buffers, Last, Region, Slot, Trial,
    boot::Content,
    layout::LayoutError,
    sha256::{Compress, Sha256},
    text::Text,
    verify::{Problem, Requirements, Verified},
};

/// What the firmware decides once.
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// What it wants of an image.
    pub requirements: Requirements,
    /// Whether the flash may be erased 64 KiB at a time (quicker; a chip may stand still for it).
    pub block_erase: bool,
    /// How SHA-256 is computed: [`sha256::SOFTWARE`](crate::sha256::SOFTWARE), or with the chip's hardware.
    pub compress: Compress,
}

type SlotContent = Result<Verified, Problem>;

/// The frontend of one device. It is shared by all connections of a single-threaded executor.
///
/// `F` is a handle to the flash: cloning it gives another handle to the same chip.
pub struct Engine<F, N> {
    flash: F,
    nvs: RefCell<N>,
    /// Why it is not known, or not sure, what NVS holds; no change is begun then.
    nvs_fault: RefCell<Option<Text>>,
    config: Config,
    labels: [&'static str; 2],
    regions: Result<[Region; 2], LayoutError>,
    active: Slot,
    served: Option<Served>,
    last: Cell<Option<Last>>,
    since_ms: u64,
    trial: Cell<Option<Trial>>,
    /// The highest confirmed sequence that NVS has.
    kept_sequence: Cell<u32>,
    refused: Cell<Option<Refused>>,
    restarting: Cell<bool>,
    progress: Cell<Option<Progress>>,
    slots: RefCell<[SlotContent; 2]>,
    buffers: RefCell<Buffers>,
}

/// The frontend that is served from boot to reboot.
#[derive(Debug, Clone, Copy)]
struct Served {
    region: Region,
    image: Image,
    /// Whether its file hashes were proved by a manifest.
    hashed: bool,
    /// Whether its files are marked, and the marks were proved.
    marked: bool,
}

fn content(slot: &SlotContent) -> Content {
    match slot {
        Ok(_) => Content::Whole,
        Err(problem) if problem.is_passing() => Content::Unreadable,
        Err(_) => Content::Bad,
    }
}

impl<F, N> Engine<F, N> {
    /// Lets the firmware use the same store for settings of its own: a second one over the same
    /// partition would not see what this one writes. `act` must not call this engine.
    pub fn with_nvs<R>(&self, act: impl FnOnce(&mut N) -> R) -> R {
        act(&mut self.nvs.borrow_mut())
    }

    /// The SHA-256 of some bytes, as this firmware computes it.
    pub fn sha256(&self, bytes: &[u8]) -> [u8; 32] {
        let mut hasher = Sha256::new(self.config.compress);
        hasher.update(bytes);
        hasher.finish()
    }

    /// The slot that is active until the restart.
    pub const fn active(&self) -> Slot {
        self.active
    }

    /// Whether a change of slot was made, or a trial has ended, so that the device is about to restart.
    pub fn is_restarting(&self) -> bool {
        self.restarting.get()
    }

    /// Remembers until the restart that somebody was refused at `now_ms` who should not have asked; `what` says in
    /// a word why, for the status.
    pub fn note_refused(&self, what: &'static str, now_ms: u64) {
        let before = self.refused.get().map_or(0, |refused| refused.count);
        self.refused.set(Some(Refused {
            count: before.saturating_add(1),
            last: what,
            at_ms: now_ms,
        }));
    }

    /// Where a slot is, if there are slots.
    pub(crate) fn region(&self, slot: Slot) -> Option<Region> {
        Some(self.regions.ok()?[slot.index()])
    }

    pub(crate) const fn requirements(&self) -> &Requirements {
        &self.config.requirements
    }

    pub(crate) fn set_progress(&self, progress: Option<Progress>) {
        self.progress.set(progress);
    }

    /// Forgets the progress of an upload, unless it led to a restart.
    pub(crate) fn end_upload(&self) {
        if !self.restarting.get() {
            self.progress.set(None);
        }
    }

    pub(crate) fn mark(&self, slot: Slot, problem: Problem) {
        self.slots.borrow_mut()[slot.index()] = Err(problem);
    }

    pub(crate) fn mark_valid(&self, slot: Slot, verified: Verified) {
        self.slots.borrow_mut()[slot.index()] = Ok(verified);
    }

    fn mark_restarting(&self) {
        self.restarting.set(true);
    }
}

impl<F: Clone, N> Engine<F, N> {
    pub(crate) fn flash(&self) -> F {
        self.flash.clone()
    }
}

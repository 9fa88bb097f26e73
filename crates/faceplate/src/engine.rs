//! One device's frontend: what is served, what is on trial, what an upload may do.

use core::{
    cell::{Cell, RefCell},
    fmt,
};

use embedded_storage_async::nor_flash::NorFlash;
use littlefs_image::read::{FileReader, Image, Node};

use crate::{
    Buffers, BuildId, Confirmer, ImageRecord, Last, Nvs, Outcome, Region, RegionReader, SECTOR,
    Slot, Stored, Trial,
    boot::{self, Content, Decision},
    layout::{Layout, LayoutError},
    manifest::{FILE_HASH, FILE_HASH_LEN, FileHash, FileHasher, Version},
    marks::{MARKS, Marks},
    nvs::Change,
    sha256::Compress,
    text::{Text, text},
    update::{Progress, Upload},
    verify::{self, Problem, Requirements, Verified},
    write::SectorWriter,
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

/// What is served, and how sure that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// A confirmed frontend.
    Settled,
    /// A frontend that is still to be confirmed.
    Trial,
    /// No slot holds a frontend: only the recovery page.
    Recovery,
}

impl State {
    /// As the API says it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::Trial => "trial",
            Self::Recovery => "recovery",
        }
    }
}

/// How the trial stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrialStatus {
    /// Who confirms.
    pub confirmer: Confirmer,
    /// Seconds until the device decides: confirms, when it is the confirmer, or else goes back.
    pub seconds_left: u32,
    /// Boots left to be confirmed in.
    pub boots_left: u8,
}

/// What is in a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotStatus {
    /// Which slot.
    pub slot: Slot,
    /// The partition's label.
    pub label: &'static str,
    /// Bytes of the partition; 0 where there is none.
    pub size: u32,
    /// Bytes of the image in it, or 0.
    pub used: u32,
    /// Whether a whole frontend is in it, that is, whether one can switch to it.
    pub valid: bool,
    /// The version that it says.
    pub version: Option<Version>,
    /// Which build it says that it is.
    pub build: Option<BuildId>,
    /// SHA-256 of the image.
    pub sha256: Option<[u8; 32]>,
    /// Why it is not valid.
    pub problem: Option<Problem>,
}

/// Everything that a client may know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The slot that is active now.
    pub active: Slot,
    /// What is served.
    pub state: State,
    /// The trial, where one runs.
    pub trial: Option<TrialStatus>,
    /// The last change of slot.
    pub last: Option<Last>,
    /// Both slots.
    pub slots: [SlotStatus; 2],
    /// The upload that runs.
    pub upload: Option<Progress>,
    /// What is wrong with the slots or with NVS, so that no change can be made. Where it is NVS, what
    /// is said above about the trial and the last change may not be so.
    pub fault: Option<Fault>,
}

/// Why no change can be made. Written out, each cause is told in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// There are no slots, which is all that is known to be wrong, or the cause of all.
    Slots(LayoutError),
    /// NVS failed.
    Nvs(Text),
    /// There are no slots, and NVS failed for another reason.
    Both(LayoutError, Text),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slots(slots) => slots.fmt(f),
            Self::Nvs(nvs) => f.write_str(nvs),
            Self::Both(slots, nvs) => write!(f, "{slots}; {nvs}"),
        }
    }
}

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
            Self::Nvs(error) => write!(f, "the settings store (NVS) failed: {error}"),
        }
    }
}

impl core::error::Error for BeginError {}

/// What is wrong with a length that no image has.
pub(crate) struct BadLength;

impl fmt::Display for BadLength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "an image has a multiple of {SECTOR} bytes, at least {}: this one may be truncated",
            2 * SECTOR
        )
    }
}

/// Why nothing was confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfirmError {
    /// Nothing is on trial.
    NotOnTrial,
    /// Another build runs than the one that works.
    OtherBuild {
        /// The build that works.
        build: BuildId,
        /// The build that runs, if it says which it is.
        running: Option<BuildId>,
    },
    /// The confirmation cannot be stored; the trial goes on.
    Nvs(Text),
}

impl fmt::Display for ConfirmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOnTrial => f.write_str("nothing is on trial"),
            Self::OtherBuild { build, running } => {
                write!(f, "the page is of build {build}, but the device runs ")?;
                match running {
                    Some(running) => write!(f, "build {running}"),
                    None => f.write_str("a frontend without a build id"),
                }
            }
            Self::Nvs(error) => write!(f, "the settings store (NVS) failed: {error}"),
        }
    }
}

impl core::error::Error for ConfirmError {}

/// Why there was no way back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RollbackError {
    /// An upload runs.
    Busy,
    /// The device is about to restart.
    Restarting,
    /// The other slot does not hold a whole frontend.
    NotValid(Problem),
    /// The choice cannot be stored; the active slot stays.
    Nvs(Text),
}

impl fmt::Display for RollbackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => f.write_str("an upload is running"),
            Self::Restarting => f.write_str("the device is about to restart"),
            Self::NotValid(problem) => write!(f, "the other slot cannot be used: {problem}"),
            Self::Nvs(error) => write!(f, "the settings store (NVS) failed: {error}"),
        }
    }
}

impl core::error::Error for RollbackError {}

/// What the passing of time brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tick {
    /// Nothing.
    Nothing,
    /// The device confirmed the frontend.
    Confirmed,
    /// The trial is over, unconfirmed: restart now.
    Reboot,
    /// The trial is over, unconfirmed, and there is nothing to go back to.
    Kept,
}

type SlotContent = Result<Verified, Problem>;

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

fn content(slot: &SlotContent) -> Content {
    match slot {
        Ok(_) => Content::Whole,
        Err(Problem::Flash(_)) => Content::Unreadable,
        Err(_) => Content::Bad,
    }
}

/// The frontend of one device. It is shared by all connections of a single-threaded executor.
///
/// `F` is a handle to the flash: cloning it gives another handle to the same chip. `T` is the
/// checker's table in its [`Buffers`]; an engine is made with one of known size, and used as a
/// reference or box of `Engine<F, N>`, which any size turns into.
pub struct Engine<F, N, T: ?Sized = [u16]> {
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
    restarting: Cell<bool>,
    progress: Cell<Option<Progress>>,
    slots: RefCell<[SlotContent; 2]>,
    buffers: RefCell<Buffers<T>>,
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

impl<F: NorFlash + Clone, N: Nvs, const SECTORS: usize> Engine<F, N, [u16; SECTORS]> {
    /// Boots: checks both slots, decides, and stores what the decision says.
    ///
    /// `now_ms` is the time at which serving starts, on the clock that [`Self::tick`] gets.
    /// A store or flash that fails never stops the boot: whatever can be served is. Slots of more
    /// than `SECTORS` sectors are not used.
    pub async fn boot(flash: F, mut nvs: N, layout: Layout, config: Config, now_ms: u64) -> Self {
        let (stored, mut nvs_fault) = match layout.nvs {
            Ok(_) => load(&mut nvs),
            Err(error) => (Stored::default(), Some(text(error))),
        };
        let mut buffers = Buffers::<[u16; SECTORS]>::with(config.compress);
        let labels = layout.places.slots;
        let regions = layout.slots;
        let regions = regions.and_then(|regions| fitting(labels[0], regions, &buffers));
        let slots = match &regions {
            Ok([www0, www1]) => {
                let (wanted, [image0, image1]) = (config.requirements, stored.images);
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
        Self {
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
            restarting: Cell::new(false),
            progress: Cell::new(None),
            slots: RefCell::new(slots),
            buffers: RefCell::new(buffers),
        }
    }
}

impl<F: NorFlash + Clone, N: Nvs> Engine<F, N> {
    /// Everything that a client may know, at `now_ms`.
    pub fn status(&self, now_ms: u64) -> Status {
        let slots = self.slots.borrow();
        Status {
            active: self.active,
            state: self.state(),
            trial: self.trial.get().map(|trial| TrialStatus {
                confirmer: trial.confirmer,
                seconds_left: (self.trial_ms_left(trial, now_ms).div_ceil(1000)) as u32,
                boots_left: trial.boots_left,
            }),
            last: self.last.get(),
            slots: Slot::ALL.map(|slot| self.slot_status(slot, &slots[slot.index()])),
            upload: self.progress.get(),
            fault: self.fault(),
        }
    }

    /// Why no change can be made.
    fn fault(&self) -> Option<Fault> {
        let nvs = self.nvs_fault.borrow().clone();
        match (self.regions, nvs) {
            (Ok(_), nvs) => nvs.map(Fault::Nvs),
            // One cause of both, such as no table at all, is said once.
            (Err(slots), Some(nvs)) if nvs != text(slots) => Some(Fault::Both(slots, nvs)),
            (Err(slots), _) => Some(Fault::Slots(slots)),
        }
    }

    /// The label of a slot's partition.
    pub const fn label(&self, slot: Slot) -> &'static str {
        self.labels[slot.index()]
    }

    fn slot_status(&self, slot: Slot, content: &SlotContent) -> SlotStatus {
        let label = self.label(slot);
        let size = self.regions.map_or(0, |regions| regions[slot.index()].len);
        match content {
            Ok(verified) => SlotStatus {
                slot,
                label,
                size,
                used: verified.record.len,
                valid: true,
                version: verified.version().cloned(),
                build: verified.build(),
                sha256: Some(verified.record.sha256),
                problem: None,
            },
            Err(problem) => SlotStatus {
                slot,
                label,
                size,
                used: 0,
                valid: false,
                version: None,
                build: None,
                sha256: None,
                problem: Some(problem.clone()),
            },
        }
    }

    /// What is served, and how sure that is.
    pub fn state(&self) -> State {
        match (&self.served, self.trial.get()) {
            (None, _) => State::Recovery,
            (Some(_), Some(_)) => State::Trial,
            (Some(_), None) => State::Settled,
        }
    }

    /// Starts an upload of `total` bytes into the inactive slot.
    ///
    /// # Errors
    /// When there must not be one now, or not of this length. Nothing was touched.
    pub fn begin(&self, total: u32, confirmer: Confirmer) -> Result<Upload<'_, F, N>, BeginError> {
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
        let region = regions[self.active.other().index()];
        if total > region.len {
            return Err(BeginError::TooLarge {
                slot_size: region.len,
            });
        }
        // Of all others the first sector tells whether they were cut.
        if total < SECTOR {
            return Err(BeginError::BadLength);
        }
        // A slot that holds a frontend was read and verified; an empty one was never written.
        let trusted = matches!(
            &self.slots.borrow()[self.active.other().index()],
            Ok(_) | Err(Problem::Empty)
        );
        let writer = SectorWriter::new(region, total, self.config.block_erase, trusted);
        Ok(Upload::new(
            self,
            buffers,
            self.active,
            total,
            confirmer,
            writer,
        ))
    }

    /// Ends the trial: the running frontend works; where `build` is given, only if it is that one.
    ///
    /// # Errors
    /// When nothing is on trial, another build runs, or NVS fails.
    pub fn confirm(&self, build: Option<BuildId>) -> Result<(), ConfirmError> {
        if self.trial.get().is_none() || self.restarting.get() {
            return Err(ConfirmError::NotOnTrial);
        }
        if let Some(build) = build {
            let running = match &self.slots.borrow()[self.active.index()] {
                Ok(verified) => verified.build(),
                Err(_) => None,
            };
            if running != Some(build) {
                return Err(ConfirmError::OtherBuild { build, running });
            }
        }
        self.end_trial().map_err(ConfirmError::Nvs)
    }

    /// Switches to the other slot, if it checks out now. The device must restart then.
    ///
    /// # Errors
    /// When the other slot does not hold a whole frontend, something else is under way, or NVS
    /// fails; the active slot stays.
    #[allow(
        clippy::await_holding_refcell_ref,
        reason = "that is how the buffers are kept from an upload meanwhile; all borrows are tries"
    )]
    pub async fn rollback(&self) -> Result<Slot, RollbackError> {
        let not_valid = |problem| Err(RollbackError::NotValid(problem));
        let regions = match self.regions {
            Ok(regions) => regions,
            Err(error) => return not_valid(Problem::Layout(error)),
        };
        if self.restarting.get() {
            return Err(RollbackError::Restarting);
        }
        if let Some(error) = self.nvs_fault.borrow().as_ref() {
            return Err(RollbackError::Nvs(error.clone()));
        }
        let (from, to) = (self.active, self.active.other());
        let Ok(mut buffers) = self.buffers.try_borrow_mut() else {
            return Err(RollbackError::Busy);
        };
        let stored = Stored::load(&mut *self.nvs.borrow_mut());
        let stored = stored.map_err(|error| RollbackError::Nvs(text(error)))?;
        let known = match &self.slots.borrow()[to.index()] {
            Ok(verified) => Some(verified.record),
            // That it could not be read before does not mean that it cannot be read now.
            Err(Problem::Flash(_)) => stored.images[to.index()],
            Err(problem) => return not_valid(problem.clone()),
        };
        let requirements = self.config.requirements;
        let region = regions[to.index()];
        let checked = verify::at_boot(&self.flash, region, known, requirements, &mut buffers).await;
        if self.restarting.get() {
            return Err(RollbackError::Restarting);
        }
        match checked {
            Ok(verified) => self.mark_valid(to, verified),
            Err(problem) => {
                self.mark(to, problem.clone());
                return not_valid(problem);
            }
        }
        // A trial that was never ended is still stored: whoever was to confirm that frontend is to do
        // so now. One that was confirmed before only has to show that it still serves.
        let unconfirmed = stored.trial.filter(|trial| trial.slot == to);
        let confirmer = unconfirmed.map_or(Confirmer::Device, |trial| trial.confirmer);
        let taken = |last: Last| last.outcome == Outcome::TakenBack && last.from == to;
        let outcome = match self.is_unproved() {
            true => Outcome::TakenBack,
            false if self.last.get().is_some_and(taken) => Outcome::Returned,
            false => Outcome::RolledBack,
        };
        let before = [
            Change::Trial(Trial::new(to, confirmer)),
            Change::Last(Last { outcome, from, to }),
        ];
        // Going back during a trial is going back to what was confirmed before: no trial of its
        // own, and the record of the running one stays in force until the switch itself.
        let before = match self.trial.get() {
            Some(_) => &before[1..],
            None => &before[..],
        };
        self.switch(before, to).map_err(RollbackError::Nvs)?;
        Ok(to)
    }

    /// Whether what runs was never confirmed, as far as is known: what was gone back to is on trial by
    /// the device, too, but was confirmed once, unless it had been taken back.
    fn is_unproved(&self) -> bool {
        let returned = |last: Last| last.outcome == Outcome::RolledBack;
        match self.trial.get().map(|trial| trial.confirmer) {
            None => false,
            Some(Confirmer::Client { .. }) => true,
            Some(Confirmer::Device) => !self.last.get().is_some_and(returned),
        }
    }

    /// Lets the trial run on; to be called about once a second.
    ///
    /// # Errors
    /// When NVS fails; the trial goes on and the next call tries again.
    pub fn tick(&self, now_ms: u64) -> Result<Tick, Text> {
        let Some(trial) = self.trial.get() else {
            return Ok(Tick::Nothing);
        };
        if self.restarting.get() || self.trial_ms_left(trial, now_ms) > 0 {
            return Ok(Tick::Nothing);
        }
        let way_back = content(&self.slots.borrow()[self.active.other().index()]);
        match (trial.confirmer, way_back) {
            (Confirmer::Device, _) => {
                self.end_trial()?;
                Ok(Tick::Confirmed)
            }
            (Confirmer::Client { .. }, Content::Whole) => {
                let last = boot::fallen_back(self.active, Outcome::NotConfirmed);
                // Where it cannot be stored, the next boot still counts; see there.
                if self.switch(&[Change::Last(last)], last.to).is_err() {
                    self.mark_restarting();
                }
                Ok(Tick::Reboot)
            }
            // Perhaps the next boot can read it; the trial's boots are counted.
            (Confirmer::Client { .. }, Content::Unreadable) => {
                self.mark_restarting();
                Ok(Tick::Reboot)
            }
            (Confirmer::Client { .. }, Content::Bad) => {
                let last = boot::kept(self.active);
                self.store(&[Change::Last(last)])?;
                self.end_trial()?;
                self.last.set(Some(last));
                Ok(Tick::Kept)
            }
        }
    }

    fn trial_ms_left(&self, trial: Trial, now_ms: u64) -> u64 {
        let window = match trial.confirmer {
            Confirmer::Device => Confirmer::DEVICE_MS,
            Confirmer::Client { within_s } => u64::from(within_s) * 1000,
        };
        window.saturating_sub(now_ms.saturating_sub(self.since_ms))
    }

    /// Opens a file of the frontend that is served, by its exact path without a leading `/`.
    /// `None` when there is no such file, or nothing is served.
    ///
    /// # Errors
    /// When flash cannot be read.
    pub async fn open(&self, path: &str) -> Result<Option<OpenFile<F>>, Text> {
        let Some(served) = self.served else {
            return Ok(None);
        };
        let mut storage = RegionReader::new(self.flash.clone(), served.region);
        let image = served.image;
        let Some(entry) = image.find(&mut storage, path).await.map_err(line)? else {
            return Ok(None);
        };
        let Node::File(file) = entry.node else {
            return Ok(None);
        };
        let mut hash = [0; FILE_HASH_LEN];
        let hash = match served.hashed {
            true => image
                .attr(&mut storage, &entry, FILE_HASH, &mut hash)
                .await
                .map_err(line)?
                .map(|_| hash),
            false => None,
        };
        let mut mark = [0];
        let marks = match served.marked {
            true => image
                .attr(&mut storage, &entry, MARKS, &mut mark)
                .await
                .map_err(line)?
                .map(|_| Marks::decode(mark[0])),
            false => None,
        };
        Ok(Some(OpenFile {
            storage,
            size: file.size(),
            reader: image.reader(&file),
            hash,
            marks,
            compress: self.config.compress,
        }))
    }

    /// Stores changes in order, up to the first that fails.
    pub(crate) fn store(&self, changes: &[Change]) -> Result<(), Text> {
        let mut nvs = self.nvs.borrow_mut();
        changes
            .iter()
            .try_for_each(|change| change.apply(&mut *nvs))
            .map_err(text)
    }

    /// The running frontend is not on trial any more.
    fn end_trial(&self) -> Result<(), Text> {
        if let Err(error) = self.store(&[Change::NoTrial]) {
            // As in [`Self::switch`]: the record may be gone all the same.
            let stored = Stored::load(&mut *self.nvs.borrow_mut());
            if !stored.is_ok_and(|stored| stored.trial.is_none()) {
                return Err(error);
            }
        }
        self.trial.set(None);
        Ok(())
    }

    /// Makes `to` the active slot, after storing what comes before that. The device must restart
    /// then.
    pub(crate) fn switch(&self, before: &[Change], to: Slot) -> Result<(), Text> {
        self.store(before)?;
        if let Err(error) = self.store(&[Change::Active(to)]) {
            // The fault may have come after the new value was stored: what is there now decides.
            match Stored::load(&mut *self.nvs.borrow_mut()) {
                Ok(stored) if stored.active == Some(to) => {}
                Ok(_) => return Err(error),
                Err(_) => {
                    self.nvs_fault.replace(Some(error.clone()));
                    return Err(error);
                }
            }
        }
        self.mark_restarting();
        Ok(())
    }

    /// Notes, on flash too, that `slot` holds no frontend until an upload is finished.
    pub(crate) fn begin_writing(&self, slot: Slot) -> Result<(), Text> {
        self.store(&[Change::Image(slot, ImageRecord::UNFINISHED)])?;
        self.mark(slot, Problem::Incomplete);
        Ok(())
    }

    pub(crate) fn flash(&self) -> F {
        self.flash.clone()
    }
}

impl<F, N> Engine<F, N> {
    /// Lets the firmware use the same store for settings of its own: a second one over the same
    /// partition would not see what this one writes. `act` must not call this engine.
    pub fn with_nvs<R>(&self, act: impl FnOnce(&mut N) -> R) -> R {
        act(&mut self.nvs.borrow_mut())
    }

    /// Whether a change of slot was made, or a trial has ended, so that the device is about to restart.
    pub fn is_restarting(&self) -> bool {
        self.restarting.get()
    }

    pub(crate) fn requirements(&self) -> Requirements {
        self.config.requirements
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

    pub(crate) fn mark_restarting(&self) {
        self.restarting.set(true);
    }
}

/// A file of the frontend that is served.
pub struct OpenFile<F> {
    storage: RegionReader<F>,
    reader: FileReader,
    size: u32,
    hash: Option<FileHash>,
    marks: Option<Marks>,
    compress: Compress,
}

/// Bytes hashed at a time for a file without a hash of its own; on the stack.
const HASH_CHUNK: usize = 256;

impl<F: NorFlash> OpenFile<F> {
    /// Its stored length in bytes.
    pub const fn size(&self) -> u32 {
        self.size
    }

    /// What it is marked with; `None` in an image without marks.
    pub const fn marks(&self) -> Option<Marks> {
        self.marks
    }

    /// Identifies its content. An image with a manifest has this at hand; for any other the whole
    /// file is read.
    ///
    /// # Errors
    /// When flash cannot be read.
    pub async fn hash(&mut self) -> Result<FileHash, Text> {
        if let Some(hash) = self.hash {
            return Ok(hash);
        }
        let mut reader = self.reader;
        let mut hasher = FileHasher::with(self.compress);
        let mut chunk = [0; HASH_CHUNK];
        loop {
            match reader
                .read(&mut self.storage, &mut chunk)
                .await
                .map_err(line)?
            {
                0 => break,
                n => hasher.update(&chunk[..n]),
            }
        }
        let hash = hasher.finish();
        self.hash = Some(hash);
        Ok(hash)
    }

    /// Goes to a place in the file, bytes from its beginning: reading goes on there. What lies before
    /// it is not read.
    pub fn seek(&mut self, position: u32) {
        self.reader.seek(position);
    }

    /// Reads on; 0 at the end.
    ///
    /// # Errors
    /// When flash cannot be read.
    pub async fn read(&mut self, buf: &mut [u8]) -> Result<usize, Text> {
        self.reader.read(&mut self.storage, buf).await.map_err(line)
    }
}

fn line<E: fmt::Display>(error: littlefs_image::read::Error<E>) -> Text {
    text(error)
}

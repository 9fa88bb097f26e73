//! What a client may know: what is served, what is on trial, what is in the slots.

use core::fmt;

use super::{Engine, SlotContent, progress::Progress};
use crate::{
    BuildId, Confirmer, KeyId, Last, PublicKey, Slot,
    layout::LayoutError,
    manifest::Version,
    text::{Text, text},
    verify::Problem,
};

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
    /// Lowest and highest firmware API that it works with, if it says so.
    pub api: Option<(u16, u16)>,
    /// Its sequence, if it says what it is.
    pub sequence: Option<u32>,
    /// Who signed it; `None` where the firmware takes anyone's.
    pub signer: Option<KeyId>,
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
    /// Whose frontends are taken; none: anyone's.
    pub keys: &'static [PublicKey],
    /// The lowest sequence that is taken, where the firmware wants no step back.
    pub lowest_sequence: Option<u32>,
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

impl<F, N> Engine<F, N> {
    /// Everything that a client may know, at `now_ms`. Not inlined, as it takes much of the stack.
    #[inline(never)]
    pub fn status(&self, now_ms: u64) -> Status {
        let slots = self.slots.borrow();
        let requirements = self.requirements();
        Status {
            active: self.active,
            state: self.state(),
            trial: self.trial.get().map(|trial| TrialStatus {
                confirmer: trial.confirmer,
                seconds_left: (self.trial_ms_left(trial, now_ms).div_ceil(1000)) as u32,
                boots_left: trial.boots_left,
            }),
            last: self.last.get(),
            keys: requirements.signers.keys(),
            lowest_sequence: requirements.no_step_back.then(|| self.confirmed()),
            slots: [
                self.slot_status(Slot::Www0, &slots[0]),
                self.slot_status(Slot::Www1, &slots[1]),
            ],
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
        let about = content.as_ref().ok().and_then(|found| found.about.as_ref());
        match content {
            Ok(verified) => SlotStatus {
                slot,
                label,
                size,
                used: verified.record.len,
                valid: true,
                version: verified.version().cloned(),
                build: verified.build(),
                api: about.map(|about| (about.api_min, about.api_max)),
                sequence: about.map(|about| about.sequence),
                signer: verified.signer,
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
                api: None,
                sequence: None,
                signer: None,
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
}

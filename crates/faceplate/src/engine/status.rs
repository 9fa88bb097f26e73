//! What a client may know: what is served, what is on trial, what is in the slots.

use core::fmt;

use super::{Engine, SlotContent, progress::Progress};
use crate::{
    Confirmer, KeyId, Last, PublicKey, Slot,
    layout::LayoutError,
    manifest::{About, Version},
    text::{Text, text},
    verify::{Problem, Verified},
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
    /// The whole frontend in it, to which one can switch, or why there is none.
    pub content: Result<Verified, Problem>,
}

impl SlotStatus {
    /// Whether a whole frontend is in it.
    pub const fn is_valid(&self) -> bool {
        self.content.is_ok()
    }

    /// Why none is.
    pub fn problem(&self) -> Option<&Problem> {
        self.content.as_ref().err()
    }

    /// Bytes of the image in it, or 0.
    pub fn used(&self) -> u32 {
        self.content.as_ref().map_or(0, |found| found.record.len)
    }

    /// SHA-256 of the image.
    pub fn sha256(&self) -> Option<&[u8; 32]> {
        let found = self.content.as_ref().ok()?;
        Some(&found.record.sha256)
    }

    /// What the frontend says of itself.
    pub fn about(&self) -> Option<&About> {
        self.content.as_ref().ok()?.about.as_ref()
    }

    /// The version that it says.
    pub fn version(&self) -> Option<&Version> {
        self.about().map(|about| &about.version)
    }
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
    /// Who was refused since the start that should not have asked.
    pub refused: Option<Refused>,
    /// Both slots.
    pub slots: [SlotStatus; 2],
    /// The upload that runs.
    pub upload: Option<Progress>,
    /// What is wrong with the slots or with NVS, so that no change can be made. Where it is NVS, what
    /// is said above about the trial and the last change may not be so.
    pub fault: Option<Fault>,
}

impl Status {
    /// Which key signed the frontend in a slot; `None` where anyone's are taken, or none is there.
    pub fn signer(&self, slot: Slot) -> Option<KeyId> {
        let found = self.slots[slot.index()].content.as_ref().ok()?;
        let key = self.keys.get(usize::from(found.signer?))?;
        Some(key.id())
    }
}

/// Attempts that were refused since the start: requests by foreign pages or names, logins, frontends that nobody has
/// signed. What and when, not who.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// How many.
    pub count: u32,
    /// What the last one was, in a word of the API.
    pub last: &'static str,
    /// When that was, on the clock that [`Engine::status`] gets.
    pub at_ms: u64,
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
            refused: self.refused.get(),
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
        SlotStatus {
            slot,
            label: self.label(slot),
            size: self.regions.map_or(0, |regions| regions[slot.index()].len),
            content: content.clone(),
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

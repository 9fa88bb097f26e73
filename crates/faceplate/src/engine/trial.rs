//! The trial of a new frontend: it is confirmed, or its time runs out.

use core::fmt;

use super::{Engine, content};
use crate::{
    BuildId, Confirmer, Last, Nvs, Outcome, Stored, Trial,
    boot::{self, Content},
    nvs::Change,
    text::Text,
};

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

impl<F, N: Nvs> Engine<F, N> {
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
        self.settle().map_err(ConfirmError::Nvs)
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
                self.settle()?;
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

    /// The running frontend works: its sequence is remembered, where the firmware wants that, before its trial ends,
    /// so that no fault comes between and forgets it.
    fn settle(&self) -> Result<(), Text> {
        self.keep(self.running_sequence())?;
        self.end_trial()
    }

    /// Remembers what counts as confirmed, if that is not done yet: before anything else may be switched to.
    pub(crate) fn keep_confirmed(&self) -> Result<(), Text> {
        self.keep(self.confirmed())
    }

    fn keep(&self, sequence: u32) -> Result<(), Text> {
        if !self.requirements().no_step_back || sequence <= self.kept_sequence.get() {
            return Ok(());
        }
        self.store(&[Change::Confirmed(sequence)])?;
        self.kept_sequence.set(sequence);
        Ok(())
    }
}

impl<F, N> Engine<F, N> {
    /// The highest sequence that was confirmed, as far as the firmware wants that to be kept.
    pub(crate) fn confirmed(&self) -> u32 {
        let running = match self.requirements().no_step_back && self.is_confirmed() {
            true => self.running_sequence(),
            false => 0,
        };
        self.kept_sequence.get().max(running)
    }

    /// Whether what runs was confirmed, as far as is known: not what was merely kept, or gone to since the other did
    /// not mount. What a cable brought counts.
    fn is_confirmed(&self) -> bool {
        let doubtful = |last: Last| matches!(last.outcome, Outcome::Kept | Outcome::DidNotMount);
        self.trial.get().is_none() && !self.last.get().is_some_and(doubtful)
    }

    fn running_sequence(&self) -> u32 {
        match &self.slots.borrow()[self.active.index()] {
            Ok(verified) => verified.about.as_ref().map_or(0, |about| about.sequence),
            Err(_) => 0,
        }
    }
}

impl<F, N> Engine<F, N> {
    pub(super) fn trial_ms_left(&self, trial: Trial, now_ms: u64) -> u64 {
        let window = match trial.confirmer {
            Confirmer::Device => Confirmer::DEVICE_MS,
            Confirmer::Client { within_s } => u64::from(within_s) * 1000,
        };
        window.saturating_sub(now_ms.saturating_sub(self.since_ms))
    }
}

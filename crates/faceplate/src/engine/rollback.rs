//! Going back to the other slot on request.

use core::fmt;

use embedded_storage_async::nor_flash::NorFlash;

use super::Engine;
use crate::{
    Confirmer, Last, Nvs, Outcome, Slot, Stored, Trial,
    nvs::Change,
    text::{Text, text},
    verify::{self, Problem},
};

/// Why there was no way back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RollbackError {
    /// An upload runs.
    Busy,
    /// The device is about to restart.
    Restarting,
    /// The other slot does not hold a whole frontend.
    NotValid(Problem),
    /// Who was asked before the switch does not want it now, for this reason.
    NotNow(Text),
    /// The choice cannot be stored; the active slot stays.
    Nvs(Text),
}

impl fmt::Display for RollbackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => f.write_str("an upload is running"),
            Self::Restarting => f.write_str("the device is about to restart"),
            Self::NotValid(problem) => write!(f, "the other slot cannot be used: {problem}"),
            Self::NotNow(why) => write!(f, "not now: {why}"),
            Self::Nvs(error) => write!(f, "the settings store (NVS) failed: {error}"),
        }
    }
}

impl core::error::Error for RollbackError {}

impl<F: NorFlash + Clone, N: Nvs> Engine<F, N> {
    /// Switches to the other slot, if it checks out now. The device must restart then.
    ///
    /// # Errors
    /// When the other slot does not hold a whole frontend, something else is under way, or NVS
    /// fails; the active slot stays.
    pub async fn rollback(&self) -> Result<Slot, RollbackError> {
        self.rollback_if(|| Ok(())).await
    }

    /// The same, if `consent` says so. It is asked after the check of the other slot, which takes its time: with
    /// its consent the switch is made, and nothing comes between the two.
    ///
    /// # Errors
    /// As [`Self::rollback`], and [`RollbackError::NotNow`].
    #[allow(
        clippy::await_holding_refcell_ref,
        reason = "that is how the buffers are kept from an upload meanwhile; all borrows are tries"
    )]
    pub async fn rollback_if(
        &self,
        consent: impl FnOnce() -> Result<(), Text>,
    ) -> Result<Slot, RollbackError> {
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
            Err(problem) if problem.is_passing() => stored.images[to.index()],
            Err(problem) => return not_valid(problem.clone()),
        };
        let region = regions[to.index()];
        let checked = verify::at_boot(
            &self.flash,
            region,
            known,
            self.requirements(),
            &mut buffers,
        )
        .await;
        if self.restarting.get() {
            return Err(RollbackError::Restarting);
        }
        match checked {
            Ok(verified) => self.mark_valid(to, verified),
            // What is known of the slot is known still.
            Err(Problem::NoMemory) => return not_valid(Problem::NoMemory),
            Err(problem) => {
                self.mark(to, problem.clone());
                return not_valid(problem);
            }
        }
        self.keep_confirmed().map_err(RollbackError::Nvs)?;
        consent().map_err(RollbackError::NotNow)?;
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
}

//! What an engine writes to NVS: what comes before a change, and the change of slot itself.

use super::Engine;
use crate::{
    ImageRecord, Nvs, Slot, Stored,
    nvs::Change,
    text::{Text, text},
    verify::Problem,
};

impl<F, N: Nvs> Engine<F, N> {
    /// Stores changes in order, up to the first that fails.
    pub(super) fn store(&self, changes: &[Change]) -> Result<(), Text> {
        let mut nvs = self.nvs.borrow_mut();
        changes
            .iter()
            .try_for_each(|change| change.apply(&mut *nvs))
            .map_err(text)
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
}

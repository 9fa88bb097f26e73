//! Going back to the frontend before, for who has no page that works: from a button, say.

use faceplate::{RollbackError, Slot};
use faceplate_http::Device;

use crate::Face;

impl Face {
    /// Switches to the frontend in the other slot, if it checks out now, and restarts: half a second
    /// later, by [`Face::care`]. It does what "go back" of the page does, under the same conditions.
    ///
    /// # Errors
    /// When the other slot holds no whole frontend, something else is under way, or NVS fails; what
    /// runs is served on then.
    pub async fn go_back(&self) -> Result<Slot, RollbackError> {
        let slot = self.engine().rollback().await?;
        self.reboot_in(self.limits().reboot_ms);
        Ok(slot)
    }
}

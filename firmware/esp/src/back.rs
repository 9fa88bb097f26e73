//! Going back to the frontend before, for who has no page that works: from a button, say.

use faceplate::Slot;
use faceplate_http::{App, GoBackError};

use crate::Face;

impl Face {
    /// Switches to the frontend in the other slot, if it checks out now, and restarts: half a second
    /// later, by [`Face::care`]. It does what "go back" of the page does, under the same conditions:
    /// `app` may refuse it for now, and is told of the restart. With `&()` nobody is asked or told.
    ///
    /// # Errors
    /// When `app` wants it not now, the other slot holds no whole frontend, something else is under
    /// way, or NVS fails; what runs is served on then.
    pub async fn go_back(&self, app: &impl App) -> Result<Slot, GoBackError> {
        faceplate_http::go_back(self, app).await
    }
}

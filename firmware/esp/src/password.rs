//! The device's password on a chip.

use esp_hal::rng::Rng;
use faceplate::Text;
use faceplate_http::{Device, password::Password};

use crate::Face;

/// Fills bytes by the chip's generator: for [`Password::new`]. They are random as long as the radio is on
/// (ESP32-S3 Technical Reference Manual, 25; ESP32-C3, 25), which it is when there are clients.
pub fn random(bytes: &mut [u8]) {
    Rng::new().read(bytes);
}

impl Face {
    /// Forgets the password that somebody set, and ends all sessions: when a button is held, say. That of the
    /// build holds then; without one the next client sets one.
    ///
    /// # Errors
    /// When NVS cannot be written; the password is what it was.
    pub fn reset_password(&self, password: &Password) -> Result<(), Text> {
        password.reset(self.engine())
    }
}

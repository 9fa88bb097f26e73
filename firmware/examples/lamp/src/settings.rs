//! What the lamp remembers, in the NVS that it shares with Faceplate.

use faceplate_esp::{Face, faceplate_http::Device as _};

/// Whether it was on.
pub(crate) fn was_on(face: &Face) -> bool {
    let stored = face.engine().with_nvs(|nvs| nvs.get_number("lamp", "on"));
    matches!(stored, Ok(Some(1_u8)))
}

/// Remembers whether it is on.
pub(crate) fn keep(face: &Face, on: bool) {
    let on = u8::from(on);
    let stored = face
        .engine()
        .with_nvs(|nvs| nvs.set_number("lamp", "on", on));
    if let Err(error) = stored {
        log::warn!("the lamp will not remember this: {error}");
    }
}

//! The device's password: what of it is C's.
//!
//! It is there where the library is built with the feature `password`, and costs nothing elsewhere.

#[cfg_attr(feature = "password", path = "password/own.rs")]
#[cfg_attr(not(feature = "password"), path = "password/off.rs")]
mod own;

use core::ffi::c_char;

pub(crate) use self::own::Own;
use crate::{code::Code, face, text::given};

#[unsafe(no_mangle)]
extern "C" fn faceplate_reset_password() -> Code {
    face::with(|face| face.password.reset(face))
        .flatten()
        .into()
}

/// # Safety
/// `verifier` is null or ends with NUL.
#[unsafe(no_mangle)]
unsafe extern "C" fn faceplate_set_password(verifier: *const c_char) -> Code {
    // SAFETY: as the caller says; it is not kept.
    let Some(verifier) = (unsafe { given(verifier) }) else {
        return Code::INVALID_ARG;
    };
    face::with(|face| face.password.set(face, verifier))
        .flatten()
        .into()
}

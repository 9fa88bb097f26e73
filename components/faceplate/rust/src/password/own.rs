//! The password of this firmware, if it wants one.

use alloc::boxed::Box;
use core::{ffi::CStr, fmt};

use faceplate_http::password::{NotAVerifier, Password, Verifier};

use crate::{
    code::Code,
    face::Face,
    port::{self, Level},
    runtime::boxed,
    text::line,
};

/// `FACEPLATE_PASSWORD_DEMANDED`.
const DEMANDED: &CStr = c"demand";

/// On the heap, where there is one.
pub(crate) struct Own(Option<Box<Password>>);

impl Own {
    /// What the configuration says; an error, told in the log, where that is none.
    pub(crate) fn new(wanted: Option<&CStr>, for_reading: bool) -> Result<Self, Code> {
        let verifier = match wanted {
            None if for_reading => {
                port::log(Level::Error, c"a password for reading needs a password");
                return Err(Code::INVALID_ARG);
            }
            None => return Ok(Self(None)),
            Some(text) if text == DEMANDED => None,
            Some(text) => Some(verifier(text)?),
        };
        let password = password(verifier, for_reading).ok_or(Code::NO_MEM)?;
        Ok(Self(Some(password)))
    }

    pub(crate) fn get(&self) -> Option<&Password> {
        self.0.as_deref()
    }

    pub(crate) fn reset(&self, face: &Face) -> Result<(), Code> {
        let password = self.get().ok_or(Code::INVALID_STATE)?;
        let reset = password.reset(&face.engine);
        reset.map_err(|why| face.failed_by(Code::NVS, &why))
    }

    pub(crate) fn set(&self, face: &Face, text: &CStr) -> Result<(), Code> {
        let password = self.get().ok_or(Code::INVALID_STATE)?;
        let set = password.set(&face.engine, verifier(text)?);
        set.map_err(|why| face.failed_by(Code::NVS, &why))
    }
}

/// Not inlined, so that what is moved to the heap leaves the stack.
#[inline(never)]
fn password(verifier: Option<Verifier>, for_reading: bool) -> Option<Box<Password>> {
    let mut password = Password::new(port::fill_random);
    if let Some(verifier) = verifier {
        password = password.built_in(verifier);
    }
    if for_reading {
        password = password.reading();
    }
    boxed(password)
}

/// A verifier; what is wrong with the text is told in the log, and the text is not.
fn verifier(text: &CStr) -> Result<Verifier, Code> {
    let told = |what: &dyn fmt::Display| {
        port::log(Level::Error, &line(what));
        Code::INVALID_ARG
    };
    let text = text.to_str().map_err(|_| told(&"a verifier is ASCII"))?;
    text.parse().map_err(|what: NotAVerifier| told(&what))
}

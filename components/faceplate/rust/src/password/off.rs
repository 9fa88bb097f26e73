//! In the place of a password, in a library that is built without the feature.

use core::ffi::CStr;

use crate::{code::Code, face::Face};

pub(crate) struct Own;

impl Own {
    /// An error where the firmware wants one.
    pub(crate) fn new(wanted: Option<&CStr>, for_reading: bool) -> Result<Self, Code> {
        match wanted.is_some() || for_reading {
            true => Err(Code::NOT_SUPPORTED),
            false => Ok(Self),
        }
    }

    #[expect(clippy::unused_self, reason = "the other one has something to do")]
    pub(crate) fn reset(&self, _: &Face) -> Result<(), Code> {
        Err(Code::NOT_SUPPORTED)
    }

    #[expect(clippy::unused_self, reason = "the other one has something to do")]
    pub(crate) fn set(&self, _: &Face, _: &CStr) -> Result<(), Code> {
        Err(Code::NOT_SUPPORTED)
    }
}

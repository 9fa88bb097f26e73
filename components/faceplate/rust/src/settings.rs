//! What is remembered, in ESP-IDF's own NVS: the keys and formats of the core, as every other firmware with
//! Faceplate has them.

use core::{ffi::CStr, fmt};

use faceplate::Nvs;

use crate::{
    code::Code,
    port::{self, Key},
};

/// [`faceplate::NAMESPACE`], for C.
const SPACE: &CStr = c"www";

/// The NVS partition of this label.
pub(crate) struct Settings(pub(crate) &'static CStr);

/// Why an access to NVS failed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum SettingsError {
    /// ESP-IDF says so.
    Idf(Code),
    /// What was set is not what is there.
    Differs,
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Idf(code) => f.write_str(port::name(*code)),
            Self::Differs => f.write_str("what was set cannot be read back"),
        }
    }
}

impl From<Code> for SettingsError {
    fn from(code: Code) -> Self {
        Self::Idf(code)
    }
}

/// Bytes of the largest blob: an image's record, or what is kept of a password.
const BLOB_MAX: usize = if cfg!(feature = "password") { 84 } else { 64 };

/// Bytes of a key, and its NUL.
const KEY_ROOM: usize = 16;

impl Settings {
    /// Does something with a key.
    fn with<R>(&self, name: &str, act: impl FnOnce(Key<'_>) -> R) -> R {
        let mut bytes = [0; KEY_ROOM];
        crate::text::fill(&mut bytes, name);
        let key = CStr::from_bytes_until_nul(&bytes).unwrap_or_default();
        act(Key {
            partition: self.0,
            space: SPACE,
            key,
        })
    }
}

/// An error where what was set is not what is there: a change is only as good as what the next boot reads.
fn same(same: bool) -> Result<(), SettingsError> {
    match same {
        true => Ok(()),
        false => Err(SettingsError::Differs),
    }
}

impl Nvs for Settings {
    type Error = SettingsError;

    fn get_u8(&mut self, key: &str) -> Result<Option<u8>, SettingsError> {
        Ok(self.with(key, |key| key.get_u8())?)
    }

    fn get_u32(&mut self, key: &str) -> Result<Option<u32>, SettingsError> {
        Ok(self.with(key, |key| key.get_u32())?)
    }

    fn get_blob(&mut self, key: &str, buf: &mut [u8]) -> Result<bool, SettingsError> {
        Ok(self.with(key, |key| key.get_blob(buf))?)
    }

    fn set_u8(&mut self, key: &str, value: u8) -> Result<(), SettingsError> {
        self.with(key, |key| key.set_u8(value))?;
        same(self.get_u8(key)? == Some(value))
    }

    fn set_u32(&mut self, key: &str, value: u32) -> Result<(), SettingsError> {
        self.with(key, |key| key.set_u32(value))?;
        same(self.get_u32(key)? == Some(value))
    }

    /// Those that are stored are small.
    fn set_blob(&mut self, key: &str, value: &[u8]) -> Result<(), SettingsError> {
        self.with(key, |key| key.set_blob(value))?;
        let mut stored = [0; BLOB_MAX];
        let stored = stored.get_mut(..value.len());
        let stored = stored.ok_or(SettingsError::Idf(Code::INVALID_SIZE))?;
        let found = self.get_blob(key, stored)?;
        same(found && stored == value)
    }

    fn remove(&mut self, key: &str) -> Result<(), SettingsError> {
        self.with(key, |key| key.remove())?;
        // A key of any of the types would be one.
        same(self.get_u32(key)?.is_none() && self.get_u8(key)?.is_none())
    }
}

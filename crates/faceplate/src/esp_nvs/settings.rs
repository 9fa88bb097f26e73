//! Settings of the firmware itself, which share the partition with the core: strings, numbers and
//! blobs as ESP-IDF has them, in any namespace; but only Faceplate changes its own two.

use super::alloc::{string::String, vec::Vec};

use ::esp_nvs::{Key, Nvs, error::Error, platform::Platform};
use embedded_storage::nor_flash::NorFlash;

use super::{EspNvs, EspNvsError, credentials};
use crate::NAMESPACE;

/// A number that NVS stores: `u8` to `u64`, `i8` to `i64`.
pub trait Number: Stored {}

/// How a number is stored; not for others to implement, because NVS has no other types.
pub trait Stored: Copy + PartialEq {
    /// Reads it.
    fn get<P: Platform>(store: &mut Nvs<P>, namespace: &Key, key: &Key) -> Result<Self, Error>;
    /// Writes it.
    fn set<P: Platform>(self, store: &mut Nvs<P>, namespace: &Key, key: &Key) -> Result<(), Error>;
}

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl Number for $number {}

        impl Stored for $number {
            fn get<P: Platform>(store: &mut Nvs<P>, namespace: &Key, key: &Key) -> Result<Self, Error> {
                store.get(namespace, key)
            }

            fn set<P: Platform>(self, store: &mut Nvs<P>, namespace: &Key, key: &Key) -> Result<(), Error> {
                store.set(namespace, key, self)
            }
        }
    )*};
}

numbers!(u8 u16 u32 u64 i8 i16 i32 i64);

impl<F: NorFlash> EspNvs<F> {
    /// A string.
    ///
    /// One that is damaged, or not a string, reads as absent.
    ///
    /// # Errors
    /// When flash cannot be read, or a name is none that NVS takes.
    pub fn get_str(&mut self, namespace: &str, key: &str) -> Result<Option<String>, EspNvsError> {
        self.get(namespace, key)
    }

    /// Sets a string of up to 3999 bytes and reads it back.
    ///
    /// # Errors
    /// When the namespace is Faceplate's, or the string cannot be stored, or would not be the same
    /// for other readers.
    pub fn set_str(&mut self, namespace: &str, key: &str, value: &str) -> Result<(), EspNvsError> {
        yours(namespace)?;
        self.put_str(namespace, key, value)
    }

    /// The same in any namespace.
    pub(super) fn put_str(
        &mut self,
        namespace: &str,
        key: &str,
        value: &str,
    ) -> Result<(), EspNvsError> {
        if value.contains('\0') {
            return Err(EspNvsError::Nul);
        }
        self.set_and_read(namespace, key, value, |nvs| {
            let found = nvs.get_str(namespace, key)?;
            Ok(found.is_some_and(|found| found == value))
        })
    }

    /// A number.
    ///
    /// One that is damaged, or of another type, reads as absent: a `u8` is no `u16`, as in ESP-IDF.
    ///
    /// # Errors
    /// When flash cannot be read, or a name is none that NVS takes.
    pub fn get_number<T: Number>(
        &mut self,
        namespace: &str,
        key: &str,
    ) -> Result<Option<T>, EspNvsError> {
        self.read(namespace, key, |store, namespace, key| {
            T::get(store, namespace, key)
        })
    }

    /// Sets a number and reads it back.
    ///
    /// # Errors
    /// When the namespace is Faceplate's, or the number cannot be stored.
    pub fn set_number<T: Number>(
        &mut self,
        namespace: &str,
        key: &str,
        value: T,
    ) -> Result<(), EspNvsError> {
        yours(namespace)?;
        let set = |store: &mut Nvs<_>, namespace: &Key, key: &Key| value.set(store, namespace, key);
        self.write(namespace, key, set, |nvs| {
            Ok(nvs.get_number(namespace, key)? == Some(value))
        })
    }

    /// A blob. It takes as much heap as it has bytes, and a few more.
    ///
    /// One that is damaged, or not a blob, reads as absent.
    ///
    /// # Errors
    /// When flash cannot be read, or a name is none that NVS takes.
    pub fn get_bytes(
        &mut self,
        namespace: &str,
        key: &str,
    ) -> Result<Option<Vec<u8>>, EspNvsError> {
        self.get(namespace, key)
    }

    /// Sets a blob and reads it back, which takes as much heap as it has bytes.
    ///
    /// # Errors
    /// When the namespace is Faceplate's, or the blob cannot be stored: beside the one before, for
    /// which there has to be room.
    pub fn set_bytes(
        &mut self,
        namespace: &str,
        key: &str,
        value: &[u8],
    ) -> Result<(), EspNvsError> {
        yours(namespace)?;
        self.set_and_read(namespace, key, value, |nvs| {
            let found = nvs.get_bytes(namespace, key)?;
            Ok(found.is_some_and(|found| found == value))
        })
    }

    /// Removes a value of any type; none there is as well. Its bytes may stay readable in the flash
    /// until NVS needs the room.
    ///
    /// # Errors
    /// When the namespace is Faceplate's, or flash fails.
    pub fn remove_setting(&mut self, namespace: &str, key: &str) -> Result<(), EspNvsError> {
        yours(namespace)?;
        self.delete(namespace, key)
    }
}

/// What these namespaces hold decides which slot is served and which network is joined, and has an
/// order of writes that keeps it whole.
fn yours(namespace: &str) -> Result<(), EspNvsError> {
    match [NAMESPACE, credentials::NAMESPACE].contains(&namespace) {
        true => Err(EspNvsError::Reserved),
        false => Ok(()),
    }
}

//! The [`Nvs`] port over the `esp-nvs` crate, for an NVS partition that ESP-IDF's tools can read.

extern crate alloc;

mod credentials;
mod guard;
mod page;
mod plain;
mod scrub;
mod settings;
mod settle;

use alloc::{rc::Rc, vec::Vec};
use core::{cell::RefCell, fmt};

use ::esp_nvs::{Key, MAX_KEY_LENGTH, error::Error};
use embedded_storage::nor_flash::NorFlash;

use self::guard::{Guard, GuardError, Guarded};
pub use self::{
    credentials::{Credentials, SetupPassword},
    plain::Foreign,
    settings::Number,
};
use crate::{
    NAMESPACE, Nvs, Region,
    layout::{Layout, LayoutError},
};

type Store<F> = ::esp_nvs::Nvs<Guarded<F>>;

/// The NVS partition, opened at the first access, and again after each set and each flash fault.
///
/// A partition that is not plain NVS is refused at every access, and nothing in it ever changes.
///
/// It needs about 2 KiB of heap for a partition of 24 KiB, and 4 KiB of stack while it opens. What `esp-nvs` alone leaves to
/// the luck of a power cut or to a worn-out cell is watched over at the flash, by `guard`.
pub struct EspNvs<F: NorFlash> {
    flash: Rc<RefCell<Guard<F>>>,
    store: Option<Store<F>>,
}

/// Why an access to the NVS partition failed.
#[derive(Debug, PartialEq)]
pub enum EspNvsError {
    /// The flash reported a fault, or does not hold what was written to it.
    Flash,
    /// There is no partition that can be used.
    Layout(LayoutError),
    /// The partition is encrypted, is meant to be, or no NVS; it is left as it is.
    NotPlain(Foreign),
    /// There is no room for the value.
    Full,
    /// The partition holds contradictory values, and what was set cannot be read.
    Damaged,
    /// A key, or a namespace, is one to 15 ASCII characters.
    Key,
    /// What is in the namespaces `www` and `wifi` is changed by Faceplate alone.
    Reserved,
    /// A string ends at its first NUL for whoever reads it in C.
    Nul,
    /// The region is not a whole number of sectors inside the flash.
    Region,
    /// Another error of `esp-nvs`.
    Store(Error),
}

impl fmt::Display for EspNvsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flash => f.write_str("flash fault in the NVS partition"),
            Self::Layout(error) => error.fmt(f),
            Self::NotPlain(foreign) => foreign.fmt(f),
            Self::Full => f.write_str("the NVS partition is full"),
            Self::Damaged => f.write_str("the NVS partition is damaged; erase it to start anew"),
            Self::Key => f.write_str("an NVS key has 1 to 15 ASCII characters"),
            Self::Reserved => f.write_str("the NVS namespaces www and wifi are Faceplate's"),
            Self::Nul => f.write_str("an NVS string has no NUL inside"),
            Self::Region => f.write_str("the NVS partition does not fit the flash"),
            Self::Store(error) => write!(f, "NVS: {error}"),
        }
    }
}

impl core::error::Error for EspNvsError {}

impl From<Error> for EspNvsError {
    fn from(error: Error) -> Self {
        match error {
            Error::FlashError => Self::Flash,
            Error::FlashFull | Error::PageFull => Self::Full,
            Error::InvalidPartitionOffset | Error::InvalidPartitionSize => Self::Region,
            error => Self::Store(error),
        }
    }
}

impl From<GuardError> for EspNvsError {
    fn from(GuardError(_): GuardError) -> Self {
        Self::Flash
    }
}

impl<F: NorFlash> EspNvs<F> {
    /// The NVS partition of a table. Nothing is read yet. Where there is none that can be used, every
    /// access says why.
    pub fn in_layout(flash: F, layout: &Layout) -> Self {
        Self::with_guard(Guard::new(flash, layout.nvs, layout.nvs_keys))
    }

    /// The NVS partition at `region` of `flash`. Nothing is read yet.
    pub fn new(flash: F, region: Region) -> Self {
        Self::with_guard(Guard::new(flash, Ok(region), false))
    }

    fn with_guard(guard: Guard<F>) -> Self {
        Self {
            flash: Rc::new(RefCell::new(guard)),
            store: None,
        }
    }

    /// Runs `act` on the open store. After a flash fault the store is opened anew the next time,
    /// because what it remembers of the partition may not be what is there.
    fn with<R>(
        &mut self,
        act: impl FnOnce(&mut Store<F>) -> Result<R, Error>,
    ) -> Result<R, EspNvsError> {
        let store = match &mut self.store {
            Some(store) => store,
            empty => {
                let store = empty.insert(guard::open(&self.flash)?);
                // Reading must go on; it is tried again at the next opening.
                let _later = credentials::forget_old(store, &self.flash);
                store
            }
        };
        let result = act(store);
        if matches!(result, Err(Error::FlashError)) {
            self.store = None;
        }
        Ok(result?)
    }

    fn get<R>(&mut self, namespace: &str, key: &str) -> Result<Option<R>, EspNvsError>
    where
        Store<F>: ::esp_nvs::Get<R>,
    {
        self.read(namespace, key, |store, namespace, key| {
            store.get(namespace, key)
        })
    }

    /// Reads a value; one that is damaged or of another type is as good as none.
    fn read<R>(
        &mut self,
        namespace: &str,
        key: &str,
        get: impl FnOnce(&mut Store<F>, &Key, &Key) -> Result<R, Error>,
    ) -> Result<Option<R>, EspNvsError> {
        let (namespace, key) = (checked(namespace)?, checked(key)?);
        self.with(|store| match get(store, &namespace, &key) {
            Ok(value) => Ok(Some(value)),
            Err(
                Error::NamespaceNotFound
                | Error::KeyNotFound
                | Error::ItemTypeMismatch(_)
                | Error::CorruptedData,
            ) => Ok(None),
            Err(error) => Err(error),
        })
    }

    fn set_and_read<R>(
        &mut self,
        namespace: &str,
        key: &str,
        value: R,
        same: impl FnOnce(&mut Self) -> Result<bool, EspNvsError>,
    ) -> Result<(), EspNvsError>
    where
        Store<F>: ::esp_nvs::Set<R>,
    {
        let set =
            |store: &mut Store<F>, namespace: &Key, key: &Key| store.set(namespace, key, value);
        self.write(namespace, key, set, same)
    }

    /// Sets a value, opens the partition anew and reads the value back: what is there now is what
    /// the next boot will find, also where the partition held contradictory values before.
    fn write(
        &mut self,
        namespace: &str,
        key: &str,
        set: impl FnOnce(&mut Store<F>, &Key, &Key) -> Result<(), Error>,
        same: impl FnOnce(&mut Self) -> Result<bool, EspNvsError>,
    ) -> Result<(), EspNvsError> {
        let (namespace, key) = (checked(namespace)?, checked(key)?);
        self.with(|store| set(store, &namespace, &key))?;
        self.store = None;
        match same(self)? {
            true => Ok(()),
            false => Err(EspNvsError::Damaged),
        }
    }

    /// Removes a value, opens the partition anew and looks whether there is still one.
    fn delete(&mut self, namespace: &str, key: &str) -> Result<(), EspNvsError> {
        let (namespace, key) = (checked(namespace)?, checked(key)?);
        self.with(|store| store.delete(&namespace, &key))?;
        self.store = None;
        // Any type will do: a key that is there has one.
        match self.with(|store| store.get::<u32>(&namespace, &key).map(|_| ())) {
            Err(EspNvsError::Store(Error::KeyNotFound | Error::NamespaceNotFound)) => Ok(()),
            Err(error @ EspNvsError::Flash) => Err(error),
            _ => Err(EspNvsError::Damaged),
        }
    }
}

impl<F: NorFlash> Nvs for EspNvs<F> {
    type Error = EspNvsError;

    fn get_u8(&mut self, key: &str) -> Result<Option<u8>, EspNvsError> {
        self.get(NAMESPACE, key)
    }

    fn get_u32(&mut self, key: &str) -> Result<Option<u32>, EspNvsError> {
        self.get(NAMESPACE, key)
    }

    /// A blob whose chunks are damaged reads as absent.
    fn get_blob(&mut self, key: &str, buf: &mut [u8]) -> Result<bool, EspNvsError> {
        match self.get::<Vec<u8>>(NAMESPACE, key)? {
            Some(blob) if blob.len() == buf.len() => {
                buf.copy_from_slice(&blob);
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn set_u8(&mut self, key: &str, value: u8) -> Result<(), EspNvsError> {
        self.set_and_read(NAMESPACE, key, value, |nvs| {
            Ok(nvs.get_u8(key)? == Some(value))
        })
    }

    fn set_u32(&mut self, key: &str, value: u32) -> Result<(), EspNvsError> {
        self.set_and_read(NAMESPACE, key, value, |nvs| {
            Ok(nvs.get_u32(key)? == Some(value))
        })
    }

    fn set_blob(&mut self, key: &str, value: &[u8]) -> Result<(), EspNvsError> {
        self.set_and_read(NAMESPACE, key, value, |nvs| {
            Ok(nvs
                .get::<Vec<u8>>(NAMESPACE, key)?
                .is_some_and(|found| found == value))
        })
    }

    fn remove(&mut self, key: &str) -> Result<(), EspNvsError> {
        self.delete(NAMESPACE, key)
    }
}

/// The key, or namespace, for a name that `Key` takes without a panic.
fn checked(name: &str) -> Result<Key, EspNvsError> {
    let fits = (1..=MAX_KEY_LENGTH).contains(&name.len());
    if fits && name.bytes().all(|byte| byte.is_ascii() && byte != 0) {
        Ok(Key::from_str(name))
    } else {
        Err(EspNvsError::Key)
    }
}

impl<F: NorFlash> fmt::Debug for EspNvs<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EspNvs")
            .field("open", &self.store.is_some())
            .finish_non_exhaustive()
    }
}

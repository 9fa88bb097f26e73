//! The network that a device joins: its name and its password, stored both or not at all.
//!
//! They are *one* value, so that no power cut comes between them: the string `network` of the
//! namespace `wifi`, which is the password, a line feed, and the name. A password has no line feed.
//! While there is none, the strings `ssid` and `pass` count, as Espressif's generator makes them for
//! many boards; both have to be there, or there is no network. A password that is missing is not
//! that of an open network, which is empty.

use super::alloc::{format, rc::Rc, string::String as Heap};
use core::{cell::RefCell, fmt};

use ::esp_nvs::{Key, Nvs, error::Error};
use embedded_storage::nor_flash::NorFlash;
use heapless::String;

use super::{
    EspNvs, EspNvsError,
    guard::{Guard, Guarded},
};

pub(super) const NAMESPACE: &str = "wifi";
const NETWORK: &str = "network";
/// The password of the access point for the setup, as the maker of the device put it there.
const SETUP: &str = "ap_pass";
/// The name and the password each in a value of its own.
const APART: [&str; 2] = ["ssid", "pass"];

/// Shortest and longest passphrase of WPA2, characters (IEEE 802.11-2020, J.4).
const PASSPHRASE: core::ops::RangeInclusive<usize> = 8..=63;

/// What protects the access point for a device's setup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SetupPassword {
    /// Nothing: the device was given none.
    Open,
    /// This passphrase of WPA2.
    Passphrase(String<63>),
    /// There is one, and WPA2 cannot have it. An open network is not what somebody wanted who put it there.
    Unfit,
}

/// A Wi-Fi to join.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Its name.
    pub ssid: String<32>,
    /// Its passphrase, or the 64 hexadecimal digits of its key; empty for an open network.
    pub pass: String<64>,
}

impl Credentials {
    /// `None` where Wi-Fi has no such name or password.
    #[must_use]
    pub fn new(ssid: &str, pass: &str) -> Option<Self> {
        let fits = !ssid.is_empty() && !ssid.contains('\0');
        let printable = pass.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        Some(Self {
            ssid: String::try_from(ssid).ok().filter(|_| fits)?,
            pass: String::try_from(pass).ok().filter(|_| printable)?,
        })
    }

    fn decode(stored: &str) -> Option<Self> {
        let (pass, ssid) = stored.split_once('\n')?;
        Self::new(ssid, pass)
    }

    fn encode(&self) -> Heap {
        format!("{}\n{}", self.pass, self.ssid)
    }
}

impl fmt::Debug for Credentials {
    /// Leaves the password out, so that no log has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("ssid", &self.ssid)
            .finish_non_exhaustive()
    }
}

impl<F: NorFlash> EspNvs<F> {
    /// The network to join; `None` where none was stored, or none that Wi-Fi can have.
    ///
    /// # Errors
    /// When NVS cannot be read.
    pub fn credentials(&mut self) -> Result<Option<Credentials>, EspNvsError> {
        let stored = self.get_str(NAMESPACE, NETWORK)?;
        if let Some(found) = stored.and_then(|stored| Credentials::decode(&stored)) {
            return Ok(Some(found));
        }
        let [ssid, pass] = APART;
        let ssid = self.get_str(NAMESPACE, ssid)?;
        let pass = self.get_str(NAMESPACE, pass)?;
        let both = ssid.zip(pass);
        Ok(both.and_then(|(ssid, pass)| Credentials::new(&ssid, &pass)))
    }

    /// The password of the access point for the setup: the string `ap_pass` of the namespace `wifi`. Only the maker of
    /// the device puts it there; nothing here writes or removes it.
    ///
    /// # Errors
    /// When NVS cannot be read.
    pub fn setup_password(&mut self) -> Result<SetupPassword, EspNvsError> {
        let Some(stored) = self.get_str(NAMESPACE, SETUP)? else {
            return Ok(SetupPassword::Open);
        };
        let fits = PASSPHRASE.contains(&stored.len())
            && stored.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        let fit = String::try_from(stored.as_str()).ok().filter(|_| fits);
        Ok(fit.map_or(SetupPassword::Unfit, SetupPassword::Passphrase))
    }

    /// Stores the network to join. After a power cut it is the one before, or this one. The
    /// password before is overwritten; if the power is cut before that, at the next start.
    ///
    /// # Errors
    /// When it cannot be stored; the one before is still there.
    pub fn set_credentials(&mut self, credentials: &Credentials) -> Result<(), EspNvsError> {
        // A page that was being erased when the power was cut may hold the password before.
        self.with(|_| Ok(()))?;
        self.flash.borrow_mut().erase_leftovers(None)?;
        self.flash.borrow_mut().tidy = false;
        // Reading it back opens the partition, which forgets the network before.
        let set = self.put_str(NAMESPACE, NETWORK, &credentials.encode());
        match set {
            Ok(()) => Ok(()),
            // The fault may have come after it was stored: what is there now decides.
            Err(_) if self.credentials().ok().flatten().as_ref() == Some(credentials) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

impl<F: NorFlash> EspNvs<F> {
    /// Forgets the network to join, and overwrites its password. After a power cut it is still there,
    /// or gone; its password may be readable until the next start.
    ///
    /// # Errors
    /// When it cannot be removed: it is still there.
    pub fn forget_credentials(&mut self) -> Result<(), EspNvsError> {
        // A page that was being erased when the power was cut may hold the password.
        self.with(|_| Ok(()))?;
        self.flash.borrow_mut().erase_leftovers(None)?;
        // What one value has replaced would count again without it; and of a name without a password, no
        // cut can make a secret.
        let [ssid, pass] = APART;
        let removed = [pass, ssid, NETWORK].into_iter().try_for_each(|key| {
            // Looking whether it is gone opens the partition, which overwrites it.
            self.flash.borrow_mut().tidy = false;
            self.delete(NAMESPACE, key)
        });
        match removed {
            Ok(()) => Ok(()),
            // As in `set_credentials`.
            Err(_) if self.credentials() == Ok(None) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Removes what a network stored as one value has replaced, and overwrites all that was replaced or
/// removed, by an older firmware too: once at each start of the device, and after each new network.
pub(super) fn forget_old<F: NorFlash>(
    store: &mut Nvs<Guarded<F>>,
    guard: &Rc<RefCell<Guard<F>>>,
) -> Result<(), EspNvsError> {
    if guard.borrow().tidy {
        return Ok(());
    }
    let network = string(store, NETWORK)?;
    if network.is_some_and(|stored| Credentials::decode(&stored).is_some()) {
        for key in APART {
            if string(store, key)?.is_some() {
                // What is left of a page that was moved may hold a copy.
                guard.borrow_mut().erase_leftovers(None)?;
                store.delete(&Key::from_str(NAMESPACE), &Key::from_str(key))?;
            }
        }
    }
    guard.borrow_mut().scrub(NAMESPACE)?;
    guard.borrow_mut().tidy = true;
    Ok(())
}

fn string<F: NorFlash>(
    store: &mut Nvs<Guarded<F>>,
    key: &str,
) -> Result<Option<Heap>, EspNvsError> {
    match store.get::<Heap>(&Key::from_str(NAMESPACE), &Key::from_str(key)) {
        Ok(value) => Ok(Some(value)),
        Err(Error::FlashError) => Err(EspNvsError::Flash),
        Err(_) => Ok(None),
    }
}

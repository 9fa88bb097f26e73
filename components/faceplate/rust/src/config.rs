//! What the firmware decides: `faceplate_config_t` and its hooks.

use alloc::boxed::Box;
use core::{
    ffi::{c_char, c_void},
    ptr, slice,
    sync::atomic::{AtomicPtr, Ordering},
};

use faceplate::{PublicKey, Signers, Text, layout::Places, text};

use crate::{
    code::Code,
    password::Own,
    port,
    runtime::boxed,
    text::{given, kept},
};

/// `FACEPLATE_KEYS_MAX`.
const KEYS_MAX: usize = 4;

/// `faceplate_config_t`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Config {
    pub(crate) api: u16,
    pub(crate) require_manifest: bool,
    pub(crate) no_step_back: bool,
    password_for_reading: bool,
    keys: [*const c_char; KEYS_MAX],
    password: *const c_char,
    nvs_label: *const c_char,
    slot_labels: [*const c_char; 2],
    may_update: Option<unsafe extern "C" fn(*mut c_void) -> *const c_char>,
    on_event: Option<unsafe extern "C" fn(*const Event, *mut c_void)>,
    ctx: *mut c_void,
}

impl Config {
    /// `FACEPLATE_CONFIG_DEFAULT()`.
    pub(crate) const DEFAULT: Self = Self {
        api: faceplate::API,
        require_manifest: false,
        no_step_back: false,
        password_for_reading: false,
        keys: [core::ptr::null(); KEYS_MAX],
        password: core::ptr::null(),
        nvs_label: core::ptr::null(),
        slot_labels: [core::ptr::null(); 2],
        may_update: None,
        on_event: None,
        ctx: core::ptr::null_mut(),
    };

    /// Where the partitions are, with labels of our own.
    ///
    /// # Safety
    /// The labels are null or end with NUL.
    pub(crate) unsafe fn places(&self) -> Result<Places, Code> {
        let usual = Places::DEFAULT;
        // SAFETY: as the caller says.
        unsafe {
            Ok(Places {
                table_offset: port::table_offset(),
                nvs: label(self.nvs_label, usual.nvs)?,
                slots: [
                    label(self.slot_labels[0], usual.slots[0])?,
                    label(self.slot_labels[1], usual.slots[1])?,
                ],
            })
        }
    }

    /// The device's password.
    ///
    /// # Safety
    /// Its text is null or ends with NUL.
    pub(crate) unsafe fn password(&self) -> Result<Own, Code> {
        // SAFETY: as the caller says; it is not kept.
        Own::new(unsafe { given(self.password) }, self.password_for_reading)
    }

    /// Whose frontends are taken.
    ///
    /// # Safety
    /// The keys are null or end with NUL, and no engine has those of another call.
    pub(crate) unsafe fn signers(&self) -> Result<Signers, Code> {
        /// Where the keys stay, however often somebody tries to boot.
        static PLACE: AtomicPtr<[PublicKey; KEYS_MAX]> = AtomicPtr::new(ptr::null_mut());
        let (mut keys, mut count) = ([PublicKey([0; PublicKey::LEN]); KEYS_MAX], 0);
        for key in self.keys {
            // SAFETY: as the caller says.
            if let Some(key) = unsafe { given(key) } {
                let key = key.to_str().ok().and_then(PublicKey::parse);
                keys[count] = key.ok_or(Code::INVALID_ARG)?;
                count += 1;
            }
        }
        if count == 0 {
            return Ok(Signers::ANYONE);
        }
        if !port::can_verify() {
            return Err(Code::NOT_SUPPORTED);
        }
        let mut place = PLACE.load(Ordering::Relaxed);
        if place.is_null() {
            place = Box::into_raw(boxed(keys).ok_or(Code::NO_MEM)?);
            PLACE.store(place, Ordering::Relaxed);
        }
        // SAFETY: it came from a box that is never freed, and nobody looks at it, as the caller says.
        let keys: &'static [PublicKey] = unsafe {
            place.write(keys);
            &*place
        };
        Ok(Signers::verified_by(&keys[..count], verify))
    }
}

/// Verifies in a task of its own, which has the stack for it: 4.6 KiB, wherever it is asked.
fn verify(key: &PublicKey, statement: &[u8], signature: &[u8; 64]) -> Option<bool> {
    port::verify(key, statement, signature).ok()
}

/// # Safety
/// `key` is of 32 bytes, `statement` of `len`, `signature` of 64.
#[unsafe(no_mangle)]
unsafe extern "C" fn faceplate_has_signed(
    key: *const [u8; 32],
    statement: *const u8,
    len: u32,
    signature: *const [u8; 64],
) -> bool {
    // SAFETY: as the caller says.
    let (key, statement, signature) = unsafe {
        let statement = slice::from_raw_parts(statement, len as usize);
        (PublicKey(*key), statement, &*signature)
    };
    key.has_signed(statement, signature)
}

/// Bytes of a label in a partition table.
const LABEL_MAX: usize = 16;

/// A copy of a label, which stays for ever; there are three of them at most.
///
/// # Safety
/// It is null or ends with NUL.
unsafe fn label(theirs: *const c_char, usual: &'static str) -> Result<&'static str, Code> {
    // SAFETY: as the caller says.
    let Some(theirs) = (unsafe { given(theirs) }) else {
        return Ok(usual);
    };
    match theirs.to_str() {
        Ok(label) if label.is_ascii() && (1..=LABEL_MAX).contains(&label.len()) => kept(label),
        _ => Err(Code::INVALID_ARG),
    }
}

/// `faceplate_event_t`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Event {
    id: u32,
    received: u32,
    total: u32,
    restart_in_ms: u32,
}

impl Event {
    pub(crate) fn began(total: u32) -> Self {
        Self {
            id: 1,
            total,
            ..Self::default()
        }
    }

    pub(crate) fn progress(received: u32, total: u32) -> Self {
        Self {
            id: 2,
            received,
            total,
            ..Self::default()
        }
    }

    pub(crate) fn failed() -> Self {
        Self {
            id: 3,
            ..Self::default()
        }
    }

    pub(crate) fn restarting(restart_in_ms: u32) -> Self {
        Self {
            id: 4,
            restart_in_ms,
            ..Self::default()
        }
    }
}

/// What the firmware wants to be asked and told.
pub(crate) struct Hooks(Config);

impl Hooks {
    /// Those of a configuration.
    ///
    /// # Safety
    /// The functions may be called with the context that is named beside them, for ever.
    pub(crate) unsafe fn new(config: Config) -> Self {
        Self(config)
    }

    /// The API that the firmware offers to frontends.
    pub(crate) fn api(&self) -> u16 {
        self.0.api
    }

    /// Whether the firmware wants a change now; else its reason.
    pub(crate) fn may_update(&self) -> Result<(), Text> {
        let Config {
            may_update, ctx, ..
        } = self.0;
        let Some(may_update) = may_update else {
            return Ok(());
        };
        // SAFETY: that of `new`; what it returns is null or a text, which is copied at once.
        match unsafe { given(may_update(ctx)) } {
            None => Ok(()),
            Some(why) => Err(text(
                why.to_str().unwrap_or("the firmware does not want it"),
            )),
        }
    }

    /// Tells the firmware what happens.
    pub(crate) fn tell(&self, event: Event) {
        let Config { on_event, ctx, .. } = self.0;
        if let Some(on_event) = on_event {
            // SAFETY: that of `new`; the event lives until it returns.
            unsafe { on_event(&event, ctx) }
        }
    }
}

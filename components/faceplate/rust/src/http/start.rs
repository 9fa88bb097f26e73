//! Starts HTTP, once.

use alloc::boxed::Box;
use core::{
    ptr,
    sync::atomic::{AtomicPtr, Ordering},
};

use super::{config::HttpConfig, port, site::Site, task};
use crate::{
    code::Code,
    face::{self, Face},
    runtime::boxed,
};

/// Null until there is one; then it stays.
static SITE: AtomicPtr<Site> = AtomicPtr::new(ptr::null_mut());

/// The device as the HTTP app sees it. For the task of HTTP: it looks at it only with the lock held.
pub(super) fn site() -> Option<&'static Site> {
    // SAFETY: it is never freed nor changed but through its cells, which are behind the lock.
    unsafe { SITE.load(Ordering::Acquire).as_ref() }
}

/// Starts HTTP for a caller to whom the struct is so large; does nothing the second time.
///
/// # Safety
/// `config` is null or a `faceplate_http_config_t`, whose hook may be called for ever.
#[unsafe(no_mangle)]
unsafe extern "C" fn faceplate_http_start_sized(
    config: *const HttpConfig,
    config_size: u32,
) -> Code {
    if config_size as usize != size_of::<HttpConfig>() {
        return Code::INVALID_VERSION;
    }
    // SAFETY: as the caller says; it is copied.
    let config = unsafe { config.as_ref() }.map_or(HttpConfig::DEFAULT, |config| *config);
    // With the lock, so that it happens once.
    face::with(|face| match site() {
        Some(_) => Ok(()),
        // SAFETY: as the caller says.
        None => unsafe { start(face, config) },
    })
    .flatten()
    .into()
}

/// # Safety
/// As [`Site::new`].
unsafe fn start(face: &'static Face, config: HttpConfig) -> Result<(), Code> {
    // SAFETY: as the caller says.
    let site = unsafe { Site::new(face, config) }?;
    let site = boxed(site).ok_or(Code::NO_MEM)?;
    let site = Box::into_raw(site);
    SITE.store(site, Ordering::Release);
    let started = port::start(task::task);
    if started.is_err() {
        SITE.store(ptr::null_mut(), Ordering::Release);
        // SAFETY: it came from a box just now, and nobody else has seen it: that takes the lock.
        drop(unsafe { Box::from_raw(site) });
    }
    started
}

//! An upload from a source of the firmware's own.

use alloc::boxed::Box;
use core::{ffi::c_void, pin::pin};

use faceplate::{Confirmer, RollbackError, update};

use crate::{
    code::Code,
    config::Event,
    face::{self, Face},
    flash::Flash,
    lock::wait,
    port::{self, Level},
    runtime::boxed,
    settings::Settings,
};

type CoreUpload = update::Upload<'static, Flash, Settings>;

/// `faceplate_upload_t`.
pub struct Upload {
    total: u32,
    /// Gone once it has failed. It borrows from the core: it is dropped with the lock held.
    running: Option<CoreUpload>,
}

/// # Safety
/// `upload` is null or for a pointer.
#[unsafe(no_mangle)]
unsafe extern "C" fn faceplate_upload_begin(
    total: u32,
    confirm_within_s: u16,
    upload: *mut *mut Upload,
) -> Code {
    // SAFETY: as the caller says; it is not kept.
    let Some(upload) = (unsafe { upload.as_mut() }) else {
        return Code::INVALID_ARG;
    };
    *upload = core::ptr::null_mut();
    let confirmer = match confirm_within_s {
        0 => Confirmer::Device,
        within_s if Confirmer::WITHIN_S.contains(&within_s) => Confirmer::Client { within_s },
        _ => return Code::INVALID_ARG,
    };
    let begun = face::with(|face| begin(face, total, confirmer)).flatten();
    begun.map(|begun| *upload = Box::into_raw(begun)).into()
}

fn begin(face: &'static Face, total: u32, confirmer: Confirmer) -> Result<Box<Upload>, Code> {
    let running = face.engine.begin(total, confirmer);
    let running = Some(running.map_err(|error| face.failed(&error))?);
    // Nothing may come between the firmware's consent and the begin, so it is asked last.
    let consent = face.hooks.may_update();
    consent.map_err(|why| face.failed(&RollbackError::NotNow(why)))?;
    let upload = boxed(Upload { total, running }).ok_or(Code::NO_MEM)?;
    face.hooks.tell(Event::began(total));
    Ok(upload)
}

/// # Safety
/// `upload` is null, or runs and no other task uses it now; `data` is null or has `len` bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn faceplate_upload_write(
    upload: *mut Upload,
    data: *const c_void,
    len: usize,
) -> Code {
    // SAFETY: as the caller says; it is not kept.
    let Some(upload) = (unsafe { upload.as_mut() }) else {
        return Code::INVALID_ARG;
    };
    if data.is_null() {
        return Code::INVALID_ARG;
    }
    // SAFETY: as the caller says; nobody writes to them meanwhile.
    let data = unsafe { core::slice::from_raw_parts(data.cast::<u8>(), len) };
    wait(pin!(write(upload, data))).flatten().into()
}

async fn write(upload: &mut Upload, data: &[u8]) -> Result<(), Code> {
    let face = face::get()?;
    let Some(running) = &mut upload.running else {
        return Err(Code::INVALID_STATE);
    };
    match running.write(data).await {
        Ok(()) => {
            let received = upload.total - running.remaining();
            face.hooks.tell(Event::progress(received, upload.total));
            Ok(())
        }
        Err(error) => {
            upload.running = None;
            face.hooks.tell(Event::failed());
            Err(face.failed(&error))
        }
    }
}

/// # Safety
/// `upload` is null, or runs and no other task uses it now, or ever after this unless it says so; `sha256`
/// is null or has 32 bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn faceplate_upload_finish(upload: *mut Upload, sha256: *const [u8; 32]) -> Code {
    // SAFETY: as the caller says; the digest is copied.
    let (upload, digest) = unsafe { (upload.as_mut(), sha256.as_ref().copied()) };
    let Some(upload) = upload else {
        return Code::INVALID_ARG;
    };
    if upload.running.is_none() {
        return Code::INVALID_STATE;
    }
    // In a hook this fails, before a task is made that would wait for the lock for ever.
    if let Err(error) = face::with(|_| ()) {
        return error;
    }
    let finished = port::run(|| match upload.running.take() {
        Some(running) => wait(pin!(finish(running, digest))).flatten(),
        None => Err(Code::INVALID_STATE),
    });
    // Whoever is told of no memory has it still, wherever that was wanting: one code asks for one thing.
    if !matches!(finished, Err(_) | Ok(Err(Code::NO_MEM))) {
        // SAFETY: it came from a box, in `faceplate_upload_begin`, and is over.
        drop(unsafe { Box::from_raw(upload) });
    }
    finished.flatten().into()
}

async fn finish(running: CoreUpload, digest: Option<[u8; 32]>) -> Result<(), Code> {
    let face = face::get()?;
    let done = match pin!(running.finish(digest)).await {
        Ok(checked) => checked.activate(),
        Err(error) => Err(error),
    };
    match done {
        Ok(_) => {
            face.restart();
            Ok(())
        }
        Err(error) => {
            face.hooks.tell(Event::failed());
            Err(face.failed(&error))
        }
    }
}

/// # Safety
/// `upload` is null, or was begun and is of no use to anybody after this.
#[unsafe(no_mangle)]
unsafe extern "C" fn faceplate_upload_abort(upload: *mut Upload) {
    if upload.is_null() {
        return;
    }
    let aborted = face::with(|face| {
        // SAFETY: it came from a box, in `faceplate_upload_begin`.
        let upload = unsafe { Box::from_raw(upload) };
        let running = upload.running.is_some();
        // First, so that who is told finds that another may begin.
        drop(upload);
        if running {
            face.hooks.tell(Event::failed());
        }
    });
    if aborted.is_err() {
        port::log(Level::Error, c"an upload cannot be given up in a hook");
    }
}

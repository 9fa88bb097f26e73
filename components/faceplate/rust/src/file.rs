//! Files of the frontend that is served.

use alloc::boxed::Box;
use core::ffi::{c_char, c_void};

use faceplate::OpenFile;

use crate::{
    code::Code,
    face,
    flash::Flash,
    port::{self, Level},
    runtime::boxed,
    text::{given, line},
};

/// `faceplate_file_t`. It reads flash by itself: the lock is for opening alone.
pub struct File(OpenFile<Flash>);

/// # Safety
/// `path` is null or ends with NUL; `file` is null or for a pointer.
#[unsafe(no_mangle)]
unsafe extern "C" fn faceplate_open(path: *const c_char, file: *mut *mut File) -> Code {
    // SAFETY: as the caller says; neither is kept.
    let (path, file) = unsafe { (given(path), file.as_mut()) };
    let (Some(Ok(path)), Some(file)) = (path.map(|path| path.to_str()), file) else {
        return Code::INVALID_ARG;
    };
    *file = core::ptr::null_mut();
    let path = path.strip_prefix('/').unwrap_or(path);
    let opened = face::with(|face| {
        let opened = face.engine.open(path).map_err(|error| {
            port::log(Level::Error, &line(&error));
            face.last_error.replace(error);
            Code::FLASH
        });
        opened?.ok_or(Code::NOT_FOUND)
    });
    let opened = opened.flatten();
    let boxed = opened.and_then(|opened| boxed(File(opened)).ok_or(Code::NO_MEM));
    boxed.map(|opened| *file = Box::into_raw(opened)).into()
}

/// # Safety
/// `file` is null or open.
#[unsafe(no_mangle)]
unsafe extern "C" fn faceplate_size(file: *const File) -> u32 {
    // SAFETY: as the caller says.
    unsafe { file.as_ref() }.map_or(0, |file| file.0.size())
}

/// # Safety
/// `file` is null or open, and no other task uses it now.
#[unsafe(no_mangle)]
unsafe extern "C" fn faceplate_seek(file: *mut File, position: u32) -> Code {
    // SAFETY: as the caller says.
    match unsafe { file.as_mut() } {
        Some(file) => {
            file.0.seek(position);
            Code::OK
        }
        None => Code::INVALID_ARG,
    }
}

/// # Safety
/// `file` is null or open, and no other task uses it now; `buffer` is null or for `len` bytes, and `read`
/// null or for a number.
#[unsafe(no_mangle)]
unsafe extern "C" fn faceplate_read(
    file: *mut File,
    buffer: *mut c_void,
    len: usize,
    read: *mut usize,
) -> Code {
    // SAFETY: as the caller says; none is kept.
    let (Some(file), Some(read)) = (unsafe { (file.as_mut(), read.as_mut()) }) else {
        return Code::INVALID_ARG;
    };
    *read = 0;
    if buffer.is_null() {
        return Code::INVALID_ARG;
    }
    // SAFETY: as the caller says. What is in the buffer does not matter: any byte is one.
    let buffer = unsafe { core::slice::from_raw_parts_mut(buffer.cast::<u8>(), len) };
    match file.0.read(buffer) {
        Ok(n) => {
            *read = n;
            Code::OK
        }
        Err(error) => {
            port::log(Level::Error, &line(&error));
            // In a hook it stays with the log.
            _ = face::with(|face| face.last_error.replace(error));
            Code::FLASH
        }
    }
}

/// # Safety
/// `file` is null, or open and of no use to anybody after this.
#[unsafe(no_mangle)]
unsafe extern "C" fn faceplate_close(file: *mut File) {
    if !file.is_null() {
        // SAFETY: it came from a box, in `faceplate_open`.
        drop(unsafe { Box::from_raw(file) });
    }
}

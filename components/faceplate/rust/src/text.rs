//! Texts as C has them, which end with NUL, and as they come from there.

use alloc::{boxed::Box, vec::Vec};
use core::{
    ffi::{CStr, c_char},
    fmt::{self, Write as _},
    ops::Deref,
    ptr,
    sync::atomic::{AtomicPtr, Ordering},
};

use crate::{code::Code, runtime::boxed};

/// Bytes of a line for people, as the core has it, and its NUL.
const ROOM: usize = 101;

/// A line that ends with NUL.
pub(crate) struct Line([u8; ROOM]);

impl Deref for Line {
    type Target = CStr;

    fn deref(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.0).unwrap_or_default()
    }
}

/// Formats `what`; what does not fit is cut off.
pub(crate) fn line(what: impl fmt::Display) -> Line {
    let mut line = Line([0; ROOM]);
    fill(&mut line.0, what);
    line
}

/// Formats `what` into a field of a struct, with a NUL at the end; what does not fit is cut off.
pub(crate) fn fill(field: &mut [u8], what: impl fmt::Display) {
    struct Cut<'f>(&'f mut [u8], usize);
    impl fmt::Write for Cut<'_> {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            for character in text.chars() {
                let end = self.1 + character.len_utf8();
                // One byte stays for the NUL.
                if end >= self.0.len() {
                    return Err(fmt::Error);
                }
                character.encode_utf8(&mut self.0[self.1..end]);
                self.1 = end;
            }
            Ok(())
        }
    }
    field.fill(0);
    let mut cut = Cut(field, 0);
    // The only error is the one above: full.
    let _full = write!(cut, "{what}");
}

/// A text of C.
///
/// # Safety
/// `text` is null or ends with NUL, and stays as it is for as long as the result is used.
pub(crate) unsafe fn given<'t>(text: *const c_char) -> Option<&'t CStr> {
    // SAFETY: as the caller says.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) })
}

/// A copy of a text, which ends with NUL and has none in it.
fn copied(text: &str) -> Result<Box<[u8]>, Code> {
    let mut copy = Vec::new();
    copy.try_reserve_exact(text.len() + 1)
        .map_err(|_| Code::NO_MEM)?;
    copy.extend_from_slice(text.as_bytes());
    copy.push(0);
    match text.contains('\0') {
        false => Ok(copy.into_boxed_slice()),
        true => Err(Code::INVALID_ARG),
    }
}

/// A text that stays for ever, and the one that was kept before it.
struct Kept {
    bytes: Box<[u8]>,
    before: Option<&'static Self>,
}

/// The last that was kept. There are few: the labels of partitions.
static KEPT: AtomicPtr<Kept> = AtomicPtr::new(ptr::null_mut());

/// A copy of a text as C has it, which stays for ever; an error where there is no memory for it. The same text
/// is kept once, however often somebody tries to boot. Not for two tasks at once.
pub(crate) fn for_c(text: &str) -> Result<&'static CStr, Code> {
    // SAFETY: what is kept is never freed nor changed.
    let last = unsafe { KEPT.load(Ordering::Acquire).as_ref() };
    let mut all = core::iter::successors(last, |kept| kept.before);
    let there = all.find(|kept| kept.bytes.strip_suffix(b"\0") == Some(text.as_bytes()));
    let kept = match there {
        Some(kept) => kept,
        None => {
            let bytes = copied(text)?;
            let kept = boxed(Kept {
                bytes,
                before: last,
            });
            let kept = Box::into_raw(kept.ok_or(Code::NO_MEM)?);
            KEPT.store(kept, Ordering::Release);
            // SAFETY: as above.
            unsafe { &*kept }
        }
    };
    CStr::from_bytes_with_nul(&kept.bytes).map_err(|_| Code::INVALID_ARG)
}

/// The same as Rust has it.
pub(crate) fn kept(text: &str) -> Result<&'static str, Code> {
    for_c(text)?.to_str().map_err(|_| Code::INVALID_ARG)
}

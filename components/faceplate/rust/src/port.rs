//! What ESP-IDF does for us: the other side of `../src/faceplate_port.h`.

use core::ffi::{CStr, c_char, c_int, c_void};

use faceplate::PublicKey;

use crate::{code::Code, want};

/// A row of the partition table, as the header has it.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Row {
    pub(crate) handle: *const c_void,
    pub(crate) address: u32,
    pub(crate) size: u32,
    pub(crate) kind: u8,
    pub(crate) subtype: u8,
    pub(crate) encrypted: bool,
    pub(crate) readonly: bool,
    pub(crate) label: [c_char; 17],
}

mod c {
    use super::{Code, Row, c_char, c_int, c_void};

    unsafe extern "C" {
        pub(super) safe fn faceplate_port_init() -> Code;
        pub(crate) safe fn faceplate_port_can_verify() -> bool;
        pub(super) fn faceplate_port_verify(
            key: *const u8,
            statement: *const u8,
            len: u32,
            signature: *const u8,
        ) -> bool;
        pub(super) fn faceplate_port_run(
            work: extern "C" fn(*mut c_void),
            arg: *mut c_void,
        ) -> Code;
        pub(super) safe fn faceplate_port_spawn(task: extern "C" fn(*mut c_void)) -> Code;
        pub(super) safe fn faceplate_port_lock() -> bool;
        pub(crate) safe fn faceplate_port_unlock();
        pub(crate) safe fn faceplate_port_give_way();
        pub(crate) safe fn faceplate_port_sleep_ms(ms: u32);
        pub(crate) safe fn faceplate_port_now_ms() -> i64;
        pub(crate) safe fn faceplate_port_restart() -> !;
        pub(crate) safe fn faceplate_port_table_offset() -> u32;
        pub(super) safe fn faceplate_err_to_name(code: Code) -> *const c_char;
        #[cfg(feature = "password")]
        pub(super) fn faceplate_port_fill_random(to: *mut c_void, len: u32);
        pub(super) fn faceplate_port_log(level: c_int, line: *const c_char);
        pub(super) fn faceplate_port_panic(line: *const c_char) -> !;
        pub(super) fn faceplate_port_row(index: u32, row: *mut Row) -> Code;
        pub(super) fn faceplate_port_read(
            handle: *const c_void,
            offset: u32,
            to: *mut c_void,
            len: u32,
        ) -> Code;
        pub(super) fn faceplate_port_write(
            handle: *const c_void,
            offset: u32,
            from: *const c_void,
            len: u32,
        ) -> Code;
        pub(super) fn faceplate_port_erase(handle: *const c_void, offset: u32, len: u32) -> Code;
        pub(super) fn faceplate_port_nvs_get(
            partition: *const c_char,
            space: *const c_char,
            key: *const c_char,
            kind: c_int,
            value: *mut c_void,
            len: u32,
            found: *mut bool,
        ) -> Code;
        pub(super) fn faceplate_port_nvs_set(
            partition: *const c_char,
            space: *const c_char,
            key: *const c_char,
            kind: c_int,
            value: *const c_void,
            len: u32,
        ) -> Code;
        pub(super) fn faceplate_port_nvs_remove(
            partition: *const c_char,
            space: *const c_char,
            key: *const c_char,
        ) -> Code;
    }
}

pub(crate) use c::{
    faceplate_port_can_verify as can_verify, faceplate_port_give_way as give_way,
    faceplate_port_now_ms as clock_ms, faceplate_port_restart as restart,
    faceplate_port_sleep_ms as sleep_ms, faceplate_port_table_offset as table_offset,
    faceplate_port_unlock as unlock,
};

/// Makes the lock.
pub(crate) fn init() -> Result<(), Code> {
    c::faceplate_port_init().done()
}

/// Takes the lock; an error where the caller has it.
pub(crate) fn lock() -> Result<(), Code> {
    match c::faceplate_port_lock() {
        true => Ok(()),
        false => Err(Code::INVALID_STATE),
    }
}

/// Runs `work` on a stack that is large enough, and waits for its end.
pub(crate) fn run<R>(work: impl FnOnce() -> R) -> Result<R, Code> {
    struct Job<W, R>(Option<W>, Option<R>);

    extern "C" fn call<W: FnOnce() -> R, R>(job: *mut c_void) {
        // SAFETY: it is the job below, of just these types, which lives until this has returned, and
        // which its owner does not look at before.
        let job = unsafe { &mut *job.cast::<Job<W, R>>() };
        job.1 = job.0.take().map(|work| work());
    }

    fn entry<W: FnOnce() -> R, R>(_: &Job<W, R>) -> extern "C" fn(*mut c_void) {
        call::<W, R>
    }

    let mut job = Job(Some(work), None);
    let call = entry(&job);
    // SAFETY: `call` gets the pointer that it expects; the function returns when it has run, or was
    // never started. What the work borrows is ours until then, and moves to no third task.
    let ran = unsafe { c::faceplate_port_run(call, (&raw mut job).cast()) };
    ran.done()?;
    job.1.ok_or(Code::FAIL)
}

/// Whether a key has signed a statement, on a stack that is large enough; an error where there is no memory for
/// that.
pub(crate) fn verify(
    key: &PublicKey,
    statement: &[u8],
    signature: &[u8; 64],
) -> Result<bool, Code> {
    let len = u32::try_from(statement.len()).map_err(|_| Code::INVALID_SIZE)?;
    let (key, signature) = (key.0.as_ptr(), signature.as_ptr());
    // SAFETY: 32 bytes, so many, and 64, which stay for as long as this waits.
    run(|| unsafe { c::faceplate_port_verify(key, statement.as_ptr(), len, signature) })
        .inspect_err(|error| _ = want::noted(*error))
}

/// Starts the task that runs for ever.
pub(crate) fn spawn(task: extern "C" fn(*mut c_void)) -> Result<(), Code> {
    c::faceplate_port_spawn(task).done()
}

/// The name of an error.
pub(crate) fn name(code: Code) -> &'static str {
    // SAFETY: names are constants that end with NUL.
    let name = unsafe { crate::text::given(c::faceplate_err_to_name(code)) };
    name.and_then(|name| name.to_str().ok())
        .unwrap_or("an error")
}

/// Fills bytes with what nobody can guess.
#[cfg(feature = "password")]
pub(crate) fn fill_random(bytes: &mut [u8]) {
    // A few, wherever it is asked.
    let len = bytes.len() as u32;
    // SAFETY: as much room as there is.
    unsafe { c::faceplate_port_fill_random(bytes.as_mut_ptr().cast(), len) }
}

/// How much a line of the log matters.
#[derive(Clone, Copy)]
pub(crate) enum Level {
    Error = 1,
    Warning = 2,
    Info = 3,
}

/// Writes a line to the log.
pub(crate) fn log(level: Level, line: &CStr) {
    // SAFETY: a text that ends with NUL, and is only read.
    unsafe { c::faceplate_port_log(level as c_int, line.as_ptr()) }
}

/// Ends the firmware.
pub(crate) fn panic(line: &CStr) -> ! {
    // SAFETY: as in `log`.
    unsafe { c::faceplate_port_panic(line.as_ptr()) }
}

/// The row of the partition table with this number, if there is one.
pub(crate) fn row(index: u32) -> Result<Option<Row>, Code> {
    let mut row = Row {
        handle: core::ptr::null(),
        address: 0,
        size: 0,
        kind: 0,
        subtype: 0,
        encrypted: false,
        readonly: false,
        label: [0; 17],
    };
    // SAFETY: it is for the function to fill.
    match want::noted(unsafe { c::faceplate_port_row(index, &mut row) }) {
        Ok(()) => Ok(Some(row)),
        Err(Code::NOT_FOUND) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A partition of the table, which ESP-IDF keeps for as long as the firmware runs.
#[derive(Clone, Copy)]
pub(crate) struct Partition(*const c_void);

impl Partition {
    /// That of a row.
    pub(crate) fn of(row: &Row) -> Self {
        Self(row.handle)
    }

    pub(crate) fn read(self, offset: u32, to: &mut [u8]) -> Result<(), Code> {
        let len = len_of(to)?;
        // SAFETY: ESP-IDF's own handle, and as many bytes as there is room for.
        want::noted(unsafe { c::faceplate_port_read(self.0, offset, to.as_mut_ptr().cast(), len) })
    }

    pub(crate) fn write(self, offset: u32, from: &[u8]) -> Result<(), Code> {
        let len = len_of(from)?;
        // SAFETY: ESP-IDF's own handle, and as many bytes as there are.
        unsafe { c::faceplate_port_write(self.0, offset, from.as_ptr().cast(), len) }.done()
    }

    pub(crate) fn erase(self, offset: u32, len: u32) -> Result<(), Code> {
        // SAFETY: ESP-IDF's own handle; what is outside of the partition is refused there.
        unsafe { c::faceplate_port_erase(self.0, offset, len) }.done()
    }
}

fn len_of(bytes: &[u8]) -> Result<u32, Code> {
    u32::try_from(bytes.len()).map_err(|_| Code::INVALID_SIZE)
}

/// What kind of value is in NVS, with the numbers of the header.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    U8 = 0,
    U32 = 1,
    Blob = 2,
}

/// A key in NVS.
#[derive(Clone, Copy)]
pub(crate) struct Key<'k> {
    pub(crate) partition: &'k CStr,
    pub(crate) space: &'k CStr,
    pub(crate) key: &'k CStr,
}

impl Key<'_> {
    fn texts(&self) -> [*const c_char; 3] {
        [self.partition, self.space, self.key].map(CStr::as_ptr)
    }

    /// Copies its value, of just this kind and length; `false` where there is no such.
    ///
    /// # Safety
    /// `value` is for a value of that kind, and has `len` bytes.
    unsafe fn get(self, kind: Kind, value: *mut c_void, len: u32) -> Result<bool, Code> {
        let [partition, space, key] = self.texts();
        let mut found = false;
        // SAFETY: texts that end with NUL and are only read; the caller vouches for the value.
        let got = unsafe {
            c::faceplate_port_nvs_get(partition, space, key, kind as c_int, value, len, &mut found)
        };
        want::noted(got).map(|()| found)
    }

    /// Sets its value.
    ///
    /// # Safety
    /// `value` is a value of that kind, and has `len` bytes.
    unsafe fn set(self, kind: Kind, value: *const c_void, len: u32) -> Result<(), Code> {
        want::none_yet()?;
        let [partition, space, key] = self.texts();
        // SAFETY: as in `get`.
        let set =
            unsafe { c::faceplate_port_nvs_set(partition, space, key, kind as c_int, value, len) };
        want::noted(set)
    }

    pub(crate) fn get_u8(self) -> Result<Option<u8>, Code> {
        let mut value = 0_u8;
        // SAFETY: the value is one of this kind.
        let found = unsafe { self.get(Kind::U8, (&raw mut value).cast(), 1) }?;
        Ok(found.then_some(value))
    }

    pub(crate) fn get_u32(self) -> Result<Option<u32>, Code> {
        let mut value = 0_u32;
        // SAFETY: the value is one of this kind.
        let found = unsafe { self.get(Kind::U32, (&raw mut value).cast(), 4) }?;
        Ok(found.then_some(value))
    }

    pub(crate) fn get_blob(self, value: &mut [u8]) -> Result<bool, Code> {
        let len = len_of(value)?;
        // SAFETY: a blob is as many bytes as there are.
        unsafe { self.get(Kind::Blob, value.as_mut_ptr().cast(), len) }
    }

    pub(crate) fn set_u8(self, value: u8) -> Result<(), Code> {
        // SAFETY: the value is one of this kind.
        unsafe { self.set(Kind::U8, (&raw const value).cast(), 1) }
    }

    pub(crate) fn set_u32(self, value: u32) -> Result<(), Code> {
        // SAFETY: the value is one of this kind.
        unsafe { self.set(Kind::U32, (&raw const value).cast(), 4) }
    }

    pub(crate) fn set_blob(self, value: &[u8]) -> Result<(), Code> {
        let len = len_of(value)?;
        // SAFETY: a blob is as many bytes as there are.
        unsafe { self.set(Kind::Blob, value.as_ptr().cast(), len) }
    }

    pub(crate) fn remove(self) -> Result<(), Code> {
        want::none_yet()?;
        let [partition, space, key] = self.texts();
        // SAFETY: texts that end with NUL and are only read.
        want::noted(unsafe { c::faceplate_port_nvs_remove(partition, space, key) })
    }
}

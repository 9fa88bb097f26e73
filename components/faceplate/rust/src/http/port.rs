//! What esp_http_server and the network do for us: the other side of `../../../src/faceplate_http_port.h`.

use core::{
    cell::Cell,
    ffi::{CStr, c_char, c_int, c_void},
};

use crate::{code::Code, text::given};

/// To read, or to write, as the header has it.
pub(crate) const READ: u8 = 1;
pub(crate) const WRITE: u8 = 2;

/// That nothing comes, or goes, for now.
const WOULD_BLOCK: c_int = -1;

/// A place for a connection, as the header has it. Only the task of HTTP looks at it, but for what httpd is
/// asked for, which only C looks at.
#[repr(C)]
pub(crate) struct Socket {
    request: Cell<*mut c_void>,
    fd: Cell<c_int>,
    _ended_ms: Cell<u32>,
    _session: Cell<u16>,
    wants: Cell<u8>,
    can: Cell<u8>,
    _cut: Cell<u8>,
}

/// A connection is broken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Broken;

mod c {
    use super::{Code, Socket, c_char, c_int, c_void};

    unsafe extern "C" {
        pub(super) safe fn faceplate_port_http_start(task: extern "C" fn(*mut c_void)) -> Code;
        pub(crate) safe fn faceplate_port_http_requests() -> u32;
        pub(crate) safe fn faceplate_port_http_random() -> u32;
        pub(super) safe fn faceplate_port_http_chip() -> *const c_char;
        pub(super) safe fn faceplate_port_http_firmware() -> *const c_char;
        pub(super) safe fn faceplate_port_http_next(wait: bool, socket: &Socket) -> bool;
        pub(super) fn faceplate_port_http_wait(sockets: *const Socket, count: u32, ms: u32);
        pub(super) fn faceplate_port_http_method(socket: &Socket) -> *const c_char;
        pub(super) fn faceplate_port_http_target(socket: &Socket) -> *const c_char;
        pub(super) fn faceplate_port_http_body_len(socket: &Socket) -> u32;
        pub(super) fn faceplate_port_http_header(
            request: *mut c_void,
            name: *const c_char,
            value: *mut c_char,
            len: u32,
        ) -> Code;
        pub(super) fn faceplate_port_http_body(socket: &Socket, to: *mut c_void, len: u32)
        -> c_int;
        pub(super) safe fn faceplate_port_http_peek(socket: &Socket) -> c_int;
        pub(super) fn faceplate_port_http_recv(socket: &Socket, to: *mut c_void, len: u32)
        -> c_int;
        pub(super) fn faceplate_port_http_send(
            socket: &Socket,
            from: *const c_void,
            len: u32,
        ) -> c_int;
        #[cfg(feature = "password")]
        pub(super) fn faceplate_port_http_answer(
            request: *mut c_void,
            from: *const c_void,
            len: u32,
        );
        pub(super) safe fn faceplate_port_http_is_wanted(socket: &Socket) -> bool;
        pub(super) fn faceplate_port_http_cut(socket: &Socket) -> bool;
        pub(super) fn faceplate_port_http_give_back(socket: &Socket) -> bool;
        pub(super) safe fn faceplate_port_http_close(socket: &Socket);
    }
}

pub(crate) use c::{
    faceplate_port_http_random as random, faceplate_port_http_requests as requests,
};

/// Makes the task that runs for ever.
pub(crate) fn start(task: extern "C" fn(*mut c_void)) -> Result<(), Code> {
    c::faceplate_port_http_start(task).done()
}

/// A constant of C's.
fn constant(text: *const c_char) -> &'static str {
    // SAFETY: it ends with NUL, and is one for ever.
    let text = unsafe { given(text) };
    text.and_then(|text| text.to_str().ok()).unwrap_or_default()
}

/// The chip, such as `esp32s3`.
pub(crate) fn chip() -> &'static str {
    constant(c::faceplate_port_http_chip())
}

/// The firmware's version.
pub(crate) fn firmware() -> &'static str {
    constant(c::faceplate_port_http_firmware())
}

/// Waits until something can be done on one of them, or so much time has passed.
pub(crate) fn wait(sockets: &[Socket], ms: u32) {
    // SAFETY: as many as there are, whose cells only this task looks at.
    unsafe { c::faceplate_port_http_wait(sockets.as_ptr(), sockets.len() as u32, ms) }
}

/// Copies a header of a request that httpd has, with a NUL at its end.
pub(crate) fn header(request: Request, name: &CStr, value: &mut [u8]) -> Result<(), Code> {
    let len = u32::try_from(value.len()).unwrap_or(u32::MAX);
    // SAFETY: a request that was not given back, a text that ends with NUL, and as much room as there is.
    let found = unsafe {
        c::faceplate_port_http_header(request.0, name.as_ptr(), value.as_mut_ptr().cast(), len)
    };
    found.done()
}

/// Sends a whole answer to a request that a handler of the firmware's has; waits for the client.
#[cfg(feature = "password")]
pub(crate) fn answer(request: Request, bytes: &[u8]) {
    // It is small.
    let len = bytes.len() as u32;
    // SAFETY: a request that its handler waits with, and as many bytes as there are.
    unsafe { c::faceplate_port_http_answer(request.0, bytes.as_ptr().cast(), len) }
}

/// A request that httpd gave.
#[derive(Clone, Copy)]
pub(crate) struct Request(*mut c_void);

/// What a read or a write brought: `None` for nothing yet.
fn came(n: c_int) -> Result<Option<usize>, Broken> {
    match n {
        WOULD_BLOCK => Ok(None),
        n => usize::try_from(n).map(Some).map_err(|_| Broken),
    }
}

impl Socket {
    /// A place that is free.
    pub(crate) const fn new() -> Self {
        Self {
            request: Cell::new(core::ptr::null_mut()),
            fd: Cell::new(-1),
            _ended_ms: Cell::new(0),
            _session: Cell::new(0),
            wants: Cell::new(0),
            can: Cell::new(0),
            _cut: Cell::new(0),
        }
    }

    /// Takes the next request that httpd has handed over, or connection of the port of its own; may wait for it.
    pub(crate) fn next(&self, wait: bool) -> bool {
        self.wants.set(0);
        // Some of a body is there already, and room for an answer.
        self.can.set(READ | WRITE);
        c::faceplate_port_http_next(wait, self)
    }

    /// The request that httpd gave; `None` on the port of its own.
    pub(crate) fn request(&self) -> Option<Request> {
        let request = self.request.get();
        (!request.is_null()).then_some(Request(request))
    }

    /// Forgets what was waited for.
    pub(crate) fn wants_nothing(&self) {
        self.wants.set(0);
    }

    /// Whether this can be done now, without waiting, once; else it is waited for.
    pub(crate) fn can(&self, what: u8) -> bool {
        let can = self.can.get();
        self.can.set(can & !what);
        if can & what == 0 {
            self.wants.set(self.wants.get() | what);
        }
        can & what != 0
    }

    /// It was not done.
    pub(crate) fn can_again(&self, what: u8) {
        self.can.set(self.can.get() | what);
    }

    /// Method, target and length of the body of the request.
    pub(crate) fn line(&self) -> (&str, &str, u32) {
        // SAFETY: there is a request, which was not given back: these are its own for as long.
        let (method, target) = unsafe {
            (
                given(c::faceplate_port_http_method(self)),
                given(c::faceplate_port_http_target(self)),
            )
        };
        let text = |text: Option<&'static CStr>| text.and_then(|text| text.to_str().ok());
        // SAFETY: there is a request.
        let body = unsafe { c::faceplate_port_http_body_len(self) };
        (
            text(method).unwrap_or_default(),
            text(target).unwrap_or_default(),
            body,
        )
    }

    /// Bytes of the request's body.
    pub(crate) fn body(&self, to: &mut [u8]) -> Result<Option<usize>, Broken> {
        // SAFETY: there is a request, and as much room as there is.
        came(unsafe { c::faceplate_port_http_body(self, to.as_mut_ptr().cast(), len(to.len())) })
    }

    /// Bytes as they come.
    pub(crate) fn recv(&self, to: &mut [u8]) -> Result<Option<usize>, Broken> {
        // SAFETY: as much room as there is.
        came(unsafe { c::faceplate_port_http_recv(self, to.as_mut_ptr().cast(), len(to.len())) })
    }

    /// The same without taking any: how many there are, up to one.
    pub(crate) fn peek(&self) -> Result<Option<usize>, Broken> {
        came(c::faceplate_port_http_peek(self))
    }

    /// Sends some of it.
    pub(crate) fn send(&self, from: &[u8]) -> Result<Option<usize>, Broken> {
        // SAFETY: as many bytes as there are.
        came(unsafe { c::faceplate_port_http_send(self, from.as_ptr().cast(), len(from.len())) })
    }

    /// Whether its answer is wanted still: its server is not being stopped.
    pub(crate) fn is_wanted(&self) -> bool {
        c::faceplate_port_http_is_wanted(self)
    }

    /// Has httpd read nothing more from it; false until it has done that, to be called again.
    pub(crate) fn cut(&self) -> bool {
        // SAFETY: there is a request; the place is one for ever, and httpd sets but `cut`.
        unsafe { c::faceplate_port_http_cut(self) }
    }

    /// Gives the request back to httpd; the place is free then. False where httpd has closed the connection
    /// meanwhile: it has to be cut first.
    pub(crate) fn give_back(&self) -> bool {
        // SAFETY: there is a request, which is used no more.
        unsafe { c::faceplate_port_http_give_back(self) }
    }

    /// Closes the connection of the port of its own; the place is free then.
    pub(crate) fn close(&self) {
        c::faceplate_port_http_close(self);
    }
}

fn len(bytes: usize) -> u32 {
    // A step is smaller: it may always do less than was asked for.
    bytes.min(1 << 20) as u32
}

//! Requests that the firmware's own handlers answer, and that need the password.

use alloc::vec::Vec;
use core::pin::pin;

use embedded_io_async::{ErrorType, Write};
use faceplate_http::{
    ConnectionBuffers, Head,
    beside::{Refused, check_password, needs_password, refuse},
    head::HeadError,
};

use super::{
    app::Hooks,
    connection::buffers,
    head::{NoHead, head},
    port::{self, Broken, Request, Socket},
    site::Site,
    start::site,
};
use crate::{code::Code, face, lock::wait, port::run};

/// Whether a request that httpd has may go on; `FAIL` where that was answered with a refusal, and any other error
/// where nobody has answered.
///
/// # Safety
/// `socket` is one for a request of httpd's that nobody else looks at until this has returned.
#[unsafe(no_mangle)]
unsafe extern "C" fn faceplate_http_check_password(socket: *const Socket) -> Code {
    // SAFETY: as the caller says.
    let socket = unsafe { socket.as_ref() };
    let request = socket.and_then(|socket| Some((socket, socket.request()?)));
    match request {
        Some((socket, request)) => check(socket, request).into(),
        None => Code::INVALID_ARG,
    }
}

fn check(socket: &Socket, request: Request) -> Result<(), Code> {
    // Not in a hook, where the task that is made here would wait for the lock for ever.
    if face::with(|face| face.password.get().is_none())? {
        return Ok(());
    }
    let site = site().ok_or(Code::INVALID_STATE)?;
    let head = match head(socket, request) {
        Ok(head) => Ok(head),
        Err(NoHead::Wrong(error)) => Err(error),
        Err(NoHead::NoMemory) => return Err(Code::NO_MEM),
    };
    if let Ok(head) = &head
        && !face::with(|_| is_locked(site, head))?
    {
        return Ok(());
    }
    // Stretching a plain password takes as much of the stack as answering a request.
    let refusal = run(|| {
        let mut buffers = buffers().ok_or(Code::NO_MEM)?;
        wait(pin!(judge(site, request, head.as_deref(), &mut buffers)))?
    })
    .flatten()?;
    match refusal {
        None => Ok(()),
        Some(refusal) => {
            port::answer(request, &refusal);
            Err(Code::FAIL)
        }
    }
}

/// Whether the head is of a request that needs the password; of one that is wrong nobody knows.
fn is_locked(site: &'static Site, head: &[u8]) -> bool {
    let hooks = Hooks {
        site,
        request: None,
    };
    Head::parse(head).map_or(true, |head| needs_password(&hooks, &head))
}

/// The refusal, if the request may not go on.
async fn judge(
    site: &'static Site,
    request: Request,
    head: Result<&[u8], &HeadError>,
    buffers: &mut ConnectionBuffers,
) -> Result<Option<Vec<u8>>, Code> {
    let hooks = Hooks {
        site,
        request: Some(request),
    };
    let mut answer = Answer::default();
    let head = head.map_err(|error| *error).and_then(Head::parse);
    let goes_on = match head {
        Ok(head) => check_password(site, &hooks, &head, &mut answer, buffers).await,
        Err(error) => {
            refuse(site, Refused::Head(error), &mut answer, buffers).await;
            false
        }
    };
    match (goes_on, answer) {
        (true, _) => Ok(None),
        (false, Answer { full: true, .. }) => Err(Code::NO_MEM),
        (false, answer) => Ok(Some(answer.bytes)),
    }
}

/// An answer that is sent when the lock is not held any more: sending waits for the client.
#[derive(Default)]
struct Answer {
    bytes: Vec<u8>,
    /// There was no memory for it.
    full: bool,
}

impl ErrorType for Answer {
    type Error = Broken;
}

impl Write for Answer {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Broken> {
        if self.bytes.try_reserve(bytes.len()).is_err() {
            self.full = true;
            return Err(Broken);
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    async fn flush(&mut self) -> Result<(), Broken> {
        Ok(())
    }
}

//! What is done on a connection, as a future on the heap.

use alloc::boxed::Box;
use core::{future::Future, pin::Pin};

use embassy_futures::select::{Either, select};
use faceplate_http::{
    ConnectionBuffers, Device,
    beside::{Handed, Next, Refused, refuse, serve_request},
    head::HeadError,
};

use super::{
    app::Hooks,
    head::{NoHead, head},
    port::{Request, Socket},
    site::Site,
    socket::{Reader, Sender},
};
use crate::runtime::boxed;

/// What is to be done on a connection: `None` where there is no memory for it.
///
/// One future for everything, whose type has no name: the task knows it, and calls it directly.
pub(super) fn work(
    site: &'static Site,
    socket: &'static Socket,
) -> Option<Pin<Box<impl Future<Output = bool>>>> {
    let reader = match socket.request() {
        None => Ok(Reader::all(socket)),
        Some(request) => request_reader(socket, request)?,
    };
    let work = requests(site, socket, reader, buffers()?);
    boxed(work).map(Box::into_pin)
}

/// Reads a request that httpd gave, or why that cannot be; `None` where there is no memory for it.
fn request_reader(socket: &'static Socket, request: Request) -> Option<Result<Reader, HeadError>> {
    match head(socket, request) {
        Ok(head) => {
            let (_, _, body) = socket.line();
            Some(Ok(Reader::request(socket, head, body)))
        }
        Err(NoHead::Wrong(error)) => Some(Err(error)),
        Err(NoHead::NoMemory) => None,
    }
}

/// Answers a request, and says whether the connection may go on; on the port of its own it answers those that
/// follow, too, within the limits of a connection.
async fn requests(
    site: &'static Site,
    socket: &'static Socket,
    reader: Result<Reader, HeadError>,
    mut buffers: Box<ConnectionBuffers>,
) -> bool {
    let mut reader = match reader {
        Ok(reader) => reader,
        Err(error) => {
            refuse(site, Refused::Head(error), Sender(socket), &mut buffers).await;
            return false;
        }
    };
    let hooks = Hooks {
        site,
        request: socket.request(),
    };
    let limits = site.limits();
    let until_ms = site.now_ms() + limits.connection_ms;
    for more in (0..limits.requests).rev() {
        let handed = Handed {
            // All of it is read.
            bytes: &[],
            may_go_on: more > 0 && site.now_ms() < until_ms,
        };
        let writer = Sender(socket);
        let next = serve_request(site, &hooks, handed, &mut reader, writer, &mut buffers).await;
        let Next::GoOn { read, .. } = next else { break };
        if hooks.request.is_some() {
            // Nothing is read beyond it. If it was, httpd could not have it back.
            return read.is_empty();
        }
        let idle = site.sleep_ms(limits.next_idle_ms);
        if !read.is_empty() && !reader.take_back(read)
            || is_second(select(reader.ready(), idle).await)
        {
            break;
        }
    }
    false
}

fn is_second(either: Either<(), ()>) -> bool {
    matches!(either, Either::Second(()))
}

/// Not inlined, so that they leave the stack.
#[inline(never)]
pub(super) fn buffers() -> Option<Box<ConnectionBuffers>> {
    boxed(ConnectionBuffers::new())
}

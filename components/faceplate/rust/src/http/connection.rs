//! What is done on a connection, as a future on the heap.

use alloc::boxed::Box;
use core::{future::Future, pin::Pin};

use embassy_futures::select::{Either, select};
use faceplate_http::{
    ConnectionBuffers, Device, Head,
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

/// What is done; whether the connection may go on then.
pub(super) type Work = Pin<Box<dyn Future<Output = bool>>>;

/// Answers a request that httpd gave; `None` where there is no memory for that.
pub(super) fn answer(
    site: &'static Site,
    socket: &'static Socket,
    request: Request,
) -> Option<Work> {
    match head(socket, request) {
        Ok(head) => {
            let (_, _, body) = socket.line();
            // Of the bytes of a body without a length some are httpd's already; it is refused.
            let endless = Head::parse(&head).is_ok_and(|head| head.transfer_encoding);
            let reader = Reader::request(socket, head, (!endless).then_some(body));
            pinned(requests(site, socket, reader, buffers()?))
        }
        Err(NoHead::Wrong(error)) => pinned(refused(site, socket, error, buffers()?)),
        Err(NoHead::NoMemory) => None,
    }
}

/// Serves a connection of the port of its own.
pub(super) fn serve_alone(site: &'static Site, socket: &'static Socket) -> Option<Work> {
    pinned(requests(site, socket, Reader::all(socket), buffers()?))
}

/// Answers a request; on the port of its own those that follow, too, within the limits of a connection.
async fn requests(
    site: &'static Site,
    socket: &'static Socket,
    mut reader: Reader,
    mut buffers: Box<ConnectionBuffers>,
) -> bool {
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

async fn refused(
    site: &'static Site,
    socket: &'static Socket,
    error: HeadError,
    mut buffers: Box<ConnectionBuffers>,
) -> bool {
    refuse(site, Refused::Head(error), Sender(socket), &mut buffers).await;
    false
}

/// Not inlined, so that they leave the stack.
#[inline(never)]
fn buffers() -> Option<Box<ConnectionBuffers>> {
    boxed(ConnectionBuffers::new())
}

#[inline(never)]
fn pinned(work: impl Future<Output = bool> + 'static) -> Option<Work> {
    let work: Box<dyn Future<Output = bool>> = boxed(work)?;
    Some(work.into())
}

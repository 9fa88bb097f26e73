//! What is done on a connection, as a future on the heap.

use alloc::boxed::Box;
use core::{future::Future, pin::Pin};

use faceplate_http::{
    ConnectionBuffers,
    beside::{Handed as Ahead, Next, Refused, refuse, serve_request},
    head::HeadError,
    serve,
};

use super::{
    app::Hooks,
    head::{NoHead, head},
    port::{Request, Socket},
    site::Site,
    socket::{Connection, Handed, Sender},
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
    let hooks = Hooks {
        site,
        request: Some(request),
    };
    match head(socket, request) {
        Ok(head) => {
            let (_, _, body) = socket.line();
            let endless = is_endless(&head);
            let reader = Handed::new(socket, head, body, endless);
            pinned(request_of(site, hooks, reader, Sender(socket), buffers()?))
        }
        Err(NoHead::Wrong(error)) => pinned(refused(site, error, Sender(socket), buffers()?)),
        Err(NoHead::NoMemory) => None,
    }
}

/// Serves a connection of the port of its own.
pub(super) fn serve_alone(site: &'static Site, socket: &'static Socket) -> Option<Work> {
    pinned(alone(site, socket, buffers()?))
}

async fn request_of(
    site: &'static Site,
    hooks: Hooks,
    reader: Handed,
    writer: Sender,
    mut buffers: Box<ConnectionBuffers>,
) -> bool {
    // It is all read, head included.
    let ahead = Ahead {
        bytes: &[],
        may_go_on: true,
    };
    let next = serve_request(site, &hooks, ahead, reader, writer, &mut buffers).await;
    // Nothing is read beyond a request. If it was, httpd could not have it back.
    matches!(next, Next::GoOn { read: [], .. })
}

async fn refused(
    site: &'static Site,
    error: HeadError,
    writer: Sender,
    mut buffers: Box<ConnectionBuffers>,
) -> bool {
    refuse(site, Refused::Head(error), writer, &mut buffers).await;
    false
}

async fn alone(
    site: &'static Site,
    socket: &'static Socket,
    mut buffers: Box<ConnectionBuffers>,
) -> bool {
    let hooks = Hooks {
        site,
        request: None,
    };
    let (reader, writer) = (Connection(socket), Sender(socket));
    serve(site, &hooks, reader, writer, &mut buffers).await;
    false
}

/// Whether a body has no length, which is refused. (Of the bytes of such a body some are httpd's already.)
fn is_endless(head: &[u8]) -> bool {
    faceplate_http::Head::parse(head).is_ok_and(|head| head.transfer_encoding)
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

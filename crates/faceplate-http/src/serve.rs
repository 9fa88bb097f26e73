//! One connection, from accept to close.

use embedded_io_async::{Read, Write};

use crate::{
    Device,
    api::{self, Change},
    files, guard,
    head::{Expect, Head, Method},
    limits::{RECEIVE_BUFFER, SEND_BUFFER},
    path::Path,
    problem::{Failed, Refusal},
    recovery,
    rx::{Body, Rx},
    tx::{Framing, Gone, Tx},
};

/// The memory of one connection beyond its future and the network's own buffers: 3.4 KiB.
#[derive(Debug)]
pub struct ConnectionBuffers {
    rx: [u8; RECEIVE_BUFFER],
    tx: [u8; SEND_BUFFER],
}

impl ConnectionBuffers {
    /// Blank buffers; `const`, so that they can live in a `static`.
    pub const fn new() -> Self {
        Self {
            rx: [0; RECEIVE_BUFFER],
            tx: [0; SEND_BUFFER],
        }
    }
}

impl Default for ConnectionBuffers {
    fn default() -> Self {
        Self::new()
    }
}

/// What comes after a request.
enum After {
    /// Another one.
    Next,
    /// The end. What the client still sends of this request (so many bytes, where that is known)
    /// is thrown away first, so that it sees the answer.
    Close { left: Option<u64> },
}

/// Serves one connection. When it returns, the caller closes the socket.
///
/// Dropping the future drops what it was doing; an upload is then aborted.
pub async fn serve<D: Device, R: Read, W: Write>(
    device: &D,
    reader: R,
    writer: W,
    buffers: &mut ConnectionBuffers,
) {
    let mut rx = Rx::new(device, reader, &mut buffers.rx);
    let mut tx = Tx::new(device, writer, &mut buffers.tx);
    for left in (0..device.limits().requests).rev() {
        match request(device, &mut rx, &mut tx, left == 0).await {
            Ok(After::Next) => {}
            Ok(After::Close { left }) => return rx.drain(left).await,
            Err(Gone) => return,
        }
    }
}

async fn request<D: Device, R: Read, W: Write>(
    device: &D,
    rx: &mut Rx<'_, D, R>,
    tx: &mut Tx<'_, D, W>,
    last: bool,
) -> Result<After, Gone> {
    // Until a head says otherwise, nobody knows where the request ends.
    let mut left = None;
    tx.begin(Framing {
        head_only: false,
        close: true,
    });
    match answer(device, rx, tx, last, &mut left).await {
        Ok(()) => {}
        Err(Failed::Refused(refusal)) => tx.refuse(&refusal).await?,
        Err(Failed::Gone) => return Err(Gone),
    }
    Ok(match tx.framing().close {
        true => After::Close { left },
        false => After::Next,
    })
}

/// Reads a request and answers it, or tells why not. What is left of it in the end goes to
/// `left`.
async fn answer<D: Device, R: Read, W: Write>(
    device: &D,
    rx: &mut Rx<'_, D, R>,
    tx: &mut Tx<'_, D, W>,
    last: bool,
    left: &mut Option<u64>,
) -> Result<(), Failed> {
    let len = rx.head().await?;
    let head = Head::parse(&rx.arrived()[..len]).map_err(Refusal::Head)?;
    let may_go_on = head.keep_alive && !last;
    tx.begin(Framing {
        head_only: head.method == Method::Head,
        // A body that nobody reads would be taken for the next request.
        close: !may_go_on || head.has_body(),
    });
    if !head.transfer_encoding {
        *left = Some(head.content_length.unwrap_or(0));
    }
    let route = route(device, &head, tx.scratch());
    let answered = match route {
        Ok(Route::Change(change)) => {
            let waits = head.expect == Expect::Continue;
            rx.consume(len);
            let mut body = Body::new(rx, left.unwrap_or(0));
            let changed = change.run(device, &mut body, tx, may_go_on, waits).await;
            *left = Some(body.left());
            return changed;
        }
        Ok(Route::Status) => api::status(device, tx).await.map_err(Failed::from),
        Ok(Route::Recovery) => recovery::page(tx).await.map_err(Failed::from),
        Ok(Route::File) => files::get(device, &head, tx).await,
        Err(refusal) => {
            if refusal == Refusal::LengthRequired {
                // There may be a body; nobody knows where it ends.
                tx.close();
                *left = None;
            }
            Err(refusal.into())
        }
    };
    rx.consume(len);
    answered
}

/// What a request asks for, when nothing is wrong with its head.
enum Route {
    Status,
    Recovery,
    File,
    Change(Change),
}

/// Decides everything that the head of a request decides.
fn route<D: Device>(device: &D, head: &Head<'_>, scratch: &mut [u8]) -> Result<Route, Refusal> {
    guard::check_host(head, |host| {
        let local = |(name, suffix): (&str, &str)| {
            suffix.eq_ignore_ascii_case("local") && name.eq_ignore_ascii_case(device.info().name)
        };
        host.rsplit_once('.').is_some_and(local) || device.answers_to(host)
    })?;
    if head.path == "*" {
        return Err(Refusal::Method { allow: READ });
    }
    let path = Path::decode(head.path, scratch)?;
    let path = path.as_str();
    let change = match path {
        "api/ota/frontend" => Change::upload,
        "api/ota/confirm" => Change::confirm,
        "api/ota/rollback" => Change::rollback,
        "api/ota/status" => return read(head, Route::Status),
        "recovery" => return read(head, Route::Recovery),
        _ if path == "api" || path.starts_with("api/") => return Err(Refusal::NoSuchApi),
        _ => return read(head, Route::File),
    };
    match head.method {
        Method::Post => change(head).map(Route::Change),
        _ => Err(Refusal::Method { allow: "POST" }),
    }
}

/// The methods of what can only be read.
const READ: &str = "GET, HEAD";

fn read(head: &Head<'_>, route: Route) -> Result<Route, Refusal> {
    match head.method {
        Method::Get | Method::Head => Ok(route),
        _ => Err(Refusal::Method { allow: READ }),
    }
}

//! One connection, from accept to close.

pub mod beside;
#[cfg(test)]
mod cuts;

use core::pin::pin;

use embedded_io_async::{Read, Write};

use crate::{
    App, Device, answer as app_answer,
    command::Terms,
    http::{
        digest::content_digest,
        head::{Expect, Head, Method},
        rx::{Body, Rx},
        tx::{Framing, Tx},
    },
    limits::{RECEIVE_BUFFER, SEND_BUFFER},
    password::Leave,
    problem::{Failed, Gone, Refusal, Why},
    route::{Route, route},
};

/// The memory of one connection beyond its future and the network's own buffers: 2.3 KiB.
#[derive(Debug)]
pub struct ConnectionBuffers([u8; RECEIVE_BUFFER + SEND_BUFFER]);

impl ConnectionBuffers {
    /// Blank buffers; `const`, so that they can live in a `static`.
    pub const fn new() -> Self {
        Self([0; RECEIVE_BUFFER + SEND_BUFFER])
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

/// What a request may take of its connection.
struct Turn {
    /// It must begin within this time.
    idle_ms: u64,
    /// So many others may come after it,
    more: u32,
    /// as long as it comes before this time.
    until_ms: u64,
}

/// Serves one connection; `app` is what the firmware adds, or `()`. When it returns, the caller closes the socket.
///
/// Dropping the future drops what it was doing; an upload is then aborted.
pub async fn serve<D: Device, A: App, R: Read, W: Write>(
    device: &D,
    app: &A,
    reader: R,
    mut writer: W,
    buffers: &mut ConnectionBuffers,
) {
    let mut rx = Rx::new(device, reader, &mut buffers.0);
    let limits = device.limits();
    let mut turn = Turn {
        idle_ms: limits.idle_ms,
        more: limits.requests,
        until_ms: device.now_ms() + limits.connection_ms,
    };
    while turn.more > 0 {
        turn.more -= 1;
        match request(device, app, &mut rx, &mut writer, &turn).await {
            Ok(After::Next) => {}
            Ok(After::Close { left }) => return rx.drain(left).await,
            Err(Gone) => return,
        }
        turn.idle_ms = limits.next_idle_ms;
    }
}

async fn request<D: Device, A: App, R: Read, W: Write>(
    device: &D,
    app: &A,
    rx: &mut Rx<'_, D, R>,
    writer: &mut W,
    turn: &Turn,
) -> Result<After, Gone> {
    // Until a head says otherwise, nobody knows where the request ends.
    let (mut framing, mut left) = (Framing::UNKNOWN, None);
    let answered = answer(device, app, rx, writer, turn, &mut framing, &mut left).await;
    // Pinned where it is made: a future that is moved is on the stack, too, whatever is done at the time.
    pin!(finish(device, rx, writer, &mut framing, answered)).await?;
    Ok(match framing.close {
        true => After::Close { left },
        false => After::Next,
    })
}

/// Tells the client of a failure. (It is handed over, so that there is one place for it in memory.)
async fn finish<D: Device, R: Read, W: Write>(
    device: &D,
    rx: &mut Rx<'_, D, R>,
    writer: &mut W,
    framing: &mut Framing,
    answered: Result<(), Failed>,
) -> Result<(), Gone> {
    match answered {
        Ok(()) => Ok(()),
        Err(Failed(Why::Refused(refusal))) => {
            let (_, out) = rx.and_out();
            Tx::new(device, writer, out, framing).refuse(&refusal).await
        }
        Err(Failed(Why::Gone)) => Err(Gone),
    }
}

/// Reads a request and answers it, or tells why not. What is left of it in the end goes to
/// `left`.
async fn answer<D: Device, A: App, R: Read, W: Write>(
    device: &D,
    app: &A,
    rx: &mut Rx<'_, D, R>,
    writer: &mut W,
    turn: &Turn,
    framing: &mut Framing,
    left: &mut Option<u64>,
) -> Result<(), Failed> {
    let len = rx.head(turn.idle_ms).await?;
    let last = turn.more == 0 || device.now_ms() >= turn.until_ms;
    let Decided {
        route,
        digest,
        terms,
    } = match decide(device, app, rx, len, !last, framing, left).await {
        Ok(decided) => decided,
        Err(refusal) => {
            rx.consume(len);
            return Err(refusal.into());
        }
    };
    let (resource, len) = match route {
        // Both changes look alike, but one arm for the two would cost each connection 104 bytes.
        Route::Update(change) => {
            rx.consume(len);
            let (mut inner, out) = rx.and_out();
            let mut tx = Tx::new(device, &mut *writer, out, framing);
            let mut body = Body::new(&mut inner, left.unwrap_or(0), digest);
            let changed = pin!(change.run(device, app, &mut body, &mut tx, terms)).await;
            *left = Some(body.left());
            let arrived = inner.place();
            rx.take_back(arrived);
            match changed? {
                None => return Ok(()),
                Some(resource) => (resource, 0),
            }
        }
        Route::Setup(change) => {
            rx.consume(len);
            let (mut inner, out) = rx.and_out();
            let mut tx = Tx::new(device, &mut *writer, out, framing);
            let mut body = Body::new(&mut inner, left.unwrap_or(0), digest);
            let changed = change.run(device, app, &mut body, &mut tx, terms);
            let changed = changed.await;
            *left = Some(body.left());
            let arrived = inner.place();
            rx.take_back(arrived);
            match changed? {
                None => return Ok(()),
                Some(resource) => (resource, 0),
            }
        }
        Route::Password(change) => {
            rx.consume(len);
            let (mut inner, out) = rx.and_out();
            let mut tx = Tx::new(device, &mut *writer, out, framing);
            let mut body = Body::new(&mut inner, left.unwrap_or(0), digest);
            let changed = change.run(device, app, &mut body, &mut tx, terms);
            let changed = changed.await;
            *left = Some(body.left());
            let arrived = inner.place();
            rx.take_back(arrived);
            return changed;
        }
        Route::App => {
            let turn = app_answer::Turn {
                framing,
                leave: terms.leave,
                may_go_on: terms.may_go_on,
                left,
            };
            return app_answer::answer(device, app, rx, len, writer, turn).await;
        }
        Route::Resource(resource) => (resource, len),
    };
    let (head, out) = rx.lend(len);
    let mut tx = Tx::new(device, &mut *writer, out, framing);
    let answered = resource.answer(device, app, head, &mut tx).await;
    rx.consume(len);
    answered
}

/// What the head of a request decides.
struct Decided {
    route: Route,
    /// The SHA-256 that the body of a command or an upload must have.
    digest: Option<[u8; 32]>,
    terms: Terms,
}

/// Takes the head of `len` bytes apart; what it says of the request's framing goes to `framing` and `left`.
async fn decide<D: Device, A: App, R: Read>(
    device: &D,
    app: &A,
    rx: &mut Rx<'_, D, R>,
    len: usize,
    more: bool,
    framing: &mut Framing,
    left: &mut Option<u64>,
) -> Result<Decided, Refusal> {
    let (bytes, scratch) = rx.with_scratch(len);
    let head = Head::parse(bytes)?;
    let may_go_on = head.keep_alive && more;
    *framing = Framing {
        head_only: head.method == Method::Head,
        // A body that nobody reads would be taken for the next request.
        close: !may_go_on || head.has_body(),
    };
    if !head.transfer_encoding {
        *left = Some(head.content_length.unwrap_or(0));
    }
    let leave = Leave::of(app);
    match route(device, app, &head, scratch).await {
        Ok(route) => Ok(Decided {
            digest: match route {
                Route::Resource(_) | Route::App => None,
                _ => content_digest(&head)?,
            },
            route,
            terms: Terms {
                leave,
                may_go_on,
                waits: head.expect == Expect::Continue,
            },
        }),
        Err(refusal) => {
            if refusal == Refusal::LengthRequired {
                // There may be a body; nobody knows where it ends.
                framing.close = true;
                *left = None;
            }
            Err(refusal)
        }
    }
}

#[cfg(test)]
mod tests {
    use core::cell::Cell;
    use std::{string::String, vec, vec::Vec};

    use super::*;
    use crate::{
        Limits,
        fake::{FakeDevice, Pieces},
    };

    /// What is answered, how many bytes are taken, and when the connection ends.
    fn run(device: &FakeDevice, pieces: &[&str]) -> (String, usize, u64) {
        let taken = Cell::new(0);
        let pieces: Vec<_> = pieces.iter().map(|piece| piece.as_bytes()).collect();
        let reader = Pieces {
            pieces,
            taken: &taken,
        };
        let answer = device.serve(reader);
        (answer, taken.get(), device.now_ms())
    }

    const LAST: &str = "GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    const NEXT: &str = "GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n";
    const IDLE: u64 = Limits::DEFAULT.drain_idle_ms;

    #[test]
    fn after_all_of_the_last_request_nothing_is_waited_for() {
        let (answer, _, end) = run(&FakeDevice::new(), &[LAST]);
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
        assert_eq!(end, 0);
    }

    #[test]
    fn what_comes_behind_the_last_request_is_read_before_the_end() {
        let both = std::format!("{LAST}{NEXT}");
        for pieces in [vec![&*both, NEXT, NEXT], vec![LAST, "\r\n", NEXT]] {
            let (answer, taken, end) = run(&FakeDevice::new(), &pieces);
            assert_eq!(answer.matches("HTTP/1.1 ").count(), 1);
            assert_eq!(taken, pieces.concat().len());
            assert_eq!(end, IDLE);
        }
    }

    #[test]
    fn the_rest_of_a_body_is_read_and_not_more_is_waited_for() {
        let head = LAST.replace("\r\n\r\n", "\r\nContent-Length: 6\r\n\r\n");
        let (_, taken, end) = run(&FakeDevice::new(), &[&head, "abc", "def"]);
        assert_eq!((taken, end), (head.len() + 6, 0));
        let (_, taken, end) = run(&FakeDevice::new(), &[&head, "abc", "de"]);
        assert_eq!((taken, end), (head.len() + 5, IDLE));
    }

    #[test]
    fn where_a_body_ends_that_comes_in_chunks_is_not_known() {
        let head = NEXT.replace("\r\n\r\n", "\r\nTransfer-Encoding: chunked\r\n\r\n");
        let (answer, taken, end) = run(&FakeDevice::new(), &[&head, "1\r\nx\r\n", "0\r\n\r\n"]);
        assert!(answer.contains("Connection: close"), "{answer}");
        assert_eq!((taken, end), (head.len() + 11, IDLE));
    }

    #[test]
    fn no_more_than_so_many_bytes_are_read_before_the_end() {
        let mut device = FakeDevice::new();
        device.limits.drain_bytes = 10;
        let (_, taken, end) = run(&device, &[LAST, "12345", "67890", "more"]);
        assert_eq!((taken, end), (LAST.len() + 10, 0));
    }

    #[test]
    fn reading_before_the_end_ends_in_time() {
        let mut device = FakeDevice::new();
        device.limits.drain_ms = IDLE / 2;
        let (_, _, end) = run(&device, &[LAST, "x"]);
        assert_eq!(end, IDLE / 2);
        device.limits.drain_ms = 0;
        let (_, taken, _) = run(&device, &[LAST, "x"]);
        assert_eq!(taken, LAST.len());
    }

    #[test]
    fn a_connection_that_is_old_ends_with_its_next_response() {
        let mut device = FakeDevice::new();
        device.limits.connection_ms = 0;
        let (answer, ..) = run(&device, &[NEXT]);
        assert!(answer.contains("Connection: close"), "{answer}");
        device.limits.connection_ms = 1;
        device.clock_ms.set(0);
        let (answer, ..) = run(&device, &[NEXT]);
        assert!(!answer.contains("Connection: close"), "{answer}");
    }

    #[test]
    fn the_first_request_may_take_longer_than_the_next() {
        let limits = Limits::DEFAULT;
        let (answer, _, end) = run(&FakeDevice::new(), &[]);
        assert_eq!((&*answer, end), ("", limits.idle_ms));
        let (_, _, end) = run(&FakeDevice::new(), &[NEXT, NEXT]);
        assert_eq!(end, limits.next_idle_ms);
    }
}

//! One connection, from accept to close.

use embedded_io_async::{Read, Write};

use crate::{
    App, Device,
    app::answer as app_answer,
    frontend::files,
    http::{
        head::{Expect, Head, Method},
        rx::{Body, Rx},
        tx::{Framing, Header, Tx},
    },
    limits::{RECEIVE_BUFFER, SEND_BUFFER},
    ota,
    problem::{Failed, Gone, Refusal, Why},
    recovery,
    route::{Route, route},
    setup,
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
    writer: W,
    buffers: &mut ConnectionBuffers,
) {
    let mut rx = Rx::new(device, reader, &mut buffers.rx);
    let mut tx = Tx::new(device, writer, &mut buffers.tx);
    let limits = device.limits();
    let mut turn = Turn {
        idle_ms: limits.idle_ms,
        more: limits.requests,
        until_ms: device.now_ms() + limits.connection_ms,
    };
    while turn.more > 0 {
        turn.more -= 1;
        match request(device, app, &mut rx, &mut tx, &turn).await {
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
    tx: &mut Tx<'_, D, W>,
    turn: &Turn,
) -> Result<After, Gone> {
    // Until a head says otherwise, nobody knows where the request ends.
    let mut left = None;
    tx.begin(Framing {
        head_only: false,
        close: true,
    });
    match answer(device, app, rx, tx, turn, &mut left).await {
        Ok(()) => {}
        Err(Failed(Why::Refused(refusal))) => tx.refuse(&refusal).await?,
        Err(Failed(Why::Gone)) => return Err(Gone),
    }
    Ok(match tx.framing().close {
        true => After::Close { left },
        false => After::Next,
    })
}

/// Reads a request and answers it, or tells why not. What is left of it in the end goes to
/// `left`.
async fn answer<D: Device, A: App, R: Read, W: Write>(
    device: &D,
    app: &A,
    rx: &mut Rx<'_, D, R>,
    tx: &mut Tx<'_, D, W>,
    turn: &Turn,
    left: &mut Option<u64>,
) -> Result<(), Failed> {
    let len = rx.head(turn.idle_ms).await?;
    let head = Head::parse(&rx.arrived()[..len]).map_err(Refusal::Head)?;
    let last = turn.more == 0 || device.now_ms() >= turn.until_ms;
    let may_go_on = head.keep_alive && !last;
    tx.begin(Framing {
        head_only: head.method == Method::Head,
        // A body that nobody reads would be taken for the next request.
        close: !may_go_on || head.has_body(),
    });
    if !head.transfer_encoding {
        *left = Some(head.content_length.unwrap_or(0));
    }
    let waits = head.expect == Expect::Continue;
    let answered = match route(device, app, &head, tx.scratch()).await {
        Ok(Route::Update(change)) => {
            rx.consume(len);
            let mut body = Body::new(rx, left.unwrap_or(0));
            let changed = change
                .run(device, app, &mut body, tx, may_go_on, waits)
                .await;
            *left = Some(body.left());
            return changed;
        }
        Ok(Route::Setup(change)) => {
            rx.consume(len);
            let mut body = Body::new(rx, left.unwrap_or(0));
            let changed = change.run(device, &mut body, tx, may_go_on, waits).await;
            *left = Some(body.left());
            return changed;
        }
        Ok(Route::App) => {
            return app_answer::answer(device, app, rx, len, tx, may_go_on, left).await;
        }
        Ok(Route::Status) => ota::status::tell(device, tx).await.map_err(Failed::from),
        Ok(Route::Wifi) => setup::wifi(device, tx).await,
        Ok(Route::Page(page)) => recovery::page(tx, page, head.path)
            .await
            .map_err(Failed::from),
        Ok(Route::Networks) => setup::networks(device, tx, 200).await,
        Ok(Route::Portal(portal)) => portal.redirect(tx).await.map_err(Failed::from),
        Ok(Route::File) => files::get(device, &head, tx).await,
        Ok(Route::Options(methods)) => {
            let allow: [Header<'_>; 1] = [("Allow", &methods)];
            tx.head(204, &allow, None).await?;
            tx.flush().await.map_err(Failed::from)
        }
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

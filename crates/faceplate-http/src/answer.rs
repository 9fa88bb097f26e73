//! Runs the firmware's handler for a request, and finishes what it leaves.

use core::{
    future::{Future as _, poll_fn},
    pin::pin,
    task::Poll,
};

use embedded_io_async::{Read, Write};

use crate::app::{App, Body, LAST_CHUNK, Reply, Request, Said, State, Streams};
use crate::{
    Device, guard,
    http::{
        head::{Expect, Head},
        path::{Path, decoded_len},
        rx::{Behind, Rx},
        time::Pace,
        tx::{Framing, Tx},
    },
    password::Leave,
    problem::{Answered, Failed, Gone, Refusal, Why},
    websocket::{self, Goodbye, INTERNAL, NORMAL, POLICY, RESTARTS, goodbye},
};

/// How often it is looked whether the device restarts, or its password was changed, while a connection is live: a
/// fraction of the time from the word to the restart ([`Limits::reboot_ms`](crate::Limits::reboot_ms)).
const WATCH_MS: u64 = 100;

/// Answers a request whose head is the first `len` bytes that have arrived. What is left of its body
/// in the end goes to `left`.
pub(crate) async fn answer<D: Device, A: App, R: Read, W: Write>(
    device: &D,
    app: &A,
    rx: &mut Rx<'_, D, R>,
    len: usize,
    writer: &mut W,
    Turn {
        framing,
        leave,
        may_go_on,
        left,
    }: Turn<'_>,
) -> Result<(), Failed> {
    let Begun { state, answered } =
        match begin(device, app, rx, len, writer, framing, (leave, may_go_on)).await {
            Ok(begun) => begun,
            Err(failed) => {
                // Nothing was taken of it, and it must not be taken for the next request.
                rx.consume(len);
                return Err(failed);
            }
        };
    rx.go_on(len, state.arrived());
    let (_, out) = rx.and_out();
    let mut tx = Tx::new(device, writer, out, framing);
    let finished = finish(device, &mut tx, &state, answered).await;
    *left = Some(state.left.get());
    finished
}

/// What a request of the firmware's is told of its connection, and tells.
pub(crate) struct Turn<'t> {
    /// How its answer is framed.
    pub(crate) framing: &'t mut Framing,
    /// The password by which it may be asked.
    pub(crate) leave: Leave,
    /// Whether another request may follow, if all of this one was read.
    pub(crate) may_go_on: bool,
    /// What is left of its body in the end.
    pub(crate) left: &'t mut Option<u64>,
}

/// What a handler left.
struct Begun {
    state: State,
    answered: Option<Answered>,
}

/// Runs the handler, unless the request is refused before.
async fn begin<D: Device, A: App, R: Read, W: Write>(
    device: &D,
    app: &A,
    rx: &mut Rx<'_, D, R>,
    len: usize,
    writer: &mut W,
    framing: &mut Framing,
    (leave, may_go_on): (Leave, bool),
) -> Result<Begun, Failed> {
    let needs = needs(device, &rx.arrived()[..len])?;
    let Needs {
        path, more_comes, ..
    } = needs;
    {
        // It ends here: what is kept while a handler runs is part of each connection.
        let behind = rx.behind(len, path, more_comes).map_err(Refusal::Head)?;
        if needs.waits && behind.rx.arrived().is_empty() {
            Tx::new(device, &mut *writer, behind.out, &mut *framing)
                .proceed()
                .await?;
        }
    }
    let Behind {
        head,
        path: decoded,
        rx,
        out,
    } = rx.behind(len, path, more_comes).map_err(Refusal::Head)?;
    let tx = Tx::new(device, writer, out, framing);
    let known = known(device, head, (path > 0).then_some(decoded))?;
    let (rx, state) = with_state(rx, needs.total, may_go_on, known.head.http11);
    let request = Request::<Streams<D, R, W>> {
        body: Body::new(rx, needs.total, Pace::start(device), head, &state),
        reply: Reply::new(tx, &state),
        head: known.head,
        path: known.path,
        device,
        own_page: known.own_page,
    };
    let answered = {
        let mut handler = pin!(app.answer(request));
        let mut watch = pin!(device.sleep_ms(WATCH_MS));
        // One future, since each more that knows the same is part of each connection.
        poll_fn(|context| {
            // Before the handler learns what has come: what has come too late it does not get.
            state.over.set(leave.holds(app).is_err());
            if let Poll::Ready(answered) = handler.as_mut().poll(context) {
                return Poll::Ready(Some(answered));
            }
            while watch.as_mut().poll(context).is_ready() {
                watch.set(device.sleep_ms(WATCH_MS));
            }
            match is_over(device, &state) {
                true => Poll::Ready(None),
                false => Poll::Pending,
            }
        })
        .await
    };
    Ok(Begun { state, answered })
}

/// What its head says of a request.
struct Known<'r> {
    head: Head<'r>,
    path: &'r str,
    own_page: bool,
}

/// Reads a head; `decoded` is room for its path, if that has escapes. Not inlined: what it takes of the stack is
/// not beside that of a change.
#[inline(never)]
fn known<'r, D: Device>(
    device: &D,
    head: &'r [u8],
    decoded: Option<&'r mut [u8]>,
) -> Result<Known<'r>, Refusal> {
    let head = Head::parse(head)?;
    let path = match decoded {
        None => head.path,
        Some(decoded) => Path::decode(head.path, decoded)?.into_whole(),
    };
    let own_page = guard::check_origin(&head, device.hosts()).is_ok();
    Ok(Known {
        head,
        path,
        own_page,
    })
}

/// A request's state. A function of its own, since a future keeps what was ever looked at in it.
fn with_state<D, R>(
    rx: Rx<'_, D, R>,
    total: u64,
    may_go_on: bool,
    http11: bool,
) -> (Rx<'_, D, R>, State)
where
    D: Device,
    R: Read,
{
    let state = State::new(rx.place(), total, may_go_on, http11);
    (rx, state)
}

/// What a request needs of its connection's buffer.
struct Needs {
    /// Bytes of its path decoded, if that has escapes. Nearly none has, and is then what it stands for.
    path: usize,
    /// Whether the client has more to say: a body, or by a WebSocket.
    more_comes: bool,
    /// Bytes of its body.
    total: u64,
    /// Whether the client sends its body only when it is told to.
    waits: bool,
}

fn needs<D: Device>(device: &D, head: &[u8]) -> Result<Needs, Refusal> {
    let head = Head::parse(head)?;
    let escaped = head.path.contains('%');
    let total = body_len(device, &head)?;
    Ok(Needs {
        path: if escaped { decoded_len(head.path) } else { 0 },
        more_comes: head.has_body() || websocket::is_wanted(&head),
        total,
        waits: head.expect == Expect::Continue && total > 0,
    })
}

/// Sees to it that the client can tell how the answer ended.
async fn finish<D: Device, W: Write>(
    device: &D,
    tx: &mut Tx<'_, D, W>,
    state: &State,
    answered: Option<Answered>,
) -> Result<(), Failed> {
    match (state.said.get(), answered) {
        (Said::Nothing, Some(Ok(()))) => Err(Refusal::NoAnswer("its handler gave none").into()),
        (Said::Nothing, Some(Err(failed))) => {
            if state.left.get() == 0 && state.may_go_on {
                tx.keep_open();
            }
            Err(failed)
        }
        (Said::All, _) => {
            match state.close.get() {
                true => tx.close(),
                false => tx.keep_open(),
            }
            Ok(())
        }
        (Said::Events, _) => {
            tx.close();
            tx.restart_pace();
            if state.http11 {
                tx.push(LAST_CHUNK).await?;
            }
            Ok(tx.flush().await?)
        }
        (Said::WebSocket, answered) => {
            tx.close();
            let code = match answered {
                None if device.engine().is_restarting() => RESTARTS,
                None => POLICY,
                Some(Ok(())) => NORMAL,
                // The firmware's own fault, or its client's.
                Some(Err(Failed(Why::Refused(_)))) => INTERNAL,
                Some(Err(Failed(Why::Gone))) => return Err(Gone.into()),
            };
            Ok(goodbye(tx, state, Some(code), Goodbye::First).await?)
        }
        (Said::Begun | Said::Pieces, _) | (Said::Nothing, None) => Err(Gone.into()),
    }
}

/// Bytes of the body of a request for one of the firmware's routes.
fn body_len<D: Device>(device: &D, head: &Head<'_>) -> Result<u64, Refusal> {
    if head.transfer_encoding {
        return Err(Refusal::LengthRequired);
    }
    if head.expect == Expect::Unknown {
        return Err(Refusal::Expectation);
    }
    let total = head.content_length.unwrap_or(0);
    let max = device.limits().body_max;
    match total > max {
        true => Err(Refusal::BodyTooLong { max }),
        false => Ok(total),
    }
}

/// Whether the device is about to restart, or its password is another one, and the answer is live, between two
/// events or frames.
fn is_over<D: Device>(device: &D, state: &State) -> bool {
    let between = matches!(state.said.get(), Said::Events | Said::WebSocket);
    between && (device.engine().is_restarting() || state.over.get())
}

#[cfg(test)]
mod tests {
    use core::cell::Cell;
    use std::{format, vec};

    use super::*;
    use crate::{
        Connection, Limits, Methods, Problem,
        fake::{FakeDevice, Pieces},
    };

    /// Reads so many bytes of a body, and refuses it then.
    struct Refuses(usize);

    impl App for Refuses {
        fn methods(&self, _: &str) -> Methods {
            Methods::POST
        }

        async fn answer<C: Connection>(&self, mut request: Request<'_, C>) -> Answered {
            let mut left = self.0;
            while left > 0 {
                left -= request.body.read(&mut [0; 8][..left.min(8)]).await?;
            }
            Err(Problem::new(422, "unwanted", "not this one").into())
        }
    }

    #[test]
    fn what_a_handler_leaves_of_a_body_that_it_refuses_is_read_before_the_end() {
        let head = "POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Type: a/b\r\n\
            Content-Length: 20\r\n\r\n";
        let early = format!("{head}0123456");
        for read in [0, 3, 13, 20] {
            for pieces in [
                [head, "0123456", "7890123456789"],
                [&*early, "789012345", "6789"],
            ] {
                let (device, taken) = (FakeDevice::new(), Cell::new(0));
                let reader = Pieces {
                    pieces: pieces.map(str::as_bytes).into(),
                    taken: &taken,
                };
                let answer = device.serve_with(&Refuses(read), reader);
                assert!(answer.starts_with("HTTP/1.1 422 "), "{answer}");
                assert!(answer.contains("/problems/unwanted"), "{answer}");
                assert_eq!(taken.get(), head.len() + 20, "{read}");
                // Where all was read the connection goes on, and waits for another request.
                let ends = answer.contains("\r\nConnection: close\r\n");
                let waited = if read < 20 {
                    0
                } else {
                    Limits::DEFAULT.next_idle_ms
                };
                assert_eq!((ends, device.now_ms()), (read < 20, waited), "{read}");
            }
        }
        // What does not come is not waited for either, but for a moment.
        let (device, taken) = (FakeDevice::new(), Cell::new(0));
        let reader = Pieces {
            pieces: vec![early.as_bytes()],
            taken: &taken,
        };
        device.serve_with(&Refuses(3), reader);
        assert_eq!(device.now_ms(), Limits::DEFAULT.drain_idle_ms);
    }
}

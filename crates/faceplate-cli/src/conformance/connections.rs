//! What may happen on one connection.

use std::time::Duration;

use super::{
    change::{CONFIRM, FRONTEND, JSON, OCTETS, SCRAP, confirm},
    request::Request,
    row::{Checked, Row, Stop},
    status::STATUS,
    talk::{ANSWER, Asked, Talk},
    target::Target,
};
use crate::device::Next;

/// A device waits so long in the middle of a head.
const HEAD: Duration = Duration::from_secs(3);
/// The same in the middle of a body.
const BODY: Duration = Duration::from_secs(15);
/// How much later than that its word may come.
const LATE: Duration = Duration::from_secs(5);

pub(super) const ROWS: &[Row<Target>] = &[
    Row::reads(
        "connections/keep-alive",
        keep_alive,
        "a connection brings several requests, one after the other",
        "keep it open after an answer with Content-Length: without that a page takes a connection for each file",
    ),
    Row::reads(
        "connections/pipelining",
        pipelining,
        "requests that come at once are answered in their order",
        "keep what was read behind a request for the next one",
    ),
    Row::reads(
        "connections/close",
        close,
        "after Connection: close the connection ends with the answer, which says so",
        "look for close in the list of Connection, in any case",
    ),
    Row::reads(
        "connections/http-1.0",
        http_1_0,
        "a request of HTTP/1.0 is answered, and ends the connection",
        "HTTP/1.0 needs no Host, and keeps no connection",
    ),
    Row::refused(
        "connections/unread-body",
        unread_body,
        "a body that nobody wants is not taken for the next request",
        "read it away, or close the connection after the answer: a page could send a request inside of a body",
    ),
    Row::refused(
        "connections/unread-chunks",
        unread_chunks,
        "chunks, which are refused, are not taken for the next request either",
        "close the connection after 411: nobody knows where the body ends",
    ),
];

/// Those that wait for a time to be over; they do so side by side.
pub(super) const SLOW: &[Row<Target>] = &[
    Row::reads(
        "connections/half-head",
        half_head,
        "a head that does not go on for 3 seconds gets 408 stalled",
        "give the head a time limit, and answer before you close",
    ),
    Row::refused(
        "connections/half-body",
        half_body,
        "a body of which nothing comes for 15 seconds gets 408 stalled",
        "give each read of a body a time limit, and answer before you close: else a client that is gone holds the \
         connection, or an upload, for ever",
    ),
];

fn keep_alive(target: &Target) -> Checked {
    let mut talk = Talk::open(target)?;
    for request in [
        Request::get(STATUS),
        Request::page("/"),
        Request::get(STATUS),
        Request::get("/api/ota/faceplate-conformance"),
        Request::get(STATUS),
    ] {
        talk.send(&request);
        let asked = talk.answer()?;
        let option = asked.response.field("connection").unwrap_or_default();
        if option.to_ascii_lowercase().contains("close") {
            let got = format!("Connection: {option}");
            return Err(asked.differs("an answer after which the connection stays open", &got));
        }
    }
    Ok(())
}

fn pipelining(target: &Target) -> Checked {
    let requests = [
        Request::get(STATUS),
        Request::new("HEAD", STATUS),
        confirm(),
        Request::get("/api/ota/faceplate-conformance"),
        Request::get(STATUS),
    ];
    let bytes = requests
        .iter()
        .map(|request| request.bytes(&target.address));
    let bytes = bytes.collect::<Vec<_>>().concat();
    let mut talk = Talk::open(target)?;
    talk.send_raw(&bytes, String::new());
    for (index, (request, status)) in requests.iter().zip([200, 200, 409, 404, 200]).enumerate() {
        let number = index + 1;
        let shown = format!("5 requests at once; no. {number}: {}", request.shown());
        talk.awaits(request, shown);
        talk.answer()?.has_status(status)?;
    }
    Ok(())
}

/// Whether the connection ends without another answer.
fn ends(talk: &mut Talk<'_>) -> Checked {
    match talk.next(ANSWER) {
        Next::End => Ok(()),
        Next::Silence => Err(talk.miss("the end of the connection", "it stays open")),
        Next::Bytes(_) => Err(talk.miss("the end of the connection", "another answer")),
    }
}

fn close(target: &Target) -> Checked {
    for option in ["close", "x, CLOSE"] {
        let mut talk = Talk::open(target)?;
        talk.send(&Request::get(STATUS).with("Connection", option));
        let asked = talk.answer()?;
        asked.has_status(200)?;
        asked.has_field("Connection", "close")?;
        ends(&mut talk)?;
    }
    Ok(())
}

fn http_1_0(target: &Target) -> Checked {
    let own = target.address.authority();
    for hosts in [&[&*own][..], &[]] {
        let mut talk = Talk::open(target)?;
        talk.send(&Request::get(STATUS).version("HTTP/1.0").hosts(hosts));
        talk.answer()?.has_status(200)?;
        ends(&mut talk)?;
    }
    Ok(())
}

/// Sends a request whose body is another one, and a third behind it, to which alone an answer may follow.
fn is_only_answered_once(target: &Target, request: &Request) -> Result<Asked, Stop> {
    let mut talk = Talk::open(target)?;
    talk.send(request);
    let last = Request::get("/api/ota/faceplate-conformance");
    let shown = format!("{}, then {}", request.shown(), last.shown());
    talk.send_raw(&last.bytes(&target.address), shown);
    let first = talk.answer()?;
    match talk.answer() {
        // That to the third is this.
        Ok(second) if second.response.status != 404 => Err(second.differs(
            "no answer to what is in the body",
            &format!("one, {}: the body was taken for a request", second.shown()),
        )),
        // It may close the connection as well.
        _ => Ok(first),
    }
}

fn unread_body(target: &Target) -> Checked {
    let inner = Request::get(STATUS).bytes(&target.address);
    for request in [
        Request::new("POST", "/api/ota/faceplate-conformance").with("Content-Type", JSON),
        Request::new("POST", CONFIRM),
        Request::get("/recovery"),
    ] {
        is_only_answered_once(target, &request.body(&inner))?;
    }
    Ok(())
}

fn unread_chunks(target: &Target) -> Checked {
    let inner = Request::get(STATUS).bytes(&target.address);
    let chunk = [
        format!("{:x}\r\n", inner.len()).as_bytes(),
        &inner,
        b"\r\n0\r\n\r\n",
    ]
    .concat();
    for (path, media_type) in [(CONFIRM, JSON), (FRONTEND, OCTETS)] {
        let request = Request::new("POST", path)
            .with("Content-Type", media_type)
            .with("Transfer-Encoding", "chunked")
            .followed_by(&chunk);
        let asked = is_only_answered_once(target, &request)?;
        asked.is_problem(411, "length-required")?;
    }
    Ok(())
}

fn stalls(talk: &mut Talk<'_>, after: Duration) -> Result<(), Stop> {
    let asked = talk.answer_within(after + LATE)?;
    asked.is_problem(408, "stalled")
}

fn half_head(target: &Target) -> Checked {
    let bytes = Request::get(STATUS).bytes(&target.address);
    let mut talk = Talk::open(target)?;
    let half = &bytes[..bytes.len() / 2];
    talk.send_raw(
        half,
        format!("the first half of GET {STATUS}, and nothing more"),
    );
    stalls(&mut talk, HEAD)
}

fn half_body(target: &Target) -> Checked {
    let request = Request::new("POST", CONFIRM)
        .with("Content-Type", JSON)
        .promising(SCRAP.len() as u64 + 1, SCRAP);
    let mut talk = Talk::open(target)?;
    talk.send(&request);
    stalls(&mut talk, BODY)
}

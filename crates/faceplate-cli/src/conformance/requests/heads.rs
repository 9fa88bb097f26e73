//! Heads that are wrong, too long, or may be read in two ways.

use crate::{
    conformance::{
        change::{CONFIRM, JSON},
        request::{Request, shorten},
        row::{Checked, Row, Stop},
        status::STATUS,
        talk::{Asked, Talk},
        target::Target,
    },
    text,
};

pub(in crate::conformance) const ROWS: &[Row<Target>] = &[
    Row::refused(
        "requests/not-http",
        not_http,
        "what is no request of HTTP gets 400 bad-request",
        "answer before you close: people open a port with the wrong program, or with https://",
    ),
    Row::refused(
        "requests/strict-head",
        strict_head,
        "a head that may be read in two ways gets 400 bad-request: bare LF, folded lines, a blank before the colon, \
         control characters",
        "refuse it: where a proxy reads a head otherwise than you do, a body is taken for a request",
    ),
    Row::refused(
        "requests/ambiguous-length",
        ambiguous_length,
        "two lengths, a length that is no plain number, or a length beside Transfer-Encoding get 400 bad-request",
        "take one Content-Length of digits alone, and refuse it beside Transfer-Encoding (RFC 9112, 6.3)",
    ),
    Row::refused(
        "requests/version",
        version,
        "another version than HTTP/1.0 and 1.1 gets 505 http-version",
        "look at the version in the request line, and answer before you close",
    ),
    Row::refused(
        "requests/long-target",
        long_target,
        "a path with its query of more than 1024 bytes gets 414 target-too-long",
        "answer before you close; a server that has less room than 1024 bytes needs more (esp_http_server: \
         CONFIG_HTTPD_MAX_URI_LEN)",
    ),
    Row::reads(
        "requests/target-of-1024-bytes",
        target_of_1024,
        "a path with its query of 1024 bytes is answered like any other",
        "give the target 1024 bytes (esp_http_server: CONFIG_HTTPD_MAX_URI_LEN)",
    ),
    Row::refused(
        "requests/long-head",
        long_head,
        "a head of more than 2 KiB gets 431 headers-too-large",
        "answer before you close: people with many cookies see nothing else",
    ),
    Row::reads(
        "requests/head-of-2000-bytes",
        head_of_2000,
        "a head of 2000 bytes is answered like any other",
        "give the head 2 KiB: browsers send cookies of all ports of a host (esp_http_server: \
         CONFIG_HTTPD_MAX_REQ_HDR_LEN)",
    ),
    Row::reads(
        "requests/head-in-pieces",
        head_in_pieces,
        "a head that comes in pieces is answered like one that comes at once",
        "read until the empty line: TCP may cut a head anywhere",
    ),
];

/// Sends text with the right host in the place of `{HOST}`, and gives the answer.
fn say(target: &Target, text: &str) -> Result<Asked, Stop> {
    let text = text.replace("{HOST}", &target.address.authority());
    let mut talk = Talk::open(target)?;
    let shown = shorten(&text::harmless(&text));
    talk.send_raw(text.as_bytes(), shown);
    talk.answer()
}

fn not_http(target: &Target) -> Checked {
    for said in [
        "\u{16}\u{3}\u{1}\u{2}\0\r\n\r\n",
        "GET /\r\n\r\n",
        "HELLO\r\n\r\n",
        "GET / HTTP/1.1 x\r\nHost: {HOST}\r\n\r\n",
        "GET index.html HTTP/1.1\r\nHost: {HOST}\r\n\r\n",
    ] {
        say(target, said)?.is_problem(400, "bad-request")?;
    }
    Ok(())
}

fn strict_head(target: &Target) -> Checked {
    for said in [
        "GET /api/ota/status HTTP/1.1\nHost: {HOST}\n\n",
        "GET /api/ota/status HTTP/1.1\r\nHost: {HOST}\r\nX: a\r\n b\r\n\r\n",
        "GET /api/ota/status HTTP/1.1\r\nHost : {HOST}\r\n\r\n",
        "GET /api/ota/status HTTP/1.1\r\nHost: {HOST}\r\nX: a\0b\r\n\r\n",
        "GET /api/ota/status HTTP/1.1\r\nHost: {HOST}\r\nX: a\rb\r\n\r\n",
    ] {
        say(target, said)?.is_problem(400, "bad-request")?;
    }
    Ok(())
}

fn ambiguous_length(target: &Target) -> Checked {
    for lengths in [
        "Content-Length: 2\r\nContent-Length: 2\r\n",
        "Content-Length: 2\r\nContent-Length: 3\r\n",
        "Content-Length: 2, 2\r\n",
        "Content-Length: +2\r\n",
        "Content-Length: 0x2\r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
    ] {
        let said = format!(
            "POST {CONFIRM} HTTP/1.1\r\nHost: {{HOST}}\r\nContent-Type: {JSON}\r\n{lengths}\r\n[]"
        );
        let text = said.replace("{HOST}", &target.address.authority());
        let mut talk = Talk::open(target)?;
        let shown = format!(
            "POST {CONFIRM} | {}",
            lengths.trim_end().replace("\r\n", " | ")
        );
        talk.send_raw(text.as_bytes(), shown);
        talk.answer()?.is_problem(400, "bad-request")?;
    }
    Ok(())
}

fn version(target: &Target) -> Checked {
    for said in [
        "GET / HTTP/3.0\r\nHost: {HOST}\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        say(target, said)?.is_problem(505, "http-version")?;
    }
    Ok(())
}

/// A path and query of so many bytes, as they are sent.
fn target_of(target: &Target, len: usize) -> String {
    let path = format!("{STATUS}?");
    let room = len.saturating_sub(path.len() + target.address.prefix.len());
    format!("{path}{}", "x".repeat(room))
}

fn long_target(target: &Target) -> Checked {
    for len in [1025, 3000] {
        let asked = target.ask(&Request::get(target_of(target, len)))?;
        asked.is_problem(414, "target-too-long")?;
    }
    Ok(())
}

fn target_of_1024(target: &Target) -> Checked {
    let asked = target.ask(&Request::get(target_of(target, 1024)))?;
    asked.has_status(200)
}

/// A request whose head has so many bytes.
fn head_of(target: &Target, len: usize) -> Request {
    let request = Request::get(STATUS);
    let bare = request.bytes(&target.address).len() + "Cookie: \r\n".len();
    request.with("Cookie", "x".repeat(len.saturating_sub(bare)))
}

fn long_head(target: &Target) -> Checked {
    for len in [2049, 4000] {
        let asked = target.ask(&head_of(target, len))?;
        asked.is_problem(431, "headers-too-large")?;
    }
    Ok(())
}

fn head_of_2000(target: &Target) -> Checked {
    target.ask(&head_of(target, 2000))?.has_status(200)
}

fn head_in_pieces(target: &Target) -> Checked {
    let request = Request::get(STATUS);
    let bytes = request.bytes(&target.address);
    let mut talk = Talk::open(target)?;
    for piece in bytes.chunks(7) {
        talk.send_raw(piece, format!("{} | in pieces of 7 bytes", request.shown()));
    }
    talk.answer()?.has_status(200)
}

//! Requests that are wrong in one thing, and what the device may say to each: one answer, and the end.

use super::wire::Random;

/// A request, and the statuses that an answer to it may have.
pub(super) struct Wrong {
    pub(super) bytes: Vec<u8>,
    pub(super) statuses: &'static [u16],
}

/// Behind everything that is wrong: a request that would be obeyed, and seen at the lamp.
pub(super) const SMUGGLED: &str = "PUT /api/lamp HTTP/1.1\r\nHost: localhost\r\n\
    Content-Type: application/json\r\nContent-Length: 30\r\n\r\n{\"on\":true,\"colour\":\"#ff0000\"}";

/// Where a request ends, said in two ways or in none.
const FRAMING: &[(&str, &[u16])] = &[
    ("Content-Length: 2\r\nContent-Length: 2\r\n", &[400]),
    ("Content-Length: 2\r\nContent-Length: 90\r\n", &[400]),
    ("Content-Length: 2\r\ncontent-length: 2\r\n", &[400]),
    ("Content-Length: 2, 2\r\n", &[400]),
    ("Content-Length: +2\r\n", &[400]),
    ("Content-Length: -2\r\n", &[400]),
    ("Content-Length: 0x2\r\n", &[400]),
    ("Content-Length: 2 2\r\n", &[400]),
    ("Content-Length: 2;\r\n", &[400]),
    ("Content-Length:\r\n", &[400]),
    ("Content-Length : 2\r\n", &[400]),
    (
        "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        &[400],
    ),
    (
        "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n",
        &[400],
    ),
    ("Transfer-Encoding: chunked\r\n", &[411]),
    ("Transfer-Encoding: xchunked\r\n", &[400, 411]),
    ("Transfer-Encoding: identity\r\n", &[400, 411]),
    (
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        &[400, 411],
    ),
    ("Transfer-Encoding:\r\n", &[400, 411]),
    ("Transfer-Encoding : chunked\r\n", &[400]),
    ("Transfer-Encoding\t: chunked\r\n", &[400]),
    ("X: a\r\nTransfer-Encoding: \u{b}chunked\r\n", &[400, 411]),
];

/// Lines that end, or go on, where others see it differently.
const LINES: &[(&str, &[u16])] = &[
    ("X: a\nContent-Length: 2\r\n", &[400]),
    ("X: a\rContent-Length: 2\r\n", &[400]),
    ("X: a\r\n Content-Length: 2\r\n", &[400]),
    ("X: a\r\n\tb\r\nContent-Length: 2\r\n", &[400]),
    (" X: a\r\nContent-Length: 2\r\n", &[400]),
    ("X: a\0b\r\nContent-Length: 2\r\n", &[400]),
    ("X\r\nContent-Length: 2\r\n", &[400]),
    (": a\r\nContent-Length: 2\r\n", &[400]),
    ("X Y: a\r\nContent-Length: 2\r\n", &[400]),
    ("Content-Length: 2\r\n\r", &[400]),
    ("Content-Length: 2\n", &[400]),
];

/// Numbers that no variable holds. 409 while another upload runs, which is found out first.
const NUMBERS: &[(&str, &[u16])] = &[
    ("Content-Length: 4294967297\r\n", &[409, 413]),
    ("Content-Length: 9223372036854775808\r\n", &[409, 413]),
    ("Content-Length: 18446744073709551615\r\n", &[409, 413]),
    ("Content-Length: 18446744073709551617\r\n", &[400]),
    (
        "Content-Length: 99999999999999999999999999999999999999\r\n",
        &[400],
    ),
    (
        "Content-Length: 00000000000000000000000000000000000002\r\n",
        &[400, 409, 422],
    ),
];

/// Targets of a GET.
const TARGETS: &[(&str, &[u16])] = &[
    ("/../../etc/passwd", &[400, 404]),
    ("/%2e%2e/%2e%2e/index.html", &[400, 404]),
    ("/..%2f..%2fwww_0/index.html", &[400, 404]),
    ("/assets/%2e%2e/%2e%2e/%2e%2e/x.js", &[400, 404]),
    ("/..\\..\\x.js", &[400, 404]),
    ("/%5c..%5cx.js", &[400, 404]),
    ("/%c0%ae%c0%ae/x.js", &[400, 404]),
    ("/%00", &[400]),
    ("/app.js%00.html", &[400]),
    ("/%", &[400]),
    ("/%4", &[400]),
    ("/%zz.js", &[400]),
    ("/%25%32%65%25%32%65/x.js", &[400, 404]),
    ("/%ff%fe.js", &[400, 404]),
    ("//x.js", &[400, 404]),
    ("/./x.js", &[400, 404]),
    ("/%2f%2f%2f.js", &[400, 404]),
    ("/%2fapi%2fota%2frollback", &[400, 404]),
    ("/API/ota/nothing.js", &[404]),
    ("http://evil.example/", &[400]),
    ("*", &[405]),
    ("x", &[400]),
    ("/api/ota/frontend/blocks?slot=%", &[400, 404]),
];

/// The same for a client's wishes.
const RANGES: [&str; 6] = [
    "bytes=99999999999999999999999999-",
    "bytes=18446744073709551615-18446744073709551616",
    "bytes=4294967296-",
    "bytes=-99999999999999999999999",
    "bytes=5-4",
    "bytes=0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0",
];

const WINDOWS: [&str; 5] = ["4294967306", "65546", "-10", "1e3", "18446744073709551626"];

fn post(fields: &str) -> String {
    format!(
        "POST /api/ota/frontend HTTP/1.1\r\nHost: localhost\r\n\
         Content-Type: application/octet-stream\r\n{fields}\r\n"
    )
}

fn get(target: &str, fields: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n{fields}Connection: close\r\n\r\n")
}

/// All of them.
pub(super) fn all() -> Vec<Wrong> {
    let mut all = Vec::new();
    let mut add = |head: String, statuses| {
        let bytes = [head.as_bytes(), SMUGGLED.as_bytes()].concat();
        all.push(Wrong { bytes, statuses });
    };
    for (fields, statuses) in [FRAMING, LINES, NUMBERS].into_iter().flatten() {
        add(post(fields), statuses);
    }
    for (target, statuses) in TARGETS {
        add(get(target, ""), statuses);
    }
    for range in RANGES {
        add(
            get("/app.js", &format!("Range: {range}\r\n")),
            &[200, 206, 416],
        );
    }
    for window in WINDOWS {
        let head = post("Content-Length: 4096\r\n");
        let query = format!("frontend?confirm=client&within={window}");
        add(head.replace("frontend", &query), &[400]);
    }
    // Heads without end, and lines that are too long.
    let long = |n| "x".repeat(n);
    add(get(&format!("/{}", long(1500)), ""), &[414]);
    add(get(&format!("/{}", long(100_000)), ""), &[414]);
    add(get("/", &format!("X: {}\r\n", long(100_000))), &[431]);
    add(get("/", &"X: y\r\n".repeat(20_000)), &[431]);
    add(get("/", &format!("{}: y\r\n", long(5_000))), &[431]);
    // Other protocols, and methods that there are not.
    for text in ["\u{16}\u{3}\u{1}\u{2}\0\u{1}", "GET /\r\n\r\n", "\0\0\0\0"] {
        add(text.to_owned(), &[400]);
    }
    add("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), &[505]);
    add(
        get("/", "").replace("HTTP/1.1", "HTTP/1.99999999999"),
        &[400, 505],
    );
    add(
        get("/", "").replace("GET", &long(5_000)),
        &[400, 405, 414, 431, 501],
    );
    // What would be obeyed, but for whom it comes from.
    let rollback = |fields: &str| {
        format!(
            "POST /api/ota/rollback HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\
             Connection: close\r\n{fields}\r\n{{}}"
        )
    };
    let json = "Content-Type: application/json\r\n";
    add(
        rollback(&format!("{json}Origin: http://evil.example\r\n")),
        &[403],
    );
    add(rollback(&format!("{json}Origin: null\r\n")), &[403]);
    add(rollback("Content-Type: text/plain\r\n"), &[415]);
    add(rollback(json).replace("localhost", "evil.example"), &[403]);
    all
}

/// Something that may be a request. None of them is obeyed, whatever becomes of it: it has no type that a
/// change needs.
pub(super) fn random(random: &mut Random) -> Vec<u8> {
    let method = random.one(&[
        "GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "BREW", "",
    ]);
    let path = random.one(&[
        "/",
        "/app.js",
        "/index.html?x",
        "/recovery",
        "/recovery/wifi",
        "/api/ota/status",
        "/api/ota/frontend?confirm=client&within=10",
        "/api/ota/confirm",
        "/api/ota/rollback",
        "/api/wifi",
        "/api/wifi/networks",
        "/api/lamp",
        "/api/lamp/socket",
        "/api/sensor",
        "/api/log",
        "/..%2f%00",
        "/%",
        "",
    ]);
    let version = random.one(&["HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2", ""]);
    let mut text = format!("{method} {path} {version}\r\nHost: localhost\r\n");
    for _ in 0..random.below(4) {
        let long = format!("X: {}\r\n", "x".repeat(random.below(2500)));
        text += random.one(&[
            "Content-Length: 22\r\n",
            "Content-Length: 5\r\nContent-Length: 6\r\n",
            "Content-Length: 99999999999999999999\r\n",
            "Transfer-Encoding: chunked\r\n",
            "Content-Type: text/plain\r\n",
            "Expect: 100-continue\r\n",
            "Connection: close\r\n",
            "Connection: keep-alive, upgrade\r\n",
            "Range: bytes=5-99999999999\r\n",
            "If-None-Match: \"x\", *\r\n",
            "Accept-Encoding: identity;q=0\r\n",
            "Origin: null\r\n",
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
            &long,
        ]);
    }
    let mut bytes = (text + "\r\n").into_bytes();
    match random.below(3) {
        0 => bytes.extend(br#"{"on":true,"a":1234567}"#),
        1 => {
            let len = random.below(40);
            bytes.extend(random.bytes(len));
        }
        _ => {}
    }
    for _ in 0..random.below(4) {
        let at = random.below(bytes.len() + 1);
        match random.below(5) {
            0 if at < bytes.len() => bytes[at] = random.next() as u8,
            1 => bytes.insert(
                at,
                random.one(&[b"\r", b"\n", b"\0", b" ", b":", b"\xff"])[0],
            ),
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(at..bytes.len().min(at + 7))),
            _ => {
                let again = bytes[at..bytes.len().min(at + 20)].to_vec();
                bytes.splice(at..at, again);
            }
        }
    }
    bytes
}

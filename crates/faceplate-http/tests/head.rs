//! The parser of request heads: what it takes, what it refuses, and that it is never led astray.

use faceplate_http::{
    head::{Expect, Head, HeadError, Method, find_end},
    limits::TARGET_MAX,
};

/// What the connection makes of bytes: `None` waits for more.
fn read(bytes: &[u8]) -> Result<Option<(usize, Head<'_>)>, HeadError> {
    match find_end(bytes)? {
        Some(len) => Head::parse(&bytes[..len]).map(|head| Some((len, head))),
        None => Ok(None),
    }
}

fn parse(text: &str) -> Result<Head<'_>, HeadError> {
    read(text.as_bytes()).map(|found| found.expect("a whole head").1)
}

#[test]
fn a_browsers_head_is_taken_apart() {
    let head = parse(
        "GET /a/b.js?x=1?2 HTTP/1.1\r\nHost: 192.168.4.1\r\nAccept:text/html\r\nAccept: \t*/* \r\n\
         Empty:\r\nConnection: keep-alive\r\n\r\n",
    )
    .unwrap();
    assert_eq!(head.method, Method::Get);
    assert_eq!((head.path, head.query), ("/a/b.js", "x=1?2"));
    assert_eq!(head.host, Some("192.168.4.1"));
    assert!(head.keep_alive && !head.has_body());
    assert_eq!(
        head.all("ACCEPT").collect::<Vec<_>>(),
        [&b"text/html"[..], b"*/*"]
    );
    assert_eq!(head.single("empty"), Ok(Some(&b""[..])));
    assert_eq!(head.single("absent"), Ok(None));
    assert_eq!(head.single("Accept"), Err(HeadError::Duplicate("Accept")));
}

#[test]
fn the_framing_of_a_body_is_understood() {
    let head = |fields: &str| {
        let text = format!("POST / HTTP/1.1\r\nHost: h\r\n{fields}\r\n");
        let head = parse(&text)?;
        Ok((head.content_length, head.transfer_encoding, head.expect))
    };
    let nothing = Expect::Nothing;
    assert_eq!(head(""), Ok((None, false, nothing)));
    assert_eq!(head("Content-Length: 0\r\n"), Ok((Some(0), false, nothing)));
    assert_eq!(
        head("content-length:007\r\n"),
        Ok((Some(7), false, nothing))
    );
    let largest = format!("Content-Length: {}\r\n", u64::MAX);
    assert_eq!(head(&largest), Ok((Some(u64::MAX), false, nothing)));
    assert_eq!(
        head("Transfer-Encoding: chunked\r\n"),
        Ok((None, true, nothing))
    );
    assert_eq!(
        head("Expect: 100-Continue\r\n"),
        Ok((None, false, Expect::Continue))
    );
    assert_eq!(
        head("Expect: a-cake\r\n"),
        Ok((None, false, Expect::Unknown))
    );
    for value in ["100-continue", "a-cake"] {
        let text = format!("POST / HTTP/1.0\r\nHost: h\r\nExpect: {value}\r\n\r\n");
        let (_, head) = read(text.as_bytes()).unwrap().unwrap();
        assert_eq!(head.expect, nothing, "HTTP/1.0 knows no expectations");
    }
    for length in [
        "",
        "+5",
        "-1",
        "5 5",
        "5,5",
        "0x5",
        "5.0",
        "18446744073709551616",
        "five",
    ] {
        let fields = format!("Content-Length: {length}\r\n");
        assert_eq!(head(&fields), Err(HeadError::ContentLength), "{length:?}");
    }
    let twice = "Content-Length: 5\r\nContent-Length: 5\r\n";
    assert_eq!(head(twice), Err(HeadError::Duplicate("Content-Length")));
    let both = "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n";
    assert_eq!(head(both), Err(HeadError::Framing));
    let old = "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(parse(old), Err(HeadError::Framing));
}

#[test]
fn a_connection_persists_unless_somebody_says_otherwise() {
    let keep = |start: &str| {
        parse(&format!("{start}\r\nHost: h\r\n\r\n"))
            .unwrap()
            .keep_alive
    };
    assert!(keep("GET / HTTP/1.1"));
    assert!(keep("GET / HTTP/1.2"));
    assert!(!keep("GET / HTTP/1.0"));
    assert!(!keep("GET / HTTP/1.0\r\nConnection: keep-alive"));
    assert!(!keep("GET / HTTP/1.1\r\nConnection: x, Close"));
    assert!(!keep(
        "GET / HTTP/1.1\r\nConnection: x\r\nConnection: close"
    ));
}

#[test]
fn a_target_is_a_path_or_an_http_url() {
    let target = |target: &str, host: &str| {
        let text = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        parse(&text).map(|head| {
            (
                head.path.to_owned(),
                head.query.to_owned(),
                head.host.unwrap_or("").to_owned(),
            )
        })
    };
    let parts = |path: &str, query: &str, host: &str| {
        Ok((path.to_owned(), query.to_owned(), host.to_owned()))
    };
    assert_eq!(target("/?", "h"), parts("/", "", "h"));
    assert_eq!(target("HTTP://h:80/x?y", "H:80"), parts("/x", "y", "h:80"));
    assert_eq!(target("http://h", "h"), parts("/", "", "h"));
    assert_eq!(target("http://h?q", "h"), parts("/", "q", "h"));
    assert_eq!(target("*", "h"), parts("*", "", "h"));
    assert_eq!(target("http://h/", "other"), Err(HeadError::Host));
    for wrong in [
        "h:80",
        "https://h/",
        "x",
        "?",
        "/#f",
        "ftp://h/",
        "/ä",
        "/\u{7f}",
    ] {
        let error = target(wrong, "h").unwrap_err();
        assert!(
            matches!(error, HeadError::Target | HeadError::ControlCharacter),
            "{wrong}"
        );
    }
    let long = format!("/{}", "x".repeat(TARGET_MAX));
    assert_eq!(target(&long, "h"), Err(HeadError::TargetTooLong));
    assert!(target(&long[1..].replacen('x', "/", 1), "h").is_ok());
}

#[test]
fn a_head_that_is_unusual_is_refused() {
    use HeadError::{ControlCharacter, HeaderLine, Host, RequestLine, Version};
    for (text, want) in [
        ("GET / HTTP/1.1\r\n\r\n", Host),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", Host),
        ("GET / HTTP/1.1\r\nHost: \u{e4}\r\nHost:\r\n\r\n", Host),
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", Version),
        ("GET / HTTP/0.9\r\n\r\n", Version),
        ("PRI * HTTP/2.0\r\n\r\n", Version),
        ("GET /\r\n\r\n", RequestLine),
        ("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", RequestLine),
        ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", RequestLine),
        (" GET / HTTP/1.1\r\nHost: a\r\n\r\n", RequestLine),
        ("GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", RequestLine),
        ("GET / http/1.1\r\nHost: a\r\n\r\n", RequestLine),
        ("GET / HTTP/1.11\r\nHost: a\r\n\r\n", RequestLine),
        ("G(T / HTTP/1.1\r\nHost: a\r\n\r\n", RequestLine),
        ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", HeaderLine),
        ("GET / HTTP/1.1\r\n Host: a\r\n\r\n", HeaderLine),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n",
            HeaderLine,
        ),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n\t2\r\n\r\n",
            HeaderLine,
        ),
        ("GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n", HeaderLine),
        ("GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", HeaderLine),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nX\u{e4}: 1\r\n\r\n",
            HeaderLine,
        ),
        ("GET / HTTP/1.1\nHost: a\n\n", ControlCharacter),
        ("GET / HTTP/1.1\r\nHost: a\nX: 1\r\n\r\n", ControlCharacter),
        ("GET / HTTP/1.1\r\nHost: a\rX: 1\r\n\r\n", ControlCharacter),
        ("GET / HTTP/1.1\r\nHost: a\0\r\n\r\n", ControlCharacter),
        ("GET / HTTP/1.1\r\nHost: a\u{b}\r\n\r\n", ControlCharacter),
        ("\u{16}\u{3}\u{1}", ControlCharacter),
    ] {
        assert_eq!(read(text.as_bytes()), Err(want), "{text:?}");
    }
}

#[test]
fn empty_lines_before_a_request_belong_to_it() {
    let text = "\r\n\r\nGET / HTTP/1.0\r\n\r\nrest";
    let (len, head) = read(text.as_bytes()).unwrap().unwrap();
    assert_eq!((&text[len..], head.path), ("rest", "/"));
    assert_eq!(read(b"\r\n\r\n"), Ok(None));
}

/// Heads to start from: those of browsers and tools, and those of attackers.
const SEEDS: [&str; 6] = [
    "GET / HTTP/1.1\r\nHost: localhost:8080\r\nAccept: text/html,*/*;q=0.8\r\nIf-None-Match: W/\"a\"\r\n\r\n",
    "POST /api/ota/frontend?confirm=client HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 4096\r\nExpect: 100-continue\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n",
    "HEAD http://h/x HTTP/1.0\r\nConnection: close, x\r\n\r\n",
    "\r\nGET /%2e%2e/x HTTP/1.1\r\nHost:a\r\nX: 1\r\n 2\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
];

/// Damaged heads: bytes replaced, removed, doubled and swapped, by a xorshift generator.
fn mutations() -> impl Iterator<Item = Vec<u8>> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut below = move |limit: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % limit as u64) as usize
    };
    const INTERESTING: &[u8] = b"\r\n\0\t :,/?#%+-0159aZ\x7f\x80\xff\"";
    (0..40_000).map(move |index| {
        let mut bytes = SEEDS[index % SEEDS.len()].as_bytes().to_vec();
        for _ in 0..below(4) {
            let at = below(bytes.len().max(1));
            match below(5) {
                0 => bytes[at] = INTERESTING[below(INTERESTING.len())],
                1 => bytes.insert(at, INTERESTING[below(INTERESTING.len())]),
                2 if bytes.len() > 1 => drop(bytes.remove(at)),
                2 => {}
                3 => bytes.truncate(at + 1),
                _ => {
                    let to = at + below(bytes.len() - at + 1);
                    let copy = bytes[at..to].to_vec();
                    bytes.splice(at..at, copy);
                }
            }
        }
        bytes
    })
}

#[test]
fn the_same_bytes_mean_the_same_however_they_arrive() {
    for bytes in mutations() {
        let whole = read(&bytes);
        for len in 0..bytes.len() {
            match read(&bytes[..len]) {
                Ok(None) => {}
                early => assert_eq!(early, whole, "{:?}", bytes.escape_ascii().to_string()),
            }
        }
    }
}

#[test]
fn whatever_is_taken_another_strict_parser_reads_the_same() {
    let (mut taken, mut refused) = (0, 0);
    for bytes in mutations() {
        let Ok(Some((len, head))) = read(&bytes) else {
            refused += 1;
            continue;
        };
        taken += 1;
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut other = httparse::Request::new(&mut headers);
        let text = bytes.escape_ascii().to_string();
        assert_eq!(
            other.parse(&bytes),
            Ok(httparse::Status::Complete(len)),
            "{text}"
        );
        let method = match other.method {
            Some("GET") => Method::Get,
            Some("HEAD") => Method::Head,
            Some("POST") => Method::Post,
            Some("PUT") => Method::Put,
            Some("PATCH") => Method::Patch,
            Some("DELETE") => Method::Delete,
            Some("OPTIONS") => Method::Options,
            _ => Method::Other,
        };
        assert_eq!(head.method, method, "{text}");
        let target = other.path.unwrap_or_default();
        assert!(target.contains(head.path) || head.path == "/", "{text}");
        let lengths: Vec<_> = other
            .headers
            .iter()
            .filter(|header| header.name.eq_ignore_ascii_case("content-length"))
            .map(|header| {
                std::str::from_utf8(header.value)
                    .unwrap()
                    .parse::<u64>()
                    .ok()
            })
            .collect();
        assert_eq!(
            lengths,
            Vec::from_iter(head.content_length.map(Some)),
            "{text}"
        );
    }
    // A generator that only makes rubbish, or none, would prove nothing.
    assert!(
        taken > 5_000 && refused > 5_000,
        "{taken} taken, {refused} refused"
    );
}

//! WebSockets: with a client of another make, and frame by frame, those that no client should send.

use std::{
    net::{Shutdown, TcpStream},
    time::Instant,
};

use faceplate_http::{Limits, limits::RECEIVE_BUFFER};
use tungstenite::{
    Error, Message, WebSocket,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

use crate::{
    app::numbers,
    client::{Client, PATIENCE, ask},
    frame::{BINARY, CLOSE, PING, PONG, TEXT, UPGRADE, close, frame, open, read, request},
    server::{IMPATIENT, Server, beat},
};

fn server() -> Server {
    Server::small(Limits::DEFAULT)
}

fn other_client(server: &Server) -> WebSocket<TcpStream> {
    let stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let url = "ws://localhost/api/test/socket";
    tungstenite::client(url, stream).unwrap().0
}

#[test]
fn a_client_of_another_make_talks() {
    let server = server();
    let mut socket = other_client(&server);
    for message in [
        Message::text("grüße"),
        Message::text(""),
        Message::binary(vec![0, 255, 7]),
        Message::binary(vec![b'x'; 512]),
    ] {
        socket.send(message.clone()).unwrap();
        assert_eq!(socket.read().unwrap(), message);
    }
    socket.send(Message::Ping(vec![1, 2, 3].into())).unwrap();
    assert_eq!(socket.read().unwrap(), Message::Pong(vec![1, 2, 3].into()));
    server.ask(|device| device.app.set(7));
    let news = Message::text(r#"{"number":7,"on":false}"#);
    assert_eq!(socket.read().unwrap(), news);
}

fn assert_ends(socket: &mut WebSocket<TcpStream>, code: CloseCode) {
    let Message::Close(Some(CloseFrame { code: told, .. })) = socket.read().unwrap() else {
        panic!("no close frame with a code");
    };
    assert_eq!(told, code);
    assert!(matches!(socket.read(), Err(Error::ConnectionClosed)));
}

#[test]
fn either_side_closes_it() {
    let server = server();
    for (last, code) in [
        ("close", CloseCode::Normal),
        ("end", CloseCode::Normal),
        ("fail", CloseCode::Error),
    ] {
        let mut socket = other_client(&server);
        socket.send(Message::text(last)).unwrap();
        assert_ends(&mut socket, code);
    }
    let mut socket = other_client(&server);
    let close = CloseFrame {
        code: CloseCode::Library(4321),
        reason: "enough".into(),
    };
    socket.close(Some(close)).unwrap();
    assert_ends(&mut socket, CloseCode::Library(4321));
    server.wait_for_live(0);
}

#[test]
fn who_asks_for_no_websocket_is_told_what_is_wanted() {
    let server = server();
    for headers in [
        String::new(),
        UPGRADE.replace("Version: 13", "Version: 8"),
        UPGRADE.replace("ZQ==", "Z"),
        UPGRADE.replace("Connection: Upgrade", "Connection: keep-alive"),
    ] {
        let answer = ask(&server, "GET /api/test/socket", &headers);
        assert_eq!(answer.problem(), (426, "no-websocket".to_owned()));
        assert_eq!(answer.header("upgrade"), Some("websocket"));
        assert_eq!(answer.header("sec-websocket-version"), Some("13"));
    }
    server.wait_for_live(0);
}

#[test]
fn what_comes_with_the_handshake_counts() {
    let server = server();
    let mut client = Client::new(&server);
    let frames = [frame(TEXT, b"early"), frame(PING, b"bird")].concat();
    client.send([request().as_bytes(), &frames].concat());
    assert_eq!(client.response().status, 101);
    assert_eq!(read(&mut client), (TEXT, b"early".to_vec()));
    assert_eq!(read(&mut client), (PONG, b"bird".to_vec()));
}

#[test]
fn who_is_silent_is_asked_and_then_let_go() {
    let server = Server::small(beat(100));
    let mut client = open(&server);
    assert_eq!(read(&mut client), (PING, Vec::new()));
    assert!(client.is_closed());
    server.wait_for_live(0);
}

/// Reads frames until one is not the same.
fn read_behind(client: &mut Client, (kind, content): (u8, &[u8])) -> (u8, Vec<u8>) {
    let end = Instant::now() + PATIENCE;
    loop {
        let (first, bytes) = read(client);
        if (first, &*bytes) != (kind, content) {
            return (first, bytes);
        }
        assert!(Instant::now() < end, "nothing else");
    }
}

#[test]
fn news_that_are_always_there_do_not_keep_the_client_waiting() {
    let server = server();
    let mut client = open(&server);
    client.send(frame(TEXT, b"always"));
    let news = (TEXT, &b"news"[..]);
    for _ in 0..3 {
        client.send(frame(PING, b"bird"));
        assert_eq!(read_behind(&mut client, news), (PONG, b"bird".to_vec()));
        client.send(frame(TEXT, b"word"));
        assert_eq!(read_behind(&mut client, news), (TEXT, b"heard".to_vec()));
    }
    client.send(close(1000, b""));
    let (kind, code) = read_behind(&mut client, news);
    assert_eq!((kind, &*code), (CLOSE, &1000_u16.to_be_bytes()[..]));
    assert!(client.is_closed());
}

#[test]
fn what_json_cannot_say_is_not_sent_and_what_is_long_is() {
    let server = server();
    let mut client = open(&server);
    client.send([frame(TEXT, b"json"), frame(TEXT, b"still here")].concat());
    assert_eq!(read(&mut client), (TEXT, b"unsayable".to_vec()));
    let numbers = serde_json::to_vec(&numbers()).unwrap();
    assert_eq!(read(&mut client), (TEXT, numbers));
    assert_eq!(read(&mut client), (TEXT, b"still here".to_vec()));
}

#[test]
fn a_slow_reader_is_let_go() {
    let server = Server::small(IMPATIENT);
    let mut client = open(&server);
    client.send(frame(TEXT, b"flood"));
    // It reads nothing now.
    server.wait_for_live(0);
    let back = client.rest_bytes();
    assert!(back.len() > 10_000);
    let close = [CLOSE, 2];
    assert!(!back.ends_with(&[&close[..], &1011_u16.to_be_bytes()].concat()));
    assert_ne!(
        back.len() % 1004,
        0,
        "it was let go in the middle of a frame"
    );
}

#[test]
fn who_goes_away_frees_the_place_at_once() {
    let server = server();
    for half in [true, false] {
        let client = open(&server);
        server.wait_for_live(1);
        if half {
            client.stream.shutdown(Shutdown::Write).unwrap();
            server.wait_for_live(0);
        }
        drop(client);
        server.wait_for_live(0);
    }
}

/// What a client sends, and what comes back before the end.
struct Case {
    name: String,
    sent: Vec<u8>,
    back: Vec<(u8, Vec<u8>)>,
}

/// A case at whose end the client closes in good order.
fn good(name: &str, sent: &[Vec<u8>], back: &[(u8, &[u8])]) -> Case {
    ends(
        name,
        &[&sent.concat()[..], &close(1000, b"bye")].concat(),
        back,
        Some(1000),
    )
}

/// A case that the device closes with this code, or with none.
fn ends(name: &str, sent: &[u8], back: &[(u8, &[u8])], code: Option<u16>) -> Case {
    let mut back: Vec<_> = back
        .iter()
        .map(|(first, bytes)| (*first, bytes.to_vec()))
        .collect();
    back.push((
        CLOSE,
        code.map_or(Vec::new(), |code| code.to_be_bytes().to_vec()),
    ));
    Case {
        name: name.to_owned(),
        sent: sent.to_vec(),
        back,
    }
}

/// A case that breaks the protocol; what comes behind it is not looked at.
fn bad(name: &str, sent: &[Vec<u8>], back: &[(u8, &[u8])], code: u16) -> Case {
    ends(
        name,
        &[&sent.concat()[..], &frame(TEXT, b"late")].concat(),
        back,
        Some(code),
    )
}

/// Sends each case at once, and byte by byte.
fn run(cases: &[Case]) {
    let server = server();
    for Case { name, sent, back } in cases {
        for size in [sent.len(), 1] {
            let mut client = open(&server);
            for piece in sent.chunks(size) {
                if !client.try_send(piece) {
                    break;
                }
            }
            for want in back {
                assert_eq!(read(&mut client), *want, "{name}, {size} bytes at a time");
            }
            let _ = client.stream.shutdown(Shutdown::Write);
            assert!(client.is_closed(), "{name}: something comes behind the end");
        }
    }
    server.wait_for_live(0);
}

/// A frame that is not the last of its message.
fn part(first: u8, content: &[u8]) -> Vec<u8> {
    frame(first & 0x7f, content)
}

const REST: u8 = 0x80;

// The sections are those of the Autobahn test suite.

#[test]
fn messages_come_back() {
    // 1.1, 1.2: as long as may be; then 9.1 to 9.4, whose messages are too long for a device.
    let max = RECEIVE_BUFFER - request().len();
    let long = vec![b'*'; 70_000];
    let mut cases = Vec::new();
    for len in [0, 1, 125, 126, 127, 128, 512, max] {
        for kind in [TEXT, BINARY] {
            let content = &long[..len];
            let name = format!("1.1 and 1.2, {len} bytes of {kind:x}");
            cases.push(good(&name, &[frame(kind, content)], &[(kind, content)]));
        }
    }
    for len in [max + 1, 65_535, 65_536] {
        let name = format!("9, {len} bytes");
        cases.push(bad(
            &name,
            &[frame(TEXT, &long[..len])[..100].to_vec()],
            &[],
            1009,
        ));
    }
    // 9.3, 9.4: too long in parts.
    let parts = [part(TEXT, &long[..max - 100]), frame(REST, &long[..101])];
    cases.push(bad("9.3", &parts, &[], 1009));
    let parts = [part(TEXT, &long[..600]), frame(REST, &long[..500])];
    cases.push(good("9.3, short", &parts, &[(TEXT, &long[..1100])]));
    run(&cases);
}

#[test]
fn control_frames_are_answered() {
    let all: Vec<u8> = (0..=124).collect();
    let ten: Vec<_> = (0..10).map(|n| frame(PING, &[n])).collect();
    let numbers: Vec<[u8; 1]> = (0..10).map(|n| [n]).collect();
    let pongs: Vec<_> = numbers.iter().map(|n| (PONG, &n[..])).collect();
    run(&[
        good("2.1", &[frame(PING, b"")], &[(PONG, b"")]),
        good(
            "2.2",
            &[frame(PING, b"Hello, world!")],
            &[(PONG, b"Hello, world!")],
        ),
        good(
            "2.3",
            &[frame(PING, &[0, 255, 254, 253])],
            &[(PONG, &[0, 255, 254, 253])],
        ),
        good("2.4", &[frame(PING, &all)], &[(PONG, &all)]),
        bad("2.5", &[frame(PING, &[b'x'; 126])], &[], 1002),
        good("2.7", &[frame(PONG, b"")], &[]),
        good("2.8", &[frame(PONG, b"unsolicited")], &[]),
        good(
            "2.9",
            &[frame(PONG, b"a"), frame(PING, b"b")],
            &[(PONG, b"b")],
        ),
        good("2.10", &ten, &pongs),
    ]);
}

#[test]
fn reserved_bits_and_opcodes_are_refused() {
    let mut cases = Vec::new();
    for bits in 1..8 {
        for first in [TEXT, PING, CLOSE] {
            let name = format!("3.{bits} in {first:x}");
            let sent = [frame(TEXT, b"ok"), frame(first | bits << 4, b"")];
            cases.push(bad(&name, &sent, &[(TEXT, b"ok")], 1002));
        }
    }
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        let name = format!("4, opcode {opcode}");
        let sent = [frame(TEXT, b"ok"), frame(0x80 | opcode, b"")];
        cases.push(bad(&name, &sent, &[(TEXT, b"ok")], 1002));
    }
    run(&cases);
}

#[test]
fn messages_in_parts_are_put_together() {
    let (one, two) = (part(TEXT, b"frag"), frame(REST, b"ment"));
    let whole: &[(u8, &[u8])] = &[(TEXT, b"fragment")];
    let pinged: &[(u8, &[u8])] = &[(PONG, b"!"), (TEXT, b"fragment")];
    let ping = || frame(PING, b"!");
    run(&[
        bad("5.1", &[part(PING, b""), frame(REST, b"")], &[], 1002),
        bad("5.2", &[part(PONG, b""), frame(REST, b"")], &[], 1002),
        bad(
            "a close in parts",
            &[part(CLOSE, b""), frame(REST, b"")],
            &[],
            1002,
        ),
        good("5.3", &[one.clone(), two.clone()], whole),
        good("5.6", &[one.clone(), ping(), two.clone()], pinged),
        bad("5.9", &[frame(REST, b"none"), frame(TEXT, b"x")], &[], 1002),
        bad("5.11", &[part(0, b"none"), frame(TEXT, b"x")], &[], 1002),
        bad(
            "5.15",
            &[one.clone(), two.clone(), part(0, b"x"), one.clone()],
            whole,
            1002,
        ),
        bad("5.18", &[one.clone(), frame(TEXT, b"x")], &[], 1002),
        bad(
            "5.18, binary",
            &[one.clone(), frame(BINARY, b"x")],
            &[],
            1002,
        ),
        good(
            "5.19",
            &[
                one,
                part(0, b"m"),
                ping(),
                part(0, b""),
                part(0, b"en"),
                ping(),
                frame(REST, b"t"),
            ],
            &[(PONG, b"!"), (PONG, b"!"), (TEXT, b"fragment")],
        ),
    ]);
}

#[test]
fn text_is_utf8() {
    let word = "κόσμε".as_bytes();
    let each: Vec<_> = [part(TEXT, b"")]
        .into_iter()
        .chain(word.iter().map(|byte| part(0, &[*byte])))
        .chain([frame(REST, b"")])
        .collect();
    let mut cases = vec![
        good("6.1.1", &[frame(TEXT, b"")], &[(TEXT, b"")]),
        good(
            "6.1.2",
            &[part(TEXT, b""), part(0, b""), frame(REST, b"")],
            &[(TEXT, b"")],
        ),
        good("6.2.1", &[frame(TEXT, word)], &[(TEXT, word)]),
        good("6.2.3", &each, &[(TEXT, word)]),
        good(
            "bytes are free",
            &[frame(BINARY, b"\xff")],
            &[(BINARY, b"\xff")],
        ),
    ];
    for (section, wrong) in [
        ("6.3", &b"\xce\xba\xed\xa0\x80edited"[..]),
        ("6.6", b"\xce"),
        ("6.8", b"\xf8\x88\x80\x80\x80"),
        ("6.10", b"\xf4\x90\x80\x80"),
        ("6.12", b"\x80"),
        ("6.14", b"\xc0\x20"),
        ("6.18", b"\xc1\xbf"),
        ("6.19", b"\xe0\x80\xaf"),
        ("6.21", b"\xed\xa0\x80"),
    ] {
        cases.push(bad(section, &[frame(TEXT, wrong)], &[], 1007));
    }
    run(&cases);
}

#[test]
fn the_closing_handshake() {
    let last = |sent: &[u8], code| ends("7.3", sent, &[], code);
    let mut cases = vec![
        ends(
            "7.1.1",
            &[frame(TEXT, b"a"), close(1000, b"")].concat(),
            &[(TEXT, b"a")],
            Some(1000),
        ),
        ends(
            "7.1.2",
            &[close(1000, b""), close(1000, b"")].concat(),
            &[],
            Some(1000),
        ),
        ends(
            "7.1.3",
            &[close(1000, b""), frame(PING, b"")].concat(),
            &[],
            Some(1000),
        ),
        ends(
            "7.1.4",
            &[close(1000, b""), frame(TEXT, b"x")].concat(),
            &[],
            Some(1000),
        ),
        ends(
            "7.1.5",
            &[part(TEXT, b"x"), close(1000, b"")].concat(),
            &[],
            Some(1000),
        ),
        last(&frame(CLOSE, b""), None),
        last(&frame(CLOSE, b"\x03"), Some(1002)),
        last(&close(1000, b""), Some(1000)),
        last(&close(1000, b"Hello World!"), Some(1000)),
        last(&close(1000, &[b'*'; 123]), Some(1000)),
        last(&close(1000, &[b'*'; 124]), Some(1002)),
        ends(
            "7.5.1",
            &close(1000, b"\xce\xba\xed\xa0\x80"),
            &[],
            Some(1007),
        ),
    ];
    for code in [
        1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999,
    ] {
        cases.push(ends(
            &format!("7.7, {code}"),
            &close(code, b""),
            &[],
            Some(code),
        ));
    }
    for code in [
        0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535,
    ] {
        cases.push(ends(
            &format!("7.9, {code}"),
            &close(code, b""),
            &[],
            Some(1002),
        ));
    }
    run(&cases);
}

#[test]
fn frames_that_no_client_may_send_are_refused() {
    // RFC 6455, 5.1 and 5.2; not in that suite, which has a client that cannot send them.
    let masked = |head: &[u8], rest: usize| [head, &[0; 4], &vec![b'x'; rest]].concat();
    run(&[
        bad("not masked", &[vec![TEXT, 2, b'h', b'i']], &[], 1002),
        bad("a ping not masked", &[vec![PING, 0]], &[], 1002),
        bad(
            "two bytes for a length of 5",
            &[masked(&[TEXT, 0xfe, 0, 5], 5)],
            &[],
            1002,
        ),
        bad(
            "eight for 200",
            &[masked(&[TEXT, 0xff, 0, 0, 0, 0, 0, 0, 0, 200], 200)],
            &[],
            1002,
        ),
        bad(
            "64 bits",
            &[masked(
                &[[BINARY, 0xff], [255; 2], [255; 2], [255; 2], [255; 2]].concat(),
                0,
            )],
            &[],
            1002,
        ),
        bad(
            "a ping of 64 bits",
            &[masked(
                &[[PING, 0xff], [255; 2], [255; 2], [255; 2], [255; 2]].concat(),
                0,
            )],
            &[],
            1002,
        ),
        bad(
            "63 bits",
            &[masked(
                &[TEXT, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255],
                0,
            )],
            &[],
            1009,
        ),
    ]);
}

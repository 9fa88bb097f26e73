//! Thousands of random requests and frames for the firmware's routes: an answer or a close, never a
//! panic, and the device still answers.

use std::net::Shutdown;

use faceplate_http::Limits;

use crate::{
    client::{Client, get},
    frame::{self, BINARY, CLOSE, PING, PONG, TEXT},
    server::Server,
};

const REQUESTS: usize = 10_000;
const SOCKETS: usize = 1_000;

/// Xorshift: the same numbers each time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn one<'t, T: ?Sized>(&mut self, of: &[&'t T]) -> &'t T {
        let at = self.below(of.len());
        of[at]
    }

    fn bytes(&mut self, max: usize) -> Vec<u8> {
        let n = self.below(max + 1);
        (0..n).map(|_| self.next() as u8).collect()
    }

    /// Changes, inserts, removes or doubles something in a few places.
    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(3) {
            let at = self.below(bytes.len() + 1);
            match self.below(5) {
                0 if at < bytes.len() => bytes[at] = self.next() as u8,
                1 => bytes.insert(at, self.one(&[b"\r", b"\n", b"\0", b" ", b":", b"\xff"])[0]),
                2 => bytes.truncate(at),
                3 => drop(bytes.drain(at..bytes.len().min(at + 7))),
                _ => {
                    let again = bytes[at..bytes.len().min(at + 20)].to_vec();
                    bytes.splice(at..at, again);
                }
            }
        }
    }

    fn request(&mut self) -> Vec<u8> {
        let method = self.one(&[
            "GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "BREW", "",
        ]);
        let path = self.one(&[
            "value",
            "echo",
            "long",
            "nothing",
            "events",
            "socket",
            "query",
            "half",
            "no-body",
            "header",
            "idle",
            "value/%c3%a4%20b",
            "value/%",
            "..%2fvalue",
            "",
        ]);
        let query = self.one(&["", "?name=x", "?name=%", "?&&=", "?name=%ff%00"]);
        let version = self.one(&["HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2", ""]);
        let mut text = format!("{method} /api/test/{path}{query} {version}\r\nHost: localhost\r\n");
        for _ in 0..self.below(4) {
            let long = format!("X: {}\r\n", "x".repeat(self.below(2500)));
            text += self.one(&[
                "Content-Length: 22\r\n",
                "Content-Length: 5\r\nContent-Length: 6\r\n",
                "Content-Length: 99999999999999999999\r\n",
                "Transfer-Encoding: chunked\r\n",
                "Content-Type: application/json\r\n",
                "Content-Type: text/plain\r\n",
                "Expect: 100-continue\r\n",
                "Connection: close\r\n",
                "Connection: keep-alive, upgrade\r\n",
                "Origin: null\r\n",
                frame::UPGRADE,
                &long,
            ]);
        }
        let mut bytes = (text + "\r\n").into_bytes();
        match self.below(3) {
            0 => bytes.extend(br#"{"number":7,"on":true}"#),
            1 => bytes.extend(self.bytes(40)),
            _ => {}
        }
        if self.below(2) == 0 {
            self.mutate(&mut bytes);
        }
        bytes
    }

    fn frames(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for _ in 0..=self.below(4) {
            let first = match self.below(8) {
                0 => self.next() as u8,
                n => [TEXT, BINARY, CLOSE, PING, PONG, TEXT & 0x7f, 0x80][n - 1],
            };
            let most = *self.one(&[&0, &10, &130, &3000]);
            let content = self.bytes(most);
            bytes.extend(frame::frame(first, &content));
        }
        if self.below(2) == 0 {
            self.mutate(&mut bytes);
        }
        bytes
    }
}

fn server() -> Server {
    // Of the ends that are waited for, one is soon, and none is for ever.
    let limits = Limits {
        drain_idle_ms: 5,
        ..Limits::DEFAULT
    };
    Server::small(limits)
}

#[test]
fn random_requests_are_answered_or_closed() {
    let server = server();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut sent, mut answers) = (0, 0);
    while sent < REQUESTS {
        let mut client = Client::new(&server);
        let n = 1 + random.below(5);
        let requests: Vec<_> = (0..n).map(|_| random.request()).collect();
        sent += n;
        client.try_send(&requests.concat());
        let _ = client.stream.shutdown(Shutdown::Write);
        let back = client.rest_bytes();
        assert!(
            back.is_empty() || back.starts_with(b"HTTP/1.1 "),
            "{:?} for {:?}",
            back.escape_ascii().to_string(),
            requests.concat().escape_ascii().to_string(),
        );
        answers += usize::from(!back.is_empty());
    }
    assert!(answers > REQUESTS / 10, "{answers} is hardly a test");
    server.wait_for_live(0);
    assert_eq!(get(&server, "/").status, 200);
    assert_eq!(get(&server, "/api/test/value").status, 200);
}

#[test]
fn random_frames_get_frames_or_the_end() {
    let server = server();
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let mut closed = 0;
    for _ in 0..SOCKETS {
        let mut client = frame::open(&server);
        let sent = random.frames();
        client.try_send(&sent);
        let _ = client.stream.shutdown(Shutdown::Write);
        let back = client.rest_bytes();
        let mut left = &back[..];
        while let [first, len, rest @ ..] = left {
            assert!(matches!(*first, TEXT | BINARY | CLOSE | PONG), "{first:x}");
            let (len, rest) = match *len {
                126 => (
                    usize::from(u16::from_be_bytes([rest[0], rest[1]])),
                    &rest[2..],
                ),
                len => (usize::from(len), rest),
            };
            left = &rest[len..];
            closed += usize::from(*first == CLOSE);
            assert!(
                *first != CLOSE || left.is_empty(),
                "something behind the end"
            );
        }
        assert!(left.is_empty(), "a frame that is torn");
    }
    assert!(closed > SOCKETS / 10, "{closed} is hardly a test");
    server.wait_for_live(0);
    assert_eq!(get(&server, "/api/test/value").status, 200);
}

//! The frames of a WebSocket, byte by byte: what a client must send, and what it must not.

use crate::{client::Client, server::Server};

pub(crate) const TEXT: u8 = 0x81;
pub(crate) const BINARY: u8 = 0x82;
pub(crate) const CLOSE: u8 = 0x88;
pub(crate) const PING: u8 = 0x89;
pub(crate) const PONG: u8 = 0x8a;

/// The headers that ask for a WebSocket.
pub(crate) const UPGRADE: &str = "Upgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A frame of a client: its first byte, and its content, which is masked here.
pub(crate) fn frame(first: u8, content: &[u8]) -> Vec<u8> {
    let len = content.len();
    let mut bytes = vec![first];
    match len {
        0..126 => bytes.push(0x80 | len as u8),
        126..65536 => {
            bytes.push(0x80 | 126);
            bytes.extend((len as u16).to_be_bytes());
        }
        _ => {
            bytes.push(0x80 | 127);
            bytes.extend((len as u64).to_be_bytes());
        }
    }
    bytes.extend(MASK);
    let masked = content.iter().zip(MASK.iter().cycle());
    bytes.extend(masked.map(|(byte, mask)| byte ^ mask));
    bytes
}

/// The close frame of a client.
pub(crate) fn close(code: u16, reason: &[u8]) -> Vec<u8> {
    frame(CLOSE, &[&code.to_be_bytes(), reason].concat())
}

/// The request for the socket of the tests.
pub(crate) fn request() -> String {
    format!("GET /api/test/socket HTTP/1.1\r\nHost: localhost\r\n{UPGRADE}\r\n")
}

/// A connection that has become a WebSocket.
pub(crate) fn open(server: &Server) -> Client {
    let mut client = Client::new(server);
    client.send(request());
    let answer = client.response();
    assert_eq!(answer.status, 101);
    assert_eq!(
        answer.header("sec-websocket-accept"),
        Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    );
    client
}

/// Reads a frame of the device: its first byte and its content. It is not masked, and its length is
/// written as short as can be.
pub(crate) fn read(client: &mut Client) -> (u8, Vec<u8>) {
    let head = client.bytes(2);
    let len = match head[1] {
        len @ 0..126 => len.into(),
        126 => {
            let len = client.bytes(2);
            let len = usize::from(u16::from_be_bytes([len[0], len[1]]));
            assert!(len >= 126);
            len
        }
        _ => panic!("a masked or long frame: {head:?}"),
    };
    (head[0], client.bytes(len))
}

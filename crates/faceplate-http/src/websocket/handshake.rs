//! The opening handshake (RFC 6455, 4.2).

use sha1::{Digest, Sha1};

use crate::http::head::{Head, Method};

/// What every server adds to the client's key (RFC 6455, 1.3).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Characters of a key: 16 bytes in base64.
const KEY_LEN: usize = 24;

/// Characters of an answer to a key: 20 bytes in base64.
const ACCEPT_LEN: usize = 28;

/// Whether a request asks for a WebSocket, rightly or not.
pub(crate) fn is_wanted(head: &Head<'_>) -> bool {
    head.method == Method::Get && head.has("Upgrade", "websocket")
}

/// The answer to the key of a request for a WebSocket; `None` where it is none that can be answered.
pub(super) fn accept(head: &Head<'_>) -> Option<heapless::String<ACCEPT_LEN>> {
    let asks = is_wanted(head) && head.http11 && head.has("Connection", "Upgrade");
    if !asks || head.header("Sec-WebSocket-Version") != Some("13") || head.has_body() {
        return None;
    }
    let key = head.header("Sec-WebSocket-Key")?;
    let digits = key.strip_suffix("==")?;
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    if key.len() != KEY_LEN || !digits.bytes().all(is_digit) {
        return None;
    }
    let hash = Sha1::new().chain_update(key).chain_update(GUID).finalize();
    let mut buf = [0; ACCEPT_LEN];
    let text = base64ct::Encoder::<base64ct::Base64>::new(&mut buf).and_then(|mut encoder| {
        encoder.encode(&hash)?;
        encoder.finish()
    });
    heapless::String::try_from(text.ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(lines: &str) -> Option<heapless::String<ACCEPT_LEN>> {
        let text = std::format!("{lines}\r\n\r\n")
            .replace('\n', "\r\n")
            .replace("\r\r", "\r");
        accept(&Head::parse(text.as_bytes()).unwrap())
    }

    const ASKS: &str = "GET /chat HTTP/1.1\nHost: a\nUpgrade: websocket\nConnection: keep-alive, upgrade\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\nSec-WebSocket-Version: 13";

    #[test]
    fn the_sample_of_the_rfc_is_answered() {
        assert_eq!(
            answer(ASKS).as_deref(),
            Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        );
    }

    #[test]
    fn what_is_no_request_for_a_websocket_is_not_answered() {
        for (from, to) in [
            ("GET", "POST"),
            ("HTTP/1.1", "HTTP/1.0"),
            ("websocket", "h2c"),
            ("upgrade", "close"),
            ("Version: 13", "Version: 8"),
            ("dGhl", "dGh"),
            ("dGhl", "dG l"),
            ("ZQ==", "ZQAA"),
            ("Sec-WebSocket-Key", "Key"),
            ("Host: a", "Host: a\nContent-Length: 3"),
        ] {
            assert!(ASKS.contains(from));
            assert_eq!(answer(&ASKS.replace(from, to)), None, "{from} {to}");
        }
    }
}

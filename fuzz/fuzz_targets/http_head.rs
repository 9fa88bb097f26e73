//! The head of a request is understood the same however its bytes arrive, without a panic.
#![no_main]

use faceplate_http::{
    head::{Head, HeadError, find_end},
    limits::RECEIVE_BUFFER,
};
use libfuzzer_sys::fuzz_target;

/// What the connection makes of the bytes so far: `None` waits for more.
fn read(bytes: &[u8]) -> Result<Option<(usize, Head<'_>)>, HeadError> {
    match find_end(bytes)? {
        Some(len) => Head::parse(&bytes[..len]).map(|head| Some((len, head))),
        None => Ok(None),
    }
}

fuzz_target!(|input: &[u8]| {
    // The connection never has more.
    let bytes = &input[..input.len().min(RECEIVE_BUFFER)];
    let whole = read(bytes);
    for len in 0..bytes.len() {
        match read(&bytes[..len]) {
            Ok(None) => {}
            early => assert_eq!(early, whole),
        }
    }
    if let Ok(Some((len, head))) = whole {
        assert!(bytes[..len].ends_with(b"\r\n\r\n"));
        assert!(head.path.starts_with('/') || head.path == "*");
        assert!(
            head.path
                .bytes()
                .chain(head.query.bytes())
                .all(|byte| byte.is_ascii_graphic())
        );
        assert!(!(head.transfer_encoding && head.content_length.is_some()));
        for name in ["Host", "Origin", "Accept", "Content-Length", "Connection"] {
            let count = head.all(name).count();
            assert_eq!(head.single(name).is_ok(), count < 2);
            assert!(
                head.all(name)
                    .flatten()
                    .all(|byte| !matches!(byte, b'\r' | b'\n' | 0))
            );
        }
        assert_eq!(Head::parse(&bytes[..len]), Ok(head));
    }
});

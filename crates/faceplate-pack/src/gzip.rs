//! Gzip (RFC 1952) with nothing in it that differs between machines.

use std::io::{Read as _, Write as _};

use flate2::{Compression, GzBuilder, read::MultiGzDecoder};

/// "Unknown" in RFC 1952, section 2.3.1: the header must not tell where it was made.
const OS_UNKNOWN: u8 = 255;

/// Compresses as well as gzip can; no name and no time in the header.
pub(crate) fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzBuilder::new()
        .mtime(0)
        .operating_system(OS_UNKNOWN)
        .write(Vec::with_capacity(bytes.len() / 2), Compression::best());
    let written = encoder.write_all(bytes).and_then(|()| encoder.try_finish());
    debug_assert!(written.is_ok(), "writing to memory does not fail");
    encoder.get_ref().clone()
}

/// Whether `compressed` is gzip whose content is exactly `bytes`.
pub(crate) fn is_gzip_of(compressed: &[u8], bytes: &[u8]) -> bool {
    let mut content = Vec::with_capacity(bytes.len() + 1);
    // One byte more than wanted shows that there is more, without unpacking a bomb.
    let limit = bytes.len() as u64 + 1;
    let read = MultiGzDecoder::new(compressed)
        .take(limit)
        .read_to_end(&mut content);
    read.is_ok() && content == bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_names_no_time_no_system_and_no_file() {
        let compressed = compress(b"hello");
        // Magic, deflate, no flags, no time, best compression, unknown system.
        assert_eq!(compressed[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255]);
    }

    #[test]
    fn gzip_is_recognised_by_its_whole_content() {
        let compressed = compress(b"hello");
        assert!(is_gzip_of(&compressed, b"hello"));
        assert!(!is_gzip_of(&compressed, b"hell"));
        assert!(!is_gzip_of(&compressed, b"hello!"));
        assert!(!is_gzip_of(&compressed[..compressed.len() - 1], b"hello"));
        assert!(!is_gzip_of(b"hello", b"hello"));
    }
}

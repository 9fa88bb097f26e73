//! Gzip (RFC 1952) with nothing in it that differs between machines.

mod compress;
mod cuts;

use std::io::{self, Read};

use flate2::bufread::{GzDecoder, MultiGzDecoder};

pub(crate) use compress::compress;

use crate::error::SIZE_MAX;

/// No more of a compressed file is unpacked than this: larger than any slot.
pub(crate) const UNPACKED_MAX: u64 = 64 << 20;

/// The content of a gzip file that is not larger than `limit` bytes.
pub(crate) fn content(compressed: &[u8], limit: u64) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    let mut decoder = MultiGzDecoder::new(compressed).take(limit + 1);
    decoder.read_to_end(&mut content).ok()?;
    (content.len() as u64 <= limit).then_some(content)
}

/// The content of a compressed file, unless it is larger than any slot, or unpacked than what is looked into.
pub(crate) fn unpacked(bytes: &[u8]) -> Option<Vec<u8>> {
    let fits = bytes.len() <= SIZE_MAX as usize;
    fits.then(|| content(bytes, UNPACKED_MAX))?
}

/// Whether something is gzip, whole, of any number of members; one that is larger unpacked than what is looked
/// at, as far as that goes.
pub(crate) fn is_gzip(compressed: &[u8]) -> bool {
    let mut decoder = MultiGzDecoder::new(compressed).take(UNPACKED_MAX);
    !compressed.is_empty() && io::copy(&mut decoder, &mut io::sink()).is_ok()
}

/// Whether `compressed` is gzip, of any number of members, whose content is exactly `bytes`.
pub(crate) fn is_gzip_of(compressed: &[u8], bytes: &[u8]) -> bool {
    gives(&mut MultiGzDecoder::new(compressed), bytes)
}

/// The same of exactly one member, with nothing behind it. Some clients stop after the first.
pub(crate) fn is_one_member_of(compressed: &[u8], bytes: &[u8]) -> bool {
    let mut decoder = GzDecoder::new(compressed);
    gives(&mut decoder, bytes) && decoder.into_inner().is_empty()
}

fn gives(decoder: &mut impl Read, bytes: &[u8]) -> bool {
    let mut content = Vec::with_capacity(bytes.len() + 1);
    // One byte more than wanted shows that there is more, without unpacking a bomb.
    let limit = bytes.len() as u64 + 1;
    let read = decoder.take(limit).read_to_end(&mut content);
    read.is_ok() && content == bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_recognised_by_its_whole_content() {
        let compressed = compress(b"hello");
        assert!(is_gzip_of(&compressed, b"hello"));
        assert!(!is_gzip_of(&compressed, b"hell"));
        assert!(!is_gzip_of(&compressed, b"hello!"));
        assert!(!is_gzip_of(&compressed[..compressed.len() - 1], b"hello"));
        assert!(!is_gzip_of(b"hello", b"hello"));
    }

    #[test]
    fn one_member_is_told_from_several_and_from_one_with_something_behind_it() {
        let one = compress(b"hello");
        assert!(is_one_member_of(&one, b"hello"));
        assert!(!is_one_member_of(&one, b"hell"));
        assert!(!is_one_member_of(&one[..one.len() - 1], b"hello"));
        let two = [compress(b"hel"), compress(b"lo")].concat();
        assert!(is_gzip_of(&two, b"hello") && !is_one_member_of(&two, b"hello"));
        let and_nothing = [one.clone(), compress(b"")].concat();
        assert!(is_gzip_of(&and_nothing, b"hello") && !is_one_member_of(&and_nothing, b"hello"));
        assert!(!is_one_member_of(&[one, vec![0]].concat(), b"hello"));
    }
}

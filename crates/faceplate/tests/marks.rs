//! Marks and the hash over them, byte by byte.

use faceplate::{
    marks::{Marks, MarksHash},
    sha256::{SOFTWARE, Sha256},
};

#[test]
fn a_mark_is_a_byte_whose_lowest_bit_says_immutable() {
    assert_eq!(Marks { immutable: false }.encode(), 0);
    assert_eq!(Marks { immutable: true }.encode(), 1);
    for (byte, immutable) in [(0, false), (1, true), (0xfe, false), (0xff, true)] {
        assert_eq!(Marks::decode(byte), Marks { immutable }, "{byte}");
    }
}

#[test]
fn the_hash_is_over_length_path_and_mark_of_each_file() {
    let mut hash = MarksHash::new();
    hash.add("assets/a.js", 1);
    hash.add("ä", 0);
    let mut want = Sha256::new(SOFTWARE);
    want.update(b"\x0b\x00assets/a.js\x01\x02\x00\xc3\xa4\x00");
    assert_eq!(hash.finish(), want.finish());
}

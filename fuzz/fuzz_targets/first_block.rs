//! What the first block of an upload says is judged without a panic: the superblock, the manifest, the
//! signature, the statement that was signed.
#![no_main]

use std::sync::LazyLock;

use faceplate::{
    PublicKey, SECTOR, Signers,
    manifest::Manifest,
    signature,
    verify::{Requirements, first_sector, first_word},
};
use faceplate_fuzz::sealed;
use libfuzzer_sys::fuzz_target;

/// The key of RFC 8032, 7.1, test 1; in the corpus is an image that it has signed.
static KEYS: [PublicKey; 1] = [PublicKey::from_hex(
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
)];

/// The statements of images in the corpus that it has signed: nobody else makes others.
static SIGNED: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let vector = include_str!("../../crates/faceplate-pack/tests/vectors/signed.txt");
    let line = vector
        .lines()
        .find_map(|line| line.strip_prefix("statement "));
    let digits = line.expect("a statement").as_bytes();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
});

fuzz_target!(|input: &[u8]| {
    let mut image = sealed(input);
    image.resize(SECTOR as usize, 0xff);
    for blocks in [0, 2, 256] {
        _ = first_sector(&image, blocks * SECTOR, 256 * SECTOR);
    }
    let open = Requirements {
        no_step_back: true,
        ..Requirements::any(1)
    };
    _ = first_word(&image, &open, 7);
    let closed = Requirements {
        signers: Signers::only(&KEYS),
        ..Requirements::any(1)
    };
    if first_word(&image, &closed, 0).is_ok() {
        let statement = signature::of_image(&image).expect("what was verified");
        assert!(statement[..] == SIGNED[..], "nobody has signed that");
    }
    if let Ok(manifest) = Manifest::decode(input) {
        let mut stored = [0; Manifest::MAX_LEN];
        let len = manifest.encode(&mut stored);
        assert_eq!(Manifest::decode(&stored[..len]), Ok(manifest));
    }
});

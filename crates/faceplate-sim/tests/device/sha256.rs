//! SHA-256 by the port's own compression function.

use std::cell::Cell;

use faceplate::{
    Confirmer,
    manifest::FileHasher,
    sha256::{SOFTWARE, Sha256},
};
use sha2::Digest;

use crate::board::{self, Board, Frontend, Rng, upload};

thread_local! {
    /// Blocks that [`counting`] has worked in, on this test's thread.
    static BLOCKS: Cell<usize> = const { Cell::new(0) };
}

/// As hardware would: right, and it can be seen that it was used.
fn counting(state: &mut [u32; 8], blocks: &[[u8; 64]]) {
    BLOCKS.set(BLOCKS.get() + blocks.len());
    SOFTWARE(state, blocks);
}

/// Bytes hashed since the last call, rounded up to blocks with the padding.
fn blocks_since() -> usize {
    BLOCKS.replace(0)
}

#[test]
fn every_length_in_any_pieces_hashes_as_the_sha2_crate_does() {
    let bytes = Rng::new(1).bytes(400);
    let mut rng = Rng::new(2);
    for len in 0..=bytes.len() {
        let want: [u8; 32] = sha2::Sha256::digest(&bytes[..len]).into();
        let mut whole = Sha256::new(SOFTWARE);
        whole.update(&bytes[..len]);
        assert_eq!(whole.finish(), want, "{len} bytes at once");
        for most in [1, 2, 63, 64, 65, 130] {
            let mut hasher = Sha256::new(SOFTWARE);
            let mut rest = &bytes[..len];
            while !rest.is_empty() {
                let n = rest.len().min(rng.below(most + 1) as usize);
                let (piece, after) = rest.split_at(n);
                hasher.update(piece);
                rest = after;
            }
            assert_eq!(hasher.finish(), want, "{len} bytes, {most} at a time");
        }
    }
}

#[test]
fn hashes_made_side_by_side_do_not_mix() {
    let (one, two) = (Rng::new(3).bytes(1000), Rng::new(4).bytes(1000));
    let (mut first, mut second) = (Sha256::new(counting), Sha256::new(counting));
    for (a, b) in one.chunks(100).zip(two.chunks(100)) {
        first.update(a);
        second.update(b);
    }
    let want = |bytes: &[u8]| -> [u8; 32] { sha2::Sha256::digest(bytes).into() };
    assert_eq!((first.finish(), second.finish()), (want(&one), want(&two)));
}

#[test]
fn the_boot_and_the_check_of_an_upload_hash_by_the_port() {
    let old = Frontend::new("1.0.0", 100);
    let new = Frontend::new("2.0.0", 60);
    let board = Board {
        compress: counting,
        ..Board::with(&old)
    };
    let device = board.boot();
    // Without a record: each file, and the image.
    let content: usize = old.files.values().map(Vec::len).sum();
    assert!(blocks_since() >= (content + old.image.len()) / 64);

    let done = upload(&device, &new.image, Confirmer::Device).expect("a good image");
    assert_eq!(
        done.sha256,
        <[u8; 32]>::from(sha2::Sha256::digest(&new.image))
    );
    let content: usize = new.files.values().map(Vec::len).sum();
    assert!(blocks_since() >= (content + new.image.len()) / 64);

    board.boot();
    // The one slot has a record now, the other one still has none.
    let content: usize = old.files.values().map(Vec::len).sum();
    let whole = content + old.image.len() + new.image.len();
    assert!(blocks_since() >= whole / 64);
}

#[test]
fn an_image_that_the_ports_hash_does_not_match_is_refused() {
    fn wrong(state: &mut [u32; 8], blocks: &[[u8; 64]]) {
        SOFTWARE(state, blocks);
        state[0] ^= 1;
    }
    let board = Board {
        compress: wrong,
        ..Board::with(&Frontend::new("1.0.0", 30))
    };
    let status = board::status(&board.boot());
    assert!(!status.slots[0].is_valid());
}

#[test]
fn a_file_of_an_image_without_hashes_is_hashed_by_the_port() {
    let plain = Frontend::plain(40);
    let board = Board {
        compress: counting,
        ..Board::with(&plain)
    };
    let device = board.boot();
    blocks_since();
    let mut file = device
        .open("a00.js")
        .expect("flash is readable")
        .expect("is there");
    let hash = littlefs_image::run(file.hash()).expect("flash is readable");
    let mut want = FileHasher::new();
    want.update(&plain.files["a00.js"]);
    assert_eq!(hash, want.finish());
    assert_eq!(
        blocks_since(),
        (plain.files["a00.js"].len() + 9).div_ceil(64)
    );
}

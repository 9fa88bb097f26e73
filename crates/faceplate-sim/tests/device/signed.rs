//! Firmware that names keys: what it takes, what it boots, and that what it refuses by the first block costs
//! no flash operation; and firmware that wants no step back.

use std::collections::BTreeMap;

use crate::board::{
    Board, Device, Frontend, Refused, install, pass, read, serves, settle, status, upload,
};
use ed25519_compact::{KeyPair, Seed};
use faceplate::{
    Confirmer, KeyId, Outcome, PublicKey, RollbackError, Signers, Slot, State,
    update::UploadError,
    verify::{Problem, Requirements},
};
use faceplate_pack::{Gzip, Options, attach, pack, sign, statement};
use faceplate_sim::flash::{Cut, Fault};
use littlefs_image::{
    format::{CRC_SEED, TAG_SEED, Tag, crc32},
    run,
};

const CLIENT: Confirmer = Confirmer::Client { within_s: 60 };

fn pair(seed: u8) -> KeyPair {
    KeyPair::from_seed(Seed::new([seed; 32]))
}

fn public(seed: u8) -> PublicKey {
    PublicKey(*pair(seed).pk)
}

/// A firmware that takes what these keys have signed.
fn only(seeds: &[u8]) -> Requirements {
    let keys: Vec<_> = seeds.iter().map(|&seed| public(seed)).collect();
    Requirements {
        signers: Signers::only(keys.leak()),
        ..Requirements::any(faceplate::API)
    }
}

fn packed(version: &'static str, options: Options) -> Frontend {
    let mut files = BTreeMap::new();
    let index = format!("<!doctype html><title>{version}</title>");
    files.insert("index.html".to_owned(), index.into_bytes());
    files.insert(
        "assets/app.js".to_owned(),
        vec![version.len() as u8; 30_000],
    );
    let options = Options {
        version: Some(version.to_owned()),
        gzip: Gzip::Never,
        ..options
    };
    let image = pack(files.clone(), &options).expect("packs").image;
    Frontend {
        version,
        files,
        image,
    }
}

fn signed(seed: u8, frontend: Frontend) -> Frontend {
    let key = pair(seed);
    let signs = |what: &[u8]| *key.sk.sign(what, None);
    let image = sign(&frontend.image, &public(seed), signs).expect("signs");
    Frontend { image, ..frontend }
}

/// A signed frontend with a sequence.
fn numbered(version: &'static str, sequence: u32) -> Frontend {
    let options = Options {
        sequence,
        ..Options::default()
    };
    signed(1, packed(version, options))
}

fn why(refused: Result<impl Sized, Refused>) -> Problem {
    match refused.err().expect("refused") {
        Refused::Upload(UploadError::Rejected(problem)) => problem,
        other => panic!("{other:?}"),
    }
}

/// All images that a device of key 1 refuses, which runs `new`'s firmware API, each with why.
fn refused() -> Vec<(&'static str, Vec<u8>, Problem)> {
    let new = || packed("2", Options::default());
    let id = public(1).id();
    let key = pair(1);
    let good = statement(&new().image).expect("a statement");
    let of_other = statement(&packed("3", Options::default()).image).expect("a statement");
    let with = |what: &[u8]| {
        let bytes = *key.sk.sign(what, None);
        attach(&new().image, &public(1), bytes).expect("attaches")
    };
    let mut turned = *key.sk.sign(&good, None);
    turned[10] ^= 1;
    let api = Options {
        api: (7, 8),
        ..Options::default()
    };
    // Signed by a key that says it was another.
    let disguised = *pair(2).sk.sign(&good, None);
    vec![
        ("unsigned", new().image, Problem::NotSigned),
        (
            "by another tool",
            Frontend::plain(8).image,
            Problem::NotSigned,
        ),
        (
            "by another key",
            signed(2, new()).image,
            Problem::OtherKey(public(2).id()),
        ),
        ("of another image", with(&of_other), Problem::Signature(id)),
        (
            "by a key that says it is ours",
            attach(&new().image, &public(1), disguised).expect("attaches"),
            Problem::Signature(id),
        ),
        (
            "a bit of the signature turned",
            attach(&new().image, &public(1), turned).expect("attaches"),
            Problem::Signature(id),
        ),
        (
            "for another firmware",
            signed(1, packed("2", api)).image,
            Problem::Api {
                min: 7,
                max: 8,
                ours: faceplate::API,
            },
        ),
    ]
}

#[test]
fn whatever_is_not_for_it_is_refused_by_its_first_block_without_a_flash_operation() {
    let old = signed(1, packed("1", Options::default()));
    let mut board = Board::with(&old);
    board.requirements = only(&[1]);
    let before_that = board.flash.peek(0, 16 << 20).expect("in bounds");
    for (name, image, problem) in refused() {
        let device = board.boot();
        let before = board.flash.counters();
        let mut first = device.begin(image.len() as u32, CLIENT).expect("begins");
        let refused = run(first.write(&image[..4096]));
        assert_eq!(refused, Err(UploadError::Rejected(problem)), "{name}");
        drop(first);
        let done = board.flash.counters().since(&before);
        assert_eq!(
            (done.operations, done.bytes_read),
            (0, 0),
            "{name}: {done:?}"
        );
        assert!(status(&device).slots[1].problem().is_some());
        assert!(serves(&device, &old), "{name}");
    }
    let after = board.flash.peek(0, 16 << 20).expect("in bounds");
    assert!(after == before_that, "the flash is as it was");
}

#[test]
fn what_one_of_its_keys_has_signed_is_taken_and_its_key_is_told() {
    let board = || {
        let mut board = Board::with(&signed(1, packed("1", Options::default())));
        board.requirements = only(&[1, 2]);
        board
    };
    for seed in [1, 2] {
        let board = board();
        let new = signed(seed, packed("2", Options::default()));
        install(&board, &new, CLIENT).expect("installs");
        let device = board.boot();
        assert!(serves(&device, &new));
        let told = status(&device);
        assert_eq!(told.signer(Slot::Www1), Some(public(seed).id()));
        assert_eq!(told.keys, [public(1), public(2)]);
    }
}

#[test]
fn a_firmware_without_keys_takes_a_signed_image_as_any_other() {
    let board = Board::with(&packed("1", Options::default()));
    for frontend in [
        signed(1, packed("2", Options::default())),
        packed("3", Options::default()),
    ] {
        install(&board, &frontend, CLIENT).expect("installs");
        let device = board.boot();
        assert!(serves(&device, &frontend));
        settle(&device);
        assert_eq!(status(&device).signer(Slot::Www1), None);
    }
}

/// Content, and what names it, that was changed behind the signature; the first block stays.
#[test]
fn what_is_behind_the_first_block_is_bound_by_the_signature_too() {
    let old = signed(1, packed("1", Options::default()));
    let new = signed(1, packed("2", Options::default()));
    for place in (4096..new.image.len()).step_by(517) {
        let mut board = Board::with(&old);
        board.requirements = only(&[1]);
        let mut image = new.image.clone();
        image[place] ^= 0x10;
        let device = board.boot();
        // Bytes that no file and no directory has are nobody's.
        if upload(&device, &image, CLIENT).is_ok() {
            let device = board.boot();
            assert!(serves(&device, &new), "{place}");
            continue;
        }
        assert!(serves(&board.boot(), &old), "{place}");
    }
}

/// The first block of a signed image, with other files behind it.
#[test]
fn another_image_behind_a_signed_first_block_is_refused_at_the_end() {
    let old = signed(1, packed("1", Options::default()));
    let good = signed(1, packed("2", Options::default()));
    let evil = packed("evil", Options::default());
    let mut image = good.image[..4096].to_vec();
    image.extend_from_slice(&evil.image[4096..]);
    let mut board = Board::with(&old);
    board.requirements = only(&[1]);
    let device = board.boot();
    assert!(upload(&device, &image, CLIENT).is_err());
    let device = board.boot();
    assert!(serves(&device, &old));
    assert!(!status(&device).slots[1].is_valid());
    assert!(run(device.rollback()).is_err());
}

/// The second copy of the superblock says another thing, and is newer: what LittleFS would mount.
#[test]
fn a_newer_superblock_behind_a_signed_first_block_does_not_hide_an_unsigned_frontend() {
    let old = signed(1, packed("1", Options::default()));
    let good = signed(1, packed("2", Options::default()));
    let mut evil = packed("evil", Options::default()).image;
    let newer = with_revision(&evil[..4096], 1000);
    evil[..4096].copy_from_slice(&good.image[..4096]);
    evil[4096..8192].copy_from_slice(&newer);
    let open = Board::with(&old);
    // Without keys it is a frontend like any other, so it is one indeed.
    upload(&open.boot(), &evil, CLIENT).expect("a sound image");
    assert_eq!(
        read(&open.boot(), "index.html").unwrap(),
        b"<!doctype html><title>evil</title>"
    );
    let mut board = Board::with(&old);
    board.requirements = only(&[1]);
    let problem = why(upload(&board.boot(), &evil, CLIENT));
    assert_eq!(problem, Problem::NotSigned);
    assert!(serves(&board.boot(), &old));
}

/// A metadata block with another revision: that and the checksum of its first commit are changed.
fn with_revision(block: &[u8], revision: u32) -> Vec<u8> {
    let mut block = block.to_vec();
    block[..4].copy_from_slice(&revision.to_le_bytes());
    // Tags from the front, each over the one before, to the one that says it is a checksum.
    let (mut at, mut tag) = (4, Tag(TAG_SEED));
    loop {
        let stored = block[at..at + 4].try_into().expect("four bytes");
        tag = Tag::decode(stored, tag.0);
        if tag.is_commit_end() {
            break;
        }
        at += usize::from(tag.size());
    }
    let crc = crc32(CRC_SEED, &block[..at + 4]);
    block[at + 4..at + 8].copy_from_slice(&crc.to_le_bytes());
    block
}

#[test]
fn it_boots_nothing_that_its_keys_have_not_signed() {
    let good = signed(1, packed("1", Options::default()));
    for (name, image, problem) in refused() {
        if matches!(problem, Problem::Api { .. }) {
            // What was taken once is not taken away by a new firmware for that.
            continue;
        }
        // By a cable, with and without a record of what was verified; alone, and with a way back.
        for (way_back, recorded) in [(false, false), (false, true), (true, false), (true, true)] {
            let mut board = Board::new();
            board
                .flash
                .poke(board.slot(0).offset, &image)
                .expect("in bounds");
            if way_back {
                board
                    .flash
                    .poke(board.slot(1).offset, &good.image)
                    .expect("in bounds");
            }
            if recorded {
                // A firmware from before the keys has had it.
                drop(board.boot());
            }
            board.requirements = only(&[1]);
            let device = board.boot();
            let told = status(&device);
            assert_eq!(told.slots[0].problem(), Some(&problem), "{name}");
            match way_back {
                true => {
                    assert!(serves(&device, &good), "{name}");
                    assert_eq!(told.active, Slot::Www1);
                    assert_eq!(
                        told.last.map(|last| last.outcome),
                        Some(Outcome::DidNotMount)
                    );
                }
                false => assert_eq!(told.state, State::Recovery, "{name}"),
            }
        }
    }
}

/// As where there is no memory for it: nothing is known against the image.
#[test]
fn what_cannot_be_verified_now_is_not_taken_and_loses_nothing() {
    let [old, new] = ["1", "2"].map(|version| signed(1, packed(version, Options::default())));
    let mut board = Board::with(&old);
    board.requirements = only(&[1]);
    install(&board, &new, CLIENT).expect("installs");
    settle(&board.boot());
    let keys = board.requirements.signers.keys();
    board.requirements.signers = Signers::verified_by(keys, |_, _, _| None);
    let before = board.flash.counters().operations;
    let device = board.boot();
    assert_eq!(status(&device).state, State::Recovery);
    let problem = why(upload(&device, &new.image, CLIENT));
    assert!(matches!(problem, Problem::NoMemory), "{problem:?}");
    assert_eq!(board.flash.counters().operations, before);
    board.requirements = only(&[1]);
    assert!(serves(&board.boot(), &new));
}

#[test]
fn a_firmware_that_no_longer_knows_a_key_takes_the_way_back_and_a_new_upload() {
    let by_old_key = signed(1, packed("1", Options::default()));
    let by_new_key = signed(2, packed("2", Options::default()));
    let mut board = Board::with(&by_old_key);
    board.requirements = only(&[1, 2]);
    install(&board, &by_new_key, CLIENT).expect("both keys are known");
    settle(&board.boot());
    board.requirements = only(&[2]);
    let device = board.boot();
    assert!(serves(&device, &by_new_key));
    let refused = run(device.rollback());
    let problem = Problem::OtherKey(public(1).id());
    assert_eq!(refused, Err(RollbackError::NotValid(problem)));
    // And the other way round: the running one's key is gone, and nothing is left but the recovery page.
    board.requirements = only(&[3]);
    let device = board.boot();
    assert_eq!(status(&device).state, State::Recovery);
    let next = signed(3, packed("3", Options::default()));
    upload(&device, &next.image, CLIENT).expect("uploads");
    assert!(serves(&board.boot(), &next));
}

fn sequence(device: &Device) -> u32 {
    status(device)
        .lowest_sequence
        .expect("it wants no step back")
}

fn guarded() -> Requirements {
    Requirements {
        no_step_back: true,
        ..only(&[1])
    }
}

#[test]
fn a_lower_sequence_than_the_highest_confirmed_is_refused_without_a_flash_operation() {
    let mut board = Board::with(&numbered("1", 5));
    board.requirements = guarded();
    // What the cable brought counts.
    assert_eq!(sequence(&board.boot()), 5);
    for lower in [0, 1, 4] {
        let image = numbered("old", lower).image;
        let device = board.boot();
        let before = board.flash.counters().operations;
        let problem = why(upload(&device, &image, CLIENT));
        let confirmed = 5;
        assert_eq!(
            problem,
            Problem::StepBack {
                sequence: lower,
                confirmed
            }
        );
        assert_eq!(board.flash.counters().operations, before);
    }
    // The same number again is no step back, and neither is a higher one, which counts when it is confirmed.
    for (version, next) in [("1.1", 5), ("2", 9)] {
        install(&board, &numbered(version, next), CLIENT).expect("installs");
        let device = board.boot();
        assert_eq!(sequence(&device), 5, "on trial");
        settle(&device);
        assert_eq!(sequence(&device), next);
        assert_eq!(sequence(&board.boot()), next);
    }
}

#[test]
fn a_frontend_that_was_never_confirmed_raises_nothing() {
    let old = numbered("1", 5);
    let mut board = Board::with(&old);
    board.requirements = guarded();
    drop(board.boot());
    install(&board, &numbered("2", 9), CLIENT).expect("installs");
    pass(&board.boot(), 61);
    let device = board.boot();
    assert!(serves(&device, &old));
    assert_eq!(sequence(&device), 5);
    install(&board, &numbered("1.1", 6), CLIENT).expect("what did not work is no step ahead");
}

/// Nobody confirmed it, and there is nothing to go back to: it stays, and counts for nothing, at the next starts too.
#[test]
fn what_was_merely_kept_raises_nothing() {
    let mut board = Board::new();
    board.requirements = guarded();
    install(&board, &numbered("9", 9), CLIENT).expect("installs");
    let device = board.boot();
    pass(&device, 61);
    assert_eq!(
        status(&device).last.map(|last| last.outcome),
        Some(Outcome::Kept)
    );
    assert_eq!(sequence(&device), 0);
    for _ in 0..2 {
        assert_eq!(sequence(&board.boot()), 0);
    }
    install(&board, &numbered("7", 7), CLIENT).expect("what did not work is no step ahead");
    settle(&board.boot());
    assert_eq!(sequence(&board.boot()), 7);
}

/// Nothing can be written to NVS any more.
fn takes_no_settings(board: &Board) {
    let nvs = board.nvs();
    for sector in nvs.offset / 4096..(nvs.offset + nvs.len) / 4096 {
        let fault = Fault::Program { sector };
        board.flash.inject(fault).expect("in bounds");
    }
}

/// The highest confirmed number is stored before a trial ends; where that fails the trial goes on.
#[test]
fn a_confirmation_that_cannot_be_remembered_is_none() {
    let mut board = Board::with(&numbered("1", 5));
    board.requirements = guarded();
    drop(board.boot());
    install(&board, &numbered("2", 9), CLIENT).expect("installs");
    let device = board.boot();
    takes_no_settings(&board);
    assert!(device.confirm(None).is_err());
    assert_eq!(status(&device).state, State::Trial);
    board.flash.repair();
    assert_eq!(device.confirm(None), Ok(()));
    assert_eq!(sequence(&device), 9);
    assert_eq!(sequence(&board.boot()), 9);
}

/// What a cable brought counts though it cannot be stored yet.
#[test]
fn a_sequence_that_cannot_be_stored_counts_all_the_same() {
    let mut board = Board::with(&numbered("1", 5));
    board.requirements = guarded();
    takes_no_settings(&board);
    let device = board.boot();
    assert_eq!(sequence(&device), 5);
    assert!(upload(&device, &numbered("0", 4).image, CLIENT).is_err());
}

#[test]
fn whoever_goes_on_after_a_refusal_writes_nothing() {
    let mut board = Board::with(&signed(1, packed("1", Options::default())));
    board.requirements = only(&[1]);
    let image = packed("2", Options::default()).image;
    let device = board.boot();
    let before = board.flash.counters().operations;
    let mut going = device.begin(image.len() as u32, CLIENT).expect("begins");
    assert!(run(going.write(&image[..4096])).is_err());
    for piece in image[4096..].chunks(4096) {
        assert!(run(going.write(piece)).is_err());
    }
    assert!(run(going.finish(None)).is_err());
    assert_eq!(board.flash.counters().operations, before);
}

#[test]
fn the_way_back_stays_though_it_is_older_and_lowers_nothing() {
    let old = numbered("1", 5);
    let mut board = Board::with(&old);
    board.requirements = guarded();
    drop(board.boot());
    install(&board, &numbered("2", 9), CLIENT).expect("installs");
    settle(&board.boot());
    run(board.boot().rollback()).expect("the way back is whole");
    let device = board.boot();
    assert!(serves(&device, &old));
    settle(&device);
    assert_eq!(sequence(&device), 9);
    assert_eq!(sequence(&board.boot()), 9);
    let problem = why(upload(&board.boot(), &numbered("1.5", 8).image, CLIENT));
    let (sequence, confirmed) = (8, 9);
    assert_eq!(
        problem,
        Problem::StepBack {
            sequence,
            confirmed
        }
    );
}

#[test]
fn without_the_guard_a_sequence_means_nothing_and_is_not_stored() {
    let board = Board::with(&numbered("1", 5));
    drop(board.boot());
    for next in [9, 3, 0] {
        install(&board, &numbered("next", next), CLIENT).expect("installs");
        let device = board.boot();
        settle(&device);
        let told = status(&device);
        assert_eq!(told.lowest_sequence, None);
        let about = told.slots[told.active.index()].about();
        assert_eq!(about.map(|about| about.sequence), Some(next));
    }
    // A guard that comes with the next firmware begins with what runs.
    let mut board = board;
    board.requirements = guarded();
    assert_eq!(sequence(&board.boot()), 0);
}

#[test]
fn a_power_cut_at_any_operation_of_confirming_never_lowers_it() {
    let mut board = Board::with(&numbered("1", 5));
    board.requirements = guarded();
    drop(board.boot());
    install(&board, &numbered("2", 9), CLIENT).expect("installs");
    drop(board.boot());
    let cuts = {
        let board = board.fork();
        let device = board.boot();
        let before = board.flash.counters().operations;
        settle(&device);
        board.flash.counters().operations - before
    };
    assert!(cuts >= 2, "the trial and the sequence: {cuts}");
    for at in 0..cuts {
        for seed in 0..8 {
            let board = board.fork();
            let device = board.boot();
            board.flash.cut_after(at, Cut::Torn { seed });
            let confirmed = device.confirm(None);
            drop(device);
            board.flash.power_on();
            let device = board.boot();
            let told = status(&device);
            match told.state {
                State::Settled => assert_eq!(sequence(&device), 9, "cut {at}"),
                // It comes first, and never falls again.
                State::Trial => {
                    assert!(confirmed.is_err(), "cut {at}");
                    assert!([5, 9].contains(&sequence(&device)), "cut {at}");
                    settle(&device);
                    assert_eq!(sequence(&device), 9, "cut {at}");
                }
                State::Recovery => panic!("cut {at}: nothing to serve"),
            }
        }
    }
    println!("{cuts} operations, each cut in 8 ways");
}

/// `docs/signing.md` shows it.
static KEYS: [PublicKey; 1] = [PublicKey::from_hex(
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
)];

#[test]
fn a_key_in_a_source_is_that_of_its_digits() {
    // RFC 8032, 7.1, test 1.
    let seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    let seed = PublicKey::from_hex(seed).0;
    let pair = KeyPair::from_seed(Seed::new(seed));
    assert_eq!(KEYS, [PublicKey(*pair.pk)]);
}

#[test]
fn a_key_is_called_by_its_beginning() {
    assert_eq!(public(1).id(), KeyId(public(1).0[..8].try_into().unwrap()));
}

//! Uploads by a patch: what they make, what they cost, and what is refused.

use std::collections::BTreeMap;

use crate::board::{
    self, Board, Device, Frontend, Refused, Rng, install,
    patches::{self, Patch, between, upload_in},
    read, serves, status,
};
use faceplate::{
    BeginError, Confirmer, PublicKey, Signers, Slot, State,
    patch::{Header, LONGER_MAX, PatchError},
    update::{Phase, UploadError},
    verify::{Problem, Requirements},
};
use faceplate_sim::flash::Fault;
use littlefs_image::run;

const CLIENT: Confirmer = Confirmer::Client { within_s: 60 };

/// A frontend of some 300 KiB, and the same with a statement more in the middle of its largest script.
fn edited() -> (Frontend, Frontend) {
    let old = Frontend::new("1.0.0", 300);
    let mut files = old.files.clone();
    let script = files.get_mut("assets/app.js").expect("a script");
    let middle = script.len() / 2;
    script.splice(middle..middle, *b";console.log('one statement more');");
    (old, Frontend::of("2.0.0", files))
}

/// A device that runs `old`.
fn running(old: &Frontend) -> (Board, Device) {
    let board = Board::with(old);
    let device = board.boot();
    (board, device)
}

fn patch_refused(refused: Result<impl Sized, Refused>) -> PatchError {
    match refused.err().expect("refused") {
        Refused::Begin(BeginError::Patch(error)) | Refused::Upload(UploadError::Patch(error)) => {
            error
        }
        other => panic!("{other:?}"),
    }
}

/// What runs is untouched, and the next upload is taken.
fn assert_unharmed(board: &Board, old: &Frontend) {
    for device in [board.boot(), board.boot()] {
        assert_eq!(
            (status(&device).active, status(&device).state),
            (Slot::Www0, State::Settled)
        );
        assert!(serves(&device, old));
    }
    let next = Frontend::new("9.0.0", 20);
    install(board, &next, CLIENT).expect("installs");
    assert!(serves(&board.boot(), &next));
}

#[test]
fn an_edited_frontend_is_made_of_the_one_that_runs_and_a_few_bytes() {
    let (old, new) = edited();
    let patch = between(&old.image, &[], &new.image).bytes();
    // Manifest, hashes, the statement, and a few links in each block behind it.
    assert!(patch.len() < new.image.len() / 20, "{}", patch.len());
    let (board, device) = running(&old);
    let done = patches::upload(&device, &patch, CLIENT).expect("uploads");
    assert_eq!(
        (done.slot, done.bytes as usize),
        (Slot::Www1, new.image.len())
    );
    let www_1 = board.slot(1).offset;
    let flash = board.flash.peek(www_1, new.image.len());
    assert_eq!(flash, Ok(new.image.clone()));
    let device = board.boot();
    assert_eq!(status(&device).state, State::Trial);
    assert!(serves(&device, &new));
}

#[test]
fn how_a_patch_is_cut_into_pieces_does_not_matter() {
    let (old, new) = edited();
    let patch = between(&old.image, &[], &new.image).bytes();
    for piece in [1, 7, 1460, patch.len()] {
        let (board, device) = running(&old);
        upload_in(&device, &patch, piece, CLIENT).expect("uploads");
        assert!(serves(&board.boot(), &new), "{piece}");
    }
}

#[test]
fn operations_of_one_byte_make_the_same() {
    let (old, new) = (Frontend::new("1.0.0", 8), Frontend::new("2.0.0", 12));
    let mut patch = Patch::new(&old.image, &new.image);
    let mut rng = Rng::new(1);
    for &byte in &new.image {
        let at = old.image.iter().position(|&there| there == byte);
        match (rng.below(2), at) {
            (0, Some(at)) => patch.copy(at, 1),
            _ => patch.data(&[byte]),
        };
    }
    // Such a patch is longer than its image, and so it is refused: it bounds what one costs.
    let (board, device) = running(&old);
    let bytes = patch.bytes();
    assert!(bytes.len() > new.image.len() + LONGER_MAX as usize);
    let refused = patches::upload(&device, &bytes, CLIENT);
    assert_eq!(patch_refused(refused), PatchError::Long);
    // Told shorter than it is, it is followed: the network says how long it is.
    let mut upload = device.begin_patch(0, CLIENT).expect("begins");
    let done = run(async {
        for piece in bytes.chunks(1460) {
            upload.write(piece).await?;
        }
        upload.finish(None).await?.activate()
    });
    assert!(done.is_ok(), "{done:?}");
    assert!(serves(&board.boot(), &new));
}

#[test]
fn a_copy_of_all_that_is_in_both_slots_erases_and_programs_nothing() {
    let (old, _) = edited();
    let board = Board::with(&old);
    board
        .flash
        .poke(board.slot(1).offset, &old.image)
        .expect("in bounds");
    for keep in [false, true] {
        let board = board.fork();
        let device = board.boot();
        let before = board.flash.counters();
        let mut patch = Patch::new(&old.image, &old.image);
        if keep {
            patch.header.keep_end = old.image.len() as u32;
            patch.keep(old.image.len());
        } else {
            patch.copy(0, old.image.len());
        }
        let bytes = patch.bytes();
        assert!(bytes.len() < Header::LEN + 8);
        patches::upload(&device, &bytes, CLIENT).expect("uploads");
        let cost = board.flash.counters().since(&before);
        let first = board.slot(1).offset as usize / 4096;
        let erased: u32 = board.flash.wear()[first..first + 256].iter().sum();
        assert_eq!(erased, 0);
        // What is left are the few small writes of NVS.
        assert!(cost.bytes_programmed < 1024, "{cost:?}");
    }
}

#[test]
fn what_is_told_of_an_upload_is_the_image() {
    let (old, new) = edited();
    let (_, device) = running(&old);
    let patch = between(&old.image, &[], &new.image).bytes();
    let len = patch.len() as u64;
    let mut upload = device.begin_patch(len, CLIENT).expect("begins");
    // Its first bytes say how long the image is.
    let total = new.image.len() as u32;
    assert_eq!(status(&device).upload.map(|upload| upload.total), Some(0));
    let mut told = vec![];
    for piece in patch.chunks(100) {
        run(upload.write(piece)).expect("writes");
        let progress = status(&device).upload.expect("it runs");
        assert_eq!(
            (progress.phase, progress.total, progress.received),
            (Phase::Writing, total, upload.received())
        );
        told.push(progress.written);
    }
    assert!(told.is_sorted() && told.last() == Some(&total), "{told:?}");
    assert_eq!(upload.remaining(), 0);
}

#[test]
fn a_patch_for_another_frontend_is_refused_before_anything_is_touched() {
    let (old, new) = edited();
    let (board, device) = running(&old);
    let before = board.flash.counters().operations;
    let good = between(&old.image, &[], &new.image);
    let mut other_hash = good.clone();
    other_hash.header.base_sha256[31] ^= 1;
    let mut other_len = good.clone();
    other_len.header.base_len += 4096;
    for patch in [other_hash, other_len, between(&new.image, &[], &new.image)] {
        let refused = patches::upload(&device, &patch.bytes(), CLIENT);
        assert_eq!(refused.err(), Some(Refused::Begin(BeginError::OtherBase)));
    }
    assert_eq!(board.flash.counters().operations, before);
    assert_unharmed(&board, &old);
}

#[test]
fn a_device_without_a_frontend_takes_a_patch_that_copies_nothing() {
    let (_, new) = edited();
    let board = Board::new();
    let device = board.boot();
    assert_eq!(status(&device).state, State::Recovery);
    let copies = between(&new.image, &[], &new.image).bytes();
    let refused = patches::upload(&device, &copies, CLIENT);
    assert_eq!(refused.err(), Some(Refused::Begin(BeginError::OtherBase)));
    let data = between(&[], &[], &new.image).bytes();
    patches::upload(&device, &data, CLIENT).expect("uploads");
    assert!(serves(&board.boot(), &new));
}

#[test]
fn an_image_is_refused_by_its_first_block_however_it_comes() {
    let (old, new) = edited();
    let (board, device) = running(&old);
    let before = board.flash.counters().operations;
    // No image at all, copied from the middle of the one that runs.
    let mut image = new.image.clone();
    image[..8192].copy_from_slice(&old.image[40_960..49_152]);
    let refused = patches::upload(&device, &between(&old.image, &[], &image).bytes(), CLIENT);
    let refused = refused.expect_err("refused");
    assert!(
        matches!(refused, Refused::Upload(UploadError::NotAnImage(_))),
        "{refused:?}"
    );
    // Only the beginning of one.
    let cut = &new.image[..new.image.len() - 4096];
    let refused = patches::upload(&device, &between(&old.image, &[], cut).bytes(), CLIENT);
    assert!(matches!(
        refused,
        Err(Refused::Upload(UploadError::Truncated(_)))
    ));
    // Too long for the slot, and shorter than a block.
    let mut large = Patch::new(&old.image, &[]);
    large.header.image_len = (1 << 20) + 4096;
    let refused = patches::upload(&device, &large.bytes(), CLIENT);
    assert!(matches!(
        refused,
        Err(Refused::Begin(BeginError::TooLarge { .. }))
    ));
    let none = Patch::new(&old.image, &[]).bytes();
    let refused = patches::upload(&device, &none, CLIENT);
    assert_eq!(refused.err(), Some(Refused::Begin(BeginError::BadLength)));
    assert_eq!(board.flash.counters().operations, before);
    assert_unharmed(&board, &old);
}

#[test]
fn a_firmware_that_names_keys_refuses_an_unsigned_image_by_its_first_block() {
    let (old, new) = edited();
    let keys: &'static [PublicKey] = &[PublicKey([7; 32])];
    let mut board = Board::with(&old);
    let device = board.boot();
    patches::upload(
        &device,
        &between(&old.image, &[], &new.image).bytes(),
        CLIENT,
    )
    .expect("anyone's");
    board.requirements = Requirements {
        signers: Signers::only(keys),
        ..Requirements::any(faceplate::API)
    };
    // Nothing that is there is signed, so nothing can be copied either.
    let device = board.boot();
    assert_eq!(status(&device).state, State::Recovery);
    let before = board.flash.counters().operations;
    let refused = patches::upload(&device, &between(&[], &[], &new.image).bytes(), CLIENT);
    assert_eq!(
        refused.err(),
        Some(Refused::Upload(UploadError::Rejected(Problem::NotSigned)))
    );
    assert_eq!(board.flash.counters().operations, before);
}

#[test]
fn while_the_running_frontend_is_on_trial_no_patch_is_taken() {
    let (old, new) = edited();
    let board = Board::with(&old);
    install(&board, &new, CLIENT).expect("installs");
    let device = board.boot();
    let patch = between(&new.image, &[], &old.image).bytes();
    let refused = patches::upload(&device, &patch, CLIENT);
    assert_eq!(refused.err(), Some(Refused::Begin(BeginError::OnTrial)));
}

#[test]
fn a_patch_that_cannot_be_followed_leaves_what_runs() {
    let (old, new) = edited();
    let len = new.image.len();
    // All of them begin well, so that something is written before they go wrong.
    let begun = || {
        let mut patch = Patch::new(&old.image, &new.image);
        patch.data(&new.image[..100_000]);
        patch
    };
    type Wrong = fn(&mut Patch, usize);
    let wrongs: [(PatchError, Wrong); 9] = [
        (PatchError::Kind, |patch, _| patch.operations.push(7)),
        (PatchError::Empty, |patch, _| patch.operations.push(0)),
        (PatchError::Number, |patch, _| {
            patch.operations.extend([0xff; 5]);
        }),
        (PatchError::Beyond, |patch, len| {
            patch.copy(0, len - 100_000 + 1);
        }),
        (PatchError::Base, |patch, _| {
            let end = patch.header.base_len as usize;
            patch.copy(end - 10, 11);
        }),
        (PatchError::Keep, |patch, _| {
            patch.keep(1);
        }),
        (PatchError::Trailing, |patch, len| {
            patch.copy(0, len - 100_000).operations.push(0);
        }),
        (PatchError::Short, |patch, len| {
            patch.copy(0, len - 100_000 - 1);
        }),
        (PatchError::Image, |patch, len| {
            patch.copy(0, len - 100_000);
        }),
    ];
    for (error, wrong) in wrongs {
        let (board, device) = running(&old);
        let mut patch = begun();
        wrong(&mut patch, len);
        let refused = patches::upload(&device, &patch.bytes(), CLIENT);
        assert_eq!(patch_refused(refused), error);
        let slot = &status(&device).slots[1];
        assert_eq!(slot.problem(), Some(&Problem::Incomplete), "{error:?}");
        assert_eq!(status(&device).upload, None);
        assert_unharmed(&board, &old);
    }
    let (board, device) = running(&old);
    let mut bytes = begun().bytes();
    bytes[7] = b'2';
    for bytes in [&bytes, &bytes[..Header::LEN - 1], &[]] {
        let refused = patches::upload(&device, bytes, CLIENT);
        assert_eq!(patch_refused(refused), PatchError::NotAPatch);
    }
    assert_unharmed(&board, &old);
}

#[test]
fn of_a_patch_that_was_refused_nothing_more_is_written() {
    let (old, new) = edited();
    let (board, device) = running(&old);
    let mut patch = Patch::new(&old.image, &new.image);
    patch.data(&new.image[..8192]).operations.push(7);
    let bytes = patch.bytes();
    let mut upload = device
        .begin_patch(bytes.len() as u64, CLIENT)
        .expect("begins");
    run(upload.write(&bytes)).expect_err("refused");
    let before = board.flash.counters().operations;
    for _ in 0..10 {
        let again = run(upload.write(&new.image[8192..40_000]));
        assert_eq!(again, Err(UploadError::TooLong));
    }
    assert_eq!(board.flash.counters().operations, before);
}

#[test]
fn any_bytes_behind_a_header_leave_what_runs() {
    let (old, new) = edited();
    let board = Board::with(&old);
    let mut rng = Rng::new(5);
    for _ in 0..60 {
        let board = board.fork();
        let device = board.boot();
        let mut patch = between(&old.image, &[], &new.image);
        patch.header.keep_end = rng.below(400_000) as u32;
        let operations = &mut patch.operations;
        for _ in 0..=rng.below(4) {
            let at = rng.below(operations.len() as u64) as usize;
            match rng.below(3) {
                0 => operations[at] ^= 1 << rng.below(8),
                1 => operations.truncate(at.max(1)),
                _ => {
                    let piece = rng.bytes(7);
                    operations.splice(at..at, piece);
                }
            }
        }
        let taken = patches::upload(&device, &patch.bytes(), CLIENT);
        let device = board.boot();
        match taken {
            // A bit of a length that is made up for by another: very rare, and the right image then.
            Ok(_) => assert!(serves(&device, &new)),
            Err(_) => assert!(serves(&device, &old) && status(&device).state == State::Settled),
        }
    }
}

#[test]
fn an_upload_that_broke_off_goes_on_with_what_is_there() {
    let (old, new) = edited();
    for (cut, power) in [(40_960, false), (200_000, false), (200_000, true)] {
        let board = Board::with(&old);
        let other = Frontend::new("0.9.0", 500);
        board
            .flash
            .poke(board.slot(1).offset, &other.image)
            .expect("in bounds");
        let device = board.boot();
        let len = new.image.len() as u32;
        let mut upload = device.begin(len, CLIENT).expect("begins");
        run(upload.write(&new.image[..cut])).expect("writes");
        drop(upload);
        let device = if power { board.boot() } else { device };
        let kept = board.flash.peek(board.slot(1).offset, new.image.len());
        let patch = between(&[], &kept.expect("in bounds"), &new.image);
        // And what happens to be the same behind that.
        let (keeps, written) = (patch.header.keep_end as usize, cut / 4096 * 4096);
        assert!((written..written + 4096).contains(&keeps), "{keeps}");
        let bytes = patch.bytes();
        assert!(bytes.len() < new.image.len() - cut + 4096 + 200);
        let before = board.flash.counters();
        let done = patches::upload(&device, &bytes, CLIENT).expect("uploads");
        let whole = cut as u32 / 4096;
        assert!(done.sectors.same >= whole, "{:?}", done.sectors);
        // Behind what is kept, the large erases are still made.
        let cost = board.flash.counters().since(&before);
        assert!(cost.block_erases >= 1, "{cost:?}");
        assert!(serves(&board.boot(), &new), "{cut}");
    }
}

#[test]
fn what_is_kept_later_in_a_large_block_is_not_erased_with_it() {
    let (_, new) = edited();
    let old = Frontend::new("1.0.0", 30);
    let board = Board::with(&old);
    // All of the image but its first two sectors, where something else is.
    let mut there = new.image.clone();
    there[..8192].fill(0x55);
    board
        .flash
        .poke(board.slot(1).offset, &there)
        .expect("in bounds");
    let device = board.boot();
    let mut patch = Patch::new(&[], &new.image);
    patch.data(&new.image[..8000]);
    // The rest of the second sector is other bytes.
    patch.data(&new.image[8000..8192]);
    patch.keep(new.image.len() - 8192);
    patch.header.keep_end = new.image.len() as u32;
    let before = board.flash.counters();
    patches::upload(&device, &patch.bytes(), CLIENT).expect("uploads");
    let cost = board.flash.counters().since(&before);
    assert_eq!(cost.block_erases, 0);
    assert!(serves(&board.boot(), &new));
}

#[test]
fn a_sector_may_be_kept_in_part() {
    let (old, new) = edited();
    let board = Board::with(&old);
    let mut there = new.image.clone();
    for at in [5000, 70_000, 150_001] {
        there[at..at + 10].fill(0);
    }
    board
        .flash
        .poke(board.slot(1).offset, &there)
        .expect("in bounds");
    let device = board.boot();
    let patch = between(&[], &there, &new.image).bytes();
    assert!(patch.len() < 400, "{}", patch.len());
    let done = patches::upload(&device, &patch, CLIENT).expect("uploads");
    assert_eq!(done.sectors.written, 3);
    assert!(serves(&board.boot(), &new));
}

#[test]
fn what_cannot_be_read_from_the_active_slot_ends_the_upload() {
    let (old, new) = edited();
    let (board, device) = running(&old);
    let patch = between(&old.image, &[], &new.image).bytes();
    let sector = board.slot(0).offset / 4096 + 20;
    board
        .flash
        .inject(Fault::Read { sector })
        .expect("in bounds");
    let refused = patches::upload(&device, &patch, CLIENT);
    assert!(matches!(
        refused,
        Err(Refused::Upload(UploadError::Flash(_)))
    ));
    board.flash.repair();
    assert_unharmed(&board, &old);
}

#[test]
fn a_frontend_goes_back_and_forth_by_patches() {
    let (old, new) = edited();
    let mut files: BTreeMap<_, _> = new.files.clone();
    files.remove("assets/style.css");
    files.insert("assets/more.js".to_owned(), Rng::new(8).bytes(20_000));
    let third = Frontend::of("3.0.0", files);
    let board = Board::with(&old);
    for (from, to) in [(&old, &new), (&new, &third), (&third, &old), (&old, &third)] {
        let device = board.boot();
        let there = board.slot(usize::from(device.active().other().number()));
        let kept = board
            .flash
            .peek(there.offset, to.image.len())
            .expect("in bounds");
        let patch = between(&from.image, &kept, &to.image).bytes();
        patches::upload(&device, &patch, CLIENT).expect("uploads");
        let device = board.boot();
        assert!(serves(&device, to));
        assert_eq!(
            read(&device, "index.html").as_ref(),
            to.files.get("index.html")
        );
        board::settle(&device);
    }
}

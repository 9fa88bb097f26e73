//! The update session: what is written, what is refused before anything is erased, and what it
//! costs.

use crate::board::{self, Board, Frontend, Refused, Rng, install, read, serves, status, upload};
use faceplate::{
    BeginError, BuildId, ConfirmError, Confirmer, Outcome, RollbackError, Room, Slot, State,
    update::{Phase, UploadError},
    verify::Problem,
};
use faceplate_sim::flash::{Counters, Cut, Driver, W25Q128_SIZE};
use littlefs_image::run;

const CLIENT: Confirmer = Confirmer::Client { within_s: 60 };

/// Bytes of a slot.
const SLOT: usize = 0x10_0000;

/// What one upload did to the flash; the board stays as it was.
fn cost(board: &Board, image: &[u8]) -> (Counters, board::Device) {
    let device = board.boot();
    let before = board.flash.counters();
    upload(&device, image, CLIENT).expect("uploads");
    (board.flash.counters().since(&before), device)
}

/// How often a sector of www_1 was erased.
fn erases_in_slot(board: &Board) -> u32 {
    let first = board.slot(1).offset as usize / 4096;
    board.flash.wear()[first..first + SLOT / 4096].iter().sum()
}

/// A board with `old` in www_0 and `other` in www_1.
fn with_both(old: &Frontend, other: &Frontend) -> Board {
    let board = Board::with(old);
    board
        .flash
        .poke(board.slot(1).offset, &other.image)
        .expect("in bounds");
    board
}

#[test]
fn a_full_image_over_another_takes_one_large_erase_for_each_64_kib_and_meets_the_time_budget() {
    let old = Frontend::new("1.0.0", 90);
    let (other, new) = (Frontend::new("1.5.0", 993), Frontend::new("2.0.0", 993));
    let board = with_both(&old, &other);
    let (cost, _) = cost(&board, &new.image);
    assert_eq!(new.image.len(), SLOT, "a full slot");
    assert_eq!(cost.block_erases, 16);
    // NVS may erase a sector of its own.
    assert!(cost.sector_erases <= 1, "{cost:?}");
    // The limit is 5.60 s: 16 blocks at 150 ms, and 16,384 commands at 195.2 µs of the quickest driver
    // that there is, with 64 bytes each.
    assert_eq!(Driver::ESP_IDF.program_time(64).as_nanos(), 195_200);
    let budget = 1.1 * (16.0 * 0.15 + 16_384.0 * 195.2e-6);
    let modelled = cost.busy().as_secs_f64();
    println!(
        "{} bytes: {cost:?}, {modelled:.3} s of {budget:.3} s",
        new.image.len()
    );
    assert!(modelled <= budget, "{modelled} s");
}

#[test]
fn an_identical_upload_erases_and_programs_nothing_in_the_slot() {
    let old = Frontend::new("1.0.0", 90);
    let new = Frontend::new("2.0.0", 300);
    let board = with_both(&old, &new);
    let (cost, device) = cost(&board, &new.image);
    assert_eq!(erases_in_slot(&board), 0);
    // What is left are the few small writes of NVS.
    assert!(cost.bytes_programmed < 1024, "{cost:?}");
    assert_eq!(
        status(&device).upload.map(|upload| upload.phase),
        Some(Phase::Restarting)
    );
    assert!(serves(&board.boot(), &new));
}

#[test]
fn only_sectors_that_differ_are_written_where_the_first_of_a_block_is_the_same() {
    let old = Frontend::new("1.0.0", 90);
    let new = Frontend::new("2.0.0", 300);
    let board = with_both(&old, &new);
    for sector in [3, 20, 21, 40] {
        let at = board.slot(1).offset + sector * 4096 + 100;
        board.flash.poke(at, &[0; 8]).expect("in bounds");
    }
    let device = board.boot();
    let done = upload(&device, &new.image, CLIENT).expect("uploads");
    assert_eq!(done.sectors.written, 4);
    assert_eq!(done.sectors.same, new.image.len() as u32 / 4096 - 4);
}

#[test]
fn a_blank_slot_is_programmed_without_an_erase() {
    let old = Frontend::new("1.0.0", 90);
    let new = Frontend::new("2.0.0", 300);
    let board = Board::with(&old);
    cost(&board, &new.image);
    assert_eq!(erases_in_slot(&board), 0);
}

#[test]
fn a_large_erase_may_go_past_the_end_of_a_short_image_and_not_past_the_slot() {
    let old = Frontend::new("1.0.0", 90);
    for (kib, blocks, slot_bytes, large, small) in [
        // 6 sectors behind the first block: one large erase is quicker,
        (60, 22, 0x10_0000, 2, 0),
        // for 2 it is not.
        (46, 18, 0x10_0000, 1, 2),
        // A slot that ends before the block does.
        (60, 22, 0x1_c000, 1, 6),
    ] {
        let table = format!(
            "nvs, data, nvs, 0x9000, 0x6000\nwww_0, data, littlefs, 0x210000, {slot_bytes:#x}\n\
             www_1, data, littlefs, 0x310000, {slot_bytes:#x}\n"
        );
        let new = Frontend::sized("2.0.0", kib, slot_bytes);
        assert_eq!(new.image.len() / 4096, blocks);
        let old = Frontend::sized(old.version, 30, slot_bytes);
        let board = Board::of(&table, W25Q128_SIZE).flashed(&old);
        let slot = board.slot(1);
        let noise = Rng::new(9).bytes(slot_bytes as usize + 4096);
        board.flash.poke(slot.offset, &noise).expect("in bounds");
        let (cost, _) = cost(&board, &new.image);
        assert_eq!(cost.block_erases, large, "{kib} KiB");
        // NVS may erase a sector of its own.
        assert!(
            (small..=small + 1).contains(&cost.sector_erases),
            "{cost:?}"
        );
        let erased = if large == 2 {
            0x2_0000
        } else {
            new.image.len()
        };
        let tail = board
            .flash
            .peek(slot.offset + erased as u32, noise.len() - erased);
        assert_eq!(tail.expect("in bounds"), noise[erased..]);
        assert!(serves(&board.boot(), &new));
    }
}

/// Uploads `image` and expects that it is refused with nothing written anywhere.
fn refused_untouched(image: &[u8], context: &str) -> Refused {
    let old = Frontend::new("1.0.0", 90);
    let other = Frontend::new("1.5.0", 90);
    let board = with_both(&old, &other);
    let device = board.boot();
    let before = board.flash.counters();
    let error = upload(&device, image, CLIENT).expect_err(context);
    let cost = board.flash.counters().since(&before);
    assert_eq!(cost.operations, 0, "{context}: flash was changed");
    assert!(
        status(&device).slots[1].is_valid(),
        "{context}: the way back is lost"
    );
    assert_eq!(run(device.rollback()), Ok(Slot::Www1), "{context}");
    error
}

#[test]
fn a_wrong_file_is_refused_before_anything_is_erased() {
    let good = Frontend::new("2.0.0", 90).image;
    let mut wrong_magic = good.clone();
    wrong_magic[8] ^= 1;
    let mut torn = good.clone();
    torn[40] ^= 1;
    let table: &[(&str, Vec<u8>)] = &[
        ("zeros", vec![0; 65536]),
        ("blank", vec![0xFF; 65536]),
        ("an app image", [vec![0xE9; 8192], good.clone()].concat()),
        ("wrong magic", wrong_magic),
        ("damaged superblock", torn),
        (
            "a page",
            b"<!doctype html>"
                .iter()
                .copied()
                .cycle()
                .take(8192)
                .collect(),
        ),
    ];
    for (name, image) in table {
        let error = refused_untouched(image, name);
        assert!(
            matches!(error, Refused::Upload(UploadError::NotAnImage(_))),
            "{name}: {error:?}"
        );
    }
}

#[test]
fn a_length_that_no_image_has_is_refused_before_anything_is_erased() {
    for len in [0, 1, 4095] {
        let error = refused_untouched(&vec![0; len], &len.to_string());
        assert_eq!(error, Refused::Begin(BeginError::BadLength), "{len}");
    }
    for len in [4096, 8191, 8193, SLOT - 1] {
        let error = refused_untouched(&vec![0; len], &len.to_string());
        assert_eq!(error, Refused::Upload(UploadError::BadLength), "{len}");
    }
    for len in [SLOT + 1, SLOT + 4096, 16 << 20] {
        let error = refused_untouched(&vec![0; len], &len.to_string());
        let slot_size = SLOT as u32;
        assert_eq!(
            error,
            Refused::Begin(BeginError::TooLarge { slot_size }),
            "{len}"
        );
    }
}

/// As mklittlefs makes them: without a manifest, and as long as the partition.
#[test]
fn an_image_of_another_tool_that_fills_its_slot_is_served_after_each_restart() {
    let plain = Frontend::plain(40);
    let mut image = plain.image.clone();
    image.resize(SLOT, 0xff);
    let board = Board::with(&Frontend::new("1.0.0", 30));
    assert!(upload(&board.boot(), &image, CLIENT).is_ok());
    assert_eq!(board.boot().confirm(None), Ok(()));
    for _restart in 0..2 {
        let device = board.boot();
        assert_eq!(status(&device).state, State::Settled);
        assert!(serves(&device, &plain));
    }
}

#[test]
fn an_image_that_is_cut_within_a_block_is_called_truncated_whoever_made_it() {
    let ours = Frontend::new("2.0.0", 90).image;
    let others = Frontend::plain(40).image;
    for (image, lens) in [
        (&ours, [4096, 8191, 8193, ours.len() - 1]),
        (&others, [4096, 8191, 8193, others.len() - 1]),
    ] {
        for len in lens {
            let error = refused_untouched(&image[..len], &len.to_string());
            let Refused::Upload(UploadError::Truncated(words)) = &error else {
                panic!("{len}: {error:?}");
            };
            assert!(words.starts_with("the image is truncated: it"), "{words}");
            assert!(words.ends_with(char::is_numeric), "{words} is cut itself");
        }
    }
    // Bytes behind the end are no better: what they belong to is not known.
    let longer = [&*ours, &[0; 100]].concat();
    let error = refused_untouched(&longer, "longer");
    assert!(matches!(error, Refused::Upload(UploadError::Truncated(_))));
}

#[test]
fn every_damaged_byte_of_a_file_is_found_by_its_hash() {
    let old = Frontend::new("1.0.0", 30);
    let new = Frontend::new("2.0.0", 60);
    let content = &new.files["assets/app.js"];
    let start = new
        .image
        .windows(64)
        .position(|window| window == &content[..64])
        .expect("stored as it is");
    for at in (start..start + 3000).step_by(97) {
        let mut image = new.image.clone();
        image[at] ^= 0x10;
        let board = Board::with(&old);
        let device = board.boot();
        let error = upload(&device, &image, CLIENT).expect_err("damaged");
        let Refused::Upload(UploadError::Rejected(Problem::FileHash(path))) = &error else {
            panic!("byte {at}: {error:?}");
        };
        assert_eq!(path, "assets/app.js");
        assert!(serves(&board.boot(), &old));
    }
}

#[test]
fn an_image_for_other_firmware_is_refused() {
    let files = [("index.html".to_owned(), b"hi".to_vec())];
    let options = faceplate_pack::Options {
        api: (7, 9),
        ..faceplate_pack::Options::default()
    };
    let image = faceplate_pack::pack(files, &options).expect("packs").image;
    let board = Board::with(&Frontend::new("1.0.0", 30));
    let error = upload(&board.boot(), &image, CLIENT).expect_err("damaged");
    let problem = Problem::Api {
        min: 7,
        max: 9,
        ours: faceplate::API,
    };
    assert_eq!(error, Refused::Upload(UploadError::Rejected(problem)));
}

#[test]
fn an_image_without_an_index_is_refused() {
    let mut builder = littlefs_image::build::Builder::new();
    builder
        .file("page.html", b"hi".to_vec())
        .expect("a good name");
    let image = builder
        .build(&littlefs_image::build::Options::default())
        .expect("builds");
    let board = Board::with(&Frontend::new("1.0.0", 30));
    let error = upload(&board.boot(), &image, CLIENT).expect_err("no index");
    assert_eq!(
        error,
        Refused::Upload(UploadError::Rejected(Problem::NoIndex))
    );
}

/// An image as other tools make it: without a manifest.
fn plain_image() -> Vec<u8> {
    let mut builder = littlefs_image::build::Builder::new();
    builder
        .file("index.html", b"plain".to_vec())
        .expect("a good name");
    builder
        .file("app.js", Rng::new(3).bytes(50_000))
        .expect("a good name");
    builder
        .build(&littlefs_image::build::Options::default())
        .expect("builds")
}

#[test]
fn an_image_without_a_manifest_is_accepted_on_its_structure_and_proved_by_its_record() {
    let board = Board::with(&Frontend::new("1.0.0", 30));
    upload(&board.boot(), &plain_image(), CLIENT).expect("accepted");
    let device = board.boot();
    assert_eq!(read(&device, "index.html").as_deref(), Some(&b"plain"[..]));
    device.confirm(None).expect("on trial");

    // One byte of content changes: no checksum of LittleFS sees it, the record does.
    let slot = board.slot(1);
    let content = board
        .flash
        .peek(slot.offset + 6 * 4096 + 77, 1)
        .expect("in bounds");
    board
        .flash
        .poke(slot.offset + 6 * 4096 + 77, &[content[0] ^ 1])
        .expect("in bounds");
    let device = board.boot();
    let now = status(&device);
    assert_eq!(now.active, Slot::Www0);
    assert_eq!(
        now.last.map(|last| last.outcome),
        Some(Outcome::DidNotMount)
    );
    assert_eq!(now.slots[1].problem(), Some(&Problem::Changed));
}

#[test]
fn a_slot_flashed_by_cable_over_an_updated_one_is_served_if_a_manifest_proves_it() {
    let (old, new) = (Frontend::new("1.0.0", 30), Frontend::new("2.0.0", 30));
    let board = Board::with(&old);
    install(&board, &new, Confirmer::Device).expect("installs");
    board.boot().confirm(None).expect("on trial");
    // Now NVS has a record of www_1, and somebody writes another image over it.
    let next = Frontend::new("3.0.0", 50);
    board
        .flash
        .poke(board.slot(1).offset, &next.image)
        .expect("in bounds");
    let device = board.boot();
    assert_eq!(status(&device).active, Slot::Www1);
    assert!(serves(&device, &next));
}

#[test]
fn while_a_frontend_is_on_trial_no_upload_touches_the_way_back() {
    let (old, new) = (Frontend::new("1.0.0", 30), Frontend::new("2.0.0", 30));
    let board = Board::with(&old);
    install(&board, &new, CLIENT).expect("installs");
    let device = board.boot();
    let error = upload(&device, &old.image, CLIENT).expect_err("on trial");
    assert_eq!(error, Refused::Begin(BeginError::OnTrial));
    device.confirm(None).expect("on trial");
    assert!(upload(&device, &old.image, CLIENT).is_ok());
}

#[test]
fn one_upload_runs_at_a_time_and_a_dropped_one_makes_room() {
    let (old, new) = (Frontend::new("1.0.0", 30), Frontend::new("2.0.0", 30));
    let board = Board::with(&old);
    let device = board.boot();
    let len = new.image.len() as u32;
    let mut first = device.begin(len, CLIENT).expect("may begin");
    run(first.write(&new.image[..10_000])).expect("written");
    assert_eq!(device.begin(len, CLIENT).err(), Some(BeginError::Busy));
    assert_eq!(run(device.rollback()), Err(RollbackError::Busy));
    let progress = status(&device).upload.expect("runs");
    assert_eq!(
        (progress.received, progress.written, progress.total),
        (10_000, 8192, len)
    );
    drop(first);
    assert_eq!(status(&device).upload, None);
    assert_eq!(
        status(&device).slots[1].problem(),
        Some(&Problem::Incomplete)
    );
    assert!(upload(&device, &new.image, CLIENT).is_ok());
    // After the switch the inactive slot is the one to boot: nothing may write there.
    assert_eq!(
        device.begin(len, CLIENT).err(),
        Some(BeginError::Restarting)
    );
    assert_eq!(run(device.rollback()), Err(RollbackError::Restarting));
    assert_eq!(device.confirm(None), Err(ConfirmError::NotOnTrial));
}

#[test]
fn too_few_or_too_many_bytes_never_switch() {
    let new = Frontend::new("2.0.0", 30);
    let board = Board::with(&Frontend::new("1.0.0", 30));
    let device = board.boot();
    let total = new.image.len() as u32;
    let mut short = device.begin(total, CLIENT).expect("may begin");
    run(short.write(&new.image[..5000])).expect("written");
    let error = run(short.finish(None)).err();
    assert_eq!(
        error,
        Some(UploadError::Incomplete {
            received: 5000,
            total
        })
    );

    let mut long = device.begin(total, CLIENT).expect("may begin");
    run(long.write(&new.image)).expect("written");
    assert_eq!(run(long.write(&[0])), Err(UploadError::TooLong));
    drop(long);
    assert_eq!(status(&board.boot()).active, Slot::Www0);
}

#[test]
fn bytes_that_do_not_match_the_announced_digest_never_switch() {
    let new = Frontend::new("2.0.0", 30);
    let board = Board::with(&Frontend::new("1.0.0", 30));
    let device = board.boot();
    let mut upload = device
        .begin(new.image.len() as u32, CLIENT)
        .expect("may begin");
    run(upload.write(&new.image)).expect("written");
    assert_eq!(
        run(upload.finish(Some([7; 32]))).err(),
        Some(UploadError::Digest)
    );
    assert_eq!(status(&board.boot()).active, Slot::Www0);
}

#[test]
fn serving_a_large_file_reads_at_most_a_twentieth_more_than_its_bytes() {
    let frontend = Frontend::new("1.0.0", 900);
    let board = Board::with(&frontend);
    let device = board.boot();
    for (path, content) in frontend
        .files
        .iter()
        .filter(|(_, content)| content.len() > 65536)
    {
        let before = board.flash.counters();
        let got = read(&device, path).expect("there");
        let bytes = board.flash.counters().since(&before).bytes_read;
        assert_eq!(&got, content);
        // Finding the file reads directories; that is not what is measured here.
        let before = board.flash.counters();
        assert!(device.open(path).expect("readable").is_some());
        let lookup = board.flash.counters().since(&before).bytes_read;
        let per_byte = (bytes - lookup) as f64 / content.len() as f64;
        println!(
            "{path}: {} bytes, {per_byte:.4} read per byte, lookup {lookup}",
            content.len()
        );
        assert!(per_byte <= 1.05, "{path}: {per_byte}");
    }
}

#[test]
fn the_update_path_fits_in_its_memory_budget() {
    let board = Board::with(&Frontend::new("1.0.0", 30));
    // Slots of 1 MiB, as on a board of the usual layout.
    let device = board.boot_with(1 << 20);
    let mut upload = device.begin(8192, CLIENT).expect("may begin");
    let write = size_of_val(&upload.write(&[0; 100]));
    let session = size_of_val(&upload);
    let finish = size_of_val(&upload.finish(None));
    let (engine, buffers) = (size_of_val(&device), size_of::<Room<256>>());
    let total = engine + buffers + session + write.max(finish);
    println!(
        "engine {engine}, buffers {buffers}, session {session}, write {write}, \
         finish {finish}: {total} bytes"
    );
    assert!(total <= 8 * 1024, "{total} bytes");
}

#[test]
fn a_slot_that_was_never_written_is_called_empty() {
    let board = Board::with(&Frontend::new("1.0.0", 30));
    let slots = status(&board.boot()).slots;
    assert!(slots[0].is_valid());
    assert_eq!(slots[1].problem(), Some(&Problem::Empty));
}

/// An image without a manifest, of many small files that each have their own block.
fn plain_of_many() -> Vec<u8> {
    let mut builder = littlefs_image::build::Builder::new();
    builder
        .file("index.html", b"plain".to_vec())
        .expect("a good name");
    for n in 0..12 {
        let content = Rng::new(3 + n).bytes(3000);
        builder
            .file(&format!("a{n:02}.js"), content)
            .expect("a good name");
    }
    builder
        .build(&littlefs_image::build::Options::default())
        .expect("builds")
}

#[test]
fn a_cut_upload_without_a_manifest_is_never_served_and_never_a_way_back() {
    let image = plain_of_many();
    let old = Frontend::new("1.0.0", 30);
    for (name, base) in [
        ("new device", Board::new()),
        ("over another", Board::with(&old)),
    ] {
        for after in 0..image.len() as u64 / 4096 {
            let board = base.fork();
            board.flash.cut_after(after, Cut::Before);
            upload(&board.boot(), &image, CLIENT).expect_err("cut");
            board.flash.power_on();
            let device = board.boot();
            let slot = &status(&device).slots[1];
            assert!(!slot.is_valid(), "{name}, {after}: {slot:?}");
            assert_ne!(status(&device).active, Slot::Www1, "{name}, {after}");
            assert!(run(device.rollback()).is_err(), "{name}, {after}");
        }
    }
}

#[test]
fn an_image_that_was_refused_stays_refused_after_a_restart() {
    let mut image = Frontend::new("2.0.0", 30).image;
    let at = image.len() - 3000;
    image[at] ^= 1;
    for board in [Board::new(), Board::with(&Frontend::new("1.0.0", 30))] {
        let state = status(&board.boot()).state;
        upload(&board.boot(), &image, CLIENT).expect_err("damaged");
        let device = board.boot();
        assert_eq!(status(&device).state, state);
        assert_eq!(
            status(&device).slots[1].problem(),
            Some(&Problem::Incomplete)
        );
        assert!(run(device.rollback()).is_err());
    }
}

#[test]
fn a_way_back_that_was_damaged_since_the_boot_is_not_gone_back_to() {
    let (old, new) = (Frontend::new("1.0.0", 30), Frontend::new("2.0.0", 30));
    let board = with_both(&old, &new);
    let device = board.boot();
    assert!(status(&device).slots[1].is_valid());
    let at = board.slot(1).offset + new.image.len() as u32 - 3000;
    board.flash.poke(at, &[0; 100]).expect("in bounds");
    let before = board.flash.counters().operations;
    let error = run(device.rollback()).expect_err("damaged");
    assert!(matches!(error, RollbackError::NotValid(_)), "{error:?}");
    assert_eq!(board.flash.counters().operations, before);
    assert!(!status(&device).slots[1].is_valid());
    assert_eq!(status(&board.boot()).active, Slot::Www0);
}

#[test]
fn an_unconfirmed_frontend_that_is_all_there_is_left_goes_on_being_on_trial() {
    let (old, new) = (Frontend::new("1.0.0", 30), Frontend::new("2.0.0", 30));
    let board = Board::with(&old);
    install(&board, &new, CLIENT).expect("installs");
    assert_eq!(run(board.boot().rollback()), Ok(Slot::Www0));
    assert_eq!(status(&board.boot()).state, State::Settled);
    let at = board.slot(0).offset + old.image.len() as u32 - 3000;
    board.flash.poke(at, &[0; 100]).expect("in bounds");
    for boots_left in [1, 0] {
        let found = status(&board.boot());
        assert_eq!((found.active, found.state), (Slot::Www1, State::Trial));
        assert_eq!(found.trial.map(|trial| trial.boots_left), Some(boots_left));
    }
    for _ in 0..2 {
        assert_eq!(status(&board.boot()).state, State::Settled);
    }
}

#[test]
fn after_a_cut_the_same_upload_leaves_no_cell_that_wavers() {
    let (old, new) = (Frontend::new("1.0.0", 30), Frontend::new("2.0.0", 90));
    let used = Board::with(&old);
    used.flash
        .poke(used.slot(1).offset, &Rng::new(8).bytes(SLOT))
        .expect("in bounds");
    for (name, base) in [("blank slot", Board::with(&old)), ("used slot", used)] {
        for round in 0..400 {
            let board = base.fork();
            let seed = 1000 + round;
            board.flash.cut_after(round % 40, Cut::Unstable { seed });
            upload(&board.boot(), &new.image, CLIENT).expect_err("cut");
            board.flash.power_on();
            upload(&board.boot(), &new.image, CLIENT)
                .unwrap_or_else(|error| panic!("{name}, {round}: {error:?}"));
            for boot in 0..4 {
                let device = board.boot();
                assert!(serves(&device, &new), "{name}, {round}, boot {boot}");
                board::settle(&device);
            }
        }
    }
}

#[test]
fn an_image_that_claims_more_blocks_than_the_slot_has_is_not_served() {
    let mut builder = littlefs_image::build::Builder::new();
    builder
        .file("index.html", b"hi".to_vec())
        .expect("a good name");
    let options = littlefs_image::build::Options {
        block_count: 257,
        ..littlefs_image::build::Options::default()
    };
    let image = builder.build(&options).expect("builds");
    let board = Board::new();
    board
        .flash
        .poke(board.slot(0).offset, &image)
        .expect("in bounds");
    assert_eq!(status(&board.boot()).state, State::Recovery);
    let error = upload(&board.boot(), &image, CLIENT).expect_err("too many blocks");
    assert!(
        matches!(error, Refused::Upload(UploadError::NotAnImage(_))),
        "{error:?}"
    );
}

#[test]
fn a_confirmation_counts_for_the_build_that_it_names() {
    const OTHER: BuildId = BuildId([0xee; 8]);
    let (stamped, own) = Frontend::new("2.0.0", 30).stamped();
    let plain = Frontend::new("2.0.0", 30);
    let other_build = |build, running| Err(ConfirmError::OtherBuild { build, running });
    // Of each: the image on trial, the build that is confirmed, and what becomes of it.
    for (next, build, want) in [
        (&stamped.image, None, Ok(())),
        (&stamped.image, Some(own), Ok(())),
        (&stamped.image, Some(OTHER), other_build(OTHER, Some(own))),
        (&plain.image, None, Ok(())),
        (&plain.image, Some(own), other_build(own, None)),
        (&plain_image(), None, Ok(())),
        (&plain_image(), Some(own), other_build(own, None)),
    ] {
        let board = Board::with(&Frontend::new("1.0.0", 30));
        upload(&board.boot(), next, CLIENT).expect("installs");
        // The build is known at every boot, by the record or by the whole check.
        let device = board.boot();
        assert_eq!(device.confirm(build), want);
        let state = if want.is_ok() {
            State::Settled
        } else {
            State::Trial
        };
        assert_eq!(status(&device).state, state);
        if want.is_ok() {
            let again = device.confirm(Some(OTHER));
            assert_eq!(again, Err(ConfirmError::NotOnTrial));
        }
    }
}

#[test]
fn files_that_the_manifest_does_not_know_of_are_found() {
    use faceplate::manifest::{FILE_HASH, FileHasher, MANIFEST, Manifest, RootHash};
    let mut hasher = FileHasher::new();
    hasher.update(b"hi");
    let hash = hasher.finish();
    let mut root = RootHash::new();
    root.add("index.html", 2, &hash);
    let root = root.finish();
    for (name, extra, good) in [("as packed", false, true), ("a file more", true, false)] {
        let mut builder = littlefs_image::build::Builder::new();
        let mut file = |path: &str| {
            builder.file(path, b"hi".to_vec()).expect("a good name");
            builder.attr(path, FILE_HASH, &hash).expect("a file");
        };
        file("index.html");
        if extra {
            file("more.js");
        }
        let mut bytes = [0; Manifest::MAX_LEN];
        let manifest = Manifest::new("1", (1, 1), None, 0, root).expect("a manifest");
        let len = manifest.encode(&mut bytes);
        builder.attr("", MANIFEST, &bytes[..len]).expect("the root");
        let image = builder
            .build(&littlefs_image::build::Options::default())
            .expect("builds");
        let result = upload(&Board::new().boot(), &image, CLIENT);
        let refused = Err(Refused::Upload(UploadError::Rejected(Problem::RootHash)));
        match good {
            true => assert!(result.is_ok(), "{name}: {result:?}"),
            false => assert_eq!(result, refused, "{name}"),
        }
    }
}

#[test]
fn a_firmware_that_insists_on_a_manifest_takes_no_image_without() {
    let mut board = Board::with(&Frontend::new("1.0.0", 30));
    board.requirements.manifest = true;
    let error = upload(&board.boot(), &plain_image(), CLIENT).expect_err("no manifest");
    assert_eq!(
        error,
        Refused::Upload(UploadError::Rejected(Problem::NoManifest))
    );
    let next = Frontend::new("2.0.0", 30);
    assert!(upload(&board.boot(), &next.image, CLIENT).is_ok());
}

#[test]
fn the_beginning_of_an_image_is_called_truncated_before_anything_is_erased() {
    let old = Frontend::new("1.0.0", 30);
    let new = Frontend::new("2.0.0", 40);
    let board = Board::with(&old);
    let whole = new.image.len() / 4096;
    for blocks in 2..whole {
        let device = board.boot();
        let before = board.flash.counters().operations;
        let error = upload(&device, &new.image[..blocks * 4096], CLIENT).expect_err("truncated");
        let Refused::Upload(UploadError::Truncated(why)) = error else {
            panic!("{blocks} blocks: {error:?}");
        };
        let told = format!(
            "the image is truncated: it has {blocks} blocks of 4096 bytes, of at least {whole}"
        );
        assert_eq!(why, *told);
        assert_eq!(board.flash.counters().operations, before, "{blocks} blocks");
    }
    assert!(upload(&board.boot(), &new.image, CLIENT).is_ok());
}

#[test]
fn of_an_image_that_does_not_say_its_length_the_check_finds_that_its_end_is_missing() {
    let image = plain_of_many();
    let base = Board::with(&Frontend::new("1.0.0", 30));
    for blocks in 2..image.len() / 4096 {
        let board = base.fork();
        let error = upload(&board.boot(), &image[..blocks * 4096], CLIENT).expect_err("truncated");
        assert!(
            matches!(&error, Refused::Upload(UploadError::Rejected(Problem::Truncated(why)))
                if why.starts_with("the image is truncated: it has ")),
            "{blocks} blocks: {error:?}"
        );
        assert_eq!(status(&board.boot()).active, Slot::Www0);
    }
}

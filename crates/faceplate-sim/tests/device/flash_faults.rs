//! A flash that fails ends in an error, with the old frontend active. Never in a success.

use crate::board::{self, Board, Frontend, Refused, install, serves, status, upload};
use faceplate::{Confirmer, EspNvs, Nvs, Outcome, Slot, State, Tick, update::UploadError};
use faceplate_sim::flash::Fault;

const CLIENT: Confirmer = Confirmer::Client { within_s: 60 };

struct Case {
    old: Frontend,
    new: Frontend,
    board: Board,
}

/// `old` in www_0, other bytes all over www_1, so that an upload has to erase.
fn case() -> Case {
    let old = Frontend::new("1.0.0", 90);
    let board = Board::with(&old);
    board
        .flash
        .poke(board.slot(1).offset, &vec![0x5A; 0x10_0000])
        .expect("in bounds");
    Case {
        old,
        new: Frontend::new("2.0.0", 150),
        board,
    }
}

/// The upload fails; `old` stays active, now and after a restart; once the fault is gone, the same
/// upload succeeds.
fn fails_and_keeps_the_old(case: &Case, board: &Board, context: &str) -> Refused {
    let device = board.boot();
    let result = upload(&device, &case.new.image, CLIENT);
    let Err(error) = result else {
        panic!("{context}: success in spite of a fault")
    };
    assert!(serves(&device, &case.old), "{context}");
    assert!(status(&device).upload.is_none(), "{context}");
    let device = board.boot();
    let now = status(&device);
    assert_eq!(
        (now.active, now.state),
        (Slot::Www0, State::Settled),
        "{context}: {error:?}"
    );
    assert!(serves(&device, &case.old), "{context}");
    error
}

#[test]
fn a_sector_that_does_not_erase_or_program_fails_the_upload() {
    let case = case();
    let first = case.board.slot(1).offset / 4096;
    let sectors = case.new.image.len() as u32 / 4096;
    for sector in first..first + sectors {
        let start = (sector - first) as usize * 4096;
        let blank = case.new.image[start..start + 4096]
            .iter()
            .all(|&byte| byte == 0xFF);
        for fault in [Fault::Erase { sector }, Fault::Program { sector }] {
            if blank && matches!(fault, Fault::Program { .. }) {
                continue; // Nothing has to be programmed there.
            }
            let board = case.board.fork();
            board.flash.inject(fault).expect("a sector");
            let error = fails_and_keeps_the_old(&case, &board, &format!("{fault:?}"));
            assert!(
                matches!(error, Refused::Upload(UploadError::Flash(_))),
                "{fault:?}: {error:?}"
            );
            board.flash.repair();
            assert_eq!(install(&board, &case.new, CLIENT), Ok(()), "{fault:?}");
            assert!(serves(&board.boot(), &case.new), "{fault:?}");
        }
    }
}

#[test]
fn a_sector_that_cannot_be_read_fails_the_upload() {
    let case = case();
    let first = case.board.slot(1).offset / 4096;
    for sector in first..first + case.new.image.len() as u32 / 4096 {
        let board = case.board.fork();
        board
            .flash
            .inject(Fault::Read { sector })
            .expect("a sector");
        fails_and_keeps_the_old(&case, &board, &format!("sector {sector}"));
    }
}

#[test]
fn a_stuck_bit_is_found_by_reading_back() {
    let case = case();
    let slot = case.board.slot(1).offset;
    let mut found = 0;
    for at in (0..case.new.image.len()).step_by(1237) {
        for value in [false, true] {
            let bit = (at % 8) as u8;
            let wanted = case.new.image[at] >> bit & 1 == 1;
            let board = case.board.fork();
            let address = slot + at as u32;
            board
                .flash
                .inject(Fault::StuckBit {
                    address,
                    bit,
                    value,
                })
                .expect("in bounds");
            if wanted == value {
                assert_eq!(install(&board, &case.new, CLIENT), Ok(()), "byte {at}");
                assert!(serves(&board.boot(), &case.new), "byte {at}");
            } else {
                let error = fails_and_keeps_the_old(&case, &board, &format!("byte {at}"));
                assert!(
                    matches!(error, Refused::Upload(UploadError::Flash(_))),
                    "{error:?}"
                );
                found += 1;
            }
        }
    }
    assert!(found > 50, "only {found} stuck bits mattered");
}

#[test]
fn one_failing_operation_in_the_slot_is_tried_again_and_elsewhere_fails_the_upload() {
    let case = case();
    let undisturbed = case.board.fork();
    install(&undisturbed, &case.new, CLIENT).expect("installs");
    let operations = undisturbed.flash.counters().operations;
    let (mut mended, mut failed) = (0, 0);
    for after in 0..operations {
        let board = case.board.fork();
        board
            .flash
            .inject(Fault::Operation { after })
            .expect("a fault");
        match install(&board, &case.new, CLIENT) {
            Ok(()) => {
                mended += 1;
                assert!(serves(&board.boot(), &case.new), "operation {after}");
            }
            Err(error) => {
                failed += 1;
                let device = board.boot();
                assert_eq!(
                    status(&device).active,
                    Slot::Www0,
                    "operation {after}: {error}"
                );
                assert!(serves(&device, &case.old), "operation {after}: {error}");
            }
        }
    }
    println!("{operations} operations: {mended} mended, {failed} failed the upload");
    // What is written to NVS is not tried again; everything in the slot is.
    assert_eq!(failed + mended, operations);
    assert!(failed <= 24, "{failed} of {operations}");
}

#[test]
fn a_full_nvs_fails_the_upload() {
    let case = case();
    let board = case.board.fork();
    let mut nvs = EspNvs::new(board.flash.clone(), board.nvs());
    let mut stored = 0;
    for index in 0..10_000 {
        if nvs.set_blob(&format!("other{index}"), &[7; 1000]).is_err() {
            break;
        }
        stored += 1;
    }
    for index in 0..10_000 {
        if nvs.set_u32(&format!("small{index}"), 7).is_err() {
            break;
        }
    }
    assert!(stored > 5, "{stored} blobs");
    let error = fails_and_keeps_the_old(&case, &board, "full NVS");
    assert!(
        matches!(error, Refused::Upload(UploadError::Nvs(_))),
        "{error:?}"
    );

    for index in 0..stored {
        nvs = EspNvs::new(board.flash.clone(), board.nvs());
        nvs.remove(&format!("other{index}")).expect("removes");
    }
    assert_eq!(install(&board, &case.new, CLIENT), Ok(()));
    assert!(serves(&board.boot(), &case.new));
}

#[test]
fn an_nvs_that_cannot_be_read_serves_what_is_there_and_takes_no_upload() {
    let case = case();
    let board = case.board.fork();
    let first = board.nvs().offset / 4096;
    for sector in first..first + 6 {
        board
            .flash
            .inject(Fault::Read { sector })
            .expect("a sector");
    }
    let device = board.boot();
    assert!(serves(&device, &case.old));
    let before = board.flash.counters().operations;
    let error = upload(&device, &case.new.image, CLIENT).expect_err("a fault");
    assert!(format!("{error:?}").contains("Nvs"), "{error:?}");
    assert_eq!(
        board.flash.counters().operations,
        before,
        "nothing was erased"
    );
}

#[test]
fn random_bytes_as_nvs_mean_a_new_device() {
    let case = case();
    let mut rng = board::Rng::new(5);
    for round in 0..200 {
        let board = case.board.fork();
        let nvs = board.nvs();
        board
            .flash
            .poke(nvs.offset, &rng.bytes(nvs.len as usize))
            .expect("in bounds");
        assert!(serves(&board.boot(), &case.old), "round {round}");
    }
}

/// A board on which two updates were made and confirmed, so that NVS has values to replace.
fn lived_in(case: &Case) -> Board {
    let board = case.board.fork();
    for frontend in [&case.new, &case.old] {
        install(&board, frontend, CLIENT).expect("installs");
        board.boot().confirm(None).expect("on trial");
    }
    board
}

#[test]
fn an_answer_tells_what_the_next_boot_does_whatever_operation_fails() {
    let case = case();
    let settled = lived_in(&case);
    let on_trial = settled.fork();
    install(&on_trial, &case.new, CLIENT).expect("installs");
    type Act = fn(&Board, &Case) -> Result<(), String>;
    let acts: [(&str, &Board, Act); 4] = [
        ("upload", &settled, |board, case| {
            install(board, &case.new, CLIENT)
        }),
        ("rollback", &settled, |board, _| {
            let done = littlefs_image::run(board.boot().rollback());
            done.map(|_| ()).map_err(|error| error.to_string())
        }),
        ("rollback on trial", &on_trial, |board, _| {
            let done = littlefs_image::run(board.boot().rollback());
            done.map(|_| ()).map_err(|error| error.to_string())
        }),
        ("confirm", &on_trial, |board, _| {
            board
                .boot()
                .confirm(None)
                .map_err(|error| error.to_string())
        }),
    ];
    for (name, before, act) in acts {
        let undisturbed = before.fork();
        act(&undisturbed, &case).expect("undisturbed");
        let operations = undisturbed.flash.counters().operations;
        let goal = status(&undisturbed.boot());
        let mut failed = 0;
        for after in 0..operations {
            let board = before.fork();
            board
                .flash
                .inject(Fault::Operation { after })
                .expect("a fault");
            let answer = act(&board, &case);
            board.flash.repair();
            let found = status(&board.boot());
            let there = (found.active, found.state) == (goal.active, goal.state);
            failed += u64::from(answer.is_err());
            if answer.is_ok() {
                assert!(there, "{name}, operation {after}: {found:?}");
            } else if name != "confirm" {
                assert_ne!(
                    found.active, goal.active,
                    "{name}, operation {after}: {answer:?}"
                );
            }
        }
        println!("{name}: {operations} operations, {failed} failed it");
    }
}

#[test]
fn a_way_back_that_cannot_be_read_for_a_while_ends_no_trial() {
    let case = case();
    let board = lived_in(&case);
    install(&board, &case.new, CLIENT).expect("installs");
    let way_back = board.slot(status(&board.boot()).active.other().index());
    let sector = way_back.offset / 4096 + 3;
    board
        .flash
        .inject(Fault::Read { sector })
        .expect("a sector");
    let device = board.boot();
    board.flash.repair();
    assert_eq!(board::pass(&device, 61), Tick::Reboot);
    let device = board.boot();
    assert_eq!(status(&device).state, State::Trial);
    assert_eq!(board::pass(&device, 61), Tick::Reboot);
    let device = board.boot();
    assert!(serves(&device, &case.old));
    assert_eq!(
        status(&device).last.map(|last| last.outcome),
        Some(Outcome::NotConfirmed)
    );
}

#[test]
fn a_rollback_that_could_not_read_can_be_asked_for_again() {
    let case = case();
    let board = lived_in(&case);
    let device = board.boot();
    let sector = board.slot(status(&device).active.other().index()).offset / 4096 + 3;
    board
        .flash
        .inject(Fault::Read { sector })
        .expect("a sector");
    assert!(littlefs_image::run(device.rollback()).is_err());
    board.flash.repair();
    assert!(littlefs_image::run(device.rollback()).is_ok());
}

#[test]
fn an_active_slot_that_cannot_be_read_for_a_while_stays_the_active_one() {
    let case = case();
    let board = lived_in(&case);
    let active = status(&board.boot()).active;
    let sector = board.slot(active.index()).offset / 4096 + 3;
    board
        .flash
        .inject(Fault::Read { sector })
        .expect("a sector");
    let device = board.boot();
    assert_eq!(status(&device).active, active.other());
    assert!(serves(&device, &case.new), "the way back serves meanwhile");
    board.flash.repair();
    let device = board.boot();
    assert_eq!(
        (status(&device).active, status(&device).last.is_some()),
        (active, true)
    );
    assert!(serves(&device, &case.old));
}

#[test]
fn an_nvs_fault_at_boot_is_told_in_the_status() {
    let case = case();
    let board = lived_in(&case);
    assert_eq!(status(&board.boot()).fault, None);
    let sector = board.nvs().offset / 4096;
    for sector in sector..sector + 6 {
        board
            .flash
            .inject(Fault::Read { sector })
            .expect("a sector");
    }
    assert!(status(&board.boot()).fault.is_some());
}

/// Fills NVS to the last entry.
fn fill(board: &Board) {
    let mut nvs = EspNvs::new(board.flash.clone(), board.nvs());
    for index in 0..10_000 {
        if nvs.set_blob(&format!("other{index}"), &[7; 1000]).is_err() {
            break;
        }
    }
    for index in 0..10_000 {
        if nvs.set_u32(&format!("small{index}"), 7).is_err() {
            break;
        }
    }
}

#[test]
fn a_trial_that_cannot_be_counted_goes_back_to_what_was_confirmed() {
    let case = case();
    let board = lived_in(&case);
    install(&board, &case.new, CLIENT).expect("installs");
    let full_after_boot = board.fork();
    fill(&board);
    for _ in 0..5 {
        let device = board.boot();
        assert!(serves(&device, &case.old));
        assert!(status(&device).fault.is_some());
    }

    // The same when NVS becomes full while the trial runs.
    let board = full_after_boot;
    let device = board.boot();
    assert!(serves(&device, &case.new));
    fill(&board);
    assert_eq!(board::pass(&device, 61), Tick::Reboot);
    assert!(serves(&board.boot(), &case.old));
}

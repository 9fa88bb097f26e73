//! A part of the partition table that cannot be used is a clear error, and takes nothing from the
//! other parts: without slots there are settings, without settings a frontend.

use crate::board::{Board, Device, Frontend, PARTITIONS, Refused, install, serves, status, upload};
use faceplate::{
    BeginError, Confirmer, Credentials, EspNvs, EspNvsError, Fault, Slot, State,
    layout::{Layout, LayoutError, Places, TABLE_OFFSET, Use},
    text,
};
use faceplate_sim::flash::{SimFlash, layout::PartitionTable};
use littlefs_image::run;

/// The entries of the usual table, 32 bytes each: nvs, phy_init, factory, www_0, www_1, MD5.
const NVS: u32 = 0;
const PHY_INIT: u32 = 1;
const WWW_0: u32 = 3;
const WWW_1: u32 = 4;
const END: u32 = 5;

/// Offsets in an entry.
const MAGIC: u32 = 0;
const TYPE: u32 = 2;
const OFFSET: u32 = 4;
const SIZE: u32 = 8;
const LABEL: u32 = 12;
const FLAGS: u32 = 28;

fn with(entry: u32, field: u32, bytes: &[u8]) -> Board {
    let board = Board::new();
    let at = TABLE_OFFSET + entry * 32 + field;
    board.flash.poke(at, bytes).expect("in bounds");
    board
}

fn word(value: u32) -> [u8; 4] {
    value.to_le_bytes()
}

#[test]
fn the_slots_are_found_by_their_labels() {
    let board = Board::new();
    assert_eq!((board.nvs().offset, board.nvs().len), (0x9000, 0x6000));
    let slots = [0, 1].map(|index| (board.slot(index).offset, board.slot(index).len));
    assert_eq!(slots, [(0x31_0000, 0x10_0000), (0x41_0000, 0x10_0000)]);

    let moved = with(WWW_1, OFFSET, &word(0x90_0000));
    assert_eq!(moved.slot(1).offset, 0x90_0000);
}

/// What a table does: to the settings, and to the slots.
fn parts(board: &Board) -> (Option<LayoutError>, Option<LayoutError>) {
    let Layout { nvs, slots, .. } = board.layout();
    (nvs.err(), slots.err())
}

#[test]
fn what_is_wrong_with_the_slots_is_told_and_leaves_the_settings_alone() {
    let wrong = |kind, subtype| LayoutError::WrongType {
        label: "www_0",
        of_use: Use::Slot,
        kind,
        subtype,
    };
    let table: &[(&str, Board, LayoutError)] = &[
        (
            "no www_0",
            with(WWW_0, LABEL, b"spiffs\0"),
            LayoutError::Missing("www_0"),
        ),
        (
            "longer label",
            with(WWW_1, LABEL, b"www_1b"),
            LayoutError::Missing("www_1"),
        ),
        (
            "ends before www_1",
            with(WWW_1, MAGIC, &[0xEB, 0xEB]),
            LayoutError::Missing("www_1"),
        ),
        (
            "twice",
            with(WWW_1, LABEL, b"www_0"),
            LayoutError::Twice("www_0"),
        ),
        ("an app", with(WWW_0, TYPE, &[0, 0x10]), wrong(0, 0x10)),
        ("FAT", with(WWW_0, TYPE, &[1, 0x81]), wrong(1, 0x81)),
        ("settings", with(WWW_0, TYPE, &[1, 2]), wrong(1, 2)),
        (
            "of another type",
            with(WWW_0, TYPE, &[0x40, 0x83]),
            wrong(0x40, 0x83),
        ),
        (
            "encrypted",
            with(WWW_1, FLAGS, &word(1)),
            LayoutError::Encrypted("www_1"),
        ),
        (
            "read-only",
            with(WWW_1, FLAGS, &word(2)),
            LayoutError::ReadOnly("www_1"),
        ),
        (
            "empty",
            with(WWW_0, SIZE, &word(0)),
            LayoutError::BadBounds("www_0"),
        ),
        (
            "half a sector",
            with(WWW_0, SIZE, &word(0x800)),
            LayoutError::BadBounds("www_0"),
        ),
        (
            "askew",
            with(WWW_0, OFFSET, &word(0x31_0010)),
            LayoutError::BadBounds("www_0"),
        ),
        (
            "past the end",
            with(WWW_1, OFFSET, &word(0xF8_0000)),
            LayoutError::Beyond {
                label: "www_1",
                flash: 16 << 20,
            },
        ),
        (
            "wraps",
            with(WWW_1, OFFSET, &word(0xFFFF_F000)),
            LayoutError::Beyond {
                label: "www_1",
                flash: 16 << 20,
            },
        ),
        (
            "overlap by a sector",
            with(WWW_1, OFFSET, &word(0x40_F000)),
            LayoutError::Overlap("www_0", "www_1"),
        ),
        (
            "over the firmware",
            with(WWW_0, OFFSET, &word(0x2F_0000)),
            LayoutError::OverlapsOther("www_0"),
        ),
        (
            "without room for a root",
            with(WWW_1, SIZE, &word(0x1000)),
            LayoutError::TooSmall {
                label: "www_1",
                len: 0x1000,
            },
        ),
        (
            "unequal",
            with(WWW_1, SIZE, &word(0x8_0000)),
            LayoutError::Unequal(["www_0", "www_1"]),
        ),
    ];
    for (name, board, error) in table {
        assert_eq!(parts(board), (None, Some(*error)), "{name}");
    }
}

#[test]
fn one_label_for_two_partitions_makes_neither_usable() {
    let same = |label| Some(LayoutError::SameLabel(label));
    for (nvs, slots, want) in [
        ("nvs", ["www_0"; 2], (None, same("www_0"))),
        ("www_1", ["www_0", "www_1"], (same("www_1"), same("www_1"))),
        ("nvs", ["nvs", "www_1"], (same("nvs"), same("nvs"))),
    ] {
        let mut board = Board::new();
        board.places = Places {
            nvs,
            slots,
            ..Places::DEFAULT
        };
        assert_eq!(parts(&board), want, "{nvs}, {slots:?}");
    }
}

#[test]
fn what_is_wrong_with_the_settings_leaves_the_slots_alone() {
    let wrong = LayoutError::WrongType {
        label: "nvs",
        of_use: Use::Settings,
        kind: 1,
        subtype: 4,
    };
    let frontend = Frontend::new("1.0.0", 20);
    for (name, entry, field, bytes, error) in [
        (
            "none",
            NVS,
            LABEL,
            &b"other"[..],
            LayoutError::Missing("nvs"),
        ),
        ("keys", NVS, TYPE, &[1, 4], wrong),
        (
            "encrypted",
            NVS,
            FLAGS,
            &word(1),
            LayoutError::Encrypted("nvs"),
        ),
        (
            "read-only",
            NVS,
            FLAGS,
            &word(2),
            LayoutError::ReadOnly("nvs"),
        ),
        (
            "over the bootloader",
            NVS,
            OFFSET,
            &word(0x1000),
            LayoutError::OverlapsOther("nvs"),
        ),
        (
            "beside the chip",
            NVS,
            OFFSET,
            &word(0xFF_F000),
            LayoutError::Beyond {
                label: "nvs",
                flash: 16 << 20,
            },
        ),
        (
            "one page",
            NVS,
            SIZE,
            &word(0x1000),
            LayoutError::TooSmall {
                label: "nvs",
                len: 0x1000,
            },
        ),
        (
            "over the radio's",
            NVS,
            SIZE,
            &word(0x7000),
            LayoutError::OverlapsOther("nvs"),
        ),
    ] {
        let board = Board::with(&frontend);
        let at = TABLE_OFFSET + entry * 32 + field;
        board.flash.poke(at, bytes).expect("in bounds");
        assert_eq!(parts(&board), (Some(error), None), "{name}");
        // The frontend is served as it is; nothing can be changed, and the reason is told.
        let device = board.boot();
        assert!(serves(&device, &frontend), "{name}");
        assert_eq!(status(&device).state, State::Settled, "{name}");
        assert_eq!(status(&device).fault, Some(Fault::Nvs(text(error))));
        let refused = upload(&device, &frontend.image, Confirmer::Device);
        let Err(Refused::Begin(BeginError::Nvs(why))) = refused else {
            panic!("{name}: {refused:?}");
        };
        assert_eq!(why, *error.to_string(), "{name}");
        let home = Credentials::new("Home", "12345678").expect("a network");
        let refused = device.with_nvs(|nvs| nvs.set_credentials(&home));
        assert_eq!(refused, Err(EspNvsError::Layout(error)), "{name}");
        assert_eq!(board.flash.counters().operations, 0, "{name}");
    }
}

#[test]
fn settings_of_two_pages_are_enough_for_ever() {
    let board = with(NVS, SIZE, &word(0x2000));
    let images = ["1.0.0", "2.0.0"].map(|version| Frontend::new(version, 20));
    for round in 0..100 {
        let frontend = &images[round % 2];
        install(&board, frontend, Confirmer::Device).expect("installs");
        let device = board.boot();
        assert!(serves(&device, frontend), "{round}");
        device.confirm(None).expect("on trial");
    }
}

#[test]
fn what_is_wrong_with_the_table_is_wrong_with_both() {
    let both = |error| (Some(error), Some(error));
    let blank = with(NVS, MAGIC, &[0xFF, 0xFF]);
    assert_eq!(parts(&blank), both(LayoutError::NoTable(0x8000)));
    assert_eq!(fault(&blank.boot()), "no partition table at 0x8000");

    let overlap = with(WWW_0, OFFSET, &word(0x9000));
    assert_eq!(
        parts(&overlap),
        (
            Some(LayoutError::Overlap("nvs", "www_0")),
            Some(LayoutError::Overlap("www_0", "nvs"))
        )
    );
    // Two causes are both told.
    assert_eq!(
        fault(&overlap.boot()),
        "partitions `www_0` and `nvs` overlap; partitions `nvs` and `www_0` overlap"
    );
}

fn fault(device: &Device) -> String {
    status(device).fault.expect("there is one").to_string()
}

#[test]
fn two_causes_are_both_told_in_full_however_long_they_are() {
    let board = with(NVS, TYPE, &[0x40, 0x83]);
    let at = TABLE_OFFSET + WWW_1 * 32 + FLAGS;
    board.flash.poke(at, &word(1)).expect("in bounds");
    assert_eq!(
        fault(&board.boot()),
        "partition `www_1` is marked as encrypted, which is not supported; partition `nvs` must be \
         data, nvs, but is of type 0x40, 0x83"
    );
    // The store's own cause, beside the table's.
    let board = with(WWW_1, FLAGS, &word(1));
    let nvs = board.nvs();
    board.flash.poke(nvs.offset, &[0; 64]).expect("in bounds");
    assert_eq!(
        fault(&board.boot()),
        "partition `www_1` is marked as encrypted, which is not supported; the NVS partition holds \
         something else than plain NVS; it is left untouched"
    );
}

/// The longest words of each error, with the longest labels that a table has.
#[test]
fn each_cause_fits_where_it_is_told() {
    let [label, other] = ["sixteen_letters_", "other_16_letters"];
    for error in [
        LayoutError::Flash,
        LayoutError::NoTable(u32::MAX),
        LayoutError::Missing(label),
        LayoutError::Twice(label),
        LayoutError::SameLabel(label),
        LayoutError::TooSmall {
            label,
            len: u32::MAX,
        },
        LayoutError::WrongType {
            label,
            of_use: Use::Slot,
            kind: 0xff,
            subtype: 0xff,
        },
        LayoutError::Encrypted(label),
        LayoutError::ReadOnly(label),
        LayoutError::BadBounds(label),
        LayoutError::Beyond {
            label,
            flash: u32::MAX,
        },
        LayoutError::TooLarge {
            label,
            len: u32::MAX,
            room: 32 << 20,
        },
        LayoutError::Overlap(label, other),
        LayoutError::OverlapsOther(label),
        LayoutError::Unequal([label, other]),
    ] {
        assert_eq!(*text(error), error.to_string());
    }
}

#[test]
fn keys_of_nvs_encryption_are_known_by_their_type_whatever_they_are_called() {
    assert!(!Board::new().layout().nvs_keys);
    for (kind, keys) in [([1, 4], true), ([0, 4], false), ([0x40, 4], false)] {
        let board = with(PHY_INIT, TYPE, &kind);
        assert_eq!(board.layout().nvs_keys, keys, "{kind:?}");
        assert_eq!(parts(&board), (None, None));
    }
}

#[test]
fn slots_of_every_type_that_people_give_to_a_littlefs_are_taken() {
    for subtype in [0x06, 0x82, 0x83] {
        let board = with(WWW_0, TYPE, &[1, subtype]);
        assert_eq!(parts(&board), (None, None), "{subtype:#x}");
    }
}

#[test]
fn slots_larger_than_the_firmware_has_room_for_are_not_used() {
    let board = Board::new();
    for (entry, offset) in [(WWW_0, 0x31_0000), (WWW_1, 0x60_0000)] {
        let at = TABLE_OFFSET + entry * 32;
        board
            .flash
            .poke(at + OFFSET, &word(offset))
            .expect("in bounds");
        board
            .flash
            .poke(at + SIZE, &word(0x20_0000))
            .expect("in bounds");
    }
    assert_eq!(parts(&board), (None, None));
    let one_short = board.boot_with(511 * 4096);
    let found = status(&one_short);
    assert_eq!(found.state, State::Recovery);
    assert_eq!(
        fault(&one_short),
        "partition `www_0` has 2048 KiB, but this firmware is built for 2044 KiB at most"
    );
    let frontend = Frontend::new("1.0.0", 20);
    assert!(upload(&one_short, &frontend.image, Confirmer::Device).is_err());
    assert!(
        upload(
            &board.boot_with(512 * 4096),
            &frontend.image,
            Confirmer::Device
        )
        .is_ok()
    );
}

/// The tables of the repository, the sizes of their flashes in MiB, and of their slots in KiB.
const TABLES: [(&str, usize, u32); 5] = [
    (PARTITIONS, 16, 1024),
    (include_str!("../../../../partitions/4mb.csv"), 4, 1344),
    (include_str!("../../../../partitions/8mb.csv"), 8, 2496),
    (include_str!("../../../../partitions/16mb.csv"), 16, 3072),
    (include_str!("../../../../partitions/16mb-4m.csv"), 16, 4096),
];

#[test]
fn every_table_of_the_repository_fits_its_flash_and_has_room_for_the_firmware() {
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/../../partitions");
    assert_eq!(std::fs::read_dir(here).unwrap().count() + 1, TABLES.len());
    for (csv, mib, slot) in TABLES {
        let board = Board::of(csv, mib << 20);
        assert_eq!(parts(&board), (None, None), "{csv}");
        for index in [0, 1] {
            assert_eq!(board.slot(index).len, slot << 10, "{csv}");
            // Where the large erases begin.
            assert_eq!(board.slot(index).offset % 0x1_0000, 0, "{csv}");
        }
        let table = PartitionTable::from_text(csv, TABLE_OFFSET).unwrap();
        let apps = table.partitions().iter();
        let mut apps = apps.filter(|partition| partition.is_app());
        // What the largest firmware takes with its padding: docs/hardware.md.
        assert!(apps.all(|app| app.size >= 0x12_0000), "{csv}");
        let frontend = Frontend::new("1.0.0", 40);
        install(&board, &frontend, Confirmer::Device).expect("installs");
        assert!(serves(&board.boot(), &frontend), "{csv}");
    }
}

/// What `cargo xtask flash --layout` makes of a board: another table and `www_0`, `otadata` erased,
/// everything else as it was.
fn flashed_over(board: &Board, csv: &str, frontend: &Frontend) -> Board {
    const BEHIND_THE_TABLE: u32 = TABLE_OFFSET + 0x1000;
    let other = Board::of(csv, board.flash.size());
    let rest = board.flash.size() - BEHIND_THE_TABLE as usize;
    let rest = board.flash.peek(BEHIND_THE_TABLE, rest).expect("in bounds");
    other
        .flash
        .poke(BEHIND_THE_TABLE, &rest)
        .expect("in bounds");
    let table = PartitionTable::from_text(csv, TABLE_OFFSET).expect("a good table");
    if let Some(otadata) = table.find("otadata") {
        let erased = vec![0xff; otadata.size as usize];
        other
            .flash
            .poke(otadata.offset, &erased)
            .expect("in bounds");
    }
    other.flashed(frontend)
}

#[test]
fn every_table_over_a_board_of_the_usual_one_leaves_its_settings() {
    // The board serves www_1.
    let board = Board::new().flashed(&Frontend::new("1.0.0", 20));
    install(&board, &Frontend::new("2.0.0", 20), Confirmer::Device).expect("installs");
    assert_eq!(status(&board.boot()).active, Slot::Www1);
    let frontend = Frontend::new("3.0.0", 20);
    // As it gets older, what it stores moves through all pages of NVS.
    for age in 0..600 {
        let pass = format!("correct horse {age}");
        let mut nvs = EspNvs::new(board.flash.clone(), board.nvs());
        nvs.set_str("app", "pass", &pass).expect("stores");
        if age % 60 != 59 {
            continue;
        }
        for (csv, ..) in TABLES {
            let other = flashed_over(&board, csv, &frontend);
            let mut nvs = EspNvs::new(other.flash.clone(), other.nvs());
            assert_eq!(nvs.get_str("app", "pass"), Ok(Some(pass.clone())), "{csv}");
            if csv != PARTITIONS {
                // There is nothing where that table has www_1.
                assert!(serves(&other.boot(), &frontend), "{csv}");
            }
        }
    }
}

#[test]
fn slots_at_the_end_of_the_largest_flash_work() {
    let csv = "nvs, data, nvs, 0x9000, 0x6000\nfactory, app, factory, 0x10000, 2M\n\
               www_0, data, littlefs, 0x210000, 0xef0000\nwww_1, data, spiffs, 0x1110000, 0xef0000";
    let board = Board::of(csv, 32 << 20);
    assert_eq!(parts(&board), (None, None));
    let frontend = Frontend::new("1.0.0", 20);
    let device = board.boot_with(0xef_0000);
    upload(&device, &frontend.image, Confirmer::Device).expect("installs");
    assert!(serves(&board.boot_with(0xef_0000), &frontend));
    assert_eq!(board.slot(1).offset + board.slot(1).len, 32 << 20);
}

#[test]
fn labels_and_the_place_of_the_table_are_options() {
    let table = PARTITIONS
        .replace("nvs,      data", "cfg,      data")
        .replace("www_0", "web_a")
        .replace("www_1", "web_b")
        .replace("0x9000", "0x11000")
        .replace("0xf000", "0x17000")
        .replace("0x10000,", "0x20000,")
        .replace("0x300000", "0x2f0000");
    let places = Places {
        table_offset: 0x1_0000,
        nvs: "cfg",
        slots: ["web_a", "web_b"],
    };
    let flash = SimFlash::with_table(&table, 16 << 20, places.table_offset);
    let board = Board {
        flash: flash.expect("a good table"),
        places,
        ..Board::new()
    };
    assert_eq!(parts(&board), (None, None));
    let frontend = Frontend::new("1.0.0", 20);
    install(&board, &frontend, Confirmer::Device).expect("installs");
    let device = board.boot();
    assert!(serves(&device, &frontend));
    assert_eq!(
        status(&device).slots.map(|slot| slot.label),
        ["web_a", "web_b"]
    );
    // A firmware that looks elsewhere finds nothing, and says where it looked.
    let other = Board {
        places: Places::DEFAULT,
        ..board.clone()
    };
    assert_eq!(parts(&other).0, Some(LayoutError::NoTable(0x8000)));
    // A slot at the table's own place is over it.
    let moved = Board {
        places: Places {
            slots: ["web_a", "over"],
            ..places
        },
        ..board
    };
    let at = places.table_offset + WWW_1 * 32;
    moved.flash.poke(at + LABEL, b"over\0").expect("in bounds");
    moved
        .flash
        .poke(at + OFFSET, &word(places.table_offset))
        .expect("in bounds");
    moved
        .flash
        .poke(at + SIZE, &word(0x1000))
        .expect("in bounds");
    assert_eq!(parts(&moved).1, Some(LayoutError::OverlapsOther("over")));
}

#[test]
fn a_table_without_an_end_is_read_no_further_than_it_can_reach() {
    let board = Board::new();
    let entry = board.flash.peek(TABLE_OFFSET, 32).expect("in bounds");
    for index in END..200 {
        board
            .flash
            .poke(TABLE_OFFSET + index * 32, &entry)
            .expect("in bounds");
        let field = |field| TABLE_OFFSET + index * 32 + field;
        board
            .flash
            .poke(field(OFFSET), &word(0xF0_0000))
            .expect("in bounds");
        let label = field(LABEL);
        board
            .flash
            .poke(label, format!("p{index}\0").as_bytes())
            .expect("in bounds");
    }
    assert_eq!(parts(&board), (None, None));
}

#[test]
fn without_slots_the_device_boots_into_recovery_refuses_uploads_and_keeps_settings() {
    let frontend = Frontend::new("1.0.0", 20);
    let board = with(WWW_1, LABEL, b"nothing");
    let device = board.boot();
    assert_eq!(status(&device).state, State::Recovery);
    assert_eq!(
        upload(&device, &frontend.image, Confirmer::Device),
        Err(Refused::Begin(BeginError::NoSlots(LayoutError::Missing(
            "www_1"
        ))))
    );
    for slot in status(&device).slots {
        let problem = slot.problem().expect("no slot").to_string();
        assert_eq!(problem, "the partition table has no `www_1`");
    }
    assert!(run(device.rollback()).is_err());
    assert_eq!(fault(&device), "the partition table has no `www_1`");
    assert_eq!(board.flash.counters().operations, 0);
    // Settings of the firmware itself are stored as ever.
    let stored = device.with_nvs(|nvs| nvs.set_str("app", "place", "Home"));
    assert_eq!(stored, Ok(()));
    let mut nvs = EspNvs::new(board.flash.clone(), board.nvs());
    assert_eq!(nvs.get_str("app", "place"), Ok(Some("Home".to_owned())));
    assert!(
        install(&Board::new(), &frontend, Confirmer::Device).is_ok(),
        "the image is good"
    );
}

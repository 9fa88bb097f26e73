//! A partition table that cannot be used is a clear error, and ends in the recovery page.

mod board;

use board::{Board, Frontend, Refused, install, status, upload};
use faceplate::{
    BeginError, Confirmer, State,
    layout::{Layout, LayoutError, TABLE_OFFSET},
};
use littlefs_image::run;

/// The entries of the usual table, 32 bytes each: nvs, phy_init, factory, www_0, www_1, MD5.
const NVS: u32 = 0;
const WWW_0: u32 = 3;
const WWW_1: u32 = 4;
const END: u32 = 5;

/// Offsets in an entry.
const MAGIC: u32 = 0;
const OFFSET: u32 = 4;
const SIZE: u32 = 8;
const LABEL: u32 = 12;

fn read(board: &Board) -> Result<Layout, LayoutError> {
    run(Layout::read(&mut board.flash.clone()))
}

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
    let layout = read(&Board::new()).expect("a good table");
    assert_eq!((layout.nvs.offset, layout.nvs.len), (0x9000, 0x6000));
    assert_eq!(
        (layout.slots[0].offset, layout.slots[0].len),
        (0x31_0000, 0x10_0000)
    );
    assert_eq!(
        (layout.slots[1].offset, layout.slots[1].len),
        (0x41_0000, 0x10_0000)
    );

    let moved = with(WWW_1, OFFSET, &word(0x90_0000));
    assert_eq!(
        read(&moved).expect("a good table").slots[1].offset,
        0x90_0000
    );
}

#[test]
fn each_unusable_table_is_told_by_its_own_error() {
    let table: &[(&str, Board, LayoutError)] = &[
        (
            "blank",
            with(NVS, MAGIC, &[0xFF, 0xFF]),
            LayoutError::NoTable,
        ),
        (
            "no nvs",
            with(NVS, LABEL, b"other"),
            LayoutError::Missing("nvs"),
        ),
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
            LayoutError::BadBounds("www_1"),
        ),
        (
            "wraps",
            with(WWW_1, OFFSET, &word(0xFFFF_F000)),
            LayoutError::BadBounds("www_1"),
        ),
        (
            "overlap by a sector",
            with(WWW_1, OFFSET, &word(0x40_F000)),
            LayoutError::Overlap("www_0", "www_1"),
        ),
        (
            "www over nvs",
            with(WWW_0, OFFSET, &word(0x9000)),
            LayoutError::Overlap("nvs", "www_0"),
        ),
        (
            "over the firmware",
            with(WWW_0, OFFSET, &word(0x2F_0000)),
            LayoutError::OverlapsOther("www_0"),
        ),
        (
            "over the table",
            with(WWW_1, OFFSET, &word(0x8000)),
            LayoutError::Overlap("nvs", "www_1"),
        ),
        (
            "over the bootloader",
            with(NVS, OFFSET, &word(0x1000)),
            LayoutError::OverlapsOther("nvs"),
        ),
        (
            "unequal",
            with(WWW_1, SIZE, &word(0x8_0000)),
            LayoutError::Unequal,
        ),
    ];
    for (name, board, error) in table {
        assert_eq!(read(board), Err(*error), "{name}");
    }
}

#[test]
fn slots_larger_than_the_checker_handles_are_refused() {
    let board = with(WWW_0, SIZE, &word(0x20_0000));
    board
        .flash
        .poke(TABLE_OFFSET + WWW_1 * 32 + OFFSET, &word(0x60_0000))
        .expect("in bounds");
    board
        .flash
        .poke(TABLE_OFFSET + WWW_1 * 32 + SIZE, &word(0x20_0000))
        .expect("in bounds");
    assert_eq!(read(&board), Err(LayoutError::TooLarge("www_0")));
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
    assert!(read(&board).is_ok());
}

#[test]
fn without_slots_the_device_boots_into_recovery_and_refuses_uploads() {
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
        let problem = slot.problem.expect("no slot").to_string();
        assert_eq!(problem, "the partition table has no `www_1`");
    }
    assert!(run(device.rollback()).is_err());
    assert_eq!(board.flash.counters().operations, 0);
    assert!(
        install(&Board::new(), &frontend, Confirmer::Device).is_ok(),
        "the image is good"
    );
}

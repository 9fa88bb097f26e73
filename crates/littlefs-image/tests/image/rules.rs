//! Each rule of the check: an image that breaks just this one is refused, with the error that says so.

use crate::metadata::*;
use crate::watched::{Broken, Watched, checked, read_all};
use littlefs_image::{
    build::{Builder, Options},
    check::{Report, check},
    format::{CRC_SEED, SuperblockError, Tag, crc32},
    read::{ENTRIES_MAX, Error, Image, probe},
    run,
};

/// Blocks of the disk.
const BLOCKS: usize = 24;

/// Sizes of the file `big`: five blocks, of which those with index 2 and 4 have shortcuts.
const BIG: u32 = 17_000;

/// An image put together by hand.
///
/// Root in blocks 0 and 1 with `a.txt`, `big` (blocks 4 to 8), `dir` and `sub`; `dir` in blocks 2
/// and 3 with `x`; `sub` in blocks 9 and 10, continued in 11 and 12, with `one` and `two`.
struct Disk {
    /// The metadata of both blocks of each pair: nothing in the second.
    pairs: Vec<([u32; 2], Metadata)>,
    data: Vec<(u32, Vec<u32>)>,
}

fn superblock_fields() -> [u32; 6] {
    [0x0002_0001, 4096, BLOCKS as u32, 255, 0x7fff_ffff, 1022]
}

fn superblock(fields: [u32; 6]) -> Vec<Record> {
    let bytes: Vec<u8> = fields
        .iter()
        .flat_map(|field| field.to_le_bytes())
        .collect();
    vec![
        record(SUPERBLOCK, 0, b"littlefs"),
        record(INLINE_STRUCT, 0, &bytes),
    ]
}

fn tail(kind: u16, pair: [u32; 2]) -> Record {
    record(kind, NONE, &two(pair[0], pair[1]))
}

fn pair(records: Vec<Record>) -> Metadata {
    Metadata {
        revision: 1,
        commits: vec![records],
    }
}

impl Disk {
    fn new() -> Self {
        let mut root = superblock(superblock_fields());
        root.extend([
            record(REG, 1, b"a.txt"),
            record(INLINE_STRUCT, 1, b"hello"),
            record(USER_ATTR + 0x74, 1, b"time"),
            record(REG, 2, b"big"),
            record(CTZ_STRUCT, 2, &two(8, BIG)),
            record(DIR, 3, b"dir"),
            record(DIR_STRUCT, 3, &two(2, 3)),
            record(DIR, 4, b"sub"),
            record(DIR_STRUCT, 4, &two(9, 10)),
            tail(SOFT_TAIL, [2, 3]),
        ]);
        let dir = vec![
            record(REG, 0, b"x"),
            record(INLINE_STRUCT, 0, b""),
            tail(SOFT_TAIL, [9, 10]),
        ];
        let one = vec![
            record(REG, 0, b"one"),
            record(INLINE_STRUCT, 0, b"1"),
            tail(HARD_TAIL, [11, 12]),
        ];
        let two = vec![record(REG, 0, b"two"), record(INLINE_STRUCT, 0, b"2")];
        Disk {
            pairs: vec![
                ([0, 1], pair(root)),
                ([2, 3], pair(dir)),
                ([9, 10], pair(one)),
                ([11, 12], pair(two)),
            ],
            data: vec![
                (4, vec![]),
                (5, vec![4]),
                (6, vec![5, 4]),
                (7, vec![6]),
                (8, vec![7, 6, 4]),
            ],
        }
    }

    /// The records of the only commit of a pair.
    fn records(&mut self, first: u32) -> &mut Vec<Record> {
        let pair = self.pairs.iter_mut().find(|(pair, _)| pair[0] == first);
        &mut pair.expect("the disk has the pair").1.commits[0]
    }

    /// The record of the root with this kind, and this id.
    fn root(&mut self, kind: u16, id: u16) -> &mut Record {
        let mut records = self.records(0).iter_mut();
        records
            .find(|record| (record.kind, record.id) == (kind, id))
            .expect("it has it")
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0xff; BLOCKS * BLOCK];
        for (pair, metadata) in &self.pairs {
            let block = metadata.seal().expect("it fits");
            bytes[pair[0] as usize * BLOCK..][..BLOCK].copy_from_slice(&block);
        }
        for (block, pointers) in &self.data {
            let head: Vec<u8> = pointers.iter().flat_map(|to| to.to_le_bytes()).collect();
            bytes[*block as usize * BLOCK..][..head.len()].copy_from_slice(&head);
        }
        bytes
    }
}

fn check_bytes(bytes: &[u8]) -> Result<Report, Error<Broken>> {
    checked(&mut Watched::new(bytes, 4 << 20))
}

/// What the check says of the disk with one change.
fn verdict(change: impl FnOnce(&mut Disk)) -> Result<Report, Error<Broken>> {
    let mut disk = Disk::new();
    change(&mut disk);
    let bytes = disk.bytes();
    let verdict = check_bytes(&bytes);
    if verdict.is_ok() {
        read_all(&mut Watched::new(&bytes, 4 << 20), true).expect("it passed the check");
    }
    verdict
}

fn assert_record_refused(change: impl FnOnce(&mut Disk)) {
    let verdict = verdict(change);
    assert!(matches!(verdict, Err(Error::Record { .. })), "{verdict:?}");
}

#[test]
fn the_image_that_the_tests_change_passes() {
    let report = verdict(|_| ()).expect("nothing is wrong with it");
    assert_eq!(
        (report.files, report.dirs, report.bytes),
        (5, 2, 5 + u64::from(BIG) + 2)
    );
    assert_eq!((report.blocks_used, report.last_used_block), (13, 12));
}

#[test]
fn a_short_image_passes_as_long_as_nothing_that_is_used_is_missing() {
    let bytes = Disk::new().bytes();
    let whole = check_bytes(&bytes);
    assert!(whole.is_ok());
    assert_eq!(check_bytes(&bytes[..13 * BLOCK]), whole);
    let missing = Err(Error::Truncated {
        blocks: 12,
        whole: 13,
    });
    assert_eq!(check_bytes(&bytes[..12 * BLOCK]), missing);
}

#[test]
fn blank_and_foreign_bytes_are_not_littlefs() {
    for bytes in [
        vec![0xff; BLOCK * 4],
        vec![0; BLOCK * 4],
        b"\x7fELF".repeat(BLOCK),
        vec![],
    ] {
        assert_eq!(check_bytes(&bytes), Err(Error::NotLittleFs));
        assert_eq!(probe(&bytes, 256), Err(Error::NotLittleFs));
    }
    let bytes = Disk::new().bytes();
    assert_eq!(check_bytes(&bytes[..BLOCK]), Err(Error::NotLittleFs));
    assert_eq!(probe(&bytes[..BLOCK - 1], 256), Err(Error::NotLittleFs));
}

#[test]
fn a_superblock_outside_the_limits_is_refused_by_check_and_probe() {
    for (field, value, error) in [
        (0, 0x0002_0002, SuperblockError::Version(0x0002_0002)),
        (1, 512, SuperblockError::BlockSize(512)),
        (2, 0, SuperblockError::BlockCount(0)),
        (3, 1023, SuperblockError::NameMax(1023)),
        (4, 0, SuperblockError::FileMax(0)),
        (5, 1023, SuperblockError::AttrMax(1023)),
    ] {
        let mut disk = Disk::new();
        let mut fields = superblock_fields();
        fields[field] = value;
        disk.root(INLINE_STRUCT, 0).data = superblock(fields)[1].data.clone();
        let bytes = disk.bytes();
        assert_eq!(check_bytes(&bytes), Err(Error::Superblock(error)));
        assert_eq!(probe(&bytes[..BLOCK], 256), Err(Error::Superblock(error)));
    }
}

#[test]
fn the_probe_refuses_an_image_for_a_larger_partition() {
    let bytes = Disk::new().bytes();
    assert_eq!(probe(&bytes[..BLOCK], 24).map(|s| s.block_count), Ok(24));
    assert_eq!(
        probe(&bytes[..BLOCK], 23),
        Err(Error::TooLarge {
            block_count: 24,
            blocks: 23
        })
    );
}

#[test]
fn a_block_that_the_superblock_does_not_count_may_not_be_used() {
    let mut fields = superblock_fields();
    fields[2] = 12;
    let verdict =
        verdict(|disk| disk.root(INLINE_STRUCT, 0).data = superblock(fields)[1].data.clone());
    assert_eq!(
        verdict,
        Err(Error::BlockOutside {
            block: 12,
            blocks: 12
        })
    );
}

#[test]
fn the_last_superblock_of_a_chain_counts() {
    // The root has moved on to blocks 13 and 14.
    let moved = |fields: [u32; 6]| {
        move |disk: &mut Disk| {
            let mut root = std::mem::take(disk.records(0));
            root[1].data = superblock(fields)[1].data.clone();
            let mut left = superblock(superblock_fields());
            left.push(tail(HARD_TAIL, [13, 14]));
            *disk.records(0) = left;
            disk.pairs.push(([13, 14], pair(root)));
        }
    };
    let mut fields = superblock_fields();
    fields[2] = 20;
    let report = verdict(moved(fields)).expect("as C littlefs does it");
    assert_eq!(
        (
            report.superblock.block_count,
            report.files,
            report.blocks_used
        ),
        (20, 5, 15)
    );
    fields[2] = 14;
    let short = verdict(moved(fields));
    assert_eq!(
        short,
        Err(Error::BlockOutside {
            block: 14,
            blocks: 14
        })
    );
    let mut low = superblock_fields();
    low[3] = 64;
    let grown = verdict(|disk| {
        moved(superblock_fields())(disk);
        disk.records(0)[1].data = superblock(low)[1].data.clone();
    });
    assert_eq!(grown, Err(Error::Superblock(SuperblockError::Grown)));
    let file_left_behind = verdict(|disk| {
        moved(superblock_fields())(disk);
        disk.records(0)
            .extend([record(REG, 1, b"old"), record(INLINE_STRUCT, 1, b"")]);
    });
    assert_eq!(file_left_behind, Err(Error::Entry { block: 0, id: 1 }));
}

#[test]
fn a_superblock_in_another_directory_is_refused() {
    assert_record_refused(|disk| disk.records(2)[0] = record(SUPERBLOCK, 0, b"littlefs"));
    assert_record_refused(|disk| disk.root(REG, 1).kind = SUPERBLOCK);
}

#[test]
fn a_block_outside_the_image_is_refused() {
    let outside = Err(Error::BlockOutside {
        block: 24,
        blocks: 24,
    });
    assert_eq!(
        verdict(|disk| disk.root(CTZ_STRUCT, 2).data = two(24, BIG).to_vec()),
        outside
    );
    assert_eq!(
        verdict(|disk| disk.root(DIR_STRUCT, 3).data = two(2, 24).to_vec()),
        outside
    );
    assert_eq!(
        verdict(|disk| *disk.records(2).last_mut().unwrap() = tail(SOFT_TAIL, [24, 9])),
        outside
    );
    assert_eq!(verdict(|disk| disk.data[3].1[0] = 24), outside);
}

#[test]
fn a_block_used_twice_is_refused() {
    let big = |head| move |disk: &mut Disk| disk.root(CTZ_STRUCT, 2).data = two(head, 100).to_vec();
    for block in [0, 2, 9, 12] {
        assert_eq!(
            verdict(big(block)),
            Err(Error::UsedTwice { block }),
            "metadata {block}"
        );
    }
    // Two files share a block.
    let shared = verdict(|disk| {
        disk.records(2)[1] = record(CTZ_STRUCT, 0, &two(4, 100));
    });
    assert_eq!(shared, Err(Error::UsedTwice { block: 4 }));
    // A file comes back to its own block.
    let circle = verdict(|disk| disk.data[2].1[0] = 8);
    assert_eq!(circle, Err(Error::UsedTwice { block: 8 }));
    // Both blocks of a pair are the same.
    let twin = verdict(|disk| disk.root(DIR_STRUCT, 3).data = two(2, 2).to_vec());
    assert_eq!(twin, Err(Error::UsedTwice { block: 2 }));
    // Neither is it when no other pair leads to it, so that it is in no list.
    let apart = verdict(|disk| {
        disk.records(2)[0].kind = DIR;
        disk.records(2)[1] = record(DIR_STRUCT, 0, &two(13, 13));
        let file = vec![record(REG, 0, b"f"), record(INLINE_STRUCT, 0, b"")];
        disk.pairs.push(([13, 13], pair(file)));
    });
    assert_eq!(apart, Err(Error::UsedTwice { block: 13 }));
    // Two names for one directory, and a directory that holds its parent.
    let twice = verdict(|disk| disk.root(DIR_STRUCT, 4).data = two(3, 2).to_vec());
    assert_eq!(twice, Err(Error::UsedTwice { block: 2 }));
    let parent = verdict(|disk| {
        disk.records(2)[0].kind = DIR;
        disk.records(2)[1] = record(DIR_STRUCT, 0, &two(0, 1));
    });
    assert_eq!(parent, Err(Error::UsedTwice { block: 0 }));
    // Two blocks of two pairs.
    let mixed = verdict(|disk| disk.root(DIR_STRUCT, 3).data = two(2, 10).to_vec());
    assert_eq!(mixed, Err(Error::UsedTwice { block: 2 }));
}

#[test]
fn every_shortcut_of_a_file_is_checked() {
    for (at, pointer, wrong) in [
        (2, 1, 5),
        (4, 1, 5),
        (4, 2, 6),
        (4, 2, 20),
        (4, 1, u32::MAX),
    ] {
        let verdict = verdict(|disk| disk.data[at].1[pointer] = wrong);
        assert!(
            matches!(verdict, Err(Error::Shortcut { .. })),
            "{verdict:?}"
        );
    }
}

#[test]
fn a_file_larger_than_the_image_or_the_limit_is_refused() {
    for size in [0x7fff_ffff, u32::MAX, 24 * 4096 + 1] {
        let verdict = verdict(|disk| disk.root(CTZ_STRUCT, 2).data = two(8, size).to_vec());
        assert_eq!(
            verdict,
            Err(Error::FileSize {
                block: 0,
                id: 2,
                size
            })
        );
    }
    let mut fields = superblock_fields();
    fields[4] = BIG - 1;
    let verdict =
        verdict(|disk| disk.root(INLINE_STRUCT, 0).data = superblock(fields)[1].data.clone());
    assert_eq!(
        verdict,
        Err(Error::FileSize {
            block: 0,
            id: 2,
            size: BIG
        })
    );
}

#[test]
fn unacceptable_names_are_refused() {
    let long = [b'n'; 256];
    let names: [&[u8]; 9] = [
        b"",
        b".",
        b"..",
        b"a/b",
        b"a\0",
        b"a\n",
        b"\x7f",
        b"\xff\xfe",
        &long,
    ];
    for name in names {
        let verdict = verdict(|disk| {
            *disk.root(REG, 1) = record(REG, 1, name);
        });
        assert_eq!(verdict, Err(Error::Name { block: 0, id: 1 }), "{name:?}");
    }
    let mut fields = superblock_fields();
    fields[3] = 4;
    let verdict =
        verdict(|disk| disk.root(INLINE_STRUCT, 0).data = superblock(fields)[1].data.clone());
    assert_eq!(
        verdict,
        Err(Error::Name { block: 0, id: 1 }),
        "a.txt has five"
    );
}

#[test]
fn names_out_of_order_are_refused() {
    let name = |name: &'static [u8]| verdict(|disk| *disk.root(REG, 2) = record(REG, 2, name));
    let order = |id| Err(Error::Order { block: 0, id });
    assert_eq!(
        name(b"a"),
        name(b"big"),
        "a longer name stands before its beginning"
    );
    assert!(name(b"a").is_ok());
    assert_eq!(name(b"a.txt.gz"), order(2));
    assert_eq!(name(b"a.txt"), order(2), "the same name twice");
    assert_eq!(name(b"dir"), order(3));
    assert_eq!(name(b"A"), order(2));
    // From one pair of a directory to the next.
    for name in [b"one", b"two"] {
        let verdict = verdict(|disk| disk.records(9)[0] = record(REG, 0, name));
        assert_eq!(verdict.is_ok(), name == b"one");
        assert!(name == b"one" || verdict == Err(Error::Order { block: 11, id: 0 }));
    }
    // Not from a directory to one in it: `sub` continues with `two`, in which `a` is the first.
    let inner = verdict(|disk| {
        *disk.records(11) = vec![
            record(DIR, 0, b"two"),
            record(DIR_STRUCT, 0, &two(13, 14)),
            tail(SOFT_TAIL, [13, 14]),
        ];
        let file = vec![record(REG, 0, b"a"), record(INLINE_STRUCT, 0, b"")];
        disk.pairs.push(([13, 14], pair(file)));
    });
    assert!(inner.is_ok(), "{inner:?}");
}

#[test]
fn an_entry_without_name_or_content_or_with_two_names_is_refused() {
    let entry = |id| Err(Error::Entry { block: 0, id });
    assert_eq!(verdict(|disk| drop(disk.records(0).remove(2))), entry(1));
    assert_eq!(verdict(|disk| drop(disk.records(0).remove(3))), entry(1));
    assert_eq!(
        verdict(|disk| disk.records(0).insert(4, record(DIR, 1, b"a"))),
        entry(1)
    );
    assert_eq!(verdict(|disk| disk.root(REG, 1).kind = DIR), entry(1));
    assert_eq!(verdict(|disk| disk.root(DIR, 3).kind = REG), entry(3));
}

#[test]
fn unknown_and_misplaced_records_are_refused() {
    for kind in [
        0x003, 0x0fe, 0x100, 0x203, 0x400, 0x4fe, 0x580, 0x5fe, 0x602, 0x700, 0x7fe,
    ] {
        assert_record_refused(|disk| disk.records(0).push(record(kind, 1, b"12345678")));
        assert_record_refused(|disk| disk.records(0).push(record(kind, NONE, b"12345678")));
    }
    for (kind, id, length) in [
        (DIR_STRUCT, 3, 7),
        (CTZ_STRUCT, 2, 12),
        (DIR_STRUCT, NONE, 8),
        (INLINE_STRUCT, NONE, 1),
        (CREATE, 1, 1),
        (DELETE, 1, 4),
        (SOFT_TAIL, NONE, 4),
        (HARD_TAIL, NONE, 12),
        (SOFT_TAIL, 1, 8),
        (FCRC, NONE, 4),
        (FCRC, 0, 8),
        (MOVE_STATE, NONE, 8),
        (MOVE_STATE, 1, 12),
        (USER_ATTR, NONE, 4),
        (REG, NONE, 4),
    ] {
        assert_record_refused(|disk| {
            disk.records(0).push(record(kind, id, &vec![0; length]));
        });
    }
    for kind in [
        REG,
        DIR_STRUCT,
        INLINE_STRUCT,
        CTZ_STRUCT,
        SOFT_TAIL,
        MOVE_STATE,
    ] {
        let deleted = Record {
            length: NONE,
            ..record(kind, 1, b"")
        };
        assert_record_refused(|disk| disk.records(0).push(deleted));
    }
}

#[test]
fn a_checksum_of_a_kind_that_is_not_defined_is_refused() {
    let mut disk = Disk::new();
    let records = disk.records(2).iter();
    let at = 4 + records.map(|record| 4 + record.data.len()).sum::<usize>();
    let mut bytes = disk.bytes();
    let block = &mut bytes[2 * BLOCK..][..BLOCK];
    // Type 0x502 instead of 0x500, and a checksum that is right.
    block[at + 1] ^= 0x20;
    let crc = crc32(CRC_SEED, &block[..at + 4]);
    block[at + 4..at + 8].copy_from_slice(&crc.to_le_bytes());
    let tag = Tag::new(CRC + 2, NONE, 4);
    let offset = at as u16;
    let refused = Error::Record {
        block: 2,
        offset,
        tag,
    };
    assert_eq!(check_bytes(&bytes), Err(refused));
}

#[test]
fn more_entries_than_the_limit_are_refused_by_check_and_walk() {
    let mut builder = Builder::new();
    for file in 0..ENTRIES_MAX {
        builder.file(&format!("{file:04}"), "").expect("valid");
    }
    let mut bytes = builder.build(&Options::default()).expect("it fits");
    let walk = |bytes: &[u8]| {
        let mut storage = Watched::new(bytes, 32 << 20);
        let blocks = storage.blocks();
        let mut walk = run(Image::mount(&mut storage, blocks))?.walk();
        let mut entries = 0;
        while run(walk.next(&mut storage))?.is_some() {
            entries += 1;
        }
        Ok(entries)
    };
    assert_eq!(check_bytes(&bytes).map(|report| report.files), Ok(4096));
    assert_eq!(walk(&bytes), Ok(4096));

    // One more at the end of the last pair.
    let last = &mut bytes.chunks_exact_mut(2 * BLOCK).next_back().unwrap()[..BLOCK];
    let mut metadata = Metadata::parse(last).expect("it is valid");
    let records = &mut metadata.commits[0];
    let id = records.last().expect("it has entries").id + 1;
    records.extend([record(REG, id, b"x"), record(INLINE_STRUCT, id, b"")]);
    last.copy_from_slice(&metadata.seal().expect("it fits"));
    let refused = Error::TooManyEntries { limit: 4096 };
    assert_eq!(check_bytes(&bytes), Err(refused));
    assert_eq!(walk(&bytes), Err(refused));
}

#[test]
fn making_and_removing_entries_that_cannot_be_is_refused() {
    assert_record_refused(|disk| disk.records(11).insert(0, record(DELETE, 0, b"")));
    assert_record_refused(|disk| disk.records(0).push(record(DELETE, 5, b"")));
    assert_record_refused(|disk| disk.records(0).push(record(CREATE, 6, b"")));
    assert_record_refused(|disk| disk.records(0).push(record(DELETE, NONE, b"")));
}

#[test]
fn an_attribute_larger_than_the_limit_is_refused() {
    let mut fields = superblock_fields();
    fields[5] = 3;
    assert_record_refused(|disk| {
        disk.root(INLINE_STRUCT, 0).data = superblock(fields)[1].data.clone();
    });
    assert!(verdict(|disk| disk.records(0).push(record(USER_ATTR, 1, &[0; 1022]))).is_ok());
}

#[test]
fn a_pending_move_is_refused() {
    let share = |bytes: &[u8]| record(MOVE_STATE, NONE, bytes);
    let verdict_of = |a: [u8; 12], b: [u8; 12]| {
        verdict(|disk| {
            disk.records(0).push(share(&a));
            disk.records(9).push(share(&b));
        })
    };
    assert_eq!(verdict_of([0; 12], [1; 12]), Err(Error::PendingMove));
    assert_eq!(verdict_of([1; 12], [3; 12]), Err(Error::PendingMove));
    assert!(
        verdict_of([1; 12], [1; 12]).is_ok(),
        "it was settled in another pair"
    );
    let orphans = [0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0];
    assert!(
        verdict_of(orphans, [0; 12]).is_ok(),
        "that there may be orphans is no move"
    );
    let replaced = verdict(|disk| disk.records(0).extend([share(&[1; 12]), share(&[0; 12])]));
    assert!(replaced.is_ok(), "only the latest counts");
}

#[test]
fn the_list_of_all_metadata_must_be_the_tree() {
    let last = |first: u32, record: Record| {
        verdict(move |disk| *disk.records(first).last_mut().unwrap() = record)
    };
    // The list ends early, leaves one out, or begins anew.
    let missing = |pair| Err(Error::NotInList { pair });
    let none = [u32::MAX; 2];
    assert_eq!(last(2, tail(SOFT_TAIL, none)), missing([9, 10]));
    assert_eq!(
        last(0, tail(SOFT_TAIL, [9, 10])),
        Err(Error::UsedTwice { block: 9 })
    );
    let again = verdict(|disk| disk.records(11).push(tail(SOFT_TAIL, [0, 1])));
    assert_eq!(again, missing([0, 1]));
    // A pair that is in no directory.
    let orphan = verdict(|disk| disk.records(11).push(tail(SOFT_TAIL, [20, 21])));
    assert_eq!(orphan, Err(Error::Orphan { pair: [20, 21] }));
    // A directory apart, in a circle with itself.
    let circle = verdict(|disk| {
        *disk.records(0).last_mut().unwrap() = tail(SOFT_TAIL, [9, 10]);
        *disk.records(2).last_mut().unwrap() = tail(SOFT_TAIL, [2, 3]);
    });
    assert_eq!(circle, Err(Error::ListCircle));
    // The other order of a pair's blocks is the same pair.
    assert!(last(0, tail(SOFT_TAIL, [3, 2])).is_ok());
}

#[test]
fn directories_in_a_circle_are_refused() {
    let circle = verdict(|disk| disk.records(11).push(tail(HARD_TAIL, [9, 10])));
    assert_eq!(circle, Err(Error::UsedTwice { block: 9 }));
}

/// A disk with `depth` nested directories of a name with `length` bytes, and a file in the last.
fn nested(depth: u32, length: usize) -> Result<Report, Error<Broken>> {
    let name = vec![b'd'; length];
    let mut bytes = vec![0xff; 64 * BLOCK];
    for level in 0..=depth {
        let mut records = Vec::new();
        let mut id = 0;
        if level == 0 {
            let mut fields = superblock_fields();
            fields[2] = 64;
            records = superblock(fields);
            id = 1;
        }
        if level < depth {
            let next = [2 * level + 2, 2 * level + 3];
            records.push(record(DIR, id, &name));
            records.push(record(DIR_STRUCT, id, &two(next[0], next[1])));
            records.push(tail(SOFT_TAIL, next));
        } else {
            records.push(record(REG, id, b"f"));
            records.push(record(INLINE_STRUCT, id, b""));
        }
        let block = pair(records).seal().expect("it fits");
        bytes[2 * level as usize * BLOCK..][..BLOCK].copy_from_slice(&block);
    }
    let verdict = check_bytes(&bytes);
    let read = read_all(&mut Watched::new(&bytes, 4 << 20), true);
    assert_eq!(
        read.map(drop),
        verdict.map(drop),
        "check and reader have the same limits"
    );
    verdict
}

#[test]
fn directories_are_nested_up_to_the_limit() {
    assert_eq!(nested(16, 1).map(|report| report.dirs), Ok(16));
    assert_eq!(nested(17, 1), Err(Error::TooDeep { pair: [34, 35] }));
}

#[test]
fn paths_are_as_long_as_the_limit() {
    // Two names and a slash, then the file: 126 + 1 + 126 + 2 = 255.
    assert!(nested(2, 126).is_ok());
    assert_eq!(nested(2, 127), Err(Error::PathTooLong { block: 4, id: 0 }));
    assert_eq!(nested(2, 128), Err(Error::PathTooLong { block: 2, id: 0 }));
}

#[test]
fn the_newer_block_of_a_pair_counts_and_the_older_stands_in() {
    let both = |first: u32, second: u32| {
        let mut disk = Disk::new();
        disk.pairs[1].1.revision = first;
        let mut bytes = disk.bytes();
        let records = vec![
            record(REG, 0, b"other"),
            record(INLINE_STRUCT, 0, b""),
            tail(SOFT_TAIL, [9, 10]),
        ];
        let other = Metadata {
            revision: second,
            commits: vec![records],
        };
        bytes[3 * BLOCK..4 * BLOCK].copy_from_slice(&other.seal().expect("it fits"));
        bytes
    };
    let is_other = |bytes: &[u8]| {
        check_bytes(bytes).expect("both are whole");
        let mut storage = bytes;
        let image = run(Image::mount(&mut storage, BLOCKS as u32)).expect("it mounts");
        run(image.find(&mut storage, "dir/other"))
            .expect("it reads")
            .is_some()
    };
    assert!(is_other(&both(1, 2)));
    assert!(!is_other(&both(2, 1)));
    assert!(is_other(&both(0xffff_ffff, 0)), "revisions wrap around");
    assert!(!is_other(&both(0, 0xffff_fff0)));
    assert!(is_other(&both(0x7fff_ffff, 0x8000_0000)));
    let mut torn = both(1, 2);
    torn[3 * BLOCK + 6] ^= 1;
    assert!(!is_other(&torn), "the newer has no valid commit");
    torn[2 * BLOCK + 6] ^= 1;
    assert_eq!(check_bytes(&torn), Err(Error::NoCommit { pair: [2, 3] }));
}

#[test]
fn a_torn_commit_at_the_end_is_as_if_it_was_never_begun() {
    let mut disk = Disk::new();
    let whole = check_bytes(&disk.bytes());
    // A second commit that would remove a file, and an unknown record that must not matter.
    disk.pairs[0]
        .1
        .commits
        .push(vec![record(DELETE, 1, b""), record(0x4aa, 9, b"")]);
    let mut bytes = disk.bytes();
    assert!(matches!(check_bytes(&bytes), Err(Error::Record { .. })));
    let end = bytes[..BLOCK]
        .iter()
        .rposition(|byte| *byte != 0xff)
        .expect("there is metadata");
    bytes[end] ^= 1;
    assert_eq!(check_bytes(&bytes), whole);
    bytes[..BLOCK][end - 10..].fill(0x55);
    assert_eq!(check_bytes(&bytes), whole);
}

#[test]
fn an_image_with_more_blocks_than_there_is_room_for_is_refused() {
    let bytes = Disk::new().bytes();
    let with_room = |room: usize| {
        let mut owners = vec![0; room];
        run(check(
            &mut &bytes[..],
            BLOCKS as u32,
            &mut [0; BLOCK],
            &mut owners,
        ))
    };
    assert!(with_room(24).is_ok());
    assert_eq!(
        with_room(23),
        Err(Error::TooManyBlocks {
            blocks: 24,
            max: 23
        })
    );
}

#[test]
fn errors_are_one_helpful_line() {
    let error = verdict(|disk| disk.root(CTZ_STRUCT, 2).data = two(24, BIG).to_vec());
    let text = error
        .unwrap_err()
        .map_storage(|_| "the flash failed")
        .to_string();
    assert_eq!(text, "block 24 is referred to, but the image has 24 blocks");
    let error: Error<&str> = Error::Storage("the flash failed");
    assert_eq!(error.to_string(), "cannot read the image: the flash failed");
}

//! Tables as people write them, and as they lie on flash.

use super::*;
use crate::flash::{
    layout::{self, TABLE_OFFSET},
    random::Random,
};

fn read(rows: &str) -> Result<PartitionTable, TableError> {
    PartitionTable::from_text(rows, TABLE_OFFSET)
}

/// The last partition of a text.
#[track_caller]
fn last(rows: &str) -> Partition {
    let table = read(rows).unwrap_or_else(|error| panic!("{rows:?}: {error}"));
    table.partitions().last().expect("one").clone()
}

#[test]
fn every_type_and_subtype_that_espressifs_tool_takes_is_taken() {
    for (row, kind, subtype) in [
        ("p, app, factory, , 1M", 0, 0),
        ("p, app, ota_0, , 1M", 0, 0x10),
        ("p, app, ota_15, , 1M", 0, 0x1f),
        ("p, app, test, , 1M", 0, 0x20),
        ("p, app, tee_1, , 1M", 0, 0x31),
        ("p, app, 0x30, , 1M", 0, 0x30),
        ("p, 0, 16, , 1M", 0, 0x10),
        ("p, data, nvs, , 4K", 1, 2),
        ("p, DATA, NVS_Keys, , 4K", 1, 4),
        ("p, data, , , 4K", 1, 6),
        ("p, data, littlefs, , 4K", 1, 0x83),
        ("p, data, tee_ota, , 0x2000", 1, 0x90),
        ("eeprom, data, 0x99, , 0x1000", 1, 0x99),
        ("p, data, 0x40, , 4K", 1, 0x40),
        ("p, 0x40, , , 4K", 0x40, 6),
        ("p, 0x40, 0xfe, , 4K", 0x40, 0xfe),
        ("p, 0b1000000, 0o7, , 4K", 0x40, 7),
        ("p, bootloader, ota, 0x20000,", 2, 1),
    ] {
        let found = last(row);
        assert_eq!((found.kind, found.subtype), (kind, subtype), "{row}");
    }
}

#[test]
fn offsets_and_sizes_are_those_of_espressifs_tool() {
    let (mib, kib) = (1 << 20, 1 << 10);
    for (rows, offset, size) in [
        ("p, data, nvs, , 0x6000", 0x9000, 0x6000),
        ("p, data, nvs, 0x9000, 24K", 0x9000, 24 * kib),
        ("p, data, nvs, 36k, 16_384", 0x9000, 0x4000),
        ("p, data, nvs, 0xa000, 1m", 0xa000, mib),
        // An app begins where memory can be mapped, data at a sector.
        ("a, data, nvs, , 4K\np, app, factory, , 1M", 0x1_0000, mib),
        ("a, data, nvs, , 100\np, data, fat, , 4K", 0xa000, 0x1000),
        // A negative size says where it ends.
        ("p, data, nvs, , -0x10000", 0x9000, 0x7000),
        (
            "a, app, factory, , 1M\np, data, littlefs, , -4M",
            0x11_0000,
            0x2f_0000,
        ),
        // What the chip starts with lies where it has to, whatever is written there.
        (
            "a, data, nvs, , 4K\np, partition_table, primary, 1, 2",
            0x8000,
            0x1000,
        ),
        ("p, bootloader, primary, ,", 0, 0x8000),
        (
            "b, bootloader, primary, N/A, N/A\np, data, nvs, , 4K",
            0x9000,
            0x1000,
        ),
        // In any order.
        (
            "a, data, fat, 0x20000, 4K\np, data, nvs, 0x9000, 4K",
            0x9000,
            0x1000,
        ),
    ] {
        let found = last(rows);
        assert_eq!((found.offset, found.size), (offset, size), "{rows}");
    }
    let elsewhere = PartitionTable::from_text("p, data, nvs, , 4K", 0x1_0000).unwrap();
    assert_eq!(elsewhere.partitions()[0].offset, 0x1_1000);
}

#[test]
fn comments_flags_and_labels_are_read() {
    let rows =
        "\u{feff}# Name, Type\r\n\r\n  a_label_of_16_ch, data, fat, , 4K, encrypted:readonly,\r\n";
    let found = last(rows);
    assert_eq!(
        (&*found.label, found.flags),
        ("a_label_of_16_ch", 0b11),
        "{found:?}"
    );
    assert_eq!(last("p, data, fat, , 4K, readonly:readonly").flags, 0b10);
    // As Espressif's tool: cut where the field ends.
    assert_eq!(last("a_label_of_17_chr, data, fat, , 4K").label.len(), 16);
}

#[test]
fn what_is_no_table_is_refused_in_words() {
    let many: String = (0..95)
        .map(|at| format!("p{at}, data, fat, , 4K\n"))
        .collect();
    for (rows, why) in [
        ("", "there is no partition"),
        ("# nothing\n", "there is no partition"),
        ("\np", "line 2: `` is no type"),
        ("p, flash, nvs, , 4K", "line 1: `flash` is no type"),
        ("p, 256, nvs, , 4K", "line 1: `256` is no type"),
        ("p, data, ota_0, , 4K", "`ota_0` is no subtype"),
        ("p, app, ota_16, , 4K", "`ota_16` is no subtype"),
        ("p, app, 0x100, , 4K", "`0x100` is no subtype"),
        ("p, app, , , 1M", "an app has no subtype"),
        ("p, data, nvs, , ", "`p` has no size"),
        ("p, data, nvs, , 4.5K", "`4.5K` is no size"),
        ("p, data, nvs, , 0x", "`0x` is no size"),
        ("p, data, nvs, , K", "`K` is no size"),
        ("p, data, nvs, , 4ü", "`4ü` is no size"),
        ("p, data, nvs, here, 4K", "`here` is no offset"),
        (
            "p, data, nvs, -0x1000, 4K",
            "`p` has the offset -0x1000, which is not from",
        ),
        (
            "p, data, nvs, , -0x1000",
            "`p` has the size -0x8000, which is not from",
        ),
        (
            "p, data, nvs, , 4096M",
            "`p` has the size 0x100000000, which is not from",
        ),
        (
            "p, data, nvs, , 99999999999K",
            "`p` has the size 0x5d21db9ffc00, which is not from",
        ),
        (
            "p, data, nvs, , 99999999999999999999M",
            "`99999999999999999999M` is no size",
        ),
        ("p, data, nvs, , 4K, hidden", "`hidden` is no flag"),
        ("p, data, nvs, 0x9100, 4K", "which is no multiple of 0x1000"),
        (
            "p, app, factory, 0x11000, 4K",
            "which is no multiple of 0x10000",
        ),
        ("p, data, fat, 0x8000, 4K", "over the bootloader or the"),
        ("p, data, fat, 0, 4K", "0x9000 is the first free address"),
        (
            "p, data, fat, , 4K\np, data, nvs, , 4K",
            "two partitions have the label `p`",
        ),
        (
            "a, data, fat, 0x9000, 8K\nb, data, nvs, 0xa000, 4K",
            "partitions `a` and `b` overlap",
        ),
        (
            "a, data, fat, 0xffffe000, 0xffffffff\nb, data, nvs, 0xfffff000, 4K",
            "partitions `a` and `b` overlap",
        ),
        ("p, data, ota, , 4K", "one partition `data, ota`"),
        (
            "p, data, ota, , 8K\nq, data, ota, , 8K",
            "one partition `data, ota`",
        ),
        (&many, "there are 95 partitions, but it holds 94"),
    ] {
        let error = read(rows).expect_err(rows).to_string();
        assert!(error.contains(why), "{rows}: {error}");
    }
}

#[test]
fn a_partition_that_ends_beyond_the_flash_is_refused_whatever_its_size() {
    for size in ["8M", "4095M", "0xffffffff", "-4095M"] {
        let rows = format!("p, data, fat, , {size}");
        let error = layout::parse(&rows, 4 << 20, TABLE_OFFSET).unwrap_err();
        let error = error.to_string();
        assert!(error.contains("outside the flash of 0x400000"), "{error}");
    }
    let error = layout::parse("p, data, fat, , 4K", 1 << 20, 0xf_f800).unwrap_err();
    assert!(error.to_string().contains("the partition table ends at"));
}

#[test]
fn what_is_on_flash_comes_back_byte_by_byte() {
    let rows = "nvs, data, nvs, , 24K\na_label_of_16_ch, data, 0x99, , 4K, encrypted\n\
                x, app, 0x30, , 1M\ny, 0x40, 7, , 4K, readonly";
    let table = read(rows).unwrap();
    let mut bytes = table.to_bytes();
    assert_eq!(bytes.len(), TABLE_LEN);
    assert_eq!(&bytes[44..60], b"a_label_of_16_ch");
    assert_eq!(PartitionTable::from_bytes(&bytes), Ok(table.clone()));
    // As many as there is room for.
    let most: String = (0..94)
        .map(|at| format!("p{at}, data, fat, , 4K\n"))
        .collect();
    let most = read(&most).unwrap();
    assert_eq!(PartitionTable::from_bytes(&most.to_bytes()), Ok(most));
    // A bit that means nothing yet, in a table without an MD5.
    bytes[32 + 31] = 0x80;
    bytes[4 * 32..5 * 32].fill(0xff);
    let found = PartitionTable::from_bytes(&bytes).unwrap();
    assert_eq!(found.partitions()[1].flags, 0x8000_0001);
    // Beyond 32 bits.
    bytes[32 + 4..32 + 12].copy_from_slice(&[0xff; 8]);
    let error = layout::read(&bytes, 16 << 20, TABLE_OFFSET).unwrap_err();
    assert_eq!(
        error.to_string(),
        "partition 'a_label_of_16_ch' ends at 0x1fffffffe, outside the flash of 0x1000000 bytes"
    );
}

#[test]
fn bytes_that_are_no_table_are_told_apart() {
    let good = read("nvs, data, nvs, , 24K\nx, app, 0x30, , 1M").unwrap();
    let with = |at: usize, byte: u8| {
        let mut bytes = good.to_bytes();
        bytes[at] = byte;
        PartitionTable::from_bytes(&bytes)
    };
    assert_eq!(with(0, 0), Err(TableError::Entry(0)));
    assert_eq!(with(32, 0), Err(TableError::Entry(1)));
    assert_eq!(with(13, b'w'), Err(TableError::Md5));
    let cut = &good.to_bytes()[..96];
    assert_eq!(PartitionTable::from_bytes(cut), Err(TableError::Endless));
    assert_eq!(
        PartitionTable::from_bytes(&[0xff; 64]),
        Err(TableError::Empty)
    );
}

#[test]
fn no_text_and_no_bytes_make_it_panic() {
    let rows = "nvs, data, nvs, , 24K\nx, app, 0x30, 0x10000, -2M, readonly\ny, 0x40, 7, , 4095M";
    let bytes = read("nvs, data, nvs, , 24K\nx, app, 0x30, , 1M")
        .unwrap()
        .to_bytes();
    let mut random = Random::new(7);
    let alphabet = b"0123456789xXkKmM-_,:#\n apdt";
    for _ in 0..20_000 {
        let mut text = rows.as_bytes().to_vec();
        for _ in 0..1 + random.below(3) {
            let at = random.below(text.len());
            text[at] = alphabet[random.below(alphabet.len())];
        }
        let text = String::from_utf8(text).expect("ASCII");
        if let Ok(table) = layout::parse(&text, 4 << 20, TABLE_OFFSET) {
            let read = PartitionTable::from_bytes(&table.to_bytes());
            assert_eq!(read, Ok(table), "{text}");
        }
        let mut damaged = bytes.clone();
        // Without the MD5, which would see it.
        damaged[64..96].fill(0xff);
        let at = random.below(64);
        damaged[at] = random.below(256) as u8;
        let _ = layout::read(&damaged, 4 << 20, TABLE_OFFSET);
    }
}

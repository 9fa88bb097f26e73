//! What the simulated flash promises, sentence by sentence.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use embassy_futures::block_on;
use embedded_storage::nor_flash::{NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash};

use super::{layout::PartitionTable, *};

const MIB: usize = 1 << 20;
const TABLE: u32 = layout::TABLE_OFFSET;
const CSV: &str = include_str!("../../../../partitions.csv");

fn write(flash: &SimFlash, address: u32, bytes: &[u8]) -> Result<(), FlashError> {
    NorFlash::write(&mut flash.clone(), address, bytes)
}

fn erase(flash: &SimFlash, from: u32, to: u32) -> Result<(), FlashError> {
    NorFlash::erase(&mut flash.clone(), from, to)
}

fn read(flash: &SimFlash, address: u32, len: usize) -> Result<Vec<u8>, FlashError> {
    let mut bytes = vec![0; len];
    ReadNorFlash::read(&mut flash.clone(), address, &mut bytes).map(|()| bytes)
}

/// A path for a test's file, below the build's own folder.
fn path(name: &str) -> PathBuf {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/tmp");
    let dir =
        std::env::var_os("CARGO_TARGET_DIR").map_or(dir, |dir| PathBuf::from(dir).join("tmp"));
    fs::create_dir_all(&dir).unwrap();
    let path = dir.join(format!("flash-{}-{name}.bin", std::process::id()));
    let _ = fs::remove_file(&path);
    path
}

#[test]
fn programming_only_clears_bits_and_erasing_sets_them() {
    let flash = SimFlash::blank(MIB);
    assert_eq!(read(&flash, 0, 4).unwrap(), [0xff; 4]);
    write(&flash, 4096, &[0xf0, 0x0f, 0xaa, 0xff]).unwrap();
    write(&flash, 4096, &[0x3c, 0x3c, 0x00, 0x01]).unwrap();
    assert_eq!(read(&flash, 4096, 4).unwrap(), [0x30, 0x0c, 0x00, 0x01]);
    write(&flash, 8192, &[1; 4]).unwrap();
    erase(&flash, 4096, 8192).unwrap();
    assert_eq!(read(&flash, 4096, 4).unwrap(), [0xff; 4]);
    assert_eq!(
        read(&flash, 8192, 4).unwrap(),
        [1; 4],
        "the next sector is not touched"
    );
}

#[test]
fn accesses_that_the_driver_refuses_are_refused() {
    let flash = SimFlash::blank(MIB);
    let kind = |result: Result<(), FlashError>| result.unwrap_err().kind();
    let end = MIB as u32;
    assert_eq!(
        kind(write(&flash, 2, &[0; 4])),
        NorFlashErrorKind::NotAligned
    );
    assert_eq!(
        kind(write(&flash, 0, &[0; 3])),
        NorFlashErrorKind::NotAligned
    );
    assert_eq!(
        kind(read(&flash, 1, 4).map(drop)),
        NorFlashErrorKind::NotAligned
    );
    assert_eq!(
        kind(read(&flash, 0, 5).map(drop)),
        NorFlashErrorKind::NotAligned
    );
    assert_eq!(kind(erase(&flash, 0, 512)), NorFlashErrorKind::NotAligned);
    assert_eq!(
        kind(erase(&flash, 512, 4096)),
        NorFlashErrorKind::NotAligned
    );
    assert_eq!(
        kind(erase(&flash, 8192, 4096)),
        NorFlashErrorKind::OutOfBounds
    );
    assert_eq!(
        kind(erase(&flash, end - 4096, end + 4096)),
        NorFlashErrorKind::OutOfBounds
    );
    assert_eq!(
        kind(write(&flash, end, &[0; 4])),
        NorFlashErrorKind::OutOfBounds
    );
    assert_eq!(
        kind(read(&flash, end - 4, 8).map(drop)),
        NorFlashErrorKind::OutOfBounds
    );
    assert_eq!(
        kind(read(&flash, u32::MAX - 3, 8).map(drop)),
        NorFlashErrorKind::OutOfBounds
    );
    assert_eq!(flash.counters(), Counters::default());
}

#[test]
fn a_full_mebibyte_takes_the_time_of_the_datasheet_and_of_the_drivers_commands() {
    // 16 x 150 ms, and for each command tBP1, tBP2 for the bytes after its first, and the bus; a
    // whole page takes tPP.
    for (driver, commands, busy_us) in [
        (Driver::ROM, 32_768, 2_400_000 + 32_768 * 112),
        (Driver::ROM.at_mhz(40), 32_768, 2_400_000 + 32_768 * 233 / 2),
        (Driver::ESP_IDF, 16_384, 2_400_000 + 16_384 * 976 / 5),
        (Driver::PAGES, 4_096, 2_400_000 + 4_096 * 4_269 / 10),
    ] {
        let flash = SimFlash::blank(16 * MIB);
        flash.set_driver(driver);
        for block in 0..16u32 {
            erase(&flash, block * 0x10000, (block + 1) * 0x10000).unwrap();
            for sector in 0..16 {
                write(&flash, block * 0x10000 + sector * 4096, &[0; 4096]).unwrap();
            }
        }
        let counters = flash.counters();
        assert_eq!(counters.program_commands, commands, "{driver:?}");
        assert_eq!(counters.pages_programmed, 4096, "{driver:?}");
        let busy = counters.busy();
        assert_eq!(busy.as_micros(), busy_us, "{driver:?}");
    }
}

#[test]
fn operations_are_counted_by_kind() {
    let flash = SimFlash::blank(MIB);
    erase(&flash, 0xf000, 0x21000).unwrap(); // one sector, one block, one sector
    write(&flash, 0x100 - 4, &[0; 40]).unwrap(); // across a page border
    write(&flash, 0, &[]).unwrap();
    erase(&flash, 4096, 4096).unwrap();
    read(&flash, 0, 12).unwrap();
    let rom = Driver::ROM;
    let expected = Counters {
        operations: 2,
        reads: 1,
        bytes_read: 12,
        reading: rom.read_time(12),
        programs: 1,
        program_commands: 3,
        pages_programmed: 2,
        bytes_programmed: 40,
        programming: rom.program_time(4) * 2 + rom.program_time(32),
        sector_erases: 2,
        block_erases: 1,
    };
    assert_eq!(flash.counters(), expected);
    let before = flash.counters();
    erase(&flash, 0, 4096).unwrap();
    assert_eq!(flash.counters().since(&before).busy(), timing::SECTOR_ERASE);
    let wear = flash.wear();
    assert_eq!(wear[0], 1);
    assert!(wear[15..33].iter().all(|&erases| erases == 1));
    assert_eq!(wear.iter().sum::<u32>(), 19);
}

#[test]
fn the_asynchronous_operations_are_the_blocking_ones() {
    block_on(async {
        let mut flash = SimFlash::blank(MIB);
        waiting::NorFlash::write(&mut flash, 8, b"data")
            .await
            .unwrap();
        let mut bytes = [0; 4];
        waiting::ReadNorFlash::read(&mut flash, 8, &mut bytes)
            .await
            .unwrap();
        assert_eq!(&bytes, b"data");
        waiting::NorFlash::erase(&mut flash, 0, 4096).await.unwrap();
        assert_eq!(flash.peek(8, 4).unwrap(), [0xff; 4]);
        assert_eq!(flash.counters().operations, 2);
    });
}

#[test]
fn after_a_cut_everything_fails_until_power_is_back() {
    let flash = SimFlash::blank(MIB);
    let seen = Rc::new(RefCell::new(false));
    let hook = Rc::clone(&seen);
    flash.on_cut(move || *hook.borrow_mut() = true);
    flash.cut_after(1, Cut::Before);
    write(&flash, 0, &[1; 4]).unwrap();
    assert!(!*seen.borrow());
    assert_eq!(write(&flash, 4, &[2; 4]), Err(FlashError::PowerCut));
    assert!(*seen.borrow());
    assert!(!flash.is_on());
    assert_eq!(read(&flash, 0, 4), Err(FlashError::PowerCut));
    assert_eq!(erase(&flash, 0, 4096), Err(FlashError::PowerCut));
    flash.power_on();
    assert_eq!(
        read(&flash, 0, 8).unwrap(),
        [1, 1, 1, 1, 0xff, 0xff, 0xff, 0xff]
    );
    write(&flash, 4, &[2; 4]).unwrap();
}

#[test]
fn a_cut_after_leaves_the_whole_operation() {
    let flash = SimFlash::blank(MIB);
    flash.cut_after(0, Cut::After);
    assert_eq!(write(&flash, 0, &[1; 4]), Err(FlashError::PowerCut));
    assert_eq!(flash.peek(0, 4).unwrap(), [1; 4]);
    flash.power_on();
    flash.cut_after(0, Cut::After);
    assert_eq!(erase(&flash, 0, 4096), Err(FlashError::PowerCut));
    assert_eq!(flash.peek(0, 4).unwrap(), [0xff; 4]);
}

#[test]
fn a_torn_program_clears_a_part_of_its_bits_and_no_other() {
    let new: Vec<u8> = (0..1024).map(|i| (i % 251) as u8).collect();
    let (mut prefixes, mut in_a_command, mut in_a_page, mut late) = (0, 0, 0, 0);
    for seed in 0..300 {
        let flash = SimFlash::blank(MIB);
        write(&flash, 0, &[0xf7; 1024]).unwrap();
        flash.cut_after(0, Cut::Torn { seed });
        assert_eq!(write(&flash, 0, &new), Err(FlashError::PowerCut));
        let torn = flash.peek(0, 1024).unwrap();
        for (torn, new) in torn.iter().zip(&new) {
            assert_eq!(torn & !0xf7, 0, "no bit was set");
            assert_eq!(
                torn | (0xf7 & new),
                *torn,
                "no bit was cleared that should stay"
            );
        }
        let done = torn
            .iter()
            .zip(&new)
            .take_while(|(torn, new)| **torn == 0xf7 & **new)
            .count();
        let touched = torn[done..].iter().rposition(|&byte| byte != 0xf7);
        match touched {
            None => prefixes += 1,
            Some(last) if (done + last) / 32 == done / 32 => in_a_command += 1,
            Some(last) => {
                assert_eq!((done + last) / 256, done / 256, "one page at most");
                in_a_page += 1;
            }
        }
        late += usize::from(done >= 768);
        assert_eq!(flash.unstable_bits(), 0);
        assert_eq!(flash.peek(1024, 4).unwrap(), [0xff; 4]);
    }
    let counts = [prefixes, in_a_command, in_a_page, late];
    assert!(counts.iter().all(|&count| count > 40), "{counts:?}");
}

#[test]
fn a_torn_erase_leaves_random_bits_inside_its_range_only() {
    let (mut untouched, mut whole, mut cleared) = (0, 0, 0);
    for seed in 0..300 {
        let flash = SimFlash::blank(MIB);
        for sector in 0..32 {
            write(&flash, sector * 4096, &[0x5a; 4096]).unwrap();
        }
        flash.cut_after(0, Cut::Torn { seed });
        assert_eq!(erase(&flash, 0x8000, 0x1c000), Err(FlashError::PowerCut));
        assert!(
            flash
                .peek(0, 0x8000)
                .unwrap()
                .iter()
                .all(|&byte| byte == 0x5a)
        );
        assert!(
            flash
                .peek(0x1c000, 0x4000)
                .unwrap()
                .iter()
                .all(|&byte| byte == 0x5a)
        );
        let torn = flash.peek(0x8000, 0x14000).unwrap();
        untouched += usize::from(torn.iter().all(|&byte| byte == 0x5a));
        whole += usize::from(torn.iter().all(|&byte| byte == 0xff));
        cleared += usize::from(torn.iter().any(|&byte| byte & 0x5a != 0x5a));
    }
    assert_eq!((untouched, whole), (0, 0), "each was in the middle");
    assert!(
        cleared > 30,
        "some were still in the phase that programs to 0"
    );
}

#[test]
fn the_same_seed_tears_the_same_way() {
    let torn = |seed| {
        let flash = SimFlash::blank(MIB);
        flash.cut_after(0, Cut::Torn { seed });
        assert!(write(&flash, 0, &[0x11; 512]).is_err());
        flash.peek(0, 512).unwrap()
    };
    assert_eq!(torn(5), torn(5));
    assert_ne!(torn(5), torn(6));
}

#[test]
fn unstable_bits_read_at_random_until_they_are_programmed_or_erased() {
    let mut with_noise = 0;
    for seed in 0..50 {
        let flash = SimFlash::blank(MIB);
        flash.cut_after(0, Cut::Unstable { seed });
        assert!(write(&flash, 0, &[0; 64]).is_err());
        flash.power_on();
        assert!(flash.unstable_bits() > 0);
        let first = read(&flash, 0, 64).unwrap();
        with_noise += usize::from((0..20).any(|_| read(&flash, 0, 64).unwrap() != first));
        assert_eq!(
            read(&flash, 64, 64).unwrap(),
            [0xff; 64],
            "only where it was programming"
        );

        let erased = flash.fork();
        erase(&erased, 0, 4096).unwrap();
        assert_eq!(
            (erased.unstable_bits(), erased.peek(0, 64).unwrap()),
            (0, vec![0xff; 64])
        );

        write(&flash, 0, &[0xff; 64]).unwrap();
        assert!(
            flash.unstable_bits() > 0,
            "programming a 1 does nothing to a cell"
        );
        write(&flash, 0, &[0; 64]).unwrap();
        assert_eq!(
            (flash.unstable_bits(), read(&flash, 0, 64).unwrap()),
            (0, vec![0; 64])
        );
    }
    assert_eq!(with_noise, 50);

    let flash = SimFlash::blank(MIB);
    write(&flash, 0, &[0; 4096]).unwrap();
    flash.cut_after(0, Cut::Unstable { seed: 3 });
    assert!(erase(&flash, 0, 4096).is_err());
    flash.power_on();
    let first = read(&flash, 0, 4096).unwrap();
    assert!((0..20).any(|_| read(&flash, 0, 4096).unwrap() != first));
}

#[test]
fn a_stuck_bit_stays_whatever_happens_and_says_nothing() {
    let flash = SimFlash::blank(MIB);
    flash
        .inject(Fault::StuckBit {
            address: 4097,
            bit: 3,
            value: false,
        })
        .unwrap();
    flash
        .inject(Fault::StuckBit {
            address: 4099,
            bit: 0,
            value: true,
        })
        .unwrap();
    assert_eq!(read(&flash, 4096, 4).unwrap(), [0xff, 0xf7, 0xff, 0xff]);
    write(&flash, 4096, &[0; 4]).unwrap();
    assert_eq!(read(&flash, 4096, 4).unwrap(), [0, 0, 0, 1]);
    erase(&flash, 0, 0x10000).unwrap();
    assert_eq!(read(&flash, 4096, 4).unwrap(), [0xff, 0xf7, 0xff, 0xff]);
    let outside = Fault::StuckBit {
        address: MIB as u32,
        bit: 0,
        value: true,
    };
    assert!(flash.inject(outside).is_err());
}

#[test]
fn bad_sectors_fail_and_keep_their_contents() {
    let flash = SimFlash::blank(MIB);
    for sector in 0..4 {
        write(&flash, sector * 4096, &[0xf0; 4096]).unwrap();
    }
    flash.inject(Fault::Erase { sector: 2 }).unwrap();
    flash.inject(Fault::Program { sector: 3 }).unwrap();
    flash.inject(Fault::Read { sector: 0 }).unwrap();
    assert_eq!(
        erase(&flash, 0, 0x4000),
        Err(FlashError::Failed { address: 0x2000 })
    );
    assert_eq!(
        read(&flash, 0x1000, 4).unwrap(),
        [0xff; 4],
        "the sectors before it went"
    );
    assert_eq!(read(&flash, 0x2000, 4).unwrap(), [0xf0; 4]);
    assert_eq!(
        write(&flash, 0x3000, &[0; 4]),
        Err(FlashError::Failed { address: 0x3000 })
    );
    assert_eq!(read(&flash, 0x3000, 4).unwrap(), [0xf0; 4]);
    assert_eq!(
        read(&flash, 0xffc, 8),
        Err(FlashError::Failed { address: 0 })
    );
    flash.repair();
    erase(&flash, 0, 0x4000).unwrap();
    assert_eq!(read(&flash, 0, 4).unwrap(), [0xff; 4]);
}

#[test]
fn one_chosen_operation_fails_once() {
    let flash = SimFlash::blank(MIB);
    flash.inject(Fault::Operation { after: 1 }).unwrap();
    write(&flash, 0, &[1; 4]).unwrap();
    assert_eq!(
        write(&flash, 4, &[2; 4]),
        Err(FlashError::Failed { address: 4 })
    );
    assert_eq!(read(&flash, 4, 4).unwrap(), [0xff; 4]);
    write(&flash, 4, &[2; 4]).unwrap();
    assert_eq!(flash.counters().operations, 2);
}

#[test]
fn a_fork_goes_its_own_way() {
    let flash = SimFlash::blank(MIB);
    write(&flash, 0, &[1; 4]).unwrap();
    let fork = flash.fork();
    write(&fork, 4, &[2; 4]).unwrap();
    write(&flash, 8, &[3; 4]).unwrap();
    assert_eq!(
        flash.peek(0, 12).unwrap(),
        [1, 1, 1, 1, 255, 255, 255, 255, 3, 3, 3, 3]
    );
    assert_eq!(
        fork.peek(0, 12).unwrap(),
        [1, 1, 1, 1, 2, 2, 2, 2, 255, 255, 255, 255]
    );
    assert_eq!(fork.counters().operations, 1);
}

#[test]
fn poking_sets_any_bytes_and_counts_nothing() {
    let flash = SimFlash::blank(MIB);
    flash.poke(4095, &[0, 0, 0]).unwrap();
    flash.poke(4095, &[1, 2, 3]).unwrap();
    assert_eq!(flash.peek(4094, 5).unwrap(), [255, 1, 2, 3, 255]);
    assert_eq!(flash.counters(), Counters::default());
    assert!(flash.poke(MIB as u32 - 1, &[0, 0]).is_err());
    assert!(flash.peek(MIB as u32 - 1, 2).is_err());
}

#[test]
fn real_timing_takes_real_time() {
    let flash = SimFlash::blank(MIB);
    flash.set_timing(Timing::Real);
    let start = Instant::now();
    erase(&flash, 0, 4096).unwrap();
    write(&flash, 0, &[0; 4096]).unwrap();
    // 45 ms, and 128 commands of 112 µs.
    assert!(start.elapsed() >= Duration::from_micros(45_000 + 14_336));
    flash.set_timing(Timing::None);
}

#[test]
fn a_flash_file_holds_every_operation_as_soon_as_it_is_done() {
    let path = path("through");
    let flash = SimFlash::create(&path, CSV, W25Q128_SIZE, TABLE).unwrap();
    write(&flash, 0x310000, b"face").unwrap();
    assert_eq!(
        fs::read(&path).unwrap(),
        flash.peek(0, W25Q128_SIZE).unwrap()
    );
    flash.cut_after(0, Cut::Torn { seed: 1 });
    assert!(erase(&flash, 0x310000, 0x330000).is_err());
    let stored = fs::read(&path).unwrap();
    assert_eq!(stored, flash.peek(0, W25Q128_SIZE).unwrap());
    drop(flash);
    let again = SimFlash::open(&path, TABLE).unwrap();
    assert_eq!(stored, again.peek(0, W25Q128_SIZE).unwrap());
    fs::remove_file(path).unwrap();
}

#[test]
fn a_new_flash_has_the_partition_table_and_is_blank_elsewhere() {
    let flash = SimFlash::with_partitions(CSV, W25Q128_SIZE).unwrap();
    let bytes = flash.peek(0, W25Q128_SIZE).unwrap();
    let table = PartitionTable::from_bytes(&bytes[0x8000..0x8c00]).unwrap();
    let www_1 = table.find("www_1").unwrap();
    assert_eq!((www_1.offset, www_1.size), (0x41_0000, 0x10_0000));
    // First entry, byte by byte, as ESP-IDF documents it: magic, type, subtype, offset, size, label.
    let nvs = b"\xaa\x50\x01\x02\x00\x90\x00\x00\x00\x60\x00\x00nvs\0";
    assert_eq!(&bytes[0x8000..0x8010], nvs);
    assert_eq!(
        &bytes[0x80a0..0x80b0],
        b"\xeb\xeb\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    );
    assert!(
        bytes[..0x8000]
            .iter()
            .chain(&bytes[0x8c00..])
            .all(|&byte| byte == 0xff)
    );
}

#[test]
fn a_table_elsewhere_is_followed_by_what_has_no_offset() {
    let csv = "# Name\n\nnvs, data, nvs, , 0x6000\nfactory, app, factory, , 1M\n";
    for (offset, nvs) in [(TABLE, 0x9000), (0x1_0000, 0x1_1000)] {
        let flash = SimFlash::with_table(csv, 4 * MIB, offset).unwrap();
        let entry = flash.peek(offset, 12).unwrap();
        assert_eq!(entry[..2], [0xaa, 0x50]);
        assert_eq!(entry[4..8], u32::to_le_bytes(nvs), "{offset:#x}");
    }
    assert!(SimFlash::with_table(csv, 4 * MIB, u32::MAX).is_err());
}

#[test]
fn a_table_that_does_not_fit_is_refused() {
    let error = SimFlash::with_partitions(CSV, 4 * MIB)
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "partition 'www_0' ends at 0x410000, outside the flash of 0x400000 bytes"
    );
    assert!(SimFlash::with_partitions("nvs, data, what?", MIB).is_err());
    assert!(SimFlash::with_partitions("", 4096).is_err());
}

#[test]
fn a_file_that_is_no_flash_is_refused_with_the_reason() {
    let path = path("refused");
    let error = |offset| SimFlash::open(&path, offset).unwrap_err().to_string();
    assert!(matches!(
        SimFlash::open(&path, TABLE),
        Err(FileError::Io { .. })
    ));
    for len in [0, 1000, 3 * MIB, 64 * MIB] {
        fs::write(&path, vec![0xff; len]).unwrap();
        let found = format!("not a flash file: {len} bytes long, a flash has 1, 2, 4");
        assert!(error(TABLE).contains(&found), "{}", error(TABLE));
    }
    fs::write(&path, vec![0x77; MIB]).unwrap();
    for (offset, wrong) in [(TABLE, "not a partition table"), (!0, "outside the flash")] {
        assert!(error(offset).contains(wrong), "{}", error(offset));
    }
    fs::remove_file(&path).unwrap();

    let flash = SimFlash::create(&path, CSV, W25Q128_SIZE, TABLE).unwrap();
    assert!(matches!(
        SimFlash::open(&path, TABLE),
        Err(FileError::InUse { .. })
    ));
    assert!(matches!(
        SimFlash::create(&path, CSV, W25Q128_SIZE, TABLE),
        Err(FileError::Io { .. })
    ));
    flash.poke(0x8000 + 12, b"renamed").unwrap();
    drop(flash);
    assert!(
        error(TABLE).contains("not a partition table"),
        "its MD5 is wrong"
    );
    fs::remove_file(&path).unwrap();
}

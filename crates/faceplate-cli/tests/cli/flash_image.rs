//! `faceplate flash-image`: the whole flash of a device as one file.

use std::fs;

use crate::common::elf::{self, C3, C6, Program, S3};
use crate::common::sim::Sim;
use crate::common::{Folder, esptool, noise, run_in, text};
use faceplate::{EspNvs, Nvs as _, Region};
use faceplate_sim::flash::SimFlash;

/// Where `partitions.csv` has them.
const FACTORY: usize = 0x10000;
const WWW_0: usize = 0x310000;
const WWW_1: usize = 0x410000;
const FLASH: usize = 16 << 20;

/// A folder with a packed frontend.
fn folder() -> Folder {
    let folder = Folder::new();
    pack(&folder, "one");
    folder
}

fn pack(folder: &Folder, version: &str) {
    folder.file(
        "dist/index.html",
        [version.as_bytes(), &text(2000)].concat(),
    );
    let made = ["pack", "dist", "-o", "www.bin", "--app-version", version];
    run_in(folder.path(), &made).expect(0);
}

/// Runs `flash-image` with some arguments, which must end with `code`; what it prints.
#[track_caller]
fn make(folder: &Folder, arguments: &str, code: i32) -> String {
    let words: Vec<&str> = ["flash-image"]
        .into_iter()
        .chain(arguments.split_whitespace())
        .collect();
    let ended = run_in(folder.path(), &words).expect(code);
    ended.out + &ended.err
}

fn flash(folder: &Folder, name: &str) -> Vec<u8> {
    let bytes = fs::read(folder.join(name)).unwrap();
    assert_eq!(bytes.len(), FLASH);
    bytes
}

fn blank(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0xff)
}

#[track_caller]
fn shows(folder: &Folder, sim: &Sim, part: &str) {
    let shown = run_in(folder.path(), &["status", &sim.address])
        .expect(0)
        .out;
    assert!(shown.contains(part), "no {part:?} in {shown}");
}

#[test]
fn a_flash_image_starts_a_device_with_its_frontend() {
    let folder = folder();
    assert_eq!(
        make(&folder, "--www www.bin -o device.bin", 0),
        "0x008000  partition table  3.0 KiB\n0x310000  www_0  8.0 KiB\ndevice.bin: 16.00 MiB\n"
    );
    let sim = Sim::start(folder.path(), &[]);
    shows(&folder, &sim, "active  www_0, settled");
    shows(&folder, &sim, "www_0   one, 8.0 KiB of 1.00 MiB");
}

#[test]
fn espressifs_own_tool_finds_bootloader_and_firmware_of_every_chip_valid() {
    let folder = folder();
    for (program, chip, name) in [
        (C3, "esp32c3", "ESP32-C3"),
        (C6, "esp32c6", "ESP32-C6"),
        (S3, "esp32s3", "ESP32-S3"),
    ] {
        folder.file("fw.elf", elf::elf(&program));
        let told = make(&folder, "--firmware fw.elf --www www.bin -o device.bin", 0);
        let lines: Vec<&str> = told.lines().collect();
        assert!(lines[0].starts_with(&format!("0x000000  bootloader of the {chip}  ")));
        assert!(lines[1].starts_with("0x008000  partition table  "));
        assert!(lines[2].starts_with("0x010000  factory  "));
        assert!(lines[3].starts_with("0x310000  www_0  "));
        let made = flash(&folder, "device.bin");
        assert!(blank(&made[0x9000..FACTORY]), "settings from the start");
        assert!(blank(&made[WWW_1..]));
        assert!(made[WWW_0..].starts_with(&fs::read(folder.join("www.bin")).unwrap()));

        let bootloader = folder.file("bootloader.bin", &made[..0x8000]);
        let app = folder.file("app.bin", &made[FACTORY..WWW_0]);
        for image in [&bootloader, &app] {
            let info = esptool::image_info(chip, image);
            assert!(info.contains(name), "{info}");
            assert!(info.contains("Flash size: 16MB"), "{info}");
            let valid = |what| {
                let line = info.lines().find(|line| line.starts_with(what));
                line.is_some_and(|line| line.ends_with("(valid)"))
            };
            assert!(valid("Checksum: "), "{info}");
            assert!(valid("Validation hash: "), "{info}");
        }
        let info = esptool::image_info(chip, &app);
        assert!(info.contains("Project name: tiny"), "{info}");

        // A damaged bit is seen: the check above could have failed.
        let mut damaged = made[FACTORY..WWW_0].to_vec();
        damaged[0x50] ^= 1;
        let app = folder.file("damaged.bin", damaged);
        let info = esptool::image_info(chip, &app);
        assert!(info.contains("invalid"), "{info}");
    }
}

#[test]
fn the_headers_say_16_mib_dio_and_80_mhz_as_esp_idf_has_them_by_default() {
    let folder = folder();
    // The ESP32-C6's ROM cannot have 80 MHz (15) in it: ESP-IDF, too, writes 0 there.
    for (program, clock) in [(S3, 15), (C3, 15), (C6, 0)] {
        folder.file("fw.elf", elf::elf(&program));
        make(&folder, "--firmware fw.elf -o device.bin", 0);
        let made = flash(&folder, "device.bin");
        for image in [&made[..], &made[FACTORY..]] {
            // Magic, segments, mode; size and clock in one byte (ESP-IDF, "App Image Format").
            let [magic, _, mode, size_and_clock] = image[..4] else {
                panic!("no header");
            };
            assert_eq!((magic, mode), (0xe9, 2), "an image, DIO");
            assert_eq!((size_and_clock >> 4, size_and_clock & 15), (4, clock));
        }
    }
}

#[test]
fn an_application_image_gets_the_same_bootloader_as_the_elf_file() {
    let folder = folder();
    for program in [C3, C6, S3] {
        folder.file("fw.elf", elf::elf(&program));
        make(&folder, "--firmware fw.elf -o elf.bin", 0);
        let made = flash(&folder, "elf.bin");
        folder.file("app.bin", app(&made));
        make(&folder, "--firmware app.bin -o app-made.bin", 0);
        assert!(flash(&folder, "app-made.bin") == made);
    }
}

/// The application image in a flash, cut off where it ends.
fn app(flash: &[u8]) -> &[u8] {
    let end = flash[FACTORY..WWW_0]
        .iter()
        .rposition(|byte| *byte != 0xff)
        .unwrap();
    // A hash may end in 0xff; a whole image is so long that 16 divides it.
    &flash[FACTORY..][..(end + 1).next_multiple_of(16)]
}

#[test]
fn the_chip_is_named_by_the_file_or_by_hand() {
    let folder = folder();
    let stripped = Program { chip: None, ..C3 };
    folder.file("stripped.elf", elf::elf(&stripped));
    let told = make(&folder, "--firmware stripped.elf -o x.bin", 1);
    assert!(told.contains("name it with --chip"), "{told}");
    let told = make(
        &folder,
        "--firmware stripped.elf --chip esp32c3 -o x.bin",
        0,
    );
    assert!(told.contains("bootloader of the esp32c3"), "{told}");
    for (chip, why) in [
        ("esp32c6", "application descriptor is at 0x3c000020"),
        ("esp32s3", "built for RISC-V, the esp32s3 is Xtensa"),
    ] {
        let wrong = format!("--firmware stripped.elf --chip {chip} -o y.bin");
        let told = make(&folder, &wrong, 1);
        assert!(told.contains(why), "{told}");
    }
    folder.file("app.bin", app(&flash(&folder, "x.bin")));
    folder.file("c6.elf", elf::elf(&C6));
    for wrong in ["app.bin --chip esp32s3", "c6.elf --chip esp32s3"] {
        let told = make(&folder, &format!("--firmware {wrong} -o y.bin"), 1);
        assert!(told.contains("but --chip says esp32s3"), "{told}");
    }
    make(&folder, "--chip esp32s3 -o y.bin", 2);
    assert!(!folder.join("y.bin").exists());
}

#[test]
fn what_is_no_firmware_is_refused_and_leaves_no_file() {
    let folder = folder();
    let bytes = elf::elf(&C3);
    folder.file("fw.elf", &bytes);
    make(&folder, "--firmware fw.elf -o whole.bin", 0);
    let made = flash(&folder, "whole.bin");
    let app = app(&made).to_vec();
    let mut damaged = app.clone();
    damaged[100] ^= 4;
    let mut other = app.clone();
    other[12] = 2; // the ESP32-S2
    let files: [(&str, Vec<u8>, &str); 11] = [
        ("text.elf", text(500), "neither an ELF file nor"),
        (
            "half.elf",
            bytes[..bytes.len() / 2].to_vec(),
            "not an ELF file",
        ),
        ("head.elf", b"\x7fELF".to_vec(), "not an ELF file"),
        (
            "plain.elf",
            elf::elf(&Program {
                described: false,
                ..C3
            }),
            "esp_app_desc!()",
        ),
        (
            "big.elf",
            elf::elf(&Program {
                len: 0x30_0000,
                ..C3
            }),
            "the partition `factory` has 3145728",
        ),
        (
            "esp32.elf",
            elf::elf(&Program {
                chip: Some("esp32"),
                ..S3
            }),
            "built for esp32; Faceplate runs on esp32s3, esp32c3, esp32c6",
        ),
        ("half.bin", app[..app.len() / 2].to_vec(), "cut short"),
        ("damaged.bin", damaged, "its checksum is wrong"),
        ("other.bin", other, "number 2 in its header"),
        (
            "noise.bin",
            [&[0xe9][..], &noise(5000)].concat(),
            "cut short",
        ),
        (
            "bootloader.bin",
            made[..0x8000].to_vec(),
            "a bootloader or a whole flash",
        ),
    ];
    for (name, bytes, why) in files {
        folder.file(name, bytes);
        let told = make(&folder, &format!("--firmware {name} -o x.bin"), 1);
        assert!(told.contains(name) && told.contains(why), "{name}: {told}");
    }
    let told = make(&folder, "--www bootloader.bin -o x.bin", 1);
    assert!(
        told.contains("bootloader.bin: not a LittleFS image"),
        "{told}"
    );
    assert!(!folder.join("x.bin").exists());
}

#[test]
fn a_simulated_device_and_a_chip_share_one_flash_file() {
    let folder = folder();
    folder.file("fw.elf", elf::elf(&C3));
    make(&folder, "--firmware fw.elf --www www.bin -o device.bin", 0);
    let before = flash(&folder, "device.bin");

    // The simulator takes the file of a chip, and an update changes nothing of the firmware.
    let mut running = Sim::start(folder.path(), &["--reboot-ms", "100"]);
    shows(&folder, &running, "active  www_0, settled");
    pack(&folder, "two");
    let push = ["push", "www.bin", &running.address, "--confirm", "load"];
    run_in(folder.path(), &push).expect(0);
    running.kill();
    let after = flash(&folder, "device.bin");
    assert!(after[..0x9000] == before[..0x9000]);
    assert!(after[FACTORY..WWW_1] == before[FACTORY..WWW_1]);

    // New firmware in the same file: settings and frontends stay.
    folder.file("fw.elf", elf::elf(&Program { len: 3000, ..C3 }));
    let told = make(
        &folder,
        "--base device.bin --firmware fw.elf -o device.bin",
        0,
    );
    assert!(
        told.contains("as in device.bin: nvs, phy_init, www_0, www_1"),
        "{told}"
    );
    let made = flash(&folder, "device.bin");
    assert!(made[0x9000..FACTORY] == after[0x9000..FACTORY]);
    assert!(made[WWW_0..] == after[WWW_0..]);
    assert!(made[FACTORY..WWW_0] != after[FACTORY..WWW_0]);
    make(&folder, "--firmware fw.elf -o new.bin", 0);
    let new = flash(&folder, "new.bin");
    assert!(
        made[FACTORY..WWW_0] == new[FACTORY..WWW_0],
        "nothing is left of the longer firmware"
    );
    let mut running = Sim::start(folder.path(), &[]);
    shows(&folder, &running, "active  www_1, settled");
    shows(&folder, &running, "www_1   two");
    running.kill();

    // A frontend replaces www_0 alone.
    pack(&folder, "three");
    make(&folder, "--base device.bin --www www.bin -o next.bin", 0);
    let next = flash(&folder, "next.bin");
    assert!(next[..WWW_0] == made[..WWW_0] && next[WWW_1..] == made[WWW_1..]);
    let image = fs::read(folder.join("www.bin")).unwrap();
    assert!(next[WWW_0..].starts_with(&image));
    assert!(blank(&next[WWW_0 + image.len()..WWW_1]));
    assert!(
        flash(&folder, "device.bin") == made,
        "only --output changes"
    );
    let running = Sim::start(folder.path(), &["--flash", "next.bin"]);
    shows(&folder, &running, "www_0   three");
}

#[test]
fn firmware_gets_into_the_file_of_a_device_that_was_only_simulated() {
    let folder = folder();
    let mut running = Sim::start(folder.path(), &["--www", "www.bin"]);
    running.kill();
    let before = flash(&folder, "device.bin");
    assert!(blank(&before[..0x8000]));
    folder.file("fw.elf", elf::elf(&C3));
    make(
        &folder,
        "--base device.bin --firmware fw.elf -o chip.bin",
        0,
    );
    make(&folder, "--firmware fw.elf --www www.bin -o new.bin", 0);
    let (made, new) = (flash(&folder, "chip.bin"), flash(&folder, "new.bin"));
    assert!(made[..0x9000] == new[..0x9000] && made[FACTORY..] == new[FACTORY..]);
    assert!(made[0x9000..FACTORY] == before[0x9000..FACTORY]);
}

#[test]
fn a_frontend_put_in_after_a_cut_upload_is_served() {
    let folder = folder();
    make(&folder, "--www www.bin -o cut.bin", 0);
    let chip = SimFlash::open(&folder.join("cut.bin"), 0x8000).unwrap();
    let region = Region {
        offset: 0x9000,
        len: 0x6000,
    };
    // What is stored before the first byte of an upload changes the slot.
    let mut settings = EspNvs::new(chip.clone(), region);
    settings.set_blob("img0", &[0; 36]).unwrap();
    drop((settings, chip));
    let mut cut = Sim::start(folder.path(), &["--flash", "cut.bin"]);
    shows(&folder, &cut, "recovery");
    cut.kill();
    make(&folder, "--base cut.bin --www www.bin -o mended.bin", 0);
    let mended = Sim::start(folder.path(), &["--flash", "mended.bin"]);
    shows(&folder, &mended, "active  www_0, settled");
}

#[test]
fn settings_that_no_device_would_open_stay_as_they_are_in_a_base() {
    let folder = folder();
    let table = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../partitions.csv"));
    let table = table.unwrap().replace("0x6000\n", "0x6000, readonly\n");
    assert!(table.contains("readonly"), "{table}");
    folder.file("table.csv", table);
    make(
        &folder,
        "--partitions table.csv --www www.bin -o base.bin",
        0,
    );
    let chip = SimFlash::open(&folder.join("base.bin"), 0x8000).unwrap();
    let region = Region {
        offset: 0x9000,
        len: 0x6000,
    };
    let mut settings = EspNvs::new(chip.clone(), region);
    settings.set_blob("img0", &[0; 36]).unwrap();
    drop((settings, chip));
    make(
        &folder,
        "--partitions table.csv --base base.bin --www www.bin -o next.bin",
        0,
    );
    let (base, next) = (flash(&folder, "base.bin"), flash(&folder, "next.bin"));
    assert!(!blank(&base[0x9000..0xf000]) && base == next);
}

#[test]
fn a_file_that_is_not_such_a_flash_is_no_base() {
    let folder = folder();
    make(&folder, "-o device.bin", 0);
    let made = flash(&folder, "device.bin");
    let mut moved = made.clone();
    moved[0x8000 + 4 * 32 + 4..][..4].copy_from_slice(&0x51_0000u32.to_le_bytes());
    // The MD5 entry would not be right any more; a table may go without.
    moved[0x8000 + 5 * 32..][..32].fill(0xff);
    let mut fewer = made.clone();
    fewer[0x8000 + 4 * 32..][..64].fill(0xff);
    let mut other = made.clone();
    other[0x8000 + 3 * 32 + 3] = 0x82; // SPIFFS
    other[0x8000 + 5 * 32..][..32].fill(0xff);
    for (name, bytes, why) in [
        (
            "short.bin",
            made[..4 << 20].to_vec(),
            "4194304 bytes long, the flash has 16777216",
        ),
        (
            "none.bin",
            vec![0; FLASH],
            "no valid partition table at 0x8000",
        ),
        (
            "moved.bin",
            moved,
            "`www_1` has 0x100000 bytes at 0x510000 there",
        ),
        ("fewer.bin", fewer, "it has no `www_1`"),
        ("other.bin", other, "`www_0` is of another type"),
    ] {
        folder.file(name, bytes);
        let told = make(&folder, &format!("--base {name} -o x.bin"), 1);
        assert!(told.contains(name) && told.contains(why), "{name}: {told}");
    }
    let told = make(&folder, "--base missing.bin -o x.bin", 1);
    assert!(told.contains("missing.bin"), "{told}");
    assert!(!folder.join("x.bin").exists());
}

#[test]
fn the_file_of_a_running_device_is_neither_read_nor_replaced() {
    let folder = folder();
    let _running = Sim::start(folder.path(), &["--www", "www.bin"]);
    let before = flash(&folder, "device.bin");
    for wrong in [
        "--base device.bin -o x.bin",
        "--base device.bin -o device.bin",
        "--www www.bin -o device.bin",
    ] {
        let told = make(&folder, wrong, 1);
        assert!(
            told.contains("device.bin: a simulated device has"),
            "{told}"
        );
    }
    assert!(!folder.join("x.bin").exists());
    assert!(flash(&folder, "device.bin") == before);
}

/// The repository's table for this flash.
fn table(folder: &Folder, name: &str) -> String {
    let csv = concat!(env!("CARGO_MANIFEST_DIR"), "/../../partitions");
    folder.file("table.csv", fs::read(format!("{csv}/{name}.csv")).unwrap());
    "--partitions table.csv".to_owned()
}

#[test]
fn flashes_of_other_sizes_and_tables_are_made_and_simulated() {
    let folder = folder();
    let small = table(&folder, "4mb") + " --flash-size 4MB";
    let told = make(&folder, &format!("{small} --www www.bin -o small.bin"), 0);
    assert!(told.contains("0x160000  www_0"), "{told}");
    assert!(told.ends_with("small.bin: 4.00 MiB\n"), "{told}");
    assert_eq!(
        fs::metadata(folder.join("small.bin")).unwrap().len(),
        4 << 20
    );
    // The file knows its size and its table by itself.
    let sim = Sim::start(folder.path(), &["--flash", "small.bin"]);
    shows(&folder, &sim, "www_0   one, 8.0 KiB of 1.31 MiB");
    drop(sim);
    let words: Vec<&str> = small.split(' ').chain(["--flash", "new.bin"]).collect();
    let sim = Sim::start(folder.path(), &[&words[..], &["--www", "www.bin"]].concat());
    shows(&folder, &sim, "www_0   one, 8.0 KiB of 1.31 MiB");
    drop(sim);
    // What it is not is refused, and the file stays.
    let before = fs::read(folder.join("new.bin")).unwrap();
    let other = table(&folder, "8mb");
    for (wrong, why) in [
        ("--flash-size 8MB".to_owned(), "has 4 MiB, not 8"),
        (other, "ends at 0x590000, outside the flash"),
        (
            "--table-offset 0x9000".to_owned(),
            "not a flash file: at 0x9000",
        ),
    ] {
        let words: Vec<&str> = ["sim", "--flash", "new.bin"]
            .into_iter()
            .chain(wrong.split(' '))
            .collect();
        let told = run_in(folder.path(), &words).expect(1).err;
        assert!(told.contains(why), "{wrong}: {told}");
    }
    assert!(fs::read(folder.join("new.bin")).unwrap() == before);
    let told = make(&folder, "--flash-size 4MB -o x.bin", 1);
    assert!(
        told.contains("name a partition table for this flash"),
        "{told}"
    );
    assert!(!folder.join("x.bin").exists());
}

#[test]
fn labels_and_the_place_of_the_table_are_taken() {
    let folder = folder();
    folder.file(
        "own.csv",
        "cfg, data, nvs, , 0x6000\nota_0, app, ota_0, 0x20000, 1M\n\
         a, data, spiffs, 0x120000, 64K\nb, data, littlefs, 0x130000, 64K\n",
    );
    run_in(
        folder.path(),
        &["pack", "dist", "-o", "www.bin", "--size", "64K"],
    )
    .expect(0);
    let own = "--partitions own.csv --flash-size 2MB --table-offset 0x10000 --slot-labels a,b \
               --nvs-label cfg";
    make(&folder, &format!("{own} --www www.bin -o own.bin"), 0);
    let words = format!("--flash own.bin {own}");
    let words: Vec<&str> = words.split_whitespace().collect();
    let sim = Sim::start(folder.path(), &words);
    shows(&folder, &sim, "active  a, settled");
    drop(sim);
    // ESP-IDF's bootloader as it is would not find that table.
    folder.file("fw", elf::elf(&C3));
    let told = make(&folder, &format!("{own} --firmware fw -o x.bin"), 2);
    assert!(
        told.contains("give one for 0x10000 with --bootloader"),
        "{told}"
    );
}

/// A table with these rows in front of an app, of a flash of 4 MB.
fn own_table(folder: &Folder, rows: &str) -> &'static str {
    let csv = format!("{rows}\nfactory, app, factory, 3M, 1M\n");
    folder.file("own.csv", csv);
    "--partitions own.csv --flash-size 4MB"
}

#[test]
fn an_image_that_no_device_would_serve_is_refused() {
    let folder = folder();
    let nvs = "nvs, data, nvs, 0x9000, 0x6000\n";
    for (rows, why) in [
        (
            // Packed for 256 blocks.
            "www_0, data, littlefs, , 84K\nwww_1, data, littlefs, , 84K",
            "256 blocks",
        ),
        (
            "www_0, data, littlefs, , 1M\nwww_1, data, littlefs, , 1028K",
            "`www_0` and `www_1` differ in size",
        ),
        (
            "www_0, data, littlefs, , 1M, encrypted\nwww_1, data, littlefs, , 1M",
            "partition `www_0` is marked as encrypted",
        ),
        (
            "www_0, data, fat, , 1M\nwww_1, data, littlefs, , 1M",
            "partition `www_0` must be data, littlefs, but is data, 0x81",
        ),
        (
            "www_0, data, littlefs, , 1M\n",
            "the partition table has no `www_1`",
        ),
    ] {
        let own = own_table(&folder, &format!("{nvs}{rows}"));
        let told = make(&folder, &format!("{own} --www www.bin -o x.bin"), 1);
        let lead = "www.bin: no device would serve it from `www_0`: ";
        assert!(told.contains(lead) && told.contains(why), "{rows}: {told}");
        let words: Vec<&str> = ["sim", "--www", "www.bin", "--flash", "x.bin"]
            .into_iter()
            .chain(own.split(' '))
            .collect();
        let told = run_in(folder.path(), &words).expect(1).err;
        assert!(told.contains(why), "{rows}: {told}");
        assert!(!folder.join("x.bin").exists());
    }
}

#[test]
fn a_table_that_a_device_cannot_work_with_is_warned_of() {
    let folder = folder();
    let slots = "www_0, data, littlefs, , 1M\nwww_1, data, littlefs, , 1M\n";
    for (rows, arguments, why) in [
        (
            "nvs, data, nvs, 0x9000, 0x6000\n",
            "",
            "warning: no device takes a frontend with this table: the partition table has no `www_0`",
        ),
        (
            slots,
            "--www www.bin",
            "warning: no device can change its frontend with this table: the partition table has no \
             `nvs`",
        ),
    ] {
        let own = own_table(&folder, rows);
        let told = make(&folder, &format!("{own} {arguments} -o x.bin"), 0);
        assert!(told.contains(why), "{told}");
    }
    let own = own_table(&folder, &format!("nvs, data, nvs, 0x9000, 0x6000\n{slots}"));
    let told = make(&folder, &format!("{own} --www www.bin -o x.bin"), 0);
    assert!(!told.contains("warning"), "{told}");
}

#[test]
fn slots_that_the_firmware_does_not_reach_are_told() {
    let folder = folder();
    folder.file("fw.elf", elf::elf(&C3));
    let own = "--partitions own.csv --flash-size 32MB --www www.bin";
    for (at, reached) in [("15M", false), ("14M", true)] {
        let rows = format!(
            "nvs, data, nvs, 0x9000, 24K\nfactory, app, factory, 0x10000, 3M\n\
             www_0, data, littlefs, {at}, 1M\nwww_1, data, littlefs, , 1M\n"
        );
        folder.file("own.csv", rows);
        let told = make(&folder, &format!("{own} -o x.bin"), 0);
        let why = "`www_1` ends above 16 MB";
        assert_eq!(told.contains(why), !reached, "{told}");
        assert!(!told.contains("`www_0` ends"), "{told}");
        let code = i32::from(!reached);
        let told = make(&folder, &format!("{own} --firmware fw.elf -o y.bin"), code);
        assert_eq!(told.contains(why), !reached, "{told}");
        assert_eq!(folder.join("y.bin").exists(), reached);
    }
}

#[test]
fn a_wrong_table_is_said_of_the_file_that_it_is_in() {
    let folder = folder();
    folder.file("odd.csv", "nvs, data, nvs, , -0x1000\n");
    for words in [
        "sim --flash odd.fl --partitions odd.csv",
        "sim --flash odd.fl --partitions odd.csv --www www.bin",
        "flash-image -o odd.fl --partitions odd.csv",
    ] {
        let words: Vec<&str> = words.split(' ').collect();
        let told = run_in(folder.path(), &words).expect(1).err;
        let why = "odd.csv: not a partition table: line 1: `nvs` has the size -0x8000";
        assert!(told.contains(why) && !told.contains("odd.fl"), "{told}");
    }
    assert!(!folder.join("odd.fl").exists());
    let other = ["sim", "--flash", "odd.fl", "--flash-size", "4MB"];
    let told = run_in(folder.path(), &other).expect(1).err;
    assert!(told.contains("for this flash with --partitions"), "{told}");
}

#[test]
fn types_of_ones_own_and_labels_as_long_as_the_field_are_taken() {
    let folder = folder();
    let rows = "nvs, data, nvs, 0x9000, 0x5000\neeprom, data, 0x99, , 0x1000\n\
                own, 0x40, 7, , 0x1000\nslot_of_16_chars, data, littlefs, 0x100000, 1M\n\
                www_1, data, littlefs, , 1M\n";
    let own = own_table(&folder, rows).to_owned() + " --slot-labels slot_of_16_chars,www_1";
    make(&folder, &format!("{own} --www www.bin -o own.bin"), 0);
    let words: Vec<&str> = ["--flash", "own.bin"]
        .into_iter()
        .chain(own.split(' '))
        .collect();
    let sim = Sim::start(folder.path(), &words);
    shows(&folder, &sim, "active  slot_of_16_chars, settled");
}

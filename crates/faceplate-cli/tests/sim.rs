//! `faceplate sim` and `faceplate flash-image`.

mod common;
#[path = "common/sim.rs"]
mod sim;

use std::fs;

use common::{Folder, noise, run_in, text};
use sim::Sim;

fn folder() -> Folder {
    let folder = Folder::new();
    folder.file("dist/index.html", text(2000));
    run_in(folder.path(), &["pack", "dist", "--app-version", "one"]).expect(0);
    folder
}

#[test]
fn a_flash_image_starts_a_device_with_its_frontend() {
    let folder = folder();
    let made = ["flash-image", "--www", "www.bin", "-o", "device.bin"];
    let ended = run_in(folder.path(), &made).expect(0);
    assert_eq!(
        ended.out,
        "0x008000  partition table  3.0 KiB\n0x310000  www_0  8.0 KiB\ndevice.bin: 16.00 MiB\n"
    );
    let sim = Sim::start(folder.path(), &[]);
    let shown = run_in(folder.path(), &["status", &sim.address])
        .expect(0)
        .out;
    assert!(shown.contains("active  www_0, settled"), "{shown}");
    assert!(
        shown.contains("www_0   one, 8.0 KiB of 1.00 MiB"),
        "{shown}"
    );
}

#[test]
fn a_flash_image_holds_the_firmware_where_the_partition_table_says() {
    let folder = folder();
    let app = [&[0xe9][..], &noise(5000)].concat();
    folder.file("app.bin", &app);
    folder.file("app.elf", b"\x7fELF");
    let made = ["flash-image", "--firmware", "app.bin", "-o", "device.bin"];
    run_in(folder.path(), &made).expect(0);
    let flash = fs::read(folder.join("device.bin")).unwrap();
    assert_eq!(flash.len(), 16 << 20);
    assert!(flash[0x10000..].starts_with(&app));
    assert!(flash[0x310000..].iter().all(|byte| *byte == 0xff));

    let wrong = ["flash-image", "--firmware", "app.elf", "-o", "x.bin"];
    let ended = run_in(folder.path(), &wrong).expect(1);
    assert!(ended.err.contains("espflash save-image"), "{}", ended.err);
    folder.file("big.bin", [&[0xe9][..], &noise(0x300000)].concat());
    let wrong = ["flash-image", "--firmware", "big.bin", "-o", "x.bin"];
    let ended = run_in(folder.path(), &wrong).expect(1);
    assert!(
        ended.err.contains("the partition `factory` has 3145728"),
        "{}",
        ended.err
    );
    let wrong = ["flash-image", "--www", "app.bin", "-o", "x.bin"];
    let ended = run_in(folder.path(), &wrong).expect(1);
    assert!(ended.err.contains("app.bin: not an image"), "{}", ended.err);
    assert!(!folder.join("x.bin").exists());
}

#[test]
fn a_device_survives_that_its_program_is_killed() {
    let folder = folder();
    let mut sim = Sim::start(folder.path(), &["--reboot-ms", "100"]);
    run_in(folder.path(), &["push", "www.bin", &sim.address]).expect(0);
    sim.kill();
    let sim = Sim::start_at(folder.path(), &sim.address, &[]);
    let json = run_in(folder.path(), &["status", &sim.address, "--json"])
        .expect(0)
        .json();
    assert_eq!(
        (&json["active"], &json["state"]),
        (&1.into(), &"settled".into())
    );
}

#[test]
fn what_a_device_cannot_start_with_is_named() {
    let folder = folder();
    folder.file("short.bin", noise(1000));
    let ended = run_in(folder.path(), &["sim", "--flash", "short.bin"]).expect(1);
    assert!(
        ended.err.contains("short.bin: not a flash file"),
        "{}",
        ended.err
    );
    let ended = run_in(folder.path(), &["sim", "--www", "short.bin"]).expect(1);
    assert!(
        ended.err.contains("short.bin: not an image"),
        "{}",
        ended.err
    );
    assert!(!folder.join("device.bin").exists());

    let running = Sim::start(folder.path(), &[]);
    let ended = run_in(folder.path(), &["sim", "--listen", "127.0.0.1:0"]).expect(1);
    assert!(
        ended
            .err
            .contains("another simulated device has this flash open"),
        "{}",
        ended.err
    );
    let other = ["sim", "--flash", "other.bin", "--listen", &running.address];
    let ended = run_in(folder.path(), &other).expect(1);
    assert!(ended.err.contains("cannot listen at"), "{}", ended.err);
}

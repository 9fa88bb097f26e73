//! `faceplate sim`.

use crate::common::sim::Sim;
use crate::common::{Folder, noise, run_in, text};

fn folder() -> Folder {
    let folder = Folder::new();
    folder.file("dist/index.html", text(2000));
    run_in(folder.path(), &["pack", "dist", "--app-version", "one"]).expect(0);
    folder
}

#[test]
fn a_device_survives_that_its_program_is_killed() {
    let folder = folder();
    let mut sim = Sim::start(folder.path(), &["--reboot-ms", "100"]);
    let push = ["push", "www.bin", &sim.address, "--confirm", "load"];
    run_in(folder.path(), &push).expect(0);
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

//! `faceplate pull`: the image that a device has, to a file.

use std::fs;

use crate::common::bent::Bent;
use crate::common::cut::{Cut, Plan};
use crate::common::sim::Sim;
use crate::common::{Folder, noise, run_in};

const QUICK: [&str; 2] = ["--reboot-ms", "100"];

/// A device that runs `new.bin`, and has `old.bin` in its other slot.
fn device(options: &[&str], push: &[&str]) -> (Folder, Sim) {
    let folder = Folder::new();
    for word in ["old", "new"] {
        folder.file(&format!("{word}/index.html"), word);
        folder.file(&format!("{word}/photo.jpg"), noise(300_000));
        let image = format!("{word}.bin");
        let pack = ["pack", word, "-o", &image, "--app-version", word];
        run_in(folder.path(), &pack).expect(0);
    }
    let options = [&["--www", "old.bin"], &QUICK[..], options].concat();
    let sim = Sim::start(folder.path(), &options);
    let load = ["push", "new.bin", &sim.address, "--confirm", "load"];
    run_in(folder.path(), &[&load[..], push].concat()).expect(0);
    (folder, sim)
}

#[test]
fn the_images_come_as_they_were_pushed() {
    let (folder, sim) = device(&[], &[]);
    let at = &*sim.address;
    for (slot, image) in [
        (&[][..], "new"),
        (&["--slot", "active"], "new"),
        (&["--slot", "inactive"], "old"),
        (&["--slot", "0"], "old"),
        (&["--slot", "1"], "new"),
    ] {
        let pull = [&["pull", at, "-o", "out.bin", "--force"], slot].concat();
        let ended = run_in(folder.path(), &pull).expect(0);
        let pulled = folder.bytes("out.bin");
        assert!(pulled == folder.bytes(&format!("{image}.bin")), "{slot:?}");
        let last = ended.out.lines().last().unwrap_or_default();
        assert!(
            last.starts_with(&format!("out.bin: {image} in www_")),
            "{last}"
        );
        assert_eq!(ended.err, "");
    }
    let json = run_in(folder.path(), &["pull", at, "--json"])
        .expect(0)
        .json();
    let inspected = run_in(folder.path(), &["inspect", "www.bin", "--json"])
        .expect(0)
        .json();
    assert_eq!(json["sha256"], inspected["sha256"]);
    assert_eq!(json["bytes"], inspected["bytes"]);
    assert_eq!(
        (&json["slot"], &json["image"]),
        (&"www_1".into(), &"www.bin".into())
    );
    assert_eq!(json["version"], "new");
}

#[test]
fn no_file_is_overwritten_unless_that_is_said() {
    let (folder, sim) = device(&[], &[]);
    folder.file("www.bin", b"mine");
    fs::create_dir(folder.join("out")).unwrap();
    let pull = |more: &[&str]| run_in(folder.path(), &[&["pull", &sim.address], more].concat());
    let ended = pull(&[]).expect(1);
    assert!(
        ended.err.contains("it is there already; --force"),
        "{}",
        ended.err
    );
    assert_eq!(ended.out, "");
    assert_eq!(folder.bytes("www.bin"), b"mine");
    for more in [&["-o", "out"][..], &["-o", "out", "--force"]] {
        let ended = pull(more).expect(1);
        assert!(ended.err.contains("a folder"), "{}", ended.err);
    }
    let ended = pull(&["-o", "nowhere/www.bin"]).expect(1);
    assert!(ended.err.starts_with("error: nowhere"), "{}", ended.err);
    pull(&["--force"]).expect(0);
    assert!(folder.bytes("www.bin") == folder.bytes("new.bin"));
}

#[test]
fn a_connection_that_breaks_is_gone_on_with_where_it_was() {
    let (folder, sim) = device(&[], &[]);
    let plan = |times| Plan {
        begins: "GET /api/ota/frontend?slot=1 ",
        up: usize::MAX,
        down: 100_000,
        times,
    };
    let cut = Cut::start(&sim.address, plan(2));
    let ended = run_in(folder.path(), &["pull", &cut.address]).expect(0);
    assert!(folder.bytes("www.bin") == folder.bytes("new.bin"));
    let told = ended.out.matches("; asking for the rest\n").count();
    assert_eq!(told, 2, "{}", ended.out);
    let heads = cut.heads("GET /api/ota/frontend?slot=1 ");
    let range = |head: &String| {
        let line = head
            .lines()
            .find_map(|line| line.strip_prefix("Range: bytes="));
        line.map_or(0, |range| {
            range.trim_end_matches('-').parse::<usize>().unwrap()
        })
    };
    let from: Vec<_> = heads.iter().map(range).collect();
    assert_eq!(from.len(), 3);
    assert!(
        from[0] == 0 && from[1] > 90_000 && from[2] > from[1] + 90_000,
        "{from:?}"
    );
    // There is an end to it, and no file.
    let none = Plan {
        down: 0,
        ..plan(usize::MAX)
    };
    let cut = Cut::start(&sim.address, none);
    let ended = run_in(folder.path(), &["pull", &cut.address, "-o", "no.bin"]).expect(3);
    assert!(
        ended
            .err
            .contains("0 B came, then it closed the connection. Nothing was written"),
        "{}",
        ended.err
    );
    assert!(!folder.join("no.bin").exists());
}

#[test]
fn what_is_not_what_the_device_tells_is_not_written() {
    let (folder, sim) = device(&[], &[]);
    // The status names another image than comes.
    let bent = Bent::start(
        &sim.address,
        &[(
            "GET /api/ota/frontend?slot=1",
            "GET /api/ota/frontend?slot=0",
        )],
        &[],
    );
    let ended = run_in(folder.path(), &["pull", &bent.address]).expect(1);
    assert!(
        ended.err.contains("what came has the SHA-256 "),
        "{}",
        ended.err
    );
    assert!(!folder.join("www.bin").exists());
    let json = run_in(folder.path(), &["pull", &bent.address, "--json"])
        .expect(1)
        .json();
    assert_eq!(json["error"]["kind"], "other-image");
}

#[test]
fn a_slot_without_a_frontend_and_a_device_that_gives_none_are_told() {
    let folder = Folder::new();
    let sim = Sim::start(folder.path(), &QUICK);
    let ended = run_in(folder.path(), &["pull", &sim.address]).expect(4);
    assert!(
        ended.err.contains("there is no frontend in www_0: empty"),
        "{}",
        ended.err
    );
    let json = run_in(folder.path(), &["pull", &sim.address, "--json"])
        .expect(4)
        .json();
    assert_eq!(json["error"]["kind"], "no-image");
    let (folder, sim) = device(&[], &[]);
    let old = Bent::start(
        &sim.address,
        &[("/api/ota/frontend?", "/api/ota/fr0ntend?")],
        &[],
    );
    let ended = run_in(folder.path(), &["pull", &old.address]).expect(4);
    assert!(
        ended.err.contains("its firmware does not give images back"),
        "{}",
        ended.err
    );
}

#[test]
fn a_device_that_wants_a_password_for_reading_gets_it() {
    let password = ["--password", "correct horse", "--password-for-reading"];
    let folder = Folder::new();
    let say = folder.file("password", "correct horse\n");
    let say = ["--password-file", say.to_str().unwrap()];
    let (folder, sim) = device(&password, &say);
    let ended = run_in(folder.path(), &["pull", &sim.address]).expect(4);
    assert!(ended.err.contains("password"), "{}", ended.err);
    run_in(
        folder.path(),
        &[&["pull", &*sim.address], &say[..]].concat(),
    )
    .expect(0);
    assert!(folder.bytes("www.bin") == folder.bytes("new.bin"));
}

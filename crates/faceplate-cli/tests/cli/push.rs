//! `faceplate push`, `status`, `confirm` and `rollback` with a simulated device.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use crate::common::sim::Sim;
use crate::common::{Ended, Folder, HANGS, noise, run_in, text};
use serde_json::Value;

/// A restart that tests need not wait for.
const QUICK: [&str; 2] = ["--reboot-ms", "100"];

/// A page that loads a script, a style and an icon.
fn page(word: &str) -> String {
    format!(
        r#"<!doctype html><title>{word}</title><link rel="icon" href="/icon.svg">
        <link rel="stylesheet" href="./assets/style.css"><script type="module" src="/assets/app.js">
        </script><img src="/assets/photo.jpg"><p>{word}</p>"#
    )
}

/// Packs a frontend that tells `word` into `<word>.bin`, without the files that are left out.
fn pack(folder: &Folder, word: &str, without: &[&str], options: &[&str]) {
    let files = [
        ("index.html", page(word).into_bytes()),
        ("icon.svg", b"<svg/>".to_vec()),
        ("assets/style.css", text(5000)),
        ("assets/app.js", [word.as_bytes(), &text(20_000)].concat()),
        ("assets/photo.jpg", noise(300_000)),
    ];
    for (path, bytes) in files {
        if !without.contains(&path) {
            folder.file(&format!("dist-{word}/{path}"), bytes);
        }
    }
    let (dist, image) = (format!("dist-{word}"), format!("{word}.bin"));
    let pack = [
        &["pack", &dist, "-o", &image, "--app-version", word],
        options,
    ]
    .concat();
    run_in(folder.path(), &pack).expect(0);
}

/// A device that runs `old`, and an image `new`.
fn device(options: &[&str]) -> (Folder, Sim) {
    let folder = Folder::new();
    pack(&folder, "old", &[], &[]);
    pack(&folder, "new", &[], &[]);
    let sim = Sim::start(folder.path(), &[&["--www", "old.bin"], options].concat());
    (folder, sim)
}

/// Pushes; that it loads has to do, unless the options say otherwise.
fn push(folder: &Folder, sim: &Sim, image: &str, options: &[&str]) -> Ended {
    let mut arguments = [&["push", image, &sim.address], options].concat();
    if !options.contains(&"--confirm") {
        arguments.extend(["--confirm", "load"]);
    }
    run_in(folder.path(), &arguments)
}

fn status(folder: &Folder, sim: &Sim) -> Value {
    run_in(folder.path(), &["status", &sim.address, "--json"])
        .expect(0)
        .json()
}

/// What the device serves as its page.
fn served(sim: &Sim) -> String {
    let mut stream = TcpStream::connect(&sim.address).unwrap();
    let request = format!(
        "GET / HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        sim.address
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let body = answer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap()
        + 4;
    let mut page = String::new();
    flate2::read::GzDecoder::new(&answer[body..])
        .read_to_string(&mut page)
        .unwrap();
    page
}

#[test]
fn a_push_ends_when_the_new_frontend_serves_and_is_confirmed() {
    let (folder, sim) = device(&QUICK);
    assert_eq!(served(&sim), page("old"));
    let ended = push(&folder, &sim, "new.bin", &[]).expect(0);
    assert_eq!(ended.err, "");
    let at = &sim.address;
    let lines: Vec<&str> = ended.out.lines().collect();
    assert_eq!(lines[0], format!("{at}: asking for its status"));
    assert_eq!(lines[1], format!("{at}: looking for what differs"));
    let sending = format!("{at}: sending what differs of new (");
    assert!(lines[2].starts_with(&sending), "{}", lines[2]);
    assert!(
        lines[2].ends_with(" KiB of 312 KiB) to www_1"),
        "{}",
        lines[2]
    );
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with(&format!("{at}: sent ")) && line.ends_with(" bytes"))
    );
    assert_eq!(
        lines[lines.len() - 4..],
        [
            "restarting",
            "loading the new frontend",
            "confirming",
            "runs new in www_1, confirmed: it loads; its scripts were not run"
        ]
        .map(|what| format!("{at}: {what}"))
    );
    assert_eq!(served(&sim), page("new"));
    let status = status(&folder, &sim);
    assert_eq!(
        (&status["state"], &status["active"]),
        (&"settled".into(), &1.into())
    );
    assert_eq!(status["last"]["outcome"], "updated");
}

#[test]
fn scripts_are_told_in_json_and_the_same_image_is_not_sent_twice() {
    let (folder, sim) = device(&QUICK);
    let first = push(&folder, &sim, "new.bin", &["--json"]).expect(0);
    let json = first.json();
    assert_eq!(json["version"], "new");
    let device = &json["devices"][0];
    assert_eq!(device["device"], *sim.address);
    assert_eq!(
        (&device["ok"], &device["sent"]),
        (&true.into(), &true.into())
    );
    assert_eq!(device["slot"], "www_1");
    assert_eq!(
        (&device["upload"]["way"], &device["upload"]["tries"]),
        (&"chunks".into(), &1.into())
    );
    let blocks = fs::metadata(folder.join("new.bin")).unwrap().len() / 4096;
    let sectors = |which: &str| device["sectors"][which].as_u64().unwrap();
    assert_eq!(sectors("written") + sectors("same"), blocks);
    // The slot was blank; so is the spare block of the folder's metadata.
    assert_eq!(sectors("same"), 1);
    assert_eq!(device["warnings"], serde_json::json!([]));

    let again = push(&folder, &sim, "new.bin", &["--json"]).expect(0).json();
    assert_eq!(again["devices"][0]["sent"], false);
    assert_eq!(again["devices"][0]["upload"], Value::Null);
    // The way back is still there.
    assert_eq!(status(&folder, &sim)["slots"][0]["version"], "old");
}

#[test]
fn a_new_device_in_recovery_takes_its_first_frontend() {
    let folder = Folder::new();
    pack(&folder, "first", &[], &[]);
    let sim = Sim::start(folder.path(), &QUICK);
    assert_eq!(status(&folder, &sim)["state"], "recovery");
    push(&folder, &sim, "first.bin", &[]).expect(0);
    assert_eq!(served(&sim), page("first"));
}

#[test]
fn a_page_whose_script_is_missing_is_taken_back_at_once_and_the_next_push_is_taken() {
    let (folder, sim) = device(&QUICK);
    pack(&folder, "broken", &["assets/app.js"], &["--stamp"]);
    for who in ["page", "load"] {
        let options = ["--within", "3600", "--confirm", who];
        let ended = push(&folder, &sim, "broken.bin", &options).expect(5);
        let wanted = format!(
            "error: {}: the new frontend does not load: /assets/app.js is answered with status \
             404. It was taken back; the device runs old in www_0\n",
            sim.address
        );
        assert_eq!(ended.err, wanted);
        let told = "taking the new frontend back, since it does not load\n";
        assert!(ended.out.ends_with(told), "{}", ended.out);
        assert_eq!(served(&sim), page("old"));
        assert_eq!(status(&folder, &sim)["state"], "settled");
    }
    push(&folder, &sim, "new.bin", &[]).expect(0);
}

#[test]
fn a_frontend_that_the_device_is_to_confirm_is_left_to_it_and_can_be_rolled_back() {
    let (folder, sim) = device(&QUICK);
    pack(&folder, "broken", &["assets/app.js"], &[]);
    let ended = push(&folder, &sim, "broken.bin", &["--confirm", "device"]).expect(1);
    let wanted = "/assets/app.js is answered with status 404. The device confirms it by itself in ";
    assert!(ended.err.contains(wanted), "{}", ended.err);

    // Meanwhile no other image may take the way back.
    let ended = push(&folder, &sim, "new.bin", &[]).expect(4);
    assert!(
        ended.err.contains("still on trial. Nothing was sent"),
        "{}",
        ended.err
    );
    let shown = run_in(folder.path(), &["status", &sim.address])
        .expect(0)
        .out;
    assert!(
        shown.contains("active  www_1, on trial: the device has "),
        "{shown}"
    );

    let ended = run_in(folder.path(), &["rollback", &sim.address]).expect(0);
    assert!(
        ended
            .out
            .contains("rolled back by hand, from www_1 to www_0"),
        "{}",
        ended.out
    );
    assert_eq!(served(&sim), page("old"));
}

#[test]
fn a_push_that_was_interrupted_before_it_confirmed_goes_on() {
    let (folder, sim) = device(&QUICK);
    let mut child = crate::common::command()
        .current_dir(folder.path())
        .args(["push", "new.bin", &sim.address])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    sim.wait_for("restarting");
    child.kill().unwrap();
    child.wait().unwrap();
    sim.wait_for("serves new from www_1, on trial");
    let json = push(&folder, &sim, "new.bin", &["--json"]).expect(0).json();
    assert_eq!(json["devices"][0]["sent"], false);
    assert_eq!(status(&folder, &sim)["state"], "settled");
}

#[test]
fn a_missing_file_that_no_browser_needs_is_a_warning_at_most() {
    let (folder, sim) = device(&QUICK);
    let more = r#"<link rel="preload" as="font" href="/font.woff2"><script nomodule src="/old.js"></script>
        <link rel="stylesheet" media="print" href="/paper.css"><script type="text/template" src="/row.js">
        </script><noscript><link rel="stylesheet" href="/plain.css"></noscript>
        <template><script src="/part.js"></script></template>"#;
    folder.file("dist-bare/index.html", page("bare") + more);
    let without = ["index.html", "icon.svg", "assets/photo.jpg"];
    pack(&folder, "bare", &without, &[]);
    let ended = push(&folder, &sim, "bare.bin", &[]).expect(0);
    let warnings: Vec<&str> = ended.err.lines().collect();
    let warning = |path| {
        format!(
            "{}: warning: {path} is answered with status 404",
            sim.address
        )
    };
    assert_eq!(
        warnings,
        [
            "/icon.svg",
            "/assets/photo.jpg",
            "/font.woff2",
            "/old.js",
            "/paper.css"
        ]
        .map(warning)
    );
    assert_eq!(status(&folder, &sim)["state"], "settled");
}

#[test]
fn scripts_are_told_what_was_warned_of_before_a_push_failed() {
    let (folder, sim) = device(&QUICK);
    pack(&folder, "broken", &["icon.svg", "assets/app.js"], &[]);
    let json = push(&folder, &sim, "broken.bin", &["--json"])
        .expect(5)
        .json();
    let device = &json["devices"][0];
    assert_eq!(device["error"]["kind"], "went-back");
    let wanted = ["/icon.svg is answered with status 404"];
    assert_eq!(device["warnings"], serde_json::json!(wanted));
    let json = run_in(folder.path(), &["push", "new.bin", "127.0.0.1:1", "--json"])
        .expect(3)
        .json();
    assert_eq!(json["devices"][0]["warnings"], serde_json::json!([]));
}

#[test]
fn a_script_that_the_firmware_makes_is_no_reason_to_go_back() {
    let (folder, sim) = device(&QUICK);
    let made = r#"<script src="/api/ota/status"></script>"#;
    folder.file("dist-made/index.html", page("made") + made);
    pack(&folder, "made", &["index.html"], &[]);
    let ended = push(&folder, &sim, "made.bin", &[]).expect(1);
    let wanted = "does not load: /api/ota/status is not in the image. It was not confirmed";
    assert!(ended.err.contains(wanted), "{}", ended.err);
    let status = status(&folder, &sim);
    assert_eq!(
        (&status["state"], &status["active"]),
        (&"trial".into(), &1.into())
    );
}

#[test]
fn each_of_several_devices_goes_back_if_it_can() {
    let (folder, one) = device(&QUICK);
    pack(&folder, "broken", &["assets/style.css"], &[]);
    let other = Folder::new();
    let two = Sim::start(other.path(), &QUICK);
    let devices = [&*one.address, &*two.address];
    let push = ["push", "broken.bin", "--confirm", "load", "--json"];
    let json = run_in(folder.path(), &[&push[..], &devices].concat())
        .expect(5)
        .json();
    for (device, kind, part) in [
        (0, "went-back", "It was taken back; the device runs old in "),
        (1, "does-not-load", "as there is nothing to go back to"),
    ] {
        let error = &json["devices"][device]["error"];
        assert_eq!(error["kind"], kind);
        let message = error["message"].as_str().unwrap();
        let what = "/assets/style.css is answered with status 404";
        assert!(message.contains(what), "{message}");
        assert!(message.contains(part), "{message}");
    }
    assert_eq!((served(&one), served(&two)), (page("old"), page("broken")));
}

#[test]
fn the_device_can_confirm_by_itself() {
    let (folder, sim) = device(&QUICK);
    push(&folder, &sim, "new.bin", &["--confirm", "device"]).expect(0);
    let status = status(&folder, &sim);
    assert_eq!(
        (&status["state"], &status["active"]),
        (&"settled".into(), &1.into())
    );
    assert!(status["device"]["uptime_ms"].as_u64().unwrap() >= 30_000);
}

#[test]
fn what_is_no_good_image_is_not_sent() {
    let (folder, sim) = device(&QUICK);
    folder.file("photo.jpg", noise(8192));
    let mut damaged = fs::read(folder.join("new.bin")).unwrap();
    let last = damaged.len() - 5000;
    damaged[last] ^= 1;
    folder.file("damaged.bin", damaged);
    for image in ["photo.jpg", "damaged.bin"] {
        let ended = push(&folder, &sim, image, &[]).expect(1);
        assert!(
            ended.err.starts_with(&format!("error: {image}: ")),
            "{}",
            ended.err
        );
        assert!(ended.err.contains("Nothing was sent"), "{}", ended.err);
        let json = push(&folder, &sim, image, &["--json"]).expect(1).json();
        let error = &json["error"];
        assert_eq!(error["kind"], "image");
        assert!(error["message"].as_str().unwrap().starts_with(image));
    }
    pack(&folder, "later", &[], &["--api", "7..9"]);
    let ended = push(&folder, &sim, "later.bin", &[]).expect(4);
    assert!(
        ended
            .err
            .contains("needs firmware API 7 to 9, the device has 1"),
        "{}",
        ended.err
    );
    assert_eq!(status(&folder, &sim)["upload"], Value::Null);
}

#[test]
fn several_devices_get_it_in_turn_and_the_one_that_fails_is_named() {
    let (folder, one) = device(&QUICK);
    let other = Folder::new();
    fs::copy(folder.join("old.bin"), other.join("old.bin")).unwrap();
    let two = Sim::start(other.path(), &[&["--www", "old.bin"], &QUICK[..]].concat());
    let nobody = "127.0.0.1:1";
    let ended = run_in(
        folder.path(),
        &[
            "push",
            "new.bin",
            "--confirm",
            "load",
            &one.address,
            nobody,
            &two.address,
        ],
    )
    .expect(3);
    assert!(
        ended
            .err
            .starts_with("error: 127.0.0.1:1: it refuses connections. Nothing was sent")
    );
    assert!(
        ended.out.ends_with("2 of 3 devices; failed: 127.0.0.1:1\n"),
        "{}",
        ended.out
    );
    assert_eq!((served(&one), served(&two)), (page("new"), page("new")));
}

#[test]
fn confirm_and_rollback_refuse_when_there_is_nothing_to_do() {
    let (folder, sim) = device(&QUICK);
    let ended = run_in(folder.path(), &["confirm", &sim.address]).expect(4);
    assert!(ended.err.contains("Nothing is on trial"), "{}", ended.err);
    let ended = run_in(folder.path(), &["rollback", &sim.address, "--json"]).expect(4);
    let json = ended.json();
    assert_eq!(json["error"]["kind"], "no-way-back");
    let message = json["error"]["message"].as_str().unwrap();
    assert!(message.contains("There is no way back"), "{message}");

    push(&folder, &sim, "new.bin", &[]).expect(0);
    let back = run_in(folder.path(), &["rollback", &sim.address, "--json"])
        .expect(0)
        .json();
    assert_eq!(
        (&back["active"], &back["state"]),
        (&0.into(), &"trial".into())
    );
    assert_eq!(back["trial"]["confirm"], "device");
    let confirmed = run_in(folder.path(), &["confirm", &sim.address, "--json"])
        .expect(0)
        .json();
    assert_eq!(confirmed["state"], "settled");
}

#[test]
fn progress_counts_what_the_device_wrote() {
    let (folder, sim) = device(&["--reboot-ms", "100", "--flash-timing", "real"]);
    let ended = push(&folder, &sim, "new.bin", &[]).expect(0);
    let written = ended
        .out
        .lines()
        .filter(|line| line.contains(": written "))
        .count();
    assert!(written >= 2, "{}", ended.out);
}

#[test]
fn wrong_use_ends_with_2() {
    let (folder, sim) = device(&QUICK);
    let at = &*sim.address;
    for wrong in [
        &["push", "new.bin"][..],
        &["push", "new.bin", "https://lamp.local"],
        &["push", "new.bin", at, "--within", "5"],
        &[
            "push",
            "new.bin",
            at,
            "--within",
            "20",
            "--confirm",
            "device",
        ],
        &["push", "new.bin", at, "--confirm", "me"],
        &["push", "new.bin", at, "--confirm", "client"],
        &["push", "new.bin", at, "--confirm", "load", "--open"],
        &["confirm", at, "--build", "0123"],
        &["status"],
        &["status", "lamp/?update"],
        &["sim", "--flash-timing", "slow"],
    ] {
        run_in(folder.path(), wrong).expect(2);
    }
}

#[test]
fn a_device_that_loses_power_while_writing_starts_with_the_old_frontend() {
    // A new NVS takes 9 operations to note that the upload began. The image has 77 sectors to be
    // written then; each is one operation on blank flash.
    thread::scope(|scope| {
        for operations in ["0", "5", "9", "49", "85"] {
            scope.spawn(move || {
                let (ended, folder, served_then) = power_cut(operations);
                let ended = ended.expect(3);
                assert!(
                    ended.err.contains("the upload broke off, "),
                    "{}",
                    ended.err
                );
                assert!(
                    ended.err.contains("does not answer any more"),
                    "{}",
                    ended.err
                );
                assert_eq!(served_then, page("old"), "{operations}");
                // And takes the image now.
                let sim = Sim::start(folder.path(), &QUICK);
                push(&folder, &sim, "new.bin", &[]).expect(0);
                assert_eq!(served(&sim), page("new"));
            });
        }
    });
}

#[test]
fn a_device_that_loses_power_while_switching_starts_with_the_old_or_the_new_frontend() {
    // What comes after the 9 and 77 operations above is the switch in NVS.
    thread::scope(|scope| {
        for operations in ["86", "90", "94", "98"] {
            scope.spawn(move || {
                let (ended, _, served_then) = power_cut(operations);
                assert!(ended.err.starts_with("error: "), "{}", ended.err);
                assert!(
                    [page("old"), page("new")].contains(&served_then),
                    "{operations}"
                );
            });
        }
    });
}

/// Pushes to a device whose power is cut after so many operations. Gives how the push ended, and
/// what the device serves when it has power again.
fn power_cut(operations: &str) -> (Ended, Folder, String) {
    let (folder, mut sim) = device(&["--reboot-ms", "100", "--power-cut-after", operations]);
    let begin = Instant::now();
    let ended = push(&folder, &sim, "new.bin", &["--timeout", "2"]);
    let took = begin.elapsed();
    assert!(took < HANGS, "{operations}: {took:?}");
    assert_eq!(sim.ended(), Some(3), "{operations}");
    let sim = Sim::start(folder.path(), &QUICK);
    let page = served(&sim);
    drop(sim);
    (ended, folder, page)
}

#[test]
fn a_device_that_vanishes_at_any_moment_ends_the_push_in_time() {
    // Slow flash keeps the upload going for a second; then the restart takes for ever.
    thread::scope(|scope| {
        for pause in [0, 30, 200, 400, 700, 1000, 1500, 2500] {
            scope.spawn(move || vanish(pause));
        }
    });
}

/// Kills the device so many milliseconds after the push began.
fn vanish(pause: u64) {
    let (folder, mut sim) = device(&["--reboot-ms", "60000", "--flash-timing", "real"]);
    let address = sim.address.clone();
    let begin = Instant::now();
    let push = ["push", "new.bin", &address, "--timeout", "2"];
    let ended = thread::scope(|scope| {
        let push = scope.spawn(|| run_in(folder.path(), &push));
        thread::sleep(Duration::from_millis(pause));
        sim.kill();
        push.join().unwrap()
    });
    let took = begin.elapsed();
    let ended = ended.expect(3);
    let known = [
        "Nothing was sent",
        "The device does not answer any more",
        "it took the image but did not come back within 2 s",
    ];
    assert!(
        known.iter().any(|known| ended.err.contains(known)),
        "{pause}: {}",
        ended.err
    );
    assert!(took < HANGS, "{pause}: {took:?}");
}

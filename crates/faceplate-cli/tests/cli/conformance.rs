//! `faceplate conformance`: the simulated device keeps every row, and whoever does not fails just the rows
//! that say so.

use std::{
    collections::BTreeSet,
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use serde_json::{Value, json};

use crate::common::{
    Ended, Folder,
    bent::{Bends, Bent},
    noise, run_in,
    sim::Sim,
    text,
};

const QUICK: [&str; 2] = ["--reboot-ms", "100"];
/// All groups in which no row waits for a time to be over.
const QUICK_GROUPS: &str = "status,guards,requests,uploads,patches,commands,files,recovery,wifi";

/// A frontend with a file of each kind, packed as `www.bin`.
pub(crate) fn folder() -> Folder {
    let folder = Folder::new();
    let page = r#"<!doctype html><link rel="stylesheet" href="/assets/style.css">
        <script type="module" src="/assets/app.js"></script><img src="/assets/photo.jpg">"#;
    folder.file("dist/index.html", [page.as_bytes(), &text(2000)].concat());
    folder.file("dist/about.html", text(500));
    folder.file("dist/docs/index.html", text(500));
    folder.file("dist/assets/style.css", text(5000));
    folder.file("dist/assets/app.js", text(20_000));
    folder.file("dist/assets/photo.jpg", noise(30_000));
    let pack = ["pack", "dist", "--stamp", "--immutable", "assets/*.jpg"];
    run_in(folder.path(), &pack).expect(0);
    folder
}

fn device(options: &[&str]) -> (Folder, Sim) {
    let folder = folder();
    let sim = Sim::start(
        folder.path(),
        &[&["--www", "www.bin"], &QUICK[..], options].concat(),
    );
    (folder, sim)
}

fn conformance(folder: &Folder, address: &str, options: &[&str]) -> Ended {
    let command = [&["conformance", address], options].concat();
    run_in(folder.path(), &command)
}

/// The names of the rows that came to this.
pub(crate) fn rows(report: &Value, result: &str) -> Vec<String> {
    let rows = report["rows"].as_array().unwrap().iter();
    let rows = rows.filter(|row| row["result"] == result);
    rows.map(|row| row["row"].as_str().unwrap().to_owned())
        .collect()
}

/// What is not proved by a device of this kind.
fn assert_skipped(report: &Value, rest: &[&str]) {
    let always = ["guards/login", "wifi/none"];
    let wanted: BTreeSet<_> = always
        .iter()
        .chain(rest)
        .map(|&row| row.to_owned())
        .collect();
    let found: BTreeSet<_> = rows(report, "skipped").into_iter().collect();
    assert_eq!(found, wanted);
}

#[test]
fn the_simulated_device_keeps_every_row_and_is_not_changed() {
    let (folder, sim) = device(&[]);
    let before = fs::read(folder.join("device.bin")).unwrap();
    let ended = conformance(&folder, &sim.address, &["--json"]).expect(0);
    let report = ended.json();
    assert_eq!(rows(&report, "failed"), [""; 0]);
    assert_skipped(
        &report,
        &["commands/other-build", "recovery/in-place-of-pages"],
    );
    assert_eq!(
        (&report["ok"], &report["left"]),
        (&json!(true), &Value::Null)
    );
    assert!(
        report["passed"].as_u64().unwrap() > 90,
        "{}",
        report["passed"]
    );
    assert!(before == fs::read(folder.join("device.bin")).unwrap());
}

#[test]
fn the_simulated_device_keeps_every_row_of_an_update_and_runs_what_it_did() {
    let (folder, sim) = device(&[]);
    run_in(
        folder.path(),
        &[
            "pack",
            "dist",
            "--stamp",
            "-o",
            "new.bin",
            "--app-version",
            "new",
        ],
    )
    .expect(0);
    let options = ["--update", "new.bin", "--only", "status,update", "--json"];
    let report = conformance(&folder, &sim.address, &options)
        .expect(0)
        .json();
    assert_eq!(rows(&report, "failed"), [""; 0]);
    assert_eq!(rows(&report, "skipped"), [""; 0]);
    let updates = rows(&report, "passed");
    assert!(
        updates
            .iter()
            .filter(|row| row.starts_with("update/"))
            .count()
            > 15
    );
    let left = report["left"].as_str().unwrap();
    assert!(
        left.contains("settled, as before; the other slot has new"),
        "{left}"
    );
    let status = run_in(folder.path(), &["status", &sim.address, "--json"])
        .expect(0)
        .json();
    assert_eq!(
        (
            &status["active"],
            &status["state"],
            &status["slots"][1]["version"]
        ),
        (&json!(0), &json!("settled"), &json!("new"))
    );
}

#[test]
fn the_rows_hold_for_other_frontends_too() {
    for (files, options, skipped) in [
        // Nothing is compressed, nor in a block of its own; names of the firmware's, and odd ones.
        (
            &[
                "index.html",
                "404.html",
                "sub/index.html",
                "ü b.txt",
                "api/x",
                "recovery",
            ][..],
            &["--gzip", "never"][..],
            &["files/types", "files/compressed", "update/rejected"][..],
        ),
        (
            &["index.html", "200.html", "a.txt.gz"],
            &["--api", "1..3"],
            &["files/types"],
        ),
    ] {
        let folder = Folder::new();
        for file in files {
            folder.file(&format!("dist/{file}"), format!("<p>{file}"));
        }
        run_in(folder.path(), &[&["pack", "dist"], options].concat()).expect(0);
        let sim = Sim::start(folder.path(), &[&["--www", "www.bin"], &QUICK[..]].concat());
        let only = format!("{QUICK_GROUPS},update");
        let options = ["--only", &only, "--update", "www.bin", "--json"];
        let report = conformance(&folder, &sim.address, &options)
            .expect(0)
            .json();
        assert_eq!(rows(&report, "failed"), [""; 0], "{files:?}");
        for row in skipped {
            assert!(
                rows(&report, "skipped").iter().any(|name| name == row),
                "{row}"
            );
        }
    }
}

#[test]
fn a_device_without_a_frontend_keeps_every_row_that_can_be_tried_there() {
    let folder = folder();
    let sim = Sim::start(folder.path(), &QUICK);
    let options = ["--only", QUICK_GROUPS, "--json"];
    let report = conformance(&folder, &sim.address, &options)
        .expect(0)
        .json();
    assert_eq!(rows(&report, "failed"), [""; 0]);
    let passed = rows(&report, "passed");
    for row in [
        "recovery/in-place-of-pages",
        "commands/no-way-back",
        "files/bad-path",
    ] {
        assert!(passed.iter().any(|name| name == row), "{row}");
    }
    // It keeps what it was given then: there is nothing to go back to.
    let options = ["--only", "update", "--update", "www.bin", "--json"];
    let report = conformance(&folder, &sim.address, &options)
        .expect(0)
        .json();
    assert_eq!(rows(&report, "failed"), [""; 0]);
    assert_eq!(
        rows(&report, "skipped"),
        ["update/rollback", "update/watched", "update/as-before"]
    );
    let left = report["left"].as_str().unwrap();
    assert!(
        left.ends_with("settled; it had no frontend before"),
        "{left}"
    );
}

#[test]
fn a_trial_goes_on_whatever_is_asked_and_no_update_is_tried() {
    let (folder, sim) = device(&[]);
    let image = fs::read(folder.join("www.bin")).unwrap();
    let mut stream = TcpStream::connect(&sim.address).unwrap();
    let head = format!(
        "POST /api/ota/frontend?confirm=client&within=600 HTTP/1.1\r\nHost: localhost\r\n\
         Content-Type: application/octet-stream\r\nContent-Length: {}\r\n\r\n",
        image.len()
    );
    stream
        .write_all(&[head.as_bytes(), &image].concat())
        .unwrap();
    stream.read_to_end(&mut Vec::new()).unwrap();
    sim.wait_for("on trial");

    let options = ["--only", QUICK_GROUPS, "--json"];
    let report = conformance(&folder, &sim.address, &options)
        .expect(0)
        .json();
    assert_eq!(rows(&report, "failed"), [""; 0]);
    assert!(rows(&report, "passed").contains(&"commands/other-build".to_owned()));
    assert!(rows(&report, "skipped").contains(&"uploads/truncated".to_owned()));
    let status = run_in(folder.path(), &["status", &sim.address, "--json"])
        .expect(0)
        .json();
    assert_eq!(status["trial"]["confirm"], "client");
    let ended = conformance(&folder, &sim.address, &["--update", "www.bin"]).expect(4);
    assert!(ended.err.contains("on trial"), "{}", ended.err);
}

/// How requests are changed on their way to a device, so that it looks as if it did not look at them, and the
/// rows that say so.
const BLIND: [(&Bends, &[&str]); 9] = [
    // It gives the image of the other slot, or another part than was asked for,
    (
        &[(
            "GET /api/ota/frontend HTTP",
            "GET /api/ota/frontend?slot=inactive HTTP",
        )],
        &["patches/image", "patches/image-range", "patches/chunks"],
    ),
    (
        &[("Range: bytes=5000-", "Range: bytes=5001-")],
        &["patches/image-range"],
    ),
    // what it serves in place of nothing,
    (&[("slot=inactive", "slot=active")], &["patches/no-image"]),
    // and takes any word for a slot.
    (&[("?slot=www_0", "?slot=0")], &["patches/slot"]),
    // It takes any host,
    (
        &[("Host: faceplate-conformance.example", "Host: localhost")],
        &["guards/foreign-host", "guards/foreign-host-changes"],
    ),
    // or one that begins with its name.
    (
        &[(".faceplate-conformance.example\r\n", "\r\n")],
        &["guards/rebound-names", "guards/foreign-origin"],
    ),
    (
        &[("Origin: ", "X-Not-Looked-At: ")],
        &["guards/foreign-origin", "uploads/expect-refused"],
    ),
    // It takes an upload without a media type,
    (
        &[(
            "Host: {HOST}\r\nContent-Length: 8192\r\n",
            "Host: {HOST}\r\nContent-Type: application/octet-stream\r\nContent-Length: 8192\r\n",
        )],
        &["guards/upload-media-type"],
    ),
    // and changes of a form's.
    (
        &[
            (
                "Content-Type: text/plain",
                "Content-Type: application/octet-stream",
            ),
            (
                "Content-Type: application/x-www-form-urlencoded",
                "Content-Type: application/json",
            ),
        ],
        &[
            "guards/upload-media-type",
            "guards/command-media-type",
            "wifi/media-type",
        ],
    ),
];

/// How answers are changed on their way back, and the rows that say so.
const WRONG: [(&Bends, &[&str]); 20] = [
    (
        &[("/problems/foreign-host", "/problems/strange-host")],
        &[
            "guards/foreign-host",
            "guards/foreign-host-changes",
            "guards/rebound-names",
        ],
    ),
    (
        &[("X-Content-Type-Options", "X-Other")],
        &["guards/nosniff"],
    ),
    (
        &[(
            "X-Content-Type",
            "Access-Control-Allow-Origin: *\r\nX-Content-Type",
        )],
        &["guards/no-cors"],
    ),
    (
        &[("Cache-Control: no-store", "Cache-Control: max-age=60")],
        &[
            "status/not-cached",
            "patches/image",
            "patches/chunks",
            "commands/not-cached",
            "files/not-acceptable",
            "wifi/status",
            "wifi/networks",
        ],
    ),
    (
        &[("max-age=31536000, immutable", "max-age=31536000")],
        &["files/caching"],
    ),
    (
        &[("Cache-Control: no-cache", "Cache-Control: max-age=60")],
        &["files/caching", "files/route"],
    ),
    (
        &[("Vary: Accept-Encoding", "Vary: Accept")],
        &["files/compressed", "files/not-acceptable"],
    ),
    (&[("ETag: ", "ETag: W/")], &["files/etag"]),
    (
        &[("206 Partial Content", "200 OK")],
        &["patches/image-range", "files/range", "files/if-range"],
    ),
    (
        &[("Content-Range: bytes */", "Content-Range: bytes 0-0/")],
        &["files/range-outside"],
    ),
    (
        &[("text/javascript; charset=utf-8", "text/plain")],
        &["files/types"],
    ),
    (
        &[("frame-ancestors 'self'", "frame-ancestors *")],
        &["files/frames"],
    ),
    (
        &[("frame-ancestors 'none'", "frame-ancestors *")],
        &["recovery/frames", "recovery/wifi-page"],
    ),
    (
        &[("Allow: POST, OPTIONS", "Allow: POST, PUT, OPTIONS")],
        &["requests/method", "requests/options"],
    ),
    // Nobody is told that a body may come.
    (
        &[("HTTP/1.1 100 Continue\r\n\r\n", "")],
        &["uploads/expect-continue", "commands/expect-continue"],
    ),
    (
        &[("\"slot_size\":", "\"slot-size\":")],
        &["uploads/too-large"],
    ),
    (&[("\"wifi\":true", "\"wifi\":1234")], &["status/device"]),
    (&[("FPchunk1", "FPchunk2")], &["patches/chunks"]),
    (
        &[("/problems/bad-patch", "/problems/bad_patch")],
        &["patches/not-a-patch"],
    ),
    (
        &[("/problems/other-base", "/problems/other_base")],
        &["patches/other-base"],
    ),
];

/// Tries a device of its own that is wrong in this; gives what was said, and its status after that.
fn wrong_with_status(requests: &Bends, answers: &Bends, options: &[&str]) -> (Value, Value) {
    let (folder, sim) = device(&[]);
    let bent = Bent::start(&sim.address, requests, answers);
    let options = [options, &["--json"]].concat();
    let report = conformance(&folder, &bent.address, &options).expect(1);
    let status = run_in(folder.path(), &["status", &sim.address, "--json"]).expect(0);
    (report.json(), status.json())
}

fn wrong(requests: &Bends, answers: &Bends, options: &[&str]) -> Value {
    wrong_with_status(requests, answers, options).0
}

/// Most of the time they wait, so some are tried side by side.
const SIDE_BY_SIDE: usize = 6;

#[test]
fn what_is_wrong_in_one_thing_fails_just_the_rows_of_that() {
    let blind = BLIND.iter().map(|(bends, fails)| (*bends, &[][..], *fails));
    let wrong_in = WRONG.iter().map(|(bends, fails)| (&[][..], *bends, *fails));
    let all: Vec<(&Bends, &Bends, _)> = blind.chain(wrong_in).collect();
    thread::scope(|scope| {
        for part in all.chunks(all.len().div_ceil(SIDE_BY_SIDE)) {
            scope.spawn(move || {
                for (requests, answers, fails) in part {
                    let report = wrong(requests, answers, &["--only", QUICK_GROUPS]);
                    assert_eq!(&rows(&report, "failed"), fails, "{requests:?} {answers:?}");
                }
            });
        }
    });
}

/// The same for an update: how requests and answers are changed, the rows that say so, and those that
/// cannot be tried then.
const WRONG_UPDATE: [(&Bends, &Bends, &[&str], &[&str]); 6] = [
    (
        &[],
        &[("Location: ./", "Location: /")],
        &["update/redirects"],
        &[],
    ),
    (&[], &[("image/jpeg", "image/png")], &["update/files"], &[]),
    (
        &[],
        &[("\"confirm\":\"client\"", "\"confirm\":\"person\"")],
        &["update/upload", "update/trial"],
        &[],
    ),
    (
        &[],
        &[("/problems/on-trial", "/problems/on-trail")],
        &["update/on-trial"],
        &[],
    ),
    // It looks at no digest.
    (
        &[("Content-Digest: ", "X-Not-Looked-At: ")],
        &[],
        &["update/digest-mismatch"],
        AFTER_DIGEST,
    ),
    // It has no confirmation.
    (
        &[("POST /api/ota/confirm ", "POST /api/ota/nothing ")],
        &[],
        &["update/other-build", "update/confirm"],
        &[
            "update/confirmed-twice",
            "update/rollback",
            "update/watched",
            "update/as-before",
        ],
    ),
];

const AFTER_DIGEST: &[&str] = &[
    "update/rejected",
    "update/progress",
    "update/busy",
    "update/broken-off",
    "update/upload",
    "update/restart",
    "update/trial",
    "update/files",
    "update/redirects",
    "update/on-trial",
    "update/other-build",
    "update/confirm",
    "update/confirmed-twice",
    "update/rollback",
    "update/watched",
    "update/as-before",
];

#[test]
fn what_is_wrong_in_an_update_fails_the_rows_of_that_and_what_ran_before_runs_again() {
    thread::scope(|scope| {
        for (requests, answers, fails, skips) in WRONG_UPDATE {
            scope.spawn(move || {
                let options = ["--only", "update", "--update", "www.bin"];
                let (report, status) = wrong_with_status(requests, answers, &options);
                let what = format!("{requests:?} {answers:?}: {report:#}");
                assert_eq!(rows(&report, "failed"), fails, "{what}");
                assert_eq!(rows(&report, "skipped"), skips, "{what}");
                assert!(!what.contains("restarted then"), "{what}");
                let left = report["left"].as_str().unwrap();
                assert!(left.contains("in www_0, settled, as before"), "{what}");
                assert_eq!(
                    (
                        &status["active"],
                        &status["state"],
                        &status["last"]["outcome"]
                    ),
                    (&json!(0), &json!("settled"), &json!("rolled_back")),
                    "{what}"
                );
            });
        }
    });
}

/// The rows of connections in which nothing is waited for.
const CONNECTIONS: &str = "connections/keep-alive,connections/pipelining,connections/close,\
    connections/http-1.0,connections/unread-body,connections/unread-chunks";

#[test]
fn what_is_wrong_with_connections_fails_the_rows_of_that() {
    let table: [(&Bends, &Bends, &[&str]); 5] = [
        (
            &[],
            &[("X-Content-Type", "Connection: close\r\nX-Content-Type")],
            &["connections/keep-alive"],
        ),
        (
            &[("Connection: close", "X-Not-Looked-At: close")],
            &[],
            &["connections/close"],
        ),
        (
            &[(" HTTP/1.0\r\n", " HTTP/1.1\r\n")],
            &[],
            &["connections/http-1.0"],
        ),
        (
            &[],
            &[("\r\nConnection: close", "")],
            &["connections/close"],
        ),
        // A body is taken for the next request.
        (
            &[("Content-Length: ", "X-Not-Looked-At: ")],
            &[],
            &["connections/pipelining", "connections/unread-body"],
        ),
    ];
    for (requests, answers, fails) in table {
        let report = wrong(requests, answers, &["--only", CONNECTIONS]);
        assert_eq!(rows(&report, "failed"), fails, "{requests:?} {answers:?}");
    }
}

#[test]
fn who_does_not_give_up_a_client_that_stalls_fails_the_rows_of_that() {
    let folder = Folder::new();
    // It answers a head when it is whole, before the body, and waits for ever.
    let address = server(|_, _| Some(status(0)));
    let slow = [
        "--only",
        "connections/half-head,connections/half-body",
        "--json",
    ];
    let report = conformance(&folder, &address, &slow).expect(1).json();
    assert_eq!(
        rows(&report, "failed"),
        ["connections/half-head", "connections/half-body"]
    );
    assert_eq!(report["rows"][0]["got"], "no whole answer within 8 s");
}

#[test]
fn a_proxy_that_says_that_the_connection_goes_on_is_right() {
    let (folder, sim) = device(&[]);
    let kept = [("X-Content-Type", "Connection: keep-alive\r\nX-Content-Type")];
    let bent = Bent::start(&sim.address, &[], &kept);
    conformance(
        &folder,
        &bent.address,
        &["--only", "connections/keep-alive"],
    )
    .expect(0);
}

#[test]
fn a_refusal_in_another_form_is_told_what_form_it_has_to_have() {
    let bends = [("application/problem+json", "application/json")];
    let report = wrong(&[], &bends, &["--only", "guards/own-origin"]);
    let advice = report["rows"][0]["advice"].as_str().unwrap();
    assert!(
        advice.starts_with("answer every refusal as application/problem+json"),
        "{advice}"
    );
}

#[test]
fn a_row_that_is_excepted_fails_nothing_and_one_that_passes_is_told() {
    let (folder, sim) = device(&[]);
    let bent = Bent::start(&sim.address, &[], &[("X-Content-Type-Options", "X-Other")]);
    let failed = conformance(&folder, &bent.address, &["--only", "guards"]).expect(1);
    for line in [
        "  pass    guards/foreign-host\n",
        "  FAIL    guards/nosniff\n            rule    every answer has X-Content-Type-Options: nosniff\n            \
         sent    GET /api/ota/status\n            wanted  X-Content-Type-Options: nosniff\n            got     \
         no X-Content-Type-Options\n            do      add it where answers are made, so that errors have it, too\n",
        "  skip    guards/login: no --header says who one is, and there is no password\n13 passed, 1 failed, 1 skipped\n",
    ] {
        assert!(failed.out.contains(line), "{line:?} in {}", failed.out);
    }
    let options = [
        "--only",
        "guards",
        "--except",
        "guards/nosniff,guards/no-host",
    ];
    let excepted = conformance(&folder, &bent.address, &options).expect(0);
    for line in [
        "  except  guards/nosniff\n            sent    GET /api/ota/status\n",
        "  pass    guards/no-host: take it out of --except\n",
        "13 passed, 1 excepted, 1 skipped\n",
    ] {
        assert!(excepted.out.contains(line), "{line:?} in {}", excepted.out);
    }
    let json = conformance(
        &folder,
        &bent.address,
        &[&options[..], &["--json"]].concat(),
    )
    .expect(0);
    assert_eq!(rows(&json.json(), "excepted"), ["guards/nosniff"]);
}

#[test]
fn all_rows_are_listed_with_what_they_do_to_a_device() {
    let folder = Folder::new();
    let list = run_in(folder.path(), &["conformance", "--list"])
        .expect(0)
        .out;
    for line in [
        "status/document (reads)\n    GET /api/ota/status answers with a document of JSON\n",
        "guards/no-host (has to be refused)\n",
        "update/rollback (changes the device)\n",
    ] {
        assert!(list.contains(line), "{line:?}");
    }
    let json = run_in(folder.path(), &["conformance", "--list", "--json"])
        .expect(0)
        .json();
    for row in json["rows"].as_array().unwrap() {
        let changes = row["row"].as_str().unwrap().starts_with("update/");
        assert_eq!(row["effect"] == "changes", changes, "{row}");
    }
    for name in ["guards/nothing", "guard", ""] {
        let ended = conformance(&folder, "localhost", &["--except", name]).expect(2);
        assert!(
            ended.err.contains("--list tells all of them"),
            "{}",
            ended.err
        );
    }
    run_in(folder.path(), &["conformance"]).expect(2);
    let ended = conformance(&folder, "localhost", &["--only", "guards,update/files"]).expect(2);
    let why = "update/files changes the device: it goes with --update IMAGE";
    assert!(ended.err.contains(why), "{}", ended.err);
}

/// A server that says the same to every head, numbered from 0; it closes when that is nothing.
fn server(answer: impl Fn(usize, &str) -> Option<String> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (answer, count) = (Arc::new(answer), Arc::new(AtomicUsize::new(0)));
    // It ends with the process of the tests.
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let (answer, count) = (answer.clone(), count.clone());
            thread::spawn(move || {
                let (mut head, mut byte) = (Vec::new(), [0]);
                while matches!(stream.read(&mut byte), Ok(1)) {
                    head.push(byte[0]);
                    if head.ends_with(b"\r\n\r\n") {
                        let number = count.fetch_add(1, Ordering::Relaxed);
                        let Some(text) = answer(number, &String::from_utf8_lossy(&head)) else {
                            return;
                        };
                        head.clear();
                        if stream.write_all(text.as_bytes()).is_err() {
                            return;
                        }
                    }
                }
            });
        }
    });
    address
}

fn answer(status: &str, kind: &str, body: &str) -> String {
    let len = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len}\r\n\r\n{body}")
}

#[test]
fn who_says_yes_to_everything_passes_no_row_that_asks_for_a_refusal() {
    let folder = Folder::new();
    let yes = || Some(answer("200 OK", "text/html", "<p>\u{1b}[31myes"));
    let address = server(move |_, _| yes());
    let options = ["--only", QUICK_GROUPS];
    let ended = conformance(&folder, &address, &options).expect(1);
    assert!(
        ended
            .out
            .contains(r"got     200, text/html: <p>\u{1b}[31myes"),
        "{}",
        ended.out
    );
    assert!(!ended.out.contains('\u{1b}'), "{}", ended.out);
    let json = conformance(&folder, &address, &[&options[..], &["--json"]].concat())
        .expect(1)
        .json();
    for row in json["rows"].as_array().unwrap() {
        // It gives no leave to anybody, whatever it says.
        let refuses = row["effect"] == "refused" && row["row"] != "guards/no-cors";
        assert!(!refuses || row["result"] != "passed", "{row}");
    }
}

/// A status of a device in its boot no. `boot`.
fn status(boot: usize) -> String {
    let slot = json!({
        "label": "www", "size": 1 << 20, "used": 0, "valid": true, "version": null, "sha256": "0".repeat(64),
        "problem": null,
    });
    let status = json!({
        "device": {
            "name": "fake", "firmware": "0", "api": 1, "chip": "none", "boot_id": boot.to_string(),
            "uptime_ms": 1, "wifi": false,
        },
        "active": 0, "state": "settled", "trial": null, "last": null, "slots": [slot, slot], "upload": null,
        "fault": null,
    });
    answer("200 OK", "application/json", &status.to_string())
}

#[test]
fn who_closes_the_connection_without_a_word_is_told_so() {
    let folder = Folder::new();
    let address = server(|_, _| None);
    let ended = conformance(&folder, &address, &["--json"]).expect(3);
    assert_eq!(ended.json()["error"]["kind"], "unreachable");

    let address = server(|_, head| {
        (head.starts_with("GET /api/ota/status") && !head.contains(".example")).then(|| status(0))
    });
    let ended = conformance(
        &folder,
        &address,
        &["--only", "guards/foreign-host", "--json"],
    )
    .expect(1);
    let row = &ended.json()["rows"][0];
    assert_eq!(
        (&row["wanted"], &row["got"]),
        (&json!("an answer"), &json!("it closed the connection"))
    );
}

#[test]
fn a_row_after_which_the_device_restarts_says_so() {
    let folder = Folder::new();
    let address = server(
        |number, head| match head.starts_with("GET /api/ota/status") {
            true => Some(status(number)),
            false => None,
        },
    );
    let options = ["--only", "requests/options", "--json"];
    let report = conformance(&folder, &address, &options).expect(1).json();
    let got = "it closed the connection; the device restarted then";
    assert_eq!(report["rows"][0]["got"], got);
}

#[test]
fn after_the_device_is_gone_nothing_is_tried_any_more() {
    let folder = Folder::new();
    let gone = AtomicBool::new(false);
    let address = server(move |_, head| {
        if head.starts_with("OPTIONS") {
            gone.store(true, Ordering::Relaxed);
        }
        let is_there = !gone.load(Ordering::Relaxed) && head.starts_with("GET /api/ota/status");
        is_there.then(|| status(0))
    });
    let options = ["--only", "requests/options,uploads,connections", "--json"];
    let report = conformance(&folder, &address, &options).expect(3).json();
    let got = "it closed the connection; the device does not answer any more";
    assert_eq!(report["rows"][0]["got"], got);
    assert_eq!(report["failed"], 1);
    let reason = "the device does not answer since requests/options";
    for row in &report["rows"].as_array().unwrap()[1..] {
        assert_eq!(
            (&row["result"], &row["reason"]),
            (&json!("skipped"), &json!(reason))
        );
    }
}

#[test]
fn a_device_that_asks_who_one_is_is_not_tried_without_that() {
    let folder = Folder::new();
    let address = server(
        |_, head| match head.contains("\r\nX-Token: let-me-in\r\n") {
            true => Some(status(0)),
            false => {
                let problem = json!({
                    "type": "/problems/unauthorized", "title": "Who asks is not known", "status": 401, "detail": "no",
                });
                let problem = answer("401 X", "application/problem+json", &problem.to_string());
                Some(problem.replacen("\r\n", "\r\nWWW-Authenticate: Token\r\n", 1))
            }
        },
    );
    let ended = conformance(&folder, &address, &["--only", "guards/login"]).expect(4);
    assert!(ended.err.contains("--header"), "{}", ended.err);
    let options = [
        "--only",
        "guards/login,status/document,files/page",
        "--header",
        "X-Token: let-me-in",
    ];
    let ended = conformance(&folder, &address, &options).expect(1);
    assert!(
        ended.out.contains("  pass    guards/login\n"),
        "{}",
        ended.out
    );
    assert!(!ended.out.contains("let-me-in") && !ended.err.contains("let-me-in"));
}

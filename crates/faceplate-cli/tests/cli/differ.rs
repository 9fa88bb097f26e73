//! `faceplate push` sends what differs, goes on where it broke off, and sends all where a device knows no better.

use std::{fs, process::Stdio, thread, time::Duration};

use faceplate::{
    chunks::{Chunk, Chunker, List},
    sha256::{SOFTWARE, Sha256},
};
use serde_json::Value;

use crate::common::cut::{Cut, Plan};
use crate::common::fake::{Act, Fake, State};
use crate::common::sim::Sim;
use crate::common::{Ended, Folder, command, noise, run_in, run_with};

const QUICK: [&str; 2] = ["--reboot-ms", "100"];

/// Packs a page that says `word`, and a file of noise, into `<word>.bin`.
fn pack(folder: &Folder, word: &str, file: &[u8]) {
    let page = format!("<!doctype html><title>{word}</title><p>{word}</p>");
    folder.file(&format!("{word}/index.html"), page);
    folder.file(&format!("{word}/photo.jpg"), file);
    let image = format!("{word}.bin");
    let pack = ["pack", word, "-o", &image, "--app-version", word];
    run_in(folder.path(), &pack).expect(0);
}

/// A folder with `old.bin`, `new.bin`, which has most in common with it, and `other.bin`, which has not.
fn folder() -> Folder {
    let folder = Folder::new();
    let photo = noise(700_000);
    pack(&folder, "old", &photo[..300_000]);
    let mut changed = photo[..300_000].to_vec();
    changed.splice(150_000..150_000, *b"something new");
    pack(&folder, "new", &changed);
    pack(&folder, "other", &photo[300_000..]);
    folder
}

fn device(folder: &Folder, options: &[&str]) -> Sim {
    Sim::start(folder.path(), &[&["--www", "old.bin"], options].concat())
}

fn push(folder: &Folder, image: &str, at: &str, options: &[&str]) -> Ended {
    let push = ["push", image, at, "--confirm", "load", "--json"];
    run_in(folder.path(), &[&push[..], options].concat())
}

fn push_cached(folder: &Folder, image: &str, at: &str) -> Ended {
    let push = ["push", image, at, "--confirm", "load", "--json"];
    let cache = folder.join("cache");
    let cache = cache.to_str().unwrap();
    run_with(folder.path(), &push, &[("FACEPLATE_CACHE", cache)])
}

/// How an image got to a device: which way, with how many bytes, and tries.
#[track_caller]
fn upload(ended: Ended) -> (String, u64, u64) {
    let json = ended.expect(0).json();
    let upload = &json["devices"][0]["upload"];
    let number = |key: &str| upload[key].as_u64().unwrap();
    let way = upload["way"].as_str().unwrap().to_owned();
    (way, number("bytes"), number("tries"))
}

fn len(folder: &Folder, image: &str) -> u64 {
    fs::metadata(folder.join(image)).unwrap().len()
}

#[track_caller]
fn runs(folder: &Folder, at: &str, image: &str) {
    let status = run_in(folder.path(), &["status", at, "--json"])
        .expect(0)
        .json();
    let inspected = run_in(folder.path(), &["inspect", image, "--json"])
        .expect(0)
        .json();
    let active = status["active"].as_u64().unwrap() as usize;
    assert_eq!(status["slots"][active]["sha256"], inspected["sha256"]);
    assert_eq!(status["state"], "settled");
}

#[test]
fn what_differs_is_sent_by_the_image_that_is_kept_or_by_the_devices_list() {
    let folder = folder();
    let sim = device(&folder, &QUICK);
    let at = &*sim.address;
    let (way, listed, tries) = upload(push(&folder, "new.bin", at, &[]));
    assert_eq!((&*way, tries), ("chunks", 1));
    // A chunk or two of the photo, and the blocks with the names of files.
    assert!(listed < 30_000, "{listed}");
    runs(&folder, at, "new.bin");

    // Nothing is kept yet; this runs already, and is kept from now on.
    push_cached(&folder, "new.bin", at).expect(0);
    let (way, exact, _) = upload(push_cached(&folder, "old.bin", at));
    assert_eq!(way, "exact");
    assert!(exact < 3_000 && exact < listed, "{exact}");
    runs(&folder, at, "old.bin");

    let (way, bytes, _) = upload(push(&folder, "new.bin", at, &["--full"]));
    assert_eq!((&*way, bytes), ("whole", len(&folder, "new.bin")));
    runs(&folder, at, "new.bin");

    // With nothing in common there is nothing to be saved.
    let (way, bytes, _) = upload(push_cached(&folder, "other.bin", at));
    assert_eq!((&*way, bytes), ("whole", len(&folder, "other.bin")));
    runs(&folder, at, "other.bin");
}

#[test]
fn a_device_with_a_password_takes_what_differs() {
    let folder = folder();
    let sim = device(
        &folder,
        &[&QUICK[..], &["--password", "correct horse"]].concat(),
    );
    folder.file("password", "correct horse\n");
    let options = ["--password-file", "password"];
    let (way, bytes, _) = upload(push(&folder, "new.bin", &sim.address, &options));
    assert_eq!(way, "chunks");
    assert!(bytes < 30_000, "{bytes}");
    runs(&folder, &sim.address, "new.bin");
}

#[test]
fn an_upload_that_breaks_off_goes_on_by_itself() {
    let folder = folder();
    let total = len(&folder, "other.bin");
    let sim = device(&folder, &QUICK);
    let plan = |begins| Plan {
        begins,
        up: 300_000,
        down: usize::MAX,
        times: 1,
    };
    let cut = Cut::start(&sim.address, plan("POST /api/ota/frontend"));
    let ended = push(&folder, "other.bin", &cut.address, &[]);
    let (way, _, tries) = upload(ended);
    assert_eq!((&*way, tries), ("chunks", 2));
    // What the network had taken of the first is not known; what was there already was not sent again.
    let [patch] = &cut.heads("PATCH ")[..] else {
        panic!("{:?}", cut.heads);
    };
    let length = field(patch, "content-length").parse::<u64>().unwrap();
    assert!(
        length < total - 250_000 && length > total - 320_000,
        "{length}"
    );
    runs(&folder, &sim.address, "other.bin");

    // One that is all to be sent is sent again, all of it.
    let cut = Cut::start(&sim.address, plan("POST /api/ota/frontend"));
    let (way, _, tries) = upload(push(&folder, "old.bin", &cut.address, &["--full"]));
    assert_eq!((&*way, tries), ("whole", 2));
    assert_eq!(cut.heads("PATCH ").len(), 0);
    runs(&folder, &sim.address, "old.bin");
}

fn field<'a>(head: &'a str, name: &str) -> &'a str {
    let is = |line: &&str| line.to_ascii_lowercase().starts_with(&format!("{name}: "));
    head.lines().find(is).unwrap().split_once(": ").unwrap().1
}

#[test]
fn people_are_told_that_it_goes_on_and_there_is_an_end_to_it() {
    let folder = folder();
    let sim = device(&folder, &QUICK);
    let plan = |times| Plan {
        begins: "POST /api/ota/frontend",
        up: 100_000,
        down: usize::MAX,
        times,
    };
    let whole = |at: &str| {
        let push = ["push", "other.bin", at, "--confirm", "load", "--full"];
        run_in(folder.path(), &push)
    };
    let cut = Cut::start(&sim.address, plan(3));
    let ended = whole(&cut.address).expect(1);
    for number in [2, 3] {
        let told = format!("; trying again ({number} of 3)\n");
        assert!(ended.out.contains(&told), "{}", ended.out);
    }
    assert!(
        ended.err.contains("the upload broke off, "),
        "{}",
        ended.err
    );
    let told = "The device still runs old in www_0; push again\n";
    assert!(ended.err.ends_with(told), "{}", ended.err);
    let cut = Cut::start(&sim.address, plan(2));
    whole(&cut.address).expect(0);
    runs(&folder, &sim.address, "other.bin");
}

#[test]
fn a_push_that_was_stopped_while_it_sent_is_gone_on_with_by_the_next() {
    let folder = folder();
    let sim = device(&folder, &[&QUICK[..], &["--flash-timing", "real"]].concat());
    let mut child = command()
        .current_dir(folder.path())
        .args(["push", "other.bin", &sim.address, "--confirm", "load"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let written = || {
        let status = run_in(folder.path(), &["status", &sim.address, "--json"]);
        status.expect(0).json()["upload"]["written"].as_u64()
    };
    while written().is_none_or(|written| written < 100_000) {
        thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    while written().is_some() {
        thread::sleep(Duration::from_millis(10));
    }
    let (way, bytes, _) = upload(push(&folder, "other.bin", &sim.address, &[]));
    assert_eq!(way, "chunks");
    let total = len(&folder, "other.bin");
    assert!(bytes < total - 90_000, "{bytes} of {total}");
    runs(&folder, &sim.address, "other.bin");
}

#[test]
fn a_device_that_loses_power_and_is_back_gets_the_rest() {
    let folder = folder();
    let mut sim = device(
        &folder,
        &[&QUICK[..], &["--power-cut-after", "60"]].concat(),
    );
    let at = sim.address.clone();
    let ended = thread::scope(|scope| {
        let pushed = scope.spawn(|| push(&folder, "other.bin", &at, &[]));
        assert_eq!(sim.ended(), Some(3));
        let _back = Sim::start_at(folder.path(), &at, &QUICK);
        let ended = pushed.join().unwrap();
        runs(&folder, &at, "other.bin");
        ended
    });
    let (way, _, tries) = upload(ended);
    assert_eq!((&*way, tries), ("chunks", 2));
}

#[test]
fn a_device_that_knows_no_patches_or_refuses_one_gets_the_whole_image() {
    let folder = folder();
    let old = folder.bytes("old.bin");
    let problem = |kind| match kind {
        "other-base" => r#"{"type":"/problems/other-base","title":"Another frontend is active"}"#,
        "bad-patch" => r#"{"type":"/problems/bad-patch","title":"The patch cannot be followed"}"#,
        _ => "{}",
    };
    for (status, kind) in [
        (404, ""),
        (405, ""),
        (415, ""),
        (501, ""),
        (409, "other-base"),
        (422, "bad-patch"),
    ] {
        for taken in [0, 1 << 30] {
            let act = Act::AnswerAfter(taken, status, problem(kind));
            let (ended, state) = push_to_fake(&folder, &old, |state| state.on_patch = vec![act]);
            let told = match kind {
                "" => "it takes whole images only\n",
                _ => "; sending the whole image instead\n",
            };
            let ended = ended.expect(0);
            assert!(ended.out.contains(told), "{}", ended.out);
            assert_eq!(ended.err, "");
            assert_eq!(state.uploads, ["PATCH", "POST"], "{status}");
            assert!(state.confirmed);
        }
    }
    // Other refusals are of the image, and all of it would be refused, too.
    let refused = r#"{"type":"/problems/step-back","title":"A step back"}"#;
    let act = Act::Answer(422, refused);
    let (ended, state) = push_to_fake(&folder, &old, |state| state.on_patch = vec![act]);
    assert!(ended.expect(4).err.contains("A step back"));
    assert_eq!(state.uploads, ["PATCH"]);
}

#[test]
fn a_list_that_is_none_is_as_if_there_were_none() {
    let folder = folder();
    let old = folder.bytes("old.bin");
    let whole = list(&old);
    let other = list(&folder.bytes("other.bin"));
    for (list, uploads) in [
        (Some(whole.clone()), ["PATCH"]),
        (None, ["POST"]),
        (Some(vec![]), ["POST"]),
        (Some(b"<h1>hello</h1>".to_vec()), ["POST"]),
        (Some(whole[..whole.len() - 1].to_vec()), ["POST"]),
        (Some(whole[..whole.len() - 10].to_vec()), ["POST"]),
        // Of another image than the status tells.
        (Some(other), ["POST"]),
    ] {
        let (ended, state) = push_to_fake(&folder, &old, |state| state.chunks = list);
        ended.expect(0);
        assert_eq!(state.uploads, uploads);
    }
}

/// The list that a device sends of an image.
fn list(image: &[u8]) -> Vec<u8> {
    let head = List {
        len: image.len() as u32,
        sha256: Some(sha256(image)),
    };
    let mut list = head.encode().to_vec();
    let mut chunker = Chunker::new(image.len() as u32, SOFTWARE);
    let mut rest = image;
    while !rest.is_empty() {
        let (taken, chunk) = chunker.take(rest);
        rest = &rest[taken..];
        list.extend(chunk.iter().flat_map(Chunk::encode));
    }
    list
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new(SOFTWARE);
    hash.update(bytes);
    hash.finish()
}

/// Pushes `new.bin` to a device that runs `old`, and otherwise does as told.
fn push_to_fake(folder: &Folder, old: &[u8], change: impl FnOnce(&mut State)) -> (Ended, State) {
    let inspect = run_in(folder.path(), &["inspect", "new.bin", "--json"]).expect(0);
    let new: Value = inspect.json();
    let hex = |hash: [u8; 32]| hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut state = State {
        old: hex(sha256(old)),
        new: new["sha256"].as_str().unwrap().to_owned(),
        chunks: Some(list(old)),
        files: vec![("/".to_owned(), folder.bytes("new/index.html"))],
        left: 9,
        ..State::default()
    };
    change(&mut state);
    let fake = Fake::start(state);
    let push = [
        "push",
        "new.bin",
        &fake.address,
        "--confirm",
        "load",
        "--timeout",
        "2",
    ];
    let ended = run_in(folder.path(), &push);
    (ended, fake.stop())
}

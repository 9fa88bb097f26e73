//! `faceplate push` that waits for the new page to confirm itself, with a simulated device. Where a
//! browser would, `faceplate confirm` confirms here.

use std::{fs, thread};

use crate::common::running::Running;
use crate::common::sim::Sim;
use crate::common::{Ended, Folder, run_in, text};
use serde_json::Value;

/// Packs a frontend that tells `word` into `<word>.bin`; gives its build id.
fn pack(folder: &Folder, word: &str, options: &[&str]) -> String {
    pack_with(folder, word, text(5000), options)
}

/// Code that can confirm by itself.
const CODE: &str = "fetch('/api/ota/confirm', { method: 'POST' })";

/// The same, with this code.
fn pack_with(folder: &Folder, word: &str, code: impl AsRef<[u8]>, options: &[&str]) -> String {
    let page = format!(r#"<!doctype html><script src="app.js"></script><p>{word}"#);
    folder.file(&format!("dist-{word}/index.html"), page);
    folder.file(&format!("dist-{word}/app.js"), code);
    let (dist, image) = (format!("dist-{word}"), format!("{word}.bin"));
    let pack = ["pack", &dist, "-o", &image, "--app-version", word];
    run_in(folder.path(), &[&pack, options].concat()).expect(0);
    let json = run_in(folder.path(), &["inspect", &image, "--json"])
        .expect(0)
        .json();
    json["build"].as_str().unwrap_or_default().to_owned()
}

/// A folder with the images `old`, `new`, `plain`, which is not stamped, `own`, whose app is to
/// confirm it, and `mute`, in which nothing can; and the build id of `new`.
fn folder() -> (Folder, String) {
    let folder = Folder::new();
    pack(&folder, "old", &["--stamp"]);
    pack_with(&folder, "plain", CODE, &[]);
    pack_with(&folder, "own", CODE, &["--stamp", "--no-confirm-script"]);
    pack(&folder, "mute", &["--stamp", "--no-confirm-script"]);
    let build = pack(&folder, "new", &["--stamp"]);
    (folder, build)
}

/// A device that runs `old`.
fn device(folder: &Folder) -> Sim {
    Sim::start(folder.path(), &["--www", "old.bin", "--reboot-ms", "100"])
}

/// Pushes until the page is waited for.
fn push(folder: &Folder, at: &str, options: &[&str]) -> Running {
    let mut command = crate::common::command();
    command.current_dir(folder.path());
    let push = Running::start(command.args(["push", "new.bin", at]).args(options));
    push.wait_for(": open http://");
    push
}

fn confirm(folder: &Folder, sim: &Sim, options: &[&str]) -> Ended {
    run_in(
        folder.path(),
        &[&["confirm", &sim.address], options].concat(),
    )
}

fn status(folder: &Folder, sim: &Sim) -> Value {
    let status = ["status", &sim.address, "--json"];
    run_in(folder.path(), &status).expect(0).json()
}

#[test]
fn a_push_waits_for_the_page_and_says_where_to_open_it() {
    let (folder, build) = folder();
    let sim = device(&folder);
    let push = push(&folder, &sim.address, &[]);
    let left = status(&folder, &sim)["trial"]["seconds_left"].as_u64();
    assert!((280..=300).contains(&left.unwrap()), "{left:?}");
    // A page of another build is no proof.
    let other = ["--build", "0123456789abcdef", "--json"];
    let json = confirm(&folder, &sim, &other).expect(4).json();
    assert_eq!(json["error"]["kind"], "other-build");
    assert_eq!(status(&folder, &sim)["state"], "trial");
    confirm(&folder, &sim, &["--build", &build]).expect(0);
    let ended = push.end().expect(0);
    assert_eq!(ended.err, "");
    let at = &sim.address;
    let lines: Vec<&str> = ended.out.lines().collect();
    let [.., restarting, loading, open, done] = lines[..] else {
        panic!("{lines:?}");
    };
    assert_eq!(restarting, format!("{at}: restarting"));
    assert_eq!(loading, format!("{at}: loading the new frontend"));
    assert!(
        open.starts_with(&format!("{at}: open http://{at}/ in a browser, within ")),
        "{open}"
    );
    assert!(
        open.ends_with(": the new page confirms itself there"),
        "{open}"
    );
    assert_eq!(done, format!("{at}: runs new in www_1, confirmed"));
    let shown = run_in(folder.path(), &["status", at]).expect(0).out;
    assert!(shown.contains(&format!(", build {build}")), "{shown}");
}

#[test]
fn a_page_that_never_confirms_ends_the_push_with_5_when_the_device_went_back() {
    let (folder, _) = folder();
    let one = device(&folder);
    let two = device_in(&folder, "two");
    let three = device_in(&folder, "three");
    let four = device_in(&folder, "four");
    let push = |image: &str, at: &str, more: &[&str]| {
        let push = ["push", image, at, "--within", "10"];
        run_in(folder.path(), &[&push, more].concat()).expect(5)
    };
    let (one, two) = (&one.address, &two.address);
    let (three, four) = (&three.address, &four.address);
    thread::scope(|scope| {
        scope.spawn(|| {
            let ended = push("new.bin", one, &[]);
            let at = one;
            let wanted = format!(
                "error: {at}: fell back from www_1 to www_0: the new frontend was not confirmed in \
                 time. It runs old in www_0. Its page and scripts were served, but no browser \
                 confirmed it: either nobody opened http://{at}/ in time, or one of its scripts \
                 threw (the browser's console tells)\n"
            );
            assert_eq!(ended.err, wanted);
            let shown = run_in(folder.path(), &["status", at]).expect(0).out;
            let wanted = "last    fell back from www_1 to www_0: the new frontend was not \
                          confirmed in time";
            assert!(shown.contains(wanted), "{shown}");
        });
        // Without a build id there is one more thing that may be the reason.
        scope.spawn(|| {
            let ended = push("plain.bin", two, &["--json"]);
            let open = format!("{two}: open http://{two}/ in a browser, within 10 s: ");
            assert!(ended.err.starts_with(&open), "{}", ended.err);
            assert_eq!(ended.err.lines().count(), 1, "{}", ended.err);
            let json = ended.json();
            assert_eq!(json["build"], Value::Null);
            let error = &json["devices"][0]["error"];
            assert_eq!(error["kind"], "went-back");
            let message = error["message"].as_str().unwrap();
            assert!(
                message.contains("nothing in it confirms, as it has no build id"),
                "{message}"
            );
            let [warning] = &json["devices"][0]["warnings"].as_array().unwrap()[..] else {
                panic!("{json}");
            };
            let warning = warning.as_str().unwrap();
            assert!(
                warning.starts_with("the image has no build id"),
                "{warning}"
            );
        });
        // With one, but without the script, that is the app's to do.
        scope.spawn(|| {
            let ended = push("own.bin", three, &[]);
            let wanted = format!(
                "either nobody opened http://{three}/ in time, or its own code did not: \
                 faceplate-confirm.js is not in the image, so its app has to call \
                 `confirmOnLoad()`, and none of its scripts may throw (the browser's console \
                 tells)\n"
            );
            assert!(ended.err.ends_with(&wanted), "{}", ended.err);
        });
        // Without anything that could do it, that is said before anybody waits for it.
        scope.spawn(|| {
            let ended = push("mute.bin", four, &[]);
            let at = four;
            let warning = format!("{at}: warning: no page of this image seems to confirm itself: ");
            assert!(ended.err.starts_with(&warning), "{}", ended.err);
            for part in ["`faceplate pack --stamp`", "`--confirm load`"] {
                assert!(ended.err.contains(part), "{}", ended.err);
            }
            let wanted = "but nobody confirmed it, and no page of it seems to: faceplate-confirm.js is \
                          not in the image, nor code that asks the device. Pack it with `faceplate \
                          pack --stamp`, or push it with `--confirm load`\n";
            assert!(ended.err.ends_with(wanted), "{}", ended.err);
            let wanted = format!(
                "{at}: open http://{at}/ in a browser, and if it works, run `faceplate confirm \
                 {at}` within 10 s: no page of it seems to do that\n"
            );
            assert!(ended.out.ends_with(&wanted), "{}", ended.out);
        });
    });
}

/// A device with a flash file of its own.
fn device_in(folder: &Folder, name: &str) -> Sim {
    let flash = format!("{name}.flash");
    let options = ["--flash", &flash, "--www", "old.bin", "--reboot-ms", "100"];
    Sim::start(folder.path(), &options)
}

#[test]
fn an_image_without_a_build_id_is_warned_of_and_may_confirm_all_the_same() {
    let (folder, _) = folder();
    fs::copy(folder.join("plain.bin"), folder.join("new.bin")).unwrap();
    let sim = device(&folder);
    let push = ["push", "new.bin", &sim.address];
    let ended = thread::scope(|scope| {
        let push = scope.spawn(|| run_in(folder.path(), &push));
        sim.wait_for("serves plain from www_1, on trial");
        confirm(&folder, &sim, &[]).expect(0);
        push.join().unwrap()
    })
    .expect(0);
    let warning = format!("{}: warning: the image has no build id", sim.address);
    assert!(ended.err.starts_with(&warning), "{}", ended.err);
    for part in ["faceplate pack --stamp", "--confirm load"] {
        assert!(ended.err.contains(part), "{}", ended.err);
    }
    // Where nobody waits for the page, that does not matter.
    let load = ["push", "old.bin", &sim.address, "--confirm", "load"];
    assert_eq!(run_in(folder.path(), &load).expect(0).err, "");
}

#[test]
fn a_first_frontend_that_nobody_confirms_stays_but_is_no_success() {
    let (folder, _) = folder();
    let sim = Sim::start(folder.path(), &["--reboot-ms", "100"]);
    let push = ["push", "new.bin", &sim.address, "--within", "10"];
    let ended = run_in(folder.path(), &push).expect(1);
    let wanted = "the new frontend was not confirmed in time. It runs all the same, as there is \
                  nothing to go back to. Its page and scripts were served";
    assert!(ended.err.contains(wanted), "{}", ended.err);
    // Nor is it one later, when it runs already.
    let again = |who: &str| {
        let push = ["push", "new.bin", &sim.address, "--json", "--confirm", who];
        run_in(folder.path(), &push)
    };
    let json = again("page").expect(1).json();
    let error = &json["devices"][0]["error"];
    assert_eq!(error["kind"], "not-confirmed");
    let message = error["message"].as_str().unwrap();
    let at = format!("See at http://{}/ whether it works", sim.address);
    for part in [
        "nobody ever confirmed it",
        "nothing can confirm it now. Nothing was sent",
        &at,
        "`--confirm load` takes it as it is",
        "push another build",
    ] {
        assert!(message.contains(part), "{message}");
    }
    // Who does not wait for a page is told so.
    for who in ["load", "device"] {
        let json = again(who).expect(0).json();
        let device = &json["devices"][0];
        assert_eq!(device["sent"], false);
        let warning = device["warnings"][0].as_str().unwrap();
        assert!(warning.contains("never confirmed, but kept"), "{warning}");
    }
}

/// Starts to push `new`.
fn start(folder: &Folder, sim: &Sim, options: &[&str]) -> Running {
    let mut command = crate::common::command();
    command.current_dir(folder.path()).args(["push", "new.bin"]);
    Running::start(command.arg(&sim.address).args(options))
}

/// Somebody else, who puts `new` on trial by the device.
fn put_on_trial(folder: &Folder, sim: &Sim) -> Running {
    let push = start(folder, sim, &["--confirm", "device"]);
    push.wait_for(BY_DEVICE);
    push
}

const BY_DEVICE: &str = ": the device confirms it when it has kept running";

#[test]
fn a_frontend_that_the_device_confirms_is_not_said_to_be_confirmed_by_its_page() {
    let (folder, _) = folder();
    let sim = device(&folder);
    let other = put_on_trial(&folder, &sim);
    let push = start(&folder, &sim, &["--json"]);
    let json = push.end().expect(0).json();
    let device = &json["devices"][0];
    assert_eq!(device["sent"], false);
    let wanted = "confirmed by the device; no page said so";
    assert_eq!(device["warnings"], serde_json::json!([wanted]));
    let out = other.end().expect(0).out;
    let wanted = "confirmed by the device: it kept running; its scripts were not run\n";
    assert!(out.ends_with(wanted), "{out}");
}

#[test]
fn a_frontend_that_a_person_confirms_before_the_device_is_said_to_be() {
    let (folder, _) = folder();
    let sim = device(&folder);
    let other = put_on_trial(&folder, &sim);
    let push = start(&folder, &sim, &[]);
    push.wait_for(BY_DEVICE);
    confirm(&folder, &sim, &[]).expect(0);
    let ended = push.end().expect(0);
    let (at, by) = (&sim.address, "confirmed by somebody, before the device did");
    assert_eq!(ended.err, format!("{at}: warning: {by}; no page said so\n"));
    for out in [ended.out, other.end().expect(0).out] {
        let done = format!("{at}: runs new in www_1, {by}\n");
        assert!(out.ends_with(&done), "{out}");
    }
}

#[test]
fn somebody_who_goes_back_by_hand_ends_the_push() {
    let (folder, _) = folder();
    let sim = device(&folder);
    let push = push(&folder, &sim.address, &[]);
    run_in(folder.path(), &["rollback", &sim.address]).expect(0);
    let ended = push.end().expect(5);
    let wanted = "rolled back by hand, from www_1 to www_0, before the new frontend was confirmed. \
                  It runs old in www_0\n";
    assert!(ended.err.ends_with(wanted), "{}", ended.err);
}

#[test]
fn a_device_that_loses_power_meanwhile_begins_anew() {
    let (folder, _) = folder();
    let mut sim = device(&folder);
    let address = sim.address.clone();
    let push = push(&folder, &address, &[]);
    sim.kill();
    let sim = Sim::start_at(folder.path(), &address, &[]);
    push.wait_for(": warning: it restarted by itself; there are ");
    confirm(&folder, &sim, &[]).expect(0);
    push.end().expect(0);
}

#[test]
fn with_load_it_confirms_its_own_build() {
    let (folder, build) = folder();
    let sim = device(&folder);
    let push = [
        "push",
        "new.bin",
        &sim.address,
        "--confirm",
        "load",
        "--json",
    ];
    let json = run_in(folder.path(), &push).expect(0).json();
    assert_eq!(json["build"], *build);
    let status = status(&folder, &sim);
    assert_eq!(status["state"], "settled");
    assert_eq!(status["slots"][1]["build"], *build);
}

#[cfg(unix)]
mod browsers {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_page_is_opened_in_the_browser_that_is_named() {
        let (folder, _) = folder();
        let sim = device(&folder);
        // It notes what it was asked for, and confirms as the page would.
        let faceplate = env!("CARGO_BIN_EXE_faceplate");
        let script = format!(
            "#!/bin/sh\necho \"$@\" > opened\nexec {faceplate} confirm \"$2\" >/dev/null\n"
        );
        let browser = folder.file("browser", script);
        fs::set_permissions(&browser, fs::Permissions::from_mode(0o755)).unwrap();
        let browser = format!("/no/such/program:{} --new %s", browser.display());
        let ended = open(&folder, &sim.address, &browser).end().expect(0);
        assert_eq!(ended.err, "");
        let opened = fs::read_to_string(folder.join("opened")).unwrap();
        assert_eq!(opened, format!("--new http://{}/\n", sim.address));
    }

    #[test]
    fn a_browser_that_does_not_open_is_a_warning() {
        let (folder, _) = folder();
        for (name, browser, wanted) in [
            (
                "one",
                "/no/such/program",
                "`/no/such/program` does not start: ",
            ),
            ("two", "false", "`false` ended with exit status: 1"),
        ] {
            let sim = device_in(&folder, name);
            let push = open(&folder, &sim.address, browser);
            push.wait_for(&format!(": warning: the browser was not opened: {wanted}"));
            confirm(&folder, &sim, &[]).expect(0);
            push.end().expect(0);
        }
    }

    fn open(folder: &Folder, at: &str, browser: &str) -> Running {
        let mut command = crate::common::command();
        command.current_dir(folder.path()).env("BROWSER", browser);
        Running::start(command.args(["push", "new.bin", at, "--open"]))
    }
}

//! Passwords that are typed: at a terminal, which shows nothing of them.
#![cfg(unix)]

use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Write as _},
    os::fd::OwnedFd,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use rustix::{
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{LocalModes, tcgetattr},
};

use crate::common::{Ended, Folder, HANGS, command, sim::Sim};

/// Runs the command at a terminal where `typed` is answered to each prompt, in turn. Its standard error is
/// all that the terminal shows.
fn type_in(folder: &Folder, arguments: &[&str], typed: &[(&str, &str)]) -> Ended {
    let master: OwnedFd = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
    let open = || -> File {
        let mut options = OpenOptions::new();
        options.read(true).write(true).open(&name).unwrap()
    };
    // Held until all is read: what nobody has open is gone.
    let slave = open();
    let child = command()
        .current_dir(folder.path())
        .args(arguments)
        .stdin(open())
        .stderr(open())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut screen = File::from(master.try_clone().unwrap());
    let mut keyboard = File::from(master.try_clone().unwrap());
    let mut shown = String::new();
    let mut from = 0;
    let mut read = |shown: &mut String| {
        let mut bytes = [0; 1024];
        let len = screen.read(&mut bytes).unwrap();
        shown.push_str(&String::from_utf8_lossy(&bytes[..len]));
    };
    for (prompt, line) in typed {
        while !shown[from..].contains(prompt) {
            read(&mut shown);
        }
        from = shown.len();
        // What is typed before is dropped, as it would be seen.
        let until = Instant::now() + HANGS;
        while tcgetattr(&master)
            .unwrap()
            .local_modes
            .contains(LocalModes::ECHO)
        {
            assert!(Instant::now() < until, "{prompt} is echoed");
            thread::sleep(Duration::from_millis(1));
        }
        keyboard.write_all(line.as_bytes()).unwrap();
    }
    let output = child.wait_with_output().unwrap();
    // A last line of our own, so that the reading has an end.
    writeln!(&slave, "\u{4}end").unwrap();
    while !shown.contains("\u{4}end") {
        read(&mut shown);
    }
    let (shown, _end) = shown.split_once('\u{4}').unwrap();
    Ended {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: shown.replace("\r\n", "\n"),
    }
}

#[test]
fn a_password_is_typed_unseen_and_three_times_at_most() {
    let folder = Folder::new();
    let sim = Sim::start(folder.path(), &["--password", "correct horse"]);
    let at = &sim.address;
    let prompt = format!("Password of {at}: ");
    let again = format!("That is not it. {prompt}");
    let confirm = ["confirm", at, "--json"];
    for (typed, kind, shown) in [
        (
            &[(&*prompt, "correct horse\n")][..],
            "not-on-trial",
            format!("{prompt}\n"),
        ),
        (
            &[(&*prompt, "wrong\n"), (&*again, "correct horse\n")],
            "not-on-trial",
            format!("{prompt}\n{again}\n"),
        ),
        (
            &[
                (&*prompt, "wrong\n"),
                (&*again, "wrong\n"),
                (&*again, "wrong\n"),
            ],
            "wrong-password",
            format!("{prompt}\n{again}\n{again}\n"),
        ),
        (
            &[(&*prompt, "\n")],
            "password-needed",
            format!("{prompt}\n"),
        ),
    ] {
        let ended = type_in(&folder, &confirm, typed).expect(4);
        assert_eq!(ended.json()["error"]["kind"], kind, "{typed:?}");
        assert_eq!(ended.err, shown, "{typed:?}");
    }
}

#[test]
fn a_new_password_is_typed_twice() {
    let folder = Folder::new();
    let sim = Sim::start(folder.path(), &["--demand-password"]);
    let at = &sim.address;
    let old = format!("Password of {at}: ");
    let (new, again) = ("New password: ", "The same once more: ");
    let set = ["password", at];
    for (typed, code, shown) in [
        (
            &[(new, "correct horse\n"), (again, "correct hose\n")][..],
            2,
            format!("{new}\n{again}\nerror: these were two passwords; nothing was done\n"),
        ),
        (
            &[(new, "short\n")],
            2,
            format!("{new}\nerror: a new password has at least 8 characters\n"),
        ),
        (
            &[(new, "correct horse\n"), (again, "correct horse\n")],
            0,
            format!("{new}\n{again}\n"),
        ),
        (
            &[
                (&*old, "correct horse\n"),
                (new, "battery staple\n"),
                (again, "battery staple\n"),
            ],
            0,
            format!("{old}\n{new}\n{again}\n"),
        ),
    ] {
        let ended = type_in(&folder, &set, typed).expect(code);
        assert_eq!(ended.err, shown, "{typed:?}");
    }
    let hash = [(new, "correct horse\n"), (again, "correct horse\n")];
    let ended = type_in(&folder, &["hash-password"], &hash).expect(0);
    assert!(
        ended.out.starts_with("SCRAM-SHA-256$10000:"),
        "{}",
        ended.out
    );
}

//! Devices with a password, and the commands that know it or not.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
};

use faceplate_http::password::Verifier;
use serde_json::Value;

use crate::common::{Ended, Folder, bent::Bent, command, noise, run_in, run_with, sim::Sim, text};

const RIGHT: &str = "correct horse";

/// Files with passwords, and the images `old.bin` and `new.bin`.
fn folder() -> Folder {
    let folder = Folder::new();
    folder.file("right", RIGHT);
    folder.file("wrong", "battery staple\n");
    for word in ["old", "new"] {
        folder.file(&format!("dist-{word}/index.html"), text(500));
        folder.file(&format!("dist-{word}/photo.jpg"), noise(100_000));
        let (dist, image) = (format!("dist-{word}"), format!("{word}.bin"));
        let pack = ["pack", &dist, "-o", &image, "--app-version", word];
        run_in(folder.path(), &pack).expect(0);
    }
    folder
}

/// A device that runs `old`, with these options besides.
fn device(options: &[&str]) -> (Folder, Sim) {
    let folder = folder();
    let quick = ["--www", "old.bin", "--reboot-ms", "100"];
    let sim = Sim::start(folder.path(), &[&quick, options].concat());
    (folder, sim)
}

/// The kind of a failure, or nothing.
#[track_caller]
fn kind(ended: &Ended) -> String {
    let json = ended.json();
    let error = match &json["devices"] {
        Value::Null => &json["error"],
        devices => &devices[0]["error"],
    };
    error["kind"].as_str().unwrap_or_default().to_owned()
}

/// What a command on the device comes to. A confirmation that gets to be looked at is `not-on-trial`.
#[track_caller]
fn outcome(folder: &Folder, sim: &Sim, command: &[&str], environment: &str) -> (i32, String) {
    let arguments = [&command[..1], &[&*sim.address, "--json"], &command[1..]].concat();
    let variables = [("FACEPLATE_PASSWORD", environment)];
    let ended = run_with(folder.path(), &arguments, &variables);
    (ended.code.unwrap(), kind(&ended))
}

fn push(folder: &Folder, sim: &Sim, options: &[&str]) -> Ended {
    let push = ["push", "new.bin", &sim.address, "--confirm", "load"];
    run_in(folder.path(), &[&push, options].concat())
}

#[test]
fn a_password_comes_from_a_file_or_the_environment_and_is_needed_for_every_change() {
    let (folder, sim) = device(&["--password", RIGHT]);
    for (options, environment, wanted) in [
        (&["confirm"][..], "", (4, "password-needed")),
        (&["rollback"], "", (4, "password-needed")),
        (&["confirm"], RIGHT, (4, "not-on-trial")),
        (&["rollback"], RIGHT, (4, "no-way-back")),
        (&["confirm"], "battery staple", (4, "wrong-password")),
        (
            &["confirm", "--password-file", "right"],
            "",
            (4, "not-on-trial"),
        ),
        (
            &["confirm", "--password-file", "wrong"],
            "",
            (4, "wrong-password"),
        ),
        // The file is meant for this command, the variable for many.
        (
            &["confirm", "--password-file", "right"],
            "battery staple",
            (4, "not-on-trial"),
        ),
        (
            &["confirm", "--password-file", "nothing"],
            RIGHT,
            (1, "local"),
        ),
        // `:correct horse` in base64: a login of one's own goes before all.
        (
            &[
                "confirm",
                "--header",
                "Authorization: Basic OmNvcnJlY3QgaG9yc2U=",
            ],
            "battery staple",
            (4, "not-on-trial"),
        ),
        (
            &["confirm", "--header", "authorization: Bearer x"],
            RIGHT,
            (4, "password-needed"),
        ),
        (&["status"], "", (0, "")),
        (&["status"], "battery staple", (0, "")),
    ] {
        let found = outcome(&folder, &sim, options, environment);
        assert_eq!((found.0, &*found.1), wanted, "{options:?} {environment}");
    }
}

#[test]
fn a_push_logs_in_before_anything_is_sent_and_again_after_the_restart() {
    let (folder, sim) = device(&["--password", RIGHT]);
    for (options, part) in [
        (
            &[][..],
            "its password is needed; say it with --password-file FILE, or in FACEPLATE_PASSWORD. \
             Nothing was sent",
        ),
        (
            &["--password-file", "wrong"],
            "The password is wrong: it is another password (status 401). Nothing was sent",
        ),
    ] {
        let ended = push(&folder, &sim, options).expect(4);
        assert!(ended.err.contains(part), "{}", ended.err);
        assert!(!ended.out.contains("sending"), "{}", ended.out);
    }
    let ended = push(&folder, &sim, &["--password-file", "right", "--json"]).expect(0);
    assert_eq!(ended.json()["devices"][0]["sent"], true);
    // It was confirmed by a session of the second boot.
    let status = run_in(folder.path(), &["status", &sim.address, "--json"]).expect(0);
    let status = status.json();
    assert_eq!(
        (&status["active"], &status["state"]),
        (&1.into(), &"settled".into())
    );

    // Nothing is to be changed then, so nobody has to say it.
    let ended = push(&folder, &sim, &[]).expect(0);
    assert!(ended.out.contains("nothing was sent"), "{}", ended.out);
    let variables = [("FACEPLATE_PASSWORD", RIGHT)];
    let rollback = ["rollback", &sim.address];
    run_with(folder.path(), &rollback, &variables).expect(0);
}

#[test]
fn a_password_for_reading_is_needed_for_the_status_too_and_through_a_restart() {
    let (folder, sim) = device(&["--password", RIGHT, "--password-for-reading"]);
    let found = outcome(&folder, &sim, &["status"], "");
    assert_eq!(found, (4, "password-needed".to_owned()));
    let ended = run_in(folder.path(), &["status", &sim.address]).expect(4);
    let part = "(status 401); say it with --password-file FILE, or in FACEPLATE_PASSWORD\n";
    assert!(ended.err.ends_with(part), "{}", ended.err);
    let found = outcome(&folder, &sim, &["status"], RIGHT);
    assert_eq!(found, (0, String::new()));
    push(&folder, &sim, &["--password-file", "right"]).expect(0);
}

#[test]
fn standard_input_can_be_the_file() {
    let (folder, sim) = device(&["--password", RIGHT]);
    let mut child = command()
        .current_dir(folder.path())
        .args(["push", "new.bin", &sim.address, &sim.address])
        .args(["--confirm", "load", "--password-file", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"correct horse\n")
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_password_that_is_demanded_is_set_before_anything_else_and_can_be_changed() {
    let (folder, sim) = device(&["--demand-password"]);
    let ended = push(&folder, &sim, &["--password-file", "right"]).expect(4);
    let part = "it wants a password before anything else: set one by `faceplate password`";
    assert!(ended.err.contains(part), "{}", ended.err);
    let found = outcome(&folder, &sim, &["confirm"], RIGHT);
    assert_eq!(found, (4, "password-unset".to_owned()));

    folder.file("short", "seven 7");
    folder.file("second", "sec\u{f6}nd password");
    let set = |options: &[&str], environment: &str| {
        outcome(
            &folder,
            &sim,
            &[&["password"], options].concat(),
            environment,
        )
    };
    for (options, environment, wanted) in [
        (&[][..], "", (2, "usage")),
        (&["--new-password-file", "short"], "", (2, "usage")),
        (
            &["--new-password-file", "-", "--password-file", "-"],
            "",
            (2, "usage"),
        ),
        (&["--new-password-file", "right"], "", (0, "")),
        (
            &["--new-password-file", "second"],
            "",
            (4, "password-needed"),
        ),
        (
            &["--new-password-file", "second"],
            "battery staple",
            (4, "wrong-password"),
        ),
        (&["--new-password-file", "second"], RIGHT, (0, "")),
        (
            &["--new-password-file", "right"],
            RIGHT,
            (4, "wrong-password"),
        ),
        // As another keyboard types it.
        (
            &["--new-password-file", "right"],
            "seco\u{308}nd password",
            (0, ""),
        ),
    ] {
        let found = set(options, environment);
        assert_eq!((found.0, &*found.1), wanted, "{options:?} {environment}");
    }
    push(&folder, &sim, &["--password-file", "right"]).expect(0);
}

#[test]
fn people_are_told_what_became_of_the_password() {
    let (folder, mut sim) = device(&["--demand-password"]);
    let at = sim.address.clone();
    let set = ["password", &at, "--new-password-file", "right"];
    let ended = run_in(folder.path(), &set).expect(0);
    let wanted = format!("{at}: the password was set; it is needed for every change from now on\n");
    assert_eq!((ended.out, ended.err), (wanted, String::new()));
    let variables = [("FACEPLATE_PASSWORD", RIGHT)];
    let ended = run_with(folder.path(), &[&set[..], &["--json"]].concat(), &variables).expect(0);
    assert_eq!(
        ended.json(),
        serde_json::json!({ "device": at, "first": false })
    );

    // What was set is kept, and goes before what the firmware was built with.
    sim.kill();
    let sim = Sim::start(folder.path(), &["--password", "built in here"]);
    let found = outcome(&folder, &sim, &["confirm"], RIGHT);
    assert_eq!(found, (4, "not-on-trial".to_owned()));

    let open = Sim::start(folder.path(), &["--flash", "open.bin"]);
    let set = [
        "password",
        &open.address,
        "--new-password-file",
        "right",
        "--json",
    ];
    let ended = run_in(folder.path(), &set).expect(4);
    assert_eq!(kind(&ended), "not-found");
    let message = "its firmware asks for no password";
    assert!(ended.out.contains(message), "{}", ended.out);
}

#[test]
fn who_tries_passwords_has_to_wait_and_is_told_how_long() {
    let (folder, sim) = device(&["--password", RIGHT]);
    let attempt = || {
        let confirm = [
            "confirm",
            &sim.address,
            "--password-file",
            "wrong",
            "--json",
        ];
        run_in(folder.path(), &confirm).expect(4)
    };
    // More than the five that cost nothing: a slow computer has waited for some.
    let mut attempts = (0..30).map(|_| attempt());
    let slowed = attempts.find(|ended| kind(ended) == "too-many-attempts");
    let slowed = slowed.expect("no attempt was slowed");
    let message = slowed.json()["error"]["message"].to_string();
    assert!(
        message.contains("the next one is looked at in "),
        "{message}"
    );
    let ended = push(&folder, &sim, &["--password-file", "right"]);
    // It may be looked at again by now.
    if ended.code != Some(0) {
        let ended = ended.expect(4);
        assert!(ended.err.contains("Nothing was sent"), "{}", ended.err);
    }
}

#[test]
fn what_a_proxy_puts_in_front_of_a_path_is_not_signed() {
    let (folder, sim) = device(&["--password", RIGHT]);
    let proxy = Bent::start(&sim.address, &[(" /kitchen/", " /")], &[]);
    let device = format!("{}/kitchen", proxy.address);
    let push = ["push", "new.bin", &device, "--confirm", "load"];
    let variables = [("FACEPLATE_PASSWORD", RIGHT)];
    run_with(folder.path(), &push, &variables).expect(0);
}

#[test]
fn what_is_changed_on_the_way_is_refused() {
    let (folder, sim) = device(&["--password", RIGHT]);
    let variables = [("FACEPLATE_PASSWORD", RIGHT)];
    for (from, to) in [
        ("?confirm=client", "?confirm=device"),
        ("PATCH /api/ota/frontend", "PUT /api/ota/password"),
        ("PATCH /api/ota/frontend", "POST /api/ota/frontend"),
    ] {
        let between = Bent::start(&sim.address, &[(from, to)], &[]);
        let push = [
            "push",
            "new.bin",
            &between.address,
            "--confirm",
            "load",
            "--json",
        ];
        let ended = run_with(folder.path(), &push, &variables).expect(4);
        assert_eq!(kind(&ended), "session-over", "{from}");
    }
    // Nor are the bodies of commands: this one would be a password that nobody knows.
    let bends = [("SCRAM-SHA-256$1", "SCRAM-SHA-256$2"), ("{}", "[]")];
    let between = Bent::start(&sim.address, &bends, &[]);
    folder.file("second", "second password");
    let change = [
        "password",
        &between.address,
        "--new-password-file",
        "second",
        "--json",
    ];
    let rollback = ["rollback", &between.address, "--json"];
    for command in [&change[..], &rollback] {
        let ended = run_with(folder.path(), command, &variables).expect(4);
        assert_eq!(kind(&ended), "digest-mismatch", "{command:?}");
    }
    assert_eq!(
        outcome(&folder, &sim, &["confirm"], RIGHT),
        (4, "not-on-trial".to_owned())
    );
}

/// Sends logins that are wrong as quickly as they are answered, until it is dropped.
struct Guesser {
    stop: Arc<AtomicBool>,
    runs: Option<thread::JoinHandle<u32>>,
}

impl Guesser {
    fn start(address: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, address) = (stop.clone(), address.to_owned());
        let runs = thread::spawn(move || {
            let mut slowed = 0;
            while !stopped.load(Ordering::Relaxed) {
                let asked = exchange(&address, "GET", "login", "");
                let nonce = asked.split(r#""nonce":""#).nth(1).unwrap_or_default();
                let nonce = nonce.split('"').next().unwrap_or_default();
                let proof = "A".repeat(43);
                let body = format!(
                    r#"{{"nonce":"{nonce}","client":"0123456789abcdef","proof":"{proof}="}}"#
                );
                slowed += u32::from(exchange(&address, "POST", "login", &body).contains(" 429 "));
            }
            slowed
        });
        let runs = Some(runs);
        Self { stop, runs }
    }

    /// How often it had to wait.
    fn stop(mut self) -> u32 {
        self.stop.store(true, Ordering::Relaxed);
        self.runs.take().unwrap().join().unwrap()
    }
}

/// What a path below `/api/ota/` answers; nothing while the device restarts.
fn exchange(address: &str, method: &str, path: &str, body: &str) -> String {
    let ask = || {
        let mut stream = TcpStream::connect(address)?;
        let length = body.len();
        let head = format!(
            "{method} /api/ota/{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(head.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok::<_, std::io::Error>(answer)
    };
    ask().unwrap_or_default()
}

#[test]
fn an_update_is_confirmed_after_its_restart_while_somebody_guesses() {
    let (folder, sim) = device(&["--password", RIGHT]);
    let image = folder.path().join("new.bin");
    // Once it is logged in nobody can hold it up any more.
    let (started, runs) = (sim.address.clone(), folder.path().to_owned());
    let push = thread::spawn(move || {
        let push = [
            "push",
            image.to_str().unwrap(),
            &started,
            "--confirm",
            "load",
        ];
        run_with(&runs, &push, &[("FACEPLATE_PASSWORD", RIGHT)])
    });
    while !exchange(&sim.address, "GET", "status", "").contains(r#""upload":{"#) {
        assert!(!push.is_finished(), "the upload was not seen");
    }
    let guesser = Guesser::start(&sim.address);
    push.join().unwrap().expect(0);
    let slowed = guesser.stop();
    assert!(slowed > 0, "nobody had to wait");
}

/// Answers as a device with a password would, but does not know it. Gives the requests that came.
fn impostor(iterations: u32) -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut bytes = [0; 4096];
            let len = stream.read(&mut bytes).unwrap_or(0);
            let head = String::from_utf8_lossy(&bytes[..len]).into_owned();
            let line = head.lines().next().unwrap_or_default().to_owned();
            let (status, body) = match &*line {
                "GET /api/ota/login HTTP/1.1" => (
                    200,
                    format!(
                        r#"{{"set":true,"salt":"W22ZaJ0SNY7soEsUEjb6gQ==","iterations":{iterations},"nonce":"abc"}}"#
                    ),
                ),
                "POST /api/ota/login HTTP/1.1" => (
                    200,
                    r#"{"session":"0123456789abcdef","proof":"3HO6Qt1M4MKJrmlKaoOqLAI0/0TV0HZe7J9H3MBtSOg="}"#
                        .to_owned(),
                ),
                _ => (401, r#"{"type":"/problems/password-needed"}"#.to_owned()),
            };
            let length = body.len();
            let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n\r\n{body}");
            // It may be gone already.
            let _sent = stream.write_all(answer.as_bytes());
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    (address, lines)
}

#[test]
fn who_says_that_there_is_a_password_and_then_that_there_is_none_gets_no_new_one() {
    let folder = folder();
    folder.file("second", "second password");
    for later in [
        r#"{"set":false,"iterations":10000}"#,
        r#"{"type":"/problems/not-found"}"#,
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for (at, stream) in listener.incoming().enumerate() {
                let mut stream = stream.unwrap();
                let mut bytes = [0; 4096];
                let len = stream.read(&mut bytes).unwrap_or(0);
                let head = String::from_utf8_lossy(&bytes[..len]).into_owned();
                let first = r#"{"set":true,"salt":"W22ZaJ0SNY7soEsUEjb6gQ==","iterations":4096,"nonce":"a"}"#;
                let body = if at == 0 { first } else { later };
                let status = if body.contains("set") { 200 } else { 404 };
                let length = body.len();
                let answer =
                    format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n\r\n{body}");
                let _sent = stream.write_all(answer.as_bytes());
                if sender.send(head).is_err() {
                    return;
                }
            }
        });
        let change = [
            "password",
            &address,
            "--new-password-file",
            "second",
            "--json",
        ];
        let ended = run_with(folder.path(), &change, &[("FACEPLATE_PASSWORD", RIGHT)]).expect(3);
        assert_eq!(kind(&ended), "impostor", "{later}");
        let lines: Vec<_> = lines.try_iter().collect();
        assert!(
            !lines.iter().any(|head| head.contains("SCRAM")),
            "{lines:?}"
        );
    }
}

#[test]
fn who_does_not_know_the_password_is_found_out() {
    let folder = folder();
    let variables = [("FACEPLATE_PASSWORD", RIGHT)];
    // Few iterations would make it cheap to guess from the proof: there is none.
    for (iterations, proofs) in [(4096, 1), (4095, 0), (1_000_001, 0)] {
        for command in [&["confirm"][..], &["push", "new.bin"], &["status"]] {
            let (address, lines) = impostor(iterations);
            let arguments = [command, &[&*address, "--json"]].concat();
            let ended = run_with(folder.path(), &arguments, &variables).expect(3);
            assert_eq!(kind(&ended), "impostor", "{iterations} {command:?}");
            let message = "what answers there does not know the password";
            assert!(ended.out.contains(message), "{}", ended.out);
            let lines: Vec<_> = lines.try_iter().collect();
            let sent = lines
                .iter()
                .filter(|line| line.starts_with("POST /api/ota/login"));
            assert_eq!(sent.count(), proofs, "{lines:?}");
        }
    }
}

#[test]
fn what_a_firmware_is_built_with_is_printed_and_holds() {
    let folder = folder();
    let hash = ["hash-password", "--password-file", "right"];
    let [one, other] = [0, 1].map(|_| run_in(folder.path(), &hash).expect(0).out);
    assert_ne!(one, other);
    for line in [&one, &other] {
        assert!(line.starts_with("SCRAM-SHA-256$10000:"), "{line}");
        assert!(line.trim_end().parse::<Verifier>().is_ok(), "{line}");
    }
    folder.file("short", "seven 7");
    for (options, code) in [
        (&[][..], 2),
        (&["--password-file", "short"], 2),
        (&["--password-file", "nothing"], 1),
        (&["correct horse"], 2),
    ] {
        let ended = run_in(folder.path(), &[&["hash-password"], options].concat()).expect(code);
        assert_eq!(ended.out, "", "{options:?}");
    }

    // A device takes it, and this password with it.
    let sim = Sim::start(folder.path(), &["--demand-password"]);
    let body = format!(r#"{{"verifier":"{}"}}"#, one.trim_end());
    let mut stream = std::net::TcpStream::connect(&sim.address).unwrap();
    write!(
        stream,
        "PUT /api/ota/password HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
    let found = outcome(&folder, &sim, &["confirm"], RIGHT);
    assert_eq!(found, (4, "not-on-trial".to_owned()));
}

#[test]
fn a_device_with_a_password_keeps_the_contract_for_who_knows_it() {
    let (folder, sim) = device(&["--password", RIGHT, "--password-for-reading"]);
    let groups = "status,guards,requests,uploads,commands,files,recovery,wifi";
    let found = outcome(&folder, &sim, &["conformance", "--only", groups], "");
    assert_eq!(found, (4, "password-needed".to_owned()));
    let only = ["conformance", &sim.address, "--only", groups, "--json"];
    let variables = [("FACEPLATE_PASSWORD", RIGHT)];
    let report = run_with(folder.path(), &only, &variables).expect(0).json();
    assert_eq!(crate::conformance::rows(&report, "failed"), [""; 0]);
    let passed = crate::conformance::rows(&report, "passed");
    assert!(passed.contains(&"guards/login".to_owned()), "{passed:?}");

    // The restarts of an update end the session.
    let update = [
        "conformance",
        &sim.address,
        "--update",
        "new.bin",
        "--only",
        "update",
        "--json",
    ];
    let report = run_with(folder.path(), &update, &variables)
        .expect(0)
        .json();
    assert_eq!(crate::conformance::rows(&report, "failed"), [""; 0]);
    assert!(
        report["passed"].as_u64().unwrap() > 10,
        "{}",
        report["passed"]
    );
}

#[test]
fn a_simulated_device_says_which_of_its_options_contradict_each_other() {
    let folder = folder();
    for options in [
        &["--password-for-reading"][..],
        &["--password", RIGHT, "--demand-password"],
    ] {
        run_in(folder.path(), &[&["sim"], options].concat()).expect(2);
    }
    // The example device has one as well.
    let sim = Sim::start(folder.path(), &["--example", "--password", RIGHT]);
    let found = outcome(&folder, &sim, &["confirm"], "");
    assert_eq!(found, (4, "password-needed".to_owned()));
}

//! `faceplate sim`.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

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

/// What a browser is told that asks for a page of another name.
fn probe(sim: &Sim) -> String {
    let mut stream = TcpStream::connect(&sim.address).unwrap();
    let host = "connectivitycheck.gstatic.com";
    write!(stream, "GET /generate_204 HTTP/1.0\r\nHost: {host}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_device_is_a_portal_only_where_that_is_said_and_until_it_knows_a_network() {
    let folder = folder();
    let sim = Sim::start(folder.path(), &["--flash", "no-portal.bin"]);
    assert!(probe(&sim).starts_with("HTTP/1.1 403 "), "{}", probe(&sim));

    let mut sim = Sim::start(folder.path(), &["--portal"]);
    let sent = probe(&sim);
    assert!(sent.starts_with("HTTP/1.1 302 "), "{sent}");
    assert!(
        sent.contains("\r\nLocation: http://127.0.0.1/recovery/wifi\r\n"),
        "{sent}"
    );
    let mut stream = TcpStream::connect(&sim.address).unwrap();
    let body = r#"{"ssid":"Home","pass":"12345678"}"#;
    write!(
        stream,
        "POST /api/wifi HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
    let refused = probe(&sim);
    assert!(refused.starts_with("HTTP/1.1 403 "), "{refused}");
    // It is off for good: also after a restart.
    sim.kill();
    let sim = Sim::start(folder.path(), &["--portal"]);
    assert!(probe(&sim).starts_with("HTTP/1.1 403 "), "{}", probe(&sim));
}

#[test]
fn a_host_that_would_not_be_one_is_refused_in_words() {
    let folder = folder();
    for (host, why) in [
        ("https://home.example/", "write the host alone"),
        ("home.example/kitchen", "write the host alone"),
        ("bücher.example", "xn--"),
        ("home.example:x", "port"),
        ("a b", "host name"),
    ] {
        let ended = run_in(folder.path(), &["sim", "--host", host]).expect(2);
        assert!(ended.err.contains(why), "{host}: {}", ended.err);
    }
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

/// The answer to a request of HTTP/1.0.
fn ask(sim: &Sim, line: &str, rest: &str) -> String {
    let mut stream = TcpStream::connect(&sim.address).unwrap();
    write!(stream, "{line} HTTP/1.0\r\n{rest}\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_example_device_has_a_lamp_and_a_temperature_and_others_have_none() {
    let folder = folder();
    let sim = Sim::start(folder.path(), &["--example"]);
    let lamp = r##"{"on":true,"colour":"#00ff00"}"##;
    let set = format!(
        "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{lamp}",
        lamp.len()
    );
    let answer = ask(&sim, "PUT /api/lamp", &set);
    assert!(
        answer.starts_with("HTTP/1.1 200 ") && answer.contains(lamp),
        "{answer}"
    );
    sim.wait_for("lamp on, #00ff00");
    let answer = ask(&sim, "GET /api/sensor", "");
    assert!(answer.contains(r#""unit":"°C","celsius":[2"#), "{answer}");

    let other = Sim::start(folder.path(), &["--flash", "other.bin"]);
    let answer = ask(&other, "GET /api/lamp", "");
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
}

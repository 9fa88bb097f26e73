//! The example device in the simulator, asked over real sockets.

mod client;

use std::{thread::sleep, time::Duration};

use client::Device;
use faceplate_pack::{Gzip, Options, pack};
use serde_json::{Value, json};

/// Longer than the lamp takes to fade.
const FADE: Duration = Duration::from_millis(1100);

#[test]
fn the_lamp_is_told_and_set() {
    let device = Device::start();
    let (status, body) = device.get("/api/lamp");
    assert_eq!(
        (status, body.as_str()),
        (200, r##"{"on":false,"colour":"#ffaa00"}"##)
    );
    let (status, body) = device.put(r##"{"on":true,"colour":"#00FF7f"}"##);
    assert_eq!(
        (status, body.as_str()),
        (200, r##"{"on":true,"colour":"#00ff7f"}"##)
    );
    assert_eq!(device.get("/api/lamp").1, body);
    sleep(FADE);
    let lights = device.lights();
    assert_eq!(lights.last(), Some(&(0, 255, 127)));
    let between = lights.iter().filter(|light| (1..255).contains(&light.1));
    assert!(between.count() > 5, "it does not fade: {lights:?}");
}

#[test]
fn hostile_values_change_nothing() {
    let device = Device::start();
    for colour in [
        "",
        "#",
        "red",
        "#ffa",
        "#ffaa0g",
        "#+faa00",
        "#ffaa00 ",
        "##ffaa0",
        "ffaa00",
        "#ffaa000",
        "#\u{ff11}ff",
        "#ffaa00\\n",
    ] {
        let body = format!(r#"{{"on":true,"colour":"{colour}"}}"#);
        let (status, body) = device.put(&body);
        let problem: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(
            (status, &problem["type"]),
            (422, &json!("/problems/bad-colour")),
            "{colour}"
        );
    }
    // However it is written, a colour is one.
    let escaped = device.put(r#"{"on":false,"colour":"\u0023ffaa00"}"#);
    assert_eq!(escaped.0, 200, "{}", escaped.1);
    let deep = "[".repeat(500);
    for body in [
        "",
        "{}",
        "[]",
        "null",
        "true",
        r#"{"on":true}"#,
        r##"{"colour":"#ffaa00"}"##,
        r##"{"on":1,"colour":"#ffaa00"}"##,
        r#"{"on":true,"colour":5}"#,
        r#"{"on":true,"colour":null}"#,
        r##"{"on":true,"colour":"#ffaa00"##,
        "{\"on\":true,\"colour\":\"#ff\0aa00\"",
        &deep,
    ] {
        let (status, answer) = device.put(body);
        assert_eq!(status, 400, "{body}: {answer}");
    }
    let long = format!(r#"{{"on":true,"colour":"{}"}}"#, "#".repeat(60_000));
    assert_eq!(device.put(&long).0, 413);
    assert_eq!(
        device.get("/api/lamp").1,
        r##"{"on":false,"colour":"#ffaa00"}"##
    );
    assert_eq!(
        device.ask("POST /api/lamp", "Content-Length: 0\r\n\r\n").0,
        405
    );
    assert_eq!(
        device.ask("PUT /api/sensor", "Content-Length: 0\r\n\r\n").0,
        405
    );
}

#[test]
fn all_who_watch_the_lamp_see_it_change() {
    let device = Device::start();
    let mut sockets = [device.socket(), device.socket()];
    let off = r##"{"on":false,"colour":"#ffaa00"}"##;
    for socket in &mut sockets {
        assert_eq!(socket.frame(), off);
    }
    let on = r##"{"on":true,"colour":"#0000ff"}"##;
    sockets[0].say(0x81, on.as_bytes());
    for socket in &mut sockets {
        assert_eq!(socket.frame(), on);
    }
    assert_eq!(device.put(off).0, 200);
    for socket in &mut sockets {
        assert_eq!(socket.frame(), off);
    }
}

#[test]
fn a_message_that_sets_nothing_is_answered_with_what_stays() {
    let device = Device::start();
    let mut socket = device.socket();
    let off = socket.frame();
    for (kind, message) in [
        (0x81, "".as_bytes()),
        (0x81, b"true"),
        (0x81, br##"{"on":true,"colour":"#fffff"}"##),
        (0x81, br##"{"on":"yes","colour":"#ffffff"}"##),
        (0x82, br##"{"on":true,"colour":"#ffffff"}"##),
        (0x82, b"\xff\0\xfe"),
    ] {
        socket.say(kind, message);
        assert_eq!(socket.frame(), off, "{}", message.escape_ascii());
    }
    // No text at all ends it (RFC 6455, 8.1), and only it.
    socket.say(0x81, b"\xff");
    assert_eq!(socket.close_code(), 1007);
    assert_eq!(device.get("/api/lamp").1, off);
}

#[test]
fn the_temperature_is_kept_and_told_as_it_comes() {
    let device = Device::start();
    let mut events = device.events();
    let first = events.until("event: sensor");
    assert!(first.starts_with(r#"data: {"celsius":"#), "{first}");
    events.until("event: sensor");
    let (status, body) = device.get("/api/sensor");
    assert_eq!(status, 200);
    let sensor: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (&sensor["every_ms"], &sensor["unit"]),
        (&json!(1000), &json!("°C"))
    );
    let values = sensor["celsius"].as_array().unwrap();
    let wanted: Vec<_> = (0..values.len()).map(client::measured).collect();
    assert!(values.len() >= 3, "{body}");
    assert_eq!(*values, wanted);
}

#[test]
fn the_log_tells_what_happens_in_both_ways() {
    let device = Device::start();
    let mut events = device.events();
    events.until("event: sensor");
    device.put(r##"{"on":true,"colour":"#123456"}"##);
    let line = events.until("event: log");
    assert!(line.starts_with(r#"data: {"line":""#) && line.ends_with(r##"s: lamp on, #123456"}"##));
    let (status, log) = device.get("/api/log");
    assert_eq!(status, 200);
    let lines: Vec<_> = log.lines().collect();
    assert_eq!(lines.len(), 2, "{log}");
    assert!(lines[0].ends_with(" s: started") && lines[1].ends_with(" s: lamp on, #123456"));
}

#[test]
fn no_update_begins_while_the_lamp_fades() {
    let device = Device::start();
    device.put(r##"{"on":true,"colour":"#ffffff"}"##);
    let upload = || {
        let (status, body) = device.upload(&[b'x'; 8192]);
        (status, serde_json::from_str::<Value>(&body).unwrap())
    };
    let (status, problem) = upload();
    assert_eq!(
        (status, &problem["type"]),
        (409, &json!("/problems/not-now"))
    );
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("the lamp is fading")
    );
    sleep(FADE);
    // It is no frontend, which is found out only where an update may begin.
    let (status, problem) = upload();
    assert_ne!(problem["type"], json!("/problems/not-now"));
    assert!((400..500).contains(&status), "{problem}");
}

/// How bright the lamp was since it shone `before` times, each brightness once; it was white.
fn brightness(device: &Device, before: usize) -> Vec<u8> {
    let white = |(red, green, blue)| {
        assert!(red == green && green == blue, "{red} {green} {blue}");
        red
    };
    let mut levels: Vec<u8> = device.lights()[before..]
        .iter()
        .copied()
        .map(white)
        .collect();
    levels.dedup();
    levels
}

/// From dark to as bright as can be, in many steps, and then whatever is told.
fn assert_climbs(levels: &[u8], then: &[u8]) {
    let top = levels.iter().position(|level| *level == u8::MAX);
    let top = top.unwrap_or_else(|| panic!("never bright: {levels:?}"));
    let (climb, rest) = levels.split_at(top + 1);
    assert!(climb[0] == 0 && climb.len() > 20, "{levels:?}");
    assert!(climb.is_sorted(), "{levels:?}");
    assert_eq!(rest, then, "{levels:?}");
}

#[test]
fn the_lamp_shows_how_far_an_update_is() {
    let device = Device::start();
    let files = [
        ("index.html".to_owned(), b"<!doctype html>".to_vec()),
        ("app.js".to_owned(), vec![b'x'; 100_000]),
    ];
    let options = Options {
        gzip: Gzip::Never,
        ..Options::default()
    };
    let image = pack(files, &options).unwrap().image;
    let mut broken = image.clone();
    broken[50_000] ^= 1;

    // It fails only when all of it is there, and then the lamp is as it was: off.
    let before = device.lights().len();
    let (status, answer) = device.upload(&broken);
    assert_eq!(status, 422, "{answer}");
    assert_climbs(&brightness(&device, before), &[0]);

    // Or on, in its colour.
    device.put(r##"{"on":true,"colour":"#00ff7f"}"##);
    sleep(FADE);
    let (status, answer) = device.upload(&broken);
    assert_eq!(status, 422, "{answer}");
    assert_eq!(device.lights().last(), Some(&(0, 255, 127)));
    device.put(r##"{"on":false,"colour":"#00ff7f"}"##);
    sleep(FADE);

    // What succeeds leaves it bright, up to the restart.
    let before = device.lights().len();
    let (status, answer) = device.upload(&image);
    assert_eq!(status, 200, "{answer}");
    assert_climbs(&brightness(&device, before), &[]);
}

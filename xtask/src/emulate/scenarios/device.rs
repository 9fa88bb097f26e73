//! The example device in the firmware: its lamp is switched, its sensor and its log tell something, also
//! over connections that stay.

use serde_json::Value;

use super::ensure;
use crate::emulate::client::Client;
use crate::emulate::place::Place;

const OFF: &str = r##"{"on":false,"colour":"#ffaa00"}"##;
const ON: &str = r##"{"on":true,"colour":"#ffffff"}"##;
const GREEN: &str = r##"{"on":true,"colour":"#00ff00"}"##;

pub(super) fn device(place: &Place<'_>) -> Result<String, String> {
    let (_machine, client, _) = place.new_board()?;
    let mut events = client.begin("GET", "/api/events", "Accept: text/event-stream\r\n")?;
    events.read_to(b"text/event-stream")?;
    let remark = use_device(&client)?;
    use_socket(&client)?;
    for told in [
        "lamp on, #ffffff\"}\n",
        "lamp on, #00ff00\"}\n",
        "lamp off\"}\n",
    ] {
        events.read_to(b"\nevent: log\ndata: {\"line\":\"")?;
        events.read_to(told.as_bytes())?;
    }
    events.read_to(b"\nevent: sensor\ndata: {\"celsius\":")?;
    Ok(remark)
}

fn use_device(client: &Client) -> Result<String, String> {
    let lamp = client.get("/api/lamp", "")?.expect(200, "")?;
    ensure!(lamp.body == OFF.as_bytes(), "at first: {}", lamp.text());
    let put = client.put("/api/lamp", ON)?.expect(200, "")?;
    let lamp = client.get("/api/lamp", "")?.expect(200, "")?;
    ensure!(
        put.body == ON.as_bytes() && lamp.body == put.body,
        "switched on: {}, then {}",
        put.text(),
        lamp.text()
    );
    client
        .put("/api/lamp", &ON.replace("#ffffff", "white"))?
        .expect(422, "bad-colour")?;

    let sensor = client.get("/api/sensor", "")?.expect(200, "")?;
    let told: Value = serde_json::from_slice(&sensor.body).unwrap_or_default();
    let celsius = told.pointer("/celsius/0").and_then(Value::as_f64);
    let celsius = celsius.ok_or_else(|| format!("the sensor tells {}", sensor.text()))?;
    let log = client.get("/api/log", "")?.expect(200, "")?;
    ensure!(
        log.text().contains("s: lamp on, #ffffff\n"),
        "the log is {}",
        log.text()
    );
    Ok(format!("the sensor tells {celsius} °C"))
}

/// The lamp's WebSocket tells what it is, takes another state, and tells what others set.
fn use_socket(client: &Client) -> Result<(), String> {
    // Key and answer of RFC 6455, section 1.3.
    const UPGRADE: &str = "Upgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let mut socket = client.begin("GET", "/api/lamp/socket", UPGRADE)?;
    socket.read_to(b"101 ")?;
    socket.read_to(b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")?;
    socket.read_to(b"\r\n\r\n")?;
    socket.read_to(&text_frame(ON, false))?;
    socket.send(&text_frame(GREEN, true))?;
    socket.read_to(&text_frame(GREEN, false))?;
    client.put("/api/lamp", OFF)?.expect(200, "")?;
    socket.read_to(&text_frame(OFF, false))?;
    Ok(())
}

/// A short text as a frame (RFC 6455, section 5.2). What a client sends has a mask, here one that
/// changes nothing.
fn text_frame(text: &str, masked: bool) -> Vec<u8> {
    let len = text.len() as u8;
    let mut frame = match masked {
        true => vec![0x81, 0x80 | len, 0, 0, 0, 0],
        false => vec![0x81, len],
    };
    frame.extend(text.as_bytes());
    frame
}

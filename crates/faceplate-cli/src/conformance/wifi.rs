//! The Wi-Fi setup, where the device has one. What would change it is never sent.

use serde_json::json;

use super::{
    change::JSON,
    request::Request,
    row::{Checked, Row, Stop, skip},
    shape::Part,
    target::Target,
};

const WIFI: &str = "/api/wifi";
const NETWORKS: &str = "/api/wifi/networks";

pub(super) const ROWS: &[Row<Target>] = &[
    Row::reads(
        "wifi/status",
        status,
        "GET /api/wifi tells mode, ssid, connected, address and name, and never the password",
        "fill in all five fields; ssid and address may be null",
    ),
    Row::reads(
        "wifi/none",
        none,
        "a device without Wi-Fi answers /api/wifi with 404 not-found",
        "say so in device.wifi of the status, too: pages offer the setup by that",
    ),
    Row::refused(
        "wifi/media-type",
        media_type,
        "a Wi-Fi without Content-Type: application/json gets 415 media-type",
        "put the guards of the other changes in front of this one",
    ),
    Row::refused(
        "wifi/body",
        body,
        "a body that is not an object with just ssid and pass gets 400 bad-body",
        "refuse a pass that was left out, too: it may have been forgotten",
    ),
    Row::refused(
        "wifi/unfit",
        unfit,
        "a name that no Wi-Fi has gets 422 bad-ssid, a password that none has 422 bad-pass",
        "ssid has 1 to 32 bytes and no NUL; pass is empty, or 8 to 63 printable ASCII characters",
    ),
    Row::refused(
        "wifi/too-large",
        too_large,
        "a body of more than 640 bytes gets 413 too-large",
        "compare Content-Length before the body is read",
    ),
    Row::reads(
        "wifi/networks",
        networks,
        "GET /api/wifi/networks tells what the last search found",
        "fill in searching, failed, age_ms and networks, each with ssid, rssi and security; a device that cannot look \
         answers 404",
    ),
];

fn has_wifi(target: &Target) -> Result<bool, Stop> {
    target.status()?;
    let raw = target.raw_status().map(|raw| &raw["device"]["wifi"]);
    let known = raw.and_then(serde_json::Value::as_bool);
    known.ok_or_else(|| skip("device.wifi of the status does not say whether there is one"))
}

fn needs_wifi(target: &Target) -> Checked {
    match has_wifi(target)? {
        true => Ok(()),
        false => Err(skip("the device has no Wi-Fi to set up")),
    }
}

fn status(target: &Target) -> Checked {
    needs_wifi(target)?;
    let asked = target.ask(&Request::get(WIFI))?;
    asked.has_status(200)?;
    asked.has_field("Content-Type", "application/json")?;
    asked.has_field("Cache-Control", "no-store")?;
    let json = asked.json()?;
    let wifi = Part::whole(&asked, &json);
    wifi.get("mode")?.one_of(&["station", "access_point"])?;
    wifi.get("connected")?.flag()?;
    wifi.get("name")?.words()?;
    for key in ["ssid", "address"] {
        if let Some(text) = wifi.get(key)?.unless_null() {
            text.words()?;
        }
    }
    match wifi.get("pass") {
        Ok(pass) => Err(pass.wrong("never told")),
        Err(_) => Ok(()),
    }
}

fn none(target: &Target) -> Checked {
    if has_wifi(target)? {
        return Err(skip("the device has a Wi-Fi to set up"));
    }
    target
        .ask(&Request::get(WIFI))?
        .is_problem(404, "not-found")
}

fn join(media_type: &str, body: impl AsRef<[u8]>) -> Request {
    Request::new("POST", WIFI)
        .with("Content-Type", media_type)
        .body(body)
}

fn media_type(target: &Target) -> Checked {
    needs_wifi(target)?;
    // No name that a device could store.
    let body = json!({ "ssid": "", "pass": "" }).to_string();
    for media_type in ["text/plain", "application/x-www-form-urlencoded"] {
        let asked = target.ask(&join(media_type, &body))?;
        asked.is_problem(415, "media-type")?;
    }
    Ok(())
}

fn body(target: &Target) -> Checked {
    needs_wifi(target)?;
    for body in [
        "",
        "{}",
        "[]",
        r#"{"ssid":""}"#,
        r#"{"ssid":"","pass":"","channel":"1"}"#,
        r#"{"ssid":"","ssid":"","pass":""}"#,
        r#"{"ssid":null,"pass":""}"#,
    ] {
        target.ask(&join(JSON, body))?.is_problem(400, "bad-body")?;
    }
    Ok(())
}

fn unfit(target: &Target) -> Checked {
    needs_wifi(target)?;
    for (ssid, pass, slug) in [
        ("", "12345678", "bad-ssid"),
        (&*"x".repeat(33), "12345678", "bad-ssid"),
        ("x\0", "12345678", "bad-ssid"),
        ("x", "1234567", "bad-pass"),
        ("x", &"x".repeat(64), "bad-pass"),
        ("x", "pässwörd", "bad-pass"),
    ] {
        let body = json!({ "ssid": ssid, "pass": pass }).to_string();
        target.ask(&join(JSON, body))?.is_problem(422, slug)?;
    }
    Ok(())
}

fn too_large(target: &Target) -> Checked {
    needs_wifi(target)?;
    let body = format!("[{}]", " ".repeat(640));
    target.ask(&join(JSON, body))?.is_problem(413, "too-large")
}

fn networks(target: &Target) -> Checked {
    let asked = target.ask(&Request::get(NETWORKS))?;
    if asked.response.status == 404 {
        asked.is_problem(404, "not-found")?;
        return Err(skip("the device cannot look for networks"));
    }
    asked.has_status(200)?;
    asked.has_field("Cache-Control", "no-store")?;
    let json = asked.json()?;
    let found = Part::whole(&asked, &json);
    found.get("searching")?.flag()?;
    found.get("failed")?.flag()?;
    if let Some(age) = found.get("age_ms")?.unless_null() {
        age.number()?;
    }
    let networks = found.get("networks")?;
    let items = networks.items()?;
    if items.len() > 12 {
        return Err(networks.wrong("a list of at most 12"));
    }
    for network in items {
        network.get("ssid")?.words()?;
        network
            .get("security")?
            .one_of(&["open", "password", "other"])?;
        network.get("rssi")?;
    }
    Ok(())
}

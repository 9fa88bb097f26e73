//! The example device in the firmware: its lamp is switched, its sensor and its log tell something.

use serde_json::Value;

use super::ensure;
use crate::emulate::client::Client;
use crate::emulate::place::Place;

pub(super) fn device(place: &Place<'_>) -> Result<String, String> {
    let (_machine, client, _) = place.new_board()?;
    use_device(&client)
}

fn use_device(client: &Client) -> Result<String, String> {
    const OFF: &str = r##"{"on":false,"colour":"#ffaa00"}"##;
    const ON: &str = r##"{"on":true,"colour":"#ffffff"}"##;
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

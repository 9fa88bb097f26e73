//! A new frontend: how it comes, who confirms it, and what becomes of it when nobody does.

use std::time::{Duration, Instant};

use crate::emulate::scenarios::{ensure, put_on_trial};
use crate::idf::place::Place;

pub(super) fn serving(place: &Place<'_>) -> Result<String, String> {
    let small = &place.bench.frontends.small;
    let (device, client, status) = place.new_device()?;
    status.expect(small, "settled")?;
    ensure!(
        status.text("/device/chip") == "linux"
            && status.text("/device/name") == "lamp"
            && status.is_null("/fault"),
        "the status is {status}"
    );
    client.compare(small)?;
    let recovery = client.get("/recovery", "Accept-Encoding: gzip\r\n")?;
    ensure!(
        recovery.status == 200 && recovery.body.len() > 1000,
        "/recovery: status {}, {} bytes",
        recovery.status,
        recovery.body.len()
    );
    client
        .get("/assets/none.js", "")?
        .expect(404, "not-found")?;
    let told = place.ask("status", &client)?;
    ensure!(
        told.contains(&small.version),
        "`faceplate status` says {told}"
    );
    ensure!(device.boots() == 1, "it restarted by itself");
    Ok(String::new())
}

pub(super) fn push(place: &Place<'_>) -> Result<String, String> {
    let frontends = &place.bench.frontends;
    let (device, client, before) = place.new_device()?;
    let begin = Instant::now();
    place.push(&client, &frontends.full)?;
    let took = begin.elapsed();
    let after = client.status()?;
    after.expect(&frontends.full, "settled")?;
    ensure!(after.boot() != before.boot(), "the boot id is the same");
    ensure!(after.active() == 1, "it serves from another slot: {after}");
    ensure!(after.last().0 == "updated", "the status is {after}");
    ensure!(device.boots() == 2, "it restarted more than once");
    client.compare(&frontends.full)?;

    // The same again is nothing to do; and over what is there, something smaller.
    place.push(&client, &frontends.full)?;
    ensure!(device.boots() == 2, "a second push restarted it");
    place.push(&client, &frontends.medium)?;
    client.status()?.expect(&frontends.medium, "settled")?;
    client.compare(&frontends.medium)?;
    Ok(format!(
        ": {} KiB in {:.1} s, restart and confirmation included",
        frontends.full.image.len() / 1024,
        took.as_secs_f32()
    ))
}

pub(super) fn nobody_confirms(place: &Place<'_>) -> Result<String, String> {
    let frontends = &place.bench.frontends;
    let (device, client, before) = place.new_device()?;
    let query = "?confirm=client&within=10";
    let trial = put_on_trial(&client, &before, &frontends.medium, query)?;
    client
        .upload("", &frontends.full.image)?
        .expect(409, "on-trial")?;
    let back = client.wait_restart(&trial)?;
    back.expect(&frontends.small, "settled")?;
    ensure!(
        back.last() == ("fell_back", "not_confirmed"),
        "the status is {back}"
    );
    ensure!(device.boots() == 3, "it restarted more often than needed");
    client.compare(&frontends.small)?;
    // And the next one is taken.
    place.push(&client, &frontends.full)?;
    client.status()?.expect(&frontends.full, "settled")?;
    Ok(String::new())
}

pub(super) fn power_lost_on_trial(place: &Place<'_>) -> Result<String, String> {
    let frontends = &place.bench.frontends;
    let flash = place.new_flash()?;
    let (device, client, before) = place.boot(&flash)?;
    let query = "?confirm=client&within=600";
    let trial = put_on_trial(&client, &before, &frontends.medium, query)?;
    let mut left = trial.number("/trial/boots_left");
    ensure!(left == Some(2), "the status is {trial}");
    device.cut_power();
    for expected in [1, 0] {
        let (device, _, status) = place.boot(&flash)?;
        status.expect(&frontends.medium, "trial")?;
        left = status.number("/trial/boots_left");
        ensure!(left == Some(expected), "the status is {status}");
        device.cut_power();
    }
    let (_device, client, status) = place.boot(&flash)?;
    status.expect(&frontends.small, "settled")?;
    ensure!(
        status.last() == ("fell_back", "kept_restarting"),
        "the status is {status}"
    );
    client.compare(&frontends.small)?;
    Ok(String::new())
}

pub(super) fn back_by_hand(place: &Place<'_>) -> Result<String, String> {
    let frontends = &place.bench.frontends;
    let (device, client, _) = place.new_device()?;
    client
        .post("/api/ota/rollback")?
        .expect(409, "no-way-back")?;
    place.push(&client, &frontends.medium)?;
    client
        .post("/api/ota/confirm")?
        .expect(409, "not-on-trial")?;
    place.ask("rollback", &client)?;
    let back = client.wait("back", Duration::from_secs(60), |now| {
        now.sha256() == frontends.small.sha256
    })?;
    ensure!(back.last().0 == "rolled_back", "the status is {back}");
    if back.state() == "trial" {
        place.ask("confirm", &client)?;
    }
    client.status()?.expect(&frontends.small, "settled")?;
    client.compare(&frontends.small)?;
    ensure!(device.boots() == 3, "it restarted more often than needed");
    Ok(String::new())
}

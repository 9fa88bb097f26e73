//! A new frontend on trial: who confirms it, and what becomes of it when nobody does.

use std::time::Duration;

use super::ensure;
use crate::emulate::client::{Client, Status};
use crate::emulate::frontend::Frontend;
use crate::emulate::machine::Setup;
use crate::emulate::place::Place;

/// Uploads, and waits until the device is back with it on trial.
pub(crate) fn put_on_trial(
    client: &Client,
    before: &Status,
    frontend: &Frontend,
    query: &str,
) -> Result<Status, String> {
    client.upload(query, &frontend.image)?.expect(200, "")?;
    let after = client.wait_restart(before)?;
    after.expect(frontend, "trial")?;
    Ok(after)
}

pub(super) fn the_device_confirms(place: &Place<'_>) -> Result<String, String> {
    /// How long a frontend serves before the device confirms it.
    const SERVES_MS: u64 = 30_000;
    let frontends = &place.bench.frontends;
    let (machine, client, before) = place.new_board()?;
    let trial = put_on_trial(&client, &before, &frontends.medium, "")?;
    ensure!(
        trial.text("/trial/confirm") == "device",
        "the status is {trial}"
    );
    client
        .upload("", &frontends.full.image)?
        .expect(409, "on-trial")?;
    let settled = client.wait("settled", Duration::from_secs(60), |now| {
        now.state() == "settled"
    })?;
    settled.expect(&frontends.medium, "settled")?;
    ensure!(
        settled.boot() == trial.boot(),
        "it restarted during the trial"
    );
    let up = settled.number("/device/uptime_ms").unwrap_or(0);
    ensure!(
        up >= SERVES_MS,
        "it confirmed {up} ms after its start already"
    );
    ensure!(machine.boots()? == 2, "it restarted");
    Ok(format!("confirmed within {up} ms of its start"))
}

pub(super) fn nobody_confirms(place: &Place<'_>) -> Result<String, String> {
    let frontends = &place.bench.frontends;
    let (machine, client, before) = place.new_board()?;
    let query = "?confirm=client&within=10";
    let trial = put_on_trial(&client, &before, &frontends.medium, query)?;
    let back = client.wait_restart(&trial)?;
    back.expect(&frontends.small, "settled")?;
    ensure!(
        back.last() == ("fell_back", "not_confirmed"),
        "the status is {back}"
    );
    ensure!(machine.boots()? == 3, "it restarted more often than needed");
    client.compare(&frontends.small)?;
    // And the next one is taken.
    place.push(&client, &frontends.full, &[])?;
    client.status()?.expect(&frontends.full, "settled")?;
    Ok(String::new())
}

pub(super) fn power_lost_on_trial(place: &Place<'_>) -> Result<String, String> {
    let frontends = &place.bench.frontends;
    let flash = place.new_flash()?;
    let (machine, client, before) = place.boot(&flash, Setup::default())?;
    let query = "?confirm=client&within=600";
    let trial = put_on_trial(&client, &before, &frontends.medium, query)?;
    let mut left = trial.number("/trial/boots_left");
    ensure!(left == Some(2), "the status is {trial}");
    machine.cut_power();
    for expected in [1, 0] {
        let (machine, _, status) = place.boot(&flash, Setup::default())?;
        status.expect(&frontends.medium, "trial")?;
        left = status.number("/trial/boots_left");
        ensure!(left == Some(expected), "the status is {status}");
        machine.cut_power();
    }
    let (machine, client, status) = place.boot(&flash, Setup::default())?;
    status.expect(&frontends.small, "settled")?;
    ensure!(
        status.last() == ("fell_back", "kept_restarting"),
        "the status is {status}"
    );
    client.compare(&frontends.small)?;
    drop(machine);
    Ok(String::new())
}

pub(super) fn back_by_hand(place: &Place<'_>) -> Result<String, String> {
    let frontends = &place.bench.frontends;
    let (machine, client, _) = place.new_board()?;
    client
        .post("/api/ota/rollback")?
        .expect(409, "no-way-back")?;
    place.push(&client, &frontends.medium, &[])?;
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
    ensure!(machine.boots()? == 3, "it restarted more often than needed");
    Ok(String::new())
}

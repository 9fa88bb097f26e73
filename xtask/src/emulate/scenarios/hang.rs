//! A firmware that hangs under a new frontend is reset by its watchdog, and the frontend goes.

use std::time::{Duration, Instant};

use super::{ensure, trials::put_on_trial};
use crate::emulate::machine::Setup;
use crate::emulate::place::Place;

/// The watchdog has 10 s; the rest is for a busy computer.
const RESETS: Duration = Duration::from_secs(40);

pub(super) fn hang(place: &Place<'_>) -> Result<String, String> {
    let frontends = &place.bench.frontends;
    let setup = Setup {
        debugger: true,
        ..Setup::default()
    };
    let (machine, client, before) = place.boot(&place.new_flash()?, setup)?;
    let query = "?confirm=client&within=600";
    let mut status = put_on_trial(&client, &before, &frontends.medium, query)?;
    let mut times = Vec::new();
    while status.state() == "trial" {
        ensure!(
            times.len() < 5,
            "it never fell back; the status is {status}"
        );
        let boots = machine.boots()?;
        let begin = Instant::now();
        machine.hang()?;
        machine.wait_console("ESP-ROM:", boots + 1, RESETS)?;
        times.push(begin.elapsed().as_secs_f32());
        status = client.wait_restart(&status)?;
    }
    status.expect(&frontends.small, "settled")?;
    ensure!(
        status.last() == ("fell_back", "kept_restarting"),
        "the status is {status}"
    );
    let resets = times.len();
    ensure!(resets == 3, "it fell back after {resets} resets");
    client.compare(&frontends.small)?;
    // The first, the restart into the trial, and those by the watchdog.
    machine.expect_boots(2 + resets)?;
    Ok(format!("watchdog resets after {times:.1?} s"))
}

//! `faceplate push` brings a new frontend to the board, which restarts by itself.

use std::time::Instant;

use super::ensure;
use crate::emulate::place::Place;

pub(super) fn push(place: &Place<'_>) -> Result<String, String> {
    let frontends = &place.bench.frontends;
    let (machine, client, before) = place.new_board()?;
    let begin = Instant::now();
    place.push(&client, &frontends.full, &[])?;
    let took = begin.elapsed();
    let after = client.status()?;
    after.expect(&frontends.full, "settled")?;
    ensure!(after.boot() != before.boot(), "the boot id is the same");
    ensure!(after.active() == 1, "it serves from another slot: {after}");
    ensure!(after.last().0 == "updated", "the status is {after}");
    ensure!(machine.boots()? == 2, "it restarted more than once");
    ensure!(
        machine.console()?.contains("CoreSw"),
        "the console does not name its own restart as the reason"
    );
    client.compare(&frontends.full)?;

    // The same again is nothing to do; and over what is there, something smaller.
    place.push(&client, &frontends.full, &[])?;
    ensure!(machine.boots()? == 2, "a second push restarted it");
    place.push(&client, &frontends.medium, &[])?;
    client.status()?.expect(&frontends.medium, "settled")?;
    client.compare(&frontends.medium)?;
    Ok(format!(
        "{} KiB in {:.1} s, restart and confirmation included",
        frontends.full.image.len() / 1024,
        took.as_secs_f32()
    ))
}

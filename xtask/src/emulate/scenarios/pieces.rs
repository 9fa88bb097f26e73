//! An upload in pieces of odd lengths, and parts of files from odd places: nothing of it begins where
//! a processor that wants words at whole addresses would find one. And no two boots have the same id,
//! for which memory of the real-time clock counts them.

use std::collections::HashSet;

use super::ensure;
use crate::emulate::machine::Setup;
use crate::emulate::place::Place;
use crate::emulate::random::Random;

/// Parts of files that are asked for.
const PARTS: usize = 40;

pub(super) fn pieces(place: &Place<'_>) -> Result<String, String> {
    let bench = place.bench;
    let frontend = &bench.frontends.medium;
    let mut random = Random::new(bench.seed);
    let mut ids = HashSet::new();
    let mut is_new = |id: &str| match ids.insert(id.to_owned()) {
        true => Ok(()),
        false => Err(format!("two boots have the id {id}")),
    };
    let flash = place.new_flash()?;
    let (machine, client, before) = place.boot(&flash, Setup::default())?;
    is_new(before.boot())?;

    let mut upload = client.begin_upload("?confirm=client", frontend.image.len())?;
    let mut rest = &frontend.image[..];
    let mut sent = 0;
    while !rest.is_empty() {
        let len = 1 + 2 * random.below(2000) as usize;
        let (piece, more) = rest.split_at(len.min(rest.len()));
        upload.send(piece)?;
        sent += 1;
        rest = more;
    }
    upload.answer()?.expect(200, "")?;
    let trial = client.wait_restart(&before)?;
    is_new(trial.boot())?;
    client.post("/api/ota/confirm")?.expect(200, "")?;
    client.status()?.expect(frontend, "settled")?;
    client.compare(frontend)?;

    let largest = frontend.files.iter().max_by_key(|file| file.stored.len());
    let file = largest.ok_or("the frontend has no file")?;
    for _ in 0..PARTS {
        let from = random.below(file.stored.len() as u64 - 1) as usize | 1;
        let to = file
            .stored
            .len()
            .min(from + 1 + random.below(9000) as usize);
        let range = format!("Range: bytes={from}-{}\r\n", to - 1);
        let part = client.get(&file.url, &range)?.expect(206, "")?;
        let right = part.body == file.stored[from..to];
        ensure!(right, "{} from {from} to {to} is something else", file.url);
    }

    // Going back, then power: a restart that this memory outlives, and one that it does not.
    place.ask("rollback", &client)?;
    let back = client.status()?;
    let is_back = back.version() == bench.frontends.small.version;
    ensure!(is_back, "it went back to {back}");
    is_new(back.boot())?;
    machine.expect_boots(3)?;
    machine.cut_power();
    let (_machine, _, again) = place.boot(&flash, Setup::default())?;
    is_new(again.boot())?;
    Ok(format!("{sent} pieces, {PARTS} parts, {} boots", ids.len()))
}

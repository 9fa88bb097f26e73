//! A new board, made by `faceplate flash-image`, boots and serves its frontend.

use super::ensure;
use crate::emulate::place::Place;

pub(super) fn serving(place: &Place<'_>) -> Result<String, String> {
    let small = &place.bench.frontends.small;
    let (machine, client, status) = place.new_board()?;
    let up = machine.age();
    status.expect(small, "settled")?;
    ensure!(
        status.text("/device/chip") == place.bench.board.chip.name() && status.is_null("/fault"),
        "the status is {status}"
    );
    client.compare(small)?;

    let page = client.get("/", "Accept-Encoding: gzip\r\n")?;
    let index = small.files.iter().find(|file| file.url == "/index.html");
    ensure!(
        index.is_some_and(|index| index.stored == page.body),
        "/ is not index.html"
    );
    let tag = page.field("etag").ok_or("/ has no ETag")?;
    let again = client.get("/", &format!("If-None-Match: {tag}\r\n"))?;
    ensure!(
        again.status == 304 && again.body.is_empty(),
        "an unchanged page is answered with {}",
        again.status
    );
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
    ensure!(machine.boots()? == 1, "it restarted by itself");
    Ok(format!("answers {} ms after power", up.as_millis()))
}

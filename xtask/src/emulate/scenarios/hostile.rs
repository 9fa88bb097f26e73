//! Clients that send what they should not, or vanish: the device goes on with what it has.

use std::thread;
use std::time::{Duration, Instant};

use super::ensure;
use crate::emulate::client::{Client, UPLOAD};
use crate::emulate::place::Place;
use crate::emulate::random::Random;

/// More than a device has connections.
const CROWD: usize = 10;
/// Longest wait for what takes a second or two when this computer has nothing else to do.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn hostile(place: &Place<'_>) -> Result<String, String> {
    let frontends = &place.bench.frontends;
    let (small, full) = (&frontends.small, &frontends.full);
    let mut random = Random::new(place.bench.seed);
    let (machine, client, before) = place.new_board()?;

    let noise = random.bytes(256 * 1024);
    trying("noise", client.upload("", &noise))?.expect(422, "not-an-image")?;
    client
        .upload("", &noise[..5000])?
        .expect(422, "bad-length")?;
    let long = client.begin_upload("", 2 << 20)?;
    trying("too large an image", long.answer())?.expect(413, "too-large")?;
    let mut damaged = full.image.clone();
    for _ in 0..8 {
        let at = 8192 + random.below(damaged.len() as u64 - 8192) as usize;
        damaged[at] ^= 1 << random.below(8);
    }
    trying("a damaged image", client.upload("", &damaged))?.expect(422, "rejected")?;
    let digest = format!(
        "{UPLOAD}Content-Length: {}\r\nContent-Digest: sha-256=:{}=:\r\n",
        small.image.len(),
        "A".repeat(43)
    );
    let mut wrong = client.begin("POST", "/api/ota/frontend", &digest)?;
    wrong.send(&small.image)?;
    trying("a wrong digest", wrong.answer())?.expect(400, "digest-mismatch")?;

    // Vanishes, ends early, and stalls, each in the middle of an upload.
    for _ in 0..3 {
        let half = random.below(full.image.len() as u64) as usize;
        let mut vanishing = client.begin_upload("", full.image.len())?;
        vanishing.send(&full.image[..half])?;
        client.wait("taking an upload", PATIENCE, |now| !now.is_null("/upload"))?;
        drop(vanishing);
        idle(&client)?;
    }
    let half = &full.image[..full.image.len() / 2];
    let mut ending = client.begin_upload("", full.image.len())?;
    ending.send(half)?;
    ending.finish_sending()?;
    trying("an upload that ends early", ending.answer())?.expect(400, "ended-early")?;
    idle(&client)?;
    let mut stalling = client.begin_upload("", full.image.len())?;
    stalling.send(half)?;
    let begin = Instant::now();
    trying("an upload that stalls", stalling.answer())?.expect(408, "stalled")?;
    let stalled = begin.elapsed();

    let now = client.status()?;
    now.expect(small, "settled")?;
    ensure!(
        now.boot() == before.boot() && machine.boots()? == 1,
        "it restarted: {now}"
    );
    client.compare(small)?;

    let slowest = crowd(place, &client)?;
    let after = client.wait_restart(&before)?;
    after.expect(full, "trial")?;
    client.post("/api/ota/confirm")?.expect(200, "")?;
    client.compare(full)?;
    Ok(format!(
        "a stalled upload is ended after {:.1} s; the last of {CROWD} clients at once, during an \
         upload, had its answer after {} ms",
        stalled.as_secs_f32(),
        slowest.as_millis()
    ))
}

/// Names what was tried in an error.
fn trying<T>(what: &str, done: Result<T, String>) -> Result<T, String> {
    done.map_err(|error| format!("{what}: {error}"))
}

/// Waits until no upload is left.
fn idle(client: &Client) -> Result<(), String> {
    client.wait("done with a broken upload", PATIENCE, |now| {
        now.is_null("/upload")
    })?;
    Ok(())
}

/// Many clients at once in the middle of an upload, which then is finished. Gives how long the
/// slowest of them waited.
fn crowd(place: &Place<'_>, client: &Client) -> Result<Duration, String> {
    let frontends = &place.bench.frontends;
    let image = &frontends.full.image;
    let (first, rest) = image.split_at(image.len() / 2);
    let mut upload = client.begin_upload("?confirm=client", image.len())?;
    upload.send(first)?;
    let begin = Instant::now();
    let waited: Vec<Result<Duration, String>> = thread::scope(|scope| {
        let clients: Vec<_> = (0..CROWD)
            .map(|number| scope.spawn(move || served(place, client, number, begin)))
            .collect();
        let join = |client: thread::ScopedJoinHandle<'_, _>| {
            client
                .join()
                .unwrap_or_else(|_| Err("a client panicked".to_owned()))
        };
        clients.into_iter().map(join).collect()
    });
    let mut slowest = Duration::ZERO;
    for waited in waited {
        slowest = slowest.max(waited?);
    }
    trying("a second upload", client.upload("", image))?.expect(409, "busy")?;
    upload.send(rest)?;
    trying("the upload in a crowd", upload.answer())?.expect(200, "")?;
    Ok(slowest)
}

/// Asks until it is served: a device whose connections are all taken refuses one more.
fn served(
    place: &Place<'_>,
    client: &Client,
    number: usize,
    begin: Instant,
) -> Result<Duration, String> {
    let files = &place.bench.frontends.small.files;
    let file = &files[number % files.len()];
    loop {
        match client.get(&file.url, "Accept-Encoding: gzip\r\n") {
            Ok(answer) if answer.body == file.stored => return Ok(begin.elapsed()),
            Ok(answer) => {
                return Err(format!(
                    "in the crowd {} got {} and {} bytes",
                    file.url,
                    answer.status,
                    answer.body.len()
                ));
            }
            Err(error) if begin.elapsed() > PATIENCE => return Err(error),
            Err(_) => thread::sleep(Duration::from_millis(20)),
        }
    }
}

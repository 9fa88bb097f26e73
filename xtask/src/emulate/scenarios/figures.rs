//! Measures the board: what it takes to start, to answer and to update.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::ensure;
use crate::emulate::client::{Client, Status};
use crate::emulate::machine::Setup;
use crate::emulate::place::Place;

pub(super) fn figures(place: &Place<'_>) -> Result<String, String> {
    let frontends = &place.bench.frontends;
    let mut lines = Vec::new();
    let flash = place.new_flash()?;
    let (machine, client, before) = place.boot(&flash, Setup::default())?;
    lines.push(format!(
        "power to first answer                {} ms",
        machine.age().as_millis()
    ));
    let mut times = Vec::new();
    for _ in 0..200 {
        let begin = Instant::now();
        client.get("/style.css", "Accept-Encoding: gzip\r\n")?;
        times.push(begin.elapsed());
    }
    times.sort();
    lines.push(format!(
        "a small file, 200 times              median {:.1} ms, longest {:.1} ms",
        milliseconds(times[times.len() / 2]),
        milliseconds(times[times.len() - 1])
    ));
    // The first fills an empty slot, the last one that is full of something else.
    let (status, line) = upload(&client, &before, place, 0)?;
    lines.push(format!("upload into an empty slot            {line}"));
    let (status, _) = upload(&client, &status, place, 1)?;
    let (_, line) = upload(&client, &status, place, 1)?;
    lines.push(format!("upload over another                  {line}"));
    machine.cut_power();

    // Time of the board: 8 ns an instruction, and the time in which it waits for something.
    let counted = Setup {
        counted: true,
        ..Setup::default()
    };
    let (machine, client, before) = place.boot(&flash, counted)?;
    lines.push(format!(
        "the board's own time (125 million instructions a second), both slots full: {}",
        console_times(&machine.console()?)
    ));
    let (status, line) = upload(&client, &before, place, 0)?;
    lines.push(format!("upload over another, that time       {line}"));
    status.expect(&frontends.full, "settled")?;
    Ok(format!("\n    {}", lines.join("\n    ")))
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// What the firmware itself says about how long something took.
fn console_times(console: &str) -> String {
    let times: Vec<&str> = console
        .lines()
        .filter(|line| line.contains(" ms"))
        .collect();
    times.join("; ")
}

/// Uploads one of the two full frontends while its status is asked all the time, and confirms it.
fn upload(
    client: &Client,
    before: &Status,
    place: &Place<'_>,
    which: usize,
) -> Result<(Status, String), String> {
    let frontends = &place.bench.frontends;
    let frontend = [&frontends.full, &frontends.full_too][which];
    let uptime = |status: &Status| status.number("/device/uptime_ms").unwrap_or(0);
    let from = uptime(&client.status()?);
    let done = AtomicBool::new(false);
    let (answer, took, asked) = thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let mut times: Vec<Duration> = Vec::new();
            while !done.load(Ordering::Relaxed) {
                let begin = Instant::now();
                // The device may restart between the answer to the upload and the next question.
                if client.status().is_ok() {
                    times.push(begin.elapsed());
                }
                thread::sleep(Duration::from_millis(20));
            }
            times
        });
        let begin = Instant::now();
        let answer = client.upload("?confirm=client", &frontend.image);
        let took = begin.elapsed();
        done.store(true, Ordering::Relaxed);
        (answer, took, asking.join().unwrap_or_default())
    });
    answer?.expect(200, "")?;
    let to = uptime(&client.status()?);
    let after = client.wait_restart(before)?;
    let restarted = uptime(&after);
    client.post("/api/ota/confirm")?.expect(200, "")?;
    let status = client.status()?;
    status.expect(frontend, "settled")?;
    ensure!(
        !asked.is_empty(),
        "no status was answered during the upload"
    );
    let longest = asked.iter().max().copied().unwrap_or_default();
    Ok((
        status,
        format!(
            "{} KiB in {:.2} s ({} ms by the board's clock); longest of {} status requests {:.0} \
             ms; answers {restarted} ms after its restart",
            frontend.image.len() / 1024,
            took.as_secs_f32(),
            to.saturating_sub(from),
            asked.len(),
            milliseconds(longest),
        ),
    ))
}

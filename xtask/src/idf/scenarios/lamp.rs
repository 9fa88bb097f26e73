//! The firmware's own handlers answer while an image is uploaded and somebody loads the frontend.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

use crate::emulate::client::Client;
use crate::emulate::frontend::Frontend;
use crate::emulate::scenarios::ensure;
use crate::idf::place::Place;

/// How often the lamp is switched in the middle of the upload.
const TIMES: u32 = 20;

pub(super) fn beside_an_upload(place: &Place<'_>) -> Result<String, String> {
    let frontends = &place.bench.frontends;
    let (_device, client, before) = place.new_device()?;
    let image = &frontends.full.image;
    let mut upload = client.begin_upload("?confirm=client", image.len())?;
    let (first, second) = image.split_at(image.len() / 2);
    upload.send(first)?;
    let loaded = AtomicU32::new(0);
    let done = AtomicBool::new(false);
    let answered = thread::scope(|scope| {
        // One is enough: the server has seven connections, and closes a new one to have another newer one. Each
        // of our requests is a new one, and the server knows only a moment later that the one before is over.
        let browser = scope.spawn(|| browse(&client, &frontends.small, &loaded, &done));
        let switched = switch(&client).and_then(|()| {
            let status = client.status()?;
            ensure!(
                status.text("/upload/phase") == "writing",
                "no upload is under way: {status}"
            );
            upload.send(second)?;
            upload.answer()?.expect(200, "")
        });
        done.store(true, Ordering::Relaxed);
        browser.join().unwrap_or_else(|_| Err("panicked".into()))?;
        switched
    });
    answered?;
    let after = client.wait_restart(&before)?;
    after.expect(&frontends.full, "trial")?;
    client.post("/api/ota/confirm")?.expect(200, "")?;
    switch(&client)?;
    Ok(format!(
        ": switched {} times in the middle of {} KiB, beside {} loaded frontends",
        2 * TIMES,
        image.len() / 1024,
        loaded.into_inner()
    ))
}

/// Switches the lamp on and off.
fn switch(client: &Client) -> Result<(), String> {
    for time in 0..TIMES {
        for state in ["true", "false"] {
            let answer = client.post_json("/api/lamp", state)?;
            let asked = client.get("/api/lamp", "")?;
            ensure!(
                answer.status == 200 && answer.text() == state && asked.text() == state,
                "the {time}th time, the lamp answered {state} with {}: {}, then {}",
                answer.status,
                answer.text(),
                asked.text()
            );
        }
    }
    Ok(())
}

/// Loads the frontend, again and again, and at least once.
fn browse(
    client: &Client,
    frontend: &Frontend,
    loaded: &AtomicU32,
    done: &AtomicBool,
) -> Result<(), String> {
    loop {
        client.compare(frontend)?;
        loaded.fetch_add(1, Ordering::Relaxed);
        if done.load(Ordering::Relaxed) {
            return Ok(());
        }
    }
}

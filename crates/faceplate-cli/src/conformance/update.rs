//! A whole update: upload, restart, trial, confirmation, and back to what was found.

mod refused;
mod served;
mod way_back;

use std::{
    cell::Cell,
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use super::{
    change::{FRONTEND, OCTETS, command, upload},
    commands::is_other_build,
    request::Request,
    row::{Checked, Row, Stop, skip},
    shape::Part,
    status::STATUS,
    talk::{Asked, Talk, miss},
    target::Target,
};
use crate::{
    device::{Status, content_digest},
    push::{Image, for_reboot},
};

/// Longest wait for the answer to a whole image: it is written meanwhile, at the flash's worst 64 KiB in 3 s.
const WRITTEN: Duration = Duration::from_secs(300);
/// A device notices in this time that a client is gone: at the latest when nothing came for 15 s.
const NOTICED: Duration = Duration::from_secs(20);
/// How often it is asked whether it did.
const ASK: Duration = Duration::from_millis(50);
/// Seconds in which somebody has to confirm: more than the rows in between take.
const WITHIN: u64 = 600;

/// The device, the image, and how far the update is.
pub(crate) struct Update {
    pub(super) target: Target,
    image: Image,
    /// What was found.
    before: Status,
    timeout: Duration,
    /// The device took an image that it had to refuse.
    obeyed: Cell<bool>,
    taken: Cell<bool>,
    restarted: Cell<bool>,
    confirmed: Cell<bool>,
    back: Cell<bool>,
}

impl Update {
    pub(super) fn new(target: Target, before: Status, image: Image, timeout: Duration) -> Self {
        Self {
            target,
            image,
            before,
            timeout,
            obeyed: Cell::new(false),
            taken: Cell::new(false),
            restarted: Cell::new(false),
            confirmed: Cell::new(false),
            back: Cell::new(false),
        }
    }

    /// Sees to it that the device runs what it did, whatever the rows came to, and says what is left.
    pub(super) fn leave(&self) -> String {
        way_back::leave(self)
    }
}

pub(super) const ROWS: &[Row<Update>] = &[
    Row::changes(
        "update/other-firmware",
        refused::other_firmware,
        "an image that needs another firmware API gets 422 other-firmware, and what runs goes on",
        "compare the API range in the image's manifest with device.api of the status",
    ),
    Row::changes(
        "update/digest-mismatch",
        refused::digest_mismatch,
        "an image that does not have its Content-Digest gets 400 digest-mismatch, and is not switched to",
        "compare the digest with what was read back from flash, before the switch",
    ),
    Row::changes(
        "update/rejected",
        refused::rejected,
        "an image in which a byte of a file is wrong gets 422 rejected, and its slot is not valid",
        "check every file against its hash in the manifest, on flash, before the switch",
    ),
    Row::changes(
        "update/progress",
        refused::progress,
        "while an upload runs the status tells its phase and its bytes",
        "answer the status during an upload: it must not run in the only task that answers. Count as written what \
         is on flash and was read back",
    ),
    Row::changes(
        "update/busy",
        refused::busy,
        "while an upload runs files are served, and a second upload gets 409 busy by its head",
        "lend the inactive slot to one upload at a time, and give it back when that ends",
    ),
    Row::changes(
        "update/broken-off",
        refused::broken_off,
        "an upload whose client is gone ends, and changes nothing but the inactive slot",
        "look for the end of the connection while you read a body, and give the slot back",
    ),
    Row::changes(
        "update/upload",
        take,
        "a whole image is answered with 200 and slot, bytes, sectors, version, sha256, confirm and reboot_ms",
        "answer when the image is written, checked and switched to, and before the restart",
    ),
    Row::changes(
        "update/restart",
        restart,
        "the device restarts by itself, with another boot_id, and serves the new frontend",
        "restart reboot_ms after the answer; set the active slot in the settings store before it",
    ),
    Row::changes(
        "update/trial",
        trial,
        "after the restart the new frontend is on trial, as the upload asked, and last says updated",
        "keep who confirms, and in how many seconds, over the restart",
    ),
    Row::changes(
        "update/files",
        served::files,
        "every file of the image is served byte by byte, with its type and its cache rule",
        "serve the stored bytes, name.gz for name; an image's marks say what browsers may keep",
    ),
    Row::changes(
        "update/redirects",
        served::redirects,
        "a folder with an index is sent to its slash by 308, relative and with its query",
        "answer /name with Location: ./name/, and /name/ with ../name where there is name.html alone",
    ),
    Row::changes(
        "update/on-trial",
        on_trial,
        "during a trial an upload gets 409 on-trial by its head",
        "the other slot is the way back: take no upload before the trial has ended",
    ),
    Row::changes(
        "update/other-build",
        other_build,
        "a confirmation of another build gets 409 other-build, and the trial goes on",
        "compare the id with the one in the image's manifest; an image without one is no build at all",
    ),
    Row::changes(
        "update/confirm",
        confirm,
        "a confirmation of this build ends the trial, and is answered with 200 and the status",
        "store that it is confirmed before you answer, and answer with the state settled",
    ),
    Row::changes(
        "update/confirmed-twice",
        confirmed_twice,
        "a second confirmation gets 409 not-on-trial",
        "look at the trial each time",
    ),
    Row::changes(
        "update/rollback",
        way_back::rollback,
        "a rollback is answered with 202, slot and reboot_ms; the device restarts and serves what ran before",
        "check the other slot, switch, answer, restart; last says rolled_back then",
    ),
    Row::changes(
        "update/watched",
        way_back::watched,
        "what was gone back to is on trial by the device",
        "begin a trial of 30 seconds by the device where the frontend was confirmed before",
    ),
    Row::changes(
        "update/as-before",
        way_back::as_before,
        "a person's confirmation settles it, and the device runs what it did",
        "take {} for whatever is on trial",
    ),
];

fn needs(step: &Cell<bool>, row: &str) -> Checked {
    match step.get() {
        true => Ok(()),
        false => Err(skip(format!("it needs {row} to pass first"))),
    }
}

/// An upload of all of an image.
fn post(query: &str, image: &[u8]) -> Request {
    Request::new("POST", format!("{FRONTEND}{query}"))
        .with("Content-Type", OCTETS)
        .body(image)
}

/// Whether another upload makes sense.
fn may_begin(update: &Update) -> Checked {
    match update.obeyed.get() {
        false => is_idle(update),
        true => Err(skip(
            "the device took an image before that it had to refuse",
        )),
    }
}

/// Sends all of an image and gives the answer, however long it is written.
fn send(update: &Update, request: &Request) -> Result<Asked, Stop> {
    may_begin(update)?;
    let mut talk = Talk::open(&update.target)?;
    talk.send_within(request, WRITTEN);
    talk.answer_within(WRITTEN)
}

/// Waits until the device has noticed that an upload has ended.
fn is_idle(update: &Update) -> Checked {
    let until = Instant::now() + NOTICED;
    loop {
        match update.target.status_now() {
            Some(status) if status.upload.is_none() => return Ok(()),
            now if Instant::now() > until => {
                let wanted = "\"upload\":null in the status after that";
                let got = now.map_or("no status", |_| "an upload that goes on");
                let sent = format!("nothing for {} s", NOTICED.as_secs());
                return Err(miss(sent, wanted.to_owned(), got));
            }
            _ => thread::sleep(ASK),
        }
    }
}

fn take(update: &Update) -> Checked {
    let image = &update.image;
    let request = post(&format!("?confirm=client&within={WITHIN}"), image.bytes())
        .with("Content-Digest", content_digest(&image.inspection().sha256));
    let asked = send(update, &request)?;
    asked.has_status(200)?;
    // Whatever is wrong with the words of the answer, the image was taken.
    update.taken.set(true);
    let json = asked.json()?;
    let done = Part::whole(&asked, &json);
    let slot = 1 - update.before.active.min(1);
    let sectors = done.get("sectors")?;
    let counted = sectors.get("written")?.number()? + sectors.get("same")?.number()?;
    let len = image.len() as u64;
    for (part, number, wanted) in [
        ("slot", done.get("slot")?.number()?, slot as u64),
        ("bytes", done.get("bytes")?.number()?, len),
        ("sectors", counted, len / 4096),
    ] {
        if number != wanted {
            return Err(done.get(part)?.wrong(&wanted.to_string()));
        }
    }
    done.get("sha256")?.one_of(&[image.sha256()])?;
    done.get("confirm")?.one_of(&["client"])?;
    done.get("reboot_ms")?.number()?;
    match image.version() {
        Some(version) => done.get("version")?.one_of(&[version]).map(drop),
        None => done.get("version")?.null(),
    }
}

fn restart(update: &Update) -> Checked {
    needs(&update.taken, "update/upload")?;
    let sent = || "the upload before".to_owned();
    let wanted = || "a restart with the new frontend".to_owned();
    let now = for_reboot(&update.target.address, &update.before, update.timeout)
        .map_err(|error| miss(sent(), wanted(), &error.to_string()))?;
    update.target.has_restarted(&now);
    if !now.serves(update.image.sha256()) {
        let got = format!("it runs {}", now.active_slot());
        return Err(miss(sent(), wanted(), &got));
    }
    update.restarted.set(true);
    Ok(())
}

fn trial(update: &Update) -> Checked {
    needs(&update.restarted, "update/restart")?;
    let asked = update.target.ask(&Request::get(STATUS))?;
    let json = asked.json()?;
    let status = Part::whole(&asked, &json);
    status.get("state")?.one_of(&["trial"])?;
    let trial = status.get("trial")?;
    trial.get("confirm")?.one_of(&["client"])?;
    trial.get("boots_left")?.number()?;
    let left = trial.get("seconds_left")?;
    if !(1..=WITHIN).contains(&left.number()?) {
        return Err(left.wrong(&format!("1 to {WITHIN}")));
    }
    let last = status.get("last")?;
    last.get("outcome")?.one_of(&["updated"])?;
    let from = update.before.active;
    for (key, slot) in [("from", from), ("to", 1 - from.min(1))] {
        if last.get(key)?.slot()? != slot {
            return Err(last.get(key)?.wrong(&slot.to_string()));
        }
    }
    Ok(())
}

fn on_trial(update: &Update) -> Checked {
    needs(&update.restarted, "update/restart")?;
    let asked = update.target.ask(&upload("", 8192))?;
    asked.is_problem(409, "on-trial")
}

fn other_build(update: &Update) -> Checked {
    needs(&update.restarted, "update/restart")?;
    is_other_build(&update.target)
}

fn confirm(update: &Update) -> Checked {
    needs(&update.restarted, "update/restart")?;
    let body = match update.image.build() {
        Some(build) => json!({ "build": build.to_string() }),
        None => json!({}),
    };
    let asked = update.target.ask(&command("confirm", body.to_string()))?;
    is_settled(&asked)?;
    update.confirmed.set(true);
    Ok(())
}

/// Whether it is a status of a frontend that is confirmed.
fn is_settled(asked: &Asked) -> Checked {
    asked.has_status(200)?;
    let json = asked.json()?;
    let status = Part::whole(asked, &json);
    status.get("state")?.one_of(&["settled"])?;
    status.get("trial")?.null()
}

fn confirmed_twice(update: &Update) -> Checked {
    needs(&update.confirmed, "update/confirm")?;
    let asked = update.target.ask(&command("confirm", "{}"))?;
    asked.is_problem(409, "not-on-trial")
}

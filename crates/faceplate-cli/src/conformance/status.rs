//! The status document: everything else rests on it.

use serde_json::Value;

use super::{
    request::Request,
    row::{Checked, Row, Stop, skip},
    shape::Part,
    talk::{ANSWER, Asked, Talk},
    target::Target,
};
use crate::device::Next;

pub(super) const STATUS: &str = "/api/ota/status";

pub(super) const ROWS: &[Row<Target>] = &[
    Row::reads(
        "status/document",
        document,
        "GET /api/ota/status answers with a document of JSON",
        "answer 200 with Content-Type: application/json, a Content-Length, and the document of docs/http-api.md, \
         Status",
    ),
    Row::reads(
        "status/not-cached",
        not_cached,
        "nothing keeps the status for later",
        "send Cache-Control: no-store with it: browsers would show an old one",
    ),
    Row::reads(
        "status/device",
        device,
        "device says which device it is: name, firmware, api, chip, boot_id, uptime_ms, wifi",
        "fill in all seven fields; api is the number of the firmware API that images are packed for (1)",
    ),
    Row::reads(
        "status/boot-id",
        boot_id,
        "boot_id stays the same until the device restarts, and uptime_ms does not go back",
        "choose boot_id once at each boot, at random, and count uptime_ms from there: clients take another \
         boot_id for a restart",
    ),
    Row::reads(
        "status/state",
        state,
        "active is 0 or 1, state is settled, trial or recovery, and trial is there just when something is on trial",
        "tell trial as {confirm, seconds_left, boots_left} in the state trial, and as null in the others",
    ),
    Row::reads(
        "status/last",
        last,
        "last is null, or the last change of slot: outcome, reason, from, to",
        "take the words from the table of docs/http-api.md, Status: clients compare them",
    ),
    Row::reads(
        "status/slots",
        slots,
        "slots are two, www_0 first, each with its label, size, used, valid, version, build, sha256 and problem",
        "tell both slots, also one that holds nothing: valid is false then, and problem says why in words",
    ),
    Row::reads(
        "status/active-is-valid",
        active_is_valid,
        "what is served comes from a slot that is valid",
        "only recovery may have an active slot that is not valid; check a slot before it is served",
    ),
    Row::reads(
        "status/upload",
        upload,
        "upload is null, or the phase of an upload with the bytes received, written and total",
        "tell the field always; it is null while no upload runs",
    ),
    Row::reads(
        "status/fault",
        fault,
        "fault is null, or says in words why no change can be made",
        "tell the field always; it is null while all is well",
    ),
    Row::reads(
        "status/head",
        head,
        "HEAD is answered as GET is, without the body",
        "send the same fields, Content-Length included, and nothing behind them",
    ),
];

fn ask(target: &Target) -> Result<(Asked, Value), Stop> {
    let asked = target.ask(&Request::get(STATUS))?;
    asked.has_status(200)?;
    let json = asked.json()?;
    Ok((asked, json))
}

fn document(target: &Target) -> Checked {
    let (asked, json) = ask(target)?;
    asked.has_field("Content-Type", "application/json")?;
    match json.is_object() {
        true => Ok(()),
        false => Err(asked.miss("an object of JSON")),
    }
}

fn not_cached(target: &Target) -> Checked {
    let (asked, _) = ask(target)?;
    asked.has_field("Cache-Control", "no-store")
}

fn device(target: &Target) -> Checked {
    let (asked, json) = ask(target)?;
    let device = Part::whole(&asked, &json).get("device")?;
    for key in ["name", "firmware", "chip", "boot_id"] {
        device.get(key)?.words()?;
    }
    for key in ["api", "uptime_ms"] {
        device.get(key)?.number()?;
    }
    device.get("wifi")?.flag().map(drop)
}

fn boot_id(target: &Target) -> Checked {
    let (first, before) = ask(target)?;
    let (second, after) = ask(target)?;
    let before = Part::whole(&first, &before).get("device")?;
    let after = Part::whole(&second, &after).get("device")?;
    let id = before.get("boot_id")?.text()?;
    if after.get("boot_id")?.text()? != id {
        let wanted = format!("{id:?}, as a moment before");
        return Err(after.get("boot_id")?.wrong(&wanted));
    }
    let uptime = before.get("uptime_ms")?.number()?;
    match after.get("uptime_ms")?.number()? >= uptime {
        true => Ok(()),
        false => Err(after
            .get("uptime_ms")?
            .wrong(&format!("at least {uptime}, as a moment before"))),
    }
}

fn state(target: &Target) -> Checked {
    let (asked, json) = ask(target)?;
    let status = Part::whole(&asked, &json);
    status.get("active")?.slot()?;
    let state = status
        .get("state")?
        .one_of(&["settled", "trial", "recovery"])?;
    let trial = status.get("trial")?;
    if state != "trial" {
        return trial.null();
    }
    trial.get("confirm")?.one_of(&["device", "client"])?;
    trial.get("seconds_left")?.number()?;
    trial.get("boots_left")?.number().map(drop)
}

fn last(target: &Target) -> Checked {
    let (asked, json) = ask(target)?;
    let Some(last) = Part::whole(&asked, &json).get("last")?.unless_null() else {
        return Ok(());
    };
    let outcomes = ["updated", "rolled_back", "fell_back", "kept"];
    last.get("outcome")?.one_of(&outcomes)?;
    if let Some(reason) = last.get("reason")?.unless_null() {
        reason.one_of(&[
            "not_confirmed",
            "kept_restarting",
            "did_not_mount",
            "no_way_back",
        ])?;
    }
    last.get("from")?.slot()?;
    last.get("to")?.slot().map(drop)
}

fn slots(target: &Target) -> Checked {
    let (asked, json) = ask(target)?;
    let slots = Part::whole(&asked, &json).get("slots")?;
    let both = slots.items()?;
    if both.len() != 2 {
        return Err(slots.wrong("a list of two"));
    }
    for slot in both {
        slot.get("label")?.words()?;
        let size = slot.get("size")?.number()?;
        if slot.get("used")?.number()? > size {
            return Err(slot
                .get("used")?
                .wrong(&format!("at most the size, {size}")));
        }
        if let Some(version) = slot.get("version")?.unless_null() {
            version.text()?;
        }
        // Older firmware has none.
        if let Some(build) = slot.maybe("build") {
            build.hex(16)?;
        }
        if let Some(api) = slot.maybe("api") {
            for end in api.items()? {
                end.number()?;
            }
        }
        if let Some(sequence) = slot.maybe("sequence") {
            sequence.number()?;
        }
        if let Some(signer) = slot.maybe("signer") {
            signer.hex(16)?;
        }
        match slot.get("valid")?.flag()? {
            true => {
                slot.get("sha256")?.hex(64)?;
                slot.get("problem")?.null()?;
            }
            false => drop(slot.get("problem")?.words()?),
        }
    }
    Ok(())
}

fn active_is_valid(target: &Target) -> Checked {
    let (asked, json) = ask(target)?;
    let status = Part::whole(&asked, &json);
    if status.get("state")?.text()? == "recovery" {
        return Err(skip("the device is in recovery"));
    }
    let active = status.get("active")?.slot()?;
    let slots = status.get("slots")?.items()?;
    let slot = slots.get(active);
    let slot = slot.ok_or_else(|| asked.differs("two slots", "fewer"))?;
    match slot.get("valid")?.flag()? {
        true => Ok(()),
        false => Err(slot.get("valid")?.wrong("true")),
    }
}

fn upload(target: &Target) -> Checked {
    let (asked, json) = ask(target)?;
    let Some(upload) = Part::whole(&asked, &json).get("upload")?.unless_null() else {
        return Ok(());
    };
    is_upload(&upload)
}

/// Whether it tells of an upload as it has to.
pub(super) fn is_upload(upload: &Part<'_>) -> Checked {
    let phases = ["writing", "checking", "switching", "restarting"];
    upload.get("phase")?.one_of(&phases)?;
    let total = upload.get("total")?.number()?;
    for key in ["received", "written"] {
        if upload.get(key)?.number()? > total {
            return Err(upload
                .get(key)?
                .wrong(&format!("at most the total, {total}")));
        }
    }
    Ok(())
}

fn fault(target: &Target) -> Checked {
    let (asked, json) = ask(target)?;
    match Part::whole(&asked, &json).get("fault")?.unless_null() {
        None => Ok(()),
        Some(fault) => fault.words().map(drop),
    }
}

fn head(target: &Target) -> Checked {
    let mut talk = Talk::open(target)?;
    talk.send(&Request::new("HEAD", STATUS).with("Connection", "close"));
    let head = talk.answer()?;
    head.has_status(200)?;
    head.has_field("Content-Type", "application/json")?;
    head.field("Content-Length")?;
    match talk.next(ANSWER) {
        Next::Bytes(_) => Err(head.differs("nothing behind the head", "a body")),
        Next::End | Next::Silence => Ok(()),
    }
}

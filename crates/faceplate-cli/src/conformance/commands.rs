//! Confirm and rollback, where they have to be refused.

use serde_json::json;

use super::{
    change::{CONFIRM, FRONTEND, JSON, NO_BUILD, command, confirm, is_no_confirmation},
    request::Request,
    row::{Checked, Row, skip},
    talk::Talk,
    target::Target,
    uploads::is_continue,
};
use crate::device::{State, content_digest};

pub(super) const ROWS: &[Row<Target>] = &[
    Row::refused(
        "commands/not-on-trial",
        not_on_trial,
        "where nothing is on trial, a confirmation gets 409 not-on-trial, whatever build it names",
        "look at the trial before you compare builds: clients learn by this that somebody else was quicker",
    ),
    Row::refused(
        "commands/other-build",
        other_build,
        "where another build is on trial, a confirmation that names one gets 409 other-build, and the trial goes on",
        "compare the id with the one in the image's manifest; an image without one is no build at all",
    ),
    Row::refused(
        "commands/confirm-body",
        confirm_body,
        "a confirmation takes {} or {\"build\":\"16 lower-case hex digits\"}; all else gets 400 bad-body",
        "refuse every other key and form, so that no misspelt id confirms what runs",
    ),
    Row::refused(
        "commands/rollback-body",
        rollback_body,
        "a rollback takes {}; all else gets 400 bad-body",
        "read the body before you check the other slot",
    ),
    Row::refused(
        "commands/too-large",
        too_large,
        "a command's body of more than 64 bytes gets 413 too-large",
        "compare Content-Length before the body is read",
    ),
    Row::refused(
        "commands/digest-mismatch",
        digest_mismatch,
        "a body that does not have its Content-Digest gets 400 digest-mismatch, and nothing is done",
        "compare the digest before you look at the body: a signature covers the head alone",
    ),
    Row::refused(
        "commands/no-way-back",
        no_way_back,
        "a rollback to a slot that holds no whole frontend gets 409 no-way-back",
        "check the other slot, whole, before you switch",
    ),
    Row::refused(
        "commands/page-query",
        page_query,
        "the query ?page, with which the script in a page asks, changes nothing",
        "ignore the query of a confirmation: it is for servers in between",
    ),
    Row::refused(
        "commands/expect-continue",
        expect_continue,
        "with Expect: 100-continue a command whose head is right gets 100 before its body",
        "send 100 when the head has passed, for small bodies, too",
    ),
    Row::refused(
        "commands/not-cached",
        not_cached,
        "nothing keeps a refusal of the API for later",
        "send Cache-Control: no-store with everything under /api/, errors included",
    ),
];

fn not_on_trial(target: &Target) -> Checked {
    if target.status()?.state == State::Trial {
        return Err(skip("a frontend is on trial"));
    }
    for request in [
        confirm(),
        command("confirm", "{}"),
        command("confirm", " { } "),
    ] {
        target.ask(&request)?.is_problem(409, "not-on-trial")?;
    }
    Ok(())
}

fn digest_mismatch(target: &Target) -> Checked {
    let digest = content_digest(&[0; 32]);
    for request in [
        confirm(),
        command("confirm", "{}"),
        command("rollback", "{}"),
    ] {
        let asked = target.ask(&request.with("Content-Digest", &*digest))?;
        asked.is_problem(400, "digest-mismatch")?;
    }
    let asked = target.ask(&confirm().with("Content-Digest", "sha-256=x"))?;
    asked.is_problem(400, "bad-digest")
}

fn other_build(target: &Target) -> Checked {
    let status = target.status()?;
    if status.state != State::Trial {
        return Err(skip("nothing is on trial; --update tries it"));
    }
    is_other_build(target)
}

/// Whether a build that is not there is not confirmed.
pub(super) fn is_other_build(target: &Target) -> Checked {
    let asked = target.ask(&confirm())?;
    asked.is_problem(409, "other-build")?;
    let problem = asked.json()?;
    if !problem["detail"].to_string().contains(NO_BUILD) {
        return Err(asked.differs(
            format!("a detail that names both builds, {NO_BUILD} being one"),
            &format!("\"detail\":{}", problem["detail"]),
        ));
    }
    match target.status_now() {
        Some(status) if status.state == State::Trial => Ok(()),
        Some(status) => Err(asked.differs("the state trial after that", &status.state.to_string())),
        None => Err(asked.differs("the state trial after that", "no status")),
    }
}

fn confirm_body(target: &Target) -> Checked {
    for body in [
        String::new(),
        "{".to_owned(),
        "null".to_owned(),
        "[]".to_owned(),
        "{}{}".to_owned(),
        json!({ "build": "ABCDEF0123456789" }).to_string(),
        json!({ "build": "0123456789abcde" }).to_string(),
        json!({ "build": null }).to_string(),
        json!({ "Build": NO_BUILD }).to_string(),
        json!({ "build": NO_BUILD, "force": "" }).to_string(),
    ] {
        let asked = target.ask(&command("confirm", body))?;
        asked.is_problem(400, "bad-body")?;
    }
    Ok(())
}

fn rollback_body(target: &Target) -> Checked {
    let build = json!({ "build": NO_BUILD }).to_string();
    for body in ["", "[]", "null", "{}{}", &build] {
        let asked = target.ask(&command("rollback", body))?;
        asked.is_problem(400, "bad-body")?;
    }
    Ok(())
}

fn too_large(target: &Target) -> Checked {
    // Not {} with blanks: a device that takes it would obey.
    let body = format!("[{}]", " ".repeat(63));
    for name in ["confirm", "rollback"] {
        let asked = target.ask(&command(name, &body))?;
        asked.is_problem(413, "too-large")?;
    }
    Ok(())
}

fn no_way_back(target: &Target) -> Checked {
    let status = target.status()?;
    if status.inactive_slot().valid {
        return Err(skip(
            "the other slot holds a frontend, so a rollback would be obeyed",
        ));
    }
    if status.fault.is_some() {
        return Err(skip("the device can make no change"));
    }
    let asked = target.ask(&command("rollback", "{}"))?;
    asked.is_problem(409, "no-way-back")
}

fn page_query(target: &Target) -> Checked {
    let request = Request::new("POST", "/api/ota/confirm?page")
        .with("Content-Type", JSON)
        .body(json!({ "build": NO_BUILD }).to_string());
    is_no_confirmation(&target.ask(&request)?, target)
}

fn expect_continue(target: &Target) -> Checked {
    let body = json!({ "build": NO_BUILD }).to_string();
    let request = Request::new("POST", CONFIRM)
        .with("Content-Type", JSON)
        .with("Expect", "100-continue")
        .promising(body.len() as u64, "");
    let mut talk = Talk::open(target)?;
    talk.send(&request);
    is_continue(&talk.head()?)?;
    talk.send_raw(body.as_bytes(), format!("{}, then {body}", request.shown()));
    is_no_confirmation(&talk.answer()?, target)
}

fn not_cached(target: &Target) -> Checked {
    for request in [
        confirm(),
        Request::get(format!("{FRONTEND}?slot=none")),
        Request::get("/api/ota/faceplate-conformance"),
    ] {
        target
            .ask(&request)?
            .has_field("Cache-Control", "no-store")?;
    }
    Ok(())
}

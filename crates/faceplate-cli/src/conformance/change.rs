//! Requests for changes, all of them such that they have to be refused.

use serde_json::json;

use super::{request::Request, row::Checked, talk::Asked, target::Target};

pub(super) const FRONTEND: &str = "/api/ota/frontend";
pub(super) const CHUNKS: &str = "/api/ota/frontend/chunks";
pub(super) const CONFIRM: &str = "/api/ota/confirm";
pub(super) const ROLLBACK: &str = "/api/ota/rollback";
pub(super) const OCTETS: &str = "application/octet-stream";
pub(super) const JSON: &str = "application/json";

/// What is sent of a body where the head decides: less than any device would write.
pub(super) const SCRAP: &[u8] = b"not an image...\n";

/// A confirmation of a build that is not there: refused in every state.
pub(super) fn confirm() -> Request {
    command("confirm", json!({ "build": NO_BUILD }).to_string())
}

/// A build id that no frontend has.
pub(super) const NO_BUILD: &str = "0000000000000000";

/// A rollback whose body is none: refused in every state.
pub(super) fn rollback() -> Request {
    command("rollback", "[]")
}

pub(super) fn command(name: &str, body: impl AsRef<[u8]>) -> Request {
    Request::new("POST", format!("/api/ota/{name}"))
        .with("Content-Type", JSON)
        .body(body)
}

/// The head of an upload, with a scrap of its body.
pub(super) fn upload(query: &str, len: u64) -> Request {
    typed_upload(query, Some(OCTETS), len)
}

pub(super) fn typed_upload(query: &str, media_type: Option<&str>, len: u64) -> Request {
    let request = Request::new("POST", format!("{FRONTEND}{query}"));
    let request = match media_type {
        Some(media_type) => request.with("Content-Type", media_type),
        None => request,
    };
    request.promising(len, SCRAP)
}

/// Whether a confirmation that passed all guards was refused as it has to be.
pub(super) fn is_no_confirmation(asked: &Asked, target: &Target) -> Checked {
    // A device whose status nobody can read has something else to mend first.
    let on_trial = target.status().is_ok_and(|status| status.trial.is_some());
    match on_trial {
        true => asked.is_problem(409, "other-build"),
        false => asked.is_problem(409, "not-on-trial"),
    }
}

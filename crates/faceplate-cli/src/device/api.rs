//! The device's API, call by call.

use std::{fmt, time::Duration};

use faceplate::BuildId;
use faceplate_http::password::Verifier;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Address, ClientError, Response, Standing, Status, http::request, log_in, login::SAY};
use crate::failure::Kind;

/// Longest wait for a list of chunks: a device without a unit for SHA-256 hashes a megabyte in some seconds.
const CHUNKS: Duration = Duration::from_secs(60);
/// Longest wait for an answer: the worst erase keeps a device for 2 s, and a packet may be lost.
const ANSWER: Duration = Duration::from_secs(6);
/// The same for a rollback, which reads the whole other slot first: 4 MiB twice take less than a second on the
/// flash's two data lines, and not ten on one at a quarter of the clock.
const ROLLBACK: Duration = Duration::from_secs(20);
/// The same for a small file of the frontend.
const FILE: Duration = Duration::from_secs(20);
/// What a weak Wi-Fi carries of a larger one, bytes a second.
const FILE_RATE: u64 = 64 * 1024;

/// Why a device did not do what it was asked.
#[derive(Debug)]
pub(crate) enum ApiError {
    /// There is no answer.
    Client(ClientError),
    /// It answers, but has no such API.
    NotFaceplate,
    /// It said no, and why.
    Refused(Problem),
    /// It may or may not have done it: there is no answer.
    Unknown(ClientError),
    /// It was not asked, as it would refuse.
    Locked(Standing),
}

impl ApiError {
    /// As scripts tell it from others.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Client(ClientError::Impostor) | Self::Unknown(ClientError::Impostor) => {
                Kind::Impostor
            }
            Self::Client(_) => Kind::Unreachable,
            Self::NotFaceplate => Kind::NotFaceplate,
            Self::Refused(problem) => Kind::refused(&problem.kind),
            Self::Unknown(_) => Kind::NoAnswer,
            Self::Locked(standing) => standing.kind(),
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(error) => error.fmt(f),
            Self::NotFaceplate => {
                f.write_str("what answers there is no Faceplate device: it has no /api/ota/status")
            }
            Self::Refused(problem) => write!(f, "{problem}{}", problem.hint()),
            Self::Unknown(error) => {
                write!(f, "{error}; ask `faceplate status` whether it was done")
            }
            Self::Locked(standing) => standing.fmt(f),
        }
    }
}

impl std::error::Error for ApiError {}

impl From<ClientError> for ApiError {
    fn from(error: ClientError) -> Self {
        Self::Client(error)
    }
}

/// A refusal (RFC 9457), or what a refusal without details is made into.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    /// The status of the answer.
    pub(crate) status: u16,
    /// The last part of the type, such as `not-on-trial`; empty when there is none.
    pub(crate) kind: String,
    title: String,
    detail: String,
}

impl Problem {
    /// From any answer that is no success.
    pub(crate) fn of(response: &Response) -> Self {
        let json: Value = response.read().unwrap_or_default();
        let text = |key: &str| json[key].as_str().unwrap_or_default().to_owned();
        let kind = text("type");
        Self {
            status: response.status,
            kind: kind.rsplit('/').next().unwrap_or_default().to_owned(),
            title: text("title"),
            detail: text("detail"),
        }
    }
}

impl Problem {
    /// What to do about it, where the device does not say so.
    pub(crate) fn hint(&self) -> &'static str {
        match &*self.kind {
            "not-now" => "; try again when that is over",
            "password-needed" => SAY,
            "unauthorized" => {
                "; say who you are with --header 'Authorization: …', or whatever the device takes"
            }
            "forbidden" => {
                "; the device knows who you are, and that is not enough: --header says it as \
                 somebody else"
            }
            _ => "",
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&*self.title, &*self.detail) {
            // A device tells its reasons; this is somebody between.
            ("", "") if self.status == 413 => f.write_str(
                "a proxy on the way takes no body of this length (status 413; in nginx it is \
                 client_max_body_size)",
            ),
            ("", "") => write!(f, "it answers with status {}", self.status),
            (title, "") => write!(f, "{title} (status {})", self.status),
            ("", detail) => write!(f, "{detail} (status {})", self.status),
            (title, detail) => write!(f, "{title}: {detail} (status {})", self.status),
        }
    }
}

/// What a good upload is answered with.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Uploaded {
    pub(crate) sectors: Sectors,
    pub(crate) sha256: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Sectors {
    /// Sectors that were written.
    pub(crate) written: u64,
    /// Sectors that had the bytes already.
    pub(crate) same: u64,
}

/// What a rollback is answered with.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Started {
    pub(crate) slot: usize,
}

/// Asks for the status; also gives it as it came, for scripts.
pub(crate) fn status(address: &Address) -> Result<(Status, Value), ApiError> {
    let path = "/api/ota/status";
    let response = request(
        address,
        "GET",
        path,
        &[("Accept", "application/json")],
        &[],
        ANSWER,
    )?;
    match response.status {
        200 => parse_status(&response),
        404 if Problem::of(&response).kind.is_empty() => Err(ApiError::NotFaceplate),
        _ => Err(ApiError::Refused(Problem::of(&response))),
    }
}

fn parse_status(response: &Response) -> Result<(Status, Value), ApiError> {
    let status = response.read().zip(response.json());
    status.ok_or(ApiError::NotFaceplate)
}

/// Says that the frontend on trial works, if it is `build`, or whichever it is; gives
/// the status that follows.
pub(crate) fn confirm(
    address: &Address,
    build: Option<BuildId>,
) -> Result<(Status, Value), ApiError> {
    let body = match build {
        Some(build) => json!({ "build": build.to_string() }),
        None => json!({}),
    };
    let response = command(address, "POST", "/api/ota/confirm", &body, ANSWER)?;
    match response.status {
        200 => parse_status(&response),
        _ => Err(ApiError::Refused(Problem::of(&response))),
    }
}

/// Has the device go back to the other slot.
pub(crate) fn rollback(address: &Address) -> Result<Started, ApiError> {
    let response = command(address, "POST", "/api/ota/rollback", &json!({}), ROLLBACK)?;
    match response.status {
        202 => response.read().ok_or(ApiError::NotFaceplate),
        _ => Err(ApiError::Refused(Problem::of(&response))),
    }
}

/// Has the device take its first password: this is what it keeps of it.
pub(crate) fn set_password(address: &Address, verifier: Verifier) -> Result<(), ApiError> {
    put_password(address, &json!({ "verifier": verifier.to_string() }))
}

/// Has the device take another one, from somebody who is logged in. Whoever says that it has a password, and does not
/// let anybody log in, gets nothing.
pub(crate) fn change_password(address: &Address, verifier: Verifier) -> Result<(), ApiError> {
    match log_in(address)? {
        Standing::Needed => return Err(ApiError::Locked(Standing::Needed)),
        Standing::Open | Standing::Unset => {}
    }
    // Who says so by a header, in place of a login, has no key to mask it by.
    let login = address.login.as_ref();
    let login = login.ok_or(ApiError::Locked(Standing::Needed))?;
    let masked = login.masked(verifier).ok_or(ClientError::Impostor)?;
    put_password(address, &masked)
}

fn put_password(address: &Address, body: &Value) -> Result<(), ApiError> {
    let response = command(address, "PUT", "/api/ota/password", body, ANSWER)?;
    match response.status {
        200 | 204 => Ok(()),
        _ => Err(ApiError::Refused(Problem::of(&response))),
    }
}

/// The list of the chunks in a slot, `active` or `inactive`, of at most so many bytes of it.
pub(crate) fn chunks(
    address: &Address,
    slot: &str,
    len: Option<usize>,
) -> Result<Vec<u8>, ApiError> {
    let mut path = format!("/api/ota/frontend/chunks?slot={slot}");
    if let Some(len) = len {
        path.push_str(&format!("&length={len}"));
    }
    let fields = [("Accept", faceplate::chunks::MEDIA_TYPE)];
    let response = request(address, "GET", &path, &fields, &[], CHUNKS)?;
    match response.status {
        200 => Ok(response.body),
        _ => Err(ApiError::Refused(Problem::of(&response))),
    }
}

fn command(
    address: &Address,
    method: &str,
    path: &str,
    body: &Value,
    within: Duration,
) -> Result<Response, ApiError> {
    let answer = request(
        address,
        method,
        path,
        &[("Content-Type", "application/json")],
        body.to_string().as_bytes(),
        within,
    );
    answer.map_err(|error| match error {
        // It was not even asked.
        ClientError::Resolve(_) | ClientError::Connect(_) | ClientError::Impostor => {
            ApiError::Client(error)
        }
        _ => ApiError::Unknown(error),
    })
}

/// Gets a file of the frontend, which should have `len` bytes, as a browser would ask for it.
pub(crate) fn file(
    address: &Address,
    path: &str,
    accept: &str,
    len: usize,
) -> Result<Response, ClientError> {
    let fields = [("Accept", accept), ("Accept-Encoding", "gzip")];
    request(address, "GET", path, &fields, &[], time_for(len))
}

/// Longest wait for a file of so many bytes.
fn time_for(len: usize) -> Duration {
    FILE + Duration::from_secs(len as u64 / FILE_RATE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_file_has_the_time_that_a_weak_network_takes() {
        for (len, seconds) in [(0, 20), (60_000, 20), (1 << 20, 36), (4 << 20, 84)] {
            assert_eq!(time_for(len), Duration::from_secs(seconds), "{len}");
        }
    }
}

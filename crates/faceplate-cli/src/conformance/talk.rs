//! Asking a device, and holding its answers against what is wanted.

use std::time::Duration;

use serde_json::Value;

use super::{
    request::{Request, shorten},
    row::{Checked, Miss, Stop},
    target::Target,
};
use crate::{
    device::{ClientError, Connection, Next, Problem, Response},
    text,
};

/// Longest wait for an answer: the worst erase keeps a device for 2 s, and a packet may be lost.
pub(super) const ANSWER: Duration = Duration::from_secs(6);

/// A connection to the device, and the last that was said on it.
pub(super) struct Talk<'t> {
    target: &'t Target,
    connection: Connection,
    sent: String,
    to_head: bool,
}

/// An answer, and what was asked.
#[derive(Debug)]
pub(super) struct Asked {
    sent: String,
    pub(super) response: Response,
}

impl<'t> Talk<'t> {
    pub(super) fn open(target: &'t Target) -> Result<Self, Stop> {
        let connection = Connection::open(&target.address).map_err(|error| {
            miss(
                "a connection".to_owned(),
                "an open port".to_owned(),
                &format!("none: {error}"),
            )
        })?;
        Ok(Self {
            target,
            connection,
            sent: String::new(),
            to_head: false,
        })
    }

    /// Sends a request, whether the device takes all of it or not.
    pub(super) fn send(&mut self, request: &Request) {
        self.send_within(request, ANSWER);
    }

    /// The same for one that may take long to be taken.
    pub(super) fn send_within(&mut self, request: &Request, within: Duration) {
        self.awaits(request, request.shown());
        // What it did not take is seen by its answer, or by none.
        let _taken = self
            .connection
            .send(&request.bytes(&self.target.address), within);
    }

    /// Sends bytes that are no request, or a part of one; `shown` is what people read.
    pub(super) fn send_raw(&mut self, bytes: &[u8], shown: String) {
        self.sent = shown;
        // As above.
        let _taken = self.connection.send(bytes, ANSWER);
    }

    /// What was sent has more than one request: the next answer is to this one.
    pub(super) fn awaits(&mut self, request: &Request, shown: String) {
        self.to_head = request.is_head();
        self.sent = shown;
    }

    pub(super) fn end(&self) {
        self.connection.end();
    }

    pub(super) fn peer(&self) -> Option<std::net::IpAddr> {
        self.connection.peer()
    }

    pub(super) fn answer(&mut self) -> Result<Asked, Stop> {
        self.answer_within(ANSWER)
    }

    pub(super) fn answer_within(&mut self, within: Duration) -> Result<Asked, Stop> {
        let answer = self.connection.answer(self.to_head, within);
        self.asked(answer, within)
    }

    /// Waits for a head, also for one that only announces the answer.
    pub(super) fn head(&mut self) -> Result<Asked, Stop> {
        let head = self.connection.head(ANSWER);
        self.asked(head, ANSWER)
    }

    fn asked(
        &self,
        answer: Result<Response, ClientError>,
        within: Duration,
    ) -> Result<Asked, Stop> {
        let sent = self.sent.clone();
        match answer {
            Ok(response) => Ok(Asked { sent, response }),
            Err(ClientError::TimedOut) => {
                let got = format!("no whole answer within {} s", within.as_secs());
                Err(self.miss("an answer", &got))
            }
            Err(error) => Err(self.miss("an answer", &error.to_string())),
        }
    }

    pub(super) fn next(&mut self, within: Duration) -> Next {
        self.connection.next(within)
    }

    /// That something else came of what was sent last.
    pub(super) fn miss(&self, wanted: &str, got: &str) -> Stop {
        miss(self.sent.clone(), wanted.to_owned(), got)
    }
}

/// That something else came than what was wanted.
pub(super) fn miss(sent: String, wanted: String, got: &str) -> Stop {
    Stop::Miss(Miss {
        sent,
        // What came before may be wanted again.
        wanted: text::harmless(&wanted),
        got: text::harmless(got),
        advice: None,
    })
}

/// What to do about a refusal that has not the form of all.
const FORM: &str = "answer every refusal as application/problem+json with type, title, status and detail \
     (docs/http-api.md, Errors): clients read these";

impl Asked {
    /// That something else than this answer was wanted.
    pub(super) fn miss(&self, wanted: impl Into<String>) -> Stop {
        self.differs(wanted, &self.shown())
    }

    /// The same of a part of it.
    pub(super) fn differs(&self, wanted: impl Into<String>, got: &str) -> Stop {
        miss(self.sent.clone(), wanted.into(), got)
    }

    pub(super) fn has_status(&self, status: u16) -> Checked {
        match self.response.status == status {
            true => Ok(()),
            false => Err(self.miss(format!("status {status}"))),
        }
    }

    /// Whether a field has exactly this value.
    pub(super) fn has_field(&self, name: &'static str, value: &str) -> Checked {
        let found = self.response.field(&name.to_ascii_lowercase());
        match found == Some(value) {
            true => Ok(()),
            false => Err(self.differs(format!("{name}: {value}"), &named(name, found))),
        }
    }

    /// The value of a field that has to be there.
    pub(super) fn field(&self, name: &'static str) -> Result<&str, Stop> {
        let found = self.response.field(&name.to_ascii_lowercase());
        found.ok_or_else(|| self.differs(format!("a field {name}"), &named(name, found)))
    }

    /// Whether a field is the same as in another answer.
    pub(super) fn has_field_of(&self, name: &'static str, other: &Self) -> Checked {
        match other.response.field(&name.to_ascii_lowercase()) {
            Some(value) => self.has_field(name, value),
            None => self.has_no_field(name),
        }
    }

    pub(super) fn has_no_field(&self, name: &'static str) -> Checked {
        match self.response.field(&name.to_ascii_lowercase()) {
            None => Ok(()),
            found => Err(self.differs(format!("no {name}"), &named(name, found))),
        }
    }

    pub(super) fn json(&self) -> Result<Value, Stop> {
        let json = self.response.json();
        json.ok_or_else(|| self.miss("a body of JSON"))
    }

    /// Whether it is this refusal, in the form that all have.
    pub(super) fn is_problem(&self, status: u16, slug: &str) -> Checked {
        let wanted = format!("{status} with the type /problems/{slug}");
        if self.response.status != status {
            return Err(self.miss(wanted));
        }
        let kind = self.response.field("content-type");
        if kind != Some("application/problem+json") {
            let got = format!("{status}, {}", named("Content-Type", kind));
            let wanted = format!("{wanted}, as application/problem+json");
            return Err(formless(self.differs(wanted, &got)));
        }
        let problem = self.json().map_err(formless)?;
        if problem["type"] != format!("/problems/{slug}") {
            return Err(self.miss(wanted));
        }
        if problem["status"] != status {
            let got = format!("\"status\":{}", problem["status"]);
            let wanted = format!("\"status\":{status} in the problem");
            return Err(formless(self.differs(wanted, &got)));
        }
        for key in ["title", "detail"] {
            if problem[key].as_str().is_none_or(str::is_empty) {
                let got = format!("\"{key}\":{}", problem[key]);
                let wanted = format!("a {key} in the problem, in words");
                return Err(formless(self.differs(wanted, &got)));
            }
        }
        Ok(())
    }

    /// The answer in a line.
    pub(super) fn shown(&self) -> String {
        let response = &self.response;
        let status = response.status;
        let problem = Problem::of(response);
        if !problem.kind.is_empty() {
            return format!("{status} with the type /problems/{}", problem.kind);
        }
        let kind = response.field("content-type").unwrap_or("no Content-Type");
        match std::str::from_utf8(&response.body) {
            Ok("") => format!("{status}, no body"),
            Ok(body) => format!("{status}, {kind}: {}", shorten(body)),
            Err(_) => format!("{status}, {kind}, {} bytes", response.body.len()),
        }
    }
}

/// The same, with what to do about the form.
fn formless(stop: Stop) -> Stop {
    match stop {
        Stop::Miss(miss) => Stop::Miss(Miss {
            advice: Some(FORM),
            ..miss
        }),
        skip @ Stop::Skip(_) => skip,
    }
}

/// A field as it came.
fn named(name: &str, value: Option<&str>) -> String {
    match value {
        Some(value) => format!("{name}: {}", shorten(value)),
        None => format!("no {name}"),
    }
}

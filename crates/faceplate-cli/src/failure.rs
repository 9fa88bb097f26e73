//! How a command fails.

mod kind;

use std::fmt;

use serde_json::{Value, json};

use crate::text;
pub(crate) use kind::Kind;

/// Why a command did not do what it was asked for.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It failed; the text says what, where, and what to do.
    Failed { kind: Kind, text: String },
    /// It failed, has said all about it, and ends with this status.
    Told(u8),
}

impl Failure {
    /// It was asked for something that makes no sense.
    pub(crate) fn usage(what: impl fmt::Display) -> Self {
        Self::of(Kind::Usage, what)
    }

    /// That something of a kind failed, as a text, which may be of something from outside: a path in an
    /// image, say.
    pub(crate) fn of(kind: Kind, what: impl fmt::Display) -> Self {
        let text = text::harmless(&what.to_string());
        Self::Failed { kind, text }
    }

    /// That something on this computer failed, as a text.
    pub(crate) fn new(what: impl fmt::Display) -> Self {
        Self::of(Kind::Local, what)
    }

    /// That something at a place on this computer failed.
    pub(crate) fn at(place: impl fmt::Display, what: impl fmt::Display) -> Self {
        Self::new(format_args!("{place}: {what}"))
    }

    /// That something of a kind failed at a place: a device, a file.
    pub(crate) fn with(place: impl fmt::Display, kind: Kind, what: impl fmt::Display) -> Self {
        Self::of(kind, format_args!("{place}: {what}"))
    }

    /// The status that the process ends with.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Failed { kind, .. } => kind.code(),
            Self::Told(code) => *code,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed { text, .. } => f.write_str(text),
            Self::Told(_) => f.write_str("failed, as said above"),
        }
    }
}

/// An error as scripts read it.
pub(crate) fn error(kind: &Kind, text: &str) -> Value {
    json!({ "kind": kind.name(), "message": text })
}

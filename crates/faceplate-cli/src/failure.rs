//! How a command fails.

use std::fmt;

use serde_json::{Value, json};

/// Why a command did not do what it was asked for.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It was asked for something that makes no sense.
    Usage(String),
    /// It failed; the text says what, where, and what to do.
    Failed(String),
    /// It failed, and has said all about it.
    Told,
}

impl Failure {
    /// That something failed, as a text.
    pub(crate) fn new(what: impl fmt::Display) -> Self {
        Self::Failed(what.to_string())
    }

    /// That something at a place (a file, a device) failed.
    pub(crate) fn at(place: impl fmt::Display, what: impl fmt::Display) -> Self {
        Self::Failed(format!("{place}: {what}"))
    }

    /// The status that the process ends with.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Failed(_) | Self::Told => 1,
        }
    }

    /// For scripts.
    pub(crate) fn json(&self) -> Value {
        json!({ "error": { "message": self.to_string() } })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(text) | Self::Failed(text) => f.write_str(text),
            Self::Told => f.write_str("failed, as said above"),
        }
    }
}

//! What a device tells about itself, as far as the command needs it.

use std::fmt;

use serde::Deserialize;

/// `GET /api/ota/status`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Status {
    pub(crate) device: Info,
    /// Index of the active slot.
    pub(crate) active: usize,
    pub(crate) state: State,
    pub(crate) trial: Option<Trial>,
    pub(crate) last: Option<Last>,
    pub(crate) slots: [Slot; 2],
    pub(crate) upload: Option<Upload>,
    /// Ids of the keys whose frontends it takes; anyone's without.
    #[serde(default)]
    pub(crate) signed_by: Option<Vec<String>>,
    /// It takes none with a lower sequence.
    #[serde(default)]
    pub(crate) lowest_sequence: Option<u32>,
    /// Attempts that it refused since it started.
    #[serde(default)]
    pub(crate) refused: Option<Refused>,
    /// What is wrong with its settings store; no change can be made then.
    #[serde(default)]
    pub(crate) fault: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Refused {
    pub(crate) count: u64,
    /// What the last one was.
    pub(crate) last: String,
    pub(crate) age_ms: u64,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Info {
    pub(crate) name: String,
    pub(crate) firmware: String,
    pub(crate) api: u16,
    pub(crate) chip: String,
    /// Another one at each boot.
    pub(crate) boot_id: String,
    pub(crate) uptime_ms: u64,
}

/// What is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// A confirmed frontend.
    Settled,
    /// One that is to be confirmed.
    Trial,
    /// None, but the recovery page.
    Recovery,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Trial {
    /// `device` or `client`.
    pub(crate) confirm: String,
    pub(crate) seconds_left: u64,
    pub(crate) boots_left: u64,
}

/// The last change of slot.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Last {
    pub(crate) outcome: String,
    pub(crate) reason: Option<String>,
    pub(crate) from: usize,
    pub(crate) to: usize,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Slot {
    pub(crate) label: String,
    pub(crate) size: u64,
    pub(crate) used: u64,
    pub(crate) valid: bool,
    pub(crate) version: Option<String>,
    /// The build id, hex digits.
    #[serde(default)]
    pub(crate) build: Option<String>,
    /// Lowest and highest firmware API.
    #[serde(default)]
    pub(crate) api: Option<(u16, u16)>,
    #[serde(default)]
    pub(crate) sequence: Option<u32>,
    /// Id of the key that signed it, which the device verified.
    #[serde(default)]
    pub(crate) signer: Option<String>,
    pub(crate) sha256: Option<String>,
    pub(crate) problem: Option<String>,
}

/// An upload that runs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Upload {
    /// `writing`, `checking`, `switching`, `restarting`.
    pub(crate) phase: String,
    pub(crate) received: u64,
    /// Bytes that are on flash and were read back.
    pub(crate) written: u64,
    pub(crate) total: u64,
}

impl Status {
    /// The slot that is active.
    pub(crate) fn active_slot(&self) -> &Slot {
        &self.slots[self.active.min(1)]
    }

    /// The slot that an upload goes to.
    pub(crate) fn inactive_slot(&self) -> &Slot {
        &self.slots[1 - self.active.min(1)]
    }

    /// What an upload that was not finished has left in the slot that the next one goes to, or anything else there that
    /// is no whole frontend.
    pub(crate) fn has_leftovers(&self) -> bool {
        let slot = self.inactive_slot();
        !slot.valid
            && slot
                .problem
                .as_deref()
                .is_some_and(|problem| problem != "empty")
    }

    /// Whether the image with this SHA-256 (hex digits) is served.
    pub(crate) fn serves(&self, sha256: &str) -> bool {
        self.state != State::Recovery && self.active_slot().sha256.as_deref() == Some(sha256)
    }
}

impl Last {
    /// Whether nobody confirmed the frontend in time.
    pub(crate) fn is_unconfirmed(&self) -> bool {
        self.outcome == "fell_back" && self.reason.as_deref() == Some("not_confirmed")
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Settled => "settled",
            Self::Trial => "on trial",
            Self::Recovery => "recovery",
        })
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.version {
            Some(version) => write!(f, "{version} in {}", self.label),
            None => write!(f, "the frontend in {}", self.label),
        }
    }
}

impl fmt::Display for Last {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = (self.from, self.to);
        match self.outcome.as_str() {
            "updated" => write!(f, "an update, from www_{from} to www_{to}"),
            "rolled_back" => {
                write!(f, "rolled back by hand, from www_{from} to www_{to}")?;
                match self.reason {
                    Some(_) => f.write_str(", before the new frontend was confirmed"),
                    None => Ok(()),
                }
            }
            "fell_back" => {
                write!(f, "fell back from www_{from} to www_{to}: ")?;
                f.write_str(match self.reason.as_deref() {
                    Some("not_confirmed") => "the new frontend was not confirmed in time",
                    Some("kept_restarting") => "the device kept restarting with the new frontend",
                    Some("did_not_mount") => "the frontend there does not mount",
                    Some(other) => other,
                    None => "no reason is known",
                })
            }
            "kept" => write!(
                f,
                "www_{to} was not confirmed, but kept: there was no way back"
            ),
            other => write!(f, "{other}, from www_{from} to www_{to}"),
        }
    }
}

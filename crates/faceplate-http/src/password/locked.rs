//! Why a request is not let pass, or a login refused.

use core::fmt;

use faceplate::Text;

use crate::{
    http::tx::{Header, NONE},
    problem::{Kind, Refusal, kind},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Locked {
    /// It says nothing of who sends it.
    Needed,
    /// There is no password yet, and one is wanted before all else.
    Unset,
    /// The password is another one.
    Wrong,
    /// So many wrong ones came that the next has to wait, seconds.
    Wait { seconds: u32 },
    /// The device stretches another password in the clear.
    Busy,
    /// The session is not known, or over.
    Over,
    /// It was signed by a session, but not for this, or was there before.
    Replayed,
    /// The nonce is old, or was used.
    Stale,
    /// What is stored cannot be read or written.
    Store(Text),
}

impl From<Locked> for Refusal {
    fn from(locked: Locked) -> Self {
        Self::Locked(locked)
    }
}

impl Locked {
    /// Its part of the table of what is answered.
    pub(crate) const fn kind(&self) -> Kind {
        match self {
            Self::Needed => kind(401, "password-needed", "The password is needed"),
            Self::Unset => kind(403, "password-unset", "A password has to be set first"),
            Self::Wrong => kind(401, "wrong-password", "The password is wrong"),
            Self::Wait { .. } => kind(429, "too-many-attempts", "Too many passwords were wrong"),
            Self::Busy => kind(429, "login-busy", "Another password is looked at"),
            Self::Over | Self::Replayed => kind(401, "session-over", "The session is over"),
            Self::Stale => kind(409, "stale-nonce", "The nonce is not good any more"),
            Self::Store(_) => kind(500, "nvs-fault", "The settings store failed"),
        }
    }

    /// Whether somebody may have tried to get in.
    pub(crate) const fn is_attempt(&self) -> bool {
        matches!(self, Self::Wrong | Self::Wait { .. } | Self::Replayed)
    }

    /// What the answer says besides.
    pub(crate) fn header(&self) -> Header<'_> {
        match self {
            Self::Wait { seconds } => ("Retry-After", seconds),
            Self::Busy => ("Retry-After", &"1"),
            _ if self.kind().status == 401 => ("WWW-Authenticate", &"Faceplate"),
            _ => NONE,
        }
    }
}

/// The `detail` of an answer: one helpful line.
impl fmt::Display for Locked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Needed => f.write_str("log in by /api/ota/login; see docs/password.md"),
            Self::Unset => f.write_str(
                "set the device's password first: open its Update page or /recovery, or use \
                 `faceplate password`",
            ),
            Self::Wrong => f.write_str("it is another password"),
            Self::Wait { seconds } => write!(f, "the next one is looked at in {seconds} s"),
            Self::Busy => f.write_str("try again in a second"),
            Self::Over => f.write_str("log in again"),
            Self::Replayed => {
                f.write_str("this is not signed by a session, or was there before; log in again")
            }
            Self::Stale => f.write_str("ask for another one by GET /api/ota/login"),
            Self::Store(error) => write!(f, "the password cannot be read or stored: {error}"),
        }
    }
}

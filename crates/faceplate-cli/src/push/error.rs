//! Why an image did not get to a device.

use std::{fmt, time::Duration};

use super::no_page::NoPage;
use crate::{
    device::{ApiError, Last, Problem, Trial},
    failure::Kind,
    text,
};

/// Why a push failed. Prints as a paragraph: what, and what to do.
#[derive(Debug)]
pub(crate) enum PushError {
    /// No status, before anything was sent.
    Unreachable(ApiError),
    /// Another upload runs.
    Busy,
    /// The frontend that runs is not confirmed yet.
    OnTrial(Trial),
    /// Longer than the slot.
    TooLarge {
        /// Bytes of the image.
        len: u64,
        /// Bytes of the slot.
        slot: u64,
    },
    /// Made for other firmware.
    Api {
        /// Lowest API that it works with.
        min: u16,
        /// Highest.
        max: u16,
        /// That of the device.
        ours: u16,
    },
    /// The device said no, and why.
    Refused(Problem),
    /// The upload did not end, and the device was asked afterwards.
    Lost {
        /// What happened.
        what: String,
        /// Bytes that the device had written.
        written: u64,
        /// Bytes of the image.
        total: u64,
        /// How the device is now.
        after: After,
    },
    /// The device confirmed another image than was sent.
    OtherImage,
    /// It did not restart, or did not come back.
    NotBack {
        /// How long was waited.
        waited: Duration,
        /// Whether it answers, still from before the restart.
        answers: bool,
    },
    /// It came back without a frontend.
    Recovery,
    /// It went back to the old frontend.
    FellBack {
        /// What the device says about it.
        last: Last,
        /// What it runs.
        runs: String,
        /// Why that may be, where a page was waited for.
        why: Option<NoPage>,
    },
    /// Nobody confirmed the new frontend in time, but the device has nothing to go back to.
    Kept {
        /// Why that may be, where a page was waited for.
        why: Option<NoPage>,
    },
    /// The same, before this push: the image runs already, and is not on trial any more.
    KeptBefore {
        /// Where its page is.
        url: String,
    },
    /// The device ran the new frontend, and does not answer any more.
    Gone {
        /// What did not come.
        what: String,
    },
    /// Its settings store failed while the new frontend was on trial.
    Fault(String),
    /// It runs something else.
    Another {
        /// What.
        runs: String,
    },
    /// The new frontend runs, but does not load.
    Broken {
        /// What is wrong, with the path.
        what: String,
        /// Its trial, if it is on one.
        trial: Option<Trial>,
        /// Whether there may be something to go back to.
        way_back: bool,
    },
    /// The new frontend did not load, and was taken back.
    TakenBack {
        /// What was wrong, with the path.
        what: String,
        /// What the device runs.
        runs: String,
    },
    /// It cannot be confirmed.
    NotConfirmed(ApiError),
    /// The device neither confirmed it nor went back in time.
    Unsettled {
        /// How long was waited.
        waited: Duration,
    },
}

/// What is known of a device after an upload did not end.
#[derive(Debug)]
pub(crate) enum After {
    /// It serves what it did.
    Serves(String),
    /// It only has the recovery page, as before.
    Recovery,
    /// It does not answer.
    Silent,
}

impl PushError {
    /// As scripts tell it from others.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Unreachable(error) | Self::NotConfirmed(error) => error.kind(),
            Self::Busy => Kind::refused("busy"),
            Self::OnTrial(_) => Kind::refused("on-trial"),
            Self::TooLarge { .. } => Kind::refused("too-large"),
            Self::Api { .. } => Kind::refused("other-firmware"),
            Self::Refused(problem) => Kind::refused(&problem.kind),
            Self::Fault(_) => Kind::refused("nvs-fault"),
            Self::Lost {
                after: After::Silent,
                ..
            }
            | Self::NotBack { answers: false, .. }
            | Self::Gone { .. } => Kind::Lost,
            Self::Lost { .. } => Kind::BrokeOff,
            Self::OtherImage => Kind::OtherImage,
            Self::NotBack { answers: true, .. } => Kind::DidNotRestart,
            Self::Recovery => Kind::Recovery,
            Self::FellBack { .. } | Self::TakenBack { .. } => Kind::WentBack,
            Self::Another { .. } => Kind::OtherFrontend,
            Self::Broken { .. } => Kind::DoesNotLoad,
            Self::Kept { .. } | Self::KeptBefore { .. } | Self::Unsettled { .. } => {
                Kind::NotConfirmed
            }
        }
    }
}

impl fmt::Display for PushError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(error) => {
                write!(f, "{error}. Nothing was sent")?;
                match error {
                    ApiError::Client(_) => {
                        f.write_str("; is it switched on, in this network, and the address right?")
                    }
                    _ => Ok(()),
                }
            }
            Self::Busy => f.write_str(
                "another upload to it is running. Nothing was sent; try again when it is over",
            ),
            Self::OnTrial(trial) => {
                f.write_str("the frontend that it runs is still on trial. Nothing was sent; ")?;
                match &*trial.confirm {
                    "device" => write!(
                        f,
                        "the device confirms it in {} s, or run `faceplate confirm` now",
                        trial.seconds_left
                    ),
                    _ => write!(
                        f,
                        "run `faceplate confirm` if it works, or `faceplate rollback`; in {} s the \
                         device takes it back",
                        trial.seconds_left
                    ),
                }
            }
            Self::TooLarge { len, slot } => write!(
                f,
                "the image has {}, its slots have {}. Nothing was sent; pack it with --size {slot} \
                 to see what is too large",
                text::bytes(*len),
                text::bytes(*slot)
            ),
            Self::Api { min, max, ours } => write!(
                f,
                "the image needs firmware API {min} to {max}, the device has {ours}. Nothing was \
                 sent; update the firmware, or pack the frontend that was made for it"
            ),
            Self::Refused(problem) => {
                write!(
                    f,
                    "the image was refused: {problem}. The old frontend stays{}",
                    problem.hint()
                )
            }
            Self::Lost {
                what,
                written,
                total,
                after,
            } => {
                let (written, total) = (text::bytes(*written), text::bytes(*total));
                write!(
                    f,
                    "the upload broke off, {written} of {total} written: {what}. "
                )?;
                match after {
                    After::Serves(old) => write!(f, "The device still runs {old}; push again"),
                    After::Recovery => {
                        f.write_str("The device still has its recovery page; push again")
                    }
                    After::Silent => f.write_str(
                        "The device does not answer any more: see to its power and network, then \
                         ask `faceplate status`. It starts with the old frontend, or with the whole \
                         new one on trial",
                    ),
                }
            }
            Self::OtherImage => f.write_str(
                "it reports another SHA-256 than that of the image; what it runs is not confirmed",
            ),
            Self::NotBack {
                waited,
                answers: true,
            } => write!(
                f,
                "it took the image but did not restart within {} s; restart it by hand, then ask \
                 `faceplate status`",
                waited.as_secs()
            ),
            Self::NotBack {
                waited,
                answers: false,
            } => write!(
                f,
                "it took the image but did not come back within {} s. If it got another address, \
                 confirm there: `faceplate confirm`. Otherwise switch it off and on; a frontend \
                 that nobody confirms is taken back by the device itself",
                waited.as_secs()
            ),
            Self::Recovery => f.write_str(
                "it came back with its recovery page: neither slot holds a whole frontend. Push \
                 again; if that fails too, its flash may be worn out",
            ),
            Self::FellBack { last, runs, why } => {
                write!(f, "{last}. It runs {runs}")?;
                match why {
                    Some(why) => write!(f, ". {why}"),
                    None => Ok(()),
                }
            }
            Self::Kept { why } => {
                f.write_str(
                    "the new frontend was not confirmed in time. It runs all the same, as there is \
                     nothing to go back to",
                )?;
                match why {
                    Some(why) => write!(f, ". {why}"),
                    None => Ok(()),
                }
            }
            Self::KeptBefore { url } => write!(
                f,
                "it runs this image already, but nobody ever confirmed it; it was kept, as there \
                 was nothing to go back to, and nothing can confirm it now. Nothing was sent. See \
                 at {url} whether it works: if so, `--confirm load` takes it as it is; if not, \
                 push another build, which is on trial again"
            ),
            Self::Gone { what } => write!(
                f,
                "it ran the new frontend on trial, but does not answer any more: {what}. See to \
                 its power and network, then ask `faceplate status`; a frontend that nobody \
                 confirms is taken back by the device itself"
            ),
            Self::Fault(fault) => write!(
                f,
                "whether the new frontend is confirmed cannot be known: its settings store (NVS) \
                 failed: {fault}"
            ),
            Self::Another { runs } => write!(
                f,
                "it restarted, but runs {runs}, not the image that was sent; did somebody else \
                 update it?"
            ),
            Self::TakenBack { what, runs } => write!(
                f,
                "the new frontend does not load: {what}. It was taken back; the device runs {runs}"
            ),
            Self::Broken {
                what,
                trial,
                way_back,
            } => {
                write!(f, "the new frontend does not load: {what}. ")?;
                match trial {
                    Some(Trial { seconds_left, .. }) if !way_back => write!(
                        f,
                        "It stays, as there is nothing to go back to: push one that loads, after \
                         `faceplate confirm`, or when its trial is over in {seconds_left} s"
                    ),
                    Some(Trial {
                        confirm,
                        seconds_left,
                        ..
                    }) if confirm == "client" => write!(
                        f,
                        "It was not confirmed, so the device takes it back in {seconds_left} s; \
                         `faceplate rollback` does so now"
                    ),
                    Some(Trial { seconds_left, .. }) => write!(
                        f,
                        "The device confirms it by itself in {seconds_left} s, unless you run \
                         `faceplate rollback`"
                    ),
                    None => f.write_str(
                        "Ask `faceplate status` what it runs now; `faceplate rollback` brings the \
                         old one back",
                    ),
                }
            }
            Self::NotConfirmed(error) => {
                let why: &dyn fmt::Display = match error {
                    ApiError::Unknown(error) => error,
                    error => error,
                };
                write!(
                    f,
                    "the new frontend loads but could not be confirmed: {why}. Run `faceplate \
                     confirm`, or the device takes it back"
                )
            }
            Self::Unsettled { waited } => write!(
                f,
                "the new frontend loads, but the device neither confirmed it nor went back within \
                 {} s; ask `faceplate status`",
                waited.as_secs()
            ),
        }
    }
}

impl std::error::Error for PushError {}

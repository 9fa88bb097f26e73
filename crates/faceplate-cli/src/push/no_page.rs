//! What may be the reason where no page confirmed itself.

use std::fmt;

use faceplate_pack::{Means, SCRIPT_NAME};

/// What is known when no page confirmed itself in time.
#[derive(Debug)]
pub(crate) struct NoPage {
    /// Where it was to be opened.
    pub(super) url: String,
    /// What in its image may confirm it.
    pub(super) means: Means,
    /// Whether its pages say of which build they are.
    pub(super) build: bool,
}

impl fmt::Display for NoPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, means, build } = self;
        if *means == Means::Nothing {
            return write!(
                f,
                "Its page and scripts were served, but nobody confirmed it, and no page of it seems to: \
                 {SCRIPT_NAME} is not in the image, nor code that asks the device. Pack it with \
                 `faceplate pack --stamp`, or push it with `--confirm load`"
            );
        }
        write!(
            f,
            "Its page and scripts were served, but no browser confirmed it: either nobody opened \
             {url} in time, or "
        )?;
        let threw = "one of its scripts threw (the browser's console tells)";
        match (means, build) {
            (Means::App, true) => write!(
                f,
                "its own code did not: {SCRIPT_NAME} is not in the image, so its app has to call \
                 `confirmOnLoad()`, and none of its scripts may throw (the browser's console tells)"
            ),
            (Means::App, false) => write!(
                f,
                "{threw}, or nothing in it confirms, as it has no build id (`faceplate pack \
                 --stamp`)"
            ),
            _ => f.write_str(threw),
        }
    }
}

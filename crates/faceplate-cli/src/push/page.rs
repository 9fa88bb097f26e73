//! Waiting until the new page has confirmed itself, which needs a browser somewhere.

use std::{fmt, time::Duration};

use super::{
    Image, Options, PushError,
    wait::{Event, for_verdict},
};
use crate::{
    browser::{self, Opening},
    device::{Address, Status, Trial},
    progress::Progress,
    text,
};

/// What is wrong with an image for which this waits.
pub(super) const UNSTAMPED: &str = "the image has no build id, so nothing in its page may confirm it, unless its own code does \
     (`confirmOnLoad()`). `faceplate pack --stamp` puts a script into each page that does; \
     `--confirm load` does not wait for the page";

/// What is known when no page confirmed itself in time.
#[derive(Debug)]
pub(crate) struct NoPage {
    /// Where it was to be opened.
    url: String,
    /// Whether its image has a build id, and so perhaps a script that confirms.
    stamped: bool,
}

impl fmt::Display for NoPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Its page and scripts were served, but no browser confirmed it: either nobody opened \
             {} in time, or one of its scripts threw (the browser's console tells)",
            self.url
        )?;
        match self.stamped {
            true => Ok(()),
            false => f.write_str(
                ", or nothing in it confirms, as it has no build id (`faceplate pack --stamp`)",
            ),
        }
    }
}

/// Waits for whoever confirms the frontend on trial; says where to open it, and how long there is.
pub(super) fn wait(
    address: &Address,
    image: &Image,
    options: &Options,
    progress: &mut Progress,
    warnings: &mut Vec<String>,
) -> Result<Status, PushError> {
    let url = format!("http://{address}/");
    let mut opening: Option<Opening> = None;
    let mut open = options.open;
    let mut told = false;
    let mut warn = |progress: &Progress, what: String| {
        progress.warn(&what);
        warnings.push(what);
    };
    let result = for_verdict(address, image, options.timeout, |event| {
        let trial = match event {
            Event::Silence(span) => return progress.silence(span),
            Event::Anew(trial) => {
                let left = seconds(trial);
                warn(
                    progress,
                    format!("it restarted by itself; there are {left} again"),
                );
                trial
            }
            Event::Trial(trial) => trial,
        };
        let by_device = trial.confirm == "device";
        if !told {
            told = true;
            begin(progress, trial, &url, by_device);
        }
        if std::mem::take(&mut open) && !by_device {
            match browser::open(&url) {
                Ok(opened) => opening = Some(opened),
                Err(why) => warn(progress, not_opened(&why)),
            }
        }
        if let Some(why) = opening.as_mut().and_then(Opening::failed) {
            warn(progress, not_opened(&why));
        }
        let what = match by_device {
            true => "waiting for the device to confirm it",
            false => "waiting for the page to confirm itself",
        };
        progress.left(what, trial.seconds_left);
    });
    result.map_err(|error| explain(error, image, &url))
}

fn begin(progress: &mut Progress, trial: &Trial, url: &str, by_device: bool) {
    if by_device {
        progress.phase("the device confirms it when it has kept running");
        return;
    }
    let left = seconds(trial);
    progress.say(&format!(
        "open {url} in a browser, within {left}: the new page confirms itself there"
    ));
}

fn seconds(trial: &Trial) -> String {
    text::duration(Duration::from_secs(trial.seconds_left))
}

fn not_opened(why: &str) -> String {
    format!("the browser was not opened: {why}")
}

/// Adds what may be the reason, where no page confirmed in time.
fn explain(error: PushError, image: &Image, url: &str) -> PushError {
    let no_page = || NoPage {
        url: url.to_owned(),
        stamped: image.build().is_some(),
    };
    match error {
        PushError::FellBack { last, runs, .. } if last.is_unconfirmed() => PushError::FellBack {
            last,
            runs,
            why: Some(no_page()),
        },
        PushError::Kept { .. } => PushError::Kept {
            why: Some(no_page()),
        },
        other => other,
    }
}

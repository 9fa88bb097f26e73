//! Waiting until the new page has confirmed itself, which needs a browser somewhere.

use std::{fmt, time::Duration};

use faceplate_pack::SCRIPT_NAME;

use super::{
    Image, Options, PushError, Seen,
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
    /// What in its image may confirm it.
    means: Means,
}

/// What in an image may confirm it.
#[derive(Debug, Clone, Copy)]
enum Means {
    /// The script that stamping puts into each page.
    Script,
    /// The app's own code alone: the pages have a build id, but not that script.
    App,
    /// Perhaps the app's own code; the pages have no build id.
    Unknown,
}

impl fmt::Display for NoPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Its page and scripts were served, but no browser confirmed it: either nobody opened \
             {} in time, or ",
            self.url
        )?;
        let threw = "one of its scripts threw (the browser's console tells)";
        match self.means {
            Means::Script => f.write_str(threw),
            Means::App => write!(
                f,
                "its own code did not: {SCRIPT_NAME} is not in the image, so its app has to call \
                 `confirmOnLoad()`, and none of its scripts may throw (the browser's console tells)"
            ),
            Means::Unknown => write!(
                f,
                "{threw}, or nothing in it confirms, as it has no build id (`faceplate pack \
                 --stamp`)"
            ),
        }
    }
}

/// Where the page is opened.
pub(super) fn url(address: &Address) -> String {
    format!("http://{address}/")
}

/// Waits for whoever confirms the frontend on trial; says where to open it, and how long there is.
pub(super) fn wait(
    address: &Address,
    image: &Image,
    options: &Options,
    progress: &mut Progress,
    seen: &mut Seen,
) -> Result<Status, PushError> {
    let url = url(address);
    let mut opening: Option<Opening> = None;
    let mut open = options.open;
    let mut told = false;
    let result = for_verdict(address, image, options.timeout, |event| {
        let trial = match event {
            Event::Silence(span) => return progress.silence(span),
            Event::Anew(trial) => {
                let left = seconds(trial);
                progress.warn(&format!("it restarted by itself; there are {left} again"));
                trial
            }
            Event::Trial(trial) => trial,
        };
        *seen = Seen::now(trial);
        let by_device = trial.confirm == "device";
        if !told {
            told = true;
            begin(progress, trial, &url, by_device);
        }
        if std::mem::take(&mut open) && !by_device {
            match browser::open(&url) {
                Ok(opened) => opening = Some(opened),
                Err(why) => progress.warn(&not_opened(&why)),
            }
        }
        if let Some(why) = opening.as_mut().and_then(Opening::failed) {
            progress.warn(&not_opened(&why));
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
        means: match image.build() {
            Some(_) if image.confirms() => Means::Script,
            Some(_) => Means::App,
            None => Means::Unknown,
        },
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

//! Waiting until the new page has confirmed itself, which needs a browser somewhere.

use std::time::Duration;

use faceplate_pack::Means;

use super::{
    Image, Options, PushError, Seen,
    no_page::NoPage,
    wait::{Event, for_verdict},
};
use crate::{
    browser::{self, Opening},
    device::{Address, Status, Trial},
    progress::Progress,
    text,
};

/// An image in which nothing can confirm.
const MUTE: &str = "no page of this image seems to confirm itself: faceplate-confirm.js is not in it, nor code that \
     asks the device. `faceplate pack --stamp` puts that script into each page; `--confirm load` does \
     not wait for a page. As it is, somebody has to run `faceplate confirm`";
/// An image whose pages are not stamped, for which this waits.
const UNSTAMPED: &str = "the image has no build id, so nothing in its page may confirm it, unless its own code does \
     (`confirmOnLoad()`). `faceplate pack --stamp` puts a script into each page that does; \
     `--confirm load` does not wait for the page";

/// What is wrong with an image for whose page this waits.
pub(super) fn doubt(image: &Image) -> Option<&'static str> {
    match (image.means, image.build()) {
        (Means::Nothing, _) => Some(MUTE),
        (Means::App, None) => Some(UNSTAMPED),
        _ => None,
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
            match by_device {
                true => progress.phase("the device confirms it when it has kept running"),
                false => progress.say(&invitation(image.means, address, trial)),
            }
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
        let what = match (by_device, image.means) {
            (true, _) => "waiting for the device to confirm it",
            (false, Means::Nothing) => "waiting for somebody to confirm it",
            (false, _) => "waiting for the page to confirm itself",
        };
        progress.left(what, trial.seconds_left);
    });
    result.map_err(|error| explain(error, image, &url))
}

/// What is to be done to have it confirmed, and how long there is.
fn invitation(means: Means, address: &Address, trial: &Trial) -> String {
    let (url, left) = (url(address), seconds(trial));
    match means {
        Means::Nothing => format!(
            "open {url} in a browser, and if it works, run `faceplate confirm {address}` within \
             {left}: no page of it seems to do that"
        ),
        _ => format!("open {url} in a browser, within {left}: the new page confirms itself there"),
    }
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
        means: image.means,
        build: image.build().is_some(),
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

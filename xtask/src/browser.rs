//! Finds a browser for the end-to-end tests, or installs one.

use std::path::{Path, PathBuf};

use crate::cargo::{run, works};
use crate::setup::{apt_install, can_apt};
use crate::web::npm;

/// Where the systems that package a Chromium put it, and Google's own. The one without a window comes first: a
/// third quicker, and it has no dialogs of its own that could wait for somebody.
const PLACES: &[&str] = &[
    "/usr/bin/chromium-headless-shell",
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

/// Which browser the tests start.
pub(crate) enum Browser {
    /// This program.
    At(PathBuf),
    /// The one that Playwright downloaded.
    Playwright,
}

/// `$CHROMIUM`, else an installed one, else Debian's package, else Playwright's own.
pub(crate) fn find_or_install() -> Result<Browser, String> {
    if let Some(named) = std::env::var_os("CHROMIUM") {
        return Ok(Browser::At(named.into()));
    }
    if let Some(found) = find() {
        return Ok(Browser::At(found));
    }
    if can_apt() {
        // Not every release has the first.
        for package in ["chromium-headless-shell", "chromium"] {
            match apt_install(&[package, "fonts-dejavu-core"]) {
                Ok(()) => {
                    if let Some(found) = find() {
                        return Ok(Browser::At(found));
                    }
                }
                Err(error) => println!("no {package} by apt-get: {error}"),
            }
        }
    }
    let install = &[
        "exec",
        "--workspace",
        "faceplate-e2e",
        "--",
        "playwright",
        "install",
        "chromium",
    ];
    run(&mut npm(install)).map_err(|error| {
        format!("{error}; install Chromium or Chrome, or name it in the variable CHROMIUM")
    })?;
    Ok(Browser::Playwright)
}

fn find() -> Option<PathBuf> {
    let there = |place: &&&str| works(place, &["--version"]);
    PLACES
        .iter()
        .find(there)
        .map(|place| Path::new(place).into())
}

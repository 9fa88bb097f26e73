//! The pages inside the firmware.

use faceplate::media;
use faceplate_pack::page::assets;

use super::{
    files::has_policy,
    request::Request,
    row::{Checked, Row, Stop, skip},
    talk::Asked,
    target::Target,
};
use crate::device::State;

pub(super) const ROWS: &[Row<Target>] = &[
    Row::reads(
        "recovery/page",
        page,
        "/recovery is the recovery page, always, also with a slash at the end",
        "serve it from the firmware, whatever the slots hold; it must be the last thing that fails",
    ),
    Row::reads(
        "recovery/alone",
        alone,
        "the recovery page loads nothing else",
        "put its script and style into the page itself: nothing else may be there",
    ),
    Row::reads(
        "recovery/frames",
        frames,
        "no page may show the recovery page in a frame",
        "send Content-Security-Policy: frame-ancestors 'none' with it: its buttons change things",
    ),
    Row::reads(
        "recovery/wifi-page",
        wifi_page,
        "/recovery/wifi is the page for the Wi-Fi setup, also with a slash at the end",
        "serve it from the firmware; where the firmware has no such page, except this row",
    ),
    Row::reads(
        "recovery/in-place-of-pages",
        in_place,
        "in recovery every page is the recovery page, and every file 503 no-frontend",
        "answer 200 with the page where a browser asks for one, so that none hides it, and 503 where a file is missing",
    ),
];

const PAGES: [&str; 2] = ["/recovery", "/recovery/"];

fn page(target: &Target) -> Checked {
    for path in PAGES {
        let asked = target.ask(&Request::get(path))?;
        asked.has_status(200)?;
        asked.has_field("Content-Type", media::HTML)?;
        let body = String::from_utf8_lossy(&asked.response.body);
        if !body.contains("api/ota/frontend") {
            return Err(asked.miss("a page that uploads to api/ota/frontend"));
        }
    }
    Ok(())
}

/// The page, for a row that is about something else.
fn ask(target: &Target, path: &str) -> Result<Asked, Stop> {
    let asked = target.ask(&Request::get(path))?;
    match asked.response.status {
        200 => Ok(asked),
        _ => Err(skip("there is none: see recovery/page")),
    }
}

fn alone(target: &Target) -> Checked {
    let asked = ask(target, "/recovery")?;
    let body = String::from_utf8_lossy(&asked.response.body);
    match assets(&body, &target.address.to_string()).first() {
        None => Ok(()),
        Some(asset) => Err(asked.differs(
            "a page that loads nothing",
            &format!("it loads {}", asset.path),
        )),
    }
}

fn frames(target: &Target) -> Checked {
    for path in PAGES {
        has_policy(&ask(target, path)?, "frame-ancestors 'none'")?;
    }
    Ok(())
}

fn wifi_page(target: &Target) -> Checked {
    for path in ["/recovery/wifi", "/recovery/wifi/"] {
        let asked = target.ask(&Request::get(path))?;
        asked.has_status(200)?;
        asked.has_field("Content-Type", media::HTML)?;
        has_policy(&asked, "frame-ancestors 'none'")?;
    }
    Ok(())
}

fn in_place(target: &Target) -> Checked {
    if target.status()?.state != State::Recovery {
        return Err(skip("the device serves a frontend"));
    }
    for path in ["/", "/faceplate-conformance", "/update.html"] {
        let asked = target.ask(&Request::page(path))?;
        asked.has_status(200)?;
        asked.has_field("Content-Type", media::HTML)?;
        has_policy(&asked, "frame-ancestors 'none'")?;
    }
    for request in [
        Request::page("/faceplate-conformance.js"),
        Request::get("/faceplate-conformance"),
    ] {
        target.ask(&request)?.is_problem(503, "no-frontend")?;
    }
    Ok(())
}

//! What is served of the new frontend.

use faceplate::media;

use super::{Update, needs};
use crate::conformance::{
    files::{ASKED, KEPT},
    request::Request,
    row::{Checked, skip},
};

/// A path as it is asked for.
fn encoded(path: &str) -> String {
    let mut encoded = "/".to_owned();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                encoded.push(byte.into());
            }
            byte => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

pub(super) fn files(update: &Update) -> Checked {
    needs(&update.restarted, "update/restart")?;
    let stored = update.image.files();
    for file in &update.image.inspection().files {
        // Without the compressed form, it is what it is called.
        let name = file.path.strip_suffix(".gz");
        let name = name.filter(|&name| !stored.contains_key(name));
        let path = name.unwrap_or(&file.path);
        // These paths are the firmware's own.
        if path == "recovery" || path == "api" || path.starts_with("api/") {
            continue;
        }
        let asked = update
            .target
            .ask(&Request::get(encoded(path)).with("Accept-Encoding", "gzip"))?;
        asked.has_status(200)?;
        if stored.get(&file.path) != Some(&asked.response.body) {
            let got = format!("{} bytes, or others", asked.response.body.len());
            return Err(asked.differs(format!("the {} bytes of the image", file.size), &got));
        }
        match name {
            Some(_) => asked.has_field("Content-Encoding", "gzip")?,
            None => asked.has_no_field("Content-Encoding")?,
        }
        let known = media::of(path).map_or(media::UNKNOWN, |known| known.name);
        asked.has_field("Content-Type", known)?;
        // Without marks the name tells, which is the image's matter.
        if let Some(marks) = file.marks {
            let rule = if marks.immutable { KEPT } else { ASKED };
            asked.has_field("Cache-Control", rule)?;
        }
    }
    Ok(())
}

pub(super) fn redirects(update: &Update) -> Checked {
    needs(&update.restarted, "update/restart")?;
    let stored = update.image.files();
    let has = |name: &str| stored.contains_key(name) || stored.contains_key(&format!("{name}.gz"));
    let mut tried = 0;
    for file in stored.keys() {
        let file = file.strip_suffix(".gz").unwrap_or(file);
        let page = file.strip_suffix(".html").unwrap_or_default();
        let (path, to) = match page.strip_suffix("/index") {
            Some(folder) if !has(folder) && !has(&format!("{folder}.html")) => {
                (encoded(folder), format!("./{}/", last_of(folder)))
            }
            None if !page.is_empty() && !has(&format!("{page}/index.html")) => (
                format!("{}/", encoded(page)),
                format!("../{}", last_of(page)),
            ),
            _ => continue,
        };
        let asked = update.target.ask(&Request::page(format!("{path}?x=1")))?;
        asked.has_status(308)?;
        asked.has_field("Location", &format!("{to}?x=1"))?;
        tried += 1;
    }
    match tried {
        0 => Err(skip(
            "the image has no page that is one of a folder, or could be",
        )),
        _ => Ok(()),
    }
}

/// The last segment of a path, as it is asked for.
fn last_of(path: &str) -> String {
    let last = path.rsplit('/').next().unwrap_or_default();
    encoded(last).trim_start_matches('/').to_owned()
}

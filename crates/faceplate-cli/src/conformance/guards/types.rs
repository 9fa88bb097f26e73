//! Which media types a change has to have.

use serde_json::json;

use crate::conformance::{
    change::{CONFIRM, JSON, NO_BUILD, OCTETS, confirm, is_no_confirmation, typed_upload, upload},
    request::Request,
    row::{Checked, Row},
    target::Target,
};

pub(in crate::conformance) const ROWS: &[Row<Target>] = &[
    Row::refused(
        "guards/upload-media-type",
        upload_media_type,
        "an upload without Content-Type: application/octet-stream gets 415 media-type",
        "refuse every other type, and a missing or malformed one, by the head alone: browsers send the simple types \
         from any page without asking first",
    ),
    Row::refused(
        "guards/command-media-type",
        command_media_type,
        "confirm and rollback without Content-Type: application/json get 415 media-type",
        "refuse every other type, and a missing or malformed one, before the body is read",
    ),
    Row::refused(
        "guards/media-type-parameters",
        media_type_parameters,
        "parameters of the media type do not matter",
        "compare what is before the first `;`, without looking at case or blanks: clients add charset=utf-8",
    ),
    Row::refused(
        "guards/content-encoding",
        content_encoding,
        "a body with a Content-Encoding gets 415 media-type",
        "refuse the field: what comes is written as it is, so a compressed image would be no image",
    ),
];

/// Types that are not the right one; the last two would be, but for their form.
fn wrong_types(right: &str) -> [Option<String>; 7] {
    [
        None,
        Some(String::new()),
        Some("text/plain".to_owned()),
        Some("application/x-www-form-urlencoded".to_owned()),
        Some("multipart/form-data; boundary=x".to_owned()),
        Some(format!("{right}; charset")),
        Some(format!("{right}, text/plain")),
    ]
}

fn upload_media_type(target: &Target) -> Checked {
    for media_type in wrong_types(OCTETS) {
        let asked = target.ask(&typed_upload("", media_type.as_deref(), 8192))?;
        asked.is_problem(415, "media-type")?;
    }
    Ok(())
}

fn command_media_type(target: &Target) -> Checked {
    let confirmation = json!({ "build": NO_BUILD }).to_string();
    for (path, body) in [("confirm", &*confirmation), ("rollback", "[]")] {
        for media_type in wrong_types(JSON) {
            let request = Request::new("POST", format!("/api/ota/{path}"));
            let request = match media_type {
                Some(media_type) => request.with("Content-Type", media_type),
                None => request,
            };
            let asked = target.ask(&request.body(body))?;
            asked.is_problem(415, "media-type")?;
        }
    }
    Ok(())
}

fn media_type_parameters(target: &Target) -> Checked {
    let body = json!({ "build": NO_BUILD }).to_string();
    for media_type in [
        "application/json; charset=utf-8",
        "Application/JSON;charset=\"utf-8\"",
    ] {
        let request = Request::new("POST", CONFIRM)
            .with("Content-Type", media_type)
            .body(&body);
        is_no_confirmation(&target.ask(&request)?, target)?;
    }
    Ok(())
}

fn content_encoding(target: &Target) -> Checked {
    for request in [upload("", 8192), confirm()] {
        let asked = target.ask(&request.with("Content-Encoding", "gzip"))?;
        asked.is_problem(415, "media-type")?;
    }
    Ok(())
}

//! What is asked of requests: their methods, paths and lengths.

pub(super) mod heads;

use super::{
    change::{CHUNKS, CONFIRM, FRONTEND, JSON, NO_BUILD, OCTETS, ROLLBACK, confirm, upload},
    request::{Request, shorten},
    row::{Checked, Row},
    status::STATUS,
    talk::Asked,
    target::Target,
};

pub(super) const ROWS: &[Row<Target>] = &[
    Row::refused(
        "requests/method",
        method,
        "a method that is not for a path gets 405 method, and Allow names those that are",
        "answer 405 with Allow for every path that you know, files included (HEAD goes with GET, OPTIONS with all)",
    ),
    Row::reads(
        "requests/options",
        options,
        "OPTIONS is answered with 204, and Allow names the methods",
        "register OPTIONS beside the other methods; it has no body and gives no leave",
    ),
    Row::refused(
        "requests/unknown-api",
        unknown_api,
        "what is no API gets 404 not-found, also from a browser that asks for a page",
        "let no path under /api/ fall through to the files: an app's index.html is not an answer to a program",
    ),
    Row::refused(
        "requests/no-length",
        no_length,
        "a change without Content-Length, or in chunks, gets 411 length-required",
        "ask for the length before you read a body; do not decode chunks",
    ),
    Row::refused(
        "requests/long-path-with-body",
        long_path_with_body,
        "a path of more than 192 bytes gets 414 target-too-long where a body comes with it",
        "no path that takes a body is longer: refuse it before the body is read",
    ),
    Row::refused(
        "requests/expectation",
        expectation,
        "an Expect other than 100-continue gets 417 expectation",
        "look at Expect before the body is read",
    ),
];

fn method(target: &Target) -> Checked {
    for (method, path, allow) in [
        ("POST", "/", &["GET", "HEAD"][..]),
        ("PUT", "/faceplate-conformance.js", &["GET", "HEAD"]),
        ("DELETE", "/recovery", &["GET", "HEAD"]),
        ("POST", STATUS, &["GET", "HEAD"]),
        ("PUT", FRONTEND, &["GET", "HEAD", "POST", "PATCH"]),
        ("POST", CHUNKS, &["GET", "HEAD"]),
        ("GET", CONFIRM, &["POST"]),
        ("GET", ROLLBACK, &["POST"]),
    ] {
        let request = match method {
            "GET" => Request::get(path),
            method => Request::new(method, path).body(""),
        };
        let asked = target.ask(&request)?;
        asked.is_problem(405, "method")?;
        allows(&asked, allow)?;
    }
    Ok(())
}

fn options(target: &Target) -> Checked {
    for (path, allow) in [
        ("/", &["GET", "HEAD", "OPTIONS"][..]),
        (STATUS, &["GET", "HEAD", "OPTIONS"]),
        (FRONTEND, &["GET", "HEAD", "POST", "PATCH", "OPTIONS"]),
        (CHUNKS, &["GET", "HEAD", "OPTIONS"]),
        (CONFIRM, &["POST", "OPTIONS"]),
    ] {
        let asked = target.ask(&Request::new("OPTIONS", path))?;
        asked.has_status(204)?;
        allows(&asked, allow)?;
    }
    Ok(())
}

/// Whether `Allow` names these methods, and no other that changes something.
fn allows(asked: &Asked, methods: &[&str]) -> Checked {
    let allow = asked.field("Allow")?;
    let named: Vec<_> = allow.split(',').map(str::trim).collect();
    let right = methods.iter().all(|method| named.contains(method))
        && named
            .iter()
            .all(|method| methods.contains(method) || *method == "OPTIONS");
    match right {
        true => Ok(()),
        false => {
            let got = format!("Allow: {}", shorten(allow));
            Err(asked.differs(format!("Allow: {}", methods.join(", ")), &got))
        }
    }
}

fn unknown_api(target: &Target) -> Checked {
    for request in [
        Request::page("/api/ota/faceplate-conformance"),
        Request::page("/api/ota/status/"),
        Request::get("/api/ota//status"),
        Request::get("/api%2Fota%2Fstatus"),
        Request::new("POST", "/api/ota/faceplate-conformance").body(""),
    ] {
        target.ask(&request)?.is_problem(404, "not-found")?;
    }
    // Here the firmware's own server may have other words for it.
    let own = target.ask(&Request::page("/api/faceplate-conformance"))?;
    own.has_status(404)
}

fn no_length(target: &Target) -> Checked {
    for (path, media_type, scrap) in [
        (CONFIRM, JSON, NO_BUILD),
        (ROLLBACK, JSON, "[]"),
        (FRONTEND, OCTETS, "not an image...\n"),
    ] {
        let request = Request::new("POST", path).with("Content-Type", media_type);
        let asked = target.ask(&request)?;
        asked.is_problem(411, "length-required")?;
        let chunk = format!("{:x}\r\n{scrap}\r\n0\r\n\r\n", scrap.len());
        let request = request
            .with("Transfer-Encoding", "chunked")
            .followed_by(chunk);
        target.ask(&request)?.is_problem(411, "length-required")?;
    }
    Ok(())
}

fn long_path_with_body(target: &Target) -> Checked {
    let path = format!("/api/ota/{}", "x".repeat(192));
    let request = Request::new("POST", path)
        .with("Content-Type", JSON)
        .body("{}");
    target.ask(&request)?.is_problem(414, "target-too-long")
}

fn expectation(target: &Target) -> Checked {
    for request in [confirm(), upload("", 8192)] {
        let asked = target.ask(&request.with("Expect", "miracles"))?;
        asked.is_problem(417, "expectation")?;
    }
    Ok(())
}

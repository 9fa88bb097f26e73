//! What a path leads to: a page, a route of the app, a file that is missing, or nothing.

use faceplate::media;

use super::{ASKED, NOTHING, is_body_of};
use crate::conformance::{
    request::Request,
    row::{Checked, Row, skip},
    target::Target,
};

pub(in crate::conformance) const ROWS: &[Row<Target>] = &[
    Row::reads(
        "files/index",
        index,
        "/index.html and /index are the page at /",
        "look for a path as NAME, then as NAME.html, each also with .gz",
    ),
    Row::reads(
        "files/route",
        route,
        "a route of the app gets its page from a browser: 200.html or index.html with 200, or 404.html with 404",
        "where no file has the name, and Accept has text/html, answer with the first of them that is there; a dot, \
         an encoded slash or an empty segment make a route no file",
    ),
    Row::reads(
        "files/no-route-for-programs",
        no_route,
        "a route gets 404 not-found from who does not ask for a page",
        "look for text/html in Accept, with a q above 0: `*/*` alone asks for no page",
    ),
    Row::reads(
        "files/missing",
        missing,
        "a file that is missing gets 404 not-found, also from a browser",
        "a name with an extension of the table faceplate::media is a file: a page in the place of a script breaks \
         apps in ways that are hard to find",
    ),
    Row::reads(
        "files/no-escape",
        no_escape,
        "no path leaves the root: . and .. are 404 not-found, however they are encoded",
        "decode the path once, then refuse segments of . and ..; never hand a path to a file system undecoded",
    ),
    Row::reads(
        "files/bad-path",
        bad_path,
        "a path that is not percent-encoded UTF-8, or has control characters, gets 400 bad-path",
        "check it before you look for a file: %00 ends a name in C",
    ),
];

fn index(target: &Target) -> Checked {
    let page = &target.site()?.page;
    for path in ["/index.html", "/index", "/index.html?v=1"] {
        let asked = target.ask(&Request::page(path))?;
        asked.has_status(200)?;
        is_body_of(&asked, page)?;
    }
    Ok(())
}

fn route(target: &Target) -> Checked {
    target.site()?;
    for path in [
        NOTHING,
        "/faceplate-conformance/a/b",
        "/faceplate-conformance/192.168.1.5",
        "/faceplate-conformance%2Fa",
        "/faceplate-conformance//a",
    ] {
        let asked = target.ask(&Request::page(path))?;
        if !matches!(asked.response.status, 200 | 404) {
            return Err(asked.miss("200 or 404, with a page"));
        }
        // A frontend without any of these has no page to show.
        if asked.response.status == 404 && asked.is_problem(404, "not-found").is_ok() {
            return Err(skip("the frontend has no 200.html, 404.html or index.html"));
        }
        asked.has_field("Content-Type", media::HTML)?;
        asked.has_field("Cache-Control", ASKED)?;
    }
    Ok(())
}

fn no_route(target: &Target) -> Checked {
    target.site()?;
    for request in [
        Request::get(NOTHING),
        Request::get(NOTHING).with("Accept", "*/*"),
        Request::get(NOTHING).with("Accept", "application/json"),
        Request::get(NOTHING).with("Accept", "text/html;q=0, application/json"),
    ] {
        target.ask(&request)?.is_problem(404, "not-found")?;
    }
    Ok(())
}

fn missing(target: &Target) -> Checked {
    target.site()?;
    for path in [
        "/faceplate-conformance.js",
        "/assets/faceplate-conformance.css",
        "/faceplate-conformance/a.PNG",
    ] {
        let asked = target.ask(&Request::page(path))?;
        asked.is_problem(404, "not-found")?;
    }
    // A page that is missing may have a page that says so.
    for path in [
        "/faceplate-conformance.html",
        "/index.html/",
        "//index.html",
    ] {
        target.ask(&Request::page(path))?.has_status(404)?;
    }
    Ok(())
}

fn no_escape(target: &Target) -> Checked {
    target.site()?;
    for path in [
        "/..",
        "/../index.html",
        "/./index.html",
        "/assets/../index.html",
        "/%2e%2e/index.html",
        "/.%2E/index.html",
        "/..%2findex.html",
        "/assets/..%2F..%2Findex.html",
    ] {
        let asked = target.ask(&Request::page(path))?;
        asked.is_problem(404, "not-found")?;
    }
    Ok(())
}

fn bad_path(target: &Target) -> Checked {
    for path in [
        "/%",
        "/%zz",
        "/%0",
        "/%ff",
        "/%c0%ae",
        "/index.html%00",
        "/a%0d%0a",
    ] {
        let asked = target.ask(&Request::page(path))?;
        asked.is_problem(400, "bad-path")?;
    }
    Ok(())
}

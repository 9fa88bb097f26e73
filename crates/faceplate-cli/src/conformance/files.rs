//! The files of the frontend, as far as its first page leads to them.

pub(super) mod compressed;
pub(super) mod paths;
pub(super) mod ranges;
pub(super) mod tags;

use faceplate::media;

use super::{
    request::Request,
    row::{Checked, Row, skip},
    status::STATUS,
    talk::{Asked, Talk},
    target::Target,
};

pub(super) const KEPT: &str = "max-age=31536000, immutable";
pub(super) const ASKED: &str = "no-cache";
/// What no frontend has.
const NOTHING: &str = "/faceplate-conformance";

pub(super) const ROWS: &[Row<Target>] = &[
    Row::reads(
        "files/page",
        page,
        "/ is index.html, as text/html; charset=utf-8",
        "serve the file index.html, or index.html.gz with Content-Encoding: gzip, from the active slot",
    ),
    Row::reads(
        "files/types",
        types,
        "a file has the Content-Type of its extension",
        "take it from the table faceplate::media, charset included: with nosniff, browsers run no script and use no \
         style sheet of another type",
    ),
    Row::reads(
        "files/caching",
        caching,
        "a page is sent with no-cache; a file whose name changes with its content with max-age=31536000, immutable",
        "take the mark in the image (docs/http-api.md, Files); what has none is sent with Cache-Control: no-cache",
    ),
    Row::reads(
        "files/frames",
        frames,
        "pages are sent with Content-Security-Policy: frame-ancestors 'self'",
        "add it to everything that is HTML, stored compressed or not: no foreign page may show it in a frame",
    ),
    Row::reads(
        "files/head",
        head,
        "HEAD has all fields of GET, and no body",
        "send the same fields, Content-Length included; the next answer on the connection begins right behind them",
    ),
];

fn page(target: &Target) -> Checked {
    let page = &target.site()?.page;
    page.has_field("Content-Type", media::HTML)?;
    match page.response.body.is_empty() {
        true => Err(page.miss("a page")),
        false => Ok(()),
    }
}

fn types(target: &Target) -> Checked {
    let site = target.site()?;
    let mut tried = 0;
    for (path, asked) in site.all().skip(1) {
        let path = path.split('?').next().unwrap_or_default();
        if let Some(known) = media::of(path) {
            asked.has_field("Content-Type", known.name)?;
            tried += 1;
        }
    }
    match tried {
        0 => Err(skip("the page loads nothing")),
        _ => Ok(()),
    }
}

fn caching(target: &Target) -> Checked {
    let site = target.site()?;
    site.page.has_field("Cache-Control", ASKED)?;
    for (_, asked) in site.all().skip(1) {
        let cache = asked.response.field("cache-control");
        if !matches!(cache, Some(KEPT | ASKED)) {
            let got = cache.map_or_else(
                || "no Cache-Control".to_owned(),
                |cache| format!("Cache-Control: {cache}"),
            );
            let wanted = format!("Cache-Control: {KEPT}, or: {ASKED}");
            return Err(asked.differs(wanted, &got));
        }
    }
    Ok(())
}

fn frames(target: &Target) -> Checked {
    let site = target.site()?;
    let route = target.ask(&Request::page(NOTHING))?;
    for page in [&site.page, &route] {
        if page.response.field("content-type") == Some(media::HTML) {
            has_policy(page, "frame-ancestors 'self'")?;
        }
    }
    Ok(())
}

/// Whether the policy of a page has this directive.
pub(super) fn has_policy(page: &Asked, directive: &str) -> Checked {
    let policies = page.response.fields().iter();
    let mut policies = policies.filter(|(name, _)| name == "content-security-policy");
    let has = |policy: &str| policy.split(';').any(|one| one.trim() == directive);
    match policies.any(|(_, policy)| has(policy)) {
        true => Ok(()),
        false => Err(page.differs(
            format!("Content-Security-Policy: {directive}"),
            page.response
                .field("content-security-policy")
                .unwrap_or("no such Content-Security-Policy"),
        )),
    }
}

fn head(target: &Target) -> Checked {
    for (path, _) in target.site()?.all() {
        let get = target.ask(&Request::get(path))?;
        let mut talk = Talk::open(target)?;
        talk.send(&Request::new("HEAD", path));
        let head = talk.answer()?;
        head.has_status(get.response.status)?;
        for name in [
            "Content-Type",
            "Content-Length",
            "Content-Encoding",
            "ETag",
            "Cache-Control",
        ] {
            head.has_field_of(name, &get)?;
        }
        // A body would be the beginning of the next answer.
        talk.send(&Request::get(STATUS));
        talk.answer()?.has_status(200)?;
    }
    Ok(())
}

fn is_body_of(asked: &Asked, other: &Asked) -> Checked {
    let (len, wanted) = (asked.response.body.len(), other.response.body.len());
    match asked.response.body == other.response.body {
        true => Ok(()),
        false => Err(asked.differs(
            format!("the same {wanted} bytes as before"),
            &format!("{len} others"),
        )),
    }
}

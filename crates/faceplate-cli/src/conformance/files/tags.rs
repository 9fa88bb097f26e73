//! Entity tags, and the requests that depend on them.

use super::is_body_of;
use crate::conformance::{
    request::Request,
    row::{Checked, Row, Stop, skip},
    talk::Asked,
    target::Target,
};

pub(in crate::conformance) const ROWS: &[Row<Target>] = &[
    Row::reads(
        "files/etag",
        etag,
        "every file has a strong ETag, the same each time",
        "make it of the hash over the stored bytes, which the image has; two files have different ones",
    ),
    Row::reads(
        "files/not-modified",
        not_modified,
        "If-None-Match with the ETag, alone, weak, in a list, or as * is answered with 304 and no body",
        "compare weakly (RFC 9110, 13.1.2), and send ETag and Cache-Control with the 304",
    ),
    Row::reads(
        "files/modified",
        modified,
        "If-None-Match with another tag, or with nonsense, is answered with the file",
        "what cannot be read matches nothing",
    ),
];

fn tag(asked: &Asked) -> Result<&str, Stop> {
    let tag = asked.field("ETag")?;
    match tag.len() > 2 && tag.starts_with('"') && tag.ends_with('"') {
        true => Ok(tag),
        false => Err(asked.differs("a strong ETag: \"…\"", &format!("ETag: {tag}"))),
    }
}

/// The same for a row that is about something else.
pub(super) fn known_tag(asked: &Asked) -> Result<&str, Stop> {
    tag(asked).map_err(|_| skip("the files have no strong ETag: see files/etag"))
}

fn etag(target: &Target) -> Checked {
    let site = target.site()?;
    let mut seen: Vec<(&str, &[u8])> = Vec::new();
    for (path, asked) in site.all() {
        let found = tag(asked)?;
        let body = &*asked.response.body;
        if seen
            .iter()
            .any(|&(tag, other)| tag == found && other != body)
        {
            return Err(asked.differs(
                "an ETag of its own",
                &format!("that of another file, {found}"),
            ));
        }
        seen.push((found, body));
        let again = target.ask(&Request::get(path).with("Accept-Encoding", "gzip"))?;
        again.has_field("ETag", found)?;
    }
    Ok(())
}

fn not_modified(target: &Target) -> Checked {
    for (path, asked) in target.site()?.all() {
        let tag = known_tag(asked)?;
        for tags in [
            tag.to_owned(),
            format!("W/{tag}"),
            format!("\"other, one\", W/\"x\" ,{tag}"),
            "*".to_owned(),
        ] {
            let request = Request::get(path).with("If-None-Match", tags);
            let again = target.ask(&request)?;
            again.has_status(304)?;
            again.has_field("ETag", tag)?;
            again.has_field_of("Cache-Control", asked)?;
        }
    }
    Ok(())
}

fn modified(target: &Target) -> Checked {
    let site = target.site()?;
    let unquoted = known_tag(&site.page)?.trim_matches('"');
    for tags in ["\"other\"", unquoted, "nonsense", "\""] {
        let asked = target.ask(&Request::page("/").with("If-None-Match", tags))?;
        asked.has_status(200)?;
        is_body_of(&asked, &site.page)?;
    }
    Ok(())
}

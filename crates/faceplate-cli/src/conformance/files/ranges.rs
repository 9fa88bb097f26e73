//! Parts of files.

use super::{is_body_of, tags::known_tag};
use crate::conformance::{
    request::Request,
    row::{Checked, Row, Stop},
    talk::Asked,
    target::Target,
};

pub(in crate::conformance) const ROWS: &[Row<Target>] = &[
    Row::reads(
        "files/range",
        range,
        "one range of a file that is stored as it is gets 206 with Content-Range",
        "answer bytes=A-B, A- and -N; Accept-Ranges: bytes, and the ETag of the whole",
    ),
    Row::reads(
        "files/range-outside",
        range_outside,
        "a range that is not in the file gets 416 range, and Content-Range: bytes */LENGTH",
        "compare its beginning with the length of the file",
    ),
    Row::reads(
        "files/range-ignored",
        range_ignored,
        "several ranges, and what is no range, are answered with the whole file",
        "a server may ignore Range (RFC 9110, 14.2): do so in all these cases",
    ),
    Row::reads(
        "files/if-range",
        if_range,
        "with If-Range the part is sent only if that is exactly the ETag",
        "compare strongly; a date and a weak tag never match",
    ),
    Row::reads(
        "files/range-of-compressed",
        range_of_compressed,
        "a compressed file has no parts: it is sent whole",
        "ignore Range where Content-Encoding is sent",
    ),
];

fn ask_range(target: &Target, path: &str, range: &str) -> Result<Asked, Stop> {
    target.ask(&Request::get(path).with("Range", format!("bytes={range}")))
}

fn range(target: &Target) -> Checked {
    let (path, whole) = target.site()?.plain()?;
    whole.has_field("Accept-Ranges", "bytes")?;
    let body = &whole.response.body;
    let len = body.len();
    for (range, from, end) in [
        ("0-0".to_owned(), 0, 1),
        ("1-2".to_owned(), 1, 3),
        (format!("{}-", len - 1), len - 1, len),
        (format!("1-{}", len + 5), 1, len),
        ("-2".to_owned(), len - 2, len),
    ] {
        let part = ask_range(target, path, &range)?;
        part.has_status(206)?;
        let says = format!("bytes {from}-{}/{len}", end - 1);
        part.has_field("Content-Range", &says)?;
        if part.response.body != body[from..end] {
            let got = format!("{} bytes, or others", part.response.body.len());
            return Err(part.differs(format!("the {} bytes there", end - from), &got));
        }
        for name in ["ETag", "Content-Type", "Cache-Control"] {
            part.has_field_of(name, whole)?;
        }
    }
    Ok(())
}

fn range_outside(target: &Target) -> Checked {
    let (path, whole) = target.site()?.plain()?;
    let len = whole.response.body.len();
    for range in [
        format!("{len}-"),
        format!("{}-{}", len + 1, len + 2),
        "-0".to_owned(),
    ] {
        let asked = ask_range(target, path, &range)?;
        asked.is_problem(416, "range")?;
        asked.has_field("Content-Range", &format!("bytes */{len}"))?;
    }
    Ok(())
}

fn range_ignored(target: &Target) -> Checked {
    let (path, whole) = target.site()?.plain()?;
    for range in ["0-0,2-2", "2-1", "x"] {
        let asked = ask_range(target, path, range)?;
        asked.has_status(200)?;
        is_body_of(&asked, whole)?;
    }
    Ok(())
}

fn if_range(target: &Target) -> Checked {
    let (path, whole) = target.site()?.plain()?;
    let tag = known_tag(whole)?;
    for (condition, status) in [
        (tag.to_owned(), 206),
        (format!("W/{tag}"), 200),
        ("\"other\"".to_owned(), 200),
        ("Wed, 21 Oct 2015 07:28:00 GMT".to_owned(), 200),
    ] {
        let request = Request::get(path)
            .with("Range", "bytes=1-1")
            .with("If-Range", condition);
        target.ask(&request)?.has_status(status)?;
    }
    Ok(())
}

fn range_of_compressed(target: &Target) -> Checked {
    let (path, whole) = target.site()?.compressed()?;
    let asked = ask_range(target, path, "0-1")?;
    asked.has_status(200)?;
    is_body_of(&asked, whole)
}

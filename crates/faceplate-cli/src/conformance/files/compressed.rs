//! Files that are stored compressed.

use super::is_body_of;
use crate::conformance::{
    request::Request,
    row::{Checked, Row},
    site::unpacked,
    target::Target,
};

pub(in crate::conformance) const ROWS: &[Row<Target>] = &[
    Row::reads(
        "files/compressed",
        compressed,
        "a compressed file has Content-Encoding: gzip, Vary: Accept-Encoding and Accept-Ranges: none",
        "send these three with what is stored as name.gz; the type is that of name",
    ),
    Row::reads(
        "files/compressed-by-default",
        compressed_by_default,
        "a client that sends no Accept-Encoding, or takes gzip in any way, gets the compressed file",
        "only an Accept-Encoding that leaves gzip out, or gives it q=0, refuses it (RFC 9110, 12.5.3)",
    ),
    Row::reads(
        "files/not-acceptable",
        not_acceptable,
        "a client that does not take gzip gets 406 compressed",
        "answer with the problem, no-store, and Vary: Accept-Encoding; the bytes would be no use to it",
    ),
];

fn compressed(target: &Target) -> Checked {
    let (_, asked) = target.site()?.compressed()?;
    asked.has_field("Vary", "Accept-Encoding")?;
    asked.has_field("Accept-Ranges", "none")?;
    match unpacked(&asked.response.body) {
        Some(_) => Ok(()),
        None => Err(asked.differs("a body that gzip unpacks", "one that it does not")),
    }
}

fn compressed_by_default(target: &Target) -> Checked {
    let (path, first) = target.site()?.compressed()?;
    let request = || Request::get(path);
    for request in [
        request(),
        request().with("Accept-Encoding", "gzip, deflate, br"),
        request().with("Accept-Encoding", "*"),
        request().with("Accept-Encoding", "br;q=1, gzip;q=0.1"),
    ] {
        let asked = target.ask(&request)?;
        asked.has_status(200)?;
        is_body_of(&asked, first)?;
    }
    Ok(())
}

fn not_acceptable(target: &Target) -> Checked {
    let (path, _) = target.site()?.compressed()?;
    for accepted in ["identity", "gzip;q=0", "br"] {
        let asked = target.ask(&Request::get(path).with("Accept-Encoding", accepted))?;
        asked.is_problem(406, "compressed")?;
        asked.has_field("Vary", "Accept-Encoding")?;
        asked.has_field("Cache-Control", "no-store")?;
    }
    Ok(())
}

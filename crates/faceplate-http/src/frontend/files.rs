//! The files of the frontend that is served.

use embedded_io_async::Write;
use faceplate::media;

use super::{
    conditional::{ETag, not_modified},
    lookup::{Content, Found, find},
    range::{Part, Range, range},
};
use crate::{
    Device,
    http::{
        accept::accepts_gzip,
        head::Head,
        tx::{Header, NONE, Tx},
    },
    problem::{Failed, Gone, Refusal},
    recovery,
};

/// Answers a GET or HEAD for anything that is no API.
pub(crate) async fn get<D: Device, W: Write>(
    device: &D,
    head: &Head<'_>,
    tx: &mut Tx<'_, D, W>,
) -> Result<(), Failed> {
    // Relative, so that it leads to the right place behind a proxy that takes a prefix away; with a
    // dot in front, since a name with a colon in it would be taken for a scheme.
    let last = head
        .path
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or_default();
    let question = if head.query.is_empty() { "" } else { "?" };
    let query = head.query;
    match find(device, head, tx.scratch()).await? {
        Found::File(content) => send(head, tx, content).await,
        Found::Into => redirect(tx, &format_args!("./{last}/{question}{query}")).await,
        Found::OutOf => redirect(tx, &format_args!("../{last}{question}{query}")).await,
        Found::Recovery => Ok(recovery::page(tx, recovery::RECOVERY, head.path).await?),
    }
}

async fn redirect<D: Device, W: Write>(
    tx: &mut Tx<'_, D, W>,
    to: &core::fmt::Arguments<'_>,
) -> Result<(), Failed> {
    // The next frontend may have a file there.
    let headers: [Header<'_>; 2] = [("Location", to), ("Cache-Control", &"no-cache")];
    Ok(tx.text(308, &headers, &"").await?)
}

async fn send<D: Device, W: Write>(
    head: &Head<'_>,
    tx: &mut Tx<'_, D, W>,
    content: Content<D::Flash>,
) -> Result<(), Failed> {
    let Content {
        mut file,
        gzip,
        content_type,
        immutable,
        status,
    } = content;
    if gzip && !accepts_gzip(head) {
        return Err(Refusal::Compressed.into());
    }
    let etag = ETag(file.hash().await.map_err(Refusal::Storage)?);
    let cache: Header<'_> = match immutable {
        true => ("Cache-Control", &"max-age=31536000, immutable"),
        false => ("Cache-Control", &"no-cache"),
    };
    let vary = only_if(gzip, ("Vary", &"Accept-Encoding"));
    // Conditions are of what would be there otherwise (RFC 9110, 13.2.1), so not of an error.
    let is_there = status == 200;
    if is_there && not_modified(head, etag) {
        tx.head(304, &[("ETag", &etag), cache, vary], None).await?;
        return Ok(tx.flush().await?);
    }
    let size = file.size();
    // Of compressed content a part is of no use: who seeks does so in what it is the content of.
    let part = match is_there && !gzip {
        true => range(head, size, etag),
        false => Range::Whole,
    };
    let (status, part) = match part {
        Range::Whole => (status, whole(size)),
        Range::Part(part) => (206, part),
        Range::Outside => return Err(Refusal::Range { size }.into()),
    };
    let headers: [Header<'_>; 8] = [
        ("ETag", &etag),
        cache,
        vary,
        ("Content-Type", &content_type),
        only_if(gzip, ("Content-Encoding", &"gzip")),
        ("Accept-Ranges", if gzip { &"none" } else { &"bytes" }),
        only_if(status == 206, ("Content-Range", &part)),
        // Its buttons may confirm or roll back: no foreign page may show it in a frame and guide
        // clicks.
        only_if(
            matches!(content_type, media::HTML | "application/xhtml+xml"),
            ("Content-Security-Policy", &"frame-ancestors 'self'"),
        ),
    ];
    tx.head(status, &headers, Some(u64::from(part.len))).await?;
    file.seek(part.from);
    let mut left = if tx.framing().head_only { 0 } else { part.len };
    while left > 0 {
        let room = tx.space().await?;
        let most = room.len().min(left as usize);
        // The length is promised: a file that turns out otherwise must end the connection.
        match file.read(&mut room[..most]).await {
            Ok(n) if n > 0 => {
                tx.filled(n);
                left -= n as u32;
            }
            _ => return Err(Gone.into()),
        }
    }
    Ok(tx.flush().await?)
}

/// A header that is sent only sometimes.
const fn only_if(sent: bool, header: Header<'_>) -> Header<'_> {
    if sent { header } else { NONE }
}

const fn whole(size: u32) -> Part {
    Part {
        from: 0,
        len: size,
        of: size,
    }
}

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
    ota::slot::{self, Wanted},
    problem::{Failed, Gone, Refusal},
    recovery,
};

/// Answers a GET or HEAD for anything that is no API, or for an `image`. `bytes` are its head, which is not kept
/// taken apart while the file is sent.
pub(crate) async fn get<D: Device, W: Write>(
    device: &D,
    image: Option<Wanted>,
    bytes: &[u8],
    tx: &mut Tx<'_, D, W>,
) -> Result<(), Failed> {
    let (Target { path, last, query }, mut found) = look_up(device, image, bytes, tx.scratch())?;
    let question = if query.is_empty() { "" } else { "?" };
    match &mut found {
        Found::File(content) => send(bytes, tx, content).await,
        Found::Into => redirect(tx, &format_args!("./{last}/{question}{query}")).await,
        Found::OutOf => redirect(tx, &format_args!("../{last}{question}{query}")).await,
        Found::Recovery => Ok(recovery::page(tx, recovery::RECOVERY, path).await?),
    }
}

/// What a request is for, as it was written.
struct Target<'b> {
    path: &'b str,
    /// The last segment of the path.
    last: &'b str,
    query: &'b str,
}

/// Finds what a request is for. Not inlined: what it takes of the stack is not beside that of a change.
#[inline(never)]
fn look_up<'b, D: Device>(
    device: &D,
    image: Option<Wanted>,
    bytes: &'b [u8],
    scratch: &mut [u8],
) -> Result<(Target<'b>, Found<D::Flash>), Refusal> {
    let head = Head::parse(bytes)?;
    // Relative, so that it leads to the right place behind a proxy that takes a prefix away; with a
    // dot in front, since a name with a colon in it would be taken for a scheme.
    let last = head
        .path
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or_default();
    let (path, query) = (head.path, head.query);
    let target = Target { path, last, query };
    let found = match image {
        Some(image) => Found::File(slot::image(device, image)?),
        None => find(device, &head, scratch)?,
    };
    Ok((target, found))
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
    bytes: &[u8],
    tx: &mut Tx<'_, D, W>,
    content: &mut Content<D::Flash>,
) -> Result<(), Failed> {
    let Content {
        file,
        gzip,
        content_type,
        cache,
        status,
    } = content;
    let gzip = *gzip;
    let cache = cache.control();
    let etag = ETag(file.hash().await.map_err(Refusal::Storage)?);
    let size = file.size();
    let cache: Header<'_> = ("Cache-Control", &cache);
    let vary = only_if(gzip, ("Vary", &"Accept-Encoding"));
    let wanted = wanted(bytes, etag, size, gzip, *status)?;
    let (status, part) = match wanted {
        Sent::Nothing => {
            tx.head(304, &[("ETag", &etag), cache, vary], None).await?;
            return Ok(tx.flush().await?);
        }
        Sent::Whole => (*status, whole(size)),
        Sent::Part(part) => (206, part),
    };
    let headers: [Header<'_>; 8] = [
        ("ETag", &etag),
        cache,
        vary,
        ("Content-Type", content_type),
        only_if(gzip, ("Content-Encoding", &"gzip")),
        ("Accept-Ranges", if gzip { &"none" } else { &"bytes" }),
        only_if(status == 206, ("Content-Range", &part)),
        // Its buttons may confirm or roll back: no foreign page may show it in a frame and guide
        // clicks.
        only_if(
            matches!(*content_type, media::HTML | "application/xhtml+xml"),
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
        match file.read(&mut room[..most]) {
            Ok(n) if n > 0 => {
                tx.filled(n);
                left -= n as u32;
            }
            _ => return Err(Gone.into()),
        }
    }
    Ok(tx.flush().await?)
}

/// What of a file is to be sent.
enum Sent {
    /// The client has it.
    Nothing,
    Whole,
    Part(Part),
}

/// What of a file of `size` bytes, which would be answered with `status`, a request wants.
fn wanted(bytes: &[u8], etag: ETag, size: u32, gzip: bool, status: u16) -> Result<Sent, Refusal> {
    let head = &Head::parse(bytes)?;
    if gzip && !accepts_gzip(head) {
        return Err(Refusal::Compressed);
    }
    // Conditions are of what would be there otherwise (RFC 9110, 13.2.1), so not of an error.
    let is_there = status == 200;
    if is_there && not_modified(head, etag) {
        return Ok(Sent::Nothing);
    }
    // Of compressed content a part is of no use: who seeks does so in what it is the content of.
    let part = match is_there && !gzip {
        true => range(head, size, etag),
        false => Range::Whole,
    };
    match part {
        Range::Whole => Ok(Sent::Whole),
        Range::Part(part) => Ok(Sent::Part(part)),
        Range::Outside => Err(Refusal::Range { size }),
    }
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

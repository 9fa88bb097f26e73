//! The files of the frontend that is served.

use embedded_io_async::Write;
use faceplate::{OpenFile, State};

use crate::{
    Device,
    conditional::{ETag, not_modified},
    head::{Head, list},
    media::{content_type, extension, is_asset, is_immutable},
    path::Path,
    problem::{Failed, Refusal},
    recovery,
    tx::{Header, Tx},
};

/// What a path leads to.
enum Found<F> {
    /// A file.
    File(Content<F>),
    /// A directory whose name lacks the `/` at its end: relative links in its page would be wrong.
    Directory,
    /// The recovery page, in place of a page that is not there.
    Recovery,
}

/// A file, and what is told of it.
struct Content<F> {
    file: OpenFile<F>,
    gzip: bool,
    content_type: &'static str,
    immutable: bool,
}

/// Answers a GET or HEAD for anything that is no API.
pub(crate) async fn get<D: Device, W: Write>(
    device: &D,
    head: &Head<'_>,
    tx: &mut Tx<'_, D, W>,
) -> Result<(), Failed> {
    match find(device, head, tx.scratch()).await? {
        Found::File(content) => send(head, tx, content).await,
        Found::Directory => {
            let query = if head.query.is_empty() { "" } else { "?" };
            let location = format_args!("{}/{query}{}", head.path, head.query);
            // The next frontend may have a file there.
            let headers: [Header<'_>; 2] =
                [("Location", &location), ("Cache-Control", &"no-cache")];
            Ok(tx.text(308, &headers, &"").await?)
        }
        Found::Recovery => Ok(recovery::page(tx, recovery::RECOVERY, head.path).await?),
    }
}

async fn find<D: Device>(
    device: &D,
    head: &Head<'_>,
    scratch: &mut [u8],
) -> Result<Found<D::Flash>, Refusal> {
    let mut path = Path::decode(head.path, scratch)?;
    let name = path.as_str();
    let extension = extension(name.strip_suffix('/').unwrap_or(name));
    let is_page = !is_asset(name) && extension.is_none() && accepts_html(head);
    if device.engine().state() == State::Recovery {
        // People keep addresses like `/update.html`, too.
        let is_page = is_page || extension == Some("html") && accepts_html(head);
        return match is_page || matches!(name, "" | "index.html") {
            true => Ok(Found::Recovery),
            false => Err(Refusal::NoFrontend),
        };
    }
    let content_type = content_type(name);
    let immutable = is_immutable(name);
    if name.is_empty() || name.ends_with('/') {
        if let Some(found) = open(device, &mut path, "index.html", HTML, false).await? {
            return Ok(found);
        }
    } else {
        if let Some(found) = open(device, &mut path, "", content_type, immutable).await? {
            return Ok(found);
        }
        if open(device, &mut path, "/index.html", HTML, false)
            .await?
            .is_some()
        {
            return Ok(Found::Directory);
        }
    }
    // A single-page app has routes that are no files.
    if is_page {
        let mut index = Path::decode("/", scratch)?;
        if let Some(found) = open(device, &mut index, "index.html", HTML, false).await? {
            return Ok(found);
        }
    }
    Err(Refusal::NoSuchFile)
}

const HTML: &str = "text/html; charset=utf-8";

/// The file called `path` with `suffix`, or the compressed one.
async fn open<D: Device>(
    device: &D,
    path: &mut Path<'_>,
    suffix: &str,
    content_type: &'static str,
    immutable: bool,
) -> Result<Option<Found<D::Flash>>, Refusal> {
    let len = path.len();
    let mut found = None;
    for (more, gzip) in [(suffix, false), (".gz", true)] {
        // A path that does not fit is longer than any that an image can hold.
        if path.push(more.as_bytes()).is_none() {
            break;
        }
        if let Some(file) = device
            .engine()
            .open(path.as_str())
            .await
            .map_err(Refusal::Storage)?
        {
            // Whoever packed it knows; in an image without marks the name has to tell. The address of
            // a page that stands in is no name of its content.
            let marked = file.marks().map_or(immutable, |marks| marks.immutable);
            let immutable = suffix.is_empty() && marked;
            found = Some(Found::File(Content {
                file,
                gzip,
                content_type,
                immutable,
            }));
            break;
        }
    }
    path.truncate(len);
    Ok(found)
}

/// Whether a browser asks for a page, and not a script or a program for data: `*/*` does not count.
fn accepts_html(head: &Head<'_>) -> bool {
    head.all("Accept").flat_map(list).any(|range| {
        let mut parts = range.split(|&byte| byte == b';').map(<[u8]>::trim_ascii);
        let html = parts.next().is_some_and(|media_type| {
            media_type.eq_ignore_ascii_case(b"text/html")
                || media_type.eq_ignore_ascii_case(b"application/xhtml+xml")
        });
        html && !parts.any(is_zero_weight)
    })
}

/// `q=0`, `q=0.0` and so on: not acceptable.
fn is_zero_weight(parameter: &[u8]) -> bool {
    match parameter {
        [b'q' | b'Q', b'=', b'0', rest @ ..] => rest.iter().all(|byte| matches!(byte, b'.' | b'0')),
        _ => false,
    }
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
    } = content;
    let etag = ETag(file.hash().await.map_err(Refusal::Storage)?);
    let cache = match immutable {
        true => "max-age=31536000, immutable",
        false => "no-cache",
    };
    let encoding: Header<'_> = ("Content-Encoding", &"gzip");
    // Its buttons may confirm or roll back: no foreign page may show it in a frame and guide clicks.
    let framing: Header<'_> = ("Content-Security-Policy", &"frame-ancestors 'self'");
    let is_page = matches!(content_type, HTML | "application/xhtml+xml");
    let headers: [Header<'_>; 5] = [
        ("ETag", &etag),
        ("Cache-Control", &cache),
        ("Content-Type", &content_type),
        if gzip { encoding } else { framing },
        framing,
    ];
    if not_modified(head, etag) {
        tx.head(304, &headers[..2], None).await?;
        return Ok(tx.flush().await?);
    }
    let headers = &headers[..3 + usize::from(gzip) + usize::from(is_page)];
    let size = file.size();
    tx.head(200, headers, Some(u64::from(size))).await?;
    let mut left = if tx.framing().head_only { 0 } else { size };
    while left > 0 {
        let room = tx.space().await?;
        // The length is promised: a file that turns out otherwise must end the connection.
        match file.read(room).await {
            Ok(n) if n > 0 && n as u64 <= u64::from(left) => {
                tx.filled(n);
                left -= n as u32;
            }
            _ => return Err(Failed::Gone),
        }
    }
    Ok(tx.flush().await?)
}

//! Which file a path means.
//!
//! A path is the name of a file, or of a page without its extension, or of a folder with an index;
//! anything else that a browser wants to show is a route of the app, or a page that is missing. As with
//! `vite preview`, `name.html` comes before the folder `name/` for `/name`, and after it for `/name/`.

use faceplate::{OpenFile, State, media};

use crate::{
    Device, frontend::guess::is_immutable, http::accept::accepts_html, http::head::Head,
    http::path::Path, problem::Refusal,
};

/// What a path leads to.
pub(crate) enum Found<F> {
    /// A file.
    File(Content<F>),
    /// A page whose address has a `/` at its end, which is missing: relative links would be wrong.
    Into,
    /// A page whose address has none, but the path does.
    OutOf,
    /// The recovery page, in place of a page that is not there.
    Recovery,
}

/// A file, and what is told of it.
pub(crate) struct Content<F> {
    pub(crate) file: OpenFile<F>,
    pub(crate) gzip: bool,
    pub(crate) content_type: &'static str,
    pub(crate) cache: Cache,
    /// 200, or 404 for a page that says so.
    pub(crate) status: u16,
}

/// How long browsers keep it.
#[derive(Clone, Copy)]
pub(crate) enum Cache {
    /// Until it is another one, for which they ask.
    Asked,
    /// For a year, without asking.
    Immutable,
    /// Not at all.
    Never,
}

impl Cache {
    /// As `Cache-Control` says it.
    pub(crate) const fn control(self) -> &'static str {
        match self {
            Self::Asked => "no-cache",
            Self::Immutable => "max-age=31536000, immutable",
            Self::Never => "no-store",
        }
    }
}

/// What stands in for a page that is not there, the first that the frontend has: the page of an app
/// that wants all routes, the page that says that nothing is there, or the app's only page.
const STAND_INS: [(&str, u16); 3] = [("200.html", 200), MISSING, ("index.html", 200)];
/// The page that says that nothing is there.
const MISSING: (&str, u16) = ("404.html", 404);

/// Finds what to answer with.
pub(crate) fn find<D: Device>(
    device: &D,
    head: &Head<'_>,
    scratch: &mut [u8],
) -> Result<Found<D::Flash>, Refusal> {
    let mut path = Path::decode(head.path, scratch)?;
    let name = path.as_str();
    // An extension of a known type alone makes a name that of a file. All others are routes, with a
    // dot (`/device/192.168.1.5`) and in folders of files (`/assets/kitchen`).
    let known = media::of(name.trim_end_matches('/'));
    let is_route = known.is_none();
    let is_page = known.is_some_and(media::MediaType::is_page);
    let wanted = accepts_html(head);
    if device.engine().state() == State::Recovery {
        // People keep addresses like `/update.html`, too.
        return match wanted && (is_route || is_page) || matches!(name, "" | "index.html") {
            true => Ok(Found::Recovery),
            false => Err(Refusal::NoFrontend),
        };
    }
    if path.names_a_file()
        && let Some(found) = named(device, &mut path)?
    {
        return Ok(found);
    }
    let stand_ins = match () {
        () if wanted && is_route => &STAND_INS[..],
        // A page of a site that has a word for that.
        () if wanted && is_page => &[MISSING],
        () => &[],
    };
    let mut top = Path::decode("/", scratch)?;
    for (page, status) in stand_ins {
        if let Some(content) = open(device, &mut top, page, media::HTML)? {
            let status = *status;
            return Ok(Found::File(Content { status, ..content }));
        }
    }
    Err(Refusal::NoSuchFile)
}

/// What a path names, if it names something.
fn named<D: Device>(device: &D, path: &mut Path<'_>) -> Result<Option<Found<D::Flash>>, Refusal> {
    let name = path.as_str();
    let (len, is_top) = (path.len(), name.is_empty());
    if is_top || name.ends_with('/') {
        if let Some(page) = open(device, path, "index.html", media::HTML)? {
            return Ok(Some(Found::File(page)));
        }
        if is_top {
            return Ok(None);
        }
        path.truncate(len - 1);
        let page = open(device, path, ".html", media::HTML)?;
        return Ok(page.map(|_| Found::OutOf));
    }
    let content_type = media::of(name).map_or(media::UNKNOWN, |known| known.name);
    for (suffix, content_type) in [("", content_type), (".html", media::HTML)] {
        if let Some(file) = open(device, path, suffix, content_type)? {
            return Ok(Some(Found::File(file)));
        }
    }
    let page = open(device, path, "/index.html", media::HTML)?;
    Ok(page.map(|_| Found::Into))
}

/// The file called `path` with `suffix`, or the compressed one.
fn open<D: Device>(
    device: &D,
    path: &mut Path<'_>,
    suffix: &str,
    content_type: &'static str,
) -> Result<Option<Content<D::Flash>>, Refusal> {
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
            .map_err(Refusal::Storage)?
        {
            found = Some((file, gzip));
            break;
        }
    }
    path.truncate(len);
    Ok(found.map(|(file, gzip)| Content {
        // Whoever packed it knows; in an image without marks the name has to tell. The address of a
        // page that stands in is no name of its content.
        cache: match suffix.is_empty()
            && match file.marks() {
                Some(marks) => marks.immutable,
                None => is_immutable(path.as_str()),
            } {
            true => Cache::Immutable,
            false => Cache::Asked,
        },
        file,
        gzip,
        content_type,
        status: 200,
    }))
}

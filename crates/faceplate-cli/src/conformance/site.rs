//! The frontend that a device serves, as far as its first page leads to it.

use std::io::Read as _;

use faceplate_pack::page;
use flate2::read::MultiGzDecoder;

use super::{
    request::Request,
    row::{Stop, skip},
    talk::Asked,
    target::Target,
};

/// Most files that are looked at: enough to have one of each kind.
const FILES: usize = 24;
/// So much of a file is unpacked.
const UNPACKED_MAX: u64 = 16 << 20;

/// The page at `/`, and what it loads.
pub(super) struct Site {
    pub(super) page: Asked,
    pub(super) files: Vec<File>,
}

/// A file that is there.
pub(super) struct File {
    pub(super) path: String,
    pub(super) asked: Asked,
}

impl Site {
    pub(super) fn load(target: &Target) -> Result<Self, Stop> {
        let page = target.ask(&Request::page("/"))?;
        page.has_status(200)?;
        let assets = page::assets(&html(&page), &target.address.to_string());
        let inside = assets.into_iter().filter(|asset| !asset.outside);
        let mut files = Vec::new();
        for asset in inside.take(FILES) {
            let request = Request::get(&*asset.path).with("Accept-Encoding", "gzip");
            let asked = target.ask(&request)?;
            // What is not there is the frontend's own matter.
            if asked.response.status == 200 {
                let path = asset.path;
                files.push(File { path, asked });
            }
        }
        Ok(Self { page, files })
    }

    /// Everything that was loaded, the page first.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &Asked)> {
        let files = self.files.iter().map(|file| (&*file.path, &file.asked));
        std::iter::once(("/", &self.page)).chain(files)
    }

    /// A file that is stored compressed.
    pub(super) fn compressed(&self) -> Result<(&str, &Asked), Stop> {
        let found = self.all().find(|(_, asked)| is_compressed(asked));
        found.ok_or_else(|| skip("neither the page nor what it loads is stored compressed"))
    }

    /// A file that is stored as it is, long enough to have parts.
    pub(super) fn plain(&self) -> Result<(&str, &Asked), Stop> {
        let found = self
            .all()
            .find(|(_, asked)| !is_compressed(asked) && asked.response.body.len() >= 4);
        found.ok_or_else(|| {
            skip("neither the page nor what it loads is stored as it is, as a picture would be")
        })
    }
}

fn is_compressed(asked: &Asked) -> bool {
    asked.response.field("content-encoding") == Some("gzip")
}

/// A page as text. One that cannot be unpacked leads nowhere; files/compressed says that.
fn html(page: &Asked) -> String {
    let body = &page.response.body;
    let unpacked = is_compressed(page).then(|| unpacked(body).unwrap_or_default());
    String::from_utf8_lossy(unpacked.as_ref().unwrap_or(body)).into_owned()
}

/// What gzip made smaller; `None` where it did not.
pub(super) fn unpacked(body: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut decoder = MultiGzDecoder::new(body).take(UNPACKED_MAX);
    decoder.read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

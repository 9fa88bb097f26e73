//! Loading the new frontend as a browser would, and comparing it with the image.

use std::{io::Read as _, thread, time::Duration};

use faceplate_pack::page::{self, Asset};
use flate2::read::MultiGzDecoder;

use super::Image;
use crate::{
    device::{self, Address, ClientError, Response},
    progress::Progress,
};

/// How often something is asked for whose answer does not come, or may be another one the next time:
/// the device has just started.
const TRIES: u32 = 3;
/// The pause between two tries.
const PAUSE: Duration = Duration::from_millis(500);
/// Longest page that is scanned, unpacked.
const PAGE_MAX: u64 = 16 << 20;

/// What is wrong with a frontend.
#[derive(Debug)]
pub(super) struct Flaw {
    /// In words, with the path.
    pub(super) what: String,
    /// Whether the page certainly does not work. No answer may be the network's fault, what is not in
    /// the image may be made by the firmware, and a picture is no reason.
    pub(super) certain: bool,
}

/// Loads `/` and all that the page loads with it. Warns of what is missing but not needed.
pub(super) fn frontend(
    address: &Address,
    image: &Image,
    progress: &mut Progress,
) -> Result<(), Flaw> {
    let index = get(address, image, "index.html", "/", "text/html,*/*;q=0.8")?;
    compare(image, "index.html", "/", &index)?;
    let html = unpacked(&index);
    for asset in page::assets(&html, &address.to_string()) {
        let Asset {
            path,
            outside,
            needed,
        } = asset;
        if outside {
            progress.warn(&outside_of(address, &path));
        }
        let name = page::file_name(&path).unwrap_or_default();
        let response = get(address, image, &name, &path, "*/*")?;
        let compared = compare(image, &name, &path, &response);
        match (compared, needed || response.status == 200) {
            (Ok(()), _) => {}
            (Err(Flaw { what, certain }), true) => {
                let certain = certain && needed;
                return Err(Flaw { what, certain });
            }
            (Err(Flaw { what, .. }), false) => progress.warn(&what),
        }
    }
    Ok(())
}

/// Not certain to be wrong: it works where the page is opened without the proxy.
fn outside_of(address: &Address, path: &str) -> String {
    format!(
        "the page asks for {path} and not below {prefix}: opened at http://{address}/ it does not find \
         it; build it with relative addresses or for {prefix}/",
        prefix = address.prefix,
    )
}

fn get(
    address: &Address,
    image: &Image,
    name: &str,
    path: &str,
    accept: &str,
) -> Result<Response, Flaw> {
    let len = stored(image, name)
        .into_iter()
        .flatten()
        .map(Vec::len)
        .max();
    let mut tries = 0;
    loop {
        tries += 1;
        match device::file(address, path, accept, len.unwrap_or(0)) {
            Ok(response) if tries == TRIES || !may_pass(response.status) => return Ok(response),
            Err(error) if tries == TRIES || matches!(error, ClientError::NotHttp(_)) => {
                return Err(Flaw {
                    what: format!("no answer for {path}: {error}"),
                    certain: false,
                });
            }
            _ => thread::sleep(PAUSE),
        }
    }
}

/// Whether an answer with this status says more of the moment than of the file.
fn may_pass(status: u16) -> bool {
    status == 408 || status >= 500
}

/// Whether the answer for `path` is the file `name` of the image, byte for byte as it is stored.
fn compare(image: &Image, name: &str, path: &str, response: &Response) -> Result<(), Flaw> {
    let flaw = |certain, what| Err(Flaw { what, certain });
    if response.status != 200 {
        let what = format!("{path} is answered with status {}", response.status);
        return flaw(true, what);
    }
    let stored = stored(image, name);
    if stored.contains(&Some(&response.body)) {
        return Ok(());
    }
    match stored {
        // A page of the app's own making, or a folder's index.
        [None, None] => flaw(false, format!("{path} is not in the image")),
        _ => flaw(
            true,
            format!("{path} is answered with other bytes than the image has"),
        ),
    }
}

/// A file of the image, and its compressed form, of which one is there at most times.
fn stored<'a>(image: &'a Image, name: &str) -> [Option<&'a Vec<u8>>; 2] {
    [
        image.files.get(name),
        image.files.get(&format!("{name}.gz")),
    ]
}

/// The page as text.
fn unpacked(response: &Response) -> String {
    let mut bytes = Vec::new();
    let gzip = response
        .field("content-encoding")
        .is_some_and(|coding| coding.contains("gzip"));
    let read = match gzip {
        true => MultiGzDecoder::new(&*response.body)
            .take(PAGE_MAX)
            .read_to_end(&mut bytes),
        false => (&*response.body).take(PAGE_MAX).read_to_end(&mut bytes),
    };
    if read.is_err() {
        // The bytes are those of the image; a page that cannot be unpacked names nothing to load.
        bytes.clear();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

//! Loading the new frontend as a browser would, and comparing it with the image.

use std::{io::Read as _, thread, time::Duration};

use faceplate_pack::page::{self, Asset};
use flate2::read::MultiGzDecoder;

use super::{Image, PushError, runs};
use crate::{
    device::{self, Address, ClientError, Response},
    progress::Progress,
};

/// How often something is asked for whose answer does not come: the device has just started.
const TRIES: u32 = 3;
/// The pause between two tries.
const PAUSE: Duration = Duration::from_millis(500);
/// Longest page that is scanned, unpacked.
const PAGE_MAX: u64 = 16 << 20;

/// Loads `/` and all that the page loads with it. Gives what is missing but not needed.
pub(super) fn frontend(
    address: &Address,
    image: &Image,
    progress: &Progress,
) -> Result<Vec<String>, PushError> {
    load(address, image, progress).map_err(|what| match device::status(address) {
        // It may have gone back meanwhile.
        Ok((status, _)) => match runs(image.sha256(), &status) {
            Ok(()) => PushError::Broken {
                what,
                trial: status.trial,
            },
            Err(error) => error,
        },
        Err(_) => PushError::Gone { what },
    })
}

/// The same; what fails is said in words.
fn load(address: &Address, image: &Image, progress: &Progress) -> Result<Vec<String>, String> {
    let index = get(address, "/", "text/html,*/*;q=0.8")?;
    compare(image, "index.html", "/", &index)?;
    let html = unpacked(&index);
    let mut warnings = Vec::new();
    for Asset { path, needed } in page::assets(&html, &address.to_string()) {
        let response = get(address, &path, "*/*")?;
        let name = page::file_name(&path).unwrap_or_default();
        let compared = compare(image, &name, &path, &response);
        match (compared, needed || response.status == 200) {
            (Ok(()), _) => {}
            (Err(what), true) => return Err(what),
            (Err(what), false) => {
                progress.warn(&what);
                warnings.push(what);
            }
        }
    }
    Ok(warnings)
}

fn get(address: &Address, path: &str, accept: &str) -> Result<Response, String> {
    let mut tries = 0;
    loop {
        match device::file(address, path, accept) {
            Ok(response) => return Ok(response),
            Err(error) => {
                tries += 1;
                if tries == TRIES || matches!(error, ClientError::NotHttp(_)) {
                    return Err(format!("no answer for {path}: {error}"));
                }
                thread::sleep(PAUSE);
            }
        }
    }
}

/// Whether the answer for `path` is the file `name` of the image, byte for byte as it is stored.
fn compare(image: &Image, name: &str, path: &str, response: &Response) -> Result<(), String> {
    if response.status != 200 {
        return Err(format!(
            "{path} is answered with status {}",
            response.status
        ));
    }
    let stored = image
        .files
        .get(name)
        .or_else(|| image.files.get(&format!("{name}.gz")));
    match stored {
        Some(stored) if *stored == response.body => Ok(()),
        Some(_) => Err(format!(
            "{path} is answered with other bytes than the image has"
        )),
        // A page of the app's own making, or a folder's index.
        None => Err(format!("{path} is not in the image")),
    }
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

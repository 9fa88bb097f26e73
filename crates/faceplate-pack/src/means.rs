//! What in an image may confirm it, from its files alone.

use std::borrow::Cow;

use crate::{Unpacked, error::SIZE_MAX, gzip, stamp::SCRIPT_NAME};

/// Where the device takes a confirmation (docs/http-api.md): who never says so asks for nothing there.
const API: &[u8] = b"api/ota";
/// A file is not unpacked that is larger than this; it may hold anything.
const UNPACKED_MAX: u64 = 64 << 20;

/// What in an image may confirm it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// The script that stamping puts into each page.
    Script,
    /// The app's own code, perhaps: something in it names the API of the device.
    App,
    /// Nothing: no page of it can say that it works.
    Nothing,
}

impl Means {
    /// Looks into all files of an image.
    #[must_use]
    pub fn of(content: &[Unpacked]) -> Self {
        let files = content.iter().filter_map(|item| match item {
            Unpacked::File { path, bytes } => Some((&**path, &**bytes)),
            Unpacked::Folder { .. } => None,
        });
        let mut means = Self::Nothing;
        for (path, bytes) in files {
            if path.strip_suffix(".gz").unwrap_or(path) == SCRIPT_NAME {
                return Self::Script;
            }
            if means == Self::Nothing && asks(path, bytes) {
                means = Self::App;
            }
        }
        means
    }
}

/// Whether a file may be code that asks the device.
fn asks(path: &str, bytes: &[u8]) -> bool {
    let content = match path.ends_with(".gz") {
        true if bytes.len() > SIZE_MAX as usize => return true,
        true => gzip::content(bytes, UNPACKED_MAX).map_or(Cow::Borrowed(bytes), Cow::Owned),
        false => Cow::Borrowed(bytes),
    };
    content.windows(API.len()).any(|part| part == API)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Options, Stamp, pack, unpack};

    #[test]
    fn what_may_confirm_an_image_is_known_from_its_files() {
        let page = "<!doctype html><script src=app.js></script>";
        let long = |code: &str| format!("{code};{}", "x=1;".repeat(5000));
        let asks = "fetch('/api/ota/confirm',{method:'POST'})";
        for (code, stamp, means) in [
            ("x", Some(Stamp::Script), Means::Script),
            (asks, Some(Stamp::Script), Means::Script),
            (asks, Some(Stamp::Id), Means::App),
            // Packed, so that nothing of it can be read.
            (&*long(asks), Some(Stamp::Id), Means::App),
            (asks, None, Means::App),
            ("x", Some(Stamp::Id), Means::Nothing),
            ("fetch('/api/otter')", None, Means::Nothing),
            (&*long("x"), None, Means::Nothing),
        ] {
            let options = Options {
                stamp,
                ..Options::default()
            };
            let files = [("index.html", page), ("app.js", code)];
            let files = files.map(|(path, text)| (path.to_owned(), text.into()));
            let packed = pack(files.to_vec(), &options).unwrap();
            let content = unpack(&packed.image).unwrap();
            assert_eq!(Means::of(&content), means, "{stamp:?} {}", &code[..1]);
        }
    }
}

//! What in an image may confirm it, from its files alone.

use std::borrow::Cow;

use crate::{
    Unpacked,
    files::SCRIPT_NAME,
    gzip::{self, unpacked},
};

/// What the address ends in where the device takes a confirmation (docs/http-api.md), or begins with: who
/// never says either most likely asks for nothing there.
const API: [&[u8]; 2] = [b"api/ota", b"ota/confirm"];

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
    let content = match path.ends_with(".gz").then(|| unpacked(bytes)) {
        Some(Some(content)) => Cow::Owned(content),
        // Larger than what is looked into: it may hold anything.
        Some(None) if gzip::is_gzip(bytes) => return true,
        _ => Cow::Borrowed(bytes),
    };
    API.iter()
        .any(|name| content.windows(name.len()).any(|part| part == *name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Options, Stamp, pack, unpack};

    #[test]
    fn what_is_too_large_to_be_looked_into_may_confirm() {
        let file = |bytes: Vec<u8>| {
            let path = "app.js.gz".to_owned();
            Means::of(&[Unpacked::File { path, bytes }])
        };
        let large = gzip::compress(&vec![0; gzip::UNPACKED_MAX as usize + 1]);
        assert_eq!(file(large), Means::App);
        assert_eq!(file(b"no gzip".to_vec()), Means::Nothing);
    }

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
            ("fetch(`${api}/ota/confirm`)", None, Means::App),
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

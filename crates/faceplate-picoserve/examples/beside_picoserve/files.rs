//! What is served: a page, scripts and pictures, as they are.

use std::sync::LazyLock;

use crate::Result;

/// Bytes of the file that is large.
pub(crate) const LARGE: usize = 100 << 10;
/// Bytes of the page, which is small.
pub(crate) const SMALL: usize = 1200;

/// The page. The large file is [`SCRIPT`] in the folder [`FOLDER`].
pub(crate) const PAGE: &str = "index.html";
pub(crate) const FOLDER: &str = "assets";
pub(crate) const SCRIPT: &str = "app.js";

/// The files of the folder, by their names.
pub(crate) static ASSETS: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| {
    let parts = (0..8).map(|number| (format!("part-{number}.js"), text(number, 20 << 10)));
    let mut assets = vec![(SCRIPT.to_owned(), text(8, LARGE))];
    assets.extend(parts);
    assets.push(("style.css".to_owned(), text(9, 9000)));
    assets
});

pub(crate) static INDEX: LazyLock<Vec<u8>> = LazyLock::new(|| text(10, SMALL));

/// An image of all of them.
pub(crate) fn image() -> Result<Vec<u8>> {
    let assets = ASSETS.iter().map(|(name, bytes)| {
        let path = format!("{FOLDER}/{name}");
        (path, bytes.clone())
    });
    let page = (PAGE.to_owned(), INDEX.clone());
    let options = faceplate_pack::Options {
        // picoserve serves what it was given.
        gzip: faceplate_pack::Gzip::Never,
        ..faceplate_pack::Options::default()
    };
    Ok(faceplate_pack::pack([page].into_iter().chain(assets), &options)?.image)
}

/// So many bytes of lines, others for each number.
fn text(number: usize, len: usize) -> Vec<u8> {
    let mut text = String::new();
    for line in 0.. {
        if text.len() >= len {
            break;
        }
        text.push_str(&format!(
            "export const value_{number}_{line} = {};\n",
            line * line
        ));
    }
    text.truncate(len);
    text.into_bytes()
}

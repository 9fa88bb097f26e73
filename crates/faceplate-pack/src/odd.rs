//! What is odd about the files of a build: they can be packed, but not all will be of use.

use std::collections::BTreeMap;

use faceplate::media;

use crate::{files::is_page, gzip, page};

/// What Brotli files end in. No device serves them: over plain HTTP browsers accept gzip alone.
const BROTLI: &str = ".br";

/// What whoever made the build should know of it, in words.
pub(crate) fn warnings(files: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let mut warnings = brotli(files);
    warnings.extend(no_gzip(files));
    warnings.extend(not_run(files));
    warnings
}

/// Files that nobody asks for, and those that nobody gets.
fn brotli(files: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let is_there =
        |path: &str| files.contains_key(path) || files.contains_key(&format!("{path}.gz"));
    let packed = files.keys().filter_map(|path| path.strip_suffix(BROTLI));
    let (companions, alone): (Vec<_>, Vec<_>) = packed.partition(|path| is_there(path));
    let mut warnings = Vec::new();
    if !companions.is_empty() {
        let companions: Vec<_> = companions
            .iter()
            .map(|path| format!("{path}{BROTLI}"))
            .collect();
        warnings.push(format!(
            "{}: only takes room, as browsers accept no Brotli over plain HTTP; leave it out",
            companions.join(", ")
        ));
    }
    warnings.extend(alone.into_iter().map(|path| {
        format!(
            "{path} is there only as {path}{BROTLI}, and will be missing: browsers accept no Brotli \
             over plain HTTP; have the build write {path} itself"
        )
    }));
    warnings
}

/// Files that are there in their compressed form alone, but are not compressed: whoever asks for one is told
/// that it is, and gets what cannot be unpacked. What is asked for by the whole name is a file like others.
fn no_gzip(files: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let mut warnings = Vec::new();
    for (stored, bytes) in files {
        let Some(path) = stored.strip_suffix(".gz") else {
            continue;
        };
        let is_asked_for = media::of(path).is_some() && !files.contains_key(path);
        if is_asked_for && !gzip::is_gzip(bytes) {
            warnings.push(format!(
                "{stored} is no whole gzip file, so browsers that ask for {path} can do nothing with it; \
                 have the build compress it again, or write {path} itself"
            ));
        }
    }
    warnings
}

/// Scripts and style sheets whose names do not say so: with `nosniff` no browser takes them. Of the
/// pages at the top alone: addresses of others are of their folders.
fn not_run(files: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let mut warnings = Vec::new();
    let pages = files
        .iter()
        .filter(|(path, _)| is_page(path) && !path.contains('/'));
    for (page, html) in pages {
        let assets = page::assets(&String::from_utf8_lossy(html), "");
        for asset in assets.into_iter().filter(|asset| asset.needed) {
            let name = page::file_name(&asset.path).unwrap_or_default();
            let runs = media::of(&name).is_some_and(|known| known.is_script() || known.is_style());
            if files.contains_key(&name) && !runs {
                warnings.push(format!(
                    "{page} loads {name}, whose name is not that of a script or style sheet: \
                     browsers will not take it as one; name it .js or .css"
                ));
            }
        }
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(files: &[(&str, &str)]) -> Vec<String> {
        let owned = |(path, text): &(&str, &str)| ((*path).to_owned(), text.as_bytes().to_vec());
        warnings(&files.iter().map(owned).collect())
    }

    #[test]
    fn what_is_called_compressed_and_is_not_is_told() {
        let whole = gzip::compress(b"let a;");
        let members = [whole.clone(), whole.clone()].concat();
        let files: BTreeMap<String, Vec<u8>> = [
            ("text.js.gz", b"let a;".to_vec()),
            ("cut.css.gz", whole[..whole.len() - 1].to_vec()),
            ("more.svg.gz", [&whole[..], b"x"].concat()),
            ("empty.html.gz", Vec::new()),
            ("fine.js.gz", whole.clone()),
            ("members.js.gz", members),
            // Asked for by its whole name, or never.
            ("LICENSE.gz", b"text".to_vec()),
            ("beside.js.gz", b"other".to_vec()),
            ("beside.js", b"1".to_vec()),
        ]
        .map(|(path, bytes)| (path.to_owned(), bytes))
        .into();
        let told = warnings(&files);
        assert_eq!(told.len(), 4, "{told:?}");
        for (told, path) in told
            .iter()
            .zip(["cut.css", "empty.html", "more.svg", "text.js"])
        {
            let words =
                format!("{path}.gz is no whole gzip file, so browsers that ask for {path} ");
            assert!(told.starts_with(&words), "{told}");
        }
    }

    #[test]
    fn brotli_is_told_from_what_is_there_only_so() {
        let files = [
            "a.js",
            "a.js.br",
            "b.css.gz",
            "b.css.br",
            "c/d.js.br",
            "abr",
        ];
        let told = brotli(&files.map(|path| (path.to_owned(), Vec::new())).into());
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(
            told[0].starts_with("a.js.br, b.css.br: only takes room"),
            "{told:?}"
        );
        assert!(
            told[1].starts_with("c/d.js is there only as c/d.js.br"),
            "{told:?}"
        );
    }

    #[test]
    fn only_what_a_page_runs_must_be_named_as_what_it_is() {
        let page = "<script src=/app.jsx></script><script src=ok.cjs></script><img src=x.foo>\
                    <link rel=stylesheet href=/main.less><link rel=preload href=/data.foo>\
                    <script src=gone.foo></script>";
        let files = ["app.jsx", "ok.cjs", "x.foo", "main.less", "data.foo"];
        let files = files.map(|path| (path, ""));
        let told = told(&[&[("index.html", page)][..], &files].concat());
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(
            told[0].starts_with("index.html loads app.jsx, "),
            "{told:?}"
        );
        assert!(
            told[1].starts_with("index.html loads main.less, "),
            "{told:?}"
        );
    }
}

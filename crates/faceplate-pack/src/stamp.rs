//! The stamp: the build id in each page, so that a page can confirm its own build and no other.

use std::{borrow::Cow, collections::BTreeMap, ops::Range};

use faceplate::BuildId;
use sha2::{Digest, Sha256};

use crate::{
    error::PackError,
    files::{Files, SCRIPT_NAME, is_page},
    gzip::{self, unpacked},
    page::{file_name, resolve},
    policy::{blocks, forbids_asking},
    precache::{Hashes, is_list},
    tags::{Tag, Tags, after_declaration},
};

/// What stamping writes into each page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stamp {
    /// The build id. Confirming is left to the app.
    Id,
    /// The build id, and the script that confirms, which is packed as well.
    Script,
}

/// The script that confirms, as it is packed: made of `web/packages/update-page/src/confirm.js`, and
/// as small as it gets, since every page loads it first.
pub const CONFIRM_SCRIPT: &str = include_str!("stamp/faceplate-confirm.js");
/// How the script begins in every release.
const SCRIPT_START: &[u8] = b"/*! Faceplate";

/// The name of the meta tag.
const META: &str = "faceplate-build";
/// Byte order mark of UTF-8.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// What the pages say about the build.
#[derive(Debug, Default)]
pub(crate) struct Stamped {
    pub(crate) build: Option<BuildId>,
    pub(crate) unstamped: Vec<String>,
    pub(crate) silenced: Vec<String>,
    /// What else keeps pages from confirming, in words.
    pub(crate) warnings: Vec<String>,
    pub(crate) changed: Vec<(String, Vec<u8>)>,
    pub(crate) dropped: Vec<String>,
}

/// Finds the build that the pages are of, which must be that of the files.
pub(crate) fn read(files: &Files) -> Result<Stamped, PackError> {
    let mut ids = Vec::new();
    let mut silenced = Vec::new();
    let mut warnings = Vec::new();
    for (path, bytes) in files {
        let page = match is_page(path) {
            true => Some(Cow::Borrowed(&**bytes)),
            false if only_packed(path, files).is_some_and(is_page) => {
                unpacked(bytes).map(Cow::Owned)
            }
            false => continue,
        };
        let id = page.as_deref().and_then(id);
        if let Some(page) = page.filter(|_| id.is_some()) {
            let page = text(&page);
            if forbids_asking(&page) {
                silenced.push(path.clone());
            }
            if let Some(why) = blocks(&page, is_script) {
                warnings.push(format!(
                    "the Content-Security-Policy in {path} stands in front of {SCRIPT_NAME} and blocks \
                     it, {why}, so it cannot confirm this build; stamp the page once more, which puts \
                     the script first, or allow it"
                ));
            }
        }
        ids.push((path, id));
    }
    let is_index = |path: &str| matches!(path, "index.html" | "index.html.gz");
    let index = ids.iter().find(|(path, _)| is_index(path));
    let build = index.and_then(|(_, id)| *id);
    let mut unstamped = Vec::new();
    for (path, id) in ids {
        match id {
            Some(id) if Some(id) != build => {
                return Err(PackError::TwoBuilds {
                    path: path.clone(),
                    build: id,
                    index: build,
                });
            }
            None if build.is_some() => unstamped.push(path.clone()),
            _ => {}
        }
    }
    if let Some(build) = build {
        let mut bare = bare(files);
        let found = hash(&bare);
        // A page that was added is told as one without an id.
        for path in &unstamped {
            let path = path.strip_suffix(".gz").unwrap_or(path);
            let takes_one = |page: &Cow<'_, [u8]>| stamped(page, build, None).is_some();
            if bare.get(path).is_some_and(takes_one) {
                bare.remove(path);
            }
        }
        if build != found && build != hash(&bare) {
            return Err(PackError::OtherBuild { build, found });
        }
    }
    Ok(Stamped {
        build,
        unstamped,
        silenced,
        warnings,
        ..Stamped::default()
    })
}

/// Writes the id of this build into each page, in place of an older stamp. A page that is there in
/// its compressed form alone is unpacked for that.
///
/// The id is a hash over the files as they are without a stamp and unpacked, so that it depends on
/// the build alone. Compressed forms are no part of it: they follow from the files. The lists of
/// service workers get the hashes of the pages as they are then.
pub(crate) fn write(files: &mut Files, stamp: Stamp) -> Result<Stamped, PackError> {
    let given = files.clone();
    let packed_script = || unpacked(given.get(&format!("{SCRIPT_NAME}.gz"))?);
    if let Some(script) = files.remove(SCRIPT_NAME).or_else(packed_script)
        && !script.starts_with(SCRIPT_START)
    {
        return Err(PackError::ForeignScript);
    }
    if stamp == Stamp::Script {
        files.insert(SCRIPT_NAME.to_owned(), CONFIRM_SCRIPT.as_bytes().to_vec());
    }
    let mut opened = Files::new();
    for (path, bytes) in &given {
        let Some(name) = only_packed(path, &given) else {
            continue;
        };
        match unpacked(bytes) {
            Some(content) => _ = opened.insert(name.to_owned(), content),
            None if name == "index.html" => return Err(PackError::PackedIndex),
            None => {}
        }
    }
    let mut packed_forms = Files::new();
    files.retain(|path, bytes| {
        let of = path.strip_suffix(".gz").unwrap_or_default();
        let of_a_list = |of| is_list(of) && gzip::is_gzip_of(bytes, &given[of]);
        let follows = of == SCRIPT_NAME
            || opened.contains_key(of)
            || given.contains_key(of) && (is_page(of) || of_a_list(of));
        if follows {
            packed_forms.insert(path.clone(), std::mem::take(bytes));
        }
        !follows
    });
    files.append(&mut opened);
    let mut hashes = Hashes::default();
    for (_, page) in files.iter_mut().filter(|(path, _)| is_page(path)) {
        let clean = clean(page);
        hashes.add(page, &clean);
        *page = clean;
    }
    rewrite_lists(files, &hashes);
    let build = hash(&bare(files));

    let mut hashes = Hashes::default();
    let mut unstamped = Vec::new();
    let mut silenced = Vec::new();
    let paths: Vec<String> = files.keys().cloned().collect();
    for path in paths {
        if is_page(&path) {
            let page = files.get(&path).map_or(&[][..], |page| page);
            let script = (stamp == Stamp::Script).then(|| address(&path, page, files));
            let forbids = forbids_asking(&text(page));
            match stamped(page, build, script.as_deref()) {
                Some(stamped) => {
                    if forbids {
                        silenced.push(path.clone());
                    }
                    hashes.add(page, &stamped);
                    files.insert(path, stamped);
                }
                // Of all pages this one must be able to confirm.
                None if path == "index.html" => {
                    return Err(PackError::NoPlace {
                        wide: is_wide(page),
                    });
                }
                None => unstamped.push(path),
            }
        } else if only_packed(&path, files).is_some_and(is_page) {
            unstamped.push(path);
        }
    }
    rewrite_lists(files, &hashes);
    // Those that were made after an earlier stamping, which wrote the same, are still right.
    for (path, bytes) in packed_forms {
        let of = path.strip_suffix(".gz").unwrap_or_default();
        let same = |now: &Vec<u8>| gzip::is_gzip_of(&bytes, now);
        if files.get(of).is_some_and(same) {
            if !given.contains_key(of) {
                files.remove(of);
            }
            files.insert(path, bytes);
        }
    }
    let changed = files
        .iter()
        .filter(|(path, bytes)| given.get(*path) != Some(bytes));
    let changed = changed.map(|(path, bytes)| (path.clone(), bytes.clone()));
    let changed = changed.collect();
    let dropped = given.into_keys().filter(|path| !files.contains_key(path));
    Ok(Stamped {
        build: Some(build),
        unstamped,
        silenced,
        changed,
        dropped: dropped.collect(),
        ..Stamped::default()
    })
}

/// Replaces the hashes of pages in every list.
fn rewrite_lists(files: &mut Files, hashes: &Hashes) {
    for (path, file) in files.iter_mut() {
        if let Some(list) = hashes.replace(path, file) {
            *file = list;
        }
    }
}

/// The files without stamps and unpacked, however they are compressed; what is no gzip, or not of
/// the file beside it, is a file of its own.
fn bare(files: &Files) -> BTreeMap<&str, Cow<'_, [u8]>> {
    let mut bare = BTreeMap::new();
    let mut hashes = Hashes::default();
    for (path, bytes) in files {
        let plain = path.strip_suffix(".gz").map(|of| (of, files.get(of)));
        let (path, bytes) = match plain {
            Some((_, Some(plain))) if gzip::is_gzip_of(bytes, plain) => continue,
            Some((of, None)) => match unpacked(bytes) {
                Some(content) => (of, Cow::Owned(content)),
                None => (&**path, Cow::Borrowed(&**bytes)),
            },
            _ => (&**path, Cow::Borrowed(&**bytes)),
        };
        let bytes = match is_page(path) {
            true => {
                let clean = clean(&bytes);
                hashes.add(&bytes, &clean);
                clean.into()
            }
            false => bytes,
        };
        bare.insert(path, bytes);
    }
    for (path, file) in &mut bare {
        if let Some(list) = hashes.replace(path, file) {
            *file = list.into();
        }
    }
    bare
}

/// The first bytes of SHA-256 over all files by path: length of the path, path, length, bytes;
/// lengths as `u64`, little endian.
fn hash(bare: &BTreeMap<&str, Cow<'_, [u8]>>) -> BuildId {
    let mut hasher = Sha256::new();
    for (path, bytes) in bare {
        for field in [path.as_bytes(), bytes] {
            hasher.update((field.len() as u64).to_le_bytes());
            hasher.update(field);
        }
    }
    let mut id = [0; BuildId::LEN];
    id.copy_from_slice(&hasher.finalize()[..BuildId::LEN]);
    BuildId(id)
}

/// The path that a page or list has unpacked, which is there in its compressed form alone.
fn only_packed<'a>(path: &'a str, files: &Files) -> Option<&'a str> {
    let file = path.strip_suffix(".gz")?;
    let opened = is_page(file) || is_list(file) && file != SCRIPT_NAME;
    (opened && !files.contains_key(file)).then_some(file)
}

/// A page as text in which every byte has its place, whatever it is encoded in.
fn text(page: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(page) {
        Ok(text) => text.into(),
        Err(_) => {
            let ascii = |byte: &u8| char::from(if byte.is_ascii() { *byte } else { b'?' });
            page.iter().map(ascii).collect::<String>().into()
        }
    }
}

fn id(page: &[u8]) -> Option<BuildId> {
    let meta = Tags::new(&text(page)).find(is_meta)?;
    meta.get("content")?.parse().ok()
}

fn is_meta(tag: &Tag) -> bool {
    tag.name == "meta" && tag.get("name") == Some(META)
}

/// Whether a tag is that of the script, wherever it takes it from.
fn is_script(tag: &Tag) -> bool {
    let src = tag.get("src").unwrap_or_default();
    let path = src.split(['?', '#']).next().unwrap_or_default();
    tag.name == "script" && path.rsplit('/').next() == Some(SCRIPT_NAME)
}

/// The page without any stamp.
fn clean(page: &[u8]) -> Vec<u8> {
    let mut page = page.to_vec();
    loop {
        let stamps = stamps(&text(&page));
        if stamps.is_empty() {
            return page;
        }
        for stamp in stamps.into_iter().rev() {
            page.drain(stamp);
        }
        // What was around a stamp may have become one.
    }
}

/// Where stamps are in a page.
fn stamps(page: &str) -> Vec<Range<usize>> {
    let stamp = |tag: Tag| match () {
        () if is_meta(&tag) => Some(tag.start..tag.end),
        () if is_script(&tag) => {
            let rest = &page[tag.content_end..];
            let end = rest.find('>').map_or(rest.len(), |at| at + 1);
            Some(tag.start..tag.content_end + end)
        }
        () => None,
    };
    Tags::new(page).filter_map(stamp).collect()
}

/// A clean page with a stamp; `None` for one that has no place for it, such as one that is a single
/// comment, or not in an encoding that ASCII is part of.
fn stamped(page: &[u8], build: BuildId, script: Option<&str>) -> Option<Vec<u8>> {
    let mut stamp = format!("<meta name=\"{META}\" content=\"{build}\">");
    if let Some(address) = script {
        let address = address.replace('&', "&amp;").replace('"', "&quot;");
        stamp.push_str(&format!("<script src=\"{address}\"></script>"));
    }
    if is_wide(page) {
        return None;
    }
    let (bom, rest) = page.split_at(if page.starts_with(BOM) { BOM.len() } else { 0 });
    let (before, after) = rest.split_at(place(&text(rest)));
    let stamped = [bom, before, stamp.as_bytes(), after].concat();
    // What is written is what is found, or it stays away.
    (id(&stamped) == Some(build) && clean(&stamped) == page).then_some(stamped)
}

/// Whether a page is in UTF-16, by its byte order mark: browsers know it by nothing else.
fn is_wide(page: &[u8]) -> bool {
    page.starts_with(b"\xff\xfe") || page.starts_with(b"\xfe\xff")
}

/// Where the head begins: behind its tag, or where a browser begins one by itself.
fn place(page: &str) -> usize {
    let mut place = prologue(page);
    let mut tags = Tags::new(page).peekable();
    for name in ["html", "head"] {
        if let Some(tag) = tags.next_if(|tag| tag.name == name) {
            place = tag.end;
        }
    }
    place
}

/// The length of what comes before the first tag: comments and the document type. In front of
/// the latter a stamp would put a browser into its mode for old pages.
fn prologue(page: &str) -> usize {
    let mut rest = page;
    loop {
        let next = rest.trim_ascii_start();
        match next.strip_prefix('<') {
            Some(tag) if tag.starts_with(['!', '?']) => rest = after_declaration(tag),
            _ => return page.len() - rest.len(),
        }
    }
}

/// Where the page at `path` finds the script, which is at the top of the image. That goes first in
/// the page, so that a `base` does not count for it yet.
fn address(path: &str, page: &[u8], files: &Files) -> String {
    let page = text(page);
    let base = Tags::new(&page).find(|tag| tag.name == "base" && tag.get("href").is_some());
    let base = base.as_ref().and_then(|base| base.get("href"));
    let first = loads::first(&page, is_own);
    let relative = match base.filter(|base| is_own(base)) {
        Some(base) if base.starts_with('/') => {
            let base = resolve(base, "/", "").unwrap_or_default();
            let base = base.split('?').next().unwrap_or_default();
            let first = first.and_then(|first| resolve(&first, base, ""));
            let prefix = first.and_then(|first| prefix(&first, files));
            let top = prefix.unwrap_or_else(|| above_folder(base, files));
            return format!("{top}/{SCRIPT_NAME}");
        }
        Some(_) => true,
        None => {
            if let Some(prefix) = first.as_deref().and_then(|first| prefix(first, files)) {
                return format!("{prefix}/{SCRIPT_NAME}");
            }
            first.is_some_and(|address| !address.starts_with('/'))
        }
    };
    let depth = path.matches('/').count();
    match (relative, depth) {
        (false, _) => format!("/{SCRIPT_NAME}"),
        (true, 0) => format!("./{SCRIPT_NAME}"),
        (true, depth) => format!("{}{SCRIPT_NAME}", "../".repeat(depth)),
    }
}

/// The prefix in an absolute base that a proxy takes away: all of it, but for what is a folder of the
/// image.
fn above_folder(base: &str, files: &Files) -> String {
    let top = base.rsplit_once('/').map_or("", |(top, _)| top);
    let is_folder = |path: &str| {
        let folder = file_name(path).map(|folder| format!("{folder}/"));
        folder.is_some_and(|folder| files.keys().any(|path| path.starts_with(&folder)))
    };
    let mut ends = top.match_indices('/').map(|(at, _)| at);
    let end = ends.find(|at| is_folder(&top[*at..]));
    top[..end.unwrap_or(top.len())].to_owned()
}

/// What stands in an absolute address before the path of a file of the image: the prefix that a proxy
/// takes away, for which the page was built.
fn prefix(address: &str, files: &Files) -> Option<String> {
    let path = resolve(address, "/", "").filter(|_| address.starts_with('/'))?;
    let path = path.split('?').next().unwrap_or_default();
    let is_there = |path: &str| {
        let name = file_name(path).unwrap_or_default();
        files.contains_key(&name) || files.contains_key(&format!("{name}.gz"))
    };
    let mut ends = path.match_indices('/').map(|(at, _)| at);
    let end = ends.find(|at| is_there(&path[*at..]))?;
    Some(path[..end].to_owned())
}

/// Whether an address is one of the page's own host.
fn is_own(address: &str) -> bool {
    let address = address.trim();
    let first = address.split(['/', '?', '#']).next().unwrap_or_default();
    !address.is_empty() && !first.contains(':') && !address.starts_with("//")
}

mod loads;
#[cfg(test)]
mod tests;

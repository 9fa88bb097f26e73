//! From requests to answers.

use std::{collections::BTreeSet, fmt::Display};

use faceplate_pack::{File, Gzip, Means, Options, Stamp, page as html};

use crate::message::{Malformed, Reader, Writer};

/// Bytes of a block (docs/how-it-works.md).
const BLOCK: u32 = 4096;

/// First number of an answer: it was done.
pub const OK: u32 = 0;
/// First number of an answer: what was asked for cannot be done, and why.
pub const REFUSED: u32 = 1;
/// First number of an answer: the request has not the fields that it must have.
pub const BAD_REQUEST: u32 = 2;

/// Packs files into an image.
///
/// Request: size of the slot (number), whether there is a version (0 or 1), the version (text, empty
/// without), lowest and highest API (numbers, 0 and 0: those of this release), gzip (1: where it
/// pays, 0: never), stamp (0: none, 1: the build id, 2: the build id and the script that confirms),
/// paths of files whose names change with their content (list of texts), list of files: path (text),
/// content (bytes).
///
/// Answer: image (bytes), SHA-256 of it (bytes), version (text), build id (text, empty without),
/// blocks used and blocks of the slot (numbers), paths left out, paths that no device serves, paths
/// that index.html asks for in vain, pages without the build id, pages whose own policy
/// keeps them from asking the device (lists of texts), list of files that
/// stamping made or changed: path (text), content (bytes), paths that stamping left out (list of
/// texts), list of files: path (text), path in the image (text), bytes before and in the image
/// (numbers), whether it is marked as one whose name changes with its content (0 or 1), what
/// else is odd (list of texts for people).
#[must_use]
pub fn pack(request: &[u8]) -> Vec<u8> {
    answer(request, |request| {
        let (options, files) = pack_request(request)?;
        Ok(faceplate_pack::pack(files, &options).map(|packed| {
            let report = packed.report;
            let mut answer = Writer::new(OK);
            answer
                .bytes(&packed.image)
                .bytes(&report.sha256)
                .text(&report.version)
                .text(&build(report.build))
                .number(report.blocks_used)
                .number(report.blocks_total)
                .texts(&report.skipped)
                .texts(&report.hidden)
                .texts(&report.missing)
                .texts(&report.unstamped)
                .texts(&report.silenced)
                .count(report.changed.len());
            for (path, bytes) in &report.changed {
                answer.text(path).bytes(bytes);
            }
            answer.texts(&report.dropped).count(report.files.len());
            for file in &report.files {
                answer.text(&file.path).text(&file.stored_as);
                // The request held it in four gigabytes.
                answer.count(file.raw as usize).count(file.stored as usize);
                answer.number(file.immutable.into());
            }
            answer.texts(&report.warnings);
            answer.finish()
        }))
    })
}

/// A build id as a message has it.
fn build(build: Option<impl Display>) -> String {
    build.map_or_else(String::new, |build| build.to_string())
}

type PackRequest = (Options, Vec<(String, Vec<u8>)>);

fn pack_request(request: &mut Reader<'_>) -> Result<PackRequest, Malformed> {
    let size = request.number()?;
    let has_version = request.number()? != 0;
    let version = request.text()?;
    let api = match (request.short()?, request.short()?) {
        (0, 0) => Options::default().api,
        api => api,
    };
    let gzip = match request.number()? {
        0 => Gzip::Never,
        _ => Gzip::Auto,
    };
    let stamp = match request.number()? {
        0 => None,
        1 => Some(Stamp::Id),
        2 => Some(Stamp::Script),
        _ => return Err(Malformed("there is no such stamp")),
    };
    // A count is not trusted with memory: every item takes some of the message.
    let mut immutable = BTreeSet::new();
    for _ in 0..request.number()? {
        immutable.insert(request.text()?.to_owned());
    }
    let sveltekit = request.number()? != 0;
    let options = Options {
        size,
        version: has_version.then(|| version.to_owned()),
        api,
        gzip,
        stamp,
        immutable,
        sveltekit,
        ..Options::default()
    };
    let mut files = Vec::new();
    for _ in 0..request.number()? {
        files.push((request.text()?.to_owned(), request.bytes()?.to_vec()));
    }
    Ok((options, files))
}

/// Checks an image as a device does, and tells what is in it.
///
/// Request: image (bytes).
///
/// Answer: SHA-256 of it (bytes), size of the smallest slot that its file system may fill (number),
/// whether it has a manifest (0 or 1), version (text), lowest and highest API (numbers; empty and 0
/// without), build id (text, empty without), list of files: path (text), content as it is stored
/// (bytes), whether the files are marked (0 or 1), paths of those that are marked as ones whose
/// names change with their content (list of texts), what in it may confirm it (0: nothing, 1: the
/// app's own code, 2: the script that confirms).
#[must_use]
pub fn inspect(request: &[u8]) -> Vec<u8> {
    answer(request, |request| {
        let image = request.bytes()?;
        Ok(open(image))
    })
}

fn open(image: &[u8]) -> Result<Vec<u8>, faceplate_pack::ImageError> {
    let (inspection, content) = faceplate_pack::open(image)?;
    let mut answer = Writer::new(OK);
    let slot = u64::from(inspection.block_count) * u64::from(BLOCK);
    answer
        .bytes(&inspection.sha256)
        .number(u32::try_from(slot).unwrap_or(u32::MAX));
    match &inspection.manifest {
        Some(manifest) => answer
            .number(1)
            .text(&manifest.version)
            .number(manifest.api_min.into())
            .number(manifest.api_max.into())
            .text(&build(manifest.build)),
        None => answer.number(0).text("").number(0).number(0).text(""),
    };
    answer.count(inspection.files.len());
    for item in &content {
        if let faceplate_pack::Unpacked::File { path, bytes } = item {
            answer.text(path).bytes(bytes);
        }
    }
    let marked = inspection.files.iter().any(|file| file.marks.is_some());
    let immutable = |file: &&File| file.marks.is_some_and(|marks| marks.immutable);
    let immutable = inspection.files.iter().filter(immutable);
    let immutable: Vec<String> = immutable.map(|file| file.path.clone()).collect();
    answer.number(marked.into()).texts(&immutable);
    answer.number(match Means::of(&content) {
        Means::Nothing => 0,
        Means::App => 1,
        Means::Script => 2,
    });
    Ok(answer.finish())
}

/// Finds what a page loads from its own host.
///
/// Request: the page (bytes; what is not UTF-8 in it is skipped over), its host as a browser writes
/// it, with the prefix of a proxy behind it (text, such as `home.example/kitchen`).
///
/// Answer: list of assets: path on the device and query (text), the file that they ask for (text, empty
/// when no file can have that name), whether the page cannot work without it (0 or 1), whether it is
/// outside of the prefix (0 or 1).
#[must_use]
pub fn page(request: &[u8]) -> Vec<u8> {
    answer(request, |request| {
        let page = String::from_utf8_lossy(request.bytes()?);
        let assets = html::assets(&page, request.text()?);
        let mut answer = Writer::new(OK);
        answer.count(assets.len());
        for asset in &assets {
            let file = html::file_name(&asset.path).unwrap_or_default();
            answer
                .text(&asset.path)
                .text(&file)
                .number(asset.needed.into())
                .number(asset.outside.into());
        }
        Ok(Ok::<_, std::convert::Infallible>(answer.finish()))
    })
}

/// Runs `work` over the whole request.
fn answer<E: Display>(
    request: &[u8],
    work: impl FnOnce(&mut Reader<'_>) -> Result<Result<Vec<u8>, E>, Malformed>,
) -> Vec<u8> {
    let mut reader = Reader::new(request);
    let done = work(&mut reader).and_then(|done| reader.end().map(|()| done));
    let (kind, text) = match done {
        Ok(Ok(answer)) => return answer,
        Ok(Err(refused)) => (REFUSED, refused.to_string()),
        Err(Malformed(why)) => (BAD_REQUEST, format!("the request cannot be read: {why}")),
    };
    let mut answer = Writer::new(kind);
    answer.text(&text);
    answer.finish()
}

#[cfg(test)]
mod tests;

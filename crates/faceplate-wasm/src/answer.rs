//! From requests to answers.

use std::{collections::BTreeSet, fmt::Display};

use faceplate_pack::{File, Gzip, Means, Options, PublicKey, SignError, Stamp, page as html};

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
/// without), lowest and highest API (numbers, 0 and 0: those of this release), sequence (number, 0 where
/// nobody counts), gzip (1: where it pays, 0: never), stamp (0: none, 1: the build id, 2: the build id and the script that confirms),
/// paths of files whose names change with their content (list of texts), whether what is in `_app/immutable/` counts
/// as one of these (0 or 1), whether there is a base (0 or 1), the image that it is (bytes, empty without), list of
/// files: path (text), content (bytes).
///
/// Answer: image (bytes), SHA-256 of it (bytes), version (text), build id (text, empty without),
/// blocks used, how many of these nothing is in, and blocks of the slot (numbers), paths left out, paths that no device serves, paths
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
        let packed = faceplate_pack::pack(files, &options).map_err(|error| error.to_string());
        Ok(packed.map(|packed| {
            let report = packed.report;
            let mut answer = Writer::new(OK);
            answer
                .bytes(&packed.image)
                .bytes(&report.sha256)
                .text(&report.version)
                .text(&id(report.build.as_ref().map(|id| id as _)))
                .number(report.blocks_used)
                .number(report.blocks_free)
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
            answer
        }))
    })
}

/// An id of a build or of a key as a message has it.
fn id(id: Option<&dyn Display>) -> String {
    id.map_or_else(String::new, |id| id.to_string())
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
    let sequence = request.number()?;
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
    let has_base = request.number()? != 0;
    let base = request.bytes()?;
    let options = Options {
        size,
        version: has_version.then(|| version.to_owned()),
        api,
        sequence,
        gzip,
        stamp,
        immutable,
        sveltekit,
        base: has_base.then(|| base.to_vec()),
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
/// whether it has a manifest (0 or 1), version (text), lowest and highest API, sequence (numbers; empty and
/// 0 without), build id (text, empty without), id of the key that the signature says to be by, which is not
/// verified (text, empty without), list of files: path (text), content as it is stored
/// (bytes), whether the files are marked (0 or 1), paths of those that are marked as ones whose
/// names change with their content (list of texts), what in it may confirm it (0: nothing, 1: the
/// app's own code, 2: the script that confirms), how many blocks nothing is in (number).
#[must_use]
pub fn inspect(request: &[u8]) -> Vec<u8> {
    answer(request, |request| {
        let image = request.bytes()?;
        Ok(open(image).map_err(|error| error.to_string()))
    })
}

fn open(image: &[u8]) -> Result<Writer, faceplate_pack::ImageError> {
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
            .number(manifest.sequence)
            .text(&id(manifest.build.as_ref().map(|id| id as _))),
        None => answer
            .number(0)
            .text("")
            .number(0)
            .number(0)
            .number(0)
            .text(""),
    };
    answer.text(&id(inspection
        .signature
        .as_ref()
        .map(|signature| &signature.key as _)));
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
    answer.number(inspection.blocks_free);
    Ok(answer)
}

/// Tells what has to be signed of an image. Whoever has the private key signs these bytes by Ed25519, and
/// [`attach`] puts the signature in: no private key ever comes here.
///
/// Request: image (bytes), signed or not.
///
/// Answer: the statement (bytes).
#[must_use]
pub fn statement(request: &[u8]) -> Vec<u8> {
    answer(request, |request| {
        Ok(made(faceplate_pack::statement(request.bytes()?)))
    })
}

/// Puts a signature into an image, in place of one that it has. Whether it holds is not looked at.
///
/// Request: image (bytes), public key (array of 32), signature (array of 64).
///
/// Answer: the signed image (bytes).
#[must_use]
pub fn attach(request: &[u8]) -> Vec<u8> {
    answer(request, |request| {
        let image = request.bytes()?;
        let (key, signature) = (request.array()?, request.array()?);
        Ok(made(faceplate_pack::attach(
            image,
            &PublicKey(*key),
            *signature,
        )))
    })
}

/// The answer that has these bytes, once they could be made.
fn made(bytes: Result<Vec<u8>, SignError>) -> Done {
    let bytes = bytes.map_err(|error| error.to_string())?;
    let mut answer = Writer::new(OK);
    answer.bytes(&bytes);
    Ok(answer)
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
        Ok(Ok(answer))
    })
}

/// What became of a request: its answer, or why what it asks for cannot be done.
type Done = Result<Writer, String>;

/// Runs `work` over the whole request.
fn answer(request: &[u8], work: fn(&mut Reader<'_>) -> Result<Done, Malformed>) -> Vec<u8> {
    let mut reader = Reader::new(request);
    let done = work(&mut reader).and_then(|done| reader.end().map(|()| done));
    let (kind, text) = match done {
        Ok(Ok(answer)) => return answer.finish(),
        Ok(Err(refused)) => (REFUSED, refused),
        Err(Malformed(why)) => (BAD_REQUEST, format!("the request cannot be read: {why}")),
    };
    let mut answer = Writer::new(kind);
    answer.text(&text);
    answer.finish()
}

#[cfg(test)]
mod tests;

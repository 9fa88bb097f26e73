//! What differs: the image of a slot, its chunks, and patches that are refused before anything is erased.

use std::time::Duration;

use faceplate::{
    chunks::{self, Chunk, Chunker, List},
    patch::{self, Header},
    sha256::SOFTWARE,
};

use super::{
    change::{CHUNKS, FRONTEND, OCTETS},
    request::Request,
    row::{Checked, Row, Stop, skip},
    talk::{Asked, Talk},
    target::Target,
};
use crate::{device, device::State, text};

/// Longest wait for an image or the list of its chunks.
const ALL: Duration = Duration::from_secs(60);

pub(super) const ROWS: &[Row<Target>] = &[
    Row::reads(
        "patches/image",
        image,
        "GET /api/ota/frontend gives the image that is served, with an ETag and the SHA-256 that the status tells",
        "send the bytes of the slot up to the image's length, as application/octet-stream",
    ),
    Row::reads(
        "patches/image-range",
        image_range,
        "a part of the image is given to who asks for it, with 206 and Content-Range",
        "serve ranges as of files: clients go on by them where a connection broke",
    ),
    Row::reads(
        "patches/chunks",
        chunks,
        "the list of chunks is of the image that is served, cut at the places of the format",
        "cut as docs/http-api.md says, from the image's first byte on, links of LittleFS left out of the hashes",
    ),
    Row::reads(
        "patches/no-image",
        no_image,
        "a slot without a whole frontend has no image: 404 no-image",
        "give nothing that was not verified",
    ),
    Row::reads(
        "patches/slot",
        slot,
        "a slot that is none, or another query that is not understood, gets 400 bad-query",
        "take slot=active, inactive, 0 or 1, and length=N for the chunks, each once, and refuse all else",
    ),
    Row::refused(
        "patches/media-type",
        media_type,
        "a PATCH that is no patch by its type gets 415 media-type",
        "take application/vnd.faceplate.patch alone: an image is sent by POST",
    ),
    Row::refused(
        "patches/not-a-patch",
        not_a_patch,
        "what does not begin as a patch gets 422 bad-patch",
        "look at the first 8 bytes before anything is erased",
    ),
    Row::refused(
        "patches/other-base",
        other_base,
        "a patch for another frontend than the one that is served gets 409 other-base",
        "compare length and SHA-256 of the base with the active slot before anything is erased",
    ),
];

fn get(target: &Target, path: &str) -> Result<Asked, Stop> {
    let mut talk = Talk::open(target)?;
    talk.send(&Request::get(path));
    let asked = talk.answer_within(ALL)?;
    asked.has_status(200)?;
    Ok(asked)
}

/// The SHA-256 of what is served.
fn served(target: &Target) -> Result<&str, Stop> {
    let status = target.status()?;
    let sha256 = status.active_slot().sha256.as_deref();
    match status.state {
        State::Recovery => Err(skip("the device has no frontend: it is in recovery")),
        _ => sha256.ok_or_else(|| skip("the device does not tell the SHA-256 of its frontend")),
    }
}

fn image(target: &Target) -> Checked {
    let sha256 = served(target)?;
    let asked = get(target, FRONTEND)?;
    asked.has_field("Content-Type", OCTETS)?;
    asked.has_field("Cache-Control", "no-store")?;
    asked.field("ETag")?;
    let found = text::hex(&device::sha256(&asked.response.body));
    match found == sha256 {
        true => Ok(()),
        false => Err(asked.differs(format!("bytes with the SHA-256 {sha256}"), &found)),
    }
}

fn image_range(target: &Target) -> Checked {
    served(target)?;
    let all = get(target, "/api/ota/frontend?slot=active")?.response.body;
    let asked = target.ask(&Request::get(FRONTEND).with("Range", "bytes=5000-5999"))?;
    asked.has_status(206)?;
    asked.has_field("Content-Range", &format!("bytes 5000-5999/{}", all.len()))?;
    match all.get(5000..6000) == Some(&asked.response.body) {
        true => Ok(()),
        false => Err(asked.miss("these bytes of the image")),
    }
}

fn chunks(target: &Target) -> Checked {
    served(target)?;
    let image = get(target, FRONTEND)?.response.body;
    let asked = get(target, CHUNKS)?;
    asked.has_field("Content-Type", chunks::MEDIA_TYPE)?;
    asked.has_field("Cache-Control", "no-store")?;
    let head = List {
        len: image.len() as u32,
        sha256: Some(device::sha256(&image)),
    };
    let mut wanted = head.encode().to_vec();
    let mut chunker = Chunker::new(image.len() as u32, SOFTWARE);
    let mut rest = &image[..];
    while !rest.is_empty() {
        let (taken, chunk) = chunker.take(rest);
        rest = &rest[taken..];
        wanted.extend(chunk.iter().flat_map(Chunk::encode));
    }
    let found = &asked.response.body;
    if *found == wanted {
        return Ok(());
    }
    let same = found
        .iter()
        .zip(&wanted)
        .take_while(|(one, other)| one == other);
    let got = format!(
        "{} bytes, other ones from byte {} on",
        found.len(),
        same.count()
    );
    let wanted = format!("the {} bytes of the list of its image", wanted.len());
    Err(asked.differs(wanted, &got))
}

fn no_image(target: &Target) -> Checked {
    let status = target.status()?;
    if status.inactive_slot().valid {
        return Err(skip("the other slot holds a frontend"));
    }
    let asked = target.ask(&Request::get("/api/ota/frontend?slot=inactive"))?;
    asked.is_problem(404, "no-image")
}

fn slot(target: &Target) -> Checked {
    for query in [
        "?slot=2",
        "?slot=www_0",
        "?slots=0",
        "?slot=0&slot=0",
        "?length=4096",
    ] {
        let asked = target.ask(&Request::get(format!("{FRONTEND}{query}")))?;
        asked.is_problem(400, "bad-query")?;
    }
    for query in ["?slot=other", "?length=x", "?length=1&length=1"] {
        let asked = target.ask(&Request::get(format!("{CHUNKS}{query}")))?;
        asked.is_problem(400, "bad-query")?;
    }
    Ok(())
}

/// A patch with all of its body.
fn sending(media_type: &str, body: &[u8]) -> Request {
    Request::new("PATCH", FRONTEND)
        .with("Content-Type", media_type)
        .body(body)
}

fn media_type(target: &Target) -> Checked {
    for media_type in [OCTETS, "application/json", "text/plain"] {
        let asked = target.ask(&sending(media_type, &[0; Header::LEN]))?;
        asked.is_problem(415, "media-type")?;
    }
    Ok(())
}

/// The beginning of a patch that copies all of an image that nobody has.
fn of_nobody() -> [u8; Header::LEN] {
    let header = Header {
        base_len: 8192,
        base_sha256: [0xfa; 32],
        image_len: 8192,
        image_sha256: [0xfa; 32],
        keep_end: 0,
    };
    header.encode()
}

fn not_a_patch(target: &Target) -> Checked {
    target.takes_uploads()?;
    let mut later = of_nobody();
    later[7] = b'2';
    for header in [[0; Header::LEN], later] {
        let asked = target.ask(&sending(patch::MEDIA_TYPE, &header))?;
        asked.is_problem(422, "bad-patch")?;
    }
    Ok(())
}

fn other_base(target: &Target) -> Checked {
    target.takes_uploads()?;
    // All of the base: the length has three bytes, the place one.
    let body = [&of_nobody()[..], &[0x81, 0x80, 0x02, 0]].concat();
    let asked = target.ask(&sending(patch::MEDIA_TYPE, &body))?;
    asked.is_problem(409, "other-base")
}

//! Uploads that are refused before anything is erased.

use std::{
    sync::OnceLock,
    thread::sleep,
    time::{Duration, Instant},
};

use faceplate_pack::{Options, pack};

use super::{
    change::{FRONTEND, OCTETS, SCRAP, upload},
    request::Request,
    row::{Checked, Row, Stop, skip},
    talk::{ANSWER, Asked, Talk},
    target::Target,
};

const SECTOR: usize = 4096;

/// How often it is looked whether an upload has ended.
const LOOK: Duration = Duration::from_millis(50);

pub(super) const ROWS: &[Row<Target>] = &[
    Row::refused(
        "uploads/too-large",
        too_large,
        "an upload that is longer than a slot gets 413 too-large with the slot's size, before its body comes",
        "compare Content-Length with the slot before you read or erase anything; tell slot_size in the problem. \
         Numbers of 20 digits are lengths, too",
    ),
    Row::refused(
        "uploads/bad-query",
        bad_query,
        "a query that is not understood gets 400 bad-query",
        "take confirm=device, and confirm=client with within=10 to 3600, each once, and refuse all else: a misspelt \
         wish for a trial must not become an update without one",
    ),
    Row::refused(
        "uploads/bad-digest",
        bad_digest,
        "a Content-Digest that is not understood gets 400 bad-digest",
        "take sha-256=:BASE64: (RFC 9530); ignore other algorithms, but refuse what is malformed",
    ),
    Row::refused(
        "uploads/empty",
        empty,
        "an upload of no bytes gets 422 bad-length",
        "refuse what is shorter than the first block of an image",
    ),
    Row::refused(
        "uploads/bad-length",
        bad_length,
        "what is no image and no multiple of 4096 bytes, or shorter than 8192, gets 422 bad-length",
        "look at the first block, and refuse before you erase",
    ),
    Row::refused(
        "uploads/not-an-image",
        not_an_image,
        "what is no image gets 422 not-an-image with its first 4096 bytes, not with its last",
        "keep the first block until it is looked at; erase only when it is the start of a LittleFS image for this slot",
    ),
    Row::refused(
        "uploads/truncated",
        truncated,
        "an image of `faceplate pack` whose end is missing gets 422 truncated with its first block",
        "compare the length with the one that the first block tells, before you erase",
    ),
    Row::refused(
        "uploads/ended-early",
        ended_early,
        "an upload whose client sends less than it promised gets 400 ended-early",
        "when the client closes its half in the middle of a body, answer that before you close yours",
    ),
    Row::refused(
        "uploads/expect-continue",
        expect_continue,
        "with Expect: 100-continue a head that is right gets 100 before the body, and the body its answer",
        "send 100 when the head has passed, not when the first bytes of the body come: curl waits a second for it",
    ),
    Row::refused(
        "uploads/expect-refused",
        expect_refused,
        "with Expect: 100-continue a head that is wrong gets its error instead of 100",
        "decide by the head first: after 100 the client sends all of the image",
    ),
];

fn slot_size(target: &Target) -> Result<u64, Stop> {
    match target.takes_uploads()?.inactive_slot().size {
        0 => Err(skip("the device does not tell how large a slot is")),
        size => Ok(size),
    }
}

fn too_large(target: &Target) -> Checked {
    let size = slot_size(target)?;
    for len in [size + SECTOR as u64, u64::MAX] {
        let asked = target.ask(&upload("", len))?;
        asked.is_problem(413, "too-large")?;
        let told = &asked.json()?["slot_size"];
        if *told != size {
            let wanted = format!("\"slot_size\":{size} in the problem, as the status says");
            return Err(asked.differs(wanted, &format!("\"slot_size\":{told}")));
        }
    }
    Ok(())
}

fn bad_query(target: &Target) -> Checked {
    for query in [
        "?confirm=me",
        "?confirm",
        "?confrim=client",
        "?confirm=client&within=9",
        "?confirm=client&within=3601",
        "?confirm=client&within=1e2",
        "?confirm=device&within=60",
        "?confirm=client&confirm=client",
    ] {
        target
            .ask(&upload(query, 8192))?
            .is_problem(400, "bad-query")?;
    }
    Ok(())
}

fn bad_digest(target: &Target) -> Checked {
    for digest in ["sha-256=x", "sha-256=:AAAA:", "sha-256", "sha-512=1"] {
        let asked = target.ask(&upload("", 8192).with("Content-Digest", digest))?;
        asked.is_problem(400, "bad-digest")?;
    }
    Ok(())
}

/// An upload with so much of its body.
fn sending(len: usize, body: &[u8]) -> Request {
    Request::new("POST", FRONTEND)
        .with("Content-Type", OCTETS)
        .promising(len as u64, body)
}

fn empty(target: &Target) -> Checked {
    target.takes_uploads()?;
    let asked = target.ask(&sending(0, &[]))?;
    asked.is_problem(422, "bad-length")
}

fn bad_length(target: &Target) -> Checked {
    target.takes_uploads()?;
    for len in [1000, SECTOR, 2 * SECTOR + 1] {
        let asked = target.ask(&sending(len, &vec![7; len]))?;
        asked.is_problem(422, "bad-length")?;
    }
    Ok(())
}

fn not_an_image(target: &Target) -> Checked {
    target.takes_uploads()?;
    for byte in [0, 7, 0xff] {
        let asked = target.ask(&sending(2 * SECTOR, &[byte; SECTOR]))?;
        asked.is_problem(422, "not-an-image")?;
    }
    Ok(())
}

/// A small image that any device of this release would take, if it came whole.
fn image() -> Result<&'static [u8], Stop> {
    static IMAGE: OnceLock<Option<Vec<u8>>> = OnceLock::new();
    let image = IMAGE.get_or_init(|| {
        let page = "<!doctype html><title>conformance</title>".repeat(200);
        let files = [
            ("index.html".to_owned(), page.clone().into_bytes()),
            // Not to be made smaller: the image must have a block behind the first two.
            ("page.bin".to_owned(), page.into_bytes()),
        ];
        let options = Options {
            size: 64 << 10,
            ..Options::default()
        };
        pack(files, &options).ok().map(|packed| packed.image)
    });
    let image = image.as_deref();
    image.ok_or_else(|| skip("no image could be made for it"))
}

fn truncated(target: &Target) -> Checked {
    target.takes_uploads()?;
    let image = image()?;
    for len in [image.len() - SECTOR, image.len() - 1] {
        let asked = target.ask(&sending(len, &image[..SECTOR]))?;
        asked.is_problem(422, "truncated")?;
    }
    Ok(())
}

fn ended_early(target: &Target) -> Checked {
    target.takes_uploads()?;
    let mut talk = Talk::open(target)?;
    talk.send(&sending(2 * SECTOR, SCRAP));
    talk.end();
    talk.answer()?.is_problem(400, "ended-early")
}

fn expect_continue(target: &Target) -> Checked {
    target.takes_uploads()?;
    let request = sending(2 * SECTOR, &[]).with("Expect", "100-continue");
    let mut talk = Talk::open(target)?;
    talk.send(&request);
    is_continue(&talk.head()?)?;
    let shown = format!("{}, then 4096 bytes that are no image", request.shown());
    talk.send_raw(&[0; SECTOR], shown);
    talk.answer()?.is_problem(422, "not-an-image")
}

/// Whether it is the word that a body may come.
pub(super) fn is_continue(asked: &Asked) -> Checked {
    match asked.response.status {
        100 => Ok(()),
        _ => Err(asked.miss("100 Continue before the body")),
    }
}

/// What a head gets whose body waits for its word.
fn expecting(target: &Target, request: Request) -> Result<Asked, Stop> {
    let request = request.with("Expect", "100-continue").followed_by("");
    let until = Instant::now() + ANSWER;
    loop {
        let mut talk = Talk::open(target)?;
        talk.send(&request);
        let head = talk.head()?;
        // The upload of the row before may have ended without an answer, and nobody has noticed yet.
        if head.response.status != 409 || Instant::now() > until {
            return Ok(head);
        }
        sleep(LOOK);
    }
}

fn expect_refused(target: &Target) -> Checked {
    let too_long = slot_size(target)? + SECTOR as u64;
    for (request, status, slug) in [
        (upload("", too_long), 413, "too-large"),
        (upload("?confirm=me", 8192), 400, "bad-query"),
        (
            upload("", 8192).with("Origin", "null"),
            403,
            "foreign-origin",
        ),
    ] {
        let head = expecting(target, request)?;
        if head.response.status < 200 {
            return Err(head.miss(format!("{status} with the type /problems/{slug} at once")));
        }
        if head.response.status != status {
            return Err(head.miss(format!("status {status}")));
        }
    }
    Ok(())
}

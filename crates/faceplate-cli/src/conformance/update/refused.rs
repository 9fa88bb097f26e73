//! Images that have to be refused, and uploads that are broken off.

use std::{thread, time::Instant};

use faceplate_pack::{Options, pack};

use super::{ASK, NOTICED, Update, WRITTEN, is_idle, may_begin, post, send};
use crate::{
    conformance::{
        change::{FRONTEND, OCTETS, upload},
        request::Request,
        row::{Checked, Stop, skip},
        shape::Part,
        status::{STATUS, is_upload},
        talk::{Asked, Talk},
    },
    device::{Status, content_digest},
    push::Image,
};

/// Sends an image that the device writes, and then has to refuse.
fn is_refused(update: &Update, request: &Request, status: u16, slug: &str) -> Result<Asked, Stop> {
    let asked = send(update, request)?;
    update.obeyed.set(asked.response.status == 200);
    asked.is_problem(status, slug)?;
    is_unharmed(update, &asked)?;
    Ok(asked)
}

/// Whether the device serves what it did, and takes another upload.
fn is_unharmed(update: &Update, asked: &Asked) -> Checked {
    is_idle(update)?;
    let before = &update.before;
    let wanted = || format!("slot {} {} after that", before.active, before.state);
    match update.target.status_now() {
        Some(now) if (now.active, now.state) == (before.active, before.state) => Ok(()),
        Some(now) => {
            let got = format!("slot {} {}", now.active, now.state);
            Err(asked.differs(wanted(), &got))
        }
        None => Err(asked.differs(wanted(), "no status")),
    }
}

pub(super) fn other_firmware(update: &Update) -> Checked {
    let other = update.before.device.api.wrapping_add(1000);
    let options = Options {
        size: 64 << 10,
        api: (other, other),
        ..Options::default()
    };
    let files = [(
        "index.html".to_owned(),
        b"<title>conformance</title>".to_vec(),
    )];
    let packed = pack(files, &options).map_err(|error| skip(error.to_string()))?;
    is_refused(update, &post("", &packed.image), 422, "other-firmware").map(drop)
}

pub(super) fn digest_mismatch(update: &Update) -> Checked {
    let mut other = update.image.inspection().sha256;
    other[0] ^= 1;
    let request = post("", update.image.bytes()).with("Content-Digest", content_digest(&other));
    is_refused(update, &request, 400, "digest-mismatch").map(drop)
}

/// Bytes of the blocks that say what an image is: damage there makes it none.
const FIRST: usize = 2 * 4096;

/// The image with a wrong bit in the content of its longest file.
fn damaged(image: &Image) -> Option<Vec<u8>> {
    let content = image.files().values().max_by_key(|bytes| bytes.len())?;
    let begin = content.get(..64)?;
    let mut bytes = image.bytes().to_vec();
    let mut windows = bytes.get(FIRST..)?.windows(begin.len());
    let at = FIRST + windows.position(|window| window == begin)?;
    bytes[at] ^= 1;
    faceplate_pack::inspect(&bytes).is_err().then_some(bytes)
}

pub(super) fn rejected(update: &Update) -> Checked {
    let damaged = damaged(&update.image);
    let damaged = damaged
        .ok_or_else(|| skip("no file of this image has both a block of its own and a hash"))?;
    let asked = is_refused(update, &post("", &damaged), 422, "rejected")?;
    match update.target.status_now() {
        Some(now) if !now.inactive_slot().valid => Ok(()),
        _ => Err(asked.differs("a slot that is not valid in the status", "a valid one")),
    }
}

/// Begins an upload and sends half of it.
fn half(update: &Update) -> Result<Talk<'_>, Stop> {
    may_begin(update)?;
    let image = update.image.bytes();
    let half = &image[..image.len() / 2];
    let request = Request::new("POST", FRONTEND)
        .with("Content-Type", OCTETS)
        .promising(image.len() as u64, half);
    let mut talk = Talk::open(&update.target)?;
    talk.send_within(&request, WRITTEN);
    // What comes on another connection may be quicker. That no status tells is a row of its own.
    let until = Instant::now() + NOTICED;
    let has_begun = |now: Status| now.upload.is_some();
    while !update.target.status_now().is_some_and(has_begun) && Instant::now() < until {
        thread::sleep(ASK);
    }
    Ok(talk)
}

/// Waits until the status tells of the upload, with at least a sector written.
pub(super) fn progress(update: &Update) -> Checked {
    let _talk = half(update)?;
    let until = Instant::now() + NOTICED;
    loop {
        let asked = update.target.ask(&Request::get(STATUS))?;
        let json = asked.json()?;
        let upload = Part::whole(&asked, &json).get("upload")?;
        match upload.get("written").and_then(|written| written.number()) {
            Ok(1..) => {
                is_upload(&upload)?;
                upload.get("phase")?.one_of(&["writing"])?;
                let len = update.image.len() as u64;
                return match upload.get("total")?.number()? == len {
                    true => Ok(()),
                    false => Err(upload.get("total")?.wrong(&len.to_string())),
                };
            }
            _ if Instant::now() < until => thread::sleep(ASK),
            _ => return Err(upload.wrong("an upload of which something is written")),
        }
    }
}

pub(super) fn busy(update: &Update) -> Checked {
    let _talk = half(update)?;
    let page = update.target.ask(&Request::page("/"))?;
    page.has_status(200)?;
    let second = update.target.ask(&upload("", 8192))?;
    second.is_problem(409, "busy")
}

pub(super) fn broken_off(update: &Update) -> Checked {
    let talk = half(update)?;
    drop(talk);
    is_idle(update)?;
    let asked = update.target.ask(&Request::get(STATUS))?;
    is_unharmed(update, &asked)
}

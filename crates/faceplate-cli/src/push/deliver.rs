//! Getting an image to a device by whatever way works: what differs first, the whole image where that is not taken,
//! and again where it broke off.

use std::{thread, time::Duration};

use super::{
    Image, Options, PushError,
    error::After,
    may_begin,
    parcel::{Parcel, Way},
    send, words,
};
use crate::{
    cache::Cache,
    device::{self, Address, Problem, Sectors, Status},
    progress::Progress,
};

/// So often an upload that breaks off is begun.
const TRIES: u32 = 3;
/// Between two of them.
const PAUSE: Duration = Duration::from_millis(500);

/// How an image got to a device.
#[derive(Debug, Clone)]
pub(crate) struct Delivered {
    /// What was sent in the end.
    pub(crate) way: Way,
    /// Bytes that the network took, in all tries.
    pub(crate) bytes: u64,
    /// How often it was begun.
    pub(crate) tries: u32,
    /// Sectors written and left alone, if the device could tell.
    pub(crate) sectors: Option<Sectors>,
}

/// Sends the image. Gives the status before the try that got there, too.
pub(super) fn deliver(
    image: &Image,
    address: &Address,
    options: &Options,
    cache: &Cache,
    mut before: Status,
    progress: &mut Progress,
) -> Result<(Delivered, Status), PushError> {
    let mut delivered = Delivered {
        way: Way::Whole,
        bytes: 0,
        tries: 0,
        sectors: None,
    };
    let (name, total) = (image.name(), image.len() as u64);
    let mut whole = options.full;
    loop {
        let parcel = match whole {
            true => Parcel::whole(image),
            false => {
                progress.phase("looking for what differs");
                Parcel::shortest(image, address, &before, cache)
            }
        };
        delivered.tries += 1;
        delivered.way = parcel.way;
        let to = &before.inactive_slot().label;
        progress.phase(&words::sending(&name, parcel.way, parcel.len(), total, to));
        let sent = &mut delivered.bytes;
        match send::send(image, &parcel, address, options, &before, sent, progress) {
            Ok(sectors) => {
                delivered.sectors = sectors;
                if let Some(told) = words::sent(&delivered, total) {
                    progress.tell(&told);
                }
                return Ok((delivered, before));
            }
            Err(PushError::Refused(problem))
                if parcel.way != Way::Whole && wants_whole(&problem) =>
            {
                whole = true;
                progress.tell(&words::refused(&problem));
            }
            Err(lost @ PushError::Lost { .. }) if delivered.tries < TRIES => {
                let Some(now) = is_back(&lost, image, address, &before) else {
                    return Err(lost);
                };
                progress.tell(&words::again(&lost, delivered.tries + 1, TRIES));
                before = now;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Whether a device that refused what differs may take the whole image.
fn wants_whole(problem: &Problem) -> bool {
    // What does not know this way, and what cannot go it from here.
    matches!(problem.status, 404 | 405 | 415 | 501)
        || matches!(&*problem.kind, "other-base" | "bad-patch")
}

/// The status of a device that is there again after an upload broke off, and as it was before.
fn is_back(lost: &PushError, image: &Image, address: &Address, before: &Status) -> Option<Status> {
    let PushError::Lost { after, .. } = lost else {
        return None;
    };
    if matches!(after, After::Silent) {
        return None;
    }
    thread::sleep(PAUSE);
    let (now, _) = device::status(address).ok()?;
    may_begin(image, &now).ok()?;
    let runs = |status: &Status| (status.active, status.active_slot().sha256.clone());
    (runs(&now) == runs(before)).then_some(now)
}

//! Sending the image, or what differs of it, while watching what the device makes of it.

use std::{
    sync::atomic::Ordering,
    thread,
    time::{Duration, Instant},
};

use super::{
    Confirm, Image, Options, STALL,
    error::{After, PushError},
    parcel::Parcel,
};
use crate::{
    device::{self, Address, Problem, Response, Sectors, Sending, State, Status, Uploaded},
    progress::Progress,
};

/// How often the device is asked how far it is.
const ASK: Duration = Duration::from_millis(200);
/// How often the end of the upload is looked for.
const LOOK: Duration = Duration::from_millis(20);

/// Sends the image as it is in `parcel`; gives how many sectors were written, or `None` when the device took all of
/// it but its answer got lost. `sent` gets the bytes that the network took besides.
pub(super) fn send(
    image: &Image,
    parcel: &Parcel<'_>,
    address: &Address,
    options: &Options,
    before: &Status,
    sent: &mut u64,
    progress: &mut Progress,
) -> Result<Option<Sectors>, PushError> {
    let query = match (options.confirm, options.within) {
        (Confirm::Device, _) => String::new(),
        (Confirm::Page | Confirm::Load, None) => "?confirm=client".to_owned(),
        (Confirm::Page | Confirm::Load, Some(within)) => {
            format!("?confirm=client&within={within}")
        }
    };
    let stall = STALL.min(options.timeout);
    let sending = Sending::default();
    let (answer, watch) = thread::scope(|scope| {
        let upload = scope.spawn(|| device::upload(address, &query, parcel.body(), &sending));
        let mut watch = Watch::new(stall);
        while !upload.is_finished() {
            watch.look(address, &sending, before, progress);
            if watch.is_stalled() {
                sending.abort.store(true, Ordering::Relaxed);
            }
            thread::sleep(LOOK);
        }
        // A sender that panicked has no answer.
        (
            upload.join().unwrap_or(Err(device::ClientError::Closed)),
            watch,
        )
    });
    *sent += sending.sent.load(Ordering::Relaxed);
    match answer {
        Ok(response) if response.status == 200 => accepted(image, &response).map(Some),
        Ok(response) => Err(PushError::Refused(Problem::of(&response))),
        Err(error) => {
            let what = match sending.abort.load(Ordering::Relaxed) {
                true => format!("nothing went on for {} s", stall.as_secs()),
                false => error.to_string(),
            };
            lost(image, address, options, watch.written, what)
        }
    }
}

fn accepted(image: &Image, response: &Response) -> Result<Sectors, PushError> {
    match response.read::<Uploaded>() {
        Some(uploaded) if uploaded.sha256 == image.sha256 => Ok(uploaded.sectors),
        _ => Err(PushError::OtherImage),
    }
}

/// Looks for signs of life.
struct Watch {
    stall: Duration,
    asked: Instant,
    /// When there was the last sign, and what it was.
    alive: Instant,
    sign: (u64, Option<device::Upload>),
    phase: String,
    /// Bytes that the device had written by its last answer.
    written: u64,
}

impl Watch {
    fn new(stall: Duration) -> Self {
        let now = Instant::now();
        let sign = (0, None);
        Self {
            stall,
            asked: now,
            alive: now,
            sign,
            phase: String::new(),
            written: 0,
        }
    }

    fn look(
        &mut self,
        address: &Address,
        sending: &Sending,
        before: &Status,
        progress: &mut Progress,
    ) {
        if self.asked.elapsed() < ASK {
            return;
        }
        // No answer is no sign; the time limit is on signs.
        let upload = device::status(address).ok().and_then(|(status, _)| {
            (status.device.boot_id == before.device.boot_id)
                .then_some(status.upload)
                .flatten()
        });
        self.asked = Instant::now();
        if let Some(upload) = &upload {
            self.written = upload.written;
            self.show(upload, progress);
        }
        let sign = (sending.sent.load(Ordering::Relaxed), upload);
        if sign.0 != self.sign.0 || (sign.1.is_some() && sign.1 != self.sign.1) {
            self.sign = sign;
            self.alive = Instant::now();
        }
    }

    fn show(&mut self, upload: &device::Upload, progress: &mut Progress) {
        if upload.phase == "writing" {
            progress.written(upload.written, upload.total);
        } else if upload.phase != self.phase {
            progress.phase(&upload.phase);
        }
        self.phase.clone_from(&upload.phase);
    }

    fn is_stalled(&self) -> bool {
        self.alive.elapsed() > self.stall
    }
}

/// Finds out how a device is whose answer did not come: it may have taken the image all the same.
fn lost(
    image: &Image,
    address: &Address,
    options: &Options,
    written: u64,
    what: String,
) -> Result<Option<Sectors>, PushError> {
    let until = Instant::now() + STALL.min(options.timeout);
    let after = loop {
        match device::status(address) {
            // It switched, or is about to; the restart is waited for as always.
            Ok((now, _)) if now.serves(&image.sha256) => return Ok(None),
            Ok((now, _)) if is_switching(&now) => return Ok(None),
            // It has not noticed yet that nothing more comes, or checks what came.
            Ok((now, _)) if now.upload.is_some() && Instant::now() < until => {}
            Ok((now, _)) if now.state == State::Recovery => break After::Recovery,
            Ok((now, _)) => break After::Serves(now.active_slot().to_string()),
            Err(_) if Instant::now() < until => {}
            Err(_) => break After::Silent,
        }
        thread::sleep(ASK);
    };
    let total = image.len() as u64;
    Err(PushError::Lost {
        what,
        written,
        total,
        after,
    })
}

fn is_switching(status: &Status) -> bool {
    status
        .upload
        .as_ref()
        .is_some_and(|upload| upload.phase == "restarting")
}

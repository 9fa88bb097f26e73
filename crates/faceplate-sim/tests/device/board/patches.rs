//! Patches made by hand, operation by operation.

use std::collections::HashMap;

use faceplate::{
    Confirmer,
    patch::Header,
    update::{Done, UploadError},
};
use littlefs_image::run;
use sha2::{Digest, Sha256};

use super::{Board, Device, Refused};

/// A patch in the making.
#[derive(Clone)]
pub struct Patch {
    pub header: Header,
    pub operations: Vec<u8>,
    /// Where in the base the last copy ended.
    from: i64,
}

impl Patch {
    /// A patch without operations.
    pub fn new(base: &[u8], image: &[u8]) -> Self {
        let header = Header {
            base_len: base.len() as u32,
            base_sha256: Sha256::digest(base).into(),
            image_len: image.len() as u32,
            image_sha256: Sha256::digest(image).into(),
            keep_end: 0,
        };
        Self {
            header,
            operations: Vec::new(),
            from: 0,
        }
    }

    fn number(&mut self, mut number: u64) {
        while number > 0x7f {
            self.operations.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.operations.push(number as u8);
    }

    pub fn data(&mut self, bytes: &[u8]) -> &mut Self {
        self.number((bytes.len() as u64) << 2);
        self.operations.extend(bytes);
        self
    }

    pub fn copy(&mut self, from: usize, len: usize) -> &mut Self {
        let by = from as i64 - self.from;
        self.number((len as u64) << 2 | 1);
        self.number(((by << 1) ^ (by >> 63)) as u64);
        self.from = (from + len) as i64;
        self
    }

    pub fn keep(&mut self, len: usize) -> &mut Self {
        self.number((len as u64) << 2 | 2);
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        [&self.header.encode(), self.operations.as_slice()].concat()
    }
}

/// Bytes that are looked for at a time.
const WINDOW: usize = 32;

/// A patch that makes `image`: what `kept` has at the same place stays, what `base` has anywhere is copied.
pub fn between(base: &[u8], kept: &[u8], image: &[u8]) -> Patch {
    let mut patch = Patch::new(base, image);
    let places: HashMap<&[u8], usize> = (0..base.len().saturating_sub(WINDOW - 1))
        .rev()
        .map(|at| (&base[at..at + WINDOW], at))
        .collect();
    let same = |a: &[u8], b: &[u8]| a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (mut at, mut data) = (0, 0);
    while at < image.len() {
        let keeps = same(&image[at..], kept.get(at..).unwrap_or_default());
        let place = image.get(at..at + WINDOW).and_then(|key| places.get(key));
        let copies = place.map_or(0, |&from| same(&image[at..], &base[from..]));
        let len = keeps.max(copies);
        if len < WINDOW {
            at += 1;
            continue;
        }
        if data < at {
            patch.data(&image[data..at]);
        }
        match keeps >= copies {
            true => {
                patch.keep(len);
                patch.header.keep_end = (at + len) as u32;
            }
            false => {
                patch.copy(place.copied().unwrap_or_default(), len);
            }
        }
        at += len;
        data = at;
    }
    if data < at {
        patch.data(&image[data..at]);
    }
    patch
}

/// Uploads a patch as a client does, in pieces of so many bytes.
pub fn upload_in(
    device: &Device,
    patch: &[u8],
    piece: usize,
    confirmer: Confirmer,
) -> Result<Done, Refused> {
    let upload = device.begin_patch(patch.len() as u64, confirmer);
    let mut upload = upload.map_err(Refused::Begin)?;
    let done = run(async {
        for piece in patch.chunks(piece) {
            upload.write(piece).await?;
        }
        upload.finish(None).await?.activate()
    });
    done.map_err(|error| match error {
        UploadError::Begin(error) => Refused::Begin(error),
        error => Refused::Upload(error),
    })
}

/// The same in pieces of a TCP segment.
pub fn upload(device: &Device, patch: &[u8], confirmer: Confirmer) -> Result<Done, Refused> {
    upload_in(device, patch, 1460, confirmer)
}

/// Boots, and makes `image` of what runs and of what the other slot holds; if that cannot be relied on, sends all
/// of it, as clients do.
pub fn install(board: &Board, image: &[u8], confirmer: Confirmer) -> Result<(), String> {
    let places = [0, 1].map(|slot| board.slot(slot).offset);
    let device = board.boot();
    let active = usize::from(device.active().number());
    let slots = super::status(&device).slots;
    let used = slots[active].used() as usize;
    let read = |slot: usize, len| board.flash.peek(places[slot], len);
    let (Ok(base), Ok(kept)) = (read(active, used), read(1 - active, image.len())) else {
        return Err("the flash is off".into());
    };
    let patch = between(&base, &kept, image).bytes();
    match upload(&device, &patch, confirmer) {
        Ok(_) => Ok(()),
        Err(Refused::Upload(UploadError::Patch(_))) => super::upload(&device, image, confirmer)
            .map(drop)
            .map_err(|error| format!("{error:?}")),
        Err(error) => Err(format!("{error:?}")),
    }
}

//! Whatever a patch says, it makes what a plain reading of it makes, or nothing; and nothing changes on flash but
//! the inactive slot and the settings.
#![no_main]

use faceplate::{Confirmer, SECTOR, patch::Header, sha256};
use faceplate_fuzz::device::{FLASH, Fuzzed, OURS, flash};
use faceplate_http::Device;
use libfuzzer_sys::fuzz_target;
use littlefs_image::run;

/// Where the slots are.
const SLOTS: [u32; 2] = [0x1_0000, 0x2_0000];
const SLOT: usize = 0x8000;

/// Reads a patch's operations as their description says, all at once.
struct Plain<'a> {
    rest: &'a [u8],
    base: &'a [u8],
    there: &'a [u8],
    keep_end: usize,
}

impl Plain<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(byte)
    }

    fn number(&mut self) -> Option<u32> {
        let mut number = 0_u64;
        for place in 0..5 {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << (7 * place);
            if byte < 0x80 {
                return number.try_into().ok();
            }
        }
        None
    }

    /// The image; `None` where they cannot be followed.
    fn image(&mut self) -> Option<Vec<u8>> {
        let (mut image, mut from) = (vec![], 0_i64);
        while !self.rest.is_empty() {
            let number = self.number()?;
            let (len, kind) = ((number >> 2) as usize, number & 3);
            if len == 0 || image.len() + len > SLOT {
                return None;
            }
            match kind {
                0 => {
                    image.extend(self.rest.get(..len)?);
                    self.rest = &self.rest[len..];
                }
                1 => {
                    let by = i64::from(self.number()?);
                    from += if by % 2 == 0 { by / 2 } else { -(by + 1) / 2 };
                    let start = usize::try_from(from).ok()?;
                    image.extend(self.base.get(start..start + len)?);
                    from += len as i64;
                }
                2 if image.len() + len <= self.keep_end => {
                    image.extend(&self.there[image.len()..image.len() + len]);
                }
                _ => return None,
            }
        }
        Some(image)
    }
}

fuzz_target!(|input: &[u8]| {
    let [piece, keep, operations @ ..] = input else {
        return;
    };
    let flash = flash();
    let [active, inactive] = SLOTS;
    // Another image of the same files, so that there is something to keep.
    let mut there = flash.peek(active, SLOT).expect("in bounds");
    there[SECTOR as usize + 100] ^= 1;
    flash.poke(inactive, &there).expect("in bounds");
    let device = Fuzzed::boot(&flash);
    let engine = device.engine();
    let used = engine.status(0).slots[0].used();
    let base = flash.peek(active, used as usize).expect("in bounds");
    let keep_end = usize::from(*keep) * 256;
    let made = Plain {
        rest: operations,
        base: &base,
        there: &there,
        keep_end,
    }
    .image();
    let hash = |bytes: &[u8]| {
        let mut hash = sha256::Sha256::new(sha256::SOFTWARE);
        hash.update(bytes);
        hash.finish()
    };
    // Of what cannot be followed any length does.
    let image = made.clone().unwrap_or_else(|| vec![0; 2 * SECTOR as usize]);
    let header = Header {
        base_len: used,
        base_sha256: hash(&base),
        image_len: image.len() as u32,
        image_sha256: hash(&image),
        keep_end: keep_end as u32,
    };
    let patch = [&header.encode(), operations].concat();
    let before = flash.peek(0, FLASH).expect("in bounds");
    let done = run(async {
        let mut upload = engine
            .begin_patch(patch.len() as u64, Confirmer::Device)
            .expect("nothing else runs");
        for piece in patch.chunks(1 + usize::from(*piece)) {
            upload.write(piece).await?;
        }
        upload.finish(None).await?.activate()
    });
    let after = flash.peek(0, FLASH).expect("in bounds");
    for (at, (old, new)) in before.iter().zip(&after).enumerate() {
        assert!(
            old == new || OURS.iter().any(|range| range.contains(&at)),
            "{at:#x}"
        );
    }
    if done.is_ok() {
        let made = made.expect("a patch that can be followed");
        let there = flash.peek(inactive, made.len()).expect("in bounds");
        assert!(there == made, "another image");
    }
});

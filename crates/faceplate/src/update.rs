//! The update session: an image goes into the inactive slot, is checked, and is switched to.
//!
//! The states are types: only a [`Checked`] image can be activated, and one only comes out of an
//! [`Upload`] whose every byte was written, read back and verified. Dropping either aborts; the
//! active slot was never touched.

mod error;

use core::cell::RefMut;

use embassy_futures::yield_now;
use embedded_storage_async::nor_flash::NorFlash;
use littlefs_image::{Storage, run};

pub use self::error::UploadError;
pub use crate::engine::{Phase, Progress};
use crate::{
    BeginError, Buffers, Confirmer, Engine, Last, Nvs, Outcome, RegionReader, SECTOR, Slot, Trial,
    engine::Place,
    manifest::Version,
    nvs::Change,
    patch::{Header, Operations, PatchError, Step},
    text::text,
    verify::{self, Problem, Subject, Verified},
    write::{SectorWriter, Sectors},
};

/// What an update did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The slot that the next boot serves.
    pub slot: Slot,
    /// Length of the image, bytes.
    pub bytes: u32,
    /// Sectors that were written and that were left alone.
    pub sectors: Sectors,
    /// The new frontend's version, if it says one.
    pub version: Option<Version>,
    /// SHA-256 of the image.
    pub sha256: [u8; 32],
    /// Who has to confirm it.
    pub confirmer: Confirmer,
}

/// The right to the inactive slot and to the buffers; giving it back ends the upload.
struct Lease<'e, F, N> {
    engine: &'e Engine<F, N>,
    buffers: RefMut<'e, Buffers>,
    /// The inactive slot.
    slot: Slot,
    total: u32,
    confirmer: Confirmer,
}

impl<F, N> Lease<'_, F, N> {
    fn report(&self, phase: Phase, received: u32, written: u32) {
        let total = self.total;
        self.engine.set_progress(Some(Progress {
            phase,
            received,
            written,
            total,
        }));
    }
}

impl<F, N> Drop for Lease<'_, F, N> {
    fn drop(&mut self) {
        self.engine.end_upload();
    }
}

/// What is read of a patch, while one comes.
#[derive(Debug)]
pub(crate) struct Patching {
    operations: Operations,
    /// SHA-256 of the image that it makes.
    image_sha256: [u8; 32],
}

impl Patching {
    /// As long as none comes.
    pub(crate) const NONE: Self = Self::new(&Header::NONE);

    const fn new(header: &Header) -> Self {
        Self {
            operations: Operations::new(header),
            image_sha256: header.image_sha256,
        }
    }
}

/// An upload that takes bytes: those of an image, or of a patch.
pub struct Upload<'e, F, N> {
    lease: Lease<'e, F, N>,
    writer: SectorWriter,
    /// Bytes of the image that are there.
    received: u32,
    /// Whether what comes is a patch.
    patched: bool,
    /// Whether anything was changed yet.
    begun: bool,
    /// Whether its first sector was refused.
    refused: bool,
}

impl<F: NorFlash + Clone, N: Nvs> Engine<F, N> {
    /// Starts an upload of `total` bytes into the inactive slot.
    ///
    /// # Errors
    /// When there must not be one now, or not of this length. Nothing was touched.
    pub fn begin(&self, total: u32, confirmer: Confirmer) -> Result<Upload<'_, F, N>, BeginError> {
        self.upload(total, 0, confirmer)
    }

    /// Starts an upload by a patch with this header and `len` bytes in all: [`Upload::write`] takes those behind
    /// the header. What the inactive slot holds, or the active one, is copied on flash.
    ///
    /// # Errors
    /// As [`Self::begin`]; when the header is none, or the patch is for another image than that in the active
    /// slot. Nothing was touched.
    pub fn begin_patch(
        &self,
        header: &[u8; Header::LEN],
        len: u64,
        confirmer: Confirmer,
    ) -> Result<Upload<'_, F, N>, BeginError> {
        let Header {
            image_len,
            keep_end,
            ..
        } = self.patch_header(header, len)?;
        let mut upload = self.upload(image_len, keep_end, confirmer)?;
        upload.start_patch(header);
        Ok(upload)
    }

    fn upload(
        &self,
        total: u32,
        keep_end: u32,
        confirmer: Confirmer,
    ) -> Result<Upload<'_, F, N>, BeginError> {
        let Place {
            buffers,
            slot,
            region,
            block_erase,
            trusted,
        } = self.lend(total)?;
        let lease = Lease {
            engine: self,
            buffers,
            slot,
            total,
            confirmer,
        };
        lease.report(Phase::Writing, 0, 0);
        Ok(Upload {
            lease,
            writer: SectorWriter::new(region, total, keep_end, block_erase, trusted),
            received: 0,
            patched: false,
            begun: false,
            refused: false,
        })
    }
}

impl<'e, F: NorFlash + Clone, N: Nvs> Upload<'e, F, N> {
    /// Bytes of the image that are still to come.
    pub fn remaining(&self) -> u32 {
        self.lease.total - self.received
    }

    /// Bytes of the image.
    pub const fn total(&self) -> u32 {
        self.lease.total
    }

    /// Bytes of the image that came, or were copied.
    pub const fn received(&self) -> u32 {
        self.received
    }

    fn start_patch(&mut self, header: &[u8; Header::LEN]) {
        let buffers = &mut *self.lease.buffers;
        if let Ok(read) = Header::decode(header) {
            buffers.patch = Patching::new(&read);
            buffers.work[0].begin_hash(buffers.compress);
            buffers.work[0].hash(header);
            self.patched = true;
        }
    }

    /// Takes the next bytes, of the image or of the patch. Each time a sector is full it is written and read back.
    ///
    /// # Errors
    /// When the first sector is not the start of a usable image, when flash fails, when there
    /// are more bytes than announced, or the patch cannot be followed. The upload is over then.
    pub async fn write(&mut self, mut bytes: &[u8]) -> Result<(), UploadError> {
        if self.patched {
            self.lease.buffers.work[0].hash(bytes);
        }
        while self.fill(&mut bytes)? {
            self.put_sector().await?;
            // A few bytes of a patch may copy a whole image.
            yield_now().await;
        }
        let written = self.received - self.received % SECTOR;
        self.lease.report(Phase::Writing, self.received, written);
        Ok(())
    }

    /// Puts what comes next into the sector; whether that is full. Else all bytes are used up.
    #[inline(never)]
    fn fill(&mut self, bytes: &mut &[u8]) -> Result<bool, UploadError> {
        if self.refused {
            // Of what was refused nothing is written, whoever goes on all the same.
            return Err(UploadError::TooLong);
        }
        let before = self.received / SECTOR;
        let filled = match self.patched {
            true => self.follow(bytes),
            false => self.append(bytes),
        };
        self.refused = filled.is_err();
        filled?;
        Ok(self.received / SECTOR > before)
    }

    /// Bytes that have room in the sector.
    fn room(&self) -> u32 {
        SECTOR - self.received % SECTOR
    }

    /// Takes bytes of an image.
    fn append(&mut self, bytes: &mut &[u8]) -> Result<(), UploadError> {
        let room = self.room();
        let (now, rest) = bytes.split_at(bytes.len().min(room as usize));
        let len = now.len() as u32;
        if len > self.remaining() {
            return Err(UploadError::TooLong);
        }
        *bytes = rest;
        let at = (SECTOR - room) as usize;
        self.lease.buffers.sector[at..at + now.len()].copy_from_slice(now);
        self.received += len;
        Ok(())
    }

    /// Follows a patch to the end of the sector, or as far as it came.
    fn follow(&mut self, bytes: &mut &[u8]) -> Result<(), UploadError> {
        loop {
            let room = self.room();
            let operations = &mut self.lease.buffers.patch.operations;
            let next = operations.next(bytes, room);
            let Some(step) = next.map_err(UploadError::Patch)? else {
                return Ok(());
            };
            let engine = self.lease.engine;
            let (region, from, len) = match step {
                Step::Data(data) => {
                    let at = self.received % SECTOR;
                    self.lease.buffers.sector[at as usize..][..data.len()].copy_from_slice(data);
                    (None, 0, data.len() as u32)
                }
                Step::Copy { from, len } => (engine.region(self.lease.slot.other()), from, len),
                Step::Keep { len } => (Some(self.writer.region()), self.received, len),
            };
            if let Some(region) = region {
                let at = (self.received % SECTOR) as usize;
                let part = &mut self.lease.buffers.sector[at..at + len as usize];
                let mut storage = RegionReader::new(engine.flash(), region);
                run(storage.read(from, part)).map_err(|fault| UploadError::Flash(text(fault)))?;
            }
            self.received += len;
            if len == room {
                return Ok(());
            }
        }
    }

    async fn put_sector(&mut self) -> Result<(), UploadError> {
        let at = self.received - SECTOR;
        let slot = self.lease.slot;
        if at == 0 {
            self.refused = true;
            self.judge_first()?;
            self.refused = false;
        }
        let sector: &[u8; SECTOR as usize] = &self.lease.buffers.sector;
        let engine = self.lease.engine;
        let mut flash = engine.flash();
        if !self.begun {
            let skipped = self.writer.skip(&mut flash, at, sector).await;
            if skipped.map_err(|fault| UploadError::Flash(text(fault)))? {
                self.lease
                    .report(Phase::Writing, self.received, self.received);
                return Ok(());
            }
            // From the first change on, the slot holds neither the old image nor the new one, and
            // that has to outlive a power cut.
            engine.begin_writing(slot).map_err(UploadError::Nvs)?;
            self.begun = true;
        }
        let put = self.writer.put(&mut flash, at, sector).await;
        put.map_err(|fault| UploadError::Flash(text(fault)))?;
        self.lease
            .report(Phase::Writing, self.received, self.received);
        Ok(())
    }

    /// Judges the image by its first sector. Not inlined, so that its depth is not that of all writing.
    #[inline(never)]
    fn judge_first(&self) -> Result<(), UploadError> {
        let Lease {
            engine,
            buffers,
            total,
            ..
        } = &self.lease;
        let room = self.writer.region().len;
        verify::first_sector(&buffers.sector[..], *total, room).map_err(no_image)?;
        verify::first_word(
            &buffers.sector[..],
            engine.requirements(),
            engine.confirmed(),
        )
        .map_err(UploadError::Rejected)
    }

    /// Reads everything back from flash and verifies it.
    ///
    /// # Errors
    /// When bytes are missing, when they do not have the SHA-256 `digest` that the client sent,
    /// or when they are not a whole frontend that fits this firmware.
    pub async fn finish(
        mut self,
        digest: Option<[u8; 32]>,
    ) -> Result<Checked<'e, F, N>, UploadError> {
        let total = self.lease.total;
        if self.remaining() != 0 {
            return Err(match self.patched {
                true => UploadError::Patch(PatchError::Short),
                false => UploadError::Incomplete {
                    received: self.received,
                    total,
                },
            });
        }
        let digest = self.image_digest(digest)?;
        self.lease.report(Phase::Checking, total, total);
        let engine = self.lease.engine;
        let verified = verify::whole(
            &engine.flash(),
            self.writer.region(),
            Subject::Image { len: total, digest },
            engine.requirements(),
            &mut self.lease.buffers,
        )
        .await
        .and_then(|verified| {
            verified.fits(engine.requirements(), engine.confirmed())?;
            Ok(verified)
        });
        let slot = self.lease.slot;
        match verified {
            Ok(verified) => Ok(Checked {
                lease: self.lease,
                verified,
                sectors: self.writer.sectors,
            }),
            Err(Problem::Digest) if self.patched => Err(UploadError::Patch(PatchError::Image)),
            Err(Problem::Digest) => Err(UploadError::Digest),
            Err(problem) => {
                // Nothing more is known of the slot than that its upload did not come to its end.
                if problem != Problem::NoMemory {
                    engine.mark(slot, problem.clone());
                }
                Err(UploadError::Rejected(problem))
            }
        }
    }
}

impl<F, N> Upload<'_, F, N> {
    /// The SHA-256 that the image must have, where that of what came must be `digest`.
    fn image_digest(&self, digest: Option<[u8; 32]>) -> Result<Option<[u8; 32]>, UploadError> {
        if !self.patched {
            return Ok(digest);
        }
        let buffers = &self.lease.buffers;
        match digest {
            Some(digest) if digest != buffers.work[0].hashed() => Err(UploadError::Digest),
            _ => Ok(Some(buffers.patch.image_sha256)),
        }
    }
}

/// What is wrong with the first sector.
#[cold]
#[inline(never)]
fn no_image(problem: Problem) -> UploadError {
    match problem {
        Problem::Length => UploadError::BadLength,
        Problem::Truncated(what) => UploadError::Truncated(what),
        other => UploadError::NotAnImage(text(other)),
    }
}

/// An image that is on flash, whole and verified.
pub struct Checked<'e, F, N> {
    lease: Lease<'e, F, N>,
    verified: Verified,
    sectors: Sectors,
}

impl<F: NorFlash + Clone, N: Nvs> Checked<'_, F, N> {
    /// Makes it the slot of the next boot, on trial. Until then the old frontend is served.
    ///
    /// # Errors
    /// When NVS fails; the old slot stays active.
    pub fn activate(self) -> Result<Done, UploadError> {
        let Lease {
            engine,
            slot: to,
            total,
            confirmer,
            ..
        } = &self.lease;
        let to = *to;
        self.lease.report(Phase::Switching, *total, *total);
        engine.keep_confirmed().map_err(UploadError::Nvs)?;
        let before = [
            Change::Trial(Trial::new(to, *confirmer)),
            Change::Image(to, self.verified.record),
            Change::Last(Last {
                outcome: Outcome::Updated,
                from: to.other(),
                to,
            }),
        ];
        engine.switch(&before, to).map_err(UploadError::Nvs)?;
        engine.mark_valid(to, self.verified.clone());
        self.lease.report(Phase::Restarting, *total, *total);
        let done = Done {
            slot: to,
            bytes: *total,
            sectors: self.sectors,
            version: self.verified.version().cloned(),
            sha256: self.verified.record.sha256,
            confirmer: *confirmer,
        };
        Ok(done)
    }
}

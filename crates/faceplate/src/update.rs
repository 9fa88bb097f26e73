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
    engine::{Place, fits},
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
    /// Bytes of all of it.
    len: u64,
    /// Bytes of its header that are there, in the sector.
    filled: usize,
    operations: Operations,
    /// SHA-256 of the image that it makes.
    image_sha256: [u8; 32],
}

impl Patching {
    /// As long as none comes.
    pub(crate) const NONE: Self = Self::begin(0);

    const fn begin(len: u64) -> Self {
        Self {
            len,
            filled: 0,
            operations: Operations::new(&Header::NONE),
            image_sha256: [0; 32],
        }
    }
}

/// What the next bytes are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expects {
    Image,
    /// Of a patch, its first ones.
    Header,
    Operations,
}

/// An upload that takes bytes: those of an image, or of a patch.
pub struct Upload<'e, F, N> {
    lease: Lease<'e, F, N>,
    writer: SectorWriter,
    /// Bytes of the image that are there.
    received: u32,
    expects: Expects,
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
        let mut upload = self.upload(self.lend()?, confirmer);
        upload.is_of(total, 0)?;
        Ok(upload)
    }

    /// Starts an upload by a patch of `len` bytes. What the active slot or the inactive one holds is copied on flash.
    ///
    /// What the patch is for is in its first bytes: [`Upload::write`] says when that cannot be.
    ///
    /// # Errors
    /// When there must not be an upload now. Nothing was touched.
    pub fn begin_patch(
        &self,
        len: u64,
        confirmer: Confirmer,
    ) -> Result<Upload<'_, F, N>, BeginError> {
        let mut upload = self.upload(self.lend()?, confirmer);
        upload.expects = Expects::Header;
        upload.start_patch(len);
        Ok(upload)
    }

    fn upload<'e>(&'e self, place: Place<'e>, confirmer: Confirmer) -> Upload<'e, F, N> {
        let Place {
            buffers,
            slot,
            region,
            block_erase,
            trusted,
        } = place;
        let lease = Lease {
            engine: self,
            buffers,
            slot,
            total: 0,
            confirmer,
        };
        lease.report(Phase::Writing, 0, 0);
        Upload {
            lease,
            writer: SectorWriter::new(region, block_erase, trusted),
            received: 0,
            expects: Expects::Image,
            begun: false,
            refused: false,
        }
    }
}

impl<'e, F: NorFlash + Clone, N: Nvs> Upload<'e, F, N> {
    /// Bytes of the image that are still to come.
    pub fn remaining(&self) -> u32 {
        self.lease.total - self.received
    }

    /// Bytes of the image that came, or were copied.
    pub const fn received(&self) -> u32 {
        self.received
    }

    /// How long the image is, and before which place of it something may be kept.
    fn is_of(&mut self, total: u32, keep_end: u32) -> Result<(), BeginError> {
        fits(total, self.writer.region())?;
        self.lease.total = total;
        self.writer.announce(total, keep_end);
        self.lease.report(Phase::Writing, 0, 0);
        Ok(())
    }

    fn start_patch(&mut self, len: u64) {
        let buffers = &mut *self.lease.buffers;
        buffers.patch = Patching::begin(len);
        buffers.work[0].begin_hash(buffers.compress);
    }

    /// Takes bytes of a patch's header, and when it is whole, what it says.
    #[inline(never)]
    fn head(&mut self, bytes: &mut &[u8]) -> Result<(), UploadError> {
        let Buffers { patch, sector, .. } = &mut *self.lease.buffers;
        let (now, rest) = bytes.split_at(bytes.len().min(Header::LEN - patch.filled));
        sector[patch.filled..][..now.len()].copy_from_slice(now);
        patch.filled += now.len();
        *bytes = rest;
        if patch.filled < Header::LEN {
            return Ok(());
        }
        let Some(header) = sector.first_chunk() else {
            return Ok(());
        };
        let engine = self.lease.engine;
        let header = engine.patch_header(header, patch.len);
        let header = header.map_err(UploadError::Begin)?;
        patch.operations = Operations::new(&header);
        patch.image_sha256 = header.image_sha256;
        self.expects = Expects::Operations;
        let Header {
            image_len,
            keep_end,
            ..
        } = header;
        self.is_of(image_len, keep_end).map_err(UploadError::Begin)
    }

    /// Takes the next bytes, of the image or of the patch. Each time a sector is full it is written and read back.
    ///
    /// # Errors
    /// When the first sector is not the start of a usable image, when flash fails, when there
    /// are more bytes than announced, or the patch cannot be followed. The upload is over then.
    pub async fn write(&mut self, mut bytes: &[u8]) -> Result<(), UploadError> {
        self.hash(bytes);
        while self.fill(&mut bytes)? {
            self.put_sector().await?;
            // A few bytes of a patch may copy a whole image.
            yield_now().await;
        }
        let written = self.received - self.received % SECTOR;
        self.lease.report(Phase::Writing, self.received, written);
        Ok(())
    }

    /// Adds bytes of a patch to its hash.
    #[inline(never)]
    fn hash(&mut self, bytes: &[u8]) {
        if self.expects != Expects::Image {
            self.lease.buffers.work[0].hash(bytes);
        }
    }

    /// Puts what comes next into the sector; whether that is full. Else all bytes are used up.
    #[inline(never)]
    fn fill(&mut self, bytes: &mut &[u8]) -> Result<bool, UploadError> {
        if self.refused {
            // Of what was refused nothing is written, whoever goes on all the same.
            return Err(UploadError::TooLong);
        }
        let before = self.received / SECTOR;
        let mut filled = Ok(());
        if self.expects == Expects::Header {
            filled = self.head(bytes);
        }
        filled = filled.and_then(|()| match self.expects {
            Expects::Image => self.append(bytes),
            Expects::Header => Ok(()),
            Expects::Operations => self.follow(bytes),
        });
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
            self.judge_first_word()?;
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

    /// Judges the image by its first sector. Neither this nor the next is inlined, so that their depth is not that of all
    /// writing, nor that of each other.
    #[inline(never)]
    fn judge_first(&self) -> Result<(), UploadError> {
        let Lease { buffers, total, .. } = &self.lease;
        let room = self.writer.region().len;
        verify::first_sector(&buffers.sector[..], *total, room).map_err(no_image)
    }

    /// Judges what the first sector says of the image.
    #[inline(never)]
    fn judge_first_word(&self) -> Result<(), UploadError> {
        let Lease {
            engine, buffers, ..
        } = &self.lease;
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
        match self.expects {
            Expects::Image if self.remaining() != 0 => {
                return Err(UploadError::Incomplete {
                    received: self.received,
                    total,
                });
            }
            Expects::Header => return Err(UploadError::Patch(PatchError::NotAPatch)),
            Expects::Operations if self.remaining() != 0 => {
                return Err(UploadError::Patch(PatchError::Short));
            }
            Expects::Image | Expects::Operations => {}
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
            Err(Problem::Digest) if self.expects != Expects::Image => {
                Err(UploadError::Patch(PatchError::Image))
            }
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
        if self.expects == Expects::Image {
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

//! The update session: an image goes into the inactive slot, is checked, and is switched to.
//!
//! The states are types: only a [`Checked`] image can be activated, and one only comes out of an
//! [`Upload`] whose every byte was written, read back and verified. Dropping either aborts; the
//! active slot was never touched.

use core::{cell::RefMut, fmt};

use embedded_storage_async::nor_flash::NorFlash;

use crate::{
    BadLength, Buffers, Confirmer, Engine, Last, Nvs, Outcome, SECTOR, Slot, Trial,
    manifest::Version,
    nvs::Change,
    text::{Text, text},
    verify::{self, Problem, Subject, Verified},
    write::{SectorWriter, Sectors},
};

/// How far an upload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Bytes arrive and are written.
    Writing,
    /// All bytes are written; flash is being read back and verified.
    Checking,
    /// The image is good; NVS is being changed.
    Switching,
    /// Done; the device is about to restart.
    Restarting,
}

impl Phase {
    /// As the API says it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Writing => "writing",
            Self::Checking => "checking",
            Self::Switching => "switching",
            Self::Restarting => "restarting",
        }
    }
}

/// The upload that runs. Counts are bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub phase: Phase,
    /// Bytes received.
    pub received: u32,
    /// Bytes that are on flash and were read back.
    pub written: u32,
    /// Bytes of the whole image.
    pub total: u32,
}

/// Why an upload failed. The active slot is untouched in every case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UploadError {
    /// The first bytes are not a usable LittleFS image. Nothing was erased.
    NotAnImage(Text),
    /// No image has this length, and these are not the first bytes of one. Nothing was erased.
    BadLength,
    /// The end of the image is missing, as its first bytes tell. Nothing was erased.
    Truncated(Text),
    /// More bytes came than were announced.
    TooLong,
    /// Fewer bytes came than were announced.
    Incomplete {
        /// Bytes that came.
        received: u32,
        /// Bytes that were announced.
        total: u32,
    },
    /// The SHA-256 of the bytes is not the one that the client sent.
    Digest,
    /// All bytes arrived, but they are no whole frontend.
    Rejected(Problem),
    /// The flash does not take the bytes.
    Flash(Text),
    /// The choice of the new slot cannot be stored.
    Nvs(Text),
}

impl fmt::Display for UploadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnImage(what) | Self::Truncated(what) => f.write_str(what),
            Self::BadLength => BadLength.fmt(f),
            Self::TooLong => f.write_str("more bytes came than were announced"),
            Self::Incomplete { received, total } => {
                write!(f, "the upload ended after {received} of {total} bytes")
            }
            Self::Digest => f.write_str("the bytes do not match the Content-Digest"),
            Self::Rejected(problem) => problem.fmt(f),
            Self::Flash(what) => f.write_str(what),
            Self::Nvs(what) => write!(f, "the settings store (NVS) failed: {what}"),
        }
    }
}

impl core::error::Error for UploadError {}

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
    from: Slot,
    total: u32,
    confirmer: Confirmer,
}

impl<F, N> Lease<'_, F, N> {
    fn to(&self) -> Slot {
        self.from.other()
    }

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

/// An upload that takes bytes.
pub struct Upload<'e, F, N> {
    lease: Lease<'e, F, N>,
    writer: SectorWriter,
    received: u32,
    /// Whether anything was changed yet.
    begun: bool,
}

impl<'e, F: NorFlash + Clone, N: Nvs> Upload<'e, F, N> {
    pub(crate) fn new(
        engine: &'e Engine<F, N>,
        buffers: RefMut<'e, Buffers>,
        from: Slot,
        total: u32,
        confirmer: Confirmer,
        writer: SectorWriter,
    ) -> Self {
        let lease = Lease {
            engine,
            buffers,
            from,
            total,
            confirmer,
        };
        lease.report(Phase::Writing, 0, 0);
        Self {
            lease,
            writer,
            received: 0,
            begun: false,
        }
    }

    /// Bytes that are still to come.
    pub fn remaining(&self) -> u32 {
        self.lease.total - self.received
    }

    /// Takes the next bytes. Each time a sector is full it is written and read back.
    ///
    /// # Errors
    /// When the first sector is not the start of a usable image, when flash fails, or when there
    /// are more bytes than announced. The upload is over then.
    pub async fn write(&mut self, mut bytes: &[u8]) -> Result<(), UploadError> {
        while !bytes.is_empty() {
            if self.remaining() == 0 {
                return Err(UploadError::TooLong);
            }
            let filled = (self.received % SECTOR) as usize;
            let free = &mut self.lease.buffers.sector.0[filled..];
            let (now, rest) = bytes.split_at(bytes.len().min(free.len()));
            free[..now.len()].copy_from_slice(now);
            self.received += now.len() as u32;
            bytes = rest;
            if self.received.is_multiple_of(SECTOR) {
                self.put_sector().await?;
            }
        }
        let written = self.received - self.received % SECTOR;
        self.lease.report(Phase::Writing, self.received, written);
        Ok(())
    }

    async fn put_sector(&mut self) -> Result<(), UploadError> {
        let at = self.received - SECTOR;
        let slot = self.lease.to();
        let sector = &self.lease.buffers.sector.0;
        if at == 0 {
            let slot = self.writer.region().len;
            verify::first_sector(sector, self.lease.total, slot).map_err(
                |problem| match problem {
                    Problem::Length => UploadError::BadLength,
                    Problem::Truncated(what) => UploadError::Truncated(what),
                    other => UploadError::NotAnImage(text(other)),
                },
            )?;
        }
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
            return Err(UploadError::Incomplete {
                received: self.received,
                total,
            });
        }
        self.lease.report(Phase::Checking, total, total);
        let engine = self.lease.engine;
        let requirements = engine.requirements();
        let verified = verify::whole(
            &engine.flash(),
            self.writer.region(),
            Subject::Image { len: total, digest },
            requirements,
            &mut self.lease.buffers,
        )
        .await
        .and_then(|verified| verified.fits(requirements.api).map(|()| verified));
        let slot = self.lease.to();
        match verified {
            Ok(verified) => Ok(Checked {
                lease: self.lease,
                verified,
                sectors: self.writer.sectors,
            }),
            Err(Problem::Digest) => Err(UploadError::Digest),
            Err(problem) => {
                engine.mark(slot, problem.clone());
                Err(UploadError::Rejected(problem))
            }
        }
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
            from,
            total,
            confirmer,
            ..
        } = &self.lease;
        let to = self.lease.to();
        self.lease.report(Phase::Switching, *total, *total);
        let before = [
            Change::Trial(Trial::new(to, *confirmer)),
            Change::Image(to, self.verified.record),
            Change::Last(Last {
                outcome: Outcome::Updated,
                from: *from,
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

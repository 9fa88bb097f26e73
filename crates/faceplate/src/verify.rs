//! Proving that a slot holds a whole frontend.
//!
//! A check may be made by whoever has a connection, so its future is in every one of them and must be
//! small. Flash is read on the spot, which takes microseconds; what takes long is done a sector at a time,
//! with others in between, and keeps what it works with in the [`Buffers`].

mod problem;
mod work;

use core::convert::Infallible;

use embedded_storage_async::nor_flash::ReadNorFlash;
use littlefs_image::{
    Storage,
    check::Report,
    read::{Error, Image, Node, probe, probe_attr},
    run,
};

pub(crate) use self::problem::BadLength;
pub use self::problem::Problem;
pub(crate) use self::work::Work;
use crate::{
    Buffers, BuildId, ImageRecord, Region, RegionReader, SECTOR, Signers,
    manifest::{self, About, Manifest, ManifestError, Version},
    marks::{MARKS, MARKS_HASH_LEN},
    reading::{attr, checked, find, mount},
    signature::Signature,
    text::text,
};

/// What the firmware wants of an image.
#[derive(Debug, Clone, Copy)]
pub struct Requirements {
    /// The API that this firmware offers to its frontends.
    pub api: u16,
    /// Refuse images without a manifest, whose files cannot be proved intact.
    pub manifest: bool,
    /// Whose images are taken, at any time and by any way.
    pub signers: Signers,
    /// Refuse new images whose sequence is lower than the highest that was confirmed.
    pub no_step_back: bool,
}

impl Requirements {
    /// Any sound image for firmware that offers this API.
    pub const fn any(api: u16) -> Self {
        Self {
            api,
            manifest: false,
            signers: Signers::ANYONE,
            no_step_back: false,
        }
    }
}

/// What a check is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// An image of known length at the start of a region.
    Image {
        /// Its length in bytes.
        len: u32,
        /// The SHA-256 that it has to have.
        digest: Option<[u8; 32]>,
    },
    /// Whatever image a slot holds.
    Slot,
}

/// A whole frontend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Where its files are.
    pub image: Image,
    /// Its length in bytes and the SHA-256 of these.
    pub record: ImageRecord,
    /// What its manifest says about it, if it has one.
    pub about: Option<About>,
    /// Whether each file says how it may be cached; see [`marks`](crate::marks).
    pub marked: bool,
    /// Which of the firmware's keys signed it; `None` where it names none.
    pub signer: Option<u8>,
}

impl Verified {
    /// Its version, if it says one.
    pub fn version(&self) -> Option<&Version> {
        self.about.as_ref().map(|about| &about.version)
    }

    /// Which build it is, if it says that.
    pub fn build(&self) -> Option<BuildId> {
        self.about.as_ref().and_then(|about| about.build)
    }

    /// Whether it may be the next frontend of a firmware that wants this, and which has confirmed no higher
    /// sequence than `confirmed`; see [`fits`].
    ///
    /// # Errors
    /// [`Problem::Api`] or [`Problem::StepBack`].
    pub fn fits(&self, requirements: &Requirements, confirmed: u32) -> Result<(), Problem> {
        fits(self.about.as_ref(), requirements, confirmed)
    }
}

/// Whether a frontend that says this of itself may be the next one. Without a manifest it is assumed to work
/// with any firmware, and has sequence 0.
///
/// # Errors
/// [`Problem::Api`] where it needs another firmware, [`Problem::StepBack`] where the firmware wants no lower
/// sequence than `confirmed`.
pub fn fits(
    about: Option<&About>,
    requirements: &Requirements,
    confirmed: u32,
) -> Result<(), Problem> {
    let &Requirements {
        api: ours,
        no_step_back,
        ..
    } = requirements;
    if let Some(about) = about {
        let (min, max) = (about.api_min, about.api_max);
        if !(min..=max).contains(&ours) {
            return Err(Problem::Api { min, max, ours });
        }
    }
    let sequence = about.map_or(0, |about| about.sequence);
    match no_step_back && sequence < confirmed {
        true => Err(Problem::StepBack {
            sequence,
            confirmed,
        }),
        false => Ok(()),
    }
}

type ReaderError<F> =
    Error<crate::region::ReadError<<F as embedded_storage_async::nor_flash::ErrorType>::Error>>;

/// What a failed read of an image means. Not inlined, as it is called in many places, and nearly never.
#[cold]
#[inline(never)]
fn problem<F: ReadNorFlash>(error: ReaderError<F>) -> Problem {
    match error {
        Error::Storage(error) => Problem::Flash(text(error)),
        error @ Error::Truncated { .. } => Problem::Truncated(text(error)),
        other => Problem::Structure(text(other)),
    }
}

/// Judges an image of `len` bytes by its first sector, for a slot of `slot_len` bytes: whether it is
/// one, fits, and is not the mere beginning of one. What begins as an image and has a length that none
/// has was cut.
///
/// # Errors
/// [`Problem::Truncated`], [`Problem::Length`] or [`Problem::Structure`].
#[inline(never)]
pub fn first_sector(sector: &[u8], len: u32, slot_len: u32) -> Result<(), Problem> {
    match begins(sector, len, slot_len) {
        Ok(()) if is_length(len) => Ok(()),
        Ok(()) => Err(Problem::Truncated(text(format_args!(
            "the image is truncated: its {len} bytes are not two or more whole blocks of {SECTOR}"
        )))),
        Err(error @ Error::Truncated { .. }) => Err(Problem::Truncated(text(error))),
        Err(_) if !is_length(len) => Err(Problem::Length),
        Err(error) => Err(Problem::Structure(text(error))),
    }
}

/// Whether a sector is the first of an image that may have so many bytes. Apart, to have the stack before an error is
/// put into words.
#[inline(never)]
fn begins(sector: &[u8], len: u32, slot_len: u32) -> Result<(), Error<Infallible>> {
    probe(sector, slot_len / SECTOR)?;
    let mut whole = [0; 4];
    let blocks = len / SECTOR;
    match probe_attr(sector, manifest::LENGTH, &mut whole)? {
        Some(4) if u32::from_le_bytes(whole) > blocks => Err(Error::Truncated {
            blocks,
            whole: u32::from_le_bytes(whole),
        }),
        _ => Ok(()),
    }
}

/// Judges an image by what the root directory says in its first sector, before anything is erased: who signed
/// it, for which firmware it is, and whether it is a step back; see [`fits`].
///
/// An image of another tool may say it elsewhere, or nowhere: then the check of the whole has to tell, but
/// for the signature, which is there or missing.
///
/// # Errors
/// What is wrong with it; [`Problem::Length`] where it is no such sector, as [`first_sector`] tells in full.
#[inline(never)]
pub fn first_word(
    sector: &[u8],
    requirements: &Requirements,
    confirmed: u32,
) -> Result<(), Problem> {
    // That it is the first block of an image is known by then.
    let attr = |kind, buf: &mut [u8]| probe_attr(sector, kind, buf).map_err(|_| Problem::Length);
    requirements.signers.check(attr)?;
    first_fits(attr, requirements, confirmed)
}

/// Apart from the above, to have the stack one after the other.
#[inline(never)]
fn first_fits(
    attr: impl Fn(u8, &mut [u8]) -> Result<Option<usize>, Problem>,
    requirements: &Requirements,
    confirmed: u32,
) -> Result<(), Problem> {
    let mut bytes = [0; Manifest::MAX_LEN];
    let manifest = match attr(manifest::MANIFEST, &mut bytes)? {
        None => return Ok(()),
        Some(len) => decode(&bytes, len)?,
    };
    fits(Some(&manifest.about), requirements, confirmed)
}

/// A manifest of which there were so many bytes.
fn decode(bytes: &[u8; Manifest::MAX_LEN], len: usize) -> Result<Manifest, Problem> {
    let bytes = bytes
        .get(..len)
        .ok_or(Problem::Manifest(ManifestError::Version))?;
    Manifest::decode(bytes).map_err(Problem::Manifest)
}

/// Whether an image may have so many bytes: whole blocks, and the two of its superblock.
const fn is_length(len: u32) -> bool {
    len.is_multiple_of(SECTOR) && len >= 2 * SECTOR
}

/// The whole check of the image at the start of `region`: structure, index, manifest, every file's
/// bytes. Nothing is believed that was not read from flash.
///
/// Whether it fits the firmware's API and is no step back is asked apart, by [`Verified::fits`], and of new
/// frontends only: one that was accepted before is not taken away by a new firmware. Who signed it is asked
/// each time: a firmware that does not know a key any more does not trust it.
///
/// # Errors
/// The first thing that is wrong.
pub async fn whole<F: ReadNorFlash + Clone>(
    flash: &F,
    region: Region,
    subject: Subject,
    requirements: &Requirements,
    buffers: &mut Buffers,
) -> Result<Verified, Problem> {
    let mut storage = RegionReader::new(flash.clone(), region);
    let blocks = match subject {
        Subject::Image { len, .. } => len.min(region.len) / SECTOR,
        Subject::Slot => region.len / SECTOR,
    };
    if let Subject::Image {
        len,
        digest: Some(digest),
    } = subject
        && work::sha256(&mut storage, len, buffers).await? != digest
    {
        return Err(Problem::Digest);
    }
    let report = sound(&mut storage, blocks, buffers)?;
    let (image, manifest) = mounted(&mut storage, region, blocks, &report)?;
    let signer = signer(&image, &mut storage, requirements)?;
    let used = (report.last_used_block + 1) * SECTOR;
    let mut marked = false;
    match &manifest {
        Some(manifest) => {
            work::files(&image, &mut storage, &manifest.root_hash, buffers).await?;
            marked = work::marks(&image, &mut storage, buffers).await?;
        }
        None if requirements.manifest => return Err(Problem::NoManifest),
        None => {}
    }
    let about = manifest.map(|manifest| manifest.about);
    let len = match subject {
        Subject::Image { len, .. } => len,
        Subject::Slot => used,
    };
    let sha256 = match subject {
        Subject::Image {
            digest: Some(digest),
            ..
        } => digest,
        _ => work::sha256(&mut storage, len, buffers).await?,
    };
    Ok(Verified {
        image,
        record: ImageRecord { len, sha256 },
        about,
        marked,
        signer,
    })
}

/// Checks the structure of the image in the first `blocks` blocks of a region. Neither this nor what follows is
/// inlined: each step has the stack for itself, and the future of a check nearly nothing.
#[inline(never)]
fn sound<F: ReadNorFlash>(
    storage: &mut RegionReader<F>,
    blocks: u32,
    buffers: &mut Buffers,
) -> Result<Report, Problem> {
    match checked(storage, blocks, &mut buffers.sector, &mut buffers.owners) {
        Ok(report) => Ok(report),
        Err(Error::NotLittleFs) if is_blank(storage, &mut buffers.sector)? => Err(Problem::Empty),
        Err(error) => Err(problem::<F>(error)),
    }
}

/// Opens an image whose structure is sound, and sees that it fits the region and has a page.
#[inline(never)]
fn mounted<F: ReadNorFlash>(
    storage: &mut RegionReader<F>,
    region: Region,
    blocks: u32,
    report: &Report,
) -> Result<(Image, Option<Manifest>), Problem> {
    let (block_count, slot_blocks) = (report.superblock.block_count, region.len / SECTOR);
    if block_count > slot_blocks {
        let error = Error::<Infallible>::TooLarge {
            block_count,
            blocks: slot_blocks,
        };
        return Err(Problem::Structure(text(error)));
    }
    let image = mount(storage, blocks).map_err(problem::<F>)?;
    if !has_index(&image, storage)? {
        return Err(Problem::NoIndex);
    }
    let manifest = read_manifest(&image, storage)?;
    Ok((image, manifest))
}

/// The check of a slot at boot. Bytes that hash to what was verified before are as good as then;
/// otherwise the whole check decides, and only a manifest can prove content.
///
/// An upload that was not finished leaves nothing valid, whatever it looks like. A read that fails
/// is tried again.
///
/// # Errors
/// What is wrong with the slot.
pub async fn at_boot<F: ReadNorFlash + Clone>(
    flash: &F,
    region: Region,
    record: Option<ImageRecord>,
    requirements: &Requirements,
    buffers: &mut Buffers,
) -> Result<Verified, Problem> {
    let mut tries = READ_TRIES;
    loop {
        tries -= 1;
        match slot(flash, region, record, requirements, buffers).await {
            Err(problem) if problem.is_passing() && tries > 0 => {}
            found => return found,
        }
    }
}

/// How often a check that the flash refuses is tried.
const READ_TRIES: u32 = 3;

async fn slot<F: ReadNorFlash + Clone>(
    flash: &F,
    region: Region,
    record: Option<ImageRecord>,
    requirements: &Requirements,
    buffers: &mut Buffers,
) -> Result<Verified, Problem> {
    if record == Some(ImageRecord::UNFINISHED) {
        return Err(Problem::Incomplete);
    }
    if let Some(record) = record
        && record.len <= region.len
        && record.len % SECTOR == 0
    {
        let mut storage = RegionReader::new(flash.clone(), region);
        if work::sha256(&mut storage, record.len, buffers).await? == record.sha256 {
            return as_verified(&mut storage, record, requirements);
        }
    }
    let verified = whole(flash, region, Subject::Slot, requirements, buffers).await?;
    if record.is_some() && verified.about.is_none() {
        return Err(Problem::Changed);
    }
    Ok(verified)
}

/// The frontend whose bytes are those that were verified before. Who signed it is asked again: the keys may be others.
#[inline(never)]
fn as_verified<F: ReadNorFlash>(
    storage: &mut RegionReader<F>,
    record: ImageRecord,
    requirements: &Requirements,
) -> Result<Verified, Problem> {
    let image = mount(storage, record.len / SECTOR).map_err(problem::<F>)?;
    let signer = signer(&image, storage, requirements)?;
    let manifest = read_manifest(&image, storage)?;
    // What no manifest proves is not believed.
    let marked = manifest.is_some() && read_marks_hash(&image, storage)?.is_some();
    Ok(Verified {
        image,
        record,
        about: manifest.map(|manifest| manifest.about),
        marked,
        signer,
    })
}

fn has_index<F: ReadNorFlash>(
    image: &Image,
    storage: &mut RegionReader<F>,
) -> Result<bool, Problem> {
    for name in ["index.html", "index.html.gz"] {
        let entry = find(image, storage, name).map_err(problem::<F>)?;
        if entry.is_some_and(|entry| matches!(entry.node, Node::File(_))) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Reads an attribute of the root directory into `buf` as far as it has room; its length, if it is there.
#[inline(never)]
fn root_attr<F: ReadNorFlash>(
    image: &Image,
    storage: &mut RegionReader<F>,
    kind: u8,
    buf: &mut [u8],
) -> Result<Option<usize>, Problem> {
    match find(image, storage, "").map_err(problem::<F>)? {
        None => Ok(None),
        Some(root) => attr(image, storage, &root, kind, buf).map_err(problem::<F>),
    }
}

/// What the root directory of an image says about it, if it says anything.
///
/// # Errors
/// When flash cannot be read, or what it says is no manifest.
pub fn read_manifest<F: ReadNorFlash>(
    image: &Image,
    storage: &mut RegionReader<F>,
) -> Result<Option<Manifest>, Problem> {
    let mut bytes = [0; Manifest::MAX_LEN];
    match root_attr(image, storage, manifest::MANIFEST, &mut bytes)? {
        None => Ok(None),
        Some(len) => decode(&bytes, len).map(Some),
    }
}

/// Who signed an image, as its root directory says and the signature proves; see [`Signers`].
#[inline(never)]
fn signer<F: ReadNorFlash>(
    image: &Image,
    storage: &mut RegionReader<F>,
    requirements: &Requirements,
) -> Result<Option<u8>, Problem> {
    requirements
        .signers
        .check(|kind, buf| root_attr(image, storage, kind, buf))
}

/// The signature that the root directory of an image has, whoever made it.
///
/// # Errors
/// When flash cannot be read.
pub fn read_signature<F: ReadNorFlash>(
    image: &Image,
    storage: &mut RegionReader<F>,
) -> Result<Option<Signature>, Problem> {
    let mut stored = [0; Signature::LEN];
    let len = root_attr(image, storage, manifest::SIGNATURE, &mut stored)?;
    Ok((len == Some(stored.len())).then(|| Signature::decode(&stored)))
}

/// The hash over all marks that the root directory has, if the files are marked.
fn read_marks_hash<F: ReadNorFlash>(
    image: &Image,
    storage: &mut RegionReader<F>,
) -> Result<Option<[u8; MARKS_HASH_LEN]>, Problem> {
    let mut hash = [0; MARKS_HASH_LEN];
    match root_attr(image, storage, MARKS, &mut hash)? {
        None => Ok(None),
        Some(MARKS_HASH_LEN) => Ok(Some(hash)),
        Some(_) => Err(Problem::Marks),
    }
}

/// Whether the first sector was never programmed since its last erase.
fn is_blank<F: ReadNorFlash>(
    storage: &mut RegionReader<F>,
    sector: &mut [u8; SECTOR as usize],
) -> Result<bool, Problem> {
    run(storage.read(0, sector)).map_err(|error| Problem::Flash(text(error)))?;
    Ok(sector.iter().all(|&byte| byte == 0xFF))
}

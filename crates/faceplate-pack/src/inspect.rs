//! From an image back to what is in it, after the same check that a device makes.

use faceplate::{
    Buffers, PublicKey, Region, RegionReader, SECTOR, Signers,
    manifest::{About, FileHash, FileHasher},
    marks::{MARKS, Marks},
    signature::Signature,
    verify::{self, Problem, Requirements, Subject, Verified},
};
use littlefs_image::{
    BLOCK_SIZE, Superblock,
    check::check,
    read::{Node, Step},
    run,
};

use crate::{
    error::{ImageError, SIZE_MAX},
    flash::SliceFlash,
    layout,
};

/// An image that a device would take (if it has the API that the manifest asks for).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// Length, bytes.
    pub len: u32,
    /// SHA-256 of the whole image.
    pub sha256: [u8; 32],
    /// Blocks that its file system may grow to; it fits a slot that has as many.
    pub block_count: u32,
    /// Blocks in front of its end that nothing is in, so that files stay where they were in an older image.
    pub blocks_free: u32,
    /// Disk version of LittleFS, major and minor.
    pub disk_version: (u16, u16),
    /// What its manifest says: version, API range, build id. Images made by other tools have none.
    pub manifest: Option<About>,
    /// The hash over all files that its manifest says.
    pub root_hash: Option<[u8; 32]>,
    /// The signature that it carries, which was not looked at.
    pub signature: Option<Signature>,
    /// The files in the order of a walk.
    pub files: Vec<File>,
}

/// A file in an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path, like `assets/app.js.gz`.
    pub path: String,
    /// Its stored bytes.
    pub size: u32,
    /// The first half of the SHA-256 of its stored bytes.
    pub hash: FileHash,
    /// What it is marked with; `None` in an image without marks.
    pub marks: Option<Marks>,
    /// The first of its blocks; `None` where its bytes are in its directory.
    pub block: Option<u32>,
}

/// Something to be made when an image is unpacked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unpacked {
    /// A folder; it comes before what is in it.
    Folder {
        /// Its path, without slashes at the ends.
        path: String,
    },
    /// A file.
    File {
        /// Its path.
        path: String,
        /// Its bytes as they are stored: those of `name.gz` are compressed.
        bytes: Vec<u8>,
    },
}

/// Checks an image as the device does before it switches to it, and says what is in it.
///
/// # Errors
/// The first thing that is wrong.
pub fn inspect(image: &[u8]) -> Result<Inspection, ImageError> {
    let (inspection, _) = open(image)?;
    Ok(inspection)
}

/// Checks an image like [`inspect`], and gives all that is in it.
///
/// # Errors
/// The first thing that is wrong.
pub fn unpack(image: &[u8]) -> Result<Vec<Unpacked>, ImageError> {
    let (_, content) = open(image)?;
    Ok(content)
}

/// Checks an image like [`inspect`], and gives all that is in it as well.
///
/// # Errors
/// The first thing that is wrong.
pub fn open(image: &[u8]) -> Result<(Inspection, Vec<Unpacked>), ImageError> {
    // Which API a device has is its own business, and so is whether it insists on a manifest.
    open_as(image, &Requirements::any(0))
}

/// Checks an image like [`inspect`], and that one of these keys has signed it, as a device that names them does.
///
/// # Errors
/// The first thing that is wrong.
///
/// # Panics
/// Without any key, and with more than 255.
pub fn verify(image: &[u8], keys: &'static [PublicKey]) -> Result<(), ImageError> {
    let requirements = Requirements {
        signers: Signers::only(keys),
        ..Requirements::any(0)
    };
    open_as(image, &requirements).map(drop)
}

fn open_as(
    image: &[u8],
    requirements: &Requirements,
) -> Result<(Inspection, Vec<Unpacked>), ImageError> {
    let wrong = ImageError::Length { len: image.len() };
    if image.len() > SIZE_MAX as usize {
        return Err(ImageError::TooLarge { len: image.len() });
    }
    let len = u32::try_from(image.len()).map_err(|_| wrong.clone())?;
    if !len.is_multiple_of(SECTOR) || len < 2 * SECTOR {
        return Err(match verify::first_sector(image, len, SIZE_MAX) {
            Err(Problem::Structure(_) | Problem::Length) => wrong,
            _ => ImageError::CutOff { len: image.len() },
        });
    }
    verify::first_sector(image, len, SIZE_MAX)?;
    let flash = SliceFlash(image);
    let region = Region {
        offset: 0,
        len: SIZE_MAX,
    };
    let mut buffers = Buffers::boxed(SIZE_MAX).expect("21 KiB of memory");
    let subject = Subject::Image { len, digest: None };
    let whole = verify::whole(&flash, region, subject, requirements, &mut buffers);
    let verified = run(whole)?;

    let mut storage = RegionReader::new(flash, region);
    let manifest = verify::read_manifest(&verified.image, &mut storage)?;
    let signature = verify::read_signature(&verified.image, &mut storage)?;
    let (files, content) = run(read_all(&verified, &mut storage))?;
    let Superblock {
        version,
        block_count,
        ..
    } = *verified.image.superblock();
    let inspection = Inspection {
        len,
        sha256: verified.record.sha256,
        block_count,
        blocks_free: blocks_free(image)?,
        disk_version: ((version >> 16) as u16, version as u16),
        root_hash: manifest.map(|manifest| manifest.root_hash),
        manifest: verified.about,
        signature,
        files,
    };
    Ok((inspection, content))
}

/// Blocks of an image that nothing is in; see [`Inspection::blocks_free`].
pub(crate) fn blocks_free(image: &[u8]) -> Result<u32, ImageError> {
    let blocks = u32::try_from(image.len() / BLOCK_SIZE).unwrap_or(u32::MAX);
    let (mut storage, mut sector) = (image, [0; BLOCK_SIZE]);
    let mut owners = vec![0; blocks as usize];
    let report = run(check(&mut storage, blocks, &mut sector, &mut owners));
    let used = report.map_err(unreadable)?.blocks_used;
    Ok(blocks.saturating_sub(used))
}

/// Reads everything, in the order of a walk.
async fn read_all(
    verified: &Verified,
    storage: &mut RegionReader<SliceFlash<'_>>,
) -> Result<(Vec<File>, Vec<Unpacked>), ImageError> {
    let image = &verified.image;
    let (mut files, mut content) = (Vec::new(), Vec::new());
    let mut walk = image.walk();
    while let Some(step) = walk.next(storage).await.map_err(unreadable)? {
        let path = walk.path().to_owned();
        match step {
            Step::Enter(_) => content.push(Unpacked::Folder { path }),
            Step::Leave => {}
            Step::File(entry) => {
                let Node::File(file) = entry.node else {
                    continue;
                };
                let mut bytes = vec![0; file.size() as usize];
                let mut reader = image.reader(&file);
                let mut filled = 0;
                while filled < bytes.len() {
                    match reader
                        .read(storage, &mut bytes[filled..])
                        .await
                        .map_err(unreadable)?
                    {
                        0 => return Err(unreadable(format_args!("{path} ends early"))),
                        n => filled += n,
                    }
                }
                let mut mark = [0];
                let found = image.attr(storage, &entry, MARKS, &mut mark);
                let found = found.await.map_err(unreadable)?;
                let marks = found.filter(|_| verified.marked);
                let mut hasher = FileHasher::new();
                hasher.update(&bytes);
                files.push(File {
                    path: path.clone(),
                    size: file.size(),
                    hash: hasher.finish(),
                    marks: marks.map(|_| Marks::decode(mark[0])),
                    block: file
                        .last_block()
                        .and_then(|last| layout::first_block(last, file.size())),
                });
                content.push(Unpacked::File { path, bytes });
            }
        }
    }
    Ok((files, content))
}

fn unreadable(what: impl std::fmt::Display) -> ImageError {
    ImageError::Unreadable {
        what: what.to_string(),
    }
}

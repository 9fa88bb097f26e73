//! Signing images. The private key is never here: whoever has it signs a few bytes, on another machine if need
//! be, and the signature is put into the image.

use std::fmt;

use faceplate::{
    PublicKey,
    manifest::Manifest,
    signature::{self, Signature},
};
use littlefs_image::build::BuildError;

use crate::{
    content::{self, Content},
    error::ImageError,
    inspect::{Inspection, Unpacked, open},
};

/// Why an image cannot be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignError {
    /// It is no image that a device would take.
    Image(ImageError),
    /// It does not say what is in it, or not how its files may be cached.
    Bare,
    /// With a signature it does not fit.
    Build(BuildError),
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Image(error) => error.fmt(f),
            Self::Bare => f.write_str(
                "this image has no manifest, or no marks: only what `faceplate pack` made of now can be signed",
            ),
            Self::Build(error) => write!(f, "with a signature: {error}"),
        }
    }
}

impl std::error::Error for SignError {}

/// The bytes that have to be signed of an image; see [`signature::Statement`].
///
/// # Errors
/// When it is no image, or says too little of itself.
pub fn statement(image: &[u8]) -> Result<Vec<u8>, SignError> {
    statement_of(content(image)?)
}

fn statement_of(content: Content) -> Result<Vec<u8>, SignError> {
    // The length that is signed is that of the image with a signature in it.
    let placeholder = Signature {
        key: faceplate::KeyId([0; 8]),
        bytes: [0; 64],
    };
    let signed = content.write(Some(&placeholder));
    let statement = signature::of_image(&signed.map_err(SignError::Build)?);
    Ok(statement.ok_or(SignError::Bare)?.to_vec())
}

/// Puts a signature into an image, in place of one that it has. Whether it holds is not looked at:
/// [`PublicKey::has_signed`] tells.
///
/// # Errors
/// As [`statement`].
pub fn attach(image: &[u8], key: &PublicKey, bytes: [u8; 64]) -> Result<Vec<u8>, SignError> {
    attach_to(content(image)?, key, bytes)
}

fn attach_to(content: Content, key: &PublicKey, bytes: [u8; 64]) -> Result<Vec<u8>, SignError> {
    let signature = Signature {
        key: key.id(),
        bytes,
    };
    let signed = content.write(Some(&signature));
    signed.map_err(SignError::Build)
}

/// Signs an image by a key that is at hand: `signs` makes the Ed25519 signature of a statement.
///
/// # Errors
/// As [`statement`].
pub fn sign(
    image: &[u8],
    key: &PublicKey,
    signs: impl FnOnce(&[u8]) -> [u8; 64],
) -> Result<Vec<u8>, SignError> {
    let content = content(image)?;
    let bytes = signs(&statement_of(content.clone())?);
    attach_to(content, key, bytes)
}

/// What is in an image that says enough of itself.
fn content(image: &[u8]) -> Result<Content, SignError> {
    let (
        Inspection {
            block_count,
            manifest,
            root_hash,
            files,
            ..
        },
        unpacked,
    ) = &open(image).map_err(SignError::Image)?;
    let (Some(about), Some(root_hash)) = (manifest, root_hash) else {
        return Err(SignError::Bare);
    };
    let manifest = Manifest {
        about: about.clone(),
        root_hash: *root_hash,
    };
    let mut content = Content {
        files: Vec::new(),
        manifest,
        block_count: *block_count,
    };
    // Both lists are of one walk.
    let mut described = files.iter();
    for unpacked in unpacked {
        let Unpacked::File { path, bytes } = unpacked else {
            continue;
        };
        let described = described.next();
        let marks = described.and_then(|file| file.marks);
        let block = described.and_then(|file| file.block);
        content.files.push(content::File {
            path: path.clone(),
            bytes: bytes.clone(),
            marks: marks.ok_or(SignError::Bare)?,
            // A signature moves nothing.
            block,
        });
    }
    Ok(content)
}

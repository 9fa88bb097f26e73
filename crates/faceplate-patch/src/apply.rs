//! What a device makes of a patch: the reference, which keeps to the format in everything.

use core::fmt;

use faceplate::patch::{Header, LONGER_MAX};

use crate::{
    format::{read_number, unzigzag},
    sha256,
};

/// Why a patch makes no image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApplyError {
    /// It is for another base.
    OtherBase,
    /// It is not as a patch is: what is wrong.
    Bad(&'static str),
    /// What results is not what it says.
    OtherImage,
}

impl fmt::Display for ApplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherBase => f.write_str("the patch is for another image"),
            Self::Bad(what) => write!(f, "the patch is bad: {what}"),
            Self::OtherImage => f.write_str("another image results than the patch says"),
        }
    }
}

impl core::error::Error for ApplyError {}

/// Makes the image of a patch; `base` is the image that the device serves, `slot` what the other slot holds.
///
/// # Errors
///
/// The patch is for another base, is none, or what results has another SHA-256.
pub fn apply(patch: &[u8], base: &[u8], slot: &[u8]) -> Result<Vec<u8>, ApplyError> {
    let bad = ApplyError::Bad;
    let (header, mut rest) = patch
        .split_first_chunk::<{ Header::LEN }>()
        .ok_or(bad("it ends in its header"))?;
    let header = Header::decode(header).map_err(|_| bad("it is no patch"))?;
    if patch.len() as u64 > u64::from(header.image_len) + u64::from(LONGER_MAX) {
        return Err(bad("it is longer than the image may be"));
    }
    let base = match header.base_len {
        0 if header.base_sha256 != [0; 32] => return Err(bad("a base without bytes has a hash")),
        0 => &[],
        len if len as usize != base.len() || header.base_sha256 != sha256(base) => {
            return Err(ApplyError::OtherBase);
        }
        _ => base,
    };
    if header.keep_end > header.image_len {
        return Err(bad("more is kept than the image has"));
    }
    let mut image = vec![];
    let mut copy_end = 0_i64;
    while !rest.is_empty() {
        let operation = read_number(&mut rest).ok_or(bad("a number"))?;
        let len = (operation >> 2) as usize;
        if len == 0 {
            return Err(bad("an operation without bytes"));
        }
        if len > header.image_len as usize - image.len() {
            return Err(bad("more bytes than the image has"));
        }
        match operation & 3 {
            0 => {
                let (data, behind) = rest.split_at_checked(len).ok_or(bad("it ends in data"))?;
                image.extend_from_slice(data);
                rest = behind;
            }
            1 => {
                let distance = read_number(&mut rest).ok_or(bad("a number"))?;
                let from = copy_end + i64::from(unzigzag(distance));
                copy_end = from + len as i64;
                let place = usize::try_from(from).ok();
                let copied = place.and_then(|from| base.get(from..from.checked_add(len)?));
                image.extend_from_slice(copied.ok_or(bad("a copy from outside of the base"))?);
            }
            2 => {
                let end = image.len() + len;
                if end > header.keep_end as usize {
                    return Err(bad("it keeps behind where it may"));
                }
                let kept = slot.get(image.len()..end);
                image.extend_from_slice(kept.ok_or(bad("it keeps what the slot has not"))?);
            }
            _ => return Err(bad("an unknown operation")),
        }
    }
    if image.len() != header.image_len as usize {
        return Err(bad("it ends before the image does"));
    }
    match sha256(&image) == header.image_sha256 {
        true => Ok(image),
        false => Err(ApplyError::OtherImage),
    }
}

//! A patch while it is made, and when it is.

use core::fmt;

use faceplate::patch::Header;

use crate::{
    format::{Kind, LEN_MAX, write_distance, write_operation},
    sha256,
};

/// What a device is sent in place of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    bytes: Vec<u8>,
    copied: u32,
    kept: u32,
    len: u32,
}

impl Patch {
    /// The patch itself.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The patch itself.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Bytes of the image that are copied from the base.
    #[must_use]
    pub const fn copied(&self) -> u32 {
        self.copied
    }

    /// Bytes of the image that the slot holds already.
    #[must_use]
    pub const fn kept(&self) -> u32 {
        self.kept
    }

    /// Bytes of the image that are in the patch.
    #[must_use]
    pub const fn data(&self) -> u32 {
        self.len - self.copied - self.kept
    }

    /// Bytes of the image that results.
    #[must_use]
    pub const fn image_len(&self) -> u32 {
        self.len
    }

    /// Whether it is shorter than the image by so much, a tenth, that it is worth a way of its own.
    #[must_use]
    pub const fn is_worth_it(&self) -> bool {
        (self.bytes.len() as u64) * 10 < self.len as u64 * 9
    }
}

/// Why there is no patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MakeError {
    /// An image has more than [`LEN_MAX`] bytes.
    TooLong,
    /// The list is of a slot without a whole image, which nothing can be copied from.
    NoImage,
}

impl fmt::Display for MakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "an image has more than {LEN_MAX} bytes"),
            Self::NoImage => f.write_str("there is no whole image to copy from"),
        }
    }
}

impl core::error::Error for MakeError {}

/// How a piece of the image comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Data,
    /// From this place in the base.
    Copy(u32),
    Keep,
}

/// A patch that is made from the image's beginning on.
pub(crate) struct Script<'a> {
    image: &'a [u8],
    /// Neighbours that go on are one.
    pieces: Vec<(Piece, u32)>,
    /// Bytes so far.
    len: u32,
    copy_end: u32,
}

impl<'a> Script<'a> {
    pub(crate) fn new(image: &'a [u8]) -> Result<Self, MakeError> {
        match image.len() <= LEN_MAX as usize {
            true => Ok(Self {
                image,
                pieces: vec![],
                len: 0,
                copy_end: 0,
            }),
            false => Err(MakeError::TooLong),
        }
    }

    /// Where the next piece begins.
    pub(crate) const fn position(&self) -> u32 {
        self.len
    }

    /// Where the last copy ended in the base.
    pub(crate) const fn copy_end(&self) -> u32 {
        self.copy_end
    }

    /// The image's bytes up to a position are in the patch.
    pub(crate) fn data_until(&mut self, position: u32) {
        self.add(Piece::Data, position.saturating_sub(self.len));
    }

    /// So many bytes are in the base, from a place on.
    pub(crate) fn copy(&mut self, from: u32, len: u32) {
        self.add(Piece::Copy(from), len);
        self.copy_end = from + len;
    }

    /// So many bytes are there already.
    pub(crate) fn keep(&mut self, len: u32) {
        self.add(Piece::Keep, len);
    }

    fn add(&mut self, piece: Piece, len: u32) {
        if len == 0 {
            return;
        }
        self.len += len;
        if let Some((last, so_far)) = self.pieces.last_mut() {
            let goes_on = match (*last, piece) {
                (Piece::Copy(from), Piece::Copy(next)) => from + *so_far == next,
                (last, piece) => last == piece,
            };
            if goes_on {
                *so_far += len;
                return;
            }
        }
        self.pieces.push((piece, len));
    }

    /// The patch, whose rest is data; `base` is what it copies from.
    pub(crate) fn finish(mut self, base: Option<(u32, [u8; 32])>) -> Patch {
        self.data_until(self.image.len() as u32);
        let (mut copied, mut kept, mut keep_end) = (0, 0, 0);
        let (mut at, mut copy_end) = (0, 0);
        let mut operations = vec![];
        for &(piece, len) in &self.pieces {
            match piece {
                Piece::Data => {
                    write_operation(&mut operations, Kind::Data, len);
                    let data = at as usize..(at + len) as usize;
                    operations.extend_from_slice(&self.image[data]);
                }
                Piece::Copy(from) => {
                    write_operation(&mut operations, Kind::Copy, len);
                    // Both are below 2^30.
                    write_distance(&mut operations, from as i32 - copy_end as i32);
                    copy_end = from + len;
                    copied += len;
                }
                Piece::Keep => {
                    write_operation(&mut operations, Kind::Keep, len);
                    kept += len;
                    keep_end = at + len;
                }
            }
            at += len;
        }
        let (base_len, base_sha256) = match base {
            Some(base) if copied > 0 => base,
            _ => (0, [0; 32]),
        };
        let header = Header {
            base_len,
            base_sha256,
            image_len: at,
            image_sha256: sha256(self.image),
            keep_end,
        };
        Patch {
            bytes: [&header.encode()[..], &operations].concat(),
            copied,
            kept,
            len: at,
        }
    }
}

//! Patches: an image as what it has in common with the one that runs, and the rest.
//!
//! A patch is a [`Header`] and operations in the order of the image that they make, each a number `length << 2 | kind`
//! and what belongs to it. Numbers are LEB128, up to 32 bits.
//!
//! | kind | what | behind the number |
//! |---|---|---|
//! | 0 | data | so many bytes |
//! | 1 | copy from the base | where, less the end of the copy before (at first 0), zigzag |
//! | 2 | keep what is at this very place of the slot that is written | nothing |
//!
//! Bytes go through as they come: no operation needs more memory than any other, however long it is.

use core::fmt;

/// Type of a patch in HTTP.
pub const MEDIA_TYPE: &str = "application/vnd.faceplate.patch";

/// What a patch begins with; the last byte is the version.
pub const MAGIC: [u8; 8] = *b"FPpatch1";

/// A patch may be longer than its image by so many bytes, in which nothing at all is in common.
pub const LONGER_MAX: u32 = 4096;

/// What a patch says of itself before its operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Bytes of the image that it copies from, the one in the active slot; 0 where it copies nothing.
    pub base_len: u32,
    /// SHA-256 of that one.
    pub base_sha256: [u8; 32],
    /// Bytes of the image that it makes.
    pub image_len: u32,
    /// SHA-256 of that one.
    pub image_sha256: [u8; 32],
    /// Place in the image before which alone something is kept. Behind it the device may erase ahead.
    pub keep_end: u32,
}

impl Header {
    /// Bytes of it.
    pub const LEN: usize = 84;

    /// Of no patch.
    pub(crate) const NONE: Self = Self {
        base_len: 0,
        base_sha256: [0; 32],
        image_len: 0,
        image_sha256: [0; 32],
        keep_end: 0,
    };

    /// The first bytes of a patch.
    #[must_use]
    pub fn encode(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&self.base_len.to_le_bytes());
        bytes[12..44].copy_from_slice(&self.base_sha256);
        bytes[44..48].copy_from_slice(&self.image_len.to_le_bytes());
        bytes[48..80].copy_from_slice(&self.image_sha256);
        bytes[80..].copy_from_slice(&self.keep_end.to_le_bytes());
        bytes
    }

    /// What the first bytes of a patch say.
    ///
    /// # Errors
    /// [`PatchError::NotAPatch`].
    pub fn decode(bytes: &[u8; Self::LEN]) -> Result<Self, PatchError> {
        if bytes[..8] != MAGIC {
            return Err(PatchError::NotAPatch);
        }
        let number = |at: usize| {
            let mut number = [0; 4];
            number.copy_from_slice(&bytes[at..at + 4]);
            u32::from_le_bytes(number)
        };
        let hash = |at: usize| {
            let mut hash = [0; 32];
            hash.copy_from_slice(&bytes[at..at + 32]);
            hash
        };
        Ok(Self {
            base_len: number(8),
            base_sha256: hash(12),
            image_len: number(44),
            image_sha256: hash(48),
            keep_end: number(80),
        })
    }
}

/// What is wrong with a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatchError {
    /// It does not begin as one of this version.
    NotAPatch,
    /// It is longer than an image with nothing in common needs.
    Long,
    /// A number has more than 32 bits.
    Number,
    /// There is no operation of this kind.
    Kind,
    /// An operation makes nothing.
    Empty,
    /// It makes more than its image.
    Beyond,
    /// It copies what the base does not have.
    Base,
    /// It keeps something behind the place that it names for that.
    Keep,
    /// It goes on behind its image.
    Trailing,
    /// It ends before its image is complete.
    Short,
    /// What it makes is another image than it says.
    Image,
}

impl fmt::Display for PatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAPatch => "this is no patch, or one of another version",
            Self::Long => "the patch is longer than the image that it makes",
            Self::Number => "a number in the patch has more than 32 bits",
            Self::Kind => "an operation of the patch is of no known kind",
            Self::Empty => "an operation of the patch has no length",
            Self::Beyond => "the patch makes more bytes than its image has",
            Self::Base => "the patch copies bytes that its base does not have",
            Self::Keep => "the patch keeps bytes where it says that it keeps none",
            Self::Trailing => "the patch goes on behind the end of its image",
            Self::Short => "the patch ends before its image is complete",
            Self::Image => "the patch does not make the image that it names; send the whole image",
        })
    }
}

impl core::error::Error for PatchError {}

/// The next bytes of the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'b> {
    /// These.
    Data(&'b [u8]),
    /// So many of the base.
    Copy {
        /// Where they begin there.
        from: u32,
        /// How many.
        len: u32,
    },
    /// So many that are there already.
    Keep {
        /// How many.
        len: u32,
    },
}

/// What is read of a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Head,
    From,
    Data,
    Copy,
    Keep,
}

/// Reads the operations of a patch, in pieces of any length.
#[derive(Debug, Clone)]
pub struct Operations {
    base_len: u32,
    image_len: u32,
    keep_end: u32,
    /// Bytes of the image so far.
    made: u32,
    /// Where in the base the last copy has come to.
    from: u32,
    stage: Stage,
    /// Bytes that the operation makes yet.
    left: u32,
    /// What is read of a number.
    number: u32,
    /// Bits of that.
    bits: u8,
}

impl Operations {
    /// The operations behind a header.
    #[must_use]
    pub const fn new(header: &Header) -> Self {
        Self {
            base_len: header.base_len,
            image_len: header.image_len,
            keep_end: header.keep_end,
            made: 0,
            from: 0,
            stage: Stage::Head,
            left: 0,
            number: 0,
            bits: 0,
        }
    }

    /// Bytes of the image so far.
    #[must_use]
    pub const fn made(&self) -> u32 {
        self.made
    }

    /// The next bytes of the image, at most `room` (1 or more); `None` when `bytes`, the next ones of the patch, are
    /// used up.
    ///
    /// # Errors
    /// When the patch is not one that can be followed; it must not be read any further then.
    pub fn next<'b>(
        &mut self,
        bytes: &mut &'b [u8],
        room: u32,
    ) -> Result<Option<Step<'b>>, PatchError> {
        loop {
            let step = match self.stage {
                Stage::Head if self.made == self.image_len => {
                    return match bytes.is_empty() {
                        true => Ok(None),
                        false => Err(PatchError::Trailing),
                    };
                }
                Stage::Head => {
                    let Some(number) = self.number(bytes)? else {
                        return Ok(None);
                    };
                    self.stage = self.begin(number >> 2, number & 3)?;
                    continue;
                }
                Stage::From => {
                    let Some(number) = self.number(bytes)? else {
                        return Ok(None);
                    };
                    let by = (number >> 1) as i32 ^ -((number & 1) as i32);
                    let from = i64::from(self.from) + i64::from(by);
                    self.from = u32::try_from(from).map_err(|_| PatchError::Base)?;
                    let end = self.from.checked_add(self.left);
                    if end.is_none_or(|end| end > self.base_len) {
                        return Err(PatchError::Base);
                    }
                    self.stage = Stage::Copy;
                    continue;
                }
                Stage::Data if bytes.is_empty() => return Ok(None),
                Stage::Data => {
                    let len = self.left.min(room) as usize;
                    let (now, rest) = bytes.split_at(bytes.len().min(len));
                    *bytes = rest;
                    Step::Data(now)
                }
                Stage::Copy => Step::Copy {
                    from: self.from,
                    len: self.left.min(room),
                },
                Stage::Keep => Step::Keep {
                    len: self.left.min(room),
                },
            };
            let len = match step {
                Step::Data(data) => data.len() as u32,
                Step::Copy { len, .. } => {
                    self.from += len;
                    len
                }
                Step::Keep { len } => len,
            };
            self.made += len;
            self.left -= len;
            if self.left == 0 {
                self.stage = Stage::Head;
            }
            return Ok(Some(step));
        }
    }

    /// An operation begins that makes so many bytes.
    fn begin(&mut self, len: u32, kind: u32) -> Result<Stage, PatchError> {
        let end = self.made.checked_add(len);
        let end = end.filter(|&end| end <= self.image_len);
        let end = end.ok_or(PatchError::Beyond)?;
        self.left = len;
        match kind {
            _ if len == 0 => Err(PatchError::Empty),
            0 => Ok(Stage::Data),
            1 => Ok(Stage::From),
            2 if end > self.keep_end => Err(PatchError::Keep),
            2 => Ok(Stage::Keep),
            _ => Err(PatchError::Kind),
        }
    }

    /// The next number, once all of it is there.
    fn number(&mut self, bytes: &mut &[u8]) -> Result<Option<u32>, PatchError> {
        while let Some((&byte, rest)) = bytes.split_first() {
            *bytes = rest;
            let part = u32::from(byte & 0x7f);
            // Of a fifth byte four bits are left.
            if self.bits > 28 || self.bits == 28 && part > 0xf {
                return Err(PatchError::Number);
            }
            self.number |= part << self.bits;
            self.bits += 7;
            if byte & 0x80 == 0 {
                self.bits = 0;
                return Ok(Some(core::mem::take(&mut self.number)));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use std::{string::String, vec, vec::Vec};

    use super::*;

    const HEADER: Header = Header {
        base_len: 1000,
        base_sha256: [1; 32],
        image_len: 300,
        image_sha256: [2; 32],
        keep_end: 100,
    };

    fn leb(mut number: u64) -> Vec<u8> {
        let mut bytes = vec![];
        while number > 0x7f {
            bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        bytes.push(number as u8);
        bytes
    }

    fn op(len: u64, kind: u64) -> Vec<u8> {
        leb(len << 2 | kind)
    }

    fn copy(len: u64, by: i64) -> Vec<u8> {
        [op(len, 1), leb(((by << 1) ^ (by >> 63)) as u64)].concat()
    }

    fn data(bytes: &[u8]) -> Vec<u8> {
        [&op(bytes.len() as u64, 0), bytes].concat()
    }

    /// What a patch makes, as words, when it comes in pieces of so many bytes and goes into sectors of `room`.
    fn follow(patch: &[u8], piece: usize, room: u32) -> Result<Vec<String>, PatchError> {
        let mut operations = Operations::new(&HEADER);
        let mut steps: Vec<String> = vec![];
        for mut piece in patch.chunks(piece) {
            loop {
                let left = room - operations.made() % room;
                let Some(step) = operations.next(&mut piece, left)? else {
                    break;
                };
                steps.push(match step {
                    Step::Data(data) => std::format!("{}", String::from_utf8_lossy(data)),
                    Step::Copy { from, len } => std::format!("copy {from}+{len}"),
                    Step::Keep { len } => std::format!("keep {len}"),
                });
            }
            assert!(piece.is_empty());
        }
        Ok(steps)
    }

    #[test]
    fn operations_are_followed_in_their_order() {
        let patch = [
            op(10, 2),
            data(b"abc"),
            copy(100, 500),
            copy(50, 3),
            copy(37, -653),
            op(100, 0),
            vec![b'x'; 100],
        ]
        .concat();
        let steps = follow(&patch, patch.len(), 300).unwrap();
        assert_eq!(
            steps[..5],
            ["keep 10", "abc", "copy 500+100", "copy 603+50", "copy 0+37"]
        );
        assert_eq!(steps[5..], ["x".repeat(100)]);
        // However they come, and wherever sectors end.
        for (piece, room) in [(1, 300), (2, 7), (3, 64), (1000, 1)] {
            let made: usize = follow(&patch, piece, room)
                .unwrap()
                .iter()
                .map(|step| match step.rsplit_once(['+', ' ']) {
                    Some((_, len)) => len.parse().unwrap(),
                    None => step.len(),
                })
                .sum();
            assert_eq!(made, 300, "{piece} {room}");
        }
    }

    #[test]
    fn what_cannot_be_followed_is_an_error() {
        use PatchError::{Base, Beyond, Empty, Keep, Kind, Number, Trailing};
        let all = |ops: &[Vec<u8>]| ops.concat();
        for (patch, error) in [
            (op(1, 3), Kind),
            (op(0, 0), Empty),
            (op(0, 1), Empty),
            (op(0, 2), Empty),
            (op(301, 0), Beyond),
            (op((1 << 30) - 1, 1), Beyond),
            (all(&[data(b"x"), op(300, 0)]), Beyond),
            (op(101, 2), Keep),
            (all(&[data(&[b'x'; 100]), op(1, 2)]), Keep),
            (copy(1, -1), Base),
            (copy(1, 1000), Base),
            (copy(300, 701), Base),
            (copy(1, i64::from(i32::MAX)), Base),
            (copy(1, i64::from(i32::MIN)), Base),
            (all(&[copy(1, 999), copy(1, 0)]), Base),
            (vec![0xff, 0xff, 0xff, 0xff, 0x10], Number),
            (vec![0x80, 0x80, 0x80, 0x80, 0x80, 0], Number),
            (all(&[copy(300, 0), vec![0]]), Trailing),
            (all(&[copy(300, 0), copy(1, 0)]), Trailing),
        ] {
            for piece in [1, 1000] {
                assert_eq!(follow(&patch, piece, 64), Err(error), "{patch:?}");
            }
        }
        assert_eq!(follow(&copy(300, 700), 1, 300).unwrap(), ["copy 700+300"]);
    }

    #[test]
    fn a_patch_that_ends_early_has_made_less() {
        let mut operations = Operations::new(&HEADER);
        let patch = copy(300, 0);
        assert_eq!(operations.next(&mut &patch[..1], 64), Ok(None));
        assert_eq!(operations.made(), 0);
    }

    #[test]
    fn any_bytes_are_followed_or_refused() {
        let mut seed = 1_u32;
        for _ in 0..20_000 {
            let bytes: Vec<u8> = (0..12)
                .map(|_| {
                    seed ^= seed << 13;
                    seed ^= seed >> 17;
                    seed ^= seed << 5;
                    (seed >> 9) as u8
                })
                .collect();
            let _any = follow(&bytes, 5, 100);
        }
    }

    #[test]
    fn a_header_is_read_as_it_is_written() {
        let bytes = HEADER.encode();
        assert_eq!(bytes[..12], *b"FPpatch1\xe8\x03\0\0");
        assert_eq!(bytes[80..], [100, 0, 0, 0]);
        assert_eq!(Header::decode(&bytes), Ok(HEADER));
        for at in 0..8 {
            let mut bytes = bytes;
            bytes[at] ^= 1;
            assert_eq!(Header::decode(&bytes), Err(PatchError::NotAPatch));
        }
    }
}

//! The id of a build: what a page and the image that it belongs to both say.

use core::{fmt, str::FromStr};

/// Eight bytes that tell one build of a frontend from any other, written as 16 lower-case hex digits.
///
/// Whoever makes the image derives them from its files; here they are only compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BuildId(pub [u8; Self::LEN]);

impl BuildId {
    /// Its bytes.
    pub const LEN: usize = 8;
    /// Its digits, as it is written.
    pub const DIGITS: usize = 2 * Self::LEN;
}

impl fmt::Display for BuildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A text is not 16 lower-case hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotABuildId;

impl fmt::Display for NotABuildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a build id is {} lower-case hex digits", BuildId::DIGITS)
    }
}

impl core::error::Error for NotABuildId {}

impl FromStr for BuildId {
    type Err = NotABuildId;

    /// Strict, so that one build has one name.
    fn from_str(text: &str) -> Result<Self, NotABuildId> {
        let digits: &[u8; Self::DIGITS] = text.as_bytes().try_into().map_err(|_| NotABuildId)?;
        let mut bytes = [0; Self::LEN];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Ok(Self(bytes))
    }
}

fn digit(character: u8) -> Result<u8, NotABuildId> {
    match character {
        b'0'..=b'9' => Ok(character - b'0'),
        b'a'..=b'f' => Ok(character - b'a' + 10),
        _ => Err(NotABuildId),
    }
}

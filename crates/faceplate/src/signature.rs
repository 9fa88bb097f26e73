//! Signed frontends: what is signed, by which keys, and whether it holds.
//!
//! The signature is an attribute of the root directory, in the first block of an image that the packer
//! makes. It covers the manifest, by whose hash every file is bound to its path and its bytes; the hash over
//! the marks; and the length. So who made a frontend, for which firmware, and whether it is older than what
//! the device has had, is known before anything is erased.

use core::fmt;

use ed25519_compact::{Error, VerifyingState};
use heapless::Vec;
use littlefs_image::read::probe_attr;

use crate::{
    manifest::{LENGTH, MANIFEST, Manifest, SIGNATURE},
    marks::{MARKS, MARKS_HASH_LEN},
    verify::Problem,
};

/// What a statement begins with, so that no other use of a key makes one.
pub const CONTEXT: &[u8; 24] = b"Faceplate signed image 1";

/// What is signed: [`CONTEXT`]; how many blocks the image has (`u32`, little endian); the hash over all marks
/// (32 bytes); the encoded [`Manifest`] (the rest). But for the first, as the root's attributes have them.
pub type Statement = Vec<u8, { CONTEXT.len() + 4 + MARKS_HASH_LEN + Manifest::MAX_LEN }, u8>;

/// An Ed25519 public key (RFC 8032).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(pub [u8; Self::LEN]);

impl PublicKey {
    /// Its bytes.
    pub const LEN: usize = 32;

    /// From 64 hexadecimal digits, as `faceplate keygen` prints them; for keys in a firmware's source.
    ///
    /// # Panics
    /// When these are no 64 digits; in a constant, the build fails.
    pub const fn from_hex(digits: &str) -> Self {
        match Self::parse(digits) {
            Some(key) => key,
            None => panic!("a public key has 64 hexadecimal digits"),
        }
    }

    /// The same of a text that may be something else: `None` then.
    pub const fn parse(digits: &str) -> Option<Self> {
        let digits = digits.as_bytes();
        if digits.len() != 2 * Self::LEN {
            return None;
        }
        let mut bytes = [0; Self::LEN];
        let mut at = 0;
        while at < Self::LEN {
            match (digit(digits[2 * at]), digit(digits[2 * at + 1])) {
                (Some(high), Some(low)) => bytes[at] = high << 4 | low,
                _ => return None,
            }
            at += 1;
        }
        Some(Self(bytes))
    }

    /// Whether a signature of this statement is one by this key. No key of small order, and no second form of
    /// a key or a signature, is taken.
    pub fn has_signed(&self, statement: &[u8], signature: &[u8; 64]) -> bool {
        let mut verification = self.begin(signature);
        verification
            .as_mut()
            .is_ok_and(|state| finish(state, statement))
    }

    /// This and [`finish`] have the stack one after the other: inlined, both would take it at once.
    #[inline(never)]
    fn begin(&self, signature: &[u8; 64]) -> Result<VerifyingState, Error> {
        let key = ed25519_compact::PublicKey::new(self.0);
        key.verify_incremental(&ed25519_compact::Signature::new(*signature))
    }

    /// What it is called.
    pub fn id(&self) -> KeyId {
        let mut id = [0; KeyId::LEN];
        id.copy_from_slice(&self.0[..KeyId::LEN]);
        KeyId(id)
    }
}

#[inline(never)]
fn finish(state: &mut VerifyingState, statement: &[u8]) -> bool {
    state.absorb(statement);
    state.verify().is_ok()
}

const fn digit(character: u8) -> Option<u8> {
    match (character as char).to_digit(16) {
        Some(digit) => Some(digit as u8),
        None => None,
    }
}

/// Which key it is: the first 8 bytes of the public key, written as 16 hexadecimal digits. It helps to find the key;
/// what proves something is the whole of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyId(pub [u8; Self::LEN]);

impl KeyId {
    /// Its bytes.
    pub const LEN: usize = 8;
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A signature, and whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    /// The key.
    pub key: KeyId,
    /// By Ed25519 (RFC 8032), over the [`Statement`].
    pub bytes: [u8; 64],
}

impl Signature {
    /// Bytes of the stored form.
    pub const LEN: usize = KeyId::LEN + 64;

    /// As stored: key id, signature.
    pub fn encode(&self) -> [u8; Self::LEN] {
        let mut out = [0; Self::LEN];
        out[..KeyId::LEN].copy_from_slice(&self.key.0);
        out[KeyId::LEN..].copy_from_slice(&self.bytes);
        out
    }

    /// The reverse of [`Self::encode`].
    pub fn decode(stored: &[u8; Self::LEN]) -> Self {
        let (mut key, mut bytes) = ([0; KeyId::LEN], [0; 64]);
        key.copy_from_slice(&stored[..KeyId::LEN]);
        bytes.copy_from_slice(&stored[KeyId::LEN..]);
        Self {
            key: KeyId(key),
            bytes,
        }
    }
}

/// Whose frontends a firmware takes.
#[derive(Clone, Copy)]
pub struct Signers {
    keys: &'static [PublicKey],
    /// A pointer, so that a firmware without keys does not have the code.
    verify: Verify,
}

/// Whether a signature of a statement is one by a key; `None` where that cannot be found out now.
pub type Verify = fn(&PublicKey, statement: &[u8], signature: &[u8; 64]) -> Option<bool>;

impl fmt::Debug for Signers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Signers").field(&self.keys).finish()
    }
}

impl Signers {
    /// Everybody's: no signature is looked at.
    pub const ANYONE: Self = Self {
        keys: &[],
        verify: |_, _, _| None,
    };

    /// Only what one of these keys has signed. Several: while one takes another's place.
    ///
    /// # Panics
    /// Without any key: nobody could ever update such a device. With more than 255.
    pub const fn only(keys: &'static [PublicKey]) -> Self {
        Self::verified_by(keys, |key, statement, signature| {
            Some(key.has_signed(statement, signature))
        })
    }

    /// The same, verified by another function than [`PublicKey::has_signed`]: one that calls it where there is the
    /// stack for it, or what a chip has.
    ///
    /// # Panics
    /// As [`Self::only`].
    pub const fn verified_by(keys: &'static [PublicKey], verify: Verify) -> Self {
        assert!(
            !keys.is_empty() && keys.len() <= u8::MAX as usize,
            "name the keys whose frontends are taken"
        );
        Self { keys, verify }
    }

    /// The keys; none: anyone's frontends are taken.
    pub const fn keys(&self) -> &'static [PublicKey] {
        self.keys
    }

    /// Which of the keys signed an image whose root has these attributes; `attr` copies one of a kind as far as
    /// there is room, and tells its length. `None` where nobody needs to have.
    ///
    /// # Errors
    /// [`Problem::NotSigned`], [`Problem::OtherKey`], [`Problem::Signature`], or what reading brings.
    pub(crate) fn check(
        &self,
        attr: impl FnMut(u8, &mut [u8]) -> Result<Option<usize>, Problem>,
    ) -> Result<Option<u8>, Problem> {
        if self.keys.is_empty() {
            return Ok(None);
        }
        let mut claim = Claim::EMPTY;
        claim.read(attr)?;
        self.verify(&claim).map(Some)
    }

    /// Not inlined, and apart from what reads the attributes: a verification is deep enough by itself.
    #[inline(never)]
    fn verify(&self, claim: &Claim) -> Result<u8, Problem> {
        let Signature { key: id, bytes } = &claim.signature;
        let mut keys = (0..).zip(self.keys);
        let (index, key) = keys
            .find(|(_, key)| key.id() == *id)
            .ok_or(Problem::OtherKey(*id))?;
        // What is not said was not signed.
        if !claim.is_whole {
            return Err(Problem::Signature(*id));
        }
        match (self.verify)(key, &claim.statement, bytes) {
            Some(true) => Ok(index),
            Some(false) => Err(Problem::Signature(*id)),
            None => Err(Problem::NoMemory),
        }
    }
}

/// What an image says: that this key has signed that.
struct Claim {
    signature: Signature,
    statement: Statement,
    /// Whether nothing is missing in the statement.
    is_whole: bool,
}

impl Claim {
    const EMPTY: Self = Self {
        signature: Signature {
            key: KeyId([0; KeyId::LEN]),
            bytes: [0; 64],
        },
        statement: Statement::new(),
        is_whole: false,
    };

    /// Reads it in place: moved about, it would take as much of the stack again.
    #[inline(never)]
    fn read(
        &mut self,
        mut attr: impl FnMut(u8, &mut [u8]) -> Result<Option<usize>, Problem>,
    ) -> Result<(), Problem> {
        let mut stored = [0; Signature::LEN];
        if attr(SIGNATURE, &mut stored)? != Some(stored.len()) {
            return Err(Problem::NotSigned);
        }
        self.signature = Signature::decode(&stored);
        self.is_whole = state(&mut self.statement, attr)?;
        Ok(())
    }
}

/// What is to be signed of an image, by its first block; `None` where that does not say all of it.
pub fn of_image(first_block: &[u8]) -> Option<Statement> {
    let mut statement = Statement::new();
    let is_whole = state(&mut statement, |kind, buf| {
        probe_attr(first_block, kind, buf)
    });
    matches!(is_whole, Ok(true)).then_some(statement)
}

/// Makes the statement of an image whose root has these attributes; `false` where one is missing.
///
/// # Errors
/// What reading an attribute brings.
fn state<E>(
    statement: &mut Statement,
    mut attr: impl FnMut(u8, &mut [u8]) -> Result<Option<usize>, E>,
) -> Result<bool, E> {
    statement.clear();
    // It has room for all of them.
    _ = statement.extend_from_slice(CONTEXT);
    for (kind, room) in [
        (LENGTH, 4..=4),
        (MARKS, MARKS_HASH_LEN..=MARKS_HASH_LEN),
        (MANIFEST, 1..=Manifest::MAX_LEN),
    ] {
        let at = statement.len();
        _ = statement.resize_default(at + room.end());
        match attr(kind, &mut statement[at..])? {
            Some(len) if room.contains(&len) => statement.truncate(at + len),
            _ => return Ok(false),
        }
    }
    Ok(true)
}

//! What is kept of a password: enough to see that a client knows it, too little to be that client.

use core::{fmt, ops::RangeInclusive, str::FromStr};

use base64ct::{Base64, Encoding as _};

use super::scram::{self, Stretched};

/// Rounds of PBKDF2 for a new password.
///
/// They are the client's work, and the device's only where a password comes in the clear (curl).
/// `docs/password.md` has what they cost on the chip.
pub const ITERATIONS: u32 = 10_000;

/// Rounds that are taken: fewer than RFC 7677 wants make guessing cheap, more keep a chip busy for
/// minutes.
pub const ITERATIONS_ALLOWED: RangeInclusive<u32> = 4096..=1_000_000;

/// Bytes of a salt.
pub(super) const SALT: usize = 16;
/// Bytes of SHA-256.
pub(super) const HASH: usize = 32;

/// What a device keeps of a password (RFC 5802, 3: salt, iterations, `StoredKey`, `ServerKey`).
///
/// As text it is what PostgreSQL stores: `SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY`, the
/// last three in base64.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Verifier {
    pub(super) salt: [u8; SALT],
    pub(super) iterations: u32,
    pub(super) stored: [u8; HASH],
    pub(super) server: [u8; HASH],
}

/// A text is no verifier; in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAVerifier(&'static str);

impl fmt::Display for NotAVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl core::error::Error for NotAVerifier {}

impl From<NotAVerifier> for &'static str {
    fn from(NotAVerifier(what): NotAVerifier) -> Self {
        what
    }
}

const SCHEME: &str = "SCRAM-SHA-256$";
const SHAPE: NotAVerifier = NotAVerifier(
    "a verifier is SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY, with 16, 32 and 32 bytes in base64",
);
const ROUNDS: NotAVerifier = NotAVerifier("a verifier has 4096 to 1000000 iterations");

impl Verifier {
    /// Bytes of [`Self::to_bytes`].
    pub(super) const BYTES: usize = 4 + SALT + 2 * HASH;

    /// That of a password. `salt` are 16 bytes that nobody can guess.
    ///
    /// # Errors
    /// When there are fewer or more iterations than [`ITERATIONS_ALLOWED`].
    pub fn of(password: &str, salt: [u8; SALT], iterations: u32) -> Result<Self, NotAVerifier> {
        if !ITERATIONS_ALLOWED.contains(&iterations) {
            return Err(ROUNDS);
        }
        let stretched = Stretched::of(password.as_bytes(), &salt, iterations);
        Ok(Self::made(&stretched, salt, iterations))
    }

    pub(super) fn made(stretched: &Stretched, salt: [u8; SALT], iterations: u32) -> Self {
        Self {
            salt,
            iterations,
            stored: scram::sha256(&stretched.client_key()),
            server: stretched.server_key(),
        }
    }

    /// With its keys masked by the key of a session, or in the clear again: so it goes over the network.
    pub(super) fn masked(mut self, session: &[u8; HASH]) -> Self {
        let mask = |label| scram::hmac_of(session, [label, &self.salt]);
        let masks = [mask(b"faceplate StoredKey"), mask(b"faceplate ServerKey")];
        self.stored = scram::xor(self.stored, &masks[0]);
        self.server = scram::xor(self.server, &masks[1]);
        self
    }

    /// As it is stored.
    pub(super) fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let (iterations, rest) = bytes.split_at_mut(4);
        let (salt, rest) = rest.split_at_mut(SALT);
        let (stored, server) = rest.split_at_mut(HASH);
        iterations.copy_from_slice(&self.iterations.to_le_bytes());
        salt.copy_from_slice(&self.salt);
        stored.copy_from_slice(&self.stored);
        server.copy_from_slice(&self.server);
        bytes
    }

    /// From what is stored; `None` where that is damaged.
    pub(super) fn from_bytes(bytes: &[u8; Self::BYTES]) -> Option<Self> {
        let (iterations, rest) = bytes.split_first_chunk()?;
        let (salt, rest) = rest.split_first_chunk()?;
        let (stored, rest) = rest.split_first_chunk()?;
        let (server, _) = rest.split_first_chunk()?;
        let iterations = u32::from_le_bytes(*iterations);
        ITERATIONS_ALLOWED.contains(&iterations).then_some(Self {
            salt: *salt,
            iterations,
            stored: *stored,
            server: *server,
        })
    }
}

impl FromStr for Verifier {
    type Err = NotAVerifier;

    fn from_str(text: &str) -> Result<Self, NotAVerifier> {
        let parts = || {
            let (how, keys) = text.strip_prefix(SCHEME)?.split_once('$')?;
            let (iterations, salt) = how.split_once(':')?;
            let (stored, server) = keys.split_once(':')?;
            let digits = iterations.bytes().all(|byte| byte.is_ascii_digit());
            let iterations: u32 = iterations.parse().ok().filter(|_| digits)?;
            Some(Self {
                salt: base64(salt)?,
                iterations,
                stored: base64(stored)?,
                server: base64(server)?,
            })
        };
        let verifier = parts().ok_or(SHAPE)?;
        match ITERATIONS_ALLOWED.contains(&verifier.iterations) {
            true => Ok(verifier),
            false => Err(ROUNDS),
        }
    }
}

/// Exactly `N` bytes.
pub(super) fn base64<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    match Base64::decode(text, &mut bytes) {
        Ok(all) if all.len() == N => Some(bytes),
        _ => None,
    }
}

/// In base64.
pub(super) struct InBase64<'a>(pub(super) &'a [u8]);

impl fmt::Display for InBase64<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 44];
        let encoded = Base64::encode(self.0, &mut text).map_err(|_| fmt::Error)?;
        f.write_str(encoded)
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (iterations, salt) = (self.iterations, InBase64(&self.salt));
        let (stored, server) = (InBase64(&self.stored), InBase64(&self.server));
        write!(f, "{SCHEME}{iterations}:{salt}${stored}:{server}")
    }
}

/// Without what could be guessed from.
impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier")
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString as _;

    use super::*;

    /// Made by PostgreSQL's rules, with Python's hashlib, from "pencil" and the salt of RFC 7677, 3.
    const TEXT: &str = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

    #[test]
    fn a_password_gives_what_postgresql_stores() {
        let salt = base64("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let verifier = Verifier::of("pencil", salt, 4096).unwrap();
        assert_eq!(verifier.to_string(), TEXT);
        assert_eq!(TEXT.parse(), Ok(verifier));
        assert_eq!(Verifier::from_bytes(&verifier.to_bytes()), Some(verifier));
        assert_eq!(std::format!("{verifier:?}"), "Verifier");
    }

    #[test]
    fn what_is_no_verifier_is_told_apart() {
        for iterations in [0, 4095, 1_000_001, u32::MAX] {
            assert_eq!(Verifier::of("x", [0; 16], iterations), Err(ROUNDS));
            let text = TEXT.replace("4096", &iterations.to_string());
            assert_eq!(text.parse::<Verifier>(), Err(ROUNDS), "{text}");
        }
        let keys = TEXT.rsplit_once('$').unwrap().1;
        for text in [
            "",
            "SCRAM-SHA-256",
            "SCRAM-SHA-256$",
            "md5$4096:W22ZaJ0SNY7soEsUEjb6gQ==$a:b",
            &TEXT[..TEXT.len() - 1],
            &TEXT.replace("$4096", "$+4096"),
            &TEXT.replace("$4096", "$99999999999"),
            &TEXT.replace("W22Z", "W2"),
            &TEXT.replace("==$", "$"),
            &TEXT.replace(keys, "a:b"),
            &std::format!("{TEXT}="),
            &std::format!(" {TEXT}"),
        ] {
            assert_eq!(text.parse::<Verifier>(), Err(SHAPE), "{text}");
        }
    }
}

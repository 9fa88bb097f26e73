//! Keys, in the files that OpenSSL makes: PEM, with PKCS#8 for the private and SPKI for the public one.

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use ed25519_compact::KeyPair;
use faceplate::PublicKey;

use crate::failure::Failure;

/// Longest file that is read as a key, bytes; one has about 120.
const KEY_MAX: u64 = 4096;

/// Where a private key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    File(PathBuf),
    /// The text itself is in this variable of the environment.
    Environment(String),
}

impl Place {
    /// From a command line: a path, or `env:NAME`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match text.strip_prefix("env:") {
            Some("") => Err("name a variable, like env:SIGNING_KEY".to_owned()),
            Some(name) => Ok(Self::Environment(name.to_owned())),
            None => Ok(Self::File(text.into())),
        }
    }

    /// Reads it.
    pub(crate) fn read(&self) -> Result<PrivateKey, Failure> {
        let (place, text) = match self {
            Self::File(path) => (path.display().to_string(), text(path)?),
            Self::Environment(name) => {
                let text = std::env::var(name).map_err(|_| Failure::at(name, "not set"))?;
                // As those have it that keep secrets in one line.
                (name.clone(), text.replace("\\n", "\n"))
            }
        };
        let pair = KeyPair::from_pem(&text).map_err(|_| Failure::at(place, no_private(&text)))?;
        Ok(PrivateKey(pair))
    }
}

/// A key that signs.
pub(crate) struct PrivateKey(KeyPair);

impl PrivateKey {
    /// A new one, of the system's random numbers.
    pub(crate) fn generate() -> Self {
        Self(KeyPair::generate())
    }

    /// What firmware knows it by.
    pub(crate) fn public(&self) -> PublicKey {
        PublicKey(*self.0.pk)
    }

    /// An Ed25519 signature; the same bytes each time (RFC 8032).
    pub(crate) fn sign(&self, statement: &[u8]) -> [u8; 64] {
        *self.0.sk.sign(statement, None)
    }

    /// Whether bytes have it in them, in PEM or as it is.
    pub(crate) fn is_in(&self, bytes: &[u8]) -> bool {
        let (pem, _) = self.to_pem();
        let body = pem.lines().nth(1).unwrap_or_default();
        // Behind what all of them begin with; a line may be broken anywhere before.
        let body = body.as_bytes().get(24..).unwrap_or_default();
        let seed = self.0.sk.seed();
        let has = |part: &[u8]| !part.is_empty() && bytes.windows(part.len()).any(|at| at == part);
        has(body) || has(&seed[..])
    }

    /// As OpenSSL reads them: the private and the public key.
    pub(crate) fn to_pem(&self) -> (String, String) {
        (self.0.sk.to_pem(), self.0.pk.to_pem())
    }
}

/// Keys for as long as the program runs.
pub(crate) fn signers(keys: Vec<PublicKey>) -> Result<&'static [PublicKey], Failure> {
    match u8::try_from(keys.len()) {
        Ok(_) => Ok(keys.leak()),
        Err(_) => Err(Failure::usage("--key can be given 255 times at most")),
    }
}

/// Reads a public key.
pub(crate) fn public(path: &Path) -> Result<PublicKey, Failure> {
    let text = text(path)?;
    if text.matches("BEGIN PUBLIC KEY").count() > 1 {
        return Err(Failure::at(
            path.display(),
            "several keys; give each in a file of its own",
        ));
    }
    let key = ed25519_compact::PublicKey::from_pem(&text)
        .ok()
        .filter(|key| key.validate().is_ok());
    let key = key.ok_or_else(|| Failure::at(path.display(), no_public(&text)))?;
    Ok(PublicKey(*key))
}

/// Why a text is no private key.
fn no_private(text: &str) -> &'static str {
    match text {
        _ if text.contains("BEGIN ENCRYPTED PRIVATE KEY") => {
            "the key is encrypted; give it without a password, for example from \
             `openssl pkey -in KEY` by env:"
        }
        _ if text.contains("BEGIN PUBLIC KEY") => {
            "a public key; whoever signs needs the private one"
        }
        _ => {
            "not an Ed25519 private key; `faceplate keygen` makes one, and so does \
             `openssl genpkey -algorithm ed25519`"
        }
    }
}

/// Why a text is no public key.
fn no_public(text: &str) -> &'static str {
    match text.contains("PRIVATE KEY") {
        true => "a private key; give the public one: `openssl pkey -in KEY -pubout` makes it",
        false => "not an Ed25519 public key (PEM)",
    }
}

fn text(path: &Path) -> Result<String, Failure> {
    let bytes = short(path, KEY_MAX)?;
    let bytes = bytes.ok_or_else(|| Failure::at(path.display(), "too long for a key"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What is in a file of so many bytes at most; `None`: it has more.
pub(crate) fn short(path: &Path, most: u64) -> Result<Option<Vec<u8>>, Failure> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(most + 1).read_to_end(&mut bytes));
    let read = read.map_err(|error| Failure::at(path.display(), error))?;
    Ok((read as u64 <= most).then_some(bytes))
}

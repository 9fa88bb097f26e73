//! `faceplate sign`: signs an image that is there, by a key here or elsewhere.

use std::path::PathBuf;

use faceplate_pack::{SignError, attach, sign, statement};

use super::{not_an_image, read_image};
use crate::{failure::Failure, keys, text, tree};

/// Sign an image, so that devices that know the key take it.
///
/// With a key that cannot be read here, as in a hardware module: write what is to be signed with
/// --statement, have it signed, and put the signature in with --public and --signature.
#[derive(clap::Args)]
#[command(group(clap::ArgGroup::new("how").required(true).args(["key", "statement", "signature"])))]
pub(crate) struct Sign {
    /// The image.
    image: PathBuf,
    /// The private key (PEM), or env:NAME for a variable that holds its text.
    #[arg(long, value_name = "KEY", value_parser = keys::Place::parse)]
    key: Option<keys::Place>,
    /// Write the bytes that are to be signed (Ed25519) into this file, and no image.
    #[arg(long, value_name = "FILE", conflicts_with = "output")]
    statement: Option<PathBuf>,
    /// The signature of these bytes: 64 bytes, as `openssl pkeyutl -sign -rawin` writes them.
    #[arg(long, value_name = "FILE", requires = "public")]
    signature: Option<PathBuf>,
    /// The public key (PEM) of who signed.
    #[arg(
        long,
        value_name = "PUB",
        requires = "signature",
        conflicts_with = "key"
    )]
    public: Option<PathBuf>,
    /// The signed image [default: in place of the image].
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Sign {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let bytes = read_image(&self.image)?;
        let cannot = |error: SignError| not_an_image(&self.image, error);
        if let Some(path) = &self.statement {
            let statement = statement(&bytes).map_err(cannot)?;
            tree::replace(path, &statement).map_err(Failure::new)?;
            let len = text::count(statement.len(), "byte");
            text::print(&format!("{}: {len} to be signed", path.display()));
            return Ok(());
        }
        let (signed, key) = match (&self.key, &self.signature, &self.public) {
            (Some(key), _, _) => {
                let key = key.read()?;
                let signed = sign(&bytes, &key.public(), |what| key.sign(what));
                (signed.map_err(cannot)?, key.public())
            }
            (None, Some(path), Some(public)) => {
                let key = keys::public(public)?;
                let signature = keys::short(path, 64)?;
                let signature = signature.and_then(|bytes| bytes.try_into().ok());
                let signature: [u8; 64] = signature.ok_or_else(|| {
                    Failure::at(path.display(), "not the 64 bytes of a signature")
                })?;
                if !key.has_signed(&statement(&bytes).map_err(cannot)?, &signature) {
                    return Err(Failure::at(
                        path.display(),
                        format_args!("not a signature of this image by key {}", key.id()),
                    ));
                }
                (attach(&bytes, &key, signature).map_err(cannot)?, key)
            }
            _ => return Err(Failure::usage("--signature needs --public")),
        };
        let output = self.output.as_ref().unwrap_or(&self.image);
        tree::replace(output, &signed).map_err(Failure::new)?;
        text::print(&format!("{}: signed by key {}", output.display(), key.id()));
        Ok(())
    }
}

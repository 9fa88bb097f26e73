//! `faceplate keygen`: a key that signs frontends.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    path::PathBuf,
};

use faceplate::PublicKey;

use crate::{failure::Failure, keys::PrivateKey, text};

/// Make a key that signs frontends, and the public key that the firmware names.
///
/// Whoever has the private key can update your devices; whoever loses it no longer can. Keep it where
/// your releases are made and nowhere else, and a copy in a safe place. OpenSSL makes such keys, too.
#[derive(clap::Args)]
pub(crate) struct Keygen {
    /// The private key to write; the public one is put beside it, as NAME.pub.pem.
    #[arg(short, long, value_name = "NAME.pem", default_value = "faceplate.pem")]
    output: PathBuf,
}

impl Keygen {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let public_file = self.output.with_extension("pub.pem");
        let key = PrivateKey::generate();
        let (private, public) = key.to_pem();
        create(&self.output, &private, true)?;
        if let Err(failure) = create(&public_file, &public, false) {
            // Nobody knows this key yet; that of the public one that is there may be in use.
            let _gone = fs::remove_file(&self.output);
            return Err(failure);
        }
        text::print(&format!(
            "{}: the private key; keep it secret, and a copy safe\n{}: the public key\n\n{}",
            self.output.display(),
            public_file.display(),
            describe(&key.public())
        ));
        Ok(())
    }
}

/// What a firmware needs to know of a key.
fn describe(key: &PublicKey) -> String {
    format!(
        "  key id    {}\n  firmware  PublicKey::from_hex(\"{}\")",
        key.id(),
        text::hex(&key.0)
    )
}

/// Writes a new file; one that is there stays.
fn create(path: &PathBuf, text: &str, secret: bool) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if secret {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    #[cfg(not(unix))]
    let _ = secret;
    let written = options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => Failure::at(
            path.display(),
            "is there already, and a key that is lost cannot be had again; name another file with -o",
        ),
        _ => Failure::at(path.display(), error),
    })
}

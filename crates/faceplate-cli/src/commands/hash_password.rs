//! `faceplate hash-password`: what a firmware's build is told of a password.

use std::path::PathBuf;

use faceplate_http::password::ITERATIONS;

use crate::{failure::Failure, password, text};

/// Print what a firmware that is built with a password has of it: enough to see that somebody knows it.
///
/// It is another one at each run, all of them good. A weak password can be guessed from it, so keep it as
/// secret as the firmware.
#[derive(clap::Args)]
pub(crate) struct HashPassword {
    /// The password, in a file; - is standard input [default: it is typed, twice].
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl HashPassword {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let password = password::new_one(self.password_file.as_deref(), "--password-file")?;
        text::print(&password::verifier(&password, ITERATIONS).to_string());
        Ok(())
    }
}

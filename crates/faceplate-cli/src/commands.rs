//! The commands, each in a file of its own.

mod confirm;
mod conformance;
mod flash_image;
mod hash_password;
mod inspect;
mod keygen;
mod login;
mod pack;
mod password;
mod pull;
mod push;
mod rollback;
mod sign;
mod sim;
mod status;
mod unpack;

use std::{fmt, fs, path::Path, process::ExitCode};

use crate::failure::{Failure, Kind};

/// What to do.
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    Pack(pack::Pack),
    Inspect(inspect::Inspect),
    Unpack(unpack::Unpack),
    Keygen(keygen::Keygen),
    Sign(sign::Sign),
    Push(push::Push),
    Pull(pull::Pull),
    Status(status::ShowStatus),
    Confirm(confirm::Confirm),
    Rollback(rollback::Rollback),
    Password(password::SetPassword),
    HashPassword(hash_password::HashPassword),
    Conformance(conformance::Conformance),
    Sim(sim::Sim),
    FlashImage(flash_image::FlashImage),
}

impl Command {
    /// Whether the answer is for a script.
    pub(crate) fn wants_json(&self) -> bool {
        match self {
            Self::Inspect(inspect) => inspect.json,
            Self::Push(push) => push.json,
            Self::Pull(pull) => pull.json,
            Self::Status(status) => status.json,
            Self::Confirm(confirm) => confirm.json,
            Self::Rollback(rollback) => rollback.json,
            Self::Password(password) => password.json,
            Self::Conformance(conformance) => conformance.json,
            Self::Pack(_)
            | Self::Unpack(_)
            | Self::Keygen(_)
            | Self::Sign(_)
            | Self::HashPassword(_)
            | Self::Sim(_)
            | Self::FlashImage(_) => false,
        }
    }

    /// Does it.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        match self {
            Self::Pack(pack) => pack.run()?,
            Self::Inspect(inspect) => inspect.run()?,
            Self::Unpack(unpack) => unpack.run()?,
            Self::Keygen(keygen) => keygen.run()?,
            Self::Sign(sign) => sign.run()?,
            Self::Push(push) => push.run()?,
            Self::Pull(pull) => pull.run()?,
            Self::Status(status) => status.run()?,
            Self::Confirm(confirm) => confirm.run()?,
            Self::Rollback(rollback) => rollback.run()?,
            Self::Password(password) => password.run()?,
            Self::HashPassword(hash) => hash.run()?,
            Self::Conformance(conformance) => conformance.run()?,
            Self::Sim(sim) => sim.run()?,
            Self::FlashImage(flash) => flash.run()?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Longest file that is read as an image: beyond a whole slot it is none, and says so by its size.
const IMAGE_MAX: u64 = 64 << 20;

/// Reads an image file.
fn read_image(path: &Path) -> Result<Vec<u8>, Failure> {
    let place = path.display();
    let meta = fs::metadata(path).map_err(|error| Failure::at(place, error))?;
    let place = path.display();
    if meta.is_dir() {
        return Err(Failure::at(
            place,
            "a folder, not an image; `faceplate pack` makes one of it",
        ));
    }
    if meta.len() > IMAGE_MAX {
        return Err(not_an_image(
            path,
            format_args!("not an image: {} bytes long", meta.len()),
        ));
    }
    fs::read(path).map_err(|error| Failure::at(path.display(), error))
}

/// That a file is no image that a device would take.
fn not_an_image(path: &Path, what: impl fmt::Display) -> Failure {
    Failure::with(path.display(), Kind::Image, what)
}

/// Reads an image file that a device would take.
fn read_frontend(path: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = read_image(path)?;
    faceplate_pack::inspect(&bytes).map_err(|error| not_an_image(path, error))?;
    Ok(bytes)
}

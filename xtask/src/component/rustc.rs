//! Stands between cargo and rustc. Cargo has each crate's symbols carry a hash, and that of a crate which is no
//! crates.io's is made from the path of its folder; the compiler then sorts functions by their symbols. Here it
//! is made from the crate's name, which is enough to tell ours apart.

use std::path::Path;
use std::process::{Command, ExitCode};

use crate::cargo::this_program;

/// Where the checkout is whose crates are ours; it being there makes this program stand in for rustc.
const CHECKOUT: &str = "FACEPLATE_XTASK_RUSTC";

/// Has a build call this program in rustc's place.
pub(super) fn stand_between(cargo: &mut Command, checkout: &Path) -> Result<(), String> {
    cargo
        .env("RUSTC_WRAPPER", this_program()?)
        .env(CHECKOUT, checkout);
    Ok(())
}

/// Runs rustc, if that is what this program was started for; the arguments begin with the rustc to run.
pub(crate) fn run(args: &[String]) -> Option<ExitCode> {
    let checkout = std::env::var_os(CHECKOUT)?;
    let (rustc, args) = args.split_first()?;
    let folder = std::env::var_os("CARGO_MANIFEST_DIR");
    let ours = folder.is_some_and(|folder| Path::new(&folder).starts_with(checkout));
    let mut command = Command::new(rustc);
    for arg in args {
        match ours && arg.starts_with("metadata=") {
            true => command.arg("metadata=faceplate"),
            false => command.arg(arg),
        };
    }
    match command.status() {
        Ok(status) if status.success() => Some(ExitCode::SUCCESS),
        Ok(_) => Some(ExitCode::FAILURE),
        Err(error) => {
            eprintln!("cannot start {rustc}: {error}");
            Some(ExitCode::FAILURE)
        }
    }
}

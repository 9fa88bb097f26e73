//! What needs no test to be wrong: format, and what clippy finds.

use crate::cargo::{cargo, run};
use crate::firmware;
use crate::test::component;

/// The format of everything in Rust.
pub(crate) fn format() -> Result<(), String> {
    run(&mut cargo(&["fmt", "--all", "--", "--check"]))?;
    // The fuzz targets, the firmware and the component's library are workspaces of their own.
    let fuzz = ["fmt", "--manifest-path", "fuzz/Cargo.toml", "--", "--check"];
    run(&mut cargo(&fuzz))?;
    run(&mut firmware::cargo(
        None,
        &["fmt", "--all", "--", "--check"],
    ))?;
    run(&mut component::library(&["fmt", "--", "--check"]))
}

/// Clippy over all that runs on this machine.
pub(crate) fn clippy() -> Result<(), String> {
    let clippy = ["clippy", "--workspace", "--all-targets", "--all-features"];
    run(cargo(&clippy).args(["--quiet", "--", "-D", "warnings"]))
}

/// Clippy over the one crate with features of its own, without them: as the firmware has it.
pub(crate) fn without_json() -> Result<(), String> {
    let clippy = ["clippy", "--package", "faceplate-http", "--quiet"];
    run(cargo(&clippy).args(["--", "-D", "warnings"]))
}

//! The `faceplate` command of this repository, built for the tools and tests here.

use std::path::PathBuf;

use crate::cargo::{cargo, run, target_dir};

/// Where it is once it is built.
pub(crate) fn path() -> PathBuf {
    target_dir()
        .join("debug")
        .join(format!("faceplate{}", std::env::consts::EXE_SUFFIX))
}

pub(crate) fn build() -> Result<(), String> {
    run(&mut cargo(&[
        "build",
        "--quiet",
        "--package",
        "faceplate-cli",
    ]))
}

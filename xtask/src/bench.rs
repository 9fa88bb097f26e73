//! `cargo xtask bench`.

use std::process::ExitCode;

pub(crate) fn bench() -> Result<ExitCode, String> {
    Err("nothing to measure yet".into())
}

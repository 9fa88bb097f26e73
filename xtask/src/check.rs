//! `cargo xtask check`: what can be known in two minutes, before a commit.

use std::process::ExitCode;
use std::time::Instant;

use crate::cargo::{cargo, run};
use crate::{lint, web};

/// Format, lint and the unit tests in Rust; format, lint and types of the web, where it is installed.
pub(crate) fn check() -> Result<ExitCode, String> {
    step("format", lint::format)?;
    step("clippy", lint::clippy)?;
    step("unit tests", || {
        // The tests beside the code: those in `tests/` run whole devices.
        let test = ["test", "--workspace", "--all-features", "--lib", "--bins"];
        run(cargo(&test).arg("--quiet"))
    })?;
    if web::is_installed() {
        step("web: format and lint", || {
            run(&mut web::npm(&["run", "lint"]))
        })?;
    } else {
        println!("== web: SKIPPED: nothing is installed there; `npm ci` in web/ does");
    }
    println!("all is well, as far as this looks; `cargo xtask test` looks at everything");
    Ok(ExitCode::SUCCESS)
}

fn step(name: &str, work: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    println!("== {name}");
    let start = Instant::now();
    work().map_err(|why| format!("{name}: {why}"))?;
    println!(
        "== {name}: passed in {:.1} s",
        start.elapsed().as_secs_f32()
    );
    Ok(())
}

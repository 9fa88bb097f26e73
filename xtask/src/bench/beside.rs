//! Faceplate beside others that do the same, each pair in one run.
//!
//! What a tool is missing for is skipped, and says so. Nothing here is held to a budget.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::count::Counter;
use super::{executable, line};
use crate::cargo::{cargo, command, run, target_dir};

/// As the tests of `littlefs-image` have it, in the same place.
const LITTLEFS_PYTHON: &str = "littlefs-python==0.19.0";

/// The reader and the packer beside C littlefs and littlefs-python; whether all went well.
pub(super) fn littlefs(counter: &Result<Counter, String>) -> bool {
    // C's checks of itself are for tests: on a device it has none either.
    let flags = std::env::var("CFLAGS").unwrap_or_default();
    let flags = format!("{flags} -DLFS_NO_ASSERT");
    let program = match example("faceplate-pack", "beside_littlefs", Some(&flags)) {
        Ok(program) => program,
        Err(why) => {
            line(
                "beside C littlefs",
                &format!("SKIPPED: {why}; is libclang here?"),
            );
            return true;
        }
    };
    let mut all = Command::new(&program);
    match python() {
        Ok(python) => {
            all.arg("python").arg(python);
        }
        Err(why) => line("packing by littlefs-python", &format!("SKIPPED: {why}")),
    }
    let mut well = ran(&mut all);
    for kind in ["app", "large", "many"] {
        well &= instructions(
            &format!("instructions per byte read, {kind}"),
            counter,
            &program,
            &[("ours", &["read", kind]), ("C", &["read-c", kind])],
        );
        well &= instructions(
            &format!("instructions per byte packed, {kind}"),
            counter,
            &program,
            &[
                ("the image alone", &["build", kind]),
                ("hashes and checks included", &["pack", kind]),
                ("C", &["pack-c", kind]),
            ],
        );
    }
    well
}

/// Serving beside picoserve's static files; whether all went well.
pub(super) fn picoserve(counter: &Result<Counter, String>) -> bool {
    let program = match example("faceplate-picoserve", "beside_picoserve", None) {
        Ok(program) => program,
        Err(why) => {
            line("beside picoserve", &format!("FAILED: {why}"));
            return false;
        }
    };
    let mut well = ran(&mut Command::new(&program));
    for (what, request) in [
        ("1.2 KB", "small"),
        ("100 KiB", "large"),
        ("304 for 100 KiB", "known"),
    ] {
        well &= instructions(
            &format!("instructions per answer, {what}"),
            counter,
            &program,
            &[
                ("ours", &["faceplate", request]),
                ("picoserve", &["picoserve", request]),
            ],
        );
    }
    well
}

/// Builds an example as the others are; where it is.
fn example(package: &str, name: &str, c_flags: Option<&str>) -> Result<PathBuf, String> {
    let mut build = cargo(&["build", "--quiet", "--release"]);
    build.args(["--package", package, "--example", name]);
    if let Some(flags) = c_flags {
        build.env("CFLAGS", flags.trim());
    }
    run(&mut build)?;
    Ok(target_dir().join("release/examples").join(executable(name)))
}

fn ran(program: &mut Command) -> bool {
    run(program).inspect_err(|why| eprintln!("{why}")).is_ok()
}

/// Prints one figure of each; false if one could not be had though there is a counter.
fn instructions(
    what: &str,
    counter: &Result<Counter, String>,
    program: &Path,
    of: &[(&str, &[&str])],
) -> bool {
    let counter = match counter {
        Ok(counter) => counter,
        Err(why) => {
            line(what, &format!("SKIPPED: {why}"));
            return true;
        }
    };
    let figures: Result<Vec<String>, String> = of
        .iter()
        .map(|(who, args)| {
            let figure = counter.per_one(program, args)?;
            let digits = if figure < 1000.0 { 2 } else { 0 };
            Ok(format!("{who} {figure:.digits$}"))
        })
        .collect();
    match figures {
        Ok(figures) => {
            line(
                what,
                &format!("{} ({})", figures.join(", "), counter.name()),
            );
            true
        }
        Err(why) => {
            line(what, &format!("FAILED: {why}"));
            false
        }
    }
}

/// A Python with littlefs-python, which is installed if it is not there.
fn python() -> Result<PathBuf, String> {
    let home = target_dir().join("tmp").join(LITTLEFS_PYTHON);
    let program = |home: &Path| home.join("bin/python");
    if !home.exists() {
        // Whoever installs it at the same time does so in a folder of its own; the first to end gives the name.
        let mine = home.with_file_name(format!("{LITTLEFS_PYTHON}.bench-{}", std::process::id()));
        let installed = run(command("python3", &["-m", "venv"]).arg(&mine)).and_then(|()| {
            let pip = [
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ];
            run(Command::new(program(&mine)).args(pip).arg(LITTLEFS_PYTHON))
        });
        if installed.is_err() || std::fs::rename(&mine, &home).is_err() {
            // What is left of it is of no use to anybody.
            let _gone = std::fs::remove_dir_all(&mine);
        }
        installed?;
    }
    match home.exists() {
        true => Ok(program(&home)),
        false => Err(format!("{} cannot be made", home.display())),
    }
}

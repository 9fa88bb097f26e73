//! The npm workspace under `web/`: installs and builds it.

use std::fs;
use std::process::Command;

use crate::cargo::{output, root, run};
use crate::cli;

/// The oldest Node that Vite 8 runs on.
const NODE: (u32, u32) = (20, 19);

/// An npm command in the workspace. It finds the simulated device in `FACEPLATE`, and prints
/// without colours: its closing lines are read.
pub(crate) fn npm(args: &[&str]) -> Command {
    let mut command = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
    command
        .args(args)
        .current_dir(root().join("web"))
        .env("FACEPLATE", cli::path())
        .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")
        .env("NO_COLOR", "1");
    command
}

/// Whether Node is there and new enough, with npm.
pub(crate) fn node() -> bool {
    let version = output(&mut crate::cargo::command("node", &["--version"]));
    let new_enough = version.is_ok_and(|version| parse(&version).is_some_and(|have| have >= NODE));
    new_enough
        && npm(&["--version"])
            .output()
            .is_ok_and(|out| out.status.success())
}

/// Reads `v20.19.1`.
fn parse(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.trim().strip_prefix('v')?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// Whether what the lock file names is installed.
pub(crate) fn is_installed() -> bool {
    installed("").unwrap_or(false)
}

/// Installs what the lock file names, unless that is done.
pub(crate) fn install() -> Result<(), String> {
    match installed("")? {
        true => Ok(()),
        false => run(&mut npm(&["ci"])),
    }
}

/// Installs the tools of other people whose builds are tested, which nothing else needs.
pub(crate) fn install_builds() -> Result<(), String> {
    let folder = "e2e/builds";
    match installed(folder)? {
        true => Ok(()),
        // Their install scripts only fetch what is there already.
        false => run(&mut npm(&["ci", "--ignore-scripts", "--prefix", folder])),
    }
}

/// Builds the frontends that updates are measured with; the folder that they are in, from the root.
pub(crate) fn build_bench() -> Result<&'static str, String> {
    let folder = "bench";
    if !installed(folder)? {
        run(&mut npm(&["ci", "--ignore-scripts", "--prefix", folder]))?;
    }
    run(&mut npm(&["run", "build", "--silent", "--prefix", folder]))?;
    Ok("web/bench/dist")
}

/// Whether what the lock file of a folder below `web/` names is installed.
fn installed(folder: &str) -> Result<bool, String> {
    let changed = |file: &str| fs::metadata(root().join("web").join(folder).join(file))?.modified();
    let wanted =
        changed("package-lock.json").map_err(|error| format!("package-lock.json: {error}"))?;
    // npm writes this file last.
    Ok(changed("node_modules/.package-lock.json").is_ok_and(|installed| installed >= wanted))
}

/// Builds the packages, then the example frontend with its `www.bin`.
pub(crate) fn build() -> Result<(), String> {
    run(&mut npm(&["run", "build"]))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn the_version_of_node_is_read() {
        assert_eq!(parse("v20.19.1\n"), Some((20, 19)));
        assert_eq!(parse("v24.0.0-nightly\n"), Some((24, 0)));
        assert_eq!(parse("20.19.1"), None);
        assert_eq!(parse(""), None);
    }
}

//! Replays the committed corpus of every fuzz target, without cargo-fuzz and its nightly compiler.

use std::path::{Path, PathBuf};

use crate::cargo::{cargo, root, run};

/// The names of the targets: the folders of the corpus.
pub(crate) fn targets() -> Result<Vec<String>, String> {
    let mut names: Vec<String> = entries(&root().join("fuzz/corpus"))?
        .into_iter()
        .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
        .collect();
    names.sort();
    Ok(names)
}

/// Runs a target once on each file of its corpus. Without instrumentation it is a plain program
/// that takes files as arguments.
pub(crate) fn replay(target: &str) -> Result<(), String> {
    let files = entries(&root().join("fuzz/corpus").join(target))?;
    if files.is_empty() {
        return Err("its corpus is empty".into());
    }
    let manifest = [
        "--manifest-path",
        "fuzz/Cargo.toml",
        "--bin",
        target,
        "--quiet",
        "--",
    ];
    run(cargo(&["run"]).args(manifest).args(files))
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let at = |error| format!("{}: {error}", folder.display());
    let entries = folder.read_dir().map_err(at)?;
    entries
        .map(|entry| entry.map(|entry| entry.path()).map_err(at))
        .collect()
}

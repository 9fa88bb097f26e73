//! One crate with one line replaced, in a copy that is made for the build.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::cargo::{command, output};
use crate::firmware::{cargo, folder};

/// The patched crate, and the lock file for it.
pub(super) struct Patches {
    pub(super) xtensa_lx: PathBuf,
    pub(super) lock: PathBuf,
}

/// The instruction that LLVM's assembler does not know: it reads a register that says whether a
/// debugger is attached.
const INSTRUCTION: &str = "rer a8, a9";

/// Where `xtensa-lx` has it.
const UNKNOWN: &str = r#""rer {0}, {1}", out(reg) x, in(reg) XDM_OCD_DCR_SET"#;

/// The same as the bytes that it is: `rer a8, a9`.
const KNOWN: &str = r#"".byte 0x80, 0x69, 0x40", out("a8") x, in("a9") XDM_OCD_DCR_SET"#;

/// Copies the crate `xtensa-lx` as locked into `work`, with that instruction replaced. Fails when that
/// is not needed any more.
pub(super) fn apply(toolchain: &str, work: &Path) -> Result<Patches, String> {
    std::fs::create_dir_all(work).map_err(|error| at(work, &error))?;
    if assembles(toolchain, INSTRUCTION, work)? {
        return Err(format!(
            "{toolchain} knows `{INSTRUCTION}`: {} is not needed any more, delete it",
            file!()
        ));
    }
    let metadata = output(&mut cargo(
        None,
        &["metadata", "--locked", "--format-version", "1"],
    ))?;
    let original = registry_folder(&metadata, "xtensa-lx")
        .ok_or("`cargo metadata` names no crate xtensa-lx in firmware/")?;
    let patched = work.join("xtensa-lx");
    let source = Path::new("src/lib.rs");
    let text = read(&original.join(source))?;
    let text = replace_once(&text, UNKNOWN, KNOWN)
        .map_err(|error| format!("{}: {error}", original.join(source).display()))?;
    // Written only where something is new, or all that uses it would be compiled each time.
    if read(&patched.join(source)).ok().as_deref() != Some(&text) {
        if patched.exists() {
            std::fs::remove_dir_all(&patched).map_err(|error| at(&patched, &error))?;
        }
        copy(&original, &patched)?;
        let source = patched.join(source);
        std::fs::write(&source, text).map_err(|error| at(&source, &error))?;
    }
    // The patch changes the lock file: a copy, so that the one of the repository stays as it is.
    let lock = work.join("Cargo.lock");
    copy(&folder().join("Cargo.lock"), &lock)?;
    Ok(Patches {
        xtensa_lx: patched,
        lock,
    })
}

/// Whether the toolchain's assembler takes an instruction for this processor.
fn assembles(toolchain: &str, instruction: &str, work: &Path) -> Result<bool, String> {
    let source = format!(
        "#![feature(no_core, rustc_attrs, asm_experimental_arch)] #![no_core] #![allow(internal_features)]
         #[rustc_builtin_macro] macro_rules! global_asm {{ () => {{}} }}
         global_asm!(\"{instruction}\");"
    );
    let rustc = ["run", toolchain, "rustc", "-", "--crate-type", "lib"];
    let mut rustc = command("rustup", &rustc);
    rustc.args(["--target", super::Chip::Esp32s3.target()]);
    rustc.args(["--emit", "obj", "-Awarnings", "-Ctarget-cpu=generic"]);
    rustc.arg("-o").arg(work.join("probe.o"));
    rustc.arg(format!("-Ctarget-feature={}", super::FEATURES));
    let failed = |error: std::io::Error| format!("cannot run {toolchain}'s rustc: {error}");
    let mut child = rustc
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(source.as_bytes()).map_err(failed)?;
    }
    let done = child.wait_with_output().map_err(failed)?;
    let said = String::from_utf8_lossy(&done.stderr);
    match done.status.success() {
        true => Ok(true),
        false if said.contains("unrecognized instruction") => Ok(false),
        false => Err(format!(
            "{toolchain} cannot be asked about `{instruction}`: {said}"
        )),
    }
}

/// The folder of a crate from a registry, by what `cargo metadata` says of manifests.
fn registry_folder(metadata: &str, name: &str) -> Option<PathBuf> {
    metadata.split('"').find_map(|text| {
        let folder = Path::new(text.strip_suffix("/Cargo.toml")?);
        let version = folder
            .file_name()?
            .to_str()?
            .strip_prefix(name)?
            .strip_prefix('-')?;
        // Not a crate whose name goes on.
        version
            .starts_with(|c: char| c.is_ascii_digit())
            .then(|| folder.to_owned())
    })
}

fn replace_once(text: &str, old: &str, new: &str) -> Result<String, String> {
    match text.matches(old).count() {
        1 => Ok(text.replace(old, new)),
        count => Err(format!("expected {old} once, found it {count} times")),
    }
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| at(path, &error))
}

/// Copies a file or a folder.
fn copy(from: &Path, to: &Path) -> Result<(), String> {
    if from.is_dir() {
        std::fs::create_dir_all(to).map_err(|error| at(to, &error))?;
        for entry in from.read_dir().map_err(|error| at(from, &error))? {
            let name = entry.map_err(|error| at(from, &error))?.file_name();
            copy(&from.join(&name), &to.join(&name))?;
        }
        return Ok(());
    }
    std::fs::copy(from, to)
        .map(|_bytes| ())
        .map_err(|error| at(from, &error))
}

fn at(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_is_found_by_its_name_and_not_by_the_beginning_of_another() {
        let metadata = r#"{"manifest_path":"/r/xtensa-lx-rt-0.23.0/Cargo.toml","x":1},
            {"manifest_path":"/r/xtensa-lx-0.13.0/Cargo.toml"}"#;
        assert_eq!(
            registry_folder(metadata, "xtensa-lx"),
            Some("/r/xtensa-lx-0.13.0".into())
        );
        assert_eq!(registry_folder(metadata, "xtensa"), None);
    }

    #[test]
    fn a_source_that_changed_is_not_patched() {
        assert_eq!(replace_once("a rer b", "rer", "mov"), Ok("a mov b".into()));
        for text in ["nothing", "rer rer"] {
            let error = replace_once(text, "rer", "mov").unwrap_err();
            assert!(error.starts_with("expected rer once"), "{error}");
        }
    }
}

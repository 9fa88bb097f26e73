//! Compiles the ESP32-S3's firmware with upstream Rust, where Espressif's toolchain is not there.
//!
//! Upstream's nightly knows the target but has no linker for it, and LLVM's assembler lacks one
//! instruction. So everything is compiled, code generation included, and nothing is linked: it
//! proves that the sources are right for this chip, and not that they run there.

use std::path::{Path, PathBuf};

use super::{Chip, cargo, target_dir};
use crate::cargo::{output, show};
use crate::setup;

/// A nightly with which it was seen to work; what follows depends on it.
const TOOLCHAIN: &str = "nightly-2026-10-30";

/// What the chip's processor has. LLVM does not know it by name. Floating point is left out:
/// LLVM cannot select its instructions for some of `core`.
const FEATURES: &str = "+density,+loop,+mul16,+mul32,+mul32high,+nsa,+sext,+minmax,+clamps,\
    +windowed,+div32,+exception,+highpriinterrupts,+highpriinterrupts-level7,+interrupt,+rvector,\
    +timers3,+prid,+regprotect,+s32c1i,+threadptr,+coprocessor,+debug,+miscsr,+mac16,+bool";

/// Makes sure that the compiler is there; the error says why it could not be.
pub(crate) fn prepare() -> Result<(), String> {
    setup::toolchain(TOOLCHAIN, "rust-src")
}

/// Compiles every crate of the firmware.
pub(crate) fn compile() -> Result<(), String> {
    let chip = Chip::Esp32s3;
    let work = target_dir().join("upstream");
    let patched = patch_xtensa_lx(&work)?;
    // The patch changes the lock file: a copy, so that the one of the repository stays as it is.
    let lock = work.join("Cargo.lock");
    copy(&super::folder().join("Cargo.lock"), &lock)?;

    let mut compile = cargo(Some(TOOLCHAIN), &["rustc", "--quiet", "--release"]);
    compile.args(["--package", "faceplate-firmware"]);
    compile.args(["--target", chip.target(), "--features", chip.name()]);
    compile.args(["-Zbuild-std=core,alloc", "-Zprofile-rustflags"]);
    let flags = format!(
        // Warnings are clippy's business, on the other chips; here they are about `FEATURES`.
        r#"["-Ctarget-cpu=generic", "-Ctarget-feature={FEATURES}", "-Awarnings"]"#
    );
    let settings = [
        format!("target.{}.rustflags={flags}", chip.target()),
        // This crate saves the floating-point registers, in assembly.
        r#"profile.release.package.xtensa-lx-rt.rustflags=["-Ctarget-feature=+fp"]"#.into(),
        // Nothing is linked that could be optimized as a whole or debugged.
        r#"profile.release.lto="off""#.into(),
        "profile.release.debug=0".into(),
        // Optimized, some functions have more to keep than LLVM can find room for on this processor
        // ("Cannot scavenge register without an emergency spill slot").
        "profile.release.package.faceplate-firmware.opt-level=0".into(),
        format!("patch.crates-io.xtensa-lx.path={patched:?}"),
        format!("resolver.lockfile-path={lock:?}"),
    ];
    for setting in &settings {
        compile.args(["--config", setting]);
    }
    compile.env("CARGO_TARGET_DIR", &work);
    compile.args(["--", "-Zno-link"]);
    // LLVM repeats a remark about `+fp` for each unit of code: shown only when it failed.
    let shown = show(&compile);
    let done = compile
        .output()
        .map_err(|error| format!("cannot start `{shown}`: {error}"))?;
    if !done.status.success() {
        eprint!("{}", String::from_utf8_lossy(&done.stderr));
        return Err(format!("`{shown}` failed: {}", done.status));
    }
    println!(
        "compiled for {} with {TOOLCHAIN}, every crate, to object code; NOT linked and not run: \
         upstream Rust has no linker for this chip",
        chip.target()
    );
    Ok(())
}

/// The instruction that LLVM's assembler does not know: it reads a register that says whether a
/// debugger is attached.
const UNKNOWN: &str = r#""rer {0}, {1}""#;

/// What stands in for it: any instruction with the same operands, as nothing of this is run.
const KNOWN: &str = r#""mov {0}, {1}""#;

/// Copies the crate `xtensa-lx` as locked, with one instruction replaced; returns where it is.
fn patch_xtensa_lx(work: &Path) -> Result<PathBuf, String> {
    let metadata = output(&mut cargo(
        None,
        &["metadata", "--locked", "--format-version", "1"],
    ))?;
    let original = registry_folder(&metadata, "xtensa-lx")
        .ok_or("`cargo metadata` names no crate xtensa-lx in firmware/")?;
    let patched = work.join("xtensa-lx");
    if patched.exists() {
        std::fs::remove_dir_all(&patched).map_err(|error| at(&patched, &error))?;
    }
    copy(&original, &patched)?;
    let source = patched.join("src/lib.rs");
    let text = std::fs::read_to_string(&source).map_err(|error| at(&source, &error))?;
    let text = replace_once(&text, UNKNOWN, KNOWN).map_err(|error| {
        let original = original.display();
        format!("{original}/src/lib.rs: {error}; see whether {TOOLCHAIN} compiles it as it is")
    })?;
    std::fs::write(&source, text).map_err(|error| at(&source, &error))?;
    Ok(patched)
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

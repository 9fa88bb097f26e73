//! Builds the ESP32-S3's firmware with upstream Rust, where Espressif's toolchain is not there.
//!
//! Upstream's nightly knows the target. It has no linker for it: a GNU `ld` that knows this chip's
//! processor is taken where there is one, and else everything is compiled, code generation
//! included, which proves that the sources are right for this chip. What upstream's LLVM cannot do
//! yet is worked around here, each with its reason.

mod patch;

use std::path::PathBuf;
use std::process::Command;

use super::{Build, Chip, cargo, target_dir};
use crate::cargo::{show, works};
use crate::setup;

/// A nightly with which it was seen to work; what follows depends on it.
pub(crate) const TOOLCHAIN: &str = "nightly-2026-10-30";

/// The linker, of GNU binutils for this chip: ESP-IDF's and espup's toolchains have it.
pub(crate) const LINKER: &str = "xtensa-esp32s3-elf-ld";

/// What the chip's processor has. LLVM does not know it by name. Floating point is left out:
/// LLVM cannot select its instructions for some of `core`.
pub(crate) const FEATURES: &str = "+density,+loop,+mul16,+mul32,+mul32high,+nsa,+sext,+minmax,+clamps,\
    +windowed,+div32,+exception,+highpriinterrupts,+highpriinterrupts-level7,+interrupt,+rvector,\
    +timers3,+prid,+regprotect,+s32c1i,+threadptr,+coprocessor,+debug,+miscsr,+mac16,+bool";

/// Functions that need more stack than this are not inlined into others, bytes; the first with
/// which the code can be generated. Where a function has between 1 and 2 KiB of stack and a use
/// for all registers, LLVM has none left to reach the far end with: it keeps a place to put one
/// aside only from 2 KiB on ("Cannot scavenge register without an emergency spill slot").
pub(crate) const INLINED: [u32; 5] = [256, 512, 700, 128, 64];
pub(crate) const NO_REGISTER: &str = "Cannot scavenge register";

/// Makes sure that the compiler is there; the error says why it could not be.
pub(crate) fn prepare() -> Result<(), String> {
    setup::toolchain(TOOLCHAIN, "rust-src")
}

/// Why nothing can be linked, if nothing can.
pub(crate) fn no_linker() -> Option<String> {
    let there = works(LINKER, &["--version"]);
    (!there).then(|| {
        format!(
            "no `{LINKER}` is on the PATH (GNU binutils for this chip; ESP-IDF's and espup's \
             toolchains bring it)"
        )
    })
}

/// Builds the firmware and returns the ELF file.
pub(super) fn link(what: &Build) -> Result<PathBuf, String> {
    build(what, LINKER)?;
    let made = work().join(Chip::Esp32s3.target()).join("release");
    Ok(made.join("faceplate-firmware"))
}

/// Compiles every crate of the firmware, to the object code that would be linked.
pub(crate) fn compile(what: &Build) -> Result<(), String> {
    // In the linker's place a program that does nothing, and succeeds.
    build(what, "true")?;
    println!(
        "compiled for {} with {TOOLCHAIN}, every crate, to object code; NOT linked",
        Chip::Esp32s3.target()
    );
    Ok(())
}

/// Where all of this is put: what is compiled for a toolchain is of no use to another.
fn work() -> PathBuf {
    target_dir().join("upstream")
}

fn build(what: &Build, linker: &str) -> Result<(), String> {
    prepare()?;
    let patches = patch::apply(TOOLCHAIN, &work())?;
    for most in INLINED {
        let mut build = command(what, linker, most, &patches)?;
        // LLVM repeats a remark about `+fp` for each unit of code: shown only when it failed.
        let shown = show(&build);
        let done = build
            .output()
            .map_err(|error| format!("cannot start `{shown}`: {error}"))?;
        if done.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&done.stderr);
        if !said.contains(NO_REGISTER) {
            eprint!("{said}");
            return Err(format!("`{shown}` failed: {}", done.status));
        }
    }
    Err(format!(
        "upstream's LLVM cannot generate this code (\"{NO_REGISTER}\"), with none of the bounds \
         {INLINED:?} in {}; Espressif's toolchain can",
        file!()
    ))
}

fn command(
    what: &Build,
    linker: &str,
    most: u32,
    patches: &patch::Patches,
) -> Result<Command, String> {
    let mut build = cargo(Some(TOOLCHAIN), &["build", "--quiet"]);
    what.tell(&mut build)?;
    build.args(["-Zbuild-std=core,alloc", "-Zprofile-rustflags"]);
    let settings = [
        // This crate saves the floating-point registers, in assembly.
        r#"profile.release.package.xtensa-lx-rt.rustflags=["-Ctarget-feature=+fp"]"#.into(),
        // The whole firmware's code is generated with it.
        format!(
            r#"profile.release.package.faceplate-firmware.rustflags=[
                "-Cllvm-args=-inline-max-stacksize={most}", "-Clinker={linker}"]"#
        ),
        format!("patch.crates-io.xtensa-lx.path={:?}", patches.xtensa_lx),
        format!("resolver.lockfile-path={:?}", patches.lock),
    ];
    for setting in &settings {
        build.args(["--config", setting]);
    }
    let flags = [
        "-Ctarget-cpu=generic",
        &format!("-Ctarget-feature={FEATURES}"),
        // Some assembly falls from one block into the next, and literals must come before the code
        // that uses them: without this the compiler sorts both by their names.
        "-Zcodegen-source-order",
        "-Clinker-flavor=ld",
        "-Clink-arg=-Tlinkall.x",
        // Warnings are clippy's business, on the other chips; here they are about `FEATURES`.
        "-Awarnings",
    ];
    // In place of those in the firmware's settings, which are for a linker that is GCC.
    build.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
    build.env("CARGO_TARGET_DIR", work());
    Ok(build)
}

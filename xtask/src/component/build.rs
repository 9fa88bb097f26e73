//! Builds the library so that nothing of this computer is in it.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{NAME, Variant, folder, rustc};
use crate::cargo::{output, run, show, target_dir};
use crate::emulate::tools::at;
use crate::firmware::{self, upstream};
use crate::setup;

/// What the library is built for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// As rustc calls it.
    pub(crate) name: &'static str,
    /// One that no precompiled core library is there for.
    xtensa: bool,
}

const fn riscv(name: &'static str) -> Target {
    let xtensa = false;
    Target { name, xtensa }
}

pub(crate) const TARGETS: &[Target] = &[
    riscv("riscv32imc-unknown-none-elf"),
    riscv("riscv32imac-unknown-none-elf"),
    // The ESP32-P4: floats are in registers.
    riscv("riscv32imafc-unknown-none-elf"),
    Target {
        name: "xtensa-esp32s3-none-elf",
        xtensa: true,
    },
];

impl Target {
    /// What is missing to build for it, if something is.
    pub(crate) fn missing(&self) -> Option<String> {
        if !self.xtensa {
            return setup::target(self.name).err();
        }
        // Whichever compiler it is: rustc's own linker does not know this processor.
        upstream::no_linker().or_else(|| match firmware::has_esp_toolchain() {
            true => None,
            false => upstream::prepare().err(),
        })
    }

    /// Puts sections together: this program, with these arguments first.
    pub(super) fn linker(&self) -> Result<Command, String> {
        if self.xtensa {
            return Ok(Command::new(upstream::LINKER));
        }
        let mut linker = rust_tool("rust-lld")?;
        linker.args(["-flavor", "gnu"]);
        Ok(linker)
    }

    /// Hides symbols.
    pub(super) fn objcopy(&self) -> Result<Command, String> {
        if self.xtensa {
            return Ok(Command::new("xtensa-esp32s3-elf-objcopy"));
        }
        rust_tool("rust-objcopy")
    }
}

/// A tool that comes with rustc.
fn rust_tool(name: &str) -> Result<Command, String> {
    let libraries = sysroot(&mut Command::new("rustc"))?.join("lib");
    let host = libraries.join("rustlib").join(host()?);
    let tool = host
        .join("bin")
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let mut tool = Command::new(tool);
    // It is linked with rustc's LLVM, and does not find that by itself.
    tool.env("LD_LIBRARY_PATH", &libraries);
    tool.env("DYLD_FALLBACK_LIBRARY_PATH", &libraries);
    Ok(tool)
}

fn host() -> Result<String, String> {
    let told = output(Command::new("rustc").arg("-vV"))?;
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.ok_or("rustc does not tell its host")?.to_owned())
}

fn sysroot(rustc: &mut Command) -> Result<PathBuf, String> {
    let path = output(rustc.args(["--print", "sysroot"]))?;
    Ok(PathBuf::from(path.trim()))
}

/// Builds the library of a checkout and gives the archive that cargo makes.
pub(super) fn build(target: &Target, variant: Variant, checkout: &Path) -> Result<PathBuf, String> {
    let made = target_dir().join("component").join("prebuilt");
    let cargo = |toolchain| {
        let mut cargo = firmware::cargo(toolchain, &["build", "--release", "--quiet"]);
        cargo.current_dir(folder(checkout).join("rust"));
        cargo.args(["--target", target.name]);
        cargo.args(variant.features());
        cargo.env("CARGO_TARGET_DIR", &made);
        cargo
    };
    if !target.xtensa {
        let mut build = cargo(None);
        let sysroot = sysroot(&mut Command::new("rustc"))?;
        set_flags(&mut build, checkout, &sysroot, &[])?;
        run(&mut build)?;
    } else {
        let esp = firmware::has_esp_toolchain();
        let toolchain = if esp { "esp" } else { upstream::TOOLCHAIN };
        let mut rustc = Command::new("rustup");
        let sysroot = sysroot(rustc.args(["run", toolchain, "rustc"]))?;
        xtensa(checkout, &sysroot, esp, || {
            let mut cargo = cargo(Some(toolchain));
            cargo.arg("-Zbuild-std=core,alloc");
            cargo
        })?;
    }
    Ok(made.join(target.name).join("release").join(NAME))
}

/// Upstream's compiler needs more than one try.
fn xtensa(
    checkout: &Path,
    sysroot: &Path,
    esp: bool,
    cargo: impl Fn() -> Command,
) -> Result<(), String> {
    if esp {
        let mut build = cargo();
        set_flags(&mut build, checkout, sysroot, &[])?;
        return run(&mut build);
    }
    for most in upstream::INLINED {
        let mut build = cargo();
        let flags = [
            "-Ctarget-cpu=generic".to_owned(),
            format!("-Ctarget-feature={}", upstream::FEATURES),
            format!("-Cllvm-args=-inline-max-stacksize={most}"),
            "-Awarnings".to_owned(),
        ];
        set_flags(&mut build, checkout, sysroot, &flags)?;
        let shown = show(&build);
        let done = build
            .output()
            .map_err(|error| format!("cannot start `{shown}`: {error}"))?;
        if done.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&done.stderr);
        if !said.contains(upstream::NO_REGISTER) {
            return Err(format!("`{shown}` failed: {}\n{said}", done.status));
        }
    }
    Err("upstream's LLVM cannot generate this code; Espressif's toolchain can".into())
}

/// Has the compiler say other names for what is in different places on different computers: the sources of
/// the checkout, of crates.io, and of Rust.
fn set_flags(
    build: &mut Command,
    checkout: &Path,
    sysroot: &Path,
    more: &[String],
) -> Result<(), String> {
    let mut flags = more.to_vec();
    let mut rename = |from: &Path, to: &str| {
        flags.push(format!("--remap-path-prefix={}={to}", from.display()));
    };
    rename(checkout, "faceplate");
    rename(sysroot, "rust");
    for crates in crates_io()? {
        rename(&crates, "crates");
    }
    build.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
    rustc::stand_between(build, checkout)
}

/// Where cargo keeps the sources of crates; one folder for each registry.
fn crates_io() -> Result<Vec<PathBuf>, String> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    let folder = home
        .ok_or("there is no home directory")?
        .join("registry")
        .join("src");
    let mut folders = Vec::new();
    for entry in folder.read_dir().map_err(at(&folder))? {
        folders.push(entry.map_err(at(&folder))?.path());
    }
    folders.sort();
    Ok(folders)
}

//! `idf.py` builds the example.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cargo::{output, root, show, target_dir, works};
use crate::emulate::flash_file;
use crate::emulate::frontend::Frontend;
use crate::emulate::tools::at;
use crate::setup;

/// Size of the flash in ESP-IDF's emulation, and of the example's boards.
const FLASH: usize = 4 << 20;
/// Where the partition table is in it.
const TABLE: usize = 0x8000;

/// A chip that the example is built for.
#[derive(Debug)]
pub(crate) struct Chip {
    pub(crate) name: &'static str,
    /// The compiler that ESP-IDF takes.
    compiler: &'static str,
    /// What the library is compiled for; where rustup has that.
    rust: Option<&'static str>,
}

pub(crate) const CHIPS: &[Chip] = &[
    Chip {
        name: "esp32c3",
        compiler: "riscv32-esp-elf-gcc",
        rust: Some("riscv32imc-unknown-none-elf"),
    },
    Chip {
        name: "esp32s3",
        compiler: "xtensa-esp32s3-elf-gcc",
        rust: None,
    },
];

/// Which ESP-IDF it is: `ESP-IDF v5.5.1`.
pub(crate) fn version() -> Result<String, String> {
    let printed = output(Command::new("idf.py").arg("--version"))?;
    let version = printed.lines().find(|line| line.starts_with("ESP-IDF "));
    let version = version.ok_or_else(|| format!("`idf.py --version` says {printed:?}"))?;
    Ok(version.trim().to_owned())
}

/// Where everything of this ESP-IDF is put: what another one has built it cannot go on with.
pub(crate) fn folder() -> Result<PathBuf, String> {
    let version = version()?;
    let name = version.rsplit(' ').next().unwrap_or(&version);
    Ok(target_dir().join("idf").join(name))
}

/// What is missing to build for a chip, if something is.
pub(crate) fn missing(chip: &Chip) -> Option<String> {
    let (name, compiler) = (chip.name, chip.compiler);
    if !works(compiler, &["--version"]) {
        return Some(format!(
            "there is no {compiler}; `$IDF_PATH/install.sh {name}` brings it"
        ));
    }
    match chip.rust {
        Some(target) => setup::target(target).err(),
        None => no_prebuilt(name),
    }
}

fn no_prebuilt(chip: &str) -> Option<String> {
    let library = component().join(format!("lib/xtensa-{chip}-none-elf/libfaceplate_idf.a"));
    (!library.exists()).then(|| format!("there is no {}", library.display()))
}

fn component() -> PathBuf {
    root().join("components").join("faceplate")
}

/// Builds for a chip.
pub(crate) fn chip(chip: &Chip) -> Result<(), String> {
    build(chip.name, &[]).map(drop)
}

/// Builds for this computer, with what cuts the power in it.
pub(crate) fn linux() -> Result<Made, String> {
    let cut = component()
        .join("test")
        .join("linux")
        .join("power_cut.cmake");
    let with = format!("-DCMAKE_PROJECT_update_INCLUDE={}", cut.display());
    build("linux", &[&with])
}

fn build(target: &str, more: &[&str]) -> Result<Made, String> {
    let folder = folder()?;
    let made = folder.join(target);
    // It would outlive a change of the example's defaults.
    let settings = made.join("sdkconfig");
    match fs::remove_file(&settings) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(at(&settings)(error));
        }
        _ => {}
    }
    fs::create_dir_all(&made).map_err(at(&made))?;
    let log = folder.join(format!("{target}.log"));
    let file = fs::File::create(&log).map_err(at(&log))?;
    let errors = file.try_clone().map_err(at(&log))?;
    let mut build = Command::new("idf.py");
    build.args(["--preview", "-C"]);
    build.arg(component().join("examples").join("update"));
    build.arg("-B").arg(&made);
    build.arg(format!("-DIDF_TARGET={target}"));
    // Not in the example's folder: there it would be that of whoever works with it.
    build.arg(format!("-DSDKCONFIG={}", settings.display()));
    build.args(more).arg("build");
    // Those of the cargo that runs us would be taken for ESP-IDF's.
    build.env_remove("CARGO_TARGET_DIR").env_remove("RUSTFLAGS");
    build.stdin(Stdio::null()).stdout(file).stderr(errors);
    let shown = show(&build);
    let status = build
        .status()
        .map_err(|error| format!("cannot start `{shown}`: {error}"))?;
    match status.success() {
        true => Ok(Made(made)),
        false => Err(format!("`{shown}` failed: {status}\n{}", tail(&log))),
    }
}

/// The last lines of a file.
pub(crate) fn tail(path: &Path) -> String {
    const LINES: usize = 25;
    let bytes = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    let last = lines.get(lines.len().saturating_sub(LINES)..);
    let mut shown = format!("    {}:\n", path.display());
    for line in last.unwrap_or(&lines) {
        shown.push_str(&format!("    | {line}\n"));
    }
    shown
}

/// The folder of a build.
#[derive(Debug)]
pub(crate) struct Made(PathBuf);

impl Made {
    pub(crate) fn program(&self) -> PathBuf {
        self.0.join("update.elf")
    }

    /// Makes the flash of a new device, with a frontend in the first slot.
    pub(crate) fn new_flash(&self, frontend: &Frontend, flash: &Path) -> Result<(), String> {
        let table = self.0.join("partition_table").join("partition-table.bin");
        let table = fs::read(&table).map_err(at(&table))?;
        let (slot, size) = flash_file::find(&table, "www_0").ok_or("there is no www_0")?;
        let slot = usize::try_from(slot).map_err(|error| error.to_string())?;
        if frontend.image.len() > size || slot + size > FLASH {
            return Err("the frontend does not fit".into());
        }
        let mut bytes = vec![0xff; FLASH];
        bytes[TABLE..TABLE + table.len()].copy_from_slice(&table);
        bytes[slot..slot + frontend.image.len()].copy_from_slice(&frontend.image);
        fs::write(flash, bytes).map_err(at(flash))
    }
}

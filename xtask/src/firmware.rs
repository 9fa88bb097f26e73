//! `cargo xtask firmware`: builds the firmware of a chip.

mod budget;
mod elf;
pub(crate) mod size;
pub(crate) mod upstream;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::cargo::{command, root, run, works};
use crate::partitions::Layout;
use crate::setup;
use size::Sizes;

/// The chips that the firmware is built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chip {
    Esp32s3,
    Esp32c3,
    Esp32c6,
}

impl Chip {
    pub(crate) const ALL: [Chip; 3] = [Chip::Esp32s3, Chip::Esp32c3, Chip::Esp32c6];

    pub(crate) fn parse(name: &str) -> Result<Chip, String> {
        let chip = Chip::ALL.into_iter().find(|chip| chip.name() == name);
        chip.ok_or_else(|| {
            let names = Chip::ALL.map(Chip::name).join(", ");
            format!("no such chip: {name}; there are {names}")
        })
    }

    /// Its name in cargo features and for espflash.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Chip::Esp32s3 => "esp32s3",
            Chip::Esp32c3 => "esp32c3",
            Chip::Esp32c6 => "esp32c6",
        }
    }

    /// What the compiler is told to build for.
    pub(crate) fn target(self) -> &'static str {
        match self {
            Chip::Esp32s3 => "xtensa-esp32s3-none-elf",
            Chip::Esp32c3 => "riscv32imc-unknown-none-elf",
            Chip::Esp32c6 => "riscv32imac-unknown-none-elf",
        }
    }
}

/// What is built of the firmware.
#[derive(Debug)]
pub(crate) struct Build {
    pub(crate) chip: Chip,
    /// It takes slots as large as those of the layout.
    pub(crate) layout: Layout,
    /// For an emulated board: its Ethernet instead of Wi-Fi.
    pub(crate) wired: bool,
    /// With the second core at work, of a chip that has one.
    pub(crate) second_core: bool,
    /// With a password, which the environment's [`VERIFIER`] tells.
    pub(crate) password: bool,
    pub(crate) log: Log,
}

/// The verifier of a password (`faceplate hash-password`), or `demand`.
const VERIFIER: &str = "FACEPLATE_VERIFIER";

/// Where the ESP32-S3 writes its log. The other chips find out by themselves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Log {
    /// The first serial port.
    #[default]
    Uart,
    /// The USB of the chip itself.
    Usb,
}

impl Log {
    pub(crate) fn parse(name: &str) -> Result<Self, String> {
        match name {
            "uart" => Ok(Log::Uart),
            "usb" => Ok(Log::Usb),
            _ => Err(format!("the log goes to uart or usb, not to {name}")),
        }
    }

    /// What was chosen for a chip, of which only one leaves a choice.
    pub(crate) fn of(chosen: Option<Self>, chip: Chip) -> Result<Self, String> {
        match (chosen, chip) {
            (None, _) => Ok(Self::default()),
            (Some(log), Chip::Esp32s3) => Ok(log),
            (Some(_), _) => Err(format!(
                "--log is for the ESP32-S3: the {} finds out by itself",
                chip.name()
            )),
        }
    }
}

impl Build {
    /// With Wi-Fi, as boards are.
    pub(crate) fn new(chip: Chip, layout: Layout) -> Self {
        Self {
            chip,
            layout,
            wired: false,
            second_core: false,
            password: std::env::var_os(VERIFIER).is_some(),
            log: Log::default(),
        }
    }

    /// Tells cargo what to build.
    fn tell(&self, build: &mut Command) -> Result<(), String> {
        let (chip, wired) = (self.chip, self.wired);
        let mut features = vec![chip.name()];
        if chip == Chip::Esp32s3 {
            features.push(match self.log {
                Log::Uart => "log-uart",
                Log::Usb => "log-usb",
            });
        }
        if wired {
            features.push("wired");
        }
        if self.second_core {
            features.push("second-core");
        }
        if self.password {
            features.push("password");
        }
        build.args(["--release", "--package", "faceplate-firmware"]);
        build.args(["--target", chip.target(), "--features", &features.join(",")]);
        let slot = self.layout.partition("www_0")?.size;
        build.env("FACEPLATE_SLOT", slot.to_string());
        Ok(())
    }
}

/// The command line: `--chip NAME [--layout NAME] [--log uart|usb] [--wired] [--no-link]`.
pub(crate) fn firmware(args: &[&str]) -> Result<ExitCode, String> {
    let (mut chip, mut layout) = (None, Layout::usual()?);
    let (mut wired, mut no_link, mut log) = (false, false, None);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match *arg {
            "--chip" => {
                let name = args.next().ok_or("--chip needs the name of a chip")?;
                chip = Some(Chip::parse(name)?);
            }
            "--layout" => {
                let name = args.next().ok_or("--layout needs a name, like 16mb")?;
                layout = Layout::named(name)?;
            }
            "--log" => log = Some(Log::parse(args.next().ok_or("--log needs uart or usb")?)?),
            "--wired" => wired = true,
            "--no-link" => no_link = true,
            other => return Err(format!("`cargo xtask firmware` does not know {other}")),
        }
    }
    let chip = chip.ok_or("which chip? --chip esp32s3, esp32c3 or esp32c6")?;
    let what = Build {
        wired,
        log: Log::of(log, chip)?,
        ..Build::new(chip, layout)
    };
    if no_link {
        if chip != Chip::Esp32s3 {
            return Err("--no-link is for the ESP32-S3: the others can always be linked".into());
        }
        upstream::compile(&what)?;
        return Ok(ExitCode::SUCCESS);
    }
    if chip == Chip::Esp32s3
        && let Some(missing) = cannot_link()
    {
        upstream::compile(&what)?;
        return Err(missing);
    }
    let elf = build(&what)?;
    if wired {
        // The emulated port's frames are memory that no board needs: the bounds are for boards.
        show_size(chip, &elf)?;
    } else {
        check_size(&what, &elf)?;
    }
    println!("{}", elf.display());
    Ok(ExitCode::SUCCESS)
}

/// Prints where the memory goes, and fails when that is more than the budget.
pub(crate) fn check_size(what: &Build, elf: &Path) -> Result<(), String> {
    let sizes = show_size(what.chip, elf)?;
    let bounds = budget::bounds(&sizes, budget::connections()?, &what.layout)?;
    println!("bounds");
    for bound in &bounds {
        println!("  {bound}");
    }
    let broken = bounds.iter().filter(|bound| !bound.holds()).count();
    match broken {
        0 => Ok(()),
        _ => Err(format!("{broken} of the bounds above are broken")),
    }
}

fn show_size(chip: Chip, elf: &Path) -> Result<Sizes, String> {
    let file = std::fs::read(elf).map_err(|error| format!("{}: {error}", elf.display()))?;
    let sizes = Sizes::new(&elf::sections(&file)?)?;
    println!("{}", chip.name());
    print!("{sizes}");
    Ok(sizes)
}

/// Builds the firmware, optimized, and returns the ELF file.
pub(crate) fn build(what: &Build) -> Result<PathBuf, String> {
    let chip = what.chip;
    let mut build = match chip {
        Chip::Esp32s3 if has_esp_toolchain() => {
            let mut build = cargo(Some("esp"), &["build"]);
            // There is no precompiled core library for this target.
            build.arg("-Zbuild-std=core,alloc");
            build
        }
        Chip::Esp32s3 => {
            return match upstream::no_linker() {
                None => upstream::link(what),
                Some(why) => Err(not_linked(&why)),
            };
        }
        Chip::Esp32c3 | Chip::Esp32c6 => {
            setup::target(chip.target())?;
            cargo(None, &["build"])
        }
    };
    what.tell(&mut build)?;
    run(&mut build)?;
    let made = target_dir().join(chip.target()).join("release");
    Ok(made.join("faceplate-firmware"))
}

/// What is missing to link the ESP32-S3's firmware, if something is.
pub(crate) fn cannot_link() -> Option<String> {
    if has_esp_toolchain() {
        return None;
    }
    upstream::no_linker().map(|why| not_linked(&why))
}

pub(crate) fn has_esp_toolchain() -> bool {
    works("rustup", &["run", "esp", "rustc", "--version"])
}

fn not_linked(why: &str) -> String {
    format!(
        "the ESP32-S3's firmware cannot be linked: Espressif's Rust toolchain `esp` is not installed, \
         and for upstream's nightly {why}. Install the toolchain with
    cargo install espup --locked
    espup install
and follow what the latter says about its environment file (`. ~/export-esp.sh`)"
    )
}

/// The workspace of the firmware.
pub(crate) fn folder() -> PathBuf {
    root().join("firmware")
}

/// Where cargo puts what it builds of the firmware.
pub(crate) fn target_dir() -> PathBuf {
    // A relative path is taken from where the firmware's cargo runs, as cargo does.
    folder().join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// A cargo that runs in the firmware's workspace, where its settings for the chips are found;
/// of the toolchain that runs us, or of the one named.
pub(crate) fn cargo(toolchain: Option<&str>, args: &[&str]) -> Command {
    let mut cargo = match toolchain {
        None => crate::cargo::cargo(&[]),
        Some(name) => {
            // Not `cargo +name`: the cargo that started us may come first on its children's path,
            // and only rustup's understands that.
            let mut cargo = command("rustup", &["run", name, "cargo"]);
            // A compiler that was chosen for us is not the one of that toolchain.
            for variable in ["CARGO", "RUSTC", "RUSTDOC", "RUSTC_WRAPPER"] {
                cargo.env_remove(variable);
            }
            cargo
        }
    };
    // These would replace the flags in the firmware's settings, without which nothing links.
    cargo
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    cargo.args(args).current_dir(folder());
    cargo
}

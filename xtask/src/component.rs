//! `cargo xtask component`: the library of the ESP-IDF component, built before, for people without Rust: one
//! object for each kind of chip, in which nothing but the C API can be seen.

mod archive;
mod build;
mod object;
pub(crate) mod rustc;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::cargo::root;
use crate::emulate::tools::at;
use crate::firmware::Chip;
use crate::tally::Tally;
pub(crate) use build::{TARGETS, Target};

/// Name of the library that cargo makes.
const NAME: &str = "libfaceplate_idf.a";

/// What a firmware may choose to have in it, by `Kconfig`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variant {
    /// All that is not paid for where it is not called.
    Plain,
    /// With a password.
    Password,
}

impl Variant {
    const ALL: [Self; 2] = [Self::Plain, Self::Password];

    /// What cargo is told.
    pub(crate) fn features(self) -> &'static [&'static str] {
        match self {
            Self::Plain => &[],
            Self::Password => &["--features", "password"],
        }
    }

    /// Name of the library that was built before; `CMakeLists.txt` of the component looks for it.
    fn name(self) -> &'static str {
        match self {
            Self::Plain => NAME,
            Self::Password => "libfaceplate_idf_password.a",
        }
    }
}

/// The command.
pub(crate) fn component(args: &[&str]) -> Result<ExitCode, String> {
    if !args.is_empty() {
        return Err("usage: cargo xtask component".into());
    }
    let mut tally = Tally::default();
    for target in TARGETS {
        match target.missing() {
            Some(why) => {
                println!("SKIPPED: {}: {why}", target.name);
                tally.skipped += 1;
            }
            None => {
                let folder = folder(root()).join("lib").join(target.name);
                fs::create_dir_all(&folder).map_err(at(&folder))?;
                for variant in Variant::ALL {
                    let library = make(target, variant, root())?;
                    let path = folder.join(variant.name());
                    fs::write(&path, &library).map_err(at(&path))?;
                    let (name, sha256) = (variant.name(), sha256(&library));
                    println!("{sha256} {:>9} {}/{name}", library.len(), target.name);
                    tally.passed += 1;
                }
            }
        }
    }
    println!("\n{tally}");
    Ok(ExitCode::SUCCESS)
}

/// Builds the library for a chip, as it is given to others, and gives the archive that cargo makes. The next one that
/// is built for the same target takes its place.
pub(crate) fn built(chip: Chip, variant: Variant) -> Result<PathBuf, String> {
    let mut targets = TARGETS.iter();
    let target = targets.find(|target| target.name == chip.target());
    let target = target.ok_or_else(|| format!("there is no library for {}", chip.name()))?;
    build::build(target, variant, root())
}

/// Makes the library of a checkout.
pub(crate) fn make(target: &Target, variant: Variant, checkout: &Path) -> Result<Vec<u8>, String> {
    let built = build::build(target, variant, checkout)?;
    let object = object::one(target, &built)?;
    archive::write("faceplate_idf.o", &object)
}

/// The component in a checkout.
fn folder(checkout: &Path) -> PathBuf {
    checkout.join("components").join("faceplate")
}

/// In hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

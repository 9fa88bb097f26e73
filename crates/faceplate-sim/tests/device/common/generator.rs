//! Espressif's own generator of NVS partitions, from PyPI, in a virtual environment that is made
//! below the build folder at the first use.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
};

const PACKAGE: &str = "esp-idf-nvs-partition-gen==0.3.0";

/// The partition that the generator makes of the lines of a CSV file.
pub fn generate(csv: &str, size: u32) -> Vec<u8> {
    make(csv, size, "generate", &[])
}

/// The same in version 1 of the format: blobs are in one piece.
pub fn generate_version_1(csv: &str, size: u32) -> Vec<u8> {
    make(csv, size, "generate", &["--version", "1"])
}

/// The same, encrypted with keys that nobody keeps.
pub fn encrypt(csv: &str, size: u32) -> Vec<u8> {
    make(csv, size, "encrypt", &["--keygen"])
}

fn make(csv: &str, size: u32, command: &str, options: &[&str]) -> Vec<u8> {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let python = python();
    let call = CALLS.fetch_add(1, Ordering::Relaxed);
    let name = format!("nvs-{}-{call}", std::process::id());
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir(&dir).unwrap();
    let (input, output) = (dir.join("in.csv"), dir.join("out.bin"));
    fs::write(&input, csv).unwrap();
    let mut generator = Command::new(python);
    generator.args(["-m", "esp_idf_nvs_partition_gen"]);
    generator.arg(command).args([&input, &output]);
    generator.arg(format!("{size:#x}")).args(options);
    run(generator.arg("--outdir").arg(&dir));
    let bytes = fs::read(&output).unwrap();
    fs::remove_dir_all(dir).unwrap();
    assert_eq!(bytes.len(), size as usize);
    bytes
}

/// The interpreter of the environment; only one process makes it at a time.
fn python() -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let lock = File::create(dir.join("nvs-generator.lock")).unwrap();
    lock.lock().unwrap();
    let venv = dir.join("nvs-generator");
    let python = venv.join("bin/python");
    let ready = venv.join(PACKAGE);
    if !ready.exists() {
        if venv.exists() {
            fs::remove_dir_all(&venv).unwrap();
        }
        run(Command::new("python3").args(["-m", "venv"]).arg(&venv));
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet", PACKAGE]));
        File::create(ready).unwrap();
    }
    python
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| {
        panic!("{command:?}: {error}; this test needs python3 with its venv module")
    });
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {text}");
}

//! Espressif's own esptool, from PyPI, in a virtual environment that is made below the build folder
//! at the first use.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

const PACKAGE: &str = "esptool==5.6.0";

/// What `esptool image-info` says of an image; what follows the image in the file is ignored.
pub(crate) fn image_info(chip: &str, image: &Path) -> String {
    let arguments = ["-m", "esptool", "--chip", chip, "image-info"];
    run(Command::new(python()).args(arguments).arg(image))
}

/// The interpreter of the environment; only one process makes it at a time.
fn python() -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let lock = File::create(dir.join("esptool.lock")).unwrap();
    lock.lock().unwrap();
    let venv = dir.join("esptool");
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

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| {
        panic!("{command:?}: {error}; this test needs python3 with its venv module")
    });
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {text}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

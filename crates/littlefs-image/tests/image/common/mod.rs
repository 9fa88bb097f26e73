//! What the tests share: random trees, and two other implementations of LittleFS to compare with.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
};

pub mod c;
pub mod model;
pub mod ours;
pub mod python;
pub mod random;

/// A folder below the target directory with something that `install` puts there once.
///
/// Test programs may run at the same time: each installs into a folder of its own, and the first
/// that is done gives it its name. Within one, the others wait.
pub fn installed(name: &str, install: impl FnOnce(&Path)) -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock();
    let root = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let home = root.join(name);
    if !home.exists() {
        let mine = root.join(format!(
            "{name}.{}-{:?}",
            std::process::id(),
            std::thread::current().id()
        ));
        fs::create_dir_all(&mine).expect("a folder below the target directory");
        install(&mine);
        if fs::rename(&mine, &home).is_err() {
            assert!(home.exists(), "{} can't be made", home.display());
            fs::remove_dir_all(&mine).expect("it was just made");
        }
    }
    home
}

/// Runs a command to its end.
///
/// # Panics
/// When it can't be started or fails; the message is the command.
pub fn run(command: &mut Command) {
    let status = command
        .status()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(status.success(), "{command:?}: {status}");
}

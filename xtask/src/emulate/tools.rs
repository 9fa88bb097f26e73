//! The programs that a scenario runs, and what they share: our command, and files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::frontend::Frontend;
use crate::cargo::show;

/// Longest time that any run of our command takes here: a push waits at most 60 s for the device,
/// and then 40 s for its confirmation.
const LONGEST: Duration = Duration::from_secs(120);

/// Where our command is.
#[derive(Debug)]
pub(crate) struct Tools {
    pub(crate) faceplate: PathBuf,
}

impl Tools {
    /// `faceplate` with arguments.
    pub(crate) fn faceplate(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.faceplate);
        command.args(args);
        command
    }

    /// Makes the whole flash of a new board.
    pub(crate) fn flash_image(
        &self,
        elf: &Path,
        frontend: &Frontend,
        flash: &Path,
    ) -> Result<(), String> {
        let mut make = self.faceplate(&["flash-image", "--firmware"]);
        make.arg(elf).arg("--www").arg(&frontend.path);
        self.run(make.arg("-o").arg(flash)).map(drop)
    }

    /// Runs it to its end and gives what it printed; an error has what it complained about.
    pub(crate) fn run(&self, command: &mut Command) -> Result<String, String> {
        let shown = show(command);
        let (printed, complained, status) = finish(command)?;
        match status {
            true => Ok(printed),
            false => Err(format!(
                "`{shown}` failed:\n{}{}",
                printed.trim_start(),
                complained.trim()
            )),
        }
    }
}

/// Runs a command to its end: what it printed, what it complained about, and whether it succeeded.
pub(crate) fn finish(command: &mut Command) -> Result<(String, String, bool), String> {
    let shown = show(command);
    let failed = |error: std::io::Error| format!("`{shown}`: {error}");
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    thread::scope(|scope| {
        // Both pipes are read, or a program with much to say would wait for ever.
        let printed = scope.spawn(move || read(stdout));
        let complained = scope.spawn(move || read(stderr));
        let begin = Instant::now();
        let status = loop {
            match child.try_wait().map_err(failed)? {
                Some(status) => break status,
                None if begin.elapsed() > LONGEST => {
                    let _ = child.kill();
                    let _ = child.wait();
                    return Err(format!("`{shown}` did not end in {} s", LONGEST.as_secs()));
                }
                None => thread::sleep(Duration::from_millis(5)),
            }
        };
        let text = |thread: thread::ScopedJoinHandle<'_, String>| thread.join().unwrap_or_default();
        Ok((text(printed), text(complained), status.success()))
    })
}

fn read(pipe: Option<impl std::io::Read>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        // What came before an error is still worth showing.
        let _ = pipe.read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Names a file in its error.
pub(crate) fn at(path: &Path) -> impl Fn(std::io::Error) -> String + use<> {
    let path = path.to_owned();
    move |error| format!("{}: {error}", path.display())
}

/// A new, empty folder in the place of whatever was there.
pub(crate) fn fresh_folder(path: &Path) -> Result<(), String> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(at(path)(error)),
        _ => {}
    }
    fs::create_dir_all(path).map_err(at(path))
}

//! A simulated device in a process of its own.
#![allow(dead_code, reason = "each test file uses a part")]

use std::{
    ffi::OsStr,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use faceplate_http::password::{ITERATIONS, Verifier};

use super::command;

/// Started by `faceplate sim`, killed when the test ends.
pub(crate) struct Sim {
    child: Child,
    pub(crate) address: String,
    lines: mpsc::Receiver<String>,
}

impl Sim {
    /// Starts one over the flash file `device.bin` of a folder, and waits until it serves.
    pub(crate) fn start(folder: &Path, more: &[&str]) -> Self {
        Self::start_at(folder, "127.0.0.1:0", more)
    }

    pub(crate) fn start_at(folder: &Path, listen: &str, more: &[&str]) -> Self {
        let mut device = match std::env::var_os("FACEPLATE_DEVICE") {
            None => {
                let mut sim = command();
                sim.args(["sim", "--listen", listen]).args(more);
                sim
            }
            Some(program) => elsewhere(&program, listen, more),
        };
        let mut child = device
            .current_dir(folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let mut sim = Self {
            child,
            address: String::new(),
            lines,
        };
        let line = sim.wait_for("http://");
        let url = line.split_whitespace().next().unwrap();
        sim.address = url
            .trim_start_matches("http://")
            .trim_end_matches('/')
            .to_owned();
        sim
    }

    /// Waits until it prints a line with `part` in it.
    #[track_caller]
    pub(crate) fn wait_for(&self, part: &str) -> String {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) if line.contains(part) => return line,
                Ok(_) => {}
                Err(error) => panic!("no {part:?} from the simulated device: {error}"),
            }
        }
    }

    /// Of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The status with which the process ended.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

/// Another program in its place, which `FACEPLATE_DEVICE` names, and which is told `FACEPLATE_DEVICE_ARGS` besides, in
/// words. It obeys the arguments of `faceplate sim`, but knows a password by its verifier alone.
fn elsewhere(program: &OsStr, listen: &str, more: &[&str]) -> Command {
    let mut command = Command::new(program);
    let besides = std::env::var("FACEPLATE_DEVICE_ARGS").unwrap_or_default();
    command.args(besides.split_whitespace());
    command.args(["--listen", listen]);
    let mut more = more.iter();
    while let Some(&argument) = more.next() {
        match (argument, more.as_slice()) {
            ("--password", [password, ..]) => {
                let verifier = Verifier::of(password, *b"salt of the test", ITERATIONS).unwrap();
                command.args(["--verifier", &verifier.to_string()]);
                more.next();
            }
            _ => _ = command.arg(argument),
        }
    }
    command
}

impl Drop for Sim {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

//! A simulated device in a process of its own.
#![allow(dead_code, reason = "each test file uses a part")]

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

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
        let mut child = command()
            .current_dir(folder)
            .args(["sim", "--listen", listen])
            .args(more)
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

impl Drop for Sim {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

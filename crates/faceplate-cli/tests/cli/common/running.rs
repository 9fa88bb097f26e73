//! The command while it runs, and what it has printed so far.

use std::{
    io::{BufRead as _, BufReader, Read},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Sender},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::Ended;

/// A command that was started.
pub(crate) struct Running {
    child: Child,
    lines: mpsc::Receiver<String>,
    out: JoinHandle<String>,
    err: JoinHandle<String>,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = mpsc::channel();
        let out = read(child.stdout.take().unwrap(), sender.clone());
        let err = read(child.stderr.take().unwrap(), sender);
        Self {
            child,
            lines,
            out,
            err,
        }
    }

    /// Waits until it prints a line with `part` in it, to standard output or standard error.
    #[track_caller]
    pub(crate) fn wait_for(&self, part: &str) {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) if line.contains(part) => return,
                Ok(_) => {}
                Err(error) => panic!("no {part:?} from the command: {error}"),
            }
        }
    }

    /// Waits until it ends.
    pub(crate) fn end(mut self) -> Ended {
        Ended {
            code: self.child.wait().unwrap().code(),
            out: self.out.join().unwrap(),
            err: self.err.join().unwrap(),
        }
    }
}

fn read(pipe: impl Read + Send + 'static, sender: Sender<String>) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut all = String::new();
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            all.push_str(&line);
            all.push('\n');
            // Nobody may be waiting any more.
            let _told = sender.send(line);
        }
        all
    })
}

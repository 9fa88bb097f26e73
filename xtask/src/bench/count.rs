//! Counts the instructions of a program that works in rounds.

use std::path::Path;
use std::process::Command;

use crate::cargo::{command, show, works};

/// Rounds whose instructions are compared: the difference leaves out what comes before them.
const ROUNDS: [u32; 2] = [1, 3];

/// The instructions of a program, and how much it printed that it did.
type Counted = Result<(u64, u64), String>;

/// Whichever tool is there.
pub(super) struct Counter {
    name: &'static str,
    count: fn(&Path, &[&str]) -> Counted,
}

impl Counter {
    pub(super) fn here() -> Result<Self, String> {
        if works("valgrind", &["--version"]) {
            Ok(Self {
                name: "valgrind",
                count: callgrind,
            })
        } else if works("perf", &["stat", "-e", "instructions:u", "true"]) {
            Ok(Self {
                name: "perf",
                count: perf,
            })
        } else {
            Err("neither valgrind nor a perf that may count is here".into())
        }
    }

    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    /// Instructions for each thing of which the program, given these arguments and a number of rounds, prints
    /// how many it did.
    pub(super) fn per_one(&self, program: &Path, args: &[&str]) -> Result<f64, String> {
        let [few, many] = ROUNDS.map(|rounds| {
            let rounds = rounds.to_string();
            let args: Vec<&str> = args.iter().copied().chain([&*rounds]).collect();
            (self.count)(program, &args)
        });
        let ((few, few_done), (many, many_done)) = (few?, many?);
        match many_done.saturating_sub(few_done) {
            0 => Err("nothing was done".into()),
            done => Ok(many.saturating_sub(few) as f64 / done as f64),
        }
    }
}

/// Instructions by valgrind's callgrind.
fn callgrind(program: &Path, args: &[&str]) -> Counted {
    let mut valgrind = command(
        "valgrind",
        &["--tool=callgrind", "--callgrind-out-file=/dev/null"],
    );
    let (done, log) = measured(valgrind.arg(program).args(args))?;
    // ==123== Collected : 456
    let count = log
        .lines()
        .find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok());
    Ok((count.ok_or("valgrind printed no count")?, done))
}

/// Instructions by the processor's own counter.
fn perf(program: &Path, args: &[&str]) -> Counted {
    let mut perf = command("perf", &["stat", "-x", ",", "-e", "instructions:u"]);
    let (done, log) = measured(perf.arg(program).args(args))?;
    // 456,,instructions:u,…
    let count = log.lines().find(|line| line.contains("instructions"));
    let count = count.and_then(|line| line.split(',').next()?.parse().ok());
    Ok((count.ok_or("perf printed no count")?, done))
}

/// Runs a counter on a program: how much that did, and what the counter said.
fn measured(command: &mut Command) -> Result<(u64, String), String> {
    let shown = show(command);
    let output = command
        .output()
        .map_err(|error| format!("cannot start `{shown}`: {error}"))?;
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        let last = log.lines().last().unwrap_or_default();
        return Err(format!("`{shown}` failed: {}: {last}", output.status));
    }
    let done = String::from_utf8_lossy(&output.stdout).trim().parse();
    Ok((done.map_err(|error| format!("`{shown}`: {error}"))?, log))
}

//! A part of the tests in a process of its own, beside the others: it computes while they wait.

use std::io::{BufRead, BufReader, PipeReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use super::report::{Report, ends_step};
use crate::cargo::{this_program, works};

/// What it said.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    /// A whole step.
    Step(String),
    /// What came after the last one.
    End(String),
}

pub(super) struct Beside {
    part: &'static str,
    process: Child,
    said: Receiver<Said>,
    /// What came after its last step; it may end before the others.
    end: Option<String>,
}

impl Beside {
    /// Starts `cargo xtask test PART` once more.
    pub(super) fn start(part: &'static str) -> Result<Self, String> {
        let cannot = |error: std::io::Error| format!("cannot start the {part}: {error}");
        let ourselves = this_program()?;
        // Tests that look at a clock come first, where two want the same processor.
        let mut command = match works("nice", &["true"]) {
            true => {
                let mut nice = Command::new("nice");
                nice.args(["-n", "10"]).arg(ourselves);
                nice
            }
            false => Command::new(ourselves),
        };
        let (reader, writer) = std::io::pipe().map_err(cannot)?;
        command
            .args(["test", part])
            .stdin(Stdio::null())
            .stdout(writer.try_clone().map_err(cannot)?)
            .stderr(writer);
        let process = command.spawn().map_err(cannot)?;
        // It holds our ends of the pipe, which is read until nobody has one.
        drop(command);
        let (sender, said) = channel();
        thread::spawn(move || listen(reader, &sender));
        Ok(Self {
            part,
            process,
            said,
            end: None,
        })
    }

    pub(super) fn part(&self) -> &'static str {
        self.part
    }

    /// Prints the steps that have ended since the last time, each as a whole.
    pub(super) fn show(&mut self) {
        for said in self.said.try_iter() {
            take(said, &mut self.end);
        }
    }

    /// Waits for its end, and prints what was not shown yet; gives what came of it.
    pub(super) fn finish(mut self) -> Result<Report, String> {
        for said in &self.said {
            take(said, &mut self.end);
        }
        let end = self.end.unwrap_or_default();
        let status = self.process.wait().map_err(|error| error.to_string())?;
        match Report::from_closing(&end) {
            Some(report) if report.is_good() == status.success() => Ok(report),
            _ => {
                print!("{end}");
                Err(format!("ended with {status}, and without a tally"))
            }
        }
    }
}

/// Prints a step, and keeps the end.
fn take(said: Said, end: &mut Option<String>) {
    match said {
        Said::Step(text) => print!("{text}"),
        Said::End(text) => *end = Some(text),
    }
}

/// Passes on what a pipe brings, step by step.
fn listen(pipe: PipeReader, said: &Sender<Said>) {
    let mut text = String::new();
    for line in BufReader::new(pipe).split(b'\n') {
        let Ok(line) = line else { break };
        let line = String::from_utf8_lossy(&line);
        text.push_str(&line);
        text.push('\n');
        if ends_step(&line) {
            // Nobody listens after a failure of ours, and nothing is to be done about it.
            _ = said.send(Said::Step(std::mem::take(&mut text)));
        }
    }
    _ = said.send(Said::End(text));
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_part_that_ends_before_the_others_is_counted() {
        let (sender, said) = channel();
        let process = Command::new("true").spawn().expect("a process");
        let mut beside = Beside {
            part: "builds",
            process,
            said,
            end: None,
        };
        let end = "\n2 steps, 1 tests\n2 passed, 0 failed\n";
        sender.send(Said::End(end.into())).expect("it listens");
        drop(sender);
        // Another step of the others ends, and then all of them have.
        beside.show();
        beside.show();
        assert!(beside.finish().is_ok_and(|report| report.is_good()));
    }

    #[test]
    fn what_a_part_says_is_passed_on_in_whole_steps() {
        let (reader, mut writer) = std::io::pipe().expect("a pipe");
        let steps = [
            "\n== clippy\nwarning: unused\n== clippy: FAILED after 2.0 s: no\n",
            "\n== for a chip: SKIPPED: no compiler\n",
            "\n== corpus: of one\n== corpus: of one: passed in 0.1 s\n",
        ];
        let end = "\nFAILED clippy: no\n2 steps, 1 tests\n2 passed, 1 failed\n";
        for text in steps.iter().chain([&end]) {
            writer.write_all(text.as_bytes()).expect("it is read");
        }
        drop(writer);
        let (sender, said) = channel();
        listen(reader, &sender);
        drop(sender);
        let mut expected: Vec<Said> = steps
            .iter()
            .map(|text| Said::Step((*text).into()))
            .collect();
        expected.push(Said::End(end.into()));
        assert_eq!(said.iter().collect::<Vec<_>>(), expected);
    }
}

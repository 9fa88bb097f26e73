//! What came of the steps so far, and the closing lines.

use std::fmt;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use super::beside::Beside;
use crate::tally::Tally;

/// Says that a run tested nothing.
const NO_TEST: &str = "FAILED: no test ran";

/// What happened so far.
#[derive(Default)]
pub(super) struct Report {
    /// How many steps and tests ran.
    steps: u32,
    tests: u32,
    /// What came of both.
    all: Tally,
    /// One line for each step that did not pass.
    remarks: Vec<String>,
    /// The part that runs at the same time.
    beside: Option<Beside>,
}

impl Report {
    /// Runs one step, shows how long it took, and notes what came of it.
    pub(super) fn step(
        &mut self,
        name: &str,
        work: impl FnOnce(&mut Tally) -> Result<(), String>,
    ) -> bool {
        println!("\n== {name}");
        let start = Instant::now();
        let mut counted = Tally::default();
        let done = work(&mut counted);
        let took = start.elapsed();
        println!("{}", self.ended(name, took, counted, &done));
        self.show_beside();
        done.is_ok()
    }

    /// Notes what came of a step; gives the line that says so.
    fn ended(
        &mut self,
        name: &str,
        took: Duration,
        counted: Tally,
        done: &Result<(), String>,
    ) -> String {
        let seconds = took.as_secs_f32();
        self.steps += 1;
        self.tests += counted.ran();
        self.all.add(counted);
        match done {
            Ok(()) => {
                self.all.passed += 1;
                format!("== {name}: passed in {seconds:.1} s")
            }
            Err(why) => {
                self.all.failed += 1;
                self.remarks.push(format!("FAILED {name}: {why}"));
                format!("== {name}: FAILED after {seconds:.1} s: {why}")
            }
        }
    }

    /// Notes a step that this machine cannot run.
    pub(super) fn skip(&mut self, name: &str, why: &str) {
        println!("\n{}", self.skipped(name, why));
        self.show_beside();
    }

    fn skipped(&mut self, name: &str, why: &str) -> String {
        self.all.skipped += 1;
        self.remarks.push(format!("SKIPPED {name}: {why}"));
        format!("== {name}: SKIPPED: {why}")
    }

    /// Begins a part of the tests that runs while the following steps do. What it says comes between
    /// them, step by step.
    pub(super) fn begin_beside(&mut self, part: &'static str) -> Result<(), String> {
        self.beside = Some(Beside::start(part)?);
        Ok(())
    }

    fn show_beside(&mut self) {
        if let Some(beside) = &mut self.beside {
            beside.show();
        }
    }

    /// Waits for the end of that part, and adds what came of it.
    pub(super) fn end_beside(&mut self) {
        let Some(beside) = self.beside.take() else {
            return;
        };
        let part = beside.part();
        match beside.finish() {
            Ok(other) => self.add(part, other),
            Err(why) => {
                self.steps += 1;
                self.all.failed += 1;
                self.remarks.push(format!("FAILED {part}: {why}"));
            }
        }
    }

    /// Adds what came of a part. One that tested nothing fails, whatever the others test.
    fn add(&mut self, part: &str, other: Self) {
        self.steps += other.steps;
        self.tests += other.tests;
        self.all.add(other.all);
        if other.tests == 0 {
            self.all.failed += 1;
            self.remarks.push(format!("FAILED {part}: no test ran"));
        }
        let remarks = other.remarks.into_iter();
        self.remarks.extend(remarks.filter(|line| line != NO_TEST));
    }

    /// Whether that is a success: something was tested, and nothing failed.
    pub(super) fn is_good(&self) -> bool {
        self.all.failed == 0 && self.tests > 0
    }

    /// Prints what went wrong and the closing lines.
    pub(super) fn close(self) -> ExitCode {
        println!("\n{self}");
        match self.is_good() {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        }
    }

    /// Reads what was closed with.
    pub(super) fn from_closing(text: &str) -> Option<Self> {
        let mut lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
        let all = Tally::from_closing_line(lines.pop()?)?;
        let (steps, tests) = lines
            .pop()?
            .strip_suffix(" tests")?
            .split_once(" steps, ")?;
        Some(Self {
            steps: steps.parse().ok()?,
            tests: tests.parse().ok()?,
            all,
            remarks: lines.into_iter().map(str::to_owned).collect(),
            beside: None,
        })
    }
}

/// Whether this is the last line of a step.
pub(super) fn ends_step(line: &str) -> bool {
    let ends = [": passed in ", ": FAILED after ", ": SKIPPED: "];
    line.starts_with("== ") && ends.iter().any(|end| line.contains(end))
}

/// The closing lines.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for remark in &self.remarks {
            writeln!(f, "{remark}")?;
        }
        if self.tests == 0 {
            writeln!(f, "{NO_TEST}")?;
        }
        writeln!(f, "{} steps, {} tests", self.steps, self.tests)?;
        write!(f, "{}", self.all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps() -> (Report, [String; 3]) {
        let mut report = Report::default();
        let counted = Tally {
            passed: 7,
            failed: 1,
            skipped: 2,
        };
        let second = Duration::from_secs(1);
        let lines = [
            report.ended("one", second, counted, &Err("a test failed".into())),
            report.ended("two", second, Tally::default(), &Ok(())),
            report.skipped("three", "it cannot be run here"),
        ];
        (report, lines)
    }

    #[test]
    fn each_step_ends_with_a_line_that_is_known_for_its_end() {
        let (_, lines) = steps();
        assert_eq!(
            lines,
            [
                "== one: FAILED after 1.0 s: a test failed",
                "== two: passed in 1.0 s",
                "== three: SKIPPED: it cannot be run here",
            ]
        );
        assert!(lines.iter().all(|line| ends_step(line)));
        assert!(!ends_step("== one"));
        assert!(!ends_step("a test: passed in 1.0 s"));
    }

    #[test]
    fn the_closing_lines_tell_what_did_not_pass_and_count_steps_and_tests() {
        let (report, _) = steps();
        assert_eq!(
            report.to_string(),
            "FAILED one: a test failed\n\
             SKIPPED three: it cannot be run here\n\
             2 steps, 8 tests\n\
             8 passed, 2 failed, 3 skipped"
        );
        assert!(!report.is_good());
    }

    #[test]
    fn no_test_is_no_success() {
        let report = Report::default();
        assert_eq!(
            report.to_string(),
            "FAILED: no test ran\n0 steps, 0 tests\n0 passed, 0 failed"
        );
        assert!(!report.is_good());
    }

    #[test]
    fn a_part_without_a_test_is_no_success_of_the_whole() {
        let mut report = Report::default();
        let counted = Tally {
            passed: 3,
            ..Tally::default()
        };
        report.ended("one", Duration::from_secs(1), counted, &Ok(()));
        assert!(report.is_good());
        let text = "SKIPPED two: not here\nFAILED: no test ran\n\
                    1 steps, 0 tests\n1 passed, 0 failed, 1 skipped";
        let part = Report::from_closing(text).expect("closing lines");
        report.add("builds", part);
        assert!(!report.is_good());
        assert_eq!(
            report.to_string(),
            "FAILED builds: no test ran\n\
             SKIPPED two: not here\n\
             2 steps, 3 tests\n\
             5 passed, 1 failed, 1 skipped"
        );
    }

    #[test]
    fn closing_lines_are_read_as_they_were_written() {
        let (report, _) = steps();
        let text = format!("\n{report}\n");
        let read = Report::from_closing(&text).expect("they are complete");
        assert_eq!(read.to_string(), report.to_string());
        for cut in ["", "8 passed, 2 failed", "2 steps, 8 tests\n", "a panic"] {
            assert!(Report::from_closing(cut).is_none(), "{cut}");
        }
    }
}

//! Counts tests and steps, and prints the closing line of a test run.

/// How many passed, failed and were skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u32,
    pub(crate) failed: u32,
    pub(crate) skipped: u32,
}

impl Tally {
    /// Reads libtest's `test result: ok. 3 passed; 0 failed; 1 ignored; …`, colours or not.
    pub(crate) fn from_result_line(line: &str) -> Option<Self> {
        let (_, counts) = line.split_once("test result: ")?;
        let count = |what: &str| {
            let before = counts.split(what).next()?;
            before
                .rsplit([' ', ';', '.'])
                .find(|word| !word.is_empty())?
                .parse()
                .ok()
        };
        Some(Self {
            passed: count(" passed;")?,
            failed: count(" failed;")?,
            skipped: count(" ignored;")?,
        })
    }

    /// Reads vitest's `Tests  1 failed | 12 passed | 2 skipped (15)`.
    pub(crate) fn from_vitest_line(line: &str) -> Option<Self> {
        let counts = line.trim_start().strip_prefix("Tests ")?;
        let (counts, _) = counts.split_once('(')?;
        let mut tally = Self::default();
        for part in counts.split('|') {
            tally.add(Self::from_count(part)?);
        }
        Some(tally)
    }

    /// Reads one of Playwright's closing lines: `12 passed (1.2m)`, `1 failed`, `1 flaky`.
    pub(crate) fn from_playwright_line(line: &str) -> Option<Self> {
        let (counted, duration) = match line.split_once('(') {
            Some((counted, duration)) => (counted, Some(duration)),
            None => (line, None),
        };
        // Only the passed ones stand with a time; nothing else may follow.
        if duration.is_some_and(|text| !text.trim_end().ends_with(')')) {
            return None;
        }
        Self::from_count(counted)
    }

    /// Reads what `Display` writes: `12 passed, 1 failed, 2 skipped`.
    pub(crate) fn from_closing_line(line: &str) -> Option<Self> {
        let mut tally = Self::default();
        for part in line.split(", ") {
            tally.add(Self::from_count(part)?);
        }
        Some(tally)
    }

    /// Reads a number and what became of so many tests. Those that passed only when they were
    /// tried again, or never ran, have failed.
    fn from_count(text: &str) -> Option<Self> {
        let (number, outcome) = text.trim().split_once(' ')?;
        let number = number.parse().ok()?;
        let mut tally = Self::default();
        match outcome {
            "passed" => tally.passed = number,
            "failed" | "flaky" | "interrupted" | "did not run" => tally.failed = number,
            "skipped" | "todo" => tally.skipped = number,
            _ => return None,
        }
        Some(tally)
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }

    pub(crate) fn ran(&self) -> u32 {
        self.passed + self.failed
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        match self.skipped {
            0 => Ok(()),
            skipped => write!(f, ", {skipped} skipped"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn a_result_line_is_counted() {
        let line = "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; \
                    4 filtered out; finished in 0.50s";
        let counted = Tally {
            passed: 12,
            failed: 3,
            skipped: 1,
        };
        assert_eq!(Tally::from_result_line(line), Some(counted));
    }

    #[test]
    fn a_coloured_result_line_is_counted() {
        let line = "test result: \u{1b}[32mok\u{1b}[m. 7 passed; 0 failed; 0 ignored; 0 measured";
        let counted = Tally {
            passed: 7,
            failed: 0,
            skipped: 0,
        };
        assert_eq!(Tally::from_result_line(line), Some(counted));
    }

    #[test]
    fn other_lines_are_not_counted() {
        for line in [
            "running 3 tests",
            "test result: ok.",
            "3 passed; 0 failed; 0 ignored;",
        ] {
            assert_eq!(Tally::from_result_line(line), None, "{line}");
        }
    }

    fn tally(passed: u32, failed: u32, skipped: u32) -> Option<Tally> {
        Some(Tally {
            passed,
            failed,
            skipped,
        })
    }

    #[test]
    fn the_closing_line_of_vitest_is_counted() {
        let read = Tally::from_vitest_line;
        assert_eq!(read("      Tests  12 passed (12)"), tally(12, 0, 0));
        let mixed = "      Tests  1 failed | 12 passed | 2 skipped (15)";
        assert_eq!(read(mixed), tally(12, 1, 2));
        assert_eq!(read(" Test Files  3 passed (3)"), None);
        assert_eq!(read("Tests are run"), None);
    }

    #[test]
    fn the_closing_lines_of_playwright_are_counted() {
        let read = Tally::from_playwright_line;
        assert_eq!(read("  12 passed (1.2m)"), tally(12, 0, 0));
        assert_eq!(read("  2 failed"), tally(0, 2, 0));
        assert_eq!(read("  1 flaky"), tally(0, 1, 0));
        assert_eq!(read("  3 did not run"), tally(0, 3, 0));
        assert_eq!(read("  1 skipped"), tally(0, 0, 1));
        assert_eq!(read("  ok 1 a.spec.ts:3:1 › 12 passed (1.2m) or so"), None);
        assert_eq!(read("Running 12 tests using 2 workers"), None);
    }

    #[test]
    fn the_closing_line_names_skipped_ones_only_if_there_are_any() {
        let mut tally = Tally {
            passed: 1,
            failed: 0,
            skipped: 0,
        };
        assert_eq!(tally.to_string(), "1 passed, 0 failed");
        tally.add(Tally {
            passed: 1,
            failed: 2,
            skipped: 3,
        });
        assert_eq!(tally.to_string(), "2 passed, 2 failed, 3 skipped");
    }

    #[test]
    fn the_closing_line_is_read_as_it_was_written() {
        let read = Tally::from_closing_line;
        assert_eq!(read("1 passed, 0 failed"), tally(1, 0, 0));
        assert_eq!(read("2 passed, 2 failed, 3 skipped"), tally(2, 2, 3));
        assert_eq!(read("25 steps, 2494 tests"), None);
        assert_eq!(read(""), None);
    }
}

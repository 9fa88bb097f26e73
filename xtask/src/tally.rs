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
}

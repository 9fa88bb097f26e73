//! What became of all rows, for people and for scripts.

use serde_json::{Value, json};

use super::row::{About, Miss};

/// All that was found.
pub(crate) struct Report {
    pub(super) outcomes: Vec<Outcome>,
    /// The row after which the device did not answer any more.
    pub(super) lost: Option<&'static str>,
    /// What an update left, in words.
    pub(super) left: Option<String>,
}

/// What became of a row.
pub(super) struct Outcome {
    pub(super) about: About,
    pub(super) found: Found,
}

pub(super) enum Found {
    Passed { excepted: bool },
    Missed { miss: Miss, excepted: bool },
    Skipped(String),
}

impl Found {
    /// As scripts read it.
    const fn name(&self) -> &'static str {
        match self {
            Self::Passed { .. } => "passed",
            Self::Missed { excepted: true, .. } => "excepted",
            Self::Missed { .. } => "failed",
            Self::Skipped(_) => "skipped",
        }
    }

    const fn is_excepted(&self) -> bool {
        matches!(
            self,
            Self::Passed { excepted: true } | Self::Missed { excepted: true, .. }
        )
    }
}

impl Report {
    /// Whether the device did not answer any more in the end.
    pub(crate) const fn is_lost(&self) -> bool {
        self.lost.is_some()
    }

    /// Whether every row that was tried passed or was excepted.
    pub(crate) fn is_kept(&self) -> bool {
        self.count("failed") == 0 && self.lost.is_none()
    }

    fn count(&self, name: &str) -> usize {
        let found = self.outcomes.iter();
        found.filter(|row| row.found.name() == name).count()
    }

    /// The rows as lines for people.
    pub(crate) fn describe(&self) -> String {
        let mut lines: Vec<String> = self.outcomes.iter().flat_map(describe).collect();
        let counted = ["passed", "failed", "excepted", "skipped"]
            .map(|name| (self.count(name), name))
            .into_iter()
            .filter(|(count, name)| *count > 0 || *name == "passed")
            .map(|(count, name)| format!("{count} {name}"));
        lines.push(counted.collect::<Vec<_>>().join(", "));
        if let Some(left) = &self.left {
            lines.push(format!("left as it is now: {left}"));
        }
        lines.join("\n")
    }

    /// The rows of `device` as a script reads them.
    pub(crate) fn to_json(&self, device: &str) -> Value {
        let rows: Vec<_> = self.outcomes.iter().map(to_json).collect();
        json!({
            "device": device,
            "ok": self.is_kept(),
            "passed": self.count("passed"),
            "failed": self.count("failed"),
            "excepted": self.count("excepted"),
            "skipped": self.count("skipped"),
            "lost": self.lost,
            "left": self.left,
            "rows": rows,
        })
    }
}

fn describe(outcome: &Outcome) -> Vec<String> {
    let Outcome { about, found } = outcome;
    let name = about.name;
    match found {
        Found::Passed { excepted: false } => vec![format!("  pass    {name}")],
        Found::Passed { excepted: true } => {
            vec![format!("  pass    {name}: take it out of --except")]
        }
        Found::Skipped(why) => vec![format!("  skip    {name}: {why}")],
        Found::Missed { miss, excepted } => {
            let Miss {
                sent, wanted, got, ..
            } = miss;
            let word = if *excepted { "except" } else { "FAIL  " };
            let mut lines = vec![
                format!("  {word}  {name}"),
                format!("            sent    {sent}"),
                format!("            wanted  {wanted}"),
                format!("            got     {got}"),
            ];
            if !excepted {
                lines.insert(1, format!("            rule    {}", about.rule));
                let advice = miss.advice.unwrap_or(about.advice);
                lines.push(format!("            do      {advice}"));
            }
            lines
        }
    }
}

fn to_json(outcome: &Outcome) -> Value {
    let Outcome { about, found } = outcome;
    let mut row = json!({
        "row": about.name,
        "effect": about.effect.name(),
        "rule": about.rule,
        "result": found.name(),
    });
    if found.is_excepted() {
        row["except"] = json!(true);
    }
    match found {
        Found::Passed { .. } => {}
        Found::Missed { miss, .. } => {
            row["sent"] = json!(miss.sent);
            row["wanted"] = json!(miss.wanted);
            row["got"] = json!(miss.got);
            row["advice"] = json!(miss.advice.unwrap_or(about.advice));
        }
        Found::Skipped(why) => row["reason"] = json!(why),
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::row::Effect;

    fn row(name: &'static str, found: Found) -> Outcome {
        let about = About {
            name,
            effect: Effect::Reads,
            rule: "it is so",
            advice: "make it so",
        };
        Outcome { about, found }
    }

    fn missed(excepted: bool) -> Found {
        let miss = Miss {
            sent: "GET /".to_owned(),
            wanted: "status 200".to_owned(),
            got: "404, no body".to_owned(),
            advice: None,
        };
        Found::Missed { miss, excepted }
    }

    fn report(outcomes: Vec<Outcome>) -> Report {
        Report {
            outcomes,
            lost: None,
            left: None,
        }
    }

    #[test]
    fn a_row_is_told_with_what_there_is_to_do_about_it() {
        for (found, lines) in [
            (Found::Passed { excepted: false }, &["  pass    a/b"][..]),
            (
                Found::Passed { excepted: true },
                &["  pass    a/b: take it out of --except"],
            ),
            (
                Found::Skipped("there is none".to_owned()),
                &["  skip    a/b: there is none"],
            ),
            (
                missed(false),
                &[
                    "  FAIL    a/b",
                    "            rule    it is so",
                    "            sent    GET /",
                    "            wanted  status 200",
                    "            got     404, no body",
                    "            do      make it so",
                ],
            ),
            (
                missed(true),
                &[
                    "  except  a/b",
                    "            sent    GET /",
                    "            wanted  status 200",
                    "            got     404, no body",
                ],
            ),
        ] {
            assert_eq!(describe(&row("a/b", found)), lines);
        }
    }

    #[test]
    fn the_end_counts_the_rows_and_tells_what_is_left() {
        let passed = || row("a/a", Found::Passed { excepted: false });
        let skipped = || row("a/s", Found::Skipped(String::new()));
        for (outcomes, kept, line) in [
            (vec![], true, "0 passed"),
            (
                vec![passed(), skipped(), passed()],
                true,
                "2 passed, 1 skipped",
            ),
            (vec![row("a/x", missed(true))], true, "0 passed, 1 excepted"),
            (
                vec![
                    passed(),
                    row("a/x", missed(true)),
                    row("a/f", missed(false)),
                    skipped(),
                ],
                false,
                "1 passed, 1 failed, 1 excepted, 1 skipped",
            ),
        ] {
            let report = report(outcomes);
            assert_eq!(report.is_kept(), kept, "{line}");
            let shown = report.describe();
            assert_eq!(shown.lines().last(), Some(line));
        }
        let left = Report {
            left: Some("it runs".to_owned()),
            lost: Some("a/b"),
            ..report(Vec::new())
        };
        assert_eq!(left.describe(), "0 passed\nleft as it is now: it runs");
        assert!(!left.is_kept());
    }
}

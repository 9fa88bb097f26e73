//! Running the rows, one after the other, and keeping an eye on the device.

use std::{
    panic::resume_unwind,
    thread,
    time::{Duration, Instant},
};

use super::{
    commands, connections, files, guards, patches, recovery,
    report::{Found, Outcome, Report},
    requests,
    row::{About, Checked, Row, Stop},
    status,
    target::{Presence, Target},
    unchanged,
    update::{self, Update},
    uploads, wifi,
};
use crate::{
    device::{Address, Status},
    progress::Progress,
    push::Image,
};

/// The rows that change nothing, group by group, in the order in which they are tried.
const GROUPS: [&[Row<Target>]; 17] = [
    status::ROWS,
    guards::hosts::ROWS,
    guards::types::ROWS,
    guards::ROWS,
    requests::ROWS,
    requests::heads::ROWS,
    uploads::ROWS,
    patches::ROWS,
    commands::ROWS,
    files::ROWS,
    files::tags::ROWS,
    files::compressed::ROWS,
    files::ranges::ROWS,
    files::paths::ROWS,
    recovery::ROWS,
    wifi::ROWS,
    connections::ROWS,
];

/// A device that a row brought down has this time to come back.
const BACK: Duration = Duration::from_secs(20);
/// How often it is looked whether it is back.
const LOOK: Duration = Duration::from_millis(250);

/// Which rows are tried, and which may fail.
pub(crate) struct Choice {
    /// Names of rows and groups; all, where there is none.
    pub(crate) only: Vec<String>,
    /// The same, of what is known not to be kept.
    pub(crate) except: Vec<String>,
}

impl Choice {
    fn has(&self, about: &About) -> bool {
        self.only.is_empty() || self.only.iter().any(|one| about.is_called(one))
    }

    fn excepts(&self, about: &About) -> bool {
        self.except.iter().any(|one| about.is_called(one))
    }
}

/// An image that the device is updated with, and how long it may take to restart.
pub(crate) struct Sample {
    pub(crate) image: Image,
    pub(crate) timeout: Duration,
}

/// All rows there are.
pub(crate) fn all() -> impl Iterator<Item = &'static About> {
    let safe = GROUPS.into_iter().flatten();
    let safe = safe.chain(connections::SLOW).chain(unchanged::ROWS);
    safe.map(|row| &row.about)
        .chain(update::ROWS.iter().map(|row| &row.about))
}

/// Tries a device, which told `first` of itself.
pub(crate) fn run(
    address: &Address,
    first: Option<(Status, serde_json::Value)>,
    sample: Option<Sample>,
    choice: &Choice,
    progress: &mut Progress,
) -> Report {
    let before = first.as_ref().map(|(status, _)| status.clone());
    let target = Target::new(address.clone(), first);
    let mut run = Run {
        choice,
        group: "",
        lost: None,
        outcomes: Vec::new(),
    };
    for group in GROUPS {
        run.rows(group, &target, &target, progress);
    }
    run.side_by_side(connections::SLOW, &target, progress);
    run.rows(unchanged::ROWS, &target, &target, progress);
    let mut left = None;
    let wanted = update::ROWS.iter().any(|row| choice.has(&row.about));
    if let (Some(Sample { image, timeout }), Some(before), true) = (sample, before, wanted) {
        let update = Update::new(target, before, image, timeout);
        run.rows(update::ROWS, &update, &update.target, progress);
        progress.phase("bringing it back to what it was");
        left = Some(update.leave());
    }
    Report {
        outcomes: run.outcomes,
        lost: run.lost,
        left,
    }
}

struct Run<'c> {
    choice: &'c Choice,
    /// The group whose rows are tried.
    group: &'static str,
    /// The row after which the device did not answer any more.
    lost: Option<&'static str>,
    outcomes: Vec<Outcome>,
}

impl Run<'_> {
    fn rows<S>(
        &mut self,
        rows: &'static [Row<S>],
        state: &S,
        target: &Target,
        progress: &mut Progress,
    ) {
        for row in rows.iter().filter(|row| self.choice.has(&row.about)) {
            self.begin(&row.about, progress);
            let checked = match self.lost {
                None => (row.check)(state),
                Some(after) => Err(Stop::Skip(format!(
                    "the device does not answer since {after}"
                ))),
            };
            self.end(&row.about, checked, target);
        }
    }

    /// Rows that wait, and do not disturb each other.
    fn side_by_side(
        &mut self,
        rows: &'static [Row<Target>],
        target: &Target,
        progress: &mut Progress,
    ) {
        if self.lost.is_some() {
            return self.rows(rows, target, target, progress);
        }
        let rows = rows.iter().filter(|row| self.choice.has(&row.about));
        let rows: Vec<_> = rows.collect();
        if let Some(row) = rows.first() {
            self.begin(&row.about, progress);
        }
        let checked = thread::scope(|scope| {
            let begun = rows.iter().map(|row| scope.spawn(|| (row.check)(target)));
            let begun: Vec<_> = begun.collect();
            let ended = begun.into_iter().map(thread::ScopedJoinHandle::join);
            ended.collect::<Vec<_>>()
        });
        for (row, checked) in rows.iter().zip(checked) {
            let checked = checked.unwrap_or_else(|panic| resume_unwind(panic));
            self.end(&row.about, checked, target);
        }
    }

    fn begin(&mut self, about: &About, progress: &mut Progress) {
        if self.group != about.group() {
            self.group = about.group();
            progress.phase(&format!("trying {}", self.group));
        }
    }

    fn end(&mut self, about: &'static About, checked: Checked, target: &Target) {
        let excepted = self.choice.excepts(about);
        let found = match checked {
            Ok(()) => Found::Passed { excepted },
            Err(Stop::Skip(why)) => Found::Skipped(why),
            Err(Stop::Miss(mut miss)) => {
                if let Some(more) = self.look_after(about, target) {
                    miss.got.push_str(more);
                }
                Found::Missed { miss, excepted }
            }
        };
        let about = *about;
        self.outcomes.push(Outcome { about, found });
    }

    /// What a row did to the device besides, which has some time to come back.
    fn look_after(&mut self, about: &About, target: &Target) -> Option<&'static str> {
        let until = Instant::now() + BACK;
        loop {
            match target.presence() {
                Presence::Same => return None,
                Presence::Restarted => return Some("; the device restarted then"),
                Presence::Gone if Instant::now() > until => {
                    self.lost = Some(about.name);
                    return Some("; the device does not answer any more");
                }
                Presence::Gone => thread::sleep(LOOK),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn rows_have_names_of_their_own_and_groups_that_are_documented() {
        let page = include_str!("../../../../docs/command-line.md");
        let mut names = HashSet::new();
        for about in all() {
            let name = about.name;
            assert!(names.insert(name), "{name} is there twice");
            let (group, what) = name.split_once('/').unwrap();
            let sound = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
            assert!(!what.is_empty() && what.chars().all(sound), "{name}");
            assert!(page.contains(&format!("\n| `{group}` | ")), "{group}");
            for text in [about.rule, about.advice] {
                assert!(
                    text.chars().count() > 20 && !text.ends_with('.'),
                    "{name}: {text}"
                );
                assert!(!text.contains("  "), "{name}: {text}");
            }
        }
    }
}

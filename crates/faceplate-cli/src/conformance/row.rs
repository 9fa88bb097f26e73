//! A row of the contract: its name, what it says, and what became of it.

use crate::text;

/// One rule of the contract, and how a device is asked whether it keeps it. `S` is what it works with.
pub(crate) struct Row<S: 'static> {
    pub(crate) about: About,
    pub(super) check: fn(&S) -> Checked,
}

/// What is told of a row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About {
    /// `group/what`: it stays the same from release to release, since scripts except rows by it.
    pub(crate) name: &'static str,
    pub(crate) effect: Effect,
    /// What the contract says.
    pub(crate) rule: &'static str,
    /// What to do where it is broken.
    pub(crate) advice: &'static str,
}

/// What a row does to a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It asks.
    Reads,
    /// It asks for what has to be refused before anything is written.
    Refused,
    /// It changes the device.
    Changes,
}

/// What became of a row, if it was not kept.
#[derive(Debug, Clone)]
pub(crate) enum Stop {
    /// The device does something else.
    Miss(Miss),
    /// It cannot be tried here, for this reason.
    Skip(String),
}

/// What came instead of what was wanted. All of it may be printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Miss {
    pub(crate) sent: String,
    pub(crate) wanted: String,
    pub(crate) got: String,
    /// What to do, where the row's advice is about something else.
    pub(crate) advice: Option<&'static str>,
}

pub(crate) type Checked = Result<(), Stop>;

impl<S> Row<S> {
    pub(super) const fn reads(
        name: &'static str,
        check: fn(&S) -> Checked,
        rule: &'static str,
        advice: &'static str,
    ) -> Self {
        Self::new(name, Effect::Reads, check, rule, advice)
    }

    pub(super) const fn refused(
        name: &'static str,
        check: fn(&S) -> Checked,
        rule: &'static str,
        advice: &'static str,
    ) -> Self {
        Self::new(name, Effect::Refused, check, rule, advice)
    }

    pub(super) const fn changes(
        name: &'static str,
        check: fn(&S) -> Checked,
        rule: &'static str,
        advice: &'static str,
    ) -> Self {
        Self::new(name, Effect::Changes, check, rule, advice)
    }

    const fn new(
        name: &'static str,
        effect: Effect,
        check: fn(&S) -> Checked,
        rule: &'static str,
        advice: &'static str,
    ) -> Self {
        let about = About {
            name,
            effect,
            rule,
            advice,
        };
        Self { about, check }
    }
}

impl About {
    /// What comes before the slash of its name.
    pub(crate) fn group(&self) -> &'static str {
        self.name.split('/').next().unwrap_or_default()
    }

    /// Whether `selector` is its name or that of its group.
    pub(crate) fn is_called(&self, selector: &str) -> bool {
        selector == self.name || selector == self.group()
    }
}

impl Effect {
    /// As lists and scripts say it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Reads => "reads",
            Self::Refused => "refused",
            Self::Changes => "changes",
        }
    }
}

/// That a row cannot be tried here.
pub(super) fn skip(why: impl AsRef<str>) -> Stop {
    Stop::Skip(text::harmless(why.as_ref()))
}

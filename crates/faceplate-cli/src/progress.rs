//! How long work shows that it goes on: a bar on a terminal, plain lines elsewhere, nothing for scripts.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::text;

/// Plain lines are written when so many more percent are done.
const STEP: u64 = 25;
/// Plain lines tell the time that is left when it is so many seconds less.
const EVERY: u64 = 60;
/// A silence that is worth telling: an erase keeps a device busy for so long.
const SILENT: Duration = Duration::from_secs(2);
/// The spinner's pace.
const TICK: Duration = Duration::from_millis(100);

/// Shows the progress with one device.
pub(crate) struct Progress {
    device: String,
    view: View,
    warnings: Vec<String>,
}

enum View {
    Bar(ProgressBar),
    Lines {
        percent: u64,
        /// Seconds that were left when it was last said.
        told: Option<u64>,
    },
    Nothing,
}

impl Progress {
    /// For work with `device`; `quiet` leaves standard output alone.
    pub(crate) fn new(device: String, quiet: bool) -> Self {
        let terminal = std::io::stdout().is_terminal() && std::io::stderr().is_terminal();
        let view = match (quiet, terminal) {
            (true, _) => View::Nothing,
            (false, true) => View::Bar(ProgressBar::new_spinner()),
            (false, false) => View::Lines {
                percent: 0,
                told: None,
            },
        };
        Self {
            device,
            view,
            warnings: Vec::new(),
        }
    }

    /// A new phase begins, which has no measure.
    pub(crate) fn phase(&mut self, what: &str) {
        match &mut self.view {
            View::Bar(bar) => {
                bar.unset_length();
                bar.set_style(style("{prefix}: {spinner} {msg}"));
                bar.set_prefix(self.device.clone());
                bar.set_message(what.to_owned());
                bar.enable_steady_tick(TICK);
            }
            View::Lines { percent, told } => {
                (*percent, *told) = (0, None);
                text::print(&format!("{}: {what}", self.device));
            }
            View::Nothing => {}
        }
    }

    /// The device has written so many bytes.
    pub(crate) fn written(&mut self, written: u64, total: u64) {
        self.count(["writing", "written"], written, total);
    }

    /// So many bytes have come from the device.
    pub(crate) fn got(&mut self, got: u64, total: u64) {
        self.count(["getting it", "got"], got, total);
    }

    /// So many bytes are done, which is called so while it goes on, and when it is done.
    fn count(&mut self, [doing, done]: [&str; 2], count: u64, total: u64) {
        match &mut self.view {
            View::Bar(bar) => {
                if bar.length() != Some(total) {
                    bar.set_style(style("{prefix}: {msg} [{bar:30}] {bytes} of {total_bytes}"));
                    bar.set_length(total);
                    bar.set_message(doing.to_owned());
                }
                bar.set_position(count);
            }
            View::Lines { percent, .. } => {
                let now = count.saturating_mul(100) / total.max(1);
                if now / STEP > *percent / STEP {
                    *percent = now;
                    let (count, total) = (text::bytes(count), text::bytes(total));
                    let device = &self.device;
                    text::print(&format!("{device}: {done} {count} of {total} ({now} %)"));
                }
            }
            View::Nothing => {}
        }
    }

    /// The phase, which may have begun with a line of its own, lasts for so many seconds at most.
    pub(crate) fn left(&mut self, what: &str, seconds: u64) {
        let left = text::duration(Duration::from_secs(seconds));
        match &mut self.view {
            View::Bar(bar) => bar.set_message(format!("{what}, {left} left")),
            View::Lines { told, .. } => {
                let last = *told.get_or_insert(seconds);
                if seconds.saturating_add(EVERY) <= last {
                    *told = Some(seconds);
                    text::print(&format!("{}: {what}, {left} left", self.device));
                }
            }
            View::Nothing => {}
        }
    }

    /// Nothing was heard of the device for so long.
    pub(crate) fn silence(&self, span: Duration) {
        if let View::Bar(bar) = &self.view
            && span >= SILENT
        {
            bar.set_message(format!("no answer for {}", text::duration(span)));
        }
    }

    /// Something that somebody is to do; not even `quiet` keeps it back.
    pub(crate) fn say(&self, what: &str) {
        let line = format!("{}: {what}", self.device);
        match &self.view {
            View::Bar(bar) => bar.suspend(|| text::print(&line)),
            View::Lines { .. } => text::print(&line),
            View::Nothing => eprintln!("{line}"),
        }
    }

    /// Something that people may want to know.
    pub(crate) fn tell(&self, what: &str) {
        let line = format!("{}: {what}", self.device);
        match &self.view {
            View::Bar(bar) => bar.suspend(|| text::print(&line)),
            View::Lines { .. } => text::print(&line),
            View::Nothing => {}
        }
    }

    /// Something that is not as it should be, but no reason to fail.
    pub(crate) fn warn(&mut self, what: &str) {
        self.warnings.push(what.to_owned());
        let line = format!("{}: warning: {what}", self.device);
        match &self.view {
            View::Bar(bar) => bar.suspend(|| eprintln!("{line}")),
            View::Lines { .. } => eprintln!("{line}"),
            View::Nothing => {}
        }
    }

    /// All is done.
    pub(crate) fn done(&mut self, what: &str) {
        self.clear();
        if !matches!(self.view, View::Nothing) {
            text::print(&format!("{}: {what}", self.device));
        }
    }

    /// Ends it; gives all that was warned of.
    pub(crate) fn into_warnings(mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    /// Takes the bar away.
    pub(crate) fn clear(&mut self) {
        if let View::Bar(bar) = &self.view {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

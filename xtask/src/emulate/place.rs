//! What a scenario works with: a folder of its own, flash files, and boards over them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::board::Board;
use super::client::{Client, Status};
use super::frontend::Frontend;
use super::machine::{Machine, Setup};
use super::random::Random;
use super::tools::{Tools, at, fresh_folder};

/// Longest time from power to the first answer. It takes half a second when nothing else runs.
const UP: Duration = Duration::from_secs(60);

/// What all scenarios share.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) board: &'static Board,
    pub(crate) tools: Tools,
    /// Where everything of this board is put.
    pub(crate) folder: PathBuf,
    /// The firmware.
    pub(crate) elf: PathBuf,
    /// The flash of a new board with the frontend `small`.
    pub(crate) flash: PathBuf,
    pub(crate) frontends: Frontends,
    pub(crate) seed: u64,
    /// How many power cuts.
    pub(crate) cuts: u32,
}

/// The frontends that are put on boards.
#[derive(Debug)]
pub(crate) struct Frontends {
    pub(crate) small: Frontend,
    /// Nearly as much as a slot takes.
    pub(crate) full: Frontend,
    /// The same with other content.
    pub(crate) full_too: Frontend,
    pub(crate) medium: Frontend,
}

impl Frontends {
    pub(crate) fn make(tools: &Tools, dir: &Path, seed: u64) -> Result<Self, String> {
        // A slot has 1 MiB; what is left of it is for names, text and the file system.
        const FULL: usize = 980 * 1024;
        let mut random = Random::new(seed);
        let mut make = |version, large| Frontend::make(tools, dir, version, large, &mut random);
        Ok(Self {
            small: make("1.0.0", 40_000)?,
            full: make("2.0.0", FULL)?,
            full_too: make("3.0.0", FULL)?,
            medium: make("4.0.0", 350_000)?,
        })
    }

    /// All of them.
    pub(crate) fn all(&self) -> [&Frontend; 4] {
        [&self.small, &self.full, &self.full_too, &self.medium]
    }
}

/// The folder of one scenario.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    pub(crate) bench: &'a Bench,
    pub(crate) dir: PathBuf,
    consoles: AtomicU32,
}

impl<'a> Place<'a> {
    pub(crate) fn new(bench: &'a Bench, dir: PathBuf) -> Result<Self, String> {
        fresh_folder(&dir)?;
        Ok(Self {
            bench,
            dir,
            consoles: AtomicU32::new(0),
        })
    }

    /// The flash of a new board, which is this scenario's own.
    pub(crate) fn new_flash(&self) -> Result<PathBuf, String> {
        let flash = self.dir.join("device.bin");
        fs::copy(&self.bench.flash, &flash).map_err(at(&flash))?;
        Ok(flash)
    }

    /// Gives a board power.
    pub(crate) fn power(&self, flash: &Path, setup: Setup) -> Result<Machine, String> {
        let number = 1 + self.consoles.fetch_add(1, Ordering::Relaxed);
        let console = self.dir.join(format!("console-{number}.log"));
        Machine::start(self.bench.board, flash, &console, setup)
    }

    /// Gives a board power and waits until it answers.
    pub(crate) fn boot(
        &self,
        flash: &Path,
        setup: Setup,
    ) -> Result<(Machine, Client, Status), String> {
        let machine = self.power(flash, setup)?;
        let client = machine.client();
        let status = client.wait("up", UP, |_| true)?;
        Ok((machine, client, status))
    }

    /// A new board that runs `small`.
    pub(crate) fn new_board(&self) -> Result<(Machine, Client, Status), String> {
        self.boot(&self.new_flash()?, Setup::default())
    }

    /// `faceplate push`. No browser opens the page here, so that it loads has to do.
    pub(crate) fn push(
        &self,
        client: &Client,
        frontend: &Frontend,
        more: &[&str],
    ) -> Result<String, String> {
        let tools = &self.bench.tools;
        let mut push = tools.faceplate(&["push", "--confirm", "load"]);
        push.arg(&frontend.path).arg(client.name());
        tools.run(push.args(more))
    }

    /// `faceplate` with a command for one device.
    pub(crate) fn ask(&self, command: &str, client: &Client) -> Result<String, String> {
        let tools = &self.bench.tools;
        tools.run(&mut tools.faceplate(&[command, &client.name()]))
    }

    /// The last lines of what the last board printed, for a failure.
    pub(crate) fn last_console(&self) -> String {
        const LINES: usize = 25;
        let name = format!("console-{}.log", self.consoles.load(Ordering::Relaxed));
        let bytes = fs::read(self.dir.join(&name)).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().collect();
        let tail = lines.get(lines.len().saturating_sub(LINES)..);
        let mut shown = format!("    {}/{name}:\n", self.dir.display());
        for line in tail.unwrap_or(&lines) {
            shown.push_str(&format!("    | {line}\n"));
        }
        shown
    }
}

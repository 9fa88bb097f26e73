//! What a scenario works with: a folder of its own, flash files, and devices over them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::build::tail;
use super::device::{Device, Start};
use crate::emulate::client::{Client, Status};
use crate::emulate::frontend::Frontend;
use crate::emulate::place::Frontends;
use crate::emulate::tools::{Tools, at, fresh_folder};

/// Longest time from the start to the first answer, on a computer that has much else to do.
pub(crate) const UP: Duration = Duration::from_secs(60);

/// What all scenarios share.
#[derive(Debug)]
pub(crate) struct Bench {
    /// The example, built for this computer.
    pub(crate) program: PathBuf,
    pub(crate) tools: Tools,
    /// Where everything is put.
    pub(crate) folder: PathBuf,
    /// The flash of a new device with the frontend `small`.
    pub(crate) flash: PathBuf,
    pub(crate) frontends: Frontends,
    pub(crate) seed: u64,
    pub(crate) cuts: u32,
}

/// The folder of one scenario.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    pub(crate) bench: &'a Bench,
    dir: PathBuf,
    consoles: AtomicU32,
}

impl<'a> Place<'a> {
    pub(crate) fn new(bench: &'a Bench, name: &str) -> Result<Self, String> {
        let dir = bench.folder.join(name);
        fresh_folder(&dir)?;
        Ok(Self {
            bench,
            dir,
            consoles: AtomicU32::new(0),
        })
    }

    /// The flash of a new device, which is this scenario's own.
    pub(crate) fn new_flash(&self) -> Result<PathBuf, String> {
        let flash = self.dir.join("flash.bin");
        fs::copy(&self.bench.flash, &flash).map_err(at(&flash))?;
        Ok(flash)
    }

    /// Where the last device counts what it does to flash.
    pub(crate) fn counted(&self) -> PathBuf {
        self.dir.join("counted")
    }

    /// What a device is started with.
    pub(crate) fn start(&self, flash: &Path) -> Start {
        let number = 1 + self.consoles.fetch_add(1, Ordering::Relaxed);
        Start {
            program: self.bench.program.clone(),
            flash: flash.to_owned(),
            console: self.dir.join(format!("console-{number}.log")),
            cut: None,
            counted: self.counted(),
            once: false,
        }
    }

    /// Starts a device and waits until it answers.
    pub(crate) fn boot(&self, flash: &Path) -> Result<(Device, Client, Status), String> {
        let device = Device::start(self.start(flash))?;
        let client = device.client();
        let status = client.wait("up", UP, |_| true)?;
        Ok((device, client, status))
    }

    /// A new device that runs `small`.
    pub(crate) fn new_device(&self) -> Result<(Device, Client, Status), String> {
        self.boot(&self.new_flash()?)
    }

    /// `faceplate push`. No browser opens the page here, so that it loads has to do.
    pub(crate) fn push(&self, client: &Client, frontend: &Frontend) -> Result<String, String> {
        let tools = &self.bench.tools;
        let mut push = tools.faceplate(&["push", "--confirm", "load"]);
        tools.run(push.arg(&frontend.path).arg(client.name()))
    }

    /// `faceplate` with a command for one device.
    pub(crate) fn ask(&self, command: &str, client: &Client) -> Result<String, String> {
        let tools = &self.bench.tools;
        tools.run(&mut tools.faceplate(&[command, &client.name()]))
    }

    /// The last lines of what the last device printed, for a failure.
    pub(crate) fn last_console(&self) -> String {
        let number = self.consoles.load(Ordering::Relaxed);
        tail(&self.dir.join(format!("console-{number}.log")))
    }
}

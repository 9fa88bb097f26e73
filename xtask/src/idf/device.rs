//! The example as a process on this computer. It ends where a chip would restart; then it is started again.

use std::fs::OpenOptions;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::emulate::client::Client;
use crate::emulate::tools::at;

/// How often it is looked whether the process has ended.
const LOOK: Duration = Duration::from_millis(2);

/// What one is started with.
#[derive(Debug, Clone)]
pub(crate) struct Start {
    pub(crate) program: PathBuf,
    pub(crate) flash: PathBuf,
    pub(crate) console: PathBuf,
    /// When the power goes, as `power_cut.c` takes it; counted from the first start.
    pub(crate) cut: Option<String>,
    /// Where that counts what is done to flash.
    pub(crate) counted: PathBuf,
    /// It is not started again.
    pub(crate) once: bool,
}

impl Start {
    fn spawn(&self, port: u16, cut: Option<&str>) -> Result<Child, String> {
        let mut console = OpenOptions::new();
        let console = console.create(true).append(true).open(&self.console);
        let console = console.map_err(at(&self.console))?;
        let errors = console.try_clone().map_err(at(&self.console))?;
        let mut program = Command::new(&self.program);
        program.env("FLASH", &self.flash);
        program.env("PORT", port.to_string());
        program.env("COUNTED", &self.counted);
        if let Some(cut) = cut {
            program.env("CUT", cut);
        }
        let child = program
            .stdin(Stdio::null())
            .stdout(console)
            .stderr(errors)
            .spawn();
        child.map_err(|error| format!("cannot start {}: {error}", self.program.display()))
    }
}

/// A running device, until it is dropped.
#[derive(Debug)]
pub(crate) struct Device {
    port: u16,
    shared: Arc<Mutex<Shared>>,
    watched: Option<JoinHandle<()>>,
}

/// What the thread that starts it again shares with us.
#[derive(Debug)]
struct Shared {
    child: Child,
    boots: usize,
    /// How it ended for good.
    ended: Option<Result<ExitStatus, String>>,
    /// It is not to be started again.
    stop: bool,
}

impl Device {
    pub(crate) fn start(start: Start) -> Result<Self, String> {
        let port = free_port()?;
        let child = start.spawn(port, start.cut.as_deref())?;
        let shared = Arc::new(Mutex::new(Shared {
            child,
            boots: 1,
            ended: None,
            stop: start.once,
        }));
        let watched = Arc::clone(&shared);
        let watched = thread::spawn(move || watch(&watched, &start, port));
        Ok(Self {
            port,
            shared,
            watched: Some(watched),
        })
    }

    /// The device over HTTP.
    pub(crate) fn client(&self) -> Client {
        Client::new(SocketAddr::from((Ipv4Addr::LOCALHOST, self.port)))
    }

    /// How often it has started.
    pub(crate) fn boots(&self) -> usize {
        locked(&self.shared).boots
    }

    /// Whether it has ended, and was not started again.
    pub(crate) fn has_ended(&self) -> bool {
        locked(&self.shared).ended.is_some()
    }

    /// Waits until it has ended; whether it was a restart, or the power that went.
    pub(crate) fn wait_end(&self, limit: Duration) -> Result<bool, String> {
        let begin = Instant::now();
        loop {
            if let Some(ended) = &locked(&self.shared).ended {
                return ended.clone().map(|status| status.success());
            }
            if begin.elapsed() > limit {
                return Err(format!("it did not end in {} s", limit.as_secs()));
            }
            thread::sleep(LOOK);
        }
    }

    /// Cuts the power: the process is killed at once, wherever it is.
    pub(crate) fn cut_power(self) {
        // Dropping does it.
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        {
            let mut shared = locked(&self.shared);
            shared.stop = true;
            // One that ended before leaves nothing to do.
            let _ = shared.child.kill();
        }
        if let Some(watched) = self.watched.take() {
            let _ = watched.join();
        }
    }
}

/// A poisoned lock has nothing half done behind it.
fn locked(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(|lock| lock.into_inner())
}

/// Starts it again each time that it ends as by `esp_restart()`.
fn watch(shared: &Mutex<Shared>, start: &Start, port: u16) {
    loop {
        thread::sleep(LOOK);
        let mut shared = locked(shared);
        let status = match shared.child.try_wait() {
            Ok(None) => continue,
            Ok(Some(status)) => status,
            Err(error) => {
                shared.ended = Some(Err(error.to_string()));
                return;
            }
        };
        if !status.success() || shared.stop {
            shared.ended = Some(Ok(status));
            return;
        }
        match start.spawn(port, None) {
            Ok(child) => {
                shared.child = child;
                shared.boots += 1;
            }
            Err(error) => {
                shared.ended = Some(Err(error));
                return;
            }
        }
    }
}

/// A port that nobody has just now, and that no other device was given: that one may not listen yet, or not just
/// now. It is none of those that Linux gives to who asks for any (32768 and more), which the other ends of all
/// connections have.
fn free_port() -> Result<u16, String> {
    const FIRST: u32 = 20_000;
    const COUNT: u32 = 12_000;
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    for _ in 0..COUNT {
        let next = std::process::id() + GIVEN.fetch_add(1, Ordering::Relaxed);
        let port = u16::try_from(FIRST + next % COUNT).map_err(|error| error.to_string())?;
        let address = (Ipv4Addr::LOCALHOST, port);
        // The server takes the same number of both.
        if TcpListener::bind(address).is_ok() && UdpSocket::bind(address).is_ok() {
            return Ok(port);
        }
    }
    Err(format!("no port from {FIRST} on is free"))
}

/// What was done to flash since the last start: units of NVS, and of all else.
pub(crate) fn counted(file: &Path) -> Result<(u64, u64), String> {
    let text = std::fs::read_to_string(file).map_err(at(file))?;
    let mut numbers = text.split_whitespace().map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(nvs)), Some(Ok(other))) => Ok((nvs, other)),
        _ => Err(format!("{}: {text:?}", file.display())),
    }
}

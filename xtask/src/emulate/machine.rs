//! An emulated board: one QEMU process over a flash file, until it is dropped or its power is cut.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::board::Board;
use super::client::Client;
use super::gdb;
use super::tools::at;

/// What the boot ROM prints first.
const ROM: &str = "ESP-ROM:";
/// How often an emulator is started whose port somebody else took meanwhile.
const TRIES: u32 = 3;
/// An emulator that cannot have its port has ended by then.
const ENDS_EARLY: Duration = Duration::from_millis(50);

/// How a board is started.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Setup {
    /// With a port for a debugger.
    pub(crate) debugger: bool,
    /// On a network on which we take part, too, frame by frame.
    pub(crate) wire: bool,
    /// Each instruction takes 8 ns of the board's time, however busy this computer is.
    pub(crate) counted: bool,
}

/// A running board.
#[derive(Debug)]
pub(crate) struct Machine {
    board: &'static Board,
    child: Child,
    ports: Ports,
    console: PathBuf,
    started: Instant,
}

/// Where the board is reached from here.
#[derive(Debug, Clone, Copy)]
struct Ports {
    http: u16,
    /// Where the emulator takes frames from us, and we from it.
    wire: Option<(u16, u16)>,
    debugger: Option<u16>,
}

impl Machine {
    /// Starts a board; nothing else may have the flash file open. The console's file is new.
    pub(crate) fn start(
        board: &'static Board,
        flash: &Path,
        console: &Path,
        setup: Setup,
    ) -> Result<Self, String> {
        let mut tries = 0;
        loop {
            tries += 1;
            let ports = Ports {
                http: free_tcp()?,
                wire: setup.wire.then(two_free_udp).transpose()?,
                debugger: setup.debugger.then(free_tcp).transpose()?,
            };
            let mut machine = Self::spawn(board, flash, console, setup, ports)?;
            thread::sleep(ENDS_EARLY);
            let ended = machine.child.try_wait().map_err(at(console))?;
            match ended {
                None => return Ok(machine),
                Some(_) if tries < TRIES => {}
                Some(status) => {
                    let why = fs::read_to_string(complaints(console)).unwrap_or_default();
                    let qemu = board.qemu;
                    return Err(format!("{qemu} ended at once ({status}): {}", why.trim()));
                }
            }
        }
    }

    fn spawn(
        board: &'static Board,
        flash: &Path,
        console: &Path,
        setup: Setup,
        ports: Ports,
    ) -> Result<Self, String> {
        fs::write(console, b"").map_err(at(console))?;
        let errors = complaints(console);
        let stderr = fs::File::create(&errors).map_err(at(&errors))?;
        let mut qemu = Command::new(board.qemu);
        qemu.args([
            "-M",
            board.machine(),
            "-display",
            "none",
            "-monitor",
            "none",
        ]);
        // A comma would end the value; QEMU reads two as one.
        let value = |path: &Path| path.display().to_string().replace(',', ",,");
        qemu.args(["-serial", &format!("file:{}", value(console))]);
        let drive = format!("file={},if=mtd,format=raw", value(flash));
        qemu.args(["-drive", &drive]);
        let Ports {
            http,
            wire,
            debugger,
        } = ports;
        let user = format!("user,hostfwd=tcp:127.0.0.1:{http}-:80");
        match wire {
            None => {
                qemu.args(["-nic", &format!("{user},model=open_eth")]);
            }
            // All three are on one hub.
            Some((theirs, ours)) => {
                let frames = format!("socket,udp=127.0.0.1:{ours},localaddr=127.0.0.1:{theirs}");
                qemu.args(["-net", "nic,model=open_eth", "-net", &user, "-net", &frames]);
            }
        }
        if let Some(port) = debugger {
            qemu.args(["-gdb", &format!("tcp:127.0.0.1:{port},server=on,wait=off")]);
        }
        if setup.counted {
            qemu.args(["-icount", "shift=3"]);
        }
        let child = qemu
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(stderr)
            .spawn()
            .map_err(|error| format!("cannot start `{}`: {error}", board.qemu))?;
        Ok(Self {
            board,
            child,
            ports,
            console: console.to_owned(),
            started: Instant::now(),
        })
    }

    /// Cuts the power: the emulator is killed at once, wherever it is.
    pub(crate) fn cut_power(self) {
        // Dropping does it.
    }

    /// The device over HTTP.
    pub(crate) fn client(&self) -> Client {
        Client::new(local(self.ports.http))
    }

    /// Our end of the wire that it is on.
    pub(crate) fn wire(&self) -> Result<UdpSocket, String> {
        let (theirs, ours) = self.ports.wire.ok_or("the board was started without it")?;
        let socket = UdpSocket::bind(local(ours)).and_then(|socket| {
            socket.connect(local(theirs))?;
            Ok(socket)
        });
        socket.map_err(|error| format!("cannot join the board's network: {error}"))
    }

    /// Has its program hang for ever, with interrupts off; it must have been started with a debugger.
    pub(crate) fn hang(&self) -> Result<(), String> {
        let debugger = self.ports.debugger.map(local);
        let debugger = debugger.ok_or("the board was started without a debugger")?;
        gdb::hang(debugger, self.board)
    }

    /// Since it was started.
    pub(crate) fn age(&self) -> Duration {
        self.started.elapsed()
    }

    /// What it has printed so far, without colours.
    pub(crate) fn console(&self) -> Result<String, String> {
        let bytes = fs::read(&self.console).map_err(at(&self.console))?;
        Ok(plain(&String::from_utf8_lossy(&bytes)))
    }

    /// How often it has started: the ROM says so each time.
    pub(crate) fn boots(&self) -> Result<usize, String> {
        Ok(self.console()?.matches(ROM).count())
    }

    /// Fails unless the firmware has counted so many boots, one after the other: in memory that outlives a
    /// restart.
    pub(crate) fn expect_boots(&self, count: usize) -> Result<(), String> {
        let console = self.console()?;
        let counted: Vec<&str> = console
            .lines()
            .filter_map(|line| {
                line.split_once("boot ")?
                    .1
                    .strip_suffix(" since power came")
            })
            .collect();
        let expected: Vec<String> = (1..=count).map(|boot| boot.to_string()).collect();
        match counted == expected {
            true => Ok(()),
            false => Err(format!(
                "the boots are counted {counted:?}, not 1 to {count}"
            )),
        }
    }

    /// Waits until the console shows a text for the `count`th time.
    pub(crate) fn wait_console(
        &self,
        text: &str,
        count: usize,
        limit: Duration,
    ) -> Result<(), String> {
        let begin = Instant::now();
        while self.console()?.matches(text).count() < count {
            if begin.elapsed() > limit {
                let seconds = limit.as_secs();
                return Err(format!(
                    "the console did not show {text:?} {count} times in {seconds} s"
                ));
            }
            thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // On Unix this is SIGKILL. One that ended before leaves nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Without the escape sequences with which the firmware colours its log.
fn plain(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(part.split_once('m').map_or("", |(_, rest)| rest));
    }
    plain
}

/// Where what the emulator itself complains about goes.
fn complaints(console: &Path) -> PathBuf {
    console.with_extension("errors")
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// A port that nobody listens on just now.
fn free_tcp() -> Result<u16, String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let address = listener.and_then(|listener| listener.local_addr());
    Ok(address
        .map_err(|error| format!("no free port: {error}"))?
        .port())
}

fn two_free_udp() -> Result<(u16, u16), String> {
    let bind = || UdpSocket::bind((Ipv4Addr::LOCALHOST, 0));
    let ports = bind().and_then(|one| {
        let other = bind()?;
        Ok((one.local_addr()?.port(), other.local_addr()?.port()))
    });
    ports.map_err(|error| format!("no free port: {error}"))
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn colours_are_left_out() {
        let console = "ESP-ROM\n\x1b[32mINFO - checked in 3 ms\x1b[0m\n\x1b[3";
        assert_eq!(plain(console), "ESP-ROM\nINFO - checked in 3 ms\n");
        assert_eq!(plain("m and m"), "m and m");
    }
}

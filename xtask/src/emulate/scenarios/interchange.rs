//! The flash file of a board and that of the simulator are the same thing.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use crate::emulate::client::Client;
use crate::emulate::machine::Setup;
use crate::emulate::place::Place;
use crate::emulate::tools::Tools;

pub(super) fn interchange(place: &Place<'_>) -> Result<String, String> {
    let frontends = &place.bench.frontends;
    let tools = &place.bench.tools;
    let up = |client: &Client| client.wait("up", Duration::from_secs(60), |_| true);

    // Board, simulator, board.
    let flash = place.new_flash()?;
    let (machine, client, _) = place.boot(&flash, Setup::default())?;
    place.push(&client, &frontends.medium, &[])?;
    machine.cut_power();
    let simulator = Simulator::start(tools, &flash, &[])?;
    up(&simulator.client)?.expect(&frontends.medium, "settled")?;
    simulator.client.compare(&frontends.medium)?;
    place.push(&simulator.client, &frontends.full, &[])?;
    drop(simulator);
    let (machine, client, status) = place.boot(&flash, Setup::default())?;
    status.expect(&frontends.full, "settled")?;
    client.compare(&frontends.full)?;
    place.push(&client, &frontends.full_too, &[])?;
    client.compare(&frontends.full_too)?;
    machine.cut_power();

    // The simulator's own file, given a firmware, is a board's.
    let simulated = place.dir.join("simulated.bin");
    let image = frontends.small.path.display().to_string();
    let simulator = Simulator::start(tools, &simulated, &["--www", &image])?;
    up(&simulator.client)?;
    place.push(&simulator.client, &frontends.medium, &[])?;
    drop(simulator);
    let board = place.dir.join("board.bin");
    let mut make = tools.faceplate(&["flash-image", "--base"]);
    make.arg(&simulated).arg("--firmware").arg(&place.bench.elf);
    tools.run(make.arg("-o").arg(&board))?;
    let (_machine, client, status) = place.boot(&board, Setup::default())?;
    status.expect(&frontends.medium, "settled")?;
    client.compare(&frontends.medium)?;
    place.ask("rollback", &client)?;
    client.wait("back", Duration::from_secs(60), |now| {
        now.sha256() == frontends.small.sha256
    })?;
    client.compare(&frontends.small)?;
    Ok(String::new())
}

/// `faceplate sim`, until it is dropped.
struct Simulator {
    child: Child,
    client: Client,
}

impl Simulator {
    fn start(tools: &Tools, flash: &Path, more: &[&str]) -> Result<Self, String> {
        let failed = |error: std::io::Error| format!("faceplate sim: {error}");
        let mut sim = tools.faceplate(&["sim", "--listen", "127.0.0.1:0", "--reboot-ms", "100"]);
        sim.arg("--flash").arg(flash).args(more);
        let sim = sim.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = sim.spawn().map_err(failed)?;
        let stdout = child.stdout.take();
        // From here on it is ended when something fails.
        let mut simulator = Self {
            child,
            client: Client::new(SocketAddr::from(([127, 0, 0, 1], 0))),
        };
        let mut lines = BufReader::new(stdout.ok_or("faceplate sim has no output")?);
        // http://127.0.0.1:PORT/ serves …
        let mut line = String::new();
        lines.read_line(&mut line).map_err(failed)?;
        let address = line
            .strip_prefix("http://")
            .and_then(|rest| rest.split_once('/')?.0.parse().ok());
        let address = address.ok_or_else(|| format!("faceplate sim said {line:?}"))?;
        simulator.client = Client::new(address);
        // It goes on printing; a closed pipe would end it.
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        Ok(simulator)
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

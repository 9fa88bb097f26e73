//! `cargo xtask demo`: the example frontend on a simulated device.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use crate::cargo::{root, target_dir};
use crate::test::WASM;
use crate::{cli, setup, web};

/// The port that is tried first when none is asked for, and how many after it.
const FIRST_PORT: u16 = 8080;
const PORTS: u16 = 100;

pub(crate) fn demo(args: &[&str]) -> Result<ExitCode, String> {
    let port = match args {
        [] => free_port()?,
        ["--port", port] => port
            .parse()
            .map_err(|_| format!("--port {port}: not a port"))?,
        _ => return Err("usage: cargo xtask demo [--port N]".into()),
    };
    let image = frontend()?;
    let faceplate = cli::path();
    let place = target_dir().join("demo");
    std::fs::create_dir_all(&place).map_err(|error| format!("{}: {error}", place.display()))?;
    let device = place.join("device.bin");
    match std::fs::remove_file(&device) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(format!("{}: {error}", device.display()));
        }
        _ => {}
    }

    let shown = |path: &std::path::Path| {
        path.strip_prefix(root())
            .unwrap_or(path)
            .display()
            .to_string()
    };
    println!(
        "
The simulated device serves at   http://127.0.0.1:{port}/   until you press Ctrl-C.
Its flash is the file {device}; the next demo starts with a fresh one.

Try next, in another terminal:
  cd web/apps/provider
  1. change a word in src/Home.svelte, and the version in package.json
  2. DEVICE=127.0.0.1:{port} npm run deploy
The page then says the new version. Or `npm run build` alone, and choose the file www.bin on
http://127.0.0.1:{port}/#/update.
",
        device = shown(&device),
    );

    let mut sim = Command::new(&faceplate);
    sim.arg("sim")
        .arg("--flash")
        .arg(&device)
        .arg("--www")
        .arg(&image);
    sim.args(["--listen", &format!("127.0.0.1:{port}")]);
    become_it(sim)
}

/// Builds the example frontend, and the `faceplate` command; where the packed frontend is.
pub(crate) fn frontend() -> Result<PathBuf, String> {
    setup::target(WASM)?;
    if !web::node() {
        return Err(
            "the example frontend is built with Node 20.19 or newer and npm: https://nodejs.org"
                .into(),
        );
    }
    cli::build()?;
    web::install()?;
    web::build()?;
    Ok(root().join("web/apps/provider/www.bin"))
}

/// The first free port from [`FIRST_PORT`] on.
fn free_port() -> Result<u16, String> {
    (FIRST_PORT..FIRST_PORT + PORTS)
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .ok_or_else(|| format!("no free port from {FIRST_PORT} on: name one with --port"))
}

/// Replaces this process, so that what ends us ends the simulated device too.
#[cfg(unix)]
fn become_it(mut command: Command) -> Result<ExitCode, String> {
    let error = std::os::unix::process::CommandExt::exec(&mut command);
    Err(format!(
        "cannot start `{}`: {error}",
        crate::cargo::show(&command)
    ))
}

#[cfg(not(unix))]
fn become_it(mut command: Command) -> Result<ExitCode, String> {
    run(&mut command).map(|()| ExitCode::SUCCESS)
}

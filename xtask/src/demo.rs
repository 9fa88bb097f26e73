//! `cargo xtask demo`: the example frontend on a simulated device.

use std::net::TcpListener;
use std::process::{Command, ExitCode};

use crate::cargo::{cargo, root, run, target_dir};

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
    run(&mut cargo(&[
        "build",
        "--quiet",
        "--package",
        "faceplate-cli",
    ]))?;
    let faceplate = target_dir()
        .join("debug")
        .join(format!("faceplate{}", std::env::consts::EXE_SUFFIX));
    let place = target_dir().join("demo");
    std::fs::create_dir_all(&place).map_err(|error| format!("{}: {error}", place.display()))?;
    let (device, image) = (place.join("device.bin"), place.join("www.bin"));
    match std::fs::remove_file(&device) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(format!("{}: {error}", device.display()));
        }
        _ => {}
    }

    let mut pack = Command::new(&faceplate);
    pack.current_dir(root())
        .args(["pack", "web/apps/provider", "--app-version", "1", "-o"]);
    run(pack.arg(&image))?;

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
  1. change a word in web/apps/provider/index.html
  2. {faceplate} pack web/apps/provider --app-version 2 -o {image}
  3. {faceplate} push {image} 127.0.0.1:{port}
The page then says version 2. Or upload the image on http://127.0.0.1:{port}/update.html. To see
the device take a broken frontend back, delete app.js from a copy of that folder, and pack and push
the copy.
",
        device = shown(&device),
        faceplate = shown(&faceplate),
        image = shown(&image),
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

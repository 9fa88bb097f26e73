//! `cargo xtask demo`: the example frontend on a simulated device.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use crate::cargo::{command, root, run, target_dir};
use crate::test::WASM;
use crate::{cli, setup, web};

/// The port that is tried first when none is asked for, and how many after it.
const FIRST_PORT: u16 = 8080;
const PORTS: u16 = 100;

/// A frontend of the demo: the example with a picture of hills at a time of the day.
struct Face {
    image: &'static str,
    version: &'static str,
    time: &'static str,
    options: &'static [&'static str],
}

/// What the device runs at first. Its version is that of the example, so that one's own build of it
/// is not called older.
const RUNNING: Face = Face {
    image: "0-running.bin",
    version: "0.1.0",
    time: "morning",
    options: &[],
};
const GOOD: Face = Face {
    image: "1-good.bin",
    version: "0.2.0",
    time: "evening",
    options: &[],
};
const THROWS: Face = Face {
    image: "2-throws.bin",
    version: "0.3.0",
    time: "night",
    options: &["--throws"],
};
const FACES: [&Face; 3] = [&RUNNING, &GOOD, &THROWS];
/// A picture under the name of an image.
const NO_IMAGE: &str = "3-no-image.bin";

pub(crate) fn demo(args: &[&str]) -> Result<ExitCode, String> {
    let port = match args {
        [] => free_port()?,
        ["--port", port] => port
            .parse()
            .map_err(|_| format!("--port {port}: not a port"))?,
        _ => return Err("usage: cargo xtask demo [--port N]".into()),
    };
    let place = target_dir().join("demo");
    fs::create_dir_all(&place).map_err(|error| format!("{}: {error}", place.display()))?;
    frontend()?;
    for face in FACES {
        build(&place, face)?;
    }
    let no_image = place.join(NO_IMAGE);
    fs::copy(hills(&place, &RUNNING), &no_image)
        .map_err(|error| format!("{}: {error}", no_image.display()))?;
    let device = place.join("device.bin");
    match fs::remove_file(&device) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(format!("{}: {error}", device.display()));
        }
        _ => {}
    }
    println!("{}", what_to_try(&shown(&place), port));

    let mut sim = Command::new(cli::path());
    sim.arg("sim").arg("--flash").arg(&device);
    sim.arg("--www").arg(place.join(RUNNING.image));
    sim.args(["--listen", &format!("127.0.0.1:{port}")]);
    sim.args(["--flash-timing", "real", "--example"]);
    become_it(sim)
}

/// What to try, and what will happen then; `place` is the folder as one would type it.
fn what_to_try(place: &str, port: u16) -> String {
    format!(
        "
The simulated device serves a frontend of about 600 KiB at   http://127.0.0.1:{port}/
until you press Ctrl-C. Its flash takes the time that a real one takes.

Choose one of these files at   http://127.0.0.1:{port}/#/update

  {place}/{good}
      another version: evening comes over the hills, the new page says that it works,
      and the version before it is the way back
  {place}/{throws}
      a mistake in the first line of its script: the page says which, nobody confirms
      the new frontend, and the device goes back
  {place}/{NO_IMAGE}
      no frontend but a picture: refused before a byte is sent

The same from another terminal, where it ends when a browser has opened the new page, such as
the tab that you have open, and the page has confirmed itself:

  {faceplate} push {place}/{good} 127.0.0.1:{port}

Or your own change: edit web/apps/provider/src/Home.svelte, and in web/apps/provider

  DEVICE=127.0.0.1:{port} npm run deploy
",
        good = GOOD.image,
        throws = THROWS.image,
        faceplate = shown(&cli::path()),
    )
}

/// A path as one would type it in the root of the repository.
fn shown(path: &Path) -> String {
    let short = path.strip_prefix(root()).unwrap_or(path);
    short.display().to_string()
}

/// Builds one of the frontends from the example's sources and packs it, with a build id.
fn build(place: &Path, face: &Face) -> Result<(), String> {
    let dist = place.join(face.time).join("dist");
    let mut node = command("node", &["demo/build.js"]);
    node.current_dir(root().join("web/apps/provider"));
    node.arg(&dist).arg(face.time).args(face.options);
    run(&mut node)?;
    let mut pack = Command::new(cli::path());
    pack.arg("pack")
        .arg(&dist)
        .args(["--immutable", "assets/**"]);
    pack.arg("-o").arg(place.join(face.image));
    pack.args(["--stamp", "--app-version", face.version]);
    pack.stdout(Stdio::null()); // the lists of files would hide what there is to try
    run(&mut pack)
}

/// The picture that belongs to a frontend.
fn hills(place: &Path, face: &Face) -> PathBuf {
    let name = format!("hills-{}.png", face.time);
    place.join(face.time).join(name)
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

#[cfg(test)]
mod tests {
    use super::{FACES, RUNNING, what_to_try};
    use crate::cargo::root;

    #[test]
    fn the_demo_tells_of_each_file_and_of_the_address_in_lines_that_fit_a_terminal() {
        let text = what_to_try("target/demo", 8081);
        for named in [
            "target/demo/1-good.bin",
            "target/demo/2-throws.bin",
            "target/demo/3-no-image.bin",
            "http://127.0.0.1:8081/#/update",
        ] {
            assert!(text.contains(named), "{named}");
        }
        for line in text.lines() {
            assert!(line.chars().count() <= 100, "{line}");
        }
    }

    #[test]
    fn the_demo_starts_with_the_version_of_the_example() {
        let package = root().join("web/apps/provider/package.json");
        let package = std::fs::read_to_string(package).expect("the example");
        let version = format!("\"version\": \"{}\"", RUNNING.version);
        assert!(package.contains(&version), "{version}");
    }

    #[test]
    fn each_frontend_of_the_demo_is_another_one() {
        for (i, one) in FACES.iter().enumerate() {
            for other in &FACES[i + 1..] {
                assert!(one.image != other.image && one.version != other.version);
                assert!(one.time != other.time);
            }
        }
    }
}

//! The component for ESP-IDF, without ESP-IDF: its C and its library run on this machine, over small
//! stand-ins for the functions that they call.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::counted;
use super::report::Report;
use crate::cargo::{command, root, run, target_dir, works};
use crate::firmware::Chip;
use crate::tally::Tally;
use crate::{cli, setup, stack};

/// The chip whose code is measured.
pub(crate) const MEASURED: Chip = Chip::Esp32c3;

/// What every compilation of C is told.
const STRICT: [&str; 4] = ["-Wall", "-Wextra", "-Werror", "-pedantic"];

/// What watches the C, and the memory of both sides, while the tests run; where it is installed.
const SANITIZERS: &str = "-fsanitize=address,undefined";

/// Everything that is looked at.
pub(super) fn steps(report: &mut Report) {
    match setup::component("clippy", "clippy") {
        Ok(()) => {
            report.step("ESP-IDF component: clippy", |_| {
                run(library(&["clippy", "--release", "--quiet"]).args(["--", "-D", "warnings"]))
            });
        }
        Err(why) => report.skip("ESP-IDF component: clippy", &why),
    }
    let name = "ESP-IDF component: its C API, over stand-ins";
    match no_compiler() {
        None => _ = report.step(name, test),
        Some(why) => report.skip(name, &why),
    }
    for chip in [Chip::Esp32c3, Chip::Esp32c6] {
        let name = format!("ESP-IDF component: library for {}", chip.name());
        match setup::target(chip.target()) {
            Ok(()) => _ = report.step(&name, |_| archive(Some(chip)).map(|_| ())),
            Err(why) => report.skip(&name, &why),
        }
    }
    let name = "ESP-IDF component: its stack";
    match setup::target(MEASURED.target()) {
        Ok(()) => _ = report.step(name, |_| stack::bounds(&archive(Some(MEASURED))?)),
        Err(why) => report.skip(name, &why),
    }
}

/// A cargo in the workspace of the library.
pub(crate) fn library(args: &[&str]) -> Command {
    let mut cargo = crate::cargo::cargo(args);
    // Flags for other programs do not fit this one.
    cargo
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    cargo.env("CARGO_TARGET_DIR", target_dir().join("component"));
    cargo.current_dir(folder().join("rust"));
    cargo
}

fn folder() -> PathBuf {
    root().join("components").join("faceplate")
}

/// Builds the library, for a chip or for this machine.
pub(crate) fn archive(chip: Option<Chip>) -> Result<PathBuf, String> {
    let mut build = library(&["build", "--release", "--quiet"]);
    let mut made = target_dir().join("component");
    if let Some(chip) = chip {
        build.args(["--target", chip.target()]);
        made = made.join(chip.target());
    }
    run(&mut build)?;
    Ok(made.join("release").join("libfaceplate_idf.a"))
}

/// What is missing to compile C and C++, if something is.
fn no_compiler() -> Option<String> {
    if !cfg!(target_os = "linux") {
        return Some("the stand-ins use what Linux has".into());
    }
    ["gcc", "g++"]
        .into_iter()
        .find(|compiler| !works(compiler, &["--version"]))
        .map(|compiler| format!("there is no {compiler}"))
}

fn test(tests: &mut Tally) -> Result<(), String> {
    let made = target_dir().join("component").join("tests");
    fs::create_dir_all(&made).map_err(|error| format!("{}: {error}", made.display()))?;
    let images = images(&made)?;
    let here = folder();
    let sources = here.join("test");
    for standard in ["-std=c++11", "-std=gnu++20"] {
        let mut header = compiler("g++", standard);
        run(header.arg("-fsyntax-only").arg(sources.join("cpp.cpp")))?;
    }
    let program = made.join("tests");
    let mut compile = compiler("gcc", "-std=c11");
    // POSIX, for the stand-ins.
    compile.args(["-D_DEFAULT_SOURCE", "-g"]);
    if sanitizers(&made)? {
        compile.arg(SANITIZERS);
    } else {
        println!("gcc has no sanitizers here: without them");
    }
    compile.arg(here.join("src").join("faceplate.c"));
    for folder in [&sources, &sources.join("idf")] {
        compile.args(c_files(folder)?);
    }
    compile.arg(archive(None)?).arg("-pthread");
    run(compile.arg("-o").arg(&program))?;
    let mut tests_of_c = Command::new(&program);
    tests_of_c.args(images);
    counted(tests_of_c, tests, Tally::from_result_line)
}

/// A compiler that finds the headers of the component, and those that stand in for ESP-IDF's.
fn compiler(program: &str, standard: &str) -> Command {
    let mut compiler = command(program, &[standard]);
    compiler.args(STRICT);
    for include in ["include", "src", "test", "test/idf"] {
        compiler.arg("-I").arg(folder().join(include));
    }
    compiler
}

/// Whether the compiler brings the sanitizers' libraries.
fn sanitizers(made: &Path) -> Result<bool, String> {
    let source = made.join("nothing.c");
    write(&source, b"int main(void) { return 0; }\n")?;
    let program = made.join("nothing");
    let mut compile = command("gcc", &[SANITIZERS]);
    compile.arg(source).arg("-o").arg(program);
    Ok(compile.output().is_ok_and(|output| output.status.success()))
}

fn c_files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let cannot = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        if path.extension() == Some(OsStr::new("c")) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Two builds of a frontend, of the versions `1` and `2`.
fn images(made: &Path) -> Result<[PathBuf; 2], String> {
    cli::build()?;
    // What the tests look for in it.
    let data: Vec<u8> = (0..10_000_u32).map(|at| (at * 7) as u8).collect();
    let image = |version: &str| {
        let dist = made.join(format!("dist-{version}"));
        let folder = dist.join("folder");
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let page = format!("<!doctype html><title>Version {version}</title>\n");
        write(&dist.join("index.html"), page.as_bytes())?;
        let text = format!("version {version}");
        write(&dist.join("version.txt"), text.as_bytes())?;
        write(&folder.join("data.bin"), &data)?;
        let path = made.join(format!("{version}.bin"));
        let mut pack = Command::new(cli::path());
        pack.args([
            "pack",
            "--stamp",
            "--size",
            "64KiB",
            "--app-version",
            version,
        ]);
        run(pack.arg(dist).arg("-o").arg(&path))?;
        Ok::<PathBuf, String>(path)
    };
    Ok([image("1")?, image("2")?])
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()))
}

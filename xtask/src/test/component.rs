//! The component for ESP-IDF, without ESP-IDF: its C and its library run on this machine, over small
//! stand-ins for the functions that they call.

mod c;
mod contract;
mod guide;
mod suite;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use self::c::{Idf, Program, Sanitizers};
use self::suite::Door;
use super::counted;
use super::report::Report;
use crate::cargo::{command, root, run, target_dir, works};
use crate::component::{TARGETS, Target, Variant, built, make, sha256};
use crate::emulate::tools::{at, fresh_folder};
use crate::firmware::Chip;
use crate::tally::Tally;
use crate::{browser, cli, setup, stack, web};

/// What is built for chips, as a part of the tests.
pub(super) const LIBRARIES: &str = "libraries";

/// The chip whose code is measured.
pub(crate) const MEASURED: Chip = Chip::Esp32c3;

/// Chips that the library is built for here.
const BUILT_FOR: [Chip; 2] = [MEASURED, Chip::Esp32c6];

/// Everything that is looked at.
pub(super) fn steps(report: &mut Report) {
    // Rustup is asked by one process at a time: what it brings is here before there are two.
    _ = setup::component("clippy", "clippy");
    let targets = BUILT_FOR.map(|chip| setup::target(chip.target()).is_ok());
    // Nearly all of the rest waits: for devices that run, and for times to be over.
    let beside = targets[0] && report.begin_beside(LIBRARIES).is_ok();
    if !beside {
        libraries(report);
    }
    match setup::component("clippy", "clippy") {
        Ok(()) => {
            report.step("ESP-IDF component: clippy", |_| {
                for variant in [Variant::Plain, Variant::Password] {
                    let mut clippy = library(&["clippy", "--release", "--quiet"]);
                    clippy.args(variant.features());
                    run(clippy.args(["--", "-D", "warnings"]))?;
                }
                Ok(())
            });
        }
        Err(why) => report.skip("ESP-IDF component: clippy", &why),
    }
    let (plain, password) = (Variant::Plain, Variant::Password);
    for (name, idf, sanitizers, variant) in [
        ("as ESP-IDF 6", Idf::V6, Sanitizers::Memory, plain),
        (
            "as ESP-IDF 5, with a password",
            Idf::V5,
            Sanitizers::Memory,
            password,
        ),
        ("its threads", Idf::V6, Sanitizers::Threads, password),
    ] {
        let name = format!("ESP-IDF component: C, over stand-ins, {name}");
        match no_compiler() {
            None => _ = report.step(&name, |tests| test(tests, idf, sanitizers, variant)),
            Some(why) => report.skip(&name, &why),
        }
    }
    let (memory, threads) = (Sanitizers::Memory, Sanitizers::Threads);
    for (name, idf, door, sanitizers) in [
        (
            "behind esp_http_server of ESP-IDF 6",
            Idf::V6,
            Door::Httpd,
            memory,
        ),
        ("behind that of ESP-IDF 5", Idf::V5, Door::Httpd, memory),
        ("on a port of its own", Idf::V6, Door::OwnPort, memory),
        ("its threads", Idf::V6, Door::Httpd, threads),
    ] {
        let name = format!("ESP-IDF component: HTTP suite, {name}");
        match no_compiler() {
            None => _ = report.step(&name, |tests| suite::run(tests, idf, door, sanitizers)),
            Some(why) => report.skip(&name, &why),
        }
    }
    for (name, idf, door, sanitizers) in [
        (
            "behind esp_http_server of ESP-IDF 5",
            Idf::V5,
            Door::Httpd,
            memory,
        ),
        (
            "on a port of its own, its threads",
            Idf::V6,
            Door::OwnPort,
            threads,
        ),
    ] {
        let name = format!("ESP-IDF component: who knows its password, {name}");
        match no_compiler() {
            None => _ = report.step(&name, |tests| suite::log_in(tests, idf, door, sanitizers)),
            Some(why) => report.skip(&name, &why),
        }
    }
    for (name, door) in [
        ("behind esp_http_server", Door::Httpd),
        ("on a port of its own", Door::OwnPort),
    ] {
        let name = format!("ESP-IDF component: the HTTP contract, {name}");
        match no_compiler() {
            None => _ = report.step(&name, |tests| contract::run(tests, door)),
            Some(why) => report.skip(&name, &why),
        }
    }
    if beside {
        report.end_beside();
    }
}

/// What is built for chips, and looked at.
pub(super) fn libraries(report: &mut Report) {
    let (plain, password) = (Variant::Plain, Variant::Password);
    for chip in BUILT_FOR {
        let name = format!("ESP-IDF component: library for {}", chip.name());
        match setup::target(chip.target()) {
            Ok(()) => _ = report.step(&name, |_| built(chip, plain).map(|_| ())),
            Err(why) => report.skip(&name, &why),
        }
    }
    for (name, variant) in [
        ("ESP-IDF component: its stack", plain),
        ("ESP-IDF component: its stack, with a password", password),
    ] {
        match setup::target(MEASURED.target()) {
            Ok(()) => {
                report.step(name, |tests| {
                    tests.passed += stack::bounds(&built(MEASURED, variant)?, variant)?;
                    Ok(())
                });
            }
            Err(why) => report.skip(name, &why),
        }
    }
    let name = "ESP-IDF component: its CMakeLists.txt";
    match works("cmake", &["--version"]) {
        true => _ = report.step(name, |_| configures()),
        false => report.skip(name, "there is no cmake"),
    }
    let target = &TARGETS[0];
    let name = "ESP-IDF component: the same prebuilt library from another folder";
    match target.missing() {
        None => _ = report.step(name, |_| same_from_elsewhere(target)),
        Some(why) => report.skip(name, &why),
    }
}

/// Each chip gets its library, and those without one get no error.
fn configures() -> Result<(), String> {
    let mut cmake = command("cmake", &["-P"]);
    cmake.arg(folder().join("test/cmake/component.cmake"));
    run(cmake.current_dir(made()?))
}

/// The library that is given to others does not tell where it was built.
fn same_from_elsewhere(target: &Target) -> Result<(), String> {
    let elsewhere = target_dir().join("component").join("elsewhere");
    fresh_folder(&elsewhere)?;
    for part in [
        "Cargo.toml",
        "crates",
        "components",
        "web/login",
        "web/recovery",
    ] {
        let to = elsewhere.join(part);
        let folder = to.parent().unwrap_or(&elsewhere);
        fs::create_dir_all(folder).map_err(at(folder))?;
        let mut copy = command("cp", &["-R"]);
        run(copy.arg(root().join(part)).arg(&to))?;
    }
    // The one with everything in it.
    let here = make(target, Variant::Password, root())?;
    let there = make(target, Variant::Password, &elsewhere)?;
    println!("{} {} bytes", sha256(&here), here.len());
    match here == there {
        true => Ok(()),
        false => Err(format!(
            "from {} it has {} bytes, {}",
            elsewhere.display(),
            there.len(),
            sha256(&there)
        )),
    }
}

/// The main flows in a browser: specs of `web/e2e/tests`.
const FLOWS: [&str; 11] = [
    "broken-build",
    "foreign-pages",
    "hidden-frame",
    "lost-connection",
    "power-cut",
    "push",
    "recovery",
    "refusals",
    "rollback",
    "update",
    "wrong-files",
];

/// Updates through the Update page, with a device of the component in place of the simulated one.
pub(super) fn in_a_browser(report: &mut Report) {
    let name = "ESP-IDF component: updates in a browser";
    if let Some(why) = no_compiler() {
        return report.skip(name, &why);
    }
    report.step(name, |tests| {
        let browser = browser::find_or_install()?;
        let mut test = web::npm(&["run", "e2e", "--workspace", "faceplate-e2e", "--"]);
        // Parts of the names of files.
        test.args(FLOWS.map(|flow| format!("/{flow}.spec")));
        if let browser::Browser::At(path) = browser {
            test.env("CHROMIUM", path);
        }
        test.env(
            "FACEPLATE_DEVICE",
            suite::device(Idf::V5, Sanitizers::Memory, Variant::Plain)?,
        );
        counted(test, tests, Tally::from_playwright_line)
    });
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

/// Builds the library for this machine. The next one that is built for it takes its place.
fn archive(variant: Variant) -> Result<PathBuf, String> {
    let mut build = library(&["build", "--release", "--quiet"]);
    run(build.args(variant.features()))?;
    let made = target_dir().join("component");
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

/// The tests of C.
fn test(tests: &mut Tally, idf: Idf, wanted: Sanitizers, variant: Variant) -> Result<(), String> {
    let made = made()?;
    let sanitizers = c::installed(wanted, &made)?;
    if sanitizers.is_none() {
        println!("gcc has no sanitizers here: without them");
    }
    c::check_header()?;
    guide::check(tests, &made)?;
    let program = made.join("tests");
    let of = Program {
        sources: &["."],
        idf,
        sanitizers,
        variant,
        flags: &[],
    };
    of.build(&archive(variant)?, &program)?;
    let mut tests_of_c = Command::new(&program);
    tests_of_c.args(images(&made)?);
    // Each boot is a process that ends at once: a second's wait at the end of each finds nothing more.
    tests_of_c.env("TSAN_OPTIONS", "atexit_sleep_ms=0");
    counted(tests_of_c, tests, Tally::from_result_line)
}

/// Where the programs and what they need are put.
fn made() -> Result<PathBuf, String> {
    let made = target_dir().join("component").join("tests");
    fs::create_dir_all(&made).map_err(|error| format!("{}: {error}", made.display()))?;
    Ok(made)
}

/// The private key of RFC 8032, 7.1, test 1; the C knows the public one.
const KEY: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----
";

/// Two builds of a frontend, of the versions `1` and `2`, signed, and of sequences that grow.
fn images(made: &Path) -> Result<[PathBuf; 2], String> {
    suite::command_line()?;
    // What the tests look for in it.
    let data: Vec<u8> = (0..10_000_u32).map(|at| (at * 7) as u8).collect();
    let key = made.join("key.pem");
    write(&key, KEY.as_bytes())?;
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
            "--sequence",
            version,
            "--sign",
        ]);
        pack.arg(&key);
        run(pack.arg(dist).arg("-o").arg(&path))?;
        Ok::<PathBuf, String>(path)
    };
    Ok([image("1")?, image("2")?])
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()))
}

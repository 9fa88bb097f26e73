//! `cargo xtask test`: every check of the repository, counted.
//!
//! Many tests wait: for a device, a time to be over, a browser. The checks that only compute run
//! beside them.

mod beside;
pub(crate) mod component;
mod report;

use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};

use crate::cargo::{cargo, run, show};
use crate::firmware::{self, Build, Chip};
use crate::partitions::Layout;
use crate::tally::Tally;
use crate::{browser, emulate, engines, idf, lint, nginx, setup, web};
use component::LIBRARIES;
use report::Report;

/// Where the packer of the Vite plugin runs: Node and the browser.
pub(crate) const WASM: &str = "wasm32-unknown-unknown";

/// The part that computes, as the command line names it.
const BUILDS: &str = "builds";

/// The part of that which is about ESP-IDF.
const COMPONENT: &str = "component";

/// The command line: `[builds|component|libraries]`.
pub(crate) fn test(args: &[&str]) -> Result<ExitCode, String> {
    let mut report = Report::default();
    match args {
        [] => all(&mut report)?,
        [BUILDS] => builds(&mut report)?,
        [COMPONENT] => component::steps(&mut report),
        [LIBRARIES] => component::libraries(&mut report),
        _ => {
            return Err(format!(
                "usage: cargo xtask test [{BUILDS}|{COMPONENT}|{LIBRARIES}]"
            ));
        }
    }
    Ok(report.close())
}

fn all(report: &mut Report) -> Result<(), String> {
    report.step("what the tests need", |_| {
        setup::prepare()?;
        rust_parts();
        Ok(())
    });
    report.begin_beside(BUILDS)?;
    match setup::component("rustfmt", "fmt") {
        Ok(()) => {
            report.step("format", |_| lint::format());
        }
        Err(why) => report.skip("format", &why),
    }
    let simulator = rust(report);
    web(report, simulator);
    report.end_beside();
    // It keeps both cores busy, and browsers beside it would wait.
    component::steps(report);
    // It builds a firmware of its own and the command with fewer features: beside nothing else.
    for board in &emulate::BOARDS {
        let name = format!(
            "firmware: its whole job in an emulated {}",
            board.chip.name()
        );
        let options = emulate::Options::default();
        match emulate::missing(board, &options) {
            None => {
                report.step(&name, |tests| emulate::play(board, &options, tests));
            }
            Some(why) => report.skip(&name, &why),
        }
    }
    let name = "ESP-IDF component: its example, built by ESP-IDF, on this computer";
    match idf::missing() {
        None => {
            report.step(name, |tests| idf::all(&idf::Options::default(), tests));
        }
        Some(why) => report.skip(name, &why),
    }
    Ok(())
}

/// Has rustup bring what it can: not beside anything, as two of it do not know of each other. What
/// is missing then is said by the step that needs it.
fn rust_parts() {
    for (name, check) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        _ = setup::component(name, check);
    }
    for target in [WASM, Chip::Esp32c3.target(), Chip::Esp32c6.target()] {
        _ = setup::target(target);
    }
    _ = firmware::upstream::prepare();
}

/// The tests in Rust; whether what they need was compiled, the simulated device among it.
fn rust(report: &mut Report) -> bool {
    let test = ["test", "--workspace", "--all-features"];
    let built = report.step("tests: compile", |_| run(cargo(&test).arg("--no-run")));
    if !built {
        return false;
    }
    report.step("tests", |tests| {
        let mut command = cargo(&test);
        // Tests print what they counted: power cuts, mutations, bytes.
        command.args(["--no-fail-fast", "--", "--show-output"]);
        // Many of them wait, for a device or a time to be over: more at once than there are cores.
        command.env("RUST_TEST_THREADS", "8");
        counted(command, tests, Tally::from_result_line)
    });
    true
}

/// What takes the processor and waits for nothing. First what has folders of its own to build in:
/// cargo lets nobody else into the one where it compiles the tests.
fn builds(report: &mut Report) -> Result<(), String> {
    firmware(report);
    for target in crate::fuzz::targets()? {
        report.step(&format!("corpus of the fuzz target {target}"), |_| {
            crate::fuzz::replay(&target)
        });
    }
    match setup::component("clippy", "clippy") {
        Ok(()) => {
            report.step("clippy", |_| lint::clippy());
            report.step("the HTTP app without JSON", |_| lint::without_json());
        }
        Err(why) => report.skip("clippy", &why),
    }
    report.step("documentation of the code", |_| {
        run(cargo(&[
            "doc",
            "--workspace",
            "--all-features",
            "--no-deps",
            "--quiet",
        ])
        .env("RUSTDOCFLAGS", "-D warnings"))
    });
    Ok(())
}

/// The chip's side. Its builds are also what shows that the core and the HTTP app need no `std`.
fn firmware(report: &mut Report) {
    report.step("firmware: network tests on this machine", |tests| {
        let test = &["test", "--package", "faceplate-network", "--no-fail-fast"];
        counted(firmware::cargo(None, test), tests, Tally::from_result_line)
    });
    // The same sources but for a few lines: looking at one chip's is enough.
    match setup::component("clippy", "clippy").and_then(|()| setup::target(Chip::Esp32c3.target()))
    {
        Ok(()) => {
            report.step("firmware: clippy", firmware_lint);
        }
        Err(why) => report.skip("firmware: clippy", &why),
    }
    for chip in [Chip::Esp32c3, Chip::Esp32c6] {
        match setup::target(chip.target()) {
            Ok(()) => firmware_size(report, chip),
            Err(why) => report.skip(&size_step(chip), &why),
        }
    }
    let chip = Chip::Esp32s3;
    match firmware::cannot_link() {
        None => firmware_size(report, chip),
        Some(why) => {
            report.skip(&size_step(chip), &why);
            let name = "firmware: compile for esp32s3, without linking";
            match firmware::upstream::prepare() {
                Ok(()) => {
                    report.step(name, |_| {
                        firmware::upstream::compile(&Build::new(chip, Layout::usual()?))
                    });
                }
                Err(why) => report.skip(name, &why),
            }
        }
    }
}

fn size_step(chip: Chip) -> String {
    format!("firmware: build and size for {}", chip.name())
}

fn firmware_size(report: &mut Report, chip: Chip) {
    report.step(&size_step(chip), |_| {
        let what = Build::new(chip, Layout::usual()?);
        firmware::check_size(&what, &firmware::build(&what)?)
    });
}

fn firmware_lint(_: &mut Tally) -> Result<(), String> {
    let network = ["clippy", "--package", "faceplate-network", "--all-targets"];
    run(firmware::cargo(None, &network).args(["--quiet", "--", "-D", "warnings"]))?;
    let chip = Chip::Esp32c3;
    // Optimized as the build is, to share what it compiles for this machine: macros, build scripts.
    let mut clippy = firmware::cargo(None, &["clippy", "--workspace", "--release", "--quiet"]);
    clippy.args(["--target", chip.target(), "--features", chip.name()]);
    clippy.args(["--features", "wired", "--", "-D", "warnings"]);
    // The example has its network's name and password from the environment of its build.
    run(clippy.env("SSID", "name").env("PASSWORD", "password"))
}

/// The frontend's packages and pages, in Node and in a browser.
fn web(report: &mut Report, simulator: bool) {
    if let Err(why) = setup::target(WASM) {
        // The packer of the Vite plugin is built for it, and everything else with the plugin.
        return report.skip("everything under web/", &why);
    }
    let mut built = report.step("web: install", |_| web::install());
    built = built && report.step("web: build", |_| web::build());
    if !built {
        return;
    }
    report.step("web: format and lint", |_| {
        run(&mut web::npm(&["run", "lint"]))
    });
    report.step("web: types", |_| run(&mut web::npm(&["run", "check"])));
    if !simulator {
        return report.skip("web: its tests", "the simulated device was not compiled");
    }
    report.step("web: unit tests", |tests| {
        counted(web::npm(&["test"]), tests, Tally::from_vitest_line)
    });
    report.step("web: the packages in a stranger's project", |tests| {
        let test = &["run", "test:pack", "--workspace", "vite-plugin-faceplate"];
        counted(web::npm(test), tests, Tally::from_vitest_line)
    });
    let nginx = nginx::find_or_unpack();
    if let Err(why) = &nginx {
        report.skip("web: behind a reverse proxy, nginx", why);
    }
    // Without them the browser tests skip what they would build.
    report.step(
        "web: install Angular, Astro, React, Vue and SvelteKit",
        |_| web::install_builds(),
    );
    report.step("web: end to end in a browser", |tests| {
        let browser = browser::find_or_install()?;
        let mut test = web::npm(&["run", "e2e", "--workspace", "faceplate-e2e"]);
        if let browser::Browser::At(path) = browser {
            test.env("CHROMIUM", path);
        }
        match &nginx {
            Ok(Some(path)) => _ = test.env("NGINX", path),
            Ok(None) => {}
            // What was skipped is not tried all the same.
            Err(_) => _ = test.env("NGINX", ""),
        }
        counted(test, tests, Tally::from_playwright_line)
    });
    component::in_a_browser(report);
    web_engines(report);
}

/// The main flows once more, in each engine that is here.
fn web_engines(report: &mut Report) {
    let engines = engines::find_or_install();
    for (engine, why) in &engines.missing {
        report.skip(&format!("web: the main flows in {engine}"), why);
    }
    if engines.there.is_empty() {
        return;
    }
    let name = format!("web: the main flows in {}", engines.there.join(" and "));
    report.step(&name, |tests| {
        let mut test = web::npm(&["run", "engines", "--workspace", "faceplate-e2e", "--"]);
        for engine in &engines.there {
            test.arg(format!("--project={engine}"));
        }
        if let Some(driver) = &engines.geckodriver {
            test.env("GECKODRIVER", driver);
        }
        counted(test, tests, Tally::from_playwright_line)
    });
}

/// Runs a command that tests, passing on its output and adding its results to the tally; `read`
/// finds the results in a line.
fn counted(
    mut command: Command,
    tests: &mut Tally,
    read: fn(&str) -> Option<Tally>,
) -> Result<(), String> {
    let shown = show(&command);
    let cannot = |error: std::io::Error| format!("cannot run `{shown}`: {error}");
    let mut child = command
        .stdout(Stdio::piped())
        .stdin(Stdio::null())
        .spawn()
        .map_err(cannot)?;
    let mut counted = Tally::default();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n') {
            let line = line.map_err(cannot)?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            if let Some(result) = read(&line) {
                counted.add(result);
            }
        }
    }
    let status = child.wait().map_err(cannot)?;
    tests.add(counted);
    if counted.ran() == 0 {
        return Err("no test ran".into());
    }
    if status.success() {
        Ok(())
    } else {
        Err(format!("`{shown}`: {status}"))
    }
}

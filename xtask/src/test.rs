//! `cargo xtask test`: every check of the repository, counted.

use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use crate::cargo::{cargo, run, show};
use crate::tally::Tally;
use crate::{browser, cli, setup, web};

/// What must build without `std`: the target, and what cargo is told to build for it.
const NO_STD: &[(&str, &[&str])] = &[
    // ESP32-C3, ESP32-C6
    ("riscv32imc-unknown-none-elf", DEVICE),
    ("riscv32imc-unknown-none-elf", DEVICE_NVS),
    ("riscv32imac-unknown-none-elf", DEVICE),
    ("riscv32imac-unknown-none-elf", DEVICE_NVS),
];
/// Where the packer of the Vite plugin runs: Node and the browser.
pub(crate) const WASM: &str = "wasm32-unknown-unknown";
const DEVICE: &[&str] = &[
    "-p",
    "littlefs-image",
    "-p",
    "faceplate",
    "-p",
    "faceplate-http",
];
const DEVICE_NVS: &[&str] = &["-p", "faceplate", "--features", "esp-nvs"];

/// What happened so far.
#[derive(Default)]
struct Report {
    steps: Tally,
    tests: Tally,
    /// One line for each step that did not pass.
    remarks: Vec<String>,
}

impl Report {
    /// Runs one step, shows how long it took, and notes what came of it.
    fn step(&mut self, name: &str, work: impl FnOnce(&mut Tally) -> Result<(), String>) -> bool {
        println!("\n== {name}");
        let start = Instant::now();
        let done = work(&mut self.tests);
        let seconds = start.elapsed().as_secs_f32();
        match &done {
            Ok(()) => {
                println!("== {name}: passed in {seconds:.1} s");
                self.steps.passed += 1;
            }
            Err(why) => {
                println!("== {name}: FAILED after {seconds:.1} s: {why}");
                self.steps.failed += 1;
                self.remarks.push(format!("FAILED {name}: {why}"));
            }
        }
        done.is_ok()
    }

    /// Notes a step that this machine cannot run.
    fn skip(&mut self, name: &str, why: &str) {
        println!("\n== {name}: SKIPPED: {why}");
        self.steps.skipped += 1;
        self.remarks.push(format!("SKIPPED {name}: {why}"));
    }

    /// Prints what went wrong and the closing line.
    fn close(self) -> ExitCode {
        println!();
        for remark in &self.remarks {
            println!("{remark}");
        }
        let mut all = self.steps;
        all.add(self.tests);
        let good = all.failed == 0 && self.tests.ran() > 0;
        if self.tests.ran() == 0 {
            println!("FAILED: no test ran");
        }
        println!("{} steps, {} tests", self.steps.ran(), self.tests.ran());
        println!("{all}");
        if good {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

pub(crate) fn test() -> Result<ExitCode, String> {
    let mut report = Report::default();
    report.step("what the tests need", |_| setup::prepare());
    format(&mut report);
    report.step("tests", |tests| {
        let mut command = cargo(&["test", "--workspace", "--all-features", "--no-fail-fast"]);
        // Tests print what they counted: power cuts, mutations, bytes.
        command.args(["--", "--show-output"]);
        counted(command, tests, Tally::from_result_line)
    });
    lint(&mut report);
    for target in crate::fuzz::targets()? {
        report.step(&format!("corpus of the fuzz target {target}"), |_| {
            crate::fuzz::replay(&target)
        });
    }
    no_std(&mut report);
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
    web(&mut report);
    Ok(report.close())
}

fn format(report: &mut Report) {
    match setup::component("rustfmt", "fmt") {
        Ok(()) => {
            report.step("format", |_| {
                run(&mut cargo(&["fmt", "--all", "--", "--check"]))?;
                // The fuzz targets are a workspace of their own.
                run(&mut cargo(&[
                    "fmt",
                    "--manifest-path",
                    "fuzz/Cargo.toml",
                    "--",
                    "--check",
                ]))
            });
        }
        Err(why) => report.skip("format", &why),
    }
}

fn lint(report: &mut Report) {
    let mut clippy = cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--quiet",
    ]);
    clippy.args(["--", "-D", "warnings"]);
    match setup::component("clippy", "clippy") {
        Ok(()) => {
            report.step("clippy", |_| run(&mut clippy));
        }
        Err(why) => report.skip("clippy", &why),
    }
}

fn no_std(report: &mut Report) {
    for (triple, packages) in NO_STD {
        let name = format!("build for {triple}: {}", packages.join(" "));
        match setup::target(triple) {
            Ok(()) => {
                let mut build = cargo(&["build", "--quiet", "--target", triple]);
                report.step(&name, |_| run(build.args(*packages)));
            }
            Err(why) => report.skip(&name, &why),
        }
    }
}

/// The frontend's packages and pages, in Node and in a browser.
fn web(report: &mut Report) {
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
    let simulator = report.step("web: the simulated device", |_| cli::build());
    if !simulator {
        return;
    }
    report.step("web: unit tests", |tests| {
        counted(web::npm(&["test"]), tests, Tally::from_vitest_line)
    });
    report.step("web: the packages in a stranger's project", |tests| {
        let test = &["run", "test:pack", "--workspace", "vite-plugin-faceplate"];
        counted(web::npm(test), tests, Tally::from_vitest_line)
    });
    report.step("web: end to end in a browser", |tests| {
        let browser = browser::find_or_install()?;
        let mut test = web::npm(&["run", "e2e", "--workspace", "faceplate-e2e"]);
        if let browser::Browser::At(path) = browser {
            test.env("CHROMIUM", path);
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

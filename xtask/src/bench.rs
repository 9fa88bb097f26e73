//! `cargo xtask bench`: what updates and serving cost, counted; nothing here depends on a clock.

use std::path::Path;
use std::process::{Command, ExitCode};

use crate::cargo::{cargo, command, root, run, target_dir, works};

/// Rounds of serving whose instructions are compared: the difference leaves out start and boot.
const ROUNDS: [u32; 2] = [1, 3];

pub(crate) fn bench() -> Result<ExitCode, String> {
    let example = [
        "--release",
        "--package",
        "faceplate-sim",
        "--example",
        "bench",
    ];
    run(cargo(&["build", "--quiet"]).args(example))?;
    let program = target_dir()
        .join("release/examples")
        .join(executable("bench"));
    let kept = run(Command::new(&program).current_dir(root()));
    if let Err(why) = &kept {
        eprintln!("{why}");
    }
    match instructions_per_byte(&program) {
        Ok(line) => println!("instructions per byte served                   {line}"),
        Err(why) => println!("instructions per byte served                   SKIPPED: {why}"),
    }
    Ok(if kept.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn executable(name: &str) -> String {
    format!("{name}{}", std::env::consts::EXE_SUFFIX)
}

/// Counts with whichever tool is there.
fn instructions_per_byte(program: &Path) -> Result<String, String> {
    type Count = fn(&Path, &str) -> Result<(u64, u64), String>;
    let (tool, count): (&str, Count) = if works("valgrind", &["--version"]) {
        ("valgrind", callgrind)
    } else if works("perf", &["stat", "-e", "instructions:u", "true"]) {
        ("perf", perf)
    } else {
        return Err("neither valgrind nor a perf that may count is here".into());
    };
    let [few, many] = ROUNDS.map(|rounds| count(program, &rounds.to_string()));
    let ((few, few_bytes), (many, many_bytes)) = (few?, many?);
    let (instructions, bytes) = (
        many.saturating_sub(few),
        many_bytes.saturating_sub(few_bytes),
    );
    if bytes == 0 {
        return Err("nothing was served".into());
    }
    Ok(format!(
        "{:.2} ({tool}, this machine's)",
        instructions as f64 / bytes as f64
    ))
}

/// Instructions and bytes served, by valgrind's callgrind.
fn callgrind(program: &Path, rounds: &str) -> Result<(u64, u64), String> {
    let mut valgrind = command(
        "valgrind",
        &["--tool=callgrind", "--callgrind-out-file=/dev/null"],
    );
    let (bytes, log) = measured(valgrind.arg(program).args(["serve", rounds]))?;
    // ==123== Collected : 456
    let count = log
        .lines()
        .find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok());
    Ok((count.ok_or("valgrind printed no count")?, bytes))
}

/// Instructions and bytes served, by the processor's own counter.
fn perf(program: &Path, rounds: &str) -> Result<(u64, u64), String> {
    let mut perf = command("perf", &["stat", "-x", ",", "-e", "instructions:u"]);
    let (bytes, log) = measured(perf.arg(program).args(["serve", rounds]))?;
    // 456,,instructions:u,…
    let count = log.lines().find(|line| line.contains("instructions"));
    let count = count.and_then(|line| line.split(',').next()?.parse().ok());
    Ok((count.ok_or("perf printed no count")?, bytes))
}

/// Runs a counter on the bench: the bytes that it served, and what the counter said.
fn measured(command: &mut Command) -> Result<(u64, String), String> {
    let shown = crate::cargo::show(command);
    let output = command
        .output()
        .map_err(|error| format!("cannot start `{shown}`: {error}"))?;
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        let last = log.lines().last().unwrap_or_default();
        return Err(format!("`{shown}` failed: {}: {last}", output.status));
    }
    let bytes = String::from_utf8_lossy(&output.stdout).trim().parse();
    Ok((bytes.map_err(|error| format!("`{shown}`: {error}"))?, log))
}

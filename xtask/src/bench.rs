//! `cargo xtask bench`: what updates and serving cost, counted, and what others take for the same. What is held to
//! a budget depends on no clock.

mod beside;
mod count;

use std::process::{Command, ExitCode};

use self::count::Counter;
use crate::cargo::{cargo, root, run, target_dir};
use crate::web;

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
    let patched = web::build_bench().and_then(|builds| {
        let mut deltas = Command::new(&program);
        run(deltas.current_dir(root()).args(["deltas", builds]))
    });
    if let Err(why) = &patched {
        eprintln!("updates of real frontends: {why}");
    }
    let counter = Counter::here();
    let served = match &counter {
        Ok(counter) => counter.per_one(&program, &["serve"]).map(|figure| {
            let name = counter.name();
            format!("{figure:.2} ({name}, this machine's)")
        }),
        Err(why) => Err(why.clone()),
    };
    let served = served.unwrap_or_else(|why| format!("SKIPPED: {why}"));
    line("instructions per byte served", &served);
    let compared = [beside::littlefs(&counter), beside::picoserve(&counter)];
    Ok(
        if kept.is_ok() && patched.is_ok() && compared == [true; 2] {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        },
    )
}

/// Prints one figure, as the benches do.
fn line(what: &str, figure: &str) {
    println!("{what:<46} {figure}");
}

fn executable(name: &str) -> String {
    format!("{name}{}", std::env::consts::EXE_SUFFIX)
}

//! What updates and serving cost, counted on the simulated flash chip.
//!
//! `bench` prints all figures and fails when one is over its budget; `bench deltas BUILDS` does the same with real
//! frontends (`web/bench`) in a folder; `bench serve ROUNDS` only serves, so that its instructions can be counted from
//! outside. `cargo xtask bench` runs all of it.

mod deltas;
mod device;
mod frontends;
mod large;
mod limit;
mod memory;
mod network;
mod serving;
mod uploads;

use std::{error::Error, process::ExitCode};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Prints one figure; with a budget, whether it is kept.
struct Report {
    over: bool,
}

impl Report {
    fn line(&self, what: &str, figure: &str) {
        println!("{what:<46} {figure}");
    }

    fn budget(&mut self, what: &str, figure: f64, most: f64, unit: &str) {
        let kept = figure <= most;
        self.over |= !kept;
        let verdict = if kept { "kept" } else { "OVER" };
        let digits = if figure.fract() == 0.0 { 0 } else { 2 };
        self.line(
            what,
            &format!("{figure:.digits$} {unit} (budget {most:.digits$}: {verdict})"),
        );
    }
}

fn main() -> Result<ExitCode> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        [] => {
            let mut report = Report { over: false };
            uploads::measure(&mut report)?;
            serving::measure(&mut report)?;
            memory::measure(&mut report)?;
            large::measure(&mut report)?;
            network::measure(&mut report)?;
            Ok(if report.over {
                ExitCode::FAILURE
            } else {
                ExitCode::SUCCESS
            })
        }
        ["deltas", builds] => {
            let mut report = Report { over: false };
            deltas::measure(&mut report, std::path::Path::new(builds))?;
            Ok(match report.over {
                true => ExitCode::FAILURE,
                false => ExitCode::SUCCESS,
            })
        }
        ["serve", rounds] => {
            println!("{}", serving::serve_rounds(rounds.parse()?)?);
            Ok(ExitCode::SUCCESS)
        }
        _ => Err("usage: bench [serve ROUNDS | deltas BUILDS]".into()),
    }
}

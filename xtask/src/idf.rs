//! `cargo xtask idf`: the example of the ESP-IDF component is built by ESP-IDF, for its chips as far as their
//! compilers are here, and does its whole job on this computer, as ESP-IDF's target `linux`.

mod build;
mod device;
mod place;
mod scenarios;

use std::process::ExitCode;
use std::time::Instant;

use crate::cargo::works;
use crate::cli;
use crate::emulate::place::Frontends;
use crate::emulate::tools::{Tools, fresh_folder};
use crate::tally::Tally;
use place::{Bench, Place};
use scenarios::Scenario;

const USAGE: &str = "usage: cargo xtask idf [--cuts N] [--seed S] [--only NAME]";

/// What is played.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Power cuts while an image is written; those in the settings are all made.
    cuts: u32,
    /// Where random numbers begin.
    seed: u64,
    /// Only scenarios with this in their name, and nothing is built for a chip.
    only: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            cuts: 20,
            seed: 1,
            only: None,
        }
    }
}

impl Options {
    fn parse(args: &[&str]) -> Result<Self, String> {
        let mut options = Self::default();
        for pair in args.chunks(2) {
            let [name, value] = pair else {
                return Err(USAGE.into());
            };
            let number = || {
                value
                    .parse::<u64>()
                    .map_err(|_| format!("{name} {value}: not a number\n{USAGE}"))
            };
            match *name {
                "--cuts" => options.cuts = u32::try_from(number()?).unwrap_or(u32::MAX),
                "--seed" => options.seed = number()?,
                "--only" => options.only = Some((*value).to_owned()),
                _ => return Err(USAGE.into()),
            }
        }
        Ok(options)
    }

    fn scenarios(&self) -> Result<Vec<&'static Scenario>, String> {
        let named = |scenario: &&Scenario| {
            let only = self.only.as_deref();
            only.is_none_or(|only| scenario.name.contains(only))
        };
        let chosen: Vec<&Scenario> = scenarios::ALL.iter().filter(named).collect();
        if chosen.is_empty() {
            let names: Vec<&str> = scenarios::ALL.iter().map(|one| one.name).collect();
            return Err(format!("no such scenario; there are {}", names.join(", ")));
        }
        Ok(chosen)
    }
}

/// The command.
pub(crate) fn idf(args: &[&str]) -> Result<ExitCode, String> {
    let options = Options::parse(args)?;
    options.scenarios()?;
    let mut tally = Tally::default();
    let done = match missing() {
        Some(why) => {
            println!("SKIPPED: ESP-IDF: {why}");
            tally.skipped += 1;
            Ok(())
        }
        None => all(&options, &mut tally),
    };
    println!("\n{tally}");
    done.map(|()| ExitCode::SUCCESS)
}

/// What is missing of ESP-IDF, if something is.
pub(crate) fn missing() -> Option<String> {
    if std::env::var_os("IDF_PATH").is_none() {
        return Some("IDF_PATH is not set; `. export.sh` of an ESP-IDF sets it".into());
    }
    if !works("idf.py", &["--version"]) {
        return Some(
            "`idf.py --version` fails; `. $IDF_PATH/export.sh` puts it on the PATH".into(),
        );
    }
    if !cfg!(target_os = "linux") {
        return Some("the target `linux` is for Linux".into());
    }
    None
}

/// Builds for all that can be built for, and plays.
pub(crate) fn all(options: &Options, tally: &mut Tally) -> Result<(), String> {
    println!("{}", build::version()?);
    let mut failed = Vec::new();
    if options.only.is_none() {
        for chip in build::CHIPS {
            match build::missing(chip) {
                Some(why) => {
                    println!("SKIPPED: ESP-IDF: the example for {}: {why}", chip.name);
                    tally.skipped += 1;
                }
                None => match build::chip(chip) {
                    Ok(()) => {
                        println!("ESP-IDF: the example for {}: built", chip.name);
                        tally.passed += 1;
                    }
                    Err(why) => {
                        tally.failed += 1;
                        failed.push(why);
                    }
                },
            }
        }
    }
    failed.extend(play(options, tally).err());
    match failed.is_empty() {
        true => Ok(()),
        false => Err(failed.join("\n")),
    }
}

fn play(options: &Options, tally: &mut Tally) -> Result<(), String> {
    let begin = Instant::now();
    let bench = prepare(options)?;
    println!(
        "ESP-IDF on this computer: prepared in {:.1} s; seed {}",
        begin.elapsed().as_secs_f32(),
        options.seed
    );
    let mut failed = 0;
    for scenario in options.scenarios()? {
        match play_one(&bench, scenario) {
            Ok(()) => tally.passed += 1,
            Err(()) => failed += 1,
        }
    }
    tally.failed += failed;
    match failed {
        0 => Ok(()),
        failed => Err(format!(
            "{failed} scenarios failed; what they left is in {}",
            bench.folder.display()
        )),
    }
}

/// Everything that the scenarios share.
fn prepare(options: &Options) -> Result<Bench, String> {
    cli::build()?;
    let made = build::linux()?;
    let tools = Tools {
        faceplate: cli::path(),
    };
    let folder = build::folder()?.join("played");
    fresh_folder(&folder)?;
    let dir = folder.join("frontends");
    fresh_folder(&dir)?;
    let frontends = Frontends::make(&tools, &dir, options.seed)?;
    let flash = folder.join("new.bin");
    made.new_flash(&frontends.small, &flash)?;
    Ok(Bench {
        program: made.program(),
        tools,
        folder,
        flash,
        frontends,
        seed: options.seed,
        cuts: options.cuts,
    })
}

/// Plays one scenario and says what came of it.
fn play_one(bench: &Bench, scenario: &Scenario) -> Result<(), ()> {
    let begin = Instant::now();
    let place = Place::new(bench, scenario.name);
    let played = place.and_then(|place| {
        (scenario.play)(&place).map_err(|error| format!("{error}\n{}", place.last_console()))
    });
    let seconds = begin.elapsed().as_secs_f32();
    let name = scenario.name;
    match played {
        Ok(remark) => {
            println!("ESP-IDF: {name}: passed in {seconds:.1} s{remark}");
            Ok(())
        }
        Err(error) => {
            println!("ESP-IDF: {name}: FAILED after {seconds:.1} s: {error}");
            Err(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_come_in_pairs_and_name_a_scenario_that_exists() {
        let options = Options::parse(&["--cuts", "300", "--only", "lamp"]).expect("they are right");
        assert_eq!((options.cuts, options.seed), (300, 1));
        let chosen = options.scenarios().expect("there is one");
        assert_eq!(chosen.len(), 1);
        for wrong in [&["--cuts"][..], &["--cuts", "many"], &["--what", "1"]] {
            assert!(Options::parse(wrong).is_err(), "{wrong:?}");
        }
        let none = Options::parse(&["--only", "nothing"]).expect("it is well formed");
        assert!(none.scenarios().is_err());
    }
}

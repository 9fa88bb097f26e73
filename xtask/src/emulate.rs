//! `cargo xtask emulate`: the firmware does its whole job in an emulator of its chip, with our own
//! command as the client.

mod board;
pub(crate) mod client;
pub(crate) mod flash_file;
pub(crate) mod frontend;
mod gdb;
mod machine;
mod mdns;
pub(crate) mod place;
pub(crate) mod random;
pub(crate) mod scenarios;
pub(crate) mod tools;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use crate::cargo::target_dir;
use crate::cli;
use crate::firmware::{self, Build, Chip};
use crate::partitions::Layout;
use crate::tally::Tally;

pub(crate) use board::ALL as BOARDS;
use board::Board;
use place::{Bench, Frontends, Place};
use scenarios::Scenario;
use tools::{Tools, fresh_folder};

/// Scenarios at a time. Most of their time they wait, and a board that waits takes no time of the
/// computer's.
const AT_ONCE: usize = 3;

/// What is played.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// On which chip; `None`: on each that can run here.
    chip: Option<Chip>,
    /// Power cuts at random moments.
    cuts: u32,
    /// Where random numbers begin.
    seed: u64,
    /// Only scenarios with this in their name.
    only: Option<String>,
    /// A firmware that was built before, instead of a new one.
    firmware: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            chip: None,
            // Some minutes have to be enough each time; by hand it can be thousands.
            cuts: 20,
            seed: 1,
            only: None,
            firmware: None,
        }
    }
}

const USAGE: &str = "\
usage: cargo xtask emulate [--chip esp32s3|esp32c3] [--cuts N] [--seed S] [--only NAME] [--firmware ELF]
--firmware is for one chip: with --chip";

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
                "--chip" => options.chip = Some(Board::of(Chip::parse(value)?)?.chip),
                "--cuts" => options.cuts = u32::try_from(number()?).unwrap_or(u32::MAX),
                "--seed" => options.seed = number()?,
                "--only" => options.only = Some((*value).to_owned()),
                "--firmware" => options.firmware = Some(value.into()),
                _ => return Err(USAGE.into()),
            }
        }
        if options.firmware.is_some() && options.chip.is_none() {
            return Err(USAGE.into());
        }
        Ok(options)
    }

    /// The boards that are meant.
    fn boards(&self) -> impl Iterator<Item = &'static Board> {
        BOARDS
            .iter()
            .filter(|board| self.chip.is_none_or(|chip| chip == board.chip))
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
pub(crate) fn emulate(args: &[&str]) -> Result<ExitCode, String> {
    let options = Options::parse(args)?;
    options.scenarios()?;
    let mut tally = Tally::default();
    let mut failed = Vec::new();
    for board in options.boards() {
        match missing(board, &options) {
            Some(why) => {
                println!("SKIPPED: {}: {why}", board.chip.name());
                tally.skipped += 1;
            }
            None => failed.extend(play(board, &options, &mut tally).err()),
        }
    }
    println!("\n{tally}");
    match failed.is_empty() {
        true => Ok(ExitCode::SUCCESS),
        false => Err(failed.join("\n")),
    }
}

/// Why nothing can be played on a board, if nothing can.
pub(crate) fn missing(board: &Board, options: &Options) -> Option<String> {
    let build = || match options.firmware {
        None => board.cannot_build(),
        Some(_) => None,
    };
    board.missing().or_else(build)
}

/// Builds a board's firmware, plays the scenarios and counts them.
pub(crate) fn play(
    board: &'static Board,
    options: &Options,
    tally: &mut Tally,
) -> Result<(), String> {
    let mut chosen = options.scenarios()?;
    let about_cores = chosen.iter().any(|scenario| scenario.two_cores);
    if about_cores && let Some(why) = no_second_core(board, options)? {
        chosen.retain(|scenario| !scenario.two_cores);
        // A chip with one core lacks nothing, unless this is what was asked for.
        if board.cores > 1 || chosen.is_empty() {
            println!(
                "SKIPPED: {}: what is about two cores: {why}",
                board.chip.name()
            );
            tally.skipped += 1;
        }
        if chosen.is_empty() {
            return Ok(());
        }
    }
    let begin = Instant::now();
    let bench = prepare(board, options)?;
    println!(
        "{}: prepared in {:.1} s; seed {}",
        board.chip.name(),
        begin.elapsed().as_secs_f32(),
        options.seed
    );
    let (alone, together): (Vec<&Scenario>, Vec<&Scenario>) =
        chosen.into_iter().partition(|scenario| scenario.alone);
    let mut counted = side_by_side(&bench, &together);
    for scenario in alone {
        counted.add(play_one(&bench, scenario));
    }
    tally.add(counted);
    println!(
        "{}: {:.0} s in all",
        board.chip.name(),
        begin.elapsed().as_secs_f32()
    );
    match counted.failed {
        0 => Ok(()),
        failed => Err(format!(
            "{}: {failed} of {} scenarios failed; what they left is in {}",
            board.chip.name(),
            counted.ran(),
            bench.folder.display()
        )),
    }
}

/// Why nothing can be played with a second core, if nothing can.
fn no_second_core(board: &Board, options: &Options) -> Result<Option<String>, String> {
    Ok(match board.cores {
        1 => Some("the chip has one".into()),
        _ if options.firmware.is_some() => Some("it needs a firmware of its own".into()),
        _ => match board.has_two_cores()? {
            true => None,
            false => Some(format!("`{}` has one", board.qemu)),
        },
    })
}

/// Everything that the scenarios share.
fn prepare(board: &'static Board, options: &Options) -> Result<Bench, String> {
    cli::build()?;
    let elf = match &options.firmware {
        Some(elf) => std::path::absolute(elf).map_err(tools::at(elf))?,
        None => firmware::build(&Build {
            wired: true,
            ..Build::new(board.chip, Layout::usual()?)
        })?,
    };
    let tools = Tools {
        faceplate: cli::path(),
    };
    let folder = target_dir().join("emulate").join(board.chip.name());
    fresh_folder(&folder)?;
    let dir = folder.join("frontends");
    fresh_folder(&dir)?;
    let frontends = Frontends::make(&tools, &dir, options.seed)?;
    let flash = folder.join("new.bin");
    tools.flash_image(&elf, &frontends.small, &flash)?;
    Ok(Bench {
        board,
        tools,
        folder,
        elf,
        flash,
        frontends,
        seed: options.seed,
        cuts: options.cuts,
    })
}

/// Plays scenarios in several threads.
fn side_by_side(bench: &Bench, scenarios: &[&Scenario]) -> Tally {
    let waiting = Mutex::new(scenarios.iter());
    let counted = Mutex::new(Tally::default());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    // A poisoned lock has nothing half done behind it: an iterator, three numbers.
                    let next = waiting
                        .lock()
                        .unwrap_or_else(|lock| lock.into_inner())
                        .next();
                    let Some(scenario) = next else { return };
                    let one = play_one(bench, scenario);
                    counted
                        .lock()
                        .unwrap_or_else(|lock| lock.into_inner())
                        .add(one);
                }
            });
        }
    });
    counted
        .into_inner()
        .unwrap_or_else(|lock| lock.into_inner())
}

/// Plays one scenario and says what came of it.
fn play_one(bench: &Bench, scenario: &Scenario) -> Tally {
    let chip = bench.board.chip.name();
    let begin = Instant::now();
    let place = Place::new(bench, bench.folder.join(scenario.name));
    let played = place.and_then(|place| {
        let played =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (scenario.play)(&place)));
        let played = played.unwrap_or_else(|_| Err("it panicked".into()));
        played.map_err(|error| format!("{error}\n{}", place.last_console()))
    });
    let seconds = begin.elapsed().as_secs_f32();
    let mut tally = Tally::default();
    match played {
        Ok(remark) => {
            tally.passed = 1;
            let remark = match remark.is_empty() {
                true => remark,
                false => format!(": {remark}"),
            };
            println!(
                "{chip}: {}: passed in {seconds:.1} s{remark}",
                scenario.name
            );
        }
        Err(error) => {
            tally.failed = 1;
            println!(
                "{chip}: {}: FAILED after {seconds:.1} s: {error}",
                scenario.name
            );
        }
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_come_in_pairs_and_name_a_scenario_that_exists() {
        let options = Options::parse(&["--cuts", "300", "--only", "hostile"]);
        let options = options.expect("they are right");
        assert_eq!((options.cuts, options.seed), (300, 1));
        let chosen = options.scenarios().expect("there is one");
        assert_eq!(chosen.len(), 1);
        assert_eq!(chosen[0].name, "hostile_clients");
        assert_eq!(options.boards().count(), 2);
        let options = Options::parse(&["--chip", "esp32s3", "--firmware", "a.elf"]);
        let chips: Vec<_> = options
            .expect("right")
            .boards()
            .map(|one| one.chip)
            .collect();
        assert_eq!(chips, [Chip::Esp32s3]);
        let wrong = [
            &["--cuts"][..],
            &["--cuts", "many"],
            &["--what", "1"],
            &["--chip", "esp32c6"],
            &["--firmware", "a.elf"],
        ];
        for wrong in wrong {
            assert!(Options::parse(wrong).is_err(), "{wrong:?}");
        }
        let none = Options::parse(&["--only", "nothing"]).expect("it is well formed");
        assert!(none.scenarios().is_err());
    }
}

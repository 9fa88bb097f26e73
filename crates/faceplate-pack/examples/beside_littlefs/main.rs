//! The reader and the packer beside C littlefs and littlefs-python.
//!
//! `beside_littlefs` counts what reading takes of the flash and how long packing takes, of both in one
//! run; with `python PROGRAM` behind it littlefs-python packs, too. `beside_littlefs WORK KIND ROUNDS` only
//! works, so that its instructions can be counted from outside. `cargo xtask bench` runs all of them.

mod c;
#[path = "../../../faceplate-sim/examples/bench/frontends.rs"]
#[allow(
    dead_code,
    reason = "the bench of the simulated device has more of them"
)]
mod frontends;
mod kinds;
mod ours;
mod packing;
mod python;
mod reading;

use std::error::Error;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Bytes that are read of a file at a time: a TCP segment.
const PIECE: usize = 1460;

/// What reading a file took of the flash.
#[derive(Debug, Clone, Copy, Default)]
struct Reads {
    /// Calls of the flash's driver.
    calls: u64,
    /// Commands that ESP-IDF's driver sends for them, each for at most [`COMMAND`] bytes.
    commands: u64,
    bytes: u64,
}

/// Bytes that the data registers of the chip's controller hold.
const COMMAND: usize = 64;

impl Reads {
    fn add(&mut self, len: usize) {
        self.calls += 1;
        self.commands += len.div_ceil(COMMAND) as u64;
        self.bytes += len as u64;
    }
}

/// Prints one figure.
fn line(what: &str, figure: &str) {
    println!("{what:<46} {figure}");
}

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        [] => {
            reading::measure()?;
            packing::measure(None)
        }
        ["python", program] => {
            reading::measure()?;
            packing::measure(Some(program))
        }
        [work, kind, rounds] => {
            let (kind, rounds) = (kinds::called(kind)?, rounds.parse()?);
            let bytes = match *work {
                "read" | "read-c" => reading::rounds(&kind, *work == "read-c", rounds)?,
                _ => packing::rounds(&kind, work, rounds)?,
            };
            println!("{bytes}");
            Ok(())
        }
        _ => Err("usage: beside_littlefs [python PROGRAM | WORK KIND ROUNDS]".into()),
    }
}

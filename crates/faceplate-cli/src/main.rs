//! The `faceplate` command: packs a web frontend, sends it to devices, and simulates one.
//!
//! It ends with 0 when the thing is done, 1 when it failed, 2 when it was used wrongly, 3 when the
//! device is not reached, 4 when it refused, and 5 when it went back to the old frontend. With
//! `--json` the answer is on standard output, `{"error": …}` for a failure included; otherwise a
//! failure is a paragraph on standard error. `docs/command-line.md` tells all of it.
#![forbid(unsafe_code)]

mod arguments;
mod base;
mod board;
mod browser;
mod cache;
mod commands;
mod conformance;
mod device;
mod failure;
mod firmware;
mod keys;
mod password;
mod patterns;
mod progress;
mod push;
mod text;
mod tree;

use std::process::ExitCode;

use clap::Parser as _;
use serde_json::json;

use commands::Command;
use failure::Failure;

/// Replace the web frontend of a device over the air, and never leave the device without one.
#[derive(clap::Parser)]
#[command(name = "faceplate", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    let command = Cli::parse().command;
    let json = command.wants_json();
    match command.run() {
        Ok(code) => code,
        Err(failure) => {
            match &failure {
                Failure::Told(_) => {}
                Failure::Failed { kind, text } if json => {
                    text::print_json(&json!({ "error": failure::error(kind, text) }));
                }
                failed => eprintln!("error: {failed}"),
            }
            ExitCode::from(failure.code())
        }
    }
}

//! The commands of this repository: `cargo xtask test`, `demo` and `bench`.

mod bench;
mod browser;
mod cargo;
mod check;
mod cli;
mod component;
mod demo;
#[cfg(test)]
mod dependencies;
mod emulate;
mod engines;
mod firmware;
mod flash;
mod fuzz;
mod idf;
#[cfg(test)]
mod licences;
mod lint;
mod nginx;
mod partitions;
mod sbom;
mod setup;
mod stack;
mod tally;
mod test;
mod web;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask demo [--port N]   serve the example frontend from a simulated device, and lay out files to try
cargo xtask check             format, lint and unit tests: what can be known in two minutes
cargo xtask test [builds|component|libraries]
                              run every check and test, setting up what they need; builds: only what compiles and runs
                              no device: firmware, fuzz targets, clippy, documentation; component: only that for ESP-IDF,
                              of which libraries is what is built for chips
cargo xtask bench             print sizes, flash operations and instructions; check the budgets
cargo xtask stack             print what the ESP-IDF component's functions need of the stack, frame by frame
cargo xtask firmware --chip esp32s3|esp32c3|esp32c6 [--layout NAME] [--log uart|usb] [--wired] [--no-link]
                              build the firmware and print its sizes; --layout: for the slots of
                              partitions/NAME.csv, such as 4mb, 8mb, 16mb or 16mb-4m; --log: the socket of an ESP32-S3 that shows it, uart
                              otherwise; --wired: for an emulated board;
                              --no-link: only compile, for the ESP32-S3 without a toolchain that links
cargo xtask emulate [--chip esp32s3|esp32c3] [--cuts N] [--seed S] [--only NAME] [--firmware ELF]
                              let the firmware do its whole job in an emulator; without --chip: on every chip that
                              there is an emulator for
cargo xtask component         make the libraries of the component for ESP-IDF, for who has no Rust
cargo xtask sbom [--out FOLDER]
                              say what each published thing is made of, as CycloneDX documents in target/sbom
cargo xtask idf [--cuts N] [--seed S] [--only NAME]
                              let ESP-IDF, where IDF_PATH names one, build the example of the component for ESP-IDF,
                              and let it do its whole job on this computer
cargo xtask flash --chip esp32s3|esp32c3|esp32c6 [--port PORT] [--www IMAGE]
                              [--layout NAME] [--log uart|usb] [--erase-settings] [--monitor]
                              build the firmware and write it and a frontend into a board
cargo xtask help              print this";

fn main() -> ExitCode {
    // Whoever needs to know it asks again, and hears of the error.
    _ = cargo::this_program();
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let Some(status) = component::rustc::run(&args) {
        return status;
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args.as_slice() {
        ["demo", rest @ ..] => demo::demo(rest),
        ["check"] => check::check(),
        ["test", rest @ ..] => test::test(rest),
        ["firmware", rest @ ..] => firmware::firmware(rest),
        ["flash", rest @ ..] => flash::flash(rest),
        ["emulate", rest @ ..] => emulate::emulate(rest),
        ["component", rest @ ..] => component::component(rest),
        ["idf", rest @ ..] => idf::idf(rest),
        ["sbom", rest @ ..] => sbom::sbom(rest),
        ["bench"] => bench::bench(),
        ["stack"] => stack::stack(),
        ["help" | "--help" | "-h"] => {
            println!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        _ => {
            eprintln!("no such command: {}\n\n{HELP}", args.join(" "));
            return ExitCode::from(2);
        }
    };
    done.unwrap_or_else(|error| {
        eprintln!("xtask: {error}");
        ExitCode::FAILURE
    })
}

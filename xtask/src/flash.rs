//! `cargo xtask flash`: writes firmware and a frontend into a board, over its serial port.
//!
//! The frontend goes first, the firmware with its bootloader and partition table last. Whatever
//! interrupts it, nothing half-written is ever run or served: a frontend that is not whole is found
//! out by the firmware's check of the slots at its start, and firmware that is not whole by the
//! bootloader's. In this order a board that starts anew after it all was written has all of it,
//! and one that has no firmware yet does not start before.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::cargo::{command, output, run};
use crate::firmware::{self, Build, Chip, Log};
use crate::partitions::{Layout, Partition};
use crate::{cli, demo};

/// The oldest espflash with the options that are used here.
const ESPFLASH: u32 = 4;

const USAGE: &str = "\
usage: cargo xtask flash --chip esp32s3|esp32c3|esp32c6 [--port PORT] [--www IMAGE]
                         [--layout NAME] [--log uart|usb] [--erase-settings] [--monitor]
log: the socket of an ESP32-S3 that shows it; uart otherwise
layouts: the files in partitions/, such as 4mb or 16mb; the usual one is partitions.csv";

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    chip: Chip,
    /// The serial port; espflash looks for one otherwise.
    port: Option<String>,
    /// The frontend for `www_0`; the example otherwise.
    www: Option<PathBuf>,
    /// How the flash is divided.
    layout: Layout,
    /// Which socket of an ESP32-S3 shows the log.
    log: Log,
    /// Whether Wi-Fi credentials and the choice of the slot are forgotten.
    erase_settings: bool,
    /// Whether what the board says is shown afterwards.
    monitor: bool,
}

pub(crate) fn flash(args: &[&str]) -> Result<ExitCode, String> {
    let options = parse(args)?;
    // Before anything takes time.
    espflash()?;
    let slot = options.layout.partition("www_0")?;
    let elf = firmware::build(&Build {
        log: options.log,
        ..Build::new(options.chip, options.layout.clone())
    })?;
    let www = match &options.www {
        Some(www) => {
            cli::build()?;
            std::path::absolute(www).map_err(|error| format!("{}: {error}", www.display()))?
        }
        None => demo::frontend()?,
    };
    check(&www, slot)?;
    write("espflash", &steps(&options, slot, &elf, &www))?;
    println!(
        "\nThe {} has its firmware and, in www_0, the frontend.",
        options.chip.name()
    );
    if !options.erase_settings {
        println!(
            "Its settings stayed, which every layout here has in one place: the Wi-Fi, and which slot \
             it serves. A board that had switched to www_1 goes on serving that one, unless its layout \
             was another, and one whose last upload into www_0 was cut off does not take it yet; \
             --erase-settings makes a new board of it."
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn parse(args: &[&str]) -> Result<Options, String> {
    let (mut chip, mut port, mut www, mut layout) = (None, None, None, None);
    let (mut erase_settings, mut monitor, mut log) = (false, false, None);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut value = || {
            let value = args.next().filter(|value| !value.starts_with("--"));
            value.ok_or_else(|| format!("{arg} needs a value\n{USAGE}"))
        };
        match *arg {
            "--chip" => chip = Some(Chip::parse(value()?)?),
            "--port" => port = Some((*value()?).to_owned()),
            "--layout" => layout = Some(Layout::named(value()?)?),
            "--log" => log = Some(Log::parse(value()?)?),
            "--www" => www = Some(PathBuf::from(value()?)),
            "--erase-settings" => erase_settings = true,
            "--monitor" => monitor = true,
            other => return Err(format!("{other} means nothing here\n{USAGE}")),
        }
    }
    let chip = chip.ok_or_else(|| format!("which chip has the board?\n{USAGE}"))?;
    Ok(Options {
        chip,
        port,
        www,
        layout: layout.map_or_else(Layout::usual, Ok)?,
        log: Log::of(log, chip)?,
        erase_settings,
        monitor,
    })
}

/// Makes sure that espflash is there and new enough.
fn espflash() -> Result<(), String> {
    let how = "install it with `cargo install espflash --locked`";
    let version = output(&mut command("espflash", &["--version"]))
        .map_err(|error| format!("the board is written by espflash; {how}\n({error})"))?;
    match major(&version) {
        Some(major) if major >= ESPFLASH => Ok(()),
        _ => Err(format!(
            "espflash {ESPFLASH} or newer is needed, not `{}`; {how}",
            version.trim()
        )),
    }
}

/// Reads `espflash 4.7.0`.
fn major(version: &str) -> Option<u32> {
    let number = version.trim().strip_prefix("espflash ")?;
    number.split('.').next()?.parse().ok()
}

/// Checks that an image is a frontend, and not too long.
fn check(www: &Path, slot: Partition) -> Result<(), String> {
    let shown = www.display();
    let len = std::fs::metadata(www).map_err(|error| format!("{shown}: {error}"))?;
    if len.len() > u64::from(slot.size) {
        let (len, size) = (len.len(), slot.size);
        return Err(format!("{shown}: {len} bytes long, www_0 has {size}"));
    }
    let faceplate = cli::path();
    // It says itself what is wrong.
    output(command(&faceplate.to_string_lossy(), &["inspect"]).arg(www)).map(drop)
}

/// What espflash is called with, in this order.
fn steps(options: &Options, www_0: Partition, elf: &Path, www: &Path) -> [Vec<String>; 2] {
    let port = options.port.iter().flat_map(|port| ["--port", port]);
    let board = ["--skip-update-check", "--chip", options.chip.name()];
    let board: Vec<&str> = board.into_iter().chain(port).collect();
    let (csv, elf, www) = (
        options.layout.csv.to_string_lossy(),
        elf.to_string_lossy(),
        www.to_string_lossy(),
    );

    let address = format!("{:#x}", www_0.offset);
    let mut frontend = vec!["write-bin"];
    frontend.extend(&board);
    // The old firmware does not start in between.
    frontend.extend(["--after", "no-reset", &address, &www]);

    let mut firmware = vec!["flash"];
    firmware.extend(&board);
    let size = &options.layout.flash_size;
    firmware.extend(["--flash-size", size]);
    // ESP-IDF's default, which espflash would halve. The ESP32-C6's ROM sets a wrong divider for it:
    // there the header says what it says in ESP-IDF's images, too, and the bootloader sets the clock.
    if options.chip != Chip::Esp32c6 {
        firmware.extend(["--flash-freq", "80mhz"]);
    }
    firmware.extend(["--partition-table", &csv]);
    // A board that had updated its firmware over the air goes back to the app that is written here.
    match (options.erase_settings, options.layout.has_otadata()) {
        (true, true) => firmware.extend(["--erase-parts", "nvs,otadata"]),
        (true, false) => firmware.extend(["--erase-parts", "nvs"]),
        (false, true) => firmware.extend(["--erase-parts", "otadata"]),
        (false, false) => {}
    }
    if options.monitor {
        firmware.push("--monitor");
    }
    firmware.push(&elf);
    let owned = |words: Vec<&str>| words.into_iter().map(str::to_owned).collect();
    [owned(frontend), owned(firmware)]
}

/// Runs espflash with each list of arguments, until one fails.
fn write(espflash: &str, steps: &[Vec<String>]) -> Result<(), String> {
    for step in steps {
        let step: Vec<&str> = step.iter().map(String::as_str).collect();
        run(&mut command(espflash, &step)).map_err(|error| {
            format!("{error}\nNothing half-written is used by the board; run it again.")
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WWW_0: Partition = Partition {
        offset: 0x310000,
        size: 0x100000,
    };

    fn lines(args: &[&str]) -> Vec<String> {
        let options = parse(args).unwrap();
        let (elf, www) = (Path::new("fw"), Path::new("www.bin"));
        let steps = steps(&options, WWW_0, elf, www);
        let folder = format!("{}/", crate::cargo::root().display());
        let lines = steps.iter().map(|step| step.join(" "));
        lines.map(|line| line.replace(&folder, "")).collect()
    }

    #[test]
    fn the_frontend_is_written_first_and_the_firmware_last() {
        assert_eq!(
            lines(&["--chip", "esp32s3"]),
            [
                "write-bin --skip-update-check --chip esp32s3 --after no-reset 0x310000 www.bin",
                "flash --skip-update-check --chip esp32s3 --flash-size 16mb --flash-freq 80mhz \
                 --partition-table partitions.csv fw",
            ]
        );
    }

    #[test]
    fn port_settings_and_monitor_are_passed_on() {
        let args = "--monitor --port /dev/ttyACM0 --erase-settings --chip esp32c6";
        assert_eq!(
            lines(&args.split(' ').collect::<Vec<_>>()),
            [
                "write-bin --skip-update-check --chip esp32c6 --port /dev/ttyACM0 --after no-reset \
                 0x310000 www.bin",
                "flash --skip-update-check --chip esp32c6 --port /dev/ttyACM0 --flash-size 16mb \
                 --partition-table partitions.csv --erase-parts nvs --monitor fw",
            ]
        );
    }

    #[test]
    fn a_wrong_command_line_is_refused_with_the_usage() {
        for args in [
            &[][..],
            &["--port", "x"],
            &["--chip"],
            &["--chip", "--monitor"],
            &["--chip", "esp32s3", "--www"],
            &["--chip", "esp32s3", "--log"],
            &["--chip", "esp32s3", "extra"],
        ] {
            let error = parse(args).unwrap_err();
            assert!(error.contains("usage: "), "{args:?}: {error}");
        }
        assert!(parse(&["--chip", "esp32"]).is_err());
        assert!(parse(&["--chip", "esp32s3", "--log", "both"]).is_err());
        assert!(parse(&["--chip", "esp32c3", "--log", "usb"]).is_err());
        let usb = parse(&["--chip", "esp32s3", "--log", "usb"]).unwrap();
        assert_eq!(usb.log, Log::Usb);
    }

    #[test]
    fn a_layout_brings_its_table_its_size_and_the_choice_of_its_app() {
        assert_eq!(
            lines(&["--chip", "esp32c3", "--layout", "4mb"])[1],
            "flash --skip-update-check --chip esp32c3 --flash-size 4mb --flash-freq 80mhz \
             --partition-table partitions/4mb.csv fw",
        );
        for (erase, parts) in [(&[][..], "otadata"), (&["--erase-settings"], "nvs,otadata")] {
            let args = [&["--chip", "esp32c3", "--layout", "16mb-4m"], erase].concat();
            assert_eq!(
                lines(&args)[1],
                format!(
                    "flash --skip-update-check --chip esp32c3 --flash-size 16mb --flash-freq 80mhz \
                     --partition-table partitions/16mb-4m.csv --erase-parts {parts} fw"
                )
            );
        }
        assert!(parse(&["--chip", "esp32c3", "--layout", "2mb"]).is_err());
    }

    #[test]
    fn the_version_of_espflash_is_read() {
        assert_eq!(major("espflash 4.7.0\n"), Some(4));
        assert_eq!(major("esptool 5"), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_step_that_fails_is_the_last() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = std::env::temp_dir().join(format!("xtask-flash-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (script, calls) = (folder.join("espflash"), folder.join("calls"));
        let text = format!(
            "#!/bin/sh\necho \"$@\" >> {}\nfor word; do [ \"$word\" != fail ] || exit 1; done\n",
            calls.display()
        );
        std::fs::write(&script, text).unwrap();
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
        let steps = [["a", "one"], ["b", "fail"], ["c", "three"]];
        let steps = steps.map(|step| step.map(str::to_owned).to_vec());
        let all = write(&script.to_string_lossy(), &steps);
        let called = std::fs::read_to_string(&calls).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(all.unwrap_err().contains("run it again"));
        assert_eq!(called, "a one\nb fail\n");
    }
}

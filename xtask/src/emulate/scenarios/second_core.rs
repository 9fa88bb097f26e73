//! The ESP32-S3's second core works, half of its time within critical sections, while the first one
//! changes flash and parks it for that, wherever it is: neither waits for the other for ever, and it goes on
//! afterwards. That it stands still meanwhile is not seen here.

use std::time::Duration;

use super::ensure;
use crate::emulate::machine::{Machine, Setup};
use crate::emulate::place::Place;
use crate::firmware::{self, Build};
use crate::partitions::Layout;

/// What the firmware tells each second, before the number.
const TOLD: &str = "second core: ";
/// Longest wait for the next time, on a busy computer.
const PATIENCE: Duration = Duration::from_secs(30);

/// With a firmware of its own.
pub(super) fn second_core(place: &Place<'_>) -> Result<String, String> {
    let bench = place.bench;
    let frontends = &bench.frontends;
    let elf = firmware::build(&Build {
        wired: true,
        second_core: true,
        ..Build::new(bench.board.chip, Layout::usual()?)
    })?;
    let flash = place.dir.join("device.bin");
    bench.tools.flash_image(&elf, &frontends.small, &flash)?;
    let (machine, client, _) = place.boot(&flash, Setup::default())?;
    let mut rounds = vec![in_a_second(&machine)?];
    // Erases, programs, settings and a restart each.
    for frontend in [&frontends.full, &frontends.full_too, &frontends.medium] {
        place.push(&client, frontend, &[])?;
        client.status()?.expect(frontend, "settled")?;
        client.compare(frontend)?;
        rounds.push(in_a_second(&machine)?);
    }
    Ok(format!("rounds of the second core in a second: {rounds:?}"))
}

/// How far the second core comes between two times that it is told.
fn in_a_second(machine: &Machine) -> Result<u64, String> {
    let told = |machine: &Machine| machine.console().map(|text| numbers(&text));
    let before = told(machine)?.len();
    machine.wait_console(TOLD, before + 2, PATIENCE)?;
    // The last line may not be whole yet.
    machine.wait_console("rounds", before + 2, PATIENCE)?;
    let told = told(machine)?;
    let (from, to) = (told[before], told[before + 1]);
    ensure!(to > from, "the second core stands still at {from} rounds");
    Ok(to - from)
}

/// The numbers that were told.
fn numbers(console: &str) -> Vec<u64> {
    let lines = console.lines().filter_map(|line| {
        let number = line.split_once(TOLD)?.1.split_once(" rounds")?.0;
        number.parse().ok()
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::numbers;

    #[test]
    fn what_the_firmware_tells_is_read() {
        let console = "INFO - second core: 5 rounds\nINFO - other\nINFO - second core: 17 rounds\nINFO - second core: 1";
        assert_eq!(numbers(console), [5, 17]);
    }
}

//! The chips that there is an emulator for, and what differs between them.

use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::firmware::Chip;

/// A kind of board that can be emulated.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Board {
    pub(crate) chip: Chip,
    /// The emulator.
    pub(crate) qemu: &'static str,
    /// Who else has this machine, and what must be right in it.
    needs: &'static str,
    pub(crate) cores: u32,
    /// Where a debugger may put a few instructions: in the memory that is for deep sleep, near its end,
    /// of which this firmware uses the beginning at most.
    pub(crate) unused: u32,
    /// No more interrupts, and an endless loop. With interrupts the scheduler would go on with what
    /// else there is to do.
    pub(crate) hang: &'static [u8],
    /// How a debugger moves the program counter.
    pub(crate) counter: Counter,
}

/// How the emulator has its debugger write the program counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counter {
    /// As the register of this number, once it was asked which there are.
    Register(u32),
    /// As the first of all registers, which are written together.
    FirstOfAll,
}

pub(crate) static ALL: [Board; 2] = [
    Board {
        chip: Chip::Esp32s3,
        qemu: "qemu-system-xtensa",
        needs: "Espressif's QEMU has one; wanted are its wired network, watchdogs that reset, and both cores",
        cores: 2,
        // RTC fast memory, 8 KiB from 0x600f_e000.
        unused: 0x600f_fe00,
        // rsil a2, 15; j to itself.
        hang: &[0x20, 0x6f, 0x00, 0x06, 0xff, 0xff],
        counter: Counter::FirstOfAll,
    },
    Board {
        chip: Chip::Esp32c3,
        qemu: "qemu-system-riscv32",
        needs: "Espressif's QEMU has one; its interrupt matrix must be level-driven with working status \
                registers, or esp-hal hangs",
        cores: 1,
        // RTC fast memory, 8 KiB from 0x5000_0000.
        unused: 0x5000_1ff0,
        // csrci mstatus, 8; c.j to itself.
        hang: &[0x73, 0x70, 0x04, 0x30, 0x01, 0xa0],
        // After x0 to x31.
        counter: Counter::Register(32),
    },
];

impl Board {
    pub(crate) fn of(chip: Chip) -> Result<&'static Board, String> {
        let board = ALL.iter().find(|board| board.chip == chip);
        board.ok_or_else(|| {
            let names = ALL.each_ref().map(|board| board.chip.name()).join(", ");
            format!(
                "there is no emulator for the {}; there are {names}",
                chip.name()
            )
        })
    }

    /// The emulator's name for it.
    pub(crate) fn machine(&self) -> &'static str {
        self.chip.name()
    }

    /// Why it cannot run here, if it cannot: there is no emulator.
    pub(crate) fn missing(&self) -> Option<String> {
        let output = Command::new(self.qemu).args(["-M", "help"]).output();
        let (qemu, machine) = (self.qemu, self.machine());
        let needed = format!(
            "needed is a `{qemu}` on the PATH that has the machine `{machine}` ({})",
            self.needs
        );
        match output {
            Err(error) => return Some(format!("cannot start `{qemu}`: {error}; {needed}")),
            Ok(output) => {
                let machines = String::from_utf8_lossy(&output.stdout);
                let has = machines
                    .lines()
                    .any(|line| line.split_whitespace().next() == Some(machine));
                if !has {
                    return Some(format!("`{qemu}` has no machine `{machine}`; {needed}"));
                }
            }
        }
        None
    }

    /// Why its firmware cannot be built here, if it cannot.
    pub(crate) fn cannot_build(&self) -> Option<String> {
        match self.chip {
            Chip::Esp32s3 => crate::firmware::cannot_link(),
            Chip::Esp32c3 | Chip::Esp32c6 => None,
        }
    }

    /// Whether the emulator has both cores of a chip that has two: one that has not ends at once.
    pub(crate) fn has_two_cores(&self) -> Result<bool, String> {
        let failed = |error: std::io::Error| format!("cannot start `{}`: {error}", self.qemu);
        let mut qemu = Command::new(self.qemu);
        qemu.args(["-M", self.machine(), "-smp", "2", "-S", "-display", "none"]);
        qemu.args(["-monitor", "none", "-serial", "none"]);
        let quiet = qemu
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut child = quiet.spawn().map_err(failed)?;
        thread::sleep(Duration::from_millis(500));
        let ended = child.try_wait().map_err(failed)?;
        // One that has ended is not there to be killed.
        let _ = child.kill();
        child.wait().map_err(failed)?;
        Ok(ended.is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chip_without_an_emulator_is_named_with_those_that_have_one() {
        assert_eq!(Board::of(Chip::Esp32c3).unwrap().machine(), "esp32c3");
        assert_eq!(Board::of(Chip::Esp32s3).unwrap().qemu, "qemu-system-xtensa");
        assert_eq!(
            Board::of(Chip::Esp32c6).unwrap_err(),
            "there is no emulator for the esp32c6; there are esp32s3, esp32c3"
        );
    }
}

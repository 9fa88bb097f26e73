//! The commands that a driver sends to the chip, and how long each keeps the chip and the bus.

use std::{iter::from_fn, ops::Range, time::Duration};

use super::{
    PAGE,
    timing::{FIRST_BYTE, FURTHER_BYTE, PAGE_PROGRAM},
};

/// How a driver drives the chip. With the chip's own times this decides how long a program or a
/// read takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Driver {
    /// Most bytes that one command programs, up to [`PAGE`]; none crosses the border of a page.
    pub program: usize,
    /// Most bytes that one command reads.
    pub read: usize,
    /// Clock of the bus, in MHz.
    pub mhz: u32,
}

impl Driver {
    /// The functions in ROM that esp-storage 0.10 calls, as counted in emulators of the ESP32-S3 and C3.
    pub const ROM: Self = Self {
        program: 32,
        read: 16,
        mhz: 80,
    };

    /// The driver of ESP-IDF, which fills the 64 bytes of the controller's data registers
    /// (`SPI_FLASH_HAL_MAX_WRITE_BYTES`). No driver for these chips can send more.
    pub const ESP_IDF: Self = Self {
        program: 64,
        read: 64,
        ..Self::ROM
    };

    /// Whole pages: what the flash would take, if a controller could send it.
    pub const PAGES: Self = Self {
        program: PAGE,
        ..Self::ESP_IDF
    };

    /// The same at another clock.
    #[must_use]
    pub const fn at_mhz(self, mhz: u32) -> Self {
        Self { mhz, ..self }
    }

    /// Time of one command that programs `len` bytes: write enable (06h, 8 clocks), program (02h, with
    /// its address 32 clocks, and 8 for each byte, on one line), status reads, and the program itself.
    #[must_use]
    pub fn program_time(self, len: usize) -> Duration {
        programming(len) + self.clocks(8 + 32 + 8 * len + STATUS_READS * 16)
    }

    /// Time of one call that reads `len` bytes by BBh on two lines (DIO, as the images say): 8 clocks for
    /// each command, 16 for its address and mode, 4 for each byte.
    #[must_use]
    pub fn read_time(self, len: usize) -> Duration {
        self.clocks(len.div_ceil(self.read) * (8 + 16) + 4 * len)
    }

    /// The commands that program a range.
    pub(super) fn programs(self, range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
        pieces(range, self.program)
    }

    fn clocks(self, count: usize) -> Duration {
        Duration::from_nanos(count as u64 * 1000 / u64::from(self.mhz))
    }
}

/// Status reads (05h, 16 clocks each) for each program, those while the chip is busy left out: the
/// ROM reads it before the write enable, after it, and at the end. In an emulator whose flash takes
/// no time the ESP32-C3's did so 3.8 times, the ESP32-S3's 3.8 to 4.1.
const STATUS_READS: usize = 4;

/// Typical time in which the chip programs `len` bytes of a page.
fn programming(len: usize) -> Duration {
    match u32::try_from(len) {
        Ok(0) => Duration::ZERO,
        Ok(len) => PAGE_PROGRAM.min(FIRST_BYTE + FURTHER_BYTE * (len - 1)),
        Err(_) => PAGE_PROGRAM,
    }
}

/// Cuts a range at the borders of pages, and within a page into pieces of `most` bytes from where it
/// begins there: so do the ROM and ESP-IDF.
pub(super) fn pieces(range: Range<usize>, most: usize) -> impl Iterator<Item = Range<usize>> {
    let Range { mut start, end } = range;
    from_fn(move || {
        let page = start / PAGE * PAGE + PAGE;
        let piece = start..end.min(page).min(start + most);
        start = piece.end;
        (!piece.is_empty()).then_some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_takes_the_byte_program_times_up_to_that_of_a_page() {
        // Nanoseconds of the program itself: 30 µs, and 2.5 µs for each byte after the first.
        for (len, expected) in [
            (0, 0),
            (1, 30_000),
            (4, 37_500),
            (32, 107_500),
            (64, 187_500),
            (149, 400_000),
            (150, 400_000),
            (256, 400_000),
        ] {
            assert_eq!(programming(len), Duration::from_nanos(expected), "{len}");
        }
    }

    #[test]
    fn the_bus_adds_its_clocks() {
        let ns = Duration::from_nanos;
        for (driver, len, expected) in [
            (Driver::ROM, 32, 107_500 + 4_500), // 8 + 32 + 256 + 64 clocks of 12.5 ns
            (Driver::ROM, 4, 37_500 + 1_700),
            (Driver::ESP_IDF, 64, 187_500 + 7_700),
            (Driver::PAGES, 256, 400_000 + 26_900),
            (Driver::ROM.at_mhz(40), 32, 107_500 + 9_000),
        ] {
            assert_eq!(driver.program_time(len), ns(expected), "{driver:?} {len}");
        }
        for (driver, len, expected) in [
            (Driver::ROM, 0, 0),
            (Driver::ROM, 4, 500),    // 24 + 16 clocks
            (Driver::ROM, 64, 4_400), // four commands
            (Driver::ROM, 68, 4_900),
            (Driver::ROM.at_mhz(40), 64, 8_800),
            (Driver::ESP_IDF, 64, 3_500),
        ] {
            assert_eq!(driver.read_time(len), ns(expected), "{driver:?} {len}");
        }
    }

    #[test]
    fn a_write_is_cut_at_pages_and_from_its_start_within_each() {
        let lens = |driver: Driver, start, len| -> Vec<usize> {
            let commands = driver.programs(start..start + len);
            commands.map(|command| command.len()).collect()
        };
        for (driver, start, len, expected) in [
            (Driver::ROM, 0, 0, &[][..]),
            (Driver::ROM, 0, 4, &[4]),
            (Driver::ROM, 0, 64, &[32, 32]),
            // Not at addresses that are multiples of 32.
            (Driver::ROM, 8, 64, &[32, 32]),
            (Driver::ROM, 8, 68, &[32, 32, 4]),
            (Driver::ROM, 216, 80, &[32, 8, 32, 8]),
            (Driver::ESP_IDF, 0, 256, &[64, 64, 64, 64]),
            (Driver::ESP_IDF, 196, 128, &[60, 64, 4]),
            (Driver::PAGES, 252, 264, &[4, 256, 4]),
        ] {
            assert_eq!(
                lens(driver, start, len),
                expected,
                "{driver:?} {start} {len}"
            );
        }
        let sector: Vec<_> = Driver::ROM.programs(4096..8192).collect();
        assert_eq!(sector.len(), 128);
        assert_eq!((sector[0].start, sector[127].end), (4096, 8192));
    }
}

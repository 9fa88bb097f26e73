//! How long the chip takes, by the typical figures of the W25Q128JV datasheet ("AC Electrical
//! Characteristics").

use std::time::Duration;

/// Programming one page of 256 bytes (tPP, typical). A part of a page is charged as a whole one.
pub const PAGE_PROGRAM: Duration = Duration::from_micros(400);

/// Erasing one sector of 4 KiB (tSE, typical).
pub const SECTOR_ERASE: Duration = Duration::from_millis(45);

/// Erasing one block of 64 KiB (tBE2, typical).
pub const BLOCK_ERASE: Duration = Duration::from_millis(150);

/// Bytes read in a second: two data lines at 80 MHz, the mode that ESP-IDF sets by default. The
/// few clocks of command and address are left out.
pub const READ_RATE: u32 = 20_000_000;

/// Whether the operations of a simulated flash take time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Timing {
    /// Every operation returns at once; the time is only counted.
    #[default]
    None,
    /// An erase or a program keeps its thread for the time of the datasheet, like the real chip,
    /// whose caller waits with interrupts off. Reads return at once.
    Real,
}

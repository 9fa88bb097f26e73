//! How long the chip takes, by the typical figures of the W25Q128JV datasheet ("AC Electrical
//! Characteristics"). What its driver adds is in [`Driver`](super::Driver).

use std::time::Duration;

/// Programming the first byte of a command (tBP1, typical).
pub const FIRST_BYTE: Duration = Duration::from_micros(30);

/// Programming each further byte (tBP2, typical).
pub const FURTHER_BYTE: Duration = Duration::from_nanos(2_500);

/// Programming a whole page of 256 bytes by one command (tPP, typical), which is quicker than byte by
/// byte: many bytes take no longer than all.
pub const PAGE_PROGRAM: Duration = Duration::from_micros(400);

/// Erasing one sector of 4 KiB (tSE, typical).
pub const SECTOR_ERASE: Duration = Duration::from_millis(45);

/// Erasing one block of 64 KiB (tBE2, typical).
pub const BLOCK_ERASE: Duration = Duration::from_millis(150);

/// Whether the operations of a simulated flash take time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Timing {
    /// Every operation returns at once; the time is only counted.
    #[default]
    None,
    /// An erase or a program keeps its thread for the time of the datasheet and of its driver's commands,
    /// like the real chip, whose caller waits with interrupts off. Reads return at once.
    Real,
}

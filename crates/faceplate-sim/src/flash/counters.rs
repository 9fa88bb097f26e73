//! What a simulated flash has done so far.

use std::time::Duration;

use super::timing::{BLOCK_ERASE, SECTOR_ERASE};

/// Counts of the operations of one chip since it was made. Calls that were refused (misaligned, no
/// power) or made to fail are not counted; one that the power was cut in counts as an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Erase and program calls: what a power cut is numbered by.
    pub operations: u64,
    /// Read calls.
    pub reads: u64,
    /// Bytes read.
    pub bytes_read: u64,
    /// Time that the bus took for them.
    pub reading: Duration,
    /// Program calls.
    pub programs: u64,
    /// Program commands that the driver sent for them.
    pub program_commands: u64,
    /// Pages of 256 bytes that the program calls touched.
    pub pages_programmed: u64,
    /// Bytes programmed.
    pub bytes_programmed: u64,
    /// Time that the program commands took.
    pub programming: Duration,
    /// Sectors of 4 KiB erased one by one.
    pub sector_erases: u64,
    /// Blocks of 64 KiB erased at once.
    pub block_erases: u64,
}

impl Counters {
    /// Time that the chip was busy erasing and programming.
    pub fn busy(&self) -> Duration {
        self.programming
            + times(SECTOR_ERASE, self.sector_erases)
            + times(BLOCK_ERASE, self.block_erases)
    }

    /// What was counted since `earlier`, a copy of the same chip's counters.
    #[must_use]
    pub fn since(&self, earlier: &Counters) -> Counters {
        Counters {
            operations: self.operations - earlier.operations,
            reads: self.reads - earlier.reads,
            bytes_read: self.bytes_read - earlier.bytes_read,
            reading: self.reading - earlier.reading,
            programs: self.programs - earlier.programs,
            program_commands: self.program_commands - earlier.program_commands,
            pages_programmed: self.pages_programmed - earlier.pages_programmed,
            bytes_programmed: self.bytes_programmed - earlier.bytes_programmed,
            programming: self.programming - earlier.programming,
            sector_erases: self.sector_erases - earlier.sector_erases,
            block_erases: self.block_erases - earlier.block_erases,
        }
    }
}

fn times(one: Duration, count: u64) -> Duration {
    Duration::from_nanos(one.as_nanos() as u64 * count)
}

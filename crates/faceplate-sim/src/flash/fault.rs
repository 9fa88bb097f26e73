//! What can go wrong with a flash: power cuts and defects, and the errors that they end in.

use std::{fmt, io};

use embedded_storage::nor_flash::{NorFlashError, NorFlashErrorKind};

/// When, within an operation, the power goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Before anything of it has happened.
    Before,
    /// When all of it has happened, but its caller has not been told.
    After,
    /// In the middle. A program has written a prefix of its bytes, or a prefix and a random part of
    /// the bits that it had to clear in one command, or in one page, as with drivers that program
    /// pages; an erase has done a prefix of its sectors and left random bits in the one where it was.
    Torn {
        /// Chooses among all these.
        seed: u64,
    },
    /// In the middle, with cells left between 0 and 1: some of the bits that the operation was
    /// changing read differently each time, until they are erased or programmed to 0.
    Unstable {
        /// Chooses which, and what each read finds.
        seed: u64,
    },
}

/// A defect of the chip. A stuck bit stays; the others too, except [`Fault::Operation`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A cell that neither an erase nor a program changes any more. No error is reported.
    StuckBit {
        /// Address of its byte.
        address: u32,
        /// Its number in the byte, 0 (lowest) to 7.
        bit: u8,
        /// What it always reads.
        value: bool,
    },
    /// Erasing this sector (address / 4096) ends in an error, its contents as they were.
    Erase {
        /// Number of the sector.
        sector: u32,
    },
    /// Programming in this sector ends in an error, its contents as they were.
    Program {
        /// Number of the sector.
        sector: u32,
    },
    /// Reading in this sector ends in an error.
    Read {
        /// Number of the sector.
        sector: u32,
    },
    /// One erase or program call ends in an error and changes nothing.
    Operation {
        /// How many calls succeed before it.
        after: u64,
    },
}

/// Why a flash operation was refused or failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlashError {
    /// Address or length is not a multiple of what the chip's driver takes.
    NotAligned {
        /// Address of the access.
        address: u32,
        /// Its length in bytes.
        len: usize,
        /// What both must be multiples of.
        unit: usize,
    },
    /// The access ends outside the chip.
    OutOfBounds {
        /// Address of the access.
        address: u32,
        /// Its length in bytes.
        len: usize,
    },
    /// The power is off.
    PowerCut,
    /// The chip reported a failure at this address.
    Failed {
        /// Address of the access.
        address: u32,
    },
    /// The file that holds the flash could not be written.
    File(io::ErrorKind),
}

impl fmt::Display for FlashError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAligned { address, len, unit } => write!(
                f,
                "flash access of {len} bytes at {address:#x} is not aligned to {unit} bytes"
            ),
            Self::OutOfBounds { address, len } => {
                write!(
                    f,
                    "flash access of {len} bytes at {address:#x} ends outside the chip"
                )
            }
            Self::PowerCut => f.write_str("the flash has no power"),
            Self::Failed { address } => write!(f, "the flash failed at {address:#x}"),
            Self::File(kind) => write!(f, "the flash file cannot be written: {kind}"),
        }
    }
}

impl std::error::Error for FlashError {}

impl NorFlashError for FlashError {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Self::NotAligned { .. } => NorFlashErrorKind::NotAligned,
            Self::OutOfBounds { .. } => NorFlashErrorKind::OutOfBounds,
            _ => NorFlashErrorKind::Other,
        }
    }
}

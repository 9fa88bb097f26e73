//! Flash files: made, opened and locked.

use std::{
    fmt,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::{
    SECTOR,
    cells::Cells,
    layout::{self, FLASH_SIZES, LayoutError, TABLE_LEN},
};

/// Why a flash file cannot be used.
#[derive(Debug)]
pub enum FileError {
    /// The file cannot be made, opened or read.
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Another process has it open.
    InUse {
        /// Which file.
        path: PathBuf,
    },
    /// The file is not as long as any flash.
    Size {
        /// Which file.
        path: PathBuf,
        /// Bytes of the file.
        found: u64,
    },
    /// The text for a new one is no partition table, or none for its size.
    Table(LayoutError),
    /// It has no partition table, or a wrong one.
    Layout {
        /// Which file.
        path: PathBuf,
        /// Where the table is to be.
        offset: u32,
        /// What is wrong.
        error: LayoutError,
    },
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { path, error } => write!(f, "{}: {error}", path.display()),
            Self::InUse { path } => {
                write!(
                    f,
                    "{}: another simulated device has this flash open",
                    path.display()
                )
            }
            Self::Size { path, found } => write!(
                f,
                "{}: not a flash file: {found} bytes long, a flash has 1, 2, 4, 8, 16 or 32 MiB",
                path.display()
            ),
            Self::Table(error) => error.fmt(f),
            Self::Layout {
                path,
                offset,
                error,
            } => write!(
                f,
                "{}: not a flash file: at {offset:#x}: {error}",
                path.display()
            ),
        }
    }
}

impl std::error::Error for FileError {}

/// Makes a new flash file. It appears whole or not at all, and never replaces a file.
pub(super) fn create(path: &Path, csv: &str, size: usize, offset: u32) -> Result<Cells, FileError> {
    let table = layout::parse(csv, size, offset).map_err(FileError::Table)?;
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".new");
    let unfinished = PathBuf::from(unfinished);
    let io = |error| FileError::Io {
        path: path.to_owned(),
        error,
    };
    if path.try_exists().map_err(io)? {
        return Err(io(io::ErrorKind::AlreadyExists.into()));
    }
    fill(&unfinished, &table.to_bytes(), size, offset)
        .and_then(|()| fs::rename(&unfinished, path))
        .map_err(io)?;
    open(path, offset)
}

fn fill(path: &Path, table: &[u8], size: usize, offset: u32) -> io::Result<()> {
    let mut contents = vec![0xff; size];
    let start = offset as usize;
    contents
        .get_mut(start..start + table.len())
        .ok_or(io::ErrorKind::InvalidInput)?
        .copy_from_slice(table);
    File::create(path)?.write_all(&contents)
}

/// Opens a flash file and keeps others from opening it.
pub(super) fn open(path: &Path, offset: u32) -> Result<Cells, FileError> {
    let io = |error| FileError::Io {
        path: path.to_owned(),
        error,
    };
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .map_err(io)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(FileError::InUse {
                path: path.to_owned(),
            });
        }
        Err(TryLockError::Error(error)) => return Err(io(error)),
    }
    let found = file.metadata().map_err(io)?.len();
    let size = FLASH_SIZES.into_iter().find(|&size| size as u64 == found);
    let size = size.ok_or_else(|| FileError::Size {
        path: path.to_owned(),
        found,
    })?;
    let cells = Cells::from_file(file, size / SECTOR).map_err(io)?;
    let mut table = [0; TABLE_LEN];
    let wrong = |error| FileError::Layout {
        path: path.to_owned(),
        offset,
        error,
    };
    if offset as usize > size - TABLE_LEN {
        return Err(wrong(LayoutError::OutOfBounds {
            label: None,
            end: u64::from(offset) + TABLE_LEN as u64,
            size: found,
        }));
    }
    cells.load(offset, &mut table);
    layout::read(&table, size, offset).map_err(wrong)?;
    Ok(cells)
}

//! A flash file that a new one is made of.

use std::{
    fs::{File, TryLockError},
    io::{ErrorKind, Read as _},
    path::Path,
};

use faceplate::{EspNvs, EspNvsError, Slot};
use faceplate_sim::First;
use faceplate_sim::flash::{
    SimFlash,
    layout::{PartitionTable, TABLE_LEN},
};

use crate::{board::Board, failure::Failure};

/// Reads a flash file of the size of `board`, with the partition table `expected`. No simulated
/// device opens it while the file that comes with the bytes is held.
pub(crate) fn read(
    path: &Path,
    board: &Board,
    expected: &PartitionTable,
) -> Result<(File, Vec<u8>), Failure> {
    let (expected_size, table_offset) = (board.size(), board.table_offset);
    let io = |error| Failure::at(path.display(), error);
    let mut file = hold(path)?.ok_or_else(|| io(ErrorKind::NotFound.into()))?;
    let size = file.metadata().map_err(io)?.len();
    if size != expected_size as u64 {
        return Err(Failure::at(
            path.display(),
            format_args!("not such a flash: {size} bytes long, the flash has {expected_size}"),
        ));
    }
    let mut flash = Vec::with_capacity(expected_size);
    file.read_to_end(&mut flash).map_err(io)?;
    let start = table_offset as usize;
    let table = flash.get(start..start + TABLE_LEN).unwrap_or_default();
    let table = PartitionTable::from_bytes(table).map_err(|error| {
        let what = format_args!("no valid partition table at {table_offset:#x}: {error}");
        Failure::at(path.display(), what)
    })?;
    match difference(&table, expected) {
        None => Ok((file, flash)),
        Some(what) => Err(Failure::at(
            path.display(),
            format_args!("its partition table is another one: {what}"),
        )),
    }
}

/// Lets the settings in a flash forget what was verified in the first slot, which got another
/// frontend: after an upload that was cut, the device would not take it for whole.
pub(crate) fn forget_first(flash: &mut [u8], board: &Board) -> Result<(), Failure> {
    let chip = SimFlash::blank(flash.len());
    chip.poke(0, flash).map_err(Failure::new)?;
    let layout = First::layout(&chip, board.places());
    let mut nvs = EspNvs::in_layout(chip.clone(), &layout);
    match faceplate::forget_image(&mut nvs, Slot::Www0) {
        // Settings that a device would not open hold nothing of a device's.
        Ok(()) | Err(EspNvsError::Layout(_) | EspNvsError::NotPlain(_)) => {}
        Err(error) => {
            return Err(Failure::new(format_args!("the settings in it: {error}")));
        }
    }
    let changed = chip.peek(0, flash.len()).map_err(Failure::new)?;
    flash.copy_from_slice(&changed);
    Ok(())
}

/// Keeps simulated devices from opening a file, if it is there.
pub(crate) fn hold(path: &Path) -> Result<Option<File>, Failure> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::at(path.display(), error)),
    };
    // A device locks its file for itself alone; ours may be held twice, as base and as output.
    match file.try_lock_shared() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(Failure::at(
            path.display(),
            "a simulated device has this flash open; stop it first",
        )),
        Err(TryLockError::Error(error)) => Err(Failure::at(path.display(), error)),
    }
}

/// The first thing in which a partition table is not as expected.
fn difference(found: &PartitionTable, expected: &PartitionTable) -> Option<String> {
    if found == expected {
        return None;
    }
    for want in expected.partitions() {
        let label = &want.label;
        let Some(have) = found.find(label) else {
            return Some(format!("it has no `{label}`"));
        };
        if (have.offset, have.size) != (want.offset, want.size) {
            return Some(format!(
                "`{label}` has {:#x} bytes at {:#x} there, {:#x} at {:#x} here",
                have.size, have.offset, want.size, want.offset
            ));
        }
        if have != want {
            return Some(format!("`{label}` is of another type or has other flags"));
        }
    }
    let mut labels = found.partitions().iter().map(|have| &have.label);
    let more = labels.find(|label| expected.find(label).is_none());
    Some(more.map_or_else(
        || "its partitions are in another order".to_owned(),
        |label| format!("it has `{label}`, too"),
    ))
}

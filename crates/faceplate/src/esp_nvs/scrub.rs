//! Overwrites values that were erased. NVS only marks them so; their bytes stay readable in the
//! flash until the page is used anew, which may be years.
//!
//! Zeros can be programmed over anything, and nobody looks at an erased entry: ESP-IDF does the same
//! for a namespace that is opened to purge. The data goes first and the head of the item last: cut
//! in between, the head still says how far the data goes, and all of it is overwritten again.

use embedded_storage::nor_flash::NorFlash;

use super::{
    EspNvsError,
    guard::{Guard, GuardError},
    page::{self, ENTRIES, ENTRY, HEAD, Mark},
};

/// What overwrites entries, as many at a time.
const ZEROS: [u8; 4 * ENTRY] = [0; 4 * ENTRY];

impl<F: NorFlash> Guard<F> {
    /// Overwrites the erased items of `namespace`.
    pub(super) fn scrub(&mut self, namespace: &str) -> Result<(), EspNvsError> {
        let mut number = None;
        self.items(|_, _, entry, mark| {
            let name = entry[8..24].split(|&byte| byte == 0).next();
            if mark == Mark::Written && entry[0] == 0 && name == Some(namespace.as_bytes()) {
                number = Some(entry[24]);
            }
            Ok(())
        })?;
        let Some(number) = number else { return Ok(()) };
        // What is left of a page that was moved may hold a copy.
        let erased = self.erase_leftovers(None);
        self.items(|guard, at, entry, mark| {
            if mark != Mark::Erased || entry[0] != number {
                return Ok(());
            }
            let end = at + u32::from(entry[2]) * ENTRY as u32;
            for at in (at + ENTRY as u32..end).step_by(ZEROS.len()) {
                guard.program(at, &ZEROS[..ZEROS.len().min((end - at) as usize)])?;
            }
            guard.program(at, &ZEROS[..ENTRY])
        })?;
        // A page that cannot be erased keeps nothing else readable.
        Ok(erased?)
    }

    /// Calls `act` for each item of the pages in use, with the address and the bytes of its first
    /// entry. Items of which only some entries are erased are left out.
    fn items(
        &mut self,
        mut act: impl FnMut(&mut Self, u32, &[u8; ENTRY], Mark) -> Result<(), GuardError>,
    ) -> Result<(), GuardError> {
        let (mut head, mut entry) = ([0; HEAD], [0; ENTRY]);
        for page in self.pages() {
            self.read(page, &mut head)?;
            let mut index = if page::in_use(&head) { 0 } else { ENTRIES };
            while index < ENTRIES {
                let at = page + (HEAD + index * ENTRY) as u32;
                self.read(at, &mut entry)?;
                let span = page::span(&entry, index);
                let next = index + span.unwrap_or(1);
                let mark = page::mark(&head, index);
                if span.is_some() && (index..next).all(|at| page::mark(&head, at) == mark) {
                    act(self, at, &entry, mark)?;
                }
                index = next;
            }
        }
        Ok(())
    }
}

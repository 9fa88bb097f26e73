//! Tells a partition in plain NVS from everything else, before the first byte of it changes.
//!
//! The library takes whatever does not check for damage and erases it. That is right for what a
//! power cut or a worn cell leaves, and the end of everything for a partition that is encrypted, or
//! no NVS at all. What cuts can leave is little, because of how `guard` erases:
//!
//! - A page that is being erased may hold anything; but there is only one at a time, and beside
//!   it one that is in use.
//! - A page whose header was being written has nothing behind it.
//! - An entry that does not check is alone: others of the page do, or it still looks like one.
//!
//! All else is not ours to mend; nor is a partition without an entry that checks where the table has
//! keys for NVS encryption, because whoever made it wants nothing there in plain text. NVS encryption
//! leaves the headers of pages readable, so there *no* entry checks; under flash encryption not even
//! a header does.

use core::fmt;

use super::page::{self, ENTRIES, ENTRY, HEAD, HEADER, Mark, PAGE};

/// What a partition holds that is not plain NVS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// No entry that checks, in a table that has a partition for the keys of NVS encryption.
    Keys,
    /// Pages of NVS in which no entry checks, as NVS encryption leaves them.
    Entries,
    /// Pages of NVS with this version byte, which is neither that of version 1 nor of 2.
    Version(u8),
    /// Something else: an encrypted flash, other data, noise.
    Content,
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keys => {
                f.write_str("the table has NVS keys, but NVS encryption is not supported")
            }
            Self::Entries => f.write_str("NVS is encrypted: no entry in it can be read"),
            Self::Version(byte) => write!(f, "NVS has an unknown version ({byte:#04x})"),
            Self::Content => f.write_str("the NVS partition holds something else than plain NVS"),
        }?;
        f.write_str("; it is left untouched")
    }
}

/// What a page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Erased, but for a few cells at most that have not settled.
    Blank,
    /// Erased, and its header half written.
    Begun,
    /// In use.
    Used {
        /// Whether an entry checks, so that it is in plain text.
        plain: bool,
    },
    /// It was in use: its header is gone, entries are not.
    GivenUp,
    /// Unknown content, as in a page that was being erased.
    Unknown,
    /// Not ours in any case.
    Foreign(Foreign),
}

/// The version bytes that are understood: 2, and 1 from before ESP-IDF 3.2.
const VERSIONS: [u8; 2] = [0xfe, 0xff];

/// The highest byte that a page's sequence number may have. No flash lives to count so far, and
/// `esp-nvs` overflows near the end of its range.
const LAST_SEQUENCE: u8 = 0x7f;

/// Cells of a blank page that may read 0: an erase that was cut near its end leaves a few that read
/// one way or the other.
const UNSETTLED: u32 = 8;

/// What the pages of a partition say together; [`Self::verdict`] tells.
#[derive(Default)]
pub(super) struct Survey {
    foreign: Option<Foreign>,
    begun: u32,
    used: u32,
    plain: bool,
    given_up: u32,
    unknown: u32,
}

impl Survey {
    pub(super) fn add(&mut self, kind: Kind) {
        match kind {
            Kind::Blank => {}
            Kind::Begun => self.begun += 1,
            Kind::Used { plain } => {
                self.used += 1;
                self.plain |= plain;
            }
            Kind::GivenUp => self.given_up += 1,
            Kind::Unknown => self.unknown += 1,
            Kind::Foreign(foreign) => self.foreign = self.foreign.or(Some(foreign)),
        }
    }

    /// Whether this is NVS in plain text: in use, or new where there are no `keys` for encryption.
    pub(super) fn verdict(&self, keys: bool) -> Result<(), Foreign> {
        let ours = self.used + self.begun > 0;
        match self.foreign {
            Some(foreign) => Err(foreign),
            None if self.unknown > 1 => Err(Foreign::Content),
            None if self.unknown + self.given_up > 0 && !ours => Err(Foreign::Content),
            None if keys && !self.plain => Err(Foreign::Keys),
            None => Ok(()),
        }
    }

    pub(super) fn in_use(&self) -> bool {
        self.used > 0
    }
}

/// Judges one page. `read` reads from a place in it; no more than 128 bytes at a time are asked
/// for.
pub(super) fn kind<E>(mut read: impl FnMut(usize, &mut [u8]) -> Result<(), E>) -> Result<Kind, E> {
    const AT_ONCE: usize = 4;
    let mut head = [0; HEAD];
    read(0, &mut head)?;
    let mut seen = Seen::new(&head);
    let mut entries = [0; AT_ONCE * ENTRY];
    for first in (0..ENTRIES).step_by(AT_ONCE) {
        let entries = &mut entries[..AT_ONCE.min(ENTRIES - first) * ENTRY];
        read(HEAD + first * ENTRY, entries)?;
        for (index, entry) in (first..).zip(entries.chunks_exact(ENTRY)) {
            seen.entry(&head, index, entry);
        }
    }
    Ok(seen.kind(&head))
}

const _: () = assert!(HEAD + ENTRIES * ENTRY == PAGE);

/// What was seen of a page.
struct Seen {
    header_checks: bool,
    /// Bits that are 0, in the map and the entries.
    zeros: u32,
    /// Entries that follow as data of an item.
    data: usize,
    /// Items that check.
    whole: usize,
    /// Entries marked written that do not check but look like one.
    damaged: usize,
    /// Entries marked written that look like nothing.
    opaque: usize,
}

impl Seen {
    fn new(head: &[u8; HEAD]) -> Self {
        Self {
            header_checks: page::header_checks(head),
            zeros: zeros(&head[HEADER..]),
            data: 0,
            whole: 0,
            damaged: 0,
            opaque: 0,
        }
    }

    fn entry(&mut self, head: &[u8; HEAD], index: usize, entry: &[u8]) {
        self.zeros += zeros(entry);
        if page::all(entry, 0xff) || page::all(entry, 0) {
            // Says nothing. Data of an item it may be.
            self.data = self.data.saturating_sub(1);
            return;
        }
        let span = page::span(entry, index);
        if !self.header_checks {
            // The map may be gone with the header.
            self.whole += usize::from(span.is_some());
            return;
        }
        if self.data > 0 {
            self.data -= 1;
            return;
        }
        let mark = page::mark(head, index);
        match span {
            Some(span) => {
                // Also where the map has the first entry erased, or not yet written, and a cut
                // kept it from saying so of the others.
                self.data = span - 1;
                // What is erased may be from before the partition was encrypted.
                self.whole += usize::from(mark != Mark::Erased);
            }
            None if mark != Mark::Written => {}
            None if looks_like_one(entry) => self.damaged += 1,
            None => self.opaque += 1,
        }
    }

    fn kind(&self, head: &[u8; HEAD]) -> Kind {
        if self.header_checks {
            return if !VERSIONS.contains(&head[8]) {
                Kind::Foreign(Foreign::Version(head[8]))
            } else if head[7] > LAST_SEQUENCE {
                Kind::Foreign(Foreign::Content)
            } else if self.opaque > 0 && self.whole + self.damaged == 0 {
                Kind::Foreign(Foreign::Entries)
            } else if page::in_use(head) {
                Kind::Used {
                    plain: self.whole > 0,
                }
            } else if self.zeros == 0 {
                Kind::Begun
            } else {
                Kind::GivenUp
            };
        }
        if self.zeros + zeros(&head[..HEADER]) <= UNSETTLED {
            Kind::Blank
        } else if self.zeros == 0 && may_become_header(head) {
            Kind::Begun
        } else if self.whole > 0 {
            Kind::GivenUp
        } else {
            Kind::Unknown
        }
    }
}

fn zeros(bytes: &[u8]) -> u32 {
    bytes.iter().map(|byte| byte.count_zeros()).sum()
}

/// Whether programming more bits makes a header of this: an active page of a known version.
fn may_become_header(head: &[u8; HEAD]) -> bool {
    head[0] >= 0xfe
        && page::all(&head[1..4], 0xff)
        && head[8] >= 0xfe
        && page::all(&head[9..28], 0xff)
}

/// Whether an entry that does not check is one with a cell or two gone wrong: a type, and a key of
/// printable ASCII padded with NUL, in which one byte may be wrong. Once in a hundred million
/// random entries are so.
fn looks_like_one(entry: &[u8]) -> bool {
    let key = &entry[8..24];
    let printable = |byte: &u8| (b' '..=b'~').contains(byte);
    let misfits = (1..key.len()).map(|len| {
        let (name, padding) = key.split_at(len);
        name.iter().filter(|byte| !printable(byte)).count()
            + padding.iter().filter(|&&byte| byte != 0).count()
    });
    let fewest = misfits.min().unwrap_or(key.len());
    fewest == 0 || fewest == 1 && page::is_type(entry)
}

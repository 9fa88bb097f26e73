//! The pages and entries of NVS, as far as they are looked at here without the library
//! (ESP-IDF programming guide, "Non-Volatile Storage Library", "Internals").

use ::esp_nvs::{
    ENTRIES_PER_PAGE, ENTRY_STATE_BITMAP_SIZE, ItemType, PAGE_HEADER_SIZE, platform::software_crc32,
};

pub(super) use ::esp_nvs::{FLASH_SECTOR_SIZE as PAGE, ITEM_SIZE as ENTRY};

/// Bytes of a page's header.
pub(super) const HEADER: usize = PAGE_HEADER_SIZE;

/// Bytes of the header and of the entry map behind it.
pub(super) const HEAD: usize = HEADER + ENTRY_STATE_BITMAP_SIZE;

/// Entries of a page.
pub(super) const ENTRIES: usize = ENTRIES_PER_PAGE;

/// What the map says of an entry. 01, which a cut on the way from empty to erased leaves, counts as
/// erased.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Empty,
    Written,
    Erased,
}

/// The mark of entry `index`, of a page that begins with `head`.
pub(super) fn mark(head: &[u8], index: usize) -> Mark {
    match head[HEADER + index / 4] >> (index % 4 * 2) & 0b11 {
        0b11 => Mark::Empty,
        0b10 => Mark::Written,
        _ => Mark::Erased,
    }
}

/// Whether the checksum of a page's header is right. It covers all but the state.
pub(super) fn header_checks(head: &[u8]) -> bool {
    head[28..HEADER] == software_crc32(u32::MAX, &head[4..28]).to_le_bytes()
}

/// The state of the page that is being filled: the first 4 bytes of its header.
pub(super) const ACTIVE: [u8; 4] = 0xffff_fffe_u32.to_le_bytes();
const FULL: [u8; 4] = 0xffff_fffc_u32.to_le_bytes();
const FREEING: [u8; 4] = 0xffff_fff8_u32.to_le_bytes();

/// Whether the header is that of a page with entries that count.
pub(super) fn in_use(head: &[u8]) -> bool {
    [ACTIVE, FULL, FREEING]
        .iter()
        .any(|state| head[..4] == *state)
        && header_checks(head)
}

/// How many entries the item takes that begins at entry `index` with the bytes `entry`; `None`
/// where its checksum is wrong, or none begins there.
pub(super) fn span(entry: &[u8], index: usize) -> Option<usize> {
    let crc = software_crc32(u32::MAX, &entry[..4]);
    let crc = software_crc32(crc, &entry[8..ENTRY]);
    let span = usize::from(entry[2]);
    let fits = span >= 1 && index + span <= ENTRIES;
    let checks = fits && is_type(entry) && entry[4..8] == crc.to_le_bytes();
    checks.then_some(span)
}

pub(super) fn is_type(entry: &[u8]) -> bool {
    ItemType::from_repr(entry[1]).is_some_and(|kind| kind != ItemType::Any)
}

/// Whether all bytes are `value`.
pub(super) fn all(bytes: &[u8], value: u8) -> bool {
    bytes.iter().all(|&byte| byte == value)
}

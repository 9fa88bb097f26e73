//! A strict reader of NVS partitions, written from Espressif's description of the format
//! (ESP-IDF programming guide, "Non-Volatile Storage Library", "Internals").
//!
//! It shares no code with what writes the partitions, and takes nothing on trust: what the
//! description does not allow is an error that says where.

use std::collections::BTreeMap;

const PAGE: usize = 4096;
const ENTRY: usize = 32;
const ENTRIES: usize = 126;
const MAP: usize = 32;
const FIRST_ENTRY: usize = 64;

/// A value with its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    U8(u8),
    I8(i8),
    U16(u16),
    I16(i16),
    U32(u32),
    I32(i32),
    U64(u64),
    I64(i64),
    Str(String),
    Blob(Vec<u8>),
}

/// What a partition holds.
#[derive(Debug, Default)]
pub struct Partition {
    /// By namespace and key.
    pub values: BTreeMap<(String, String), Value>,
    /// Pages that hold valid entries.
    pub used_pages: usize,
    /// Pages that are blank.
    pub blank_pages: usize,
    /// Pages whose header is not valid, which a writer erases before it uses them.
    pub corrupt_pages: usize,
}

impl Partition {
    pub fn get(&self, namespace: &str, key: &str) -> Option<&Value> {
        self.values.get(&(namespace.to_owned(), key.to_owned()))
    }
}

/// Reads a whole partition.
pub fn parse(bytes: &[u8]) -> Result<Partition, String> {
    if bytes.is_empty() || !bytes.len().is_multiple_of(PAGE) {
        return Err(format!(
            "{} bytes are not a whole number of pages",
            bytes.len()
        ));
    }
    let mut partition = Partition::default();
    let mut pages = Vec::new();
    for (number, bytes) in bytes.chunks(PAGE).enumerate() {
        match page_kind(bytes) {
            Kind::Blank => partition.blank_pages += 1,
            Kind::Corrupt => partition.corrupt_pages += 1,
            Kind::Used(state, sequence) => pages.push(Page {
                number,
                state,
                sequence,
                bytes,
            }),
        }
    }
    partition.used_pages = pages.len();
    pages.sort_by_key(|page| page.sequence);
    for pair in pages.windows(2) {
        if pair[0].sequence == pair[1].sequence {
            return Err(format!(
                "pages {} and {} have one number",
                pair[0].number, pair[1].number
            ));
        }
    }
    for (at, page) in pages.iter().enumerate() {
        if page.state == State::Active && at + 1 != pages.len() {
            return Err(format!(
                "page {} is active, but is not the newest",
                page.number
            ));
        }
        if page.state == State::Freeing {
            return Err(format!("page {} is still being freed", page.number));
        }
    }
    let mut items = Vec::new();
    for page in &pages {
        page.items(&mut items)
            .map_err(|error| format!("page {}, {error}", page.number))?;
    }
    partition.values = collect(&items)?;
    Ok(partition)
}

#[derive(PartialEq)]
enum State {
    Active,
    Full,
    Freeing,
}

enum Kind {
    Blank,
    Corrupt,
    Used(State, u32),
}

/// Judges a page by its header: state, sequence number, version (1 or 2, as 0xff or 0xfe), 19 bytes
/// 0xff, CRC of all but the state.
fn page_kind(page: &[u8]) -> Kind {
    if page.iter().all(|&byte| byte == 0xff) {
        return Kind::Blank;
    }
    let state = match u32_at(page, 0) {
        0xffff_fffe => State::Active,
        0xffff_fffc => State::Full,
        0xffff_fff8 => State::Freeing,
        _ => return Kind::Corrupt,
    };
    let version = matches!(page[8], 0xfe | 0xff);
    let unused = page[9..28].iter().all(|&byte| byte == 0xff);
    if !version || !unused || crc(&[&page[4..28]]) != u32_at(page, 28) {
        return Kind::Corrupt;
    }
    Kind::Used(state, u32_at(page, 4))
}

struct Page<'a> {
    number: usize,
    state: State,
    sequence: u32,
    bytes: &'a [u8],
}

/// One item: its first entry and the bytes of the entries that it spans beyond that.
struct Item<'a> {
    place: String,
    namespace: u8,
    kind: u8,
    chunk: u8,
    key: String,
    data: &'a [u8],
    payload: &'a [u8],
}

impl<'a> Page<'a> {
    fn entry(&self, index: usize) -> &'a [u8] {
        &self.bytes[FIRST_ENTRY + index * ENTRY..][..ENTRY]
    }

    /// Two bits of the map: 3 empty, 2 written, 0 erased.
    fn entry_state(&self, index: usize) -> u8 {
        self.bytes[MAP + index / 4] >> (index % 4 * 2) & 3
    }

    fn items(&self, items: &mut Vec<Item<'a>>) -> Result<(), String> {
        if self.bytes[MAP + 31] >> 4 != 0xf {
            return Err("the map says something of entries 126 and 127".into());
        }
        let mut index = 0;
        while index < ENTRIES {
            let entry = self.entry(index);
            let span = match self.entry_state(index) {
                0 => 1,
                2 => {
                    let item = self
                        .item(index)
                        .map_err(|error| format!("entry {index}: {error}"))?;
                    items.push(item);
                    usize::from(entry[2])
                }
                3 if entry.iter().any(|&byte| byte != 0xff) => {
                    return Err(format!("entry {index} is empty but not blank"));
                }
                3 if (index..ENTRIES).any(|later| self.entry_state(later) != 3) => {
                    return Err(format!("entry {index} is empty but later ones are not"));
                }
                3 => 1,
                _ => return Err(format!("entry {index} has a state that does not exist")),
            };
            index += span;
        }
        Ok(())
    }

    fn item(&self, index: usize) -> Result<Item<'a>, String> {
        let entry = self.entry(index);
        if crc(&[&entry[..4], &entry[8..]]) != u32_at(entry, 4) {
            return Err("CRC of the entry".into());
        }
        let (namespace, kind, span, chunk) = (entry[0], entry[1], usize::from(entry[2]), entry[3]);
        if span == 0 || index + span > ENTRIES {
            return Err(format!("span {span}"));
        }
        if (index..index + span).any(|at| self.entry_state(at) != 2) {
            return Err("not all of its entries are written".into());
        }
        let name = &entry[8..24];
        let len = name
            .iter()
            .position(|&byte| byte == 0)
            .ok_or("key without an end")?;
        if len == 0 || name[len..].iter().any(|&byte| byte != 0) {
            return Err("key empty, or not padded with zeros".into());
        }
        let key = std::str::from_utf8(&name[..len]).map_err(|error| error.to_string())?;
        let data = &entry[24..];
        let mut payload: &[u8] = &[];
        let used = match kind {
            0x01 | 0x11 => 1,
            0x02 | 0x12 => 2,
            0x04 | 0x14 => 4,
            0x08 | 0x18 => 8,
            0x48 => 6,
            0x21 | 0x41 | 0x42 => {
                let size = usize::from(u16::from_le_bytes([data[0], data[1]]));
                let entries = size.div_ceil(ENTRY);
                if span != 1 + entries {
                    return Err(format!("{size} bytes in a span of {span}"));
                }
                let start = FIRST_ENTRY + (index + 1) * ENTRY;
                payload = &self.bytes[start..start + size];
                if self.bytes[start + size..start + entries * ENTRY]
                    .iter()
                    .any(|&b| b != 0xff)
                {
                    return Err("padding that is not blank".into());
                }
                if crc(&[payload]) != u32_at(data, 4) {
                    return Err("CRC of the data".into());
                }
                if data[2..4] != [0xff; 2] {
                    return Err("reserved bytes that are not blank".into());
                }
                8
            }
            _ => return Err(format!("type {kind:#04x}")),
        };
        if data[used..].iter().any(|&byte| byte != 0xff) {
            return Err("unused bytes that are not blank".into());
        }
        if !matches!(kind, 0x21 | 0x41 | 0x42) && span != 1 {
            return Err(format!("type {kind:#04x} with a span of {span}"));
        }
        if (kind == 0x42) == (chunk == 0xff) {
            return Err(format!("chunk {chunk} of type {kind:#04x}"));
        }
        let place = format!("page {}, entry {index}", self.number);
        Ok(Item {
            place,
            namespace,
            kind,
            chunk,
            key: key.to_owned(),
            data,
            payload,
        })
    }
}

/// Puts names of namespaces, and blobs from their chunks, to the items.
fn collect(items: &[Item<'_>]) -> Result<BTreeMap<(String, String), Value>, String> {
    let mut namespaces = BTreeMap::new();
    for item in items.iter().filter(|item| item.namespace == 0) {
        let number = item.data[0];
        if item.kind != 0x01 || number == 0 || number == 0xff {
            return Err(format!(
                "{}: namespace '{}' of number {number}",
                item.place, item.key
            ));
        }
        if namespaces.insert(number, item.key.clone()).is_some() {
            return Err(format!(
                "{}: a second namespace of number {number}",
                item.place
            ));
        }
    }
    let names: std::collections::BTreeSet<_> = namespaces.values().collect();
    if names.len() != namespaces.len() {
        return Err("a namespace has two numbers".into());
    }

    let mut chunks = BTreeMap::new();
    for item in items
        .iter()
        .filter(|item| item.namespace != 0 && item.kind == 0x42)
    {
        if chunks
            .insert((item.namespace, &item.key, item.chunk), item)
            .is_some()
        {
            return Err(format!(
                "{}: chunk {} of '{}' again",
                item.place, item.chunk, item.key
            ));
        }
    }

    let mut values = BTreeMap::new();
    for item in items
        .iter()
        .filter(|item| item.namespace != 0 && item.kind != 0x42)
    {
        let namespace = namespaces
            .get(&item.namespace)
            .ok_or_else(|| format!("{}: nobody named namespace {}", item.place, item.namespace))?;
        let value = match item.kind {
            0x01 => Value::U8(item.data[0]),
            0x11 => Value::I8(item.data[0] as i8),
            0x02 => Value::U16(u32_at(item.data, 0) as u16),
            0x12 => Value::I16(u32_at(item.data, 0) as i16),
            0x04 => Value::U32(u32_at(item.data, 0)),
            0x14 => Value::I32(u32_at(item.data, 0) as i32),
            0x08 => Value::U64(u64_at(item.data)),
            0x18 => Value::I64(u64_at(item.data) as i64),
            0x21 => Value::Str(string(item)?),
            // In one piece, as in version 1.
            0x41 => Value::Blob(item.payload.to_vec()),
            _ => Value::Blob(blob(item, &mut chunks)?),
        };
        if values
            .insert((namespace.clone(), item.key.clone()), value)
            .is_some()
        {
            return Err(format!("{}: '{}' is there twice", item.place, item.key));
        }
    }
    if let Some(item) = chunks.values().next() {
        return Err(format!("{}: chunk {} of no blob", item.place, item.chunk));
    }
    Ok(values)
}

fn string(item: &Item<'_>) -> Result<String, String> {
    match item.payload.split_last() {
        Some((0, text)) if !text.contains(&0) => {
            String::from_utf8(text.to_vec()).map_err(|error| format!("{}: {error}", item.place))
        }
        _ => Err(format!(
            "{}: a string that does not end where it should",
            item.place
        )),
    }
}

/// The index names size, count and first number of the chunks.
fn blob<'a>(
    index: &Item<'a>,
    chunks: &mut BTreeMap<(u8, &'a String, u8), &Item<'a>>,
) -> Result<Vec<u8>, String>
where
{
    let (size, count, start) = (u32_at(index.data, 0), index.data[4], index.data[5]);
    if !matches!(start, 0 | 0x80) {
        return Err(format!("{}: chunks start at {start}", index.place));
    }
    let mut blob = Vec::new();
    for number in 0..count {
        let wanted = chunks
            .iter()
            .find(|((namespace, key, chunk), _)| {
                *namespace == index.namespace && **key == index.key && *chunk == start + number
            })
            .map(|(key, _)| *key)
            .ok_or_else(|| format!("{}: chunk {number} is missing", index.place))?;
        let chunk = chunks.remove(&wanted).ok_or("unreachable")?;
        blob.extend_from_slice(chunk.payload);
    }
    if blob.len() != size as usize {
        return Err(format!("{}: {} bytes of {size}", index.place, blob.len()));
    }
    Ok(blob)
}

/// CRC-32 (reflected 0xEDB88320) as the ROM's `crc32_le(0xffffffff, ...)` computes it: the register
/// starts at 0, and the result is inverted.
pub fn crc(parts: &[&[u8]]) -> u32 {
    let mut register = 0u32;
    for byte in parts.iter().copied().flatten() {
        register ^= u32::from(*byte);
        for _ in 0..8 {
            register = (register >> 1) ^ (0xedb8_8320 & (register & 1).wrapping_neg());
        }
    }
    !register
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn u64_at(bytes: &[u8]) -> u64 {
    u64::from(u32_at(bytes, 0)) | u64::from(u32_at(bytes, 4)) << 32
}

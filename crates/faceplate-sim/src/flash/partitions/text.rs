//! The text of a `partitions.csv`, as ESP-IDF reads it.

use super::{
    APP, BOOTLOADER, DATA, ENTRY, LABEL, Partition, PartitionTable, TABLE, TABLE_LEN, TABLE_ROOM,
    TableError,
};

/// Names of types (ESP-IDF, "Partition Tables", and `gen_esp32part.py`).
const KINDS: [(&str, u8); 4] = [
    ("app", APP),
    ("data", DATA),
    ("bootloader", BOOTLOADER),
    ("partition_table", TABLE),
];

/// Names of subtypes, by type, besides the numbered ones of apps.
const SUBTYPES: [(u8, &[(&str, u8)]); 4] = [
    (APP, &[("factory", 0x00), ("test", 0x20)]),
    (
        DATA,
        &[
            ("ota", OTA_DATA),
            ("phy", 0x01),
            ("nvs", 0x02),
            ("coredump", 0x03),
            ("nvs_keys", 0x04),
            ("efuse", 0x05),
            ("undefined", UNDEFINED),
            ("esphttpd", 0x80),
            ("fat", 0x81),
            ("spiffs", 0x82),
            ("littlefs", 0x83),
            ("tee_ota", 0x90),
        ],
    ),
    (
        BOOTLOADER,
        &[("primary", 0x00), ("ota", 0x01), ("recovery", 0x02)],
    ),
    (TABLE, &[("primary", 0x00), ("ota", 0x01)]),
];

/// What an app is called that an update replaces: its names with a number, what the first of them
/// is, and how many there are.
const NUMBERED_APPS: [(&str, u8, u8); 2] = [("ota_", 0x10, 16), ("tee_", 0x30, 2)];

/// Which app starts.
const OTA_DATA: u8 = 0x00;
const OTA_DATA_LEN: u32 = 0x2000;

/// What an empty column means.
const UNDEFINED: u8 = 0x06;

const FLAGS: [(&str, u32); 2] = [("encrypted", 1 << 0), ("readonly", 1 << 1)];

/// What offsets are multiples of: of apps, which are mapped into memory, and of others.
const APP_UNIT: u32 = 0x1_0000;
const UNIT: u32 = 0x1000;

impl PartitionTable {
    /// Reads a text, for a table that is at `table_offset`. Partitions without an offset follow the one
    /// before, the first of them the table.
    ///
    /// # Errors
    /// When it is none, or its partitions share bytes.
    pub fn from_text(text: &str, table_offset: u32) -> Result<Self, TableError> {
        let free = u64::from(table_offset) + u64::from(TABLE_ROOM);
        let (mut end, mut partitions) = (free, Vec::new());
        for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let partition =
                partition(line, end, table_offset).map_err(|what| TableError::Line {
                    line: index + 1,
                    what,
                })?;
            if !partition.comes_first() {
                end = partition.end();
            }
            partitions.push(partition);
        }
        if partitions.is_empty() {
            return Err(TableError::Empty);
        }
        // With the MD5 and an entry that ends it.
        if (partitions.len() + 2) * ENTRY > TABLE_LEN {
            return Err(TableError::TooMany(partitions.len()));
        }
        check(&partitions, free)?;
        Ok(Self(partitions))
    }
}

/// One line, behind a partition that ends at `end`.
fn partition(line: &str, end: u64, table_offset: u32) -> Result<Partition, String> {
    let mut fields = line.split(',').map(str::trim);
    let mut next = || fields.next().unwrap_or_default();
    let (label, kind, subtype, offset, size, flags) =
        (next(), next(), next(), next(), next(), next());
    // As long as the field is, like Espressif's tool.
    let label = &label[..label.floor_char_boundary(LABEL)];
    let kind = number_or(kind, &KINDS).ok_or_else(|| format!("`{kind}` is no type"))?;
    let subtype = subtype_of(kind, subtype)?;
    let (offset, size) = match (kind, subtype) {
        // All of these chips have it at the start of the flash.
        (BOOTLOADER, super::PRIMARY) => (0, i64::from(table_offset)),
        (TABLE, super::PRIMARY) => (i64::from(table_offset), i64::from(TABLE_ROOM)),
        _ => {
            let unit = i64::from(if kind == APP { APP_UNIT } else { UNIT });
            let offset = match offset {
                "" => (end as i64 + unit - 1) / unit * unit,
                text => number(text).ok_or_else(|| format!("`{text}` is no offset"))?,
            };
            let size = match (kind, size) {
                (BOOTLOADER, _) => i64::from(table_offset),
                (TABLE, _) => i64::from(TABLE_ROOM),
                (_, "") => return Err(format!("`{label}` has no size")),
                (_, text) => number(text).ok_or_else(|| format!("`{text}` is no size"))?,
            };
            // A negative size says where it ends.
            (offset, if size < 0 { -size - offset } else { size })
        }
    };
    let word = |what, value: i64| {
        u32::try_from(value).map_err(|_| {
            let sign = if value < 0 { "-" } else { "" };
            format!(
                "`{label}` has the {what} {sign}{:#x}, which is not from 0 to 0xffffffff",
                value.unsigned_abs()
            )
        })
    };
    let mut names = flags.split(':').filter(|name| !name.is_empty());
    let flags = names.try_fold(0, |bits, name| {
        let known = FLAGS.iter().find(|(flag, _)| *flag == name);
        let known = known.ok_or_else(|| format!("`{name}` is no flag, as `encrypted` is"))?;
        Ok::<_, String>(bits | known.1)
    })?;
    Ok(Partition {
        label: label.to_owned(),
        kind,
        subtype,
        offset: word("offset", offset)?,
        size: word("size", size)?,
        flags,
    })
}

fn subtype_of(kind: u8, text: &str) -> Result<u8, String> {
    if text.is_empty() {
        return match kind {
            APP => Err("an app has no subtype, such as `factory` or `ota_0`".to_owned()),
            _ => Ok(UNDEFINED),
        };
    }
    let named = SUBTYPES.iter().find(|(of, _)| *of == kind);
    let named = named.map_or(&[][..], |(_, names)| names);
    let numbered = || {
        let (_, first, number) =
            NUMBERED_APPS
                .iter()
                .filter(|_| kind == APP)
                .find_map(|(name, first, count)| {
                    let number = text.to_ascii_lowercase();
                    let number: u8 = number.strip_prefix(name)?.parse().ok()?;
                    (number < *count).then_some((name, first, number))
                })?;
        Some(first + number)
    };
    number_or(text, named)
        .or_else(numbered)
        .ok_or_else(|| format!("`{text}` is no subtype of such a partition"))
}

/// A number of one byte, or the name of one.
fn number_or(text: &str, names: &[(&str, u8)]) -> Option<u8> {
    let named = names
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(text));
    match named {
        Some((_, value)) => Some(*value),
        None => number(text).and_then(|value| u8::try_from(value).ok()),
    }
}

/// A number as Python writes it, with K or M behind it for 1024 or 1024 times that.
fn number(text: &str) -> Option<i64> {
    let lower = text.to_ascii_lowercase().replace('_', "");
    let (number, unit) = match lower.as_bytes().last()? {
        b'k' => (&lower[..lower.len() - 1], 1 << 10),
        b'm' => (&lower[..lower.len() - 1], 1 << 20),
        _ => (&*lower, 1),
    };
    let (number, sign) = match number.strip_prefix('-') {
        Some(number) => (number, -1),
        None => (number, 1),
    };
    let (digits, radix) = match number.get(..2) {
        Some("0x") => (&number[2..], 16),
        Some("0o") => (&number[2..], 8),
        Some("0b") => (&number[2..], 2),
        _ => (number, 10),
    };
    if !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    // 32 bits are all that a table has; more than these are enough to say what is wrong.
    let value = i64::from_str_radix(digits, radix).ok()?;
    (value <= 1 << 40).then_some(value * unit * sign)
}

/// What Espressif's tool refuses, too.
fn check(partitions: &[Partition], free: u64) -> Result<(), TableError> {
    for (index, one) in partitions.iter().enumerate() {
        let label = one.label.clone();
        let unit = if one.is_app() { APP_UNIT } else { UNIT };
        let offset = one.offset;
        if !offset.is_multiple_of(unit) {
            return Err(TableError::Askew {
                label,
                offset,
                unit,
            });
        }
        if u64::from(offset) < free && !one.comes_first() {
            return Err(TableError::TooLow {
                label,
                offset,
                free,
            });
        }
        for other in &partitions[index + 1..] {
            if other.label == label {
                return Err(TableError::Twice(label));
            }
            if u64::from(one.offset) < other.end() && u64::from(other.offset) < one.end() {
                return Err(TableError::Overlap(label, other.label.clone()));
            }
        }
    }
    let is_ota_data = |one: &&Partition| (one.kind, one.subtype) == (DATA, OTA_DATA);
    let mut ota_data = partitions.iter().filter(is_ota_data);
    match (ota_data.next(), ota_data.next()) {
        (None, _) => Ok(()),
        (Some(one), None) if one.size == OTA_DATA_LEN => Ok(()),
        _ => Err(TableError::OtaData),
    }
}

//! The table as it lies on flash (ESP-IDF: `esp_partition_info_t`), and back.

use md5::{Digest as _, Md5};

use super::{ENTRY, LABEL, Partition, PartitionTable, TABLE_LEN, TableError};

/// How an entry begins.
const MAGIC: [u8; 2] = [0xaa, 0x50];

/// How the entry begins that has the MD5 of all before it in its second half.
const MD5_MAGIC: [u8; 2] = [0xeb, 0xeb];
const MD5_AT: usize = 16;

impl PartitionTable {
    /// Reads what is on flash, as the bootloader does. Whether a device can work with the partitions
    /// is another question.
    ///
    /// # Errors
    /// When the bytes are none.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TableError> {
        let mut partitions = Vec::new();
        let mut hash = Md5::new();
        for (index, entry) in bytes.chunks_exact(ENTRY).enumerate() {
            if entry.iter().all(|&byte| byte == 0xff) {
                return match partitions.is_empty() {
                    true => Err(TableError::Empty),
                    false => Ok(Self(partitions)),
                };
            }
            if entry.starts_with(&MD5_MAGIC) {
                if entry[MD5_AT..] != *hash.clone().finalize() {
                    return Err(TableError::Md5);
                }
                continue;
            }
            if !entry.starts_with(&MAGIC) {
                return Err(TableError::Entry(index));
            }
            hash.update(entry);
            partitions.push(partition(entry));
        }
        Err(TableError::Endless)
    }

    /// The table with the MD5 that Espressif's tool adds, [`TABLE_LEN`] bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> = self.partitions().iter().flat_map(entry).collect();
        let md5 = Md5::digest(&bytes);
        bytes.extend(MD5_MAGIC);
        bytes.extend([0xff; MD5_AT - MD5_MAGIC.len()]);
        bytes.extend(md5);
        bytes.resize(TABLE_LEN, 0xff);
        bytes
    }
}

fn partition(entry: &[u8]) -> Partition {
    let word = |at: usize| u32::from_le_bytes(std::array::from_fn(|index| entry[at + index]));
    let label = &entry[12..12 + LABEL];
    let end = label.iter().position(|&byte| byte == 0);
    Partition {
        label: String::from_utf8_lossy(&label[..end.unwrap_or(LABEL)]).into_owned(),
        kind: entry[2],
        subtype: entry[3],
        offset: word(4),
        size: word(8),
        flags: word(28),
    }
}

fn entry(partition: &Partition) -> [u8; ENTRY] {
    let mut entry = [0; ENTRY];
    entry[..2].copy_from_slice(&MAGIC);
    entry[2] = partition.kind;
    entry[3] = partition.subtype;
    entry[4..8].copy_from_slice(&partition.offset.to_le_bytes());
    entry[8..12].copy_from_slice(&partition.size.to_le_bytes());
    for (to, from) in entry[12..12 + LABEL]
        .iter_mut()
        .zip(partition.label.bytes())
    {
        *to = from;
    }
    entry[28..].copy_from_slice(&partition.flags.to_le_bytes());
    entry
}

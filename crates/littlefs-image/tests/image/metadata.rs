//! Takes metadata blocks apart into records and seals them again with right checksums, so that tests
//! can make images that are wrong in just one place. Written apart from the crate's own code.

pub const BLOCK: usize = 4096;

pub const REG: u16 = 0x001;
pub const DIR: u16 = 0x002;
pub const SUPERBLOCK: u16 = 0x0ff;
pub const DIR_STRUCT: u16 = 0x200;
pub const INLINE_STRUCT: u16 = 0x201;
pub const CTZ_STRUCT: u16 = 0x202;
pub const USER_ATTR: u16 = 0x300;
pub const CREATE: u16 = 0x401;
pub const DELETE: u16 = 0x4ff;
pub const CRC: u16 = 0x500;
pub const FCRC: u16 = 0x5ff;
pub const SOFT_TAIL: u16 = 0x600;
pub const HARD_TAIL: u16 = 0x601;
pub const MOVE_STATE: u16 = 0x7ff;

/// The id of what belongs to the whole pair, and the length of what is removed.
pub const NONE: u16 = 0x3ff;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub kind: u16,
    pub id: u16,
    /// The length field; `data` may disagree where a test wants that.
    pub length: u16,
    pub data: Vec<u8>,
}

pub fn record(kind: u16, id: u16, data: &[u8]) -> Record {
    Record {
        kind,
        id,
        length: data.len() as u16,
        data: data.to_vec(),
    }
}

/// Two 32-bit numbers as they stand in contents and tails.
pub fn two(a: u32, b: u32) -> [u8; 8] {
    let mut bytes = [0; 8];
    bytes[..4].copy_from_slice(&a.to_le_bytes());
    bytes[4..].copy_from_slice(&b.to_le_bytes());
    bytes
}

/// The valid commits of a block, without their checksums.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    pub revision: u32,
    pub commits: Vec<Vec<Record>>,
}

impl Metadata {
    /// `None` when there is no valid commit.
    pub fn parse(block: &[u8]) -> Option<Self> {
        let revision = u32::from_le_bytes(block[..4].try_into().ok()?);
        let mut commits = Vec::new();
        let mut records = Vec::new();
        let (mut start, mut at, mut previous) = (0, 4, u32::MAX);
        while let Some(bytes) = block.get(at..at + 4) {
            let tag = u32::from_be_bytes(bytes.try_into().ok()?) ^ previous;
            let (kind, id, length) = (tag >> 20 & 0x7ff, tag >> 10 & 0x3ff, tag & 0x3ff);
            let size = if length == u32::from(NONE) {
                0
            } else {
                length as usize
            };
            let Some(data) = block.get(at + 4..at + 4 + size) else {
                break;
            };
            if tag >> 31 == 1 {
                break;
            }
            if kind & 0x780 == u32::from(CRC) {
                if data.get(..4) != Some(&crc(&block[start..at + 4]).to_le_bytes()[..]) {
                    break;
                }
                commits.push(std::mem::take(&mut records));
                previous = tag ^ (kind & 1) << 31;
                start = at + 4 + size;
            } else {
                let (kind, id, length) = (kind as u16, id as u16, length as u16);
                records.push(Record {
                    kind,
                    id,
                    length,
                    data: data.to_vec(),
                });
                previous = tag;
            }
            at += 4 + size;
        }
        (!commits.is_empty()).then_some(Metadata { revision, commits })
    }

    /// The block, or `None` when it does not fit.
    pub fn seal(&self) -> Option<Vec<u8>> {
        let mut block = self.revision.to_le_bytes().to_vec();
        let (mut start, mut previous) = (0, u32::MAX);
        for records in &self.commits {
            let mut put = |block: &mut Vec<u8>, kind: u16, id: u16, length: u16| {
                let (kind, id, length) = (u32::from(kind), u32::from(id), u32::from(length));
                let tag = (kind & 0x7ff) << 20 | (id & 0x3ff) << 10 | length & 0x3ff;
                block.extend_from_slice(&(tag ^ previous).to_be_bytes());
                previous = tag;
            };
            for record in records {
                put(&mut block, record.kind, record.id, record.length);
                block.extend_from_slice(&record.data);
            }
            put(&mut block, CRC, NONE, 4);
            let sum = crc(&block[start..]);
            block.extend_from_slice(&sum.to_le_bytes());
            start = block.len();
        }
        if block.len() > BLOCK {
            return None;
        }
        block.resize(BLOCK, 0xff);
        Some(block)
    }
}

/// CRC-32 without the final XOR, by a table of what each byte does.
fn crc(bytes: &[u8]) -> u32 {
    static TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut at = 0;
        while at < 256 * 8 {
            let (byte, bit) = (at / 8, at % 8);
            let crc = if bit == 0 { byte as u32 } else { table[byte] };
            table[byte] = crc >> 1 ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 };
            at += 1;
        }
        table
    };
    let step = |crc: u32, byte: &u8| crc >> 8 ^ TABLE[usize::from(crc as u8 ^ byte)];
    bytes.iter().fold(u32::MAX, step)
}

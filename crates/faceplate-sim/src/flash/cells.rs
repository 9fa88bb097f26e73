//! The contents of a simulated flash: in memory, and in a file when there is one.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    ops::Range,
    rc::Rc,
};

use super::SECTOR;

const BLANK: [u8; SECTOR] = [0xff; SECTOR];

/// Sectors are shared between copies until one of them changes, so that a copy of a whole chip
/// costs little. A sector that was never programmed takes no memory.
#[derive(Debug)]
pub(super) struct Cells {
    sectors: Vec<Option<Rc<[u8; SECTOR]>>>,
    /// Written through on each change, so that it is right whenever the process ends.
    file: Option<File>,
    /// Bits, by the address of their byte, that read at random.
    pub(super) unstable: BTreeMap<u32, u8>,
    /// Bits, by the address of their byte, that never change: mask and value.
    stuck: BTreeMap<u32, (u8, u8)>,
}

impl Cells {
    pub(super) fn blank(sectors: usize) -> Self {
        let sectors = vec![None; sectors];
        Self {
            sectors,
            file: None,
            unstable: BTreeMap::new(),
            stuck: BTreeMap::new(),
        }
    }

    /// Takes all contents from `file`, which is as long as `sectors` say, and keeps it in step.
    pub(super) fn from_file(mut file: File, sectors: usize) -> io::Result<Self> {
        let mut cells = Self::blank(sectors);
        file.seek(SeekFrom::Start(0))?;
        let mut buf = [0; SECTOR];
        for sector in &mut cells.sectors {
            file.read_exact(&mut buf)?;
            if buf != BLANK {
                *sector = Some(Rc::new(buf));
            }
        }
        cells.file = Some(file);
        Ok(cells)
    }

    /// A copy in memory with a life of its own.
    pub(super) fn fork(&self) -> Self {
        Self {
            sectors: self.sectors.clone(),
            file: None,
            unstable: self.unstable.clone(),
            stuck: self.stuck.clone(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.sectors.len() * SECTOR
    }

    /// Copies the stored bytes from `address`, which with `buf` lies inside the chip.
    pub(super) fn load(&self, address: u32, buf: &mut [u8]) {
        load_from(&self.sectors, address, buf);
    }

    /// Sets the bytes from `address`, as far as no bit is stuck, in memory and in the file.
    pub(super) fn store(&mut self, address: u32, bytes: &[u8]) -> io::Result<()> {
        for (sector, within, of_bytes) in pieces(address, bytes.len()) {
            let contents = Rc::make_mut(self.sectors[sector].get_or_insert_with(|| Rc::new(BLANK)));
            contents[within].copy_from_slice(&bytes[of_bytes]);
            let base = (sector * SECTOR) as u32;
            for (stuck, (mask, value)) in self.stuck.range(base..base + SECTOR as u32) {
                let byte = &mut contents[(stuck - base) as usize];
                *byte = *byte & !mask | value;
            }
            if *contents == BLANK {
                self.sectors[sector] = None;
            }
        }
        if let Some(file) = &mut self.file {
            let mut stored = vec![0; bytes.len()];
            load_from(&self.sectors, address, &mut stored);
            file.seek(SeekFrom::Start(u64::from(address)))?;
            file.write_all(&stored)?;
        }
        Ok(())
    }

    /// Makes bits of one byte keep `value` (under `mask`) from now on.
    pub(super) fn stick(&mut self, address: u32, mask: u8, value: u8) -> io::Result<()> {
        let stuck = self.stuck.entry(address).or_default();
        *stuck = (stuck.0 | mask, stuck.1 & !mask | value & mask);
        let mut byte = [0];
        self.load(address, &mut byte);
        self.store(address, &byte)
    }
}

fn load_from(sectors: &[Option<Rc<[u8; SECTOR]>>], address: u32, buf: &mut [u8]) {
    for (sector, within, of_buf) in pieces(address, buf.len()) {
        match &sectors[sector] {
            Some(bytes) => buf[of_buf].copy_from_slice(&bytes[within]),
            None => buf[of_buf].fill(0xff),
        }
    }
}

/// Cuts an access at sector borders: number of the sector, range within it, range of the buffer.
fn pieces(address: u32, len: usize) -> impl Iterator<Item = (usize, Range<usize>, Range<usize>)> {
    let start = address as usize;
    let mut done = 0;
    std::iter::from_fn(move || {
        if done == len {
            return None;
        }
        let at = start + done;
        let within = at % SECTOR;
        let n = (SECTOR - within).min(len - done);
        let of_buf = done..done + n;
        done += n;
        Some((at / SECTOR, within..within + n, of_buf))
    })
}

//! Writing an image to flash, one sector at a time, with as little wear and time as it takes.
//!
//! A sector that already holds the bytes is left alone, unless it shares a 64 KiB block with an
//! earlier one that has to be erased: what comes next is not known yet, and one large erase is
//! quicker than the many small ones that most uploads would need.

use core::fmt;

use embedded_storage_async::nor_flash::NorFlash;

use crate::{BLOCK, Region, SECTOR};

/// Bytes compared at a time; on the stack.
const CHUNK: usize = 128;

/// A program page of SPI NOR flash. Blank pages need no programming.
const PAGE: usize = 256;

/// From how many used sectors on one block erase (150 ms) beats as many sector erases (45 ms each;
/// W25Q128 datasheet, typical).
const BLOCK_ERASE_PAYS: u32 = 4;

/// How often a sector of a slot that is not trusted must read the same to be left alone. A bit
/// that reads 0 half of the time passes once in 2^15.
const SAMPLES: u32 = 16;

/// Tries per sector: the first, and one more.
const TRIES: u32 = 2;

/// How sectors were written so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sectors {
    /// Sectors that were erased or programmed.
    pub written: u32,
    /// Sectors that already held the bytes and were left alone.
    pub same: u32,
}

/// A sector that does not hold what was written to it, twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WriteFault<E> {
    /// Address of the sector on flash.
    pub(crate) address: u32,
    /// What the flash said, or `None` when it read back other bytes.
    pub(crate) flash: Option<E>,
}

impl<E: fmt::Debug> fmt::Display for WriteFault<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.address;
        match &self.flash {
            Some(error) => write!(f, "flash sector {address:#x} cannot be written: {error:?}"),
            None => write!(
                f,
                "flash sector {address:#x} reads back other bytes than written"
            ),
        }
    }
}

/// What a sector holds, compared with what it should.
#[derive(PartialEq, Eq)]
enum Holds {
    Same,
    Blank,
    Other,
}

/// Writes the sectors of one upload into `region`, in order.
#[derive(Debug)]
pub(crate) struct SectorWriter {
    region: Region,
    /// Bytes that the upload will write in all, from the region's start.
    total: u32,
    /// Whether 64 KiB erases are allowed.
    block_erase: bool,
    /// What lies before this, from the region's start, may be wanted yet: only what is written at once is erased.
    keep_end: u32,
    /// Whether what the slot held before reads the same every time.
    trusted: bool,
    /// Up to here, from the region's start, everything was erased or written by this writer.
    done: u32,
    pub(crate) sectors: Sectors,
}

impl SectorWriter {
    /// A slot is not `trusted` when the power may have gone while it was written: a cell that was
    /// cut in the middle of an erase or a program may read 1 now and 0 later.
    pub(crate) const fn new(region: Region, block_erase: bool, trusted: bool) -> Self {
        Self {
            region,
            total: 0,
            keep_end: 0,
            block_erase,
            trusted,
            done: 0,
            sectors: Sectors {
                written: 0,
                same: 0,
            },
        }
    }

    /// How much it will write, and before which place of that is what may be wanted yet.
    pub(crate) const fn announce(&mut self, total: u32, keep_end: u32) {
        self.total = total;
        self.keep_end = keep_end;
    }

    /// Where it writes.
    pub(crate) const fn region(&self) -> Region {
        self.region
    }

    /// Leaves the sector at `at` (from the region's start) alone, if it holds `data`.
    pub(crate) async fn skip<F: NorFlash>(
        &mut self,
        flash: &mut F,
        at: u32,
        data: &[u8; SECTOR as usize],
    ) -> Result<bool, WriteFault<F::Error>> {
        let address = self.region.offset + at;
        let holds = self.holds(flash, at, data).await;
        let same = holds.map_err(|error| WriteFault {
            address,
            flash: Some(error),
        })? == Holds::Same;
        self.sectors.same += u32::from(same);
        Ok(same)
    }

    /// Makes the sector at `at` (from the region's start) hold `data`.
    ///
    /// The sector is erased only when it has to be, and read back afterwards.
    pub(crate) async fn put<F: NorFlash>(
        &mut self,
        flash: &mut F,
        at: u32,
        data: &[u8; SECTOR as usize],
    ) -> Result<(), WriteFault<F::Error>> {
        let address = self.region.offset + at;
        let mut fault = WriteFault {
            address,
            flash: None,
        };
        for attempt in 0..TRIES {
            match self.attempt(flash, at, data, attempt == 0).await {
                Ok(changed) => {
                    let count = match changed || attempt > 0 {
                        true => &mut self.sectors.written,
                        false => &mut self.sectors.same,
                    };
                    *count += 1;
                    return Ok(());
                }
                Err(flash) => fault.flash = flash,
            }
        }
        Err(fault)
    }

    /// One try; whether anything had to change. `Err(None)`: the bytes read back wrong.
    async fn attempt<F: NorFlash>(
        &mut self,
        flash: &mut F,
        at: u32,
        data: &[u8; SECTOR as usize],
        may_erase_block: bool,
    ) -> Result<bool, Option<F::Error>> {
        let address = self.region.offset + at;
        match self.holds(flash, at, data).await.map_err(Some)? {
            Holds::Same => return Ok(false),
            Holds::Blank => {}
            Holds::Other => {
                let block = may_erase_block && self.whole_block_goes(flash, at).await?;
                let len = if block { BLOCK } else { SECTOR };
                flash.erase(address, address + len).await.map_err(Some)?;
                self.done = self.done.max(at + len);
            }
        }
        for (start, end) in used_pages(data) {
            flash
                .write(address + start as u32, &data[start..end])
                .await
                .map_err(Some)?;
        }
        match compare(flash, address, data).await.map_err(Some)? {
            Holds::Same => Ok(true),
            Holds::Blank | Holds::Other => Err(None),
        }
    }

    /// What the sector at `at` holds, as far as it can be relied on.
    async fn holds<F: NorFlash>(
        &self,
        flash: &mut F,
        at: u32,
        data: &[u8; SECTOR as usize],
    ) -> Result<Holds, F::Error> {
        let address = self.region.offset + at;
        let first = compare(flash, address, data).await?;
        if self.trusted || at < self.done || first == Holds::Other {
            return Ok(first);
        }
        for _ in 1..SAMPLES {
            if compare(flash, address, data).await? != Holds::Same {
                return Ok(Holds::Other);
            }
        }
        Ok(Holds::Same)
    }

    /// Whether the sector at `at` begins a 64 KiB block of the region of which this upload writes so much that is in
    /// use that one large erase is quicker. It takes what lies behind the end of the image with it: nothing is there that
    /// could still be served.
    async fn whole_block_goes<F: NorFlash>(
        &self,
        flash: &mut F,
        at: u32,
    ) -> Result<bool, Option<F::Error>> {
        let address = self.region.offset + at;
        let is_inside = self.region.len - at >= BLOCK && at >= self.keep_end;
        if !self.block_erase || !address.is_multiple_of(BLOCK) || !is_inside {
            return Ok(false);
        }
        let end = address + BLOCK.min(self.total - at);
        let mut used = 0;
        for sector in (address..end).step_by(SECTOR as usize) {
            if !self.trusted || !is_blank(flash, sector).await.map_err(Some)? {
                used += 1;
                if used >= BLOCK_ERASE_PAYS {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

/// The runs of pages in `data` that are not blank, as byte ranges.
fn used_pages(data: &[u8; SECTOR as usize]) -> impl Iterator<Item = (usize, usize)> + '_ {
    let blank = |page: usize| data[page..page + PAGE].iter().all(|&byte| byte == 0xFF);
    let mut at = 0;
    core::iter::from_fn(move || {
        while at < data.len() && blank(at) {
            at += PAGE;
        }
        let start = at;
        while at < data.len() && !blank(at) {
            at += PAGE;
        }
        (start < at).then_some((start, at))
    })
}

/// Compares the sector at `address` with `data`, once.
async fn compare<F: NorFlash>(
    flash: &mut F,
    address: u32,
    data: &[u8; SECTOR as usize],
) -> Result<Holds, F::Error> {
    let (mut same, mut blank) = (true, true);
    let mut chunk = Chunk([0; CHUNK]);
    for (index, want) in data.chunks_exact(CHUNK).enumerate() {
        flash
            .read(address + (index * CHUNK) as u32, &mut chunk.0)
            .await?;
        same &= chunk.0 == want;
        blank &= chunk.is_blank();
        if !same && !blank {
            return Ok(Holds::Other);
        }
    }
    Ok(if same { Holds::Same } else { Holds::Blank })
}

/// Whether the sector at `address` needs no erase.
async fn is_blank<F: NorFlash>(flash: &mut F, address: u32) -> Result<bool, F::Error> {
    let mut chunk = Chunk([0; CHUNK]);
    for at in (address..address + SECTOR).step_by(CHUNK) {
        flash.read(at, &mut chunk.0).await?;
        if !chunk.is_blank() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Aligned, for drivers that would copy otherwise.
#[repr(align(4))]
struct Chunk([u8; CHUNK]);

impl Chunk {
    fn is_blank(&self) -> bool {
        self.0.iter().all(|&byte| byte == 0xFF)
    }
}

//! The chip itself: reads, programs and erases, and what power cuts and defects make of them.

use std::{fmt, ops::Range, thread, time::Duration};

use super::{
    BLOCK, Counters, Cut, Fault, FlashError, PAGE, READ_UNIT, SECTOR, Timing, WRITE_UNIT,
    cells::Cells,
    random::Random,
    timing::{BLOCK_ERASE, PAGE_PROGRAM, SECTOR_ERASE},
    torn,
};

pub(super) struct Chip {
    pub(super) cells: Cells,
    pub(super) counters: Counters,
    /// Erases of each sector.
    pub(super) wear: Vec<u32>,
    pub(super) timing: Timing,
    pub(super) on: bool,
    /// The cut to come, and the count of operations at which it does.
    pub(super) cut: Option<(u64, Cut)>,
    pub(super) on_cut: Option<Box<dyn FnOnce()>>,
    pub(super) faults: Vec<Fault>,
    /// Counts of operations at which one fails.
    pub(super) failing: Vec<u64>,
    /// What unstable bits read.
    noise: Random,
}

/// What one call is made of: programs of a page, erases of a sector or of a block.
struct Step {
    range: Range<usize>,
    time: Duration,
}

impl Chip {
    pub(super) fn new(cells: Cells) -> Self {
        let wear = vec![0; cells.len() / SECTOR];
        Self {
            cells,
            counters: Counters::default(),
            wear,
            timing: Timing::None,
            on: true,
            cut: None,
            on_cut: None,
            faults: Vec::new(),
            failing: Vec::new(),
            noise: Random::new(0),
        }
    }

    pub(super) fn read(&mut self, address: u32, buf: &mut [u8]) -> Result<(), FlashError> {
        self.check(address, buf.len(), READ_UNIT)?;
        for sector in sectors(address, buf.len()) {
            self.check_fault(Fault::Read { sector })?;
        }
        self.cells.load(address, buf);
        let end = u64::from(address) + buf.len() as u64;
        for (&at, &mask) in self.cells.unstable.range(address..) {
            if u64::from(at) >= end {
                break;
            }
            let byte = &mut buf[(at - address) as usize];
            *byte = *byte & !mask | self.noise.bits(128) & mask;
        }
        self.counters.reads += 1;
        self.counters.bytes_read += buf.len() as u64;
        Ok(())
    }

    pub(super) fn program(&mut self, address: u32, bytes: &[u8]) -> Result<(), FlashError> {
        self.check(address, bytes.len(), WRITE_UNIT)?;
        let steps = program_steps(address as usize, bytes.len());
        let cut = self.begin(address, &steps)?;
        let whole = match cut {
            None | Some(Cut::After) => steps.len(),
            Some(Cut::Before) => 0,
            Some(Cut::Torn { seed } | Cut::Unstable { seed }) => {
                Random::new(seed).below(steps.len())
            }
        };
        for step in &steps[..whole] {
            for sector in sectors(step.range.start as u32, step.range.len()) {
                self.check_fault(Fault::Program { sector })?;
            }
            self.wait(step.time);
            self.program_page(step, &bytes[of_call(step, address)], None)?;
            self.counters.pages_programmed += 1;
            self.counters.bytes_programmed += step.range.len() as u64;
        }
        if let (Some(Cut::Torn { .. } | Cut::Unstable { .. }), Some(step)) = (cut, steps.get(whole))
        {
            self.program_page(step, &bytes[of_call(step, address)], cut)?;
        }
        self.end(cut)?;
        self.counters.programs += u64::from(!steps.is_empty());
        Ok(())
    }

    fn program_page(
        &mut self,
        step: &Step,
        bytes: &[u8],
        cut: Option<Cut>,
    ) -> Result<(), FlashError> {
        let start = step.range.start as u32;
        let mut now = vec![0; bytes.len()];
        self.cells.load(start, &mut now);
        match cut {
            Some(Cut::Torn { seed }) => torn::program(&mut now, bytes, seed),
            Some(Cut::Unstable { seed }) => {
                let unstable = torn::program_unstable(&mut now, bytes, seed);
                self.unsettle(start, &unstable, seed);
            }
            _ => {
                for (now, byte) in now.iter_mut().zip(bytes) {
                    *now &= byte;
                }
                // A cell programmed to 0 is settled; one programmed to 1 is not touched.
                let end = start + bytes.len() as u32;
                for (&at, mask) in self.cells.unstable.range_mut(start..end) {
                    *mask &= bytes[(at - start) as usize];
                }
            }
        }
        self.store(start, &now)
    }

    pub(super) fn erase(&mut self, from: u32, to: u32) -> Result<(), FlashError> {
        let len = to.checked_sub(from).ok_or(FlashError::OutOfBounds {
            address: from,
            len: 0,
        })?;
        self.check(from, len as usize, SECTOR)?;
        let steps = erase_steps(from as usize, to as usize);
        let cut = self.begin(from, &steps)?;
        let whole = match cut {
            None | Some(Cut::After) => steps.len(),
            Some(Cut::Before) => 0,
            Some(Cut::Torn { seed } | Cut::Unstable { seed }) => {
                Random::new(seed).below(steps.len())
            }
        };
        for step in &steps[..whole] {
            for sector in sectors(step.range.start as u32, step.range.len()) {
                self.check_fault(Fault::Erase { sector })?;
            }
            self.wait(step.time);
            self.erase_unit(step, None)?;
            if step.range.len() == BLOCK {
                self.counters.block_erases += 1;
            } else {
                self.counters.sector_erases += 1;
            }
        }
        if let (Some(Cut::Torn { .. } | Cut::Unstable { .. }), Some(step)) = (cut, steps.get(whole))
        {
            self.erase_unit(step, cut)?;
        }
        self.end(cut)
    }

    fn erase_unit(&mut self, step: &Step, cut: Option<Cut>) -> Result<(), FlashError> {
        let start = step.range.start as u32;
        for sector in sectors(start, step.range.len()) {
            self.wear[sector as usize] += 1;
        }
        let mut now = vec![0xff; step.range.len()];
        let mut unstable = Vec::new();
        match cut {
            Some(Cut::Torn { seed }) => {
                self.cells.load(start, &mut now);
                torn::erase(&mut now, seed);
            }
            Some(Cut::Unstable { seed }) => {
                self.cells.load(start, &mut now);
                unstable = torn::erase_unstable(&mut now, seed);
            }
            _ => {}
        }
        let end = start + step.range.len() as u32;
        if unstable.is_empty() {
            self.cells
                .unstable
                .retain(|at, _| !(start..end).contains(at));
        } else if let Some(Cut::Unstable { seed }) = cut {
            self.unsettle(start, &unstable, seed);
        }
        self.store(start, &now)
    }

    fn unsettle(&mut self, start: u32, masks: &[u8], seed: u64) {
        for (at, &mask) in (start..).zip(masks) {
            if mask != 0 {
                *self.cells.unstable.entry(at).or_default() |= mask;
            }
        }
        self.noise = Random::new(seed ^ 0x006e_6f69_7365);
    }

    pub(super) fn store(&mut self, address: u32, bytes: &[u8]) -> Result<(), FlashError> {
        self.cells
            .store(address, bytes)
            .map_err(|error| FlashError::File(error.kind()))
    }

    /// Refuses an access that the chip's driver would refuse.
    pub(super) fn check(&self, address: u32, len: usize, unit: usize) -> Result<(), FlashError> {
        if !self.on {
            return Err(FlashError::PowerCut);
        }
        if !(address as usize).is_multiple_of(unit) || !len.is_multiple_of(unit) {
            return Err(FlashError::NotAligned { address, len, unit });
        }
        if (address as usize)
            .checked_add(len)
            .is_none_or(|end| end > self.cells.len())
        {
            return Err(FlashError::OutOfBounds { address, len });
        }
        Ok(())
    }

    fn check_fault(&self, fault: Fault) -> Result<(), FlashError> {
        if !self.faults.contains(&fault) {
            return Ok(());
        }
        match fault {
            Fault::Erase { sector } | Fault::Program { sector } | Fault::Read { sector } => {
                Err(FlashError::Failed {
                    address: sector * SECTOR as u32,
                })
            }
            Fault::StuckBit { .. } | Fault::Operation { .. } => Ok(()),
        }
    }

    /// Starts an erase or program call: does it fail, is the power cut in it?
    fn begin(&mut self, address: u32, steps: &[Step]) -> Result<Option<Cut>, FlashError> {
        if steps.is_empty() {
            return Ok(None);
        }
        let number = self.counters.operations;
        if let Some(found) = self.failing.iter().position(|&failing| failing == number) {
            self.failing.swap_remove(found);
            return Err(FlashError::Failed { address });
        }
        self.counters.operations += 1;
        Ok(self
            .cut
            .take_if(|(at, _)| *at == number)
            .map(|(_, cut)| cut))
    }

    fn end(&mut self, cut: Option<Cut>) -> Result<(), FlashError> {
        if cut.is_none() {
            return Ok(());
        }
        self.on = false;
        if let Some(act) = self.on_cut.take() {
            act();
        }
        Err(FlashError::PowerCut)
    }

    fn wait(&self, time: Duration) {
        if self.timing == Timing::Real {
            thread::sleep(time);
        }
    }
}

impl fmt::Debug for Chip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chip")
            .field("bytes", &self.cells.len())
            .field("on", &self.on)
            .field("counters", &self.counters)
            .finish_non_exhaustive()
    }
}

/// Numbers of the sectors that a range touches.
fn sectors(address: u32, len: usize) -> Range<u32> {
    let start = address as usize;
    (start / SECTOR) as u32..(start + len).div_ceil(SECTOR) as u32
}

/// The part of a call's bytes that a step is about.
fn of_call(step: &Step, address: u32) -> Range<usize> {
    step.range.start - address as usize..step.range.end - address as usize
}

/// A program goes page by page.
fn program_steps(start: usize, len: usize) -> Vec<Step> {
    let (mut at, end) = (start, start + len);
    let mut steps = Vec::new();
    while at < end {
        let next = (at / PAGE * PAGE + PAGE).min(end);
        steps.push(Step {
            range: at..next,
            time: PAGE_PROGRAM,
        });
        at = next;
    }
    steps
}

/// An erase goes block by block where a whole aligned one lies in the range, else by sectors.
fn erase_steps(from: usize, to: usize) -> Vec<Step> {
    let mut at = from;
    let mut steps = Vec::new();
    while at < to {
        let block = at.is_multiple_of(BLOCK) && to - at >= BLOCK;
        let (len, time) = if block {
            (BLOCK, BLOCK_ERASE)
        } else {
            (SECTOR, SECTOR_ERASE)
        };
        steps.push(Step {
            range: at..at + len,
            time,
        });
        at += len;
    }
    steps
}

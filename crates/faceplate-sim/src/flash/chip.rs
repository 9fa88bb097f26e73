//! The chip itself: reads, programs and erases, and what power cuts and defects make of them.

use std::{
    fmt,
    ops::Range,
    thread,
    time::{Duration, Instant},
};

use super::{
    BLOCK, Counters, Cut, Driver, Fault, FlashError, PAGE, READ_UNIT, SECTOR, Timing, WRITE_UNIT,
    cells::Cells,
    commands::pieces,
    random::Random,
    timing::{BLOCK_ERASE, SECTOR_ERASE},
    torn,
};

pub(super) struct Chip {
    pub(super) cells: Cells,
    pub(super) counters: Counters,
    /// Erases of each sector.
    pub(super) wear: Vec<u32>,
    pub(super) timing: Timing,
    pub(super) driver: Driver,
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

/// What an erase is made of: one of a sector or of a block.
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
            driver: Driver::ROM,
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
        self.counters.reading += self.driver.read_time(buf.len());
        Ok(())
    }

    pub(super) fn program(&mut self, address: u32, bytes: &[u8]) -> Result<(), FlashError> {
        self.check(address, bytes.len(), WRITE_UNIT)?;
        let start = address as usize;
        let cut = self.begin(address, bytes.is_empty())?;
        let (whole, torn) = match cut {
            None | Some(Cut::After) => (bytes.len(), None),
            Some(Cut::Before) => (0, None),
            Some(Cut::Torn { seed } | Cut::Unstable { seed }) => {
                let torn = self.torn(start..start + bytes.len(), seed);
                (torn.start - start, Some(torn))
            }
        };
        let mut busy = Busy::since_now(self.timing);
        // Page by page, though the commands are shorter: that is often enough for who looks on.
        for page in pieces(start..start + whole, PAGE) {
            for sector in sectors(page.start as u32, page.len()) {
                self.check_fault(Fault::Program { sector })?;
            }
            let (mut commands, mut time) = (0, Duration::ZERO);
            for command in self.driver.programs(page.clone()) {
                commands += 1;
                time += self.driver.program_time(command.len());
            }
            busy.wait(time);
            self.program_within(&page, &bytes[of_call(&page, address)], None)?;
            self.counters.program_commands += commands;
            self.counters.programming += time;
            self.counters.pages_programmed += 1;
            self.counters.bytes_programmed += page.len() as u64;
        }
        if let Some(torn) = torn {
            self.program_within(&torn, &bytes[of_call(&torn, address)], cut)?;
        }
        self.end(cut)?;
        self.counters.programs += u64::from(!bytes.is_empty());
        Ok(())
    }

    /// Where in a program call the power goes: in one of its commands, or as often in a whole page, as
    /// with a driver that programs so. What is before it has been programmed.
    fn torn(&self, range: Range<usize>, seed: u64) -> Range<usize> {
        let mut random = Random::new(seed);
        let most = match random.below(2) {
            0 => self.driver.program,
            _ => PAGE,
        };
        let count = pieces(range.clone(), most).count();
        let mut all = pieces(range.clone(), most);
        all.nth(random.below(count)).unwrap_or(range)
    }

    /// Programs a page or a part of one, wholly or, with a cut, not.
    fn program_within(
        &mut self,
        range: &Range<usize>,
        bytes: &[u8],
        cut: Option<Cut>,
    ) -> Result<(), FlashError> {
        let start = range.start as u32;
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
        let cut = self.begin(from, steps.is_empty())?;
        let whole = match cut {
            None | Some(Cut::After) => steps.len(),
            Some(Cut::Before) => 0,
            Some(Cut::Torn { seed } | Cut::Unstable { seed }) => {
                Random::new(seed).below(steps.len())
            }
        };
        let mut busy = Busy::since_now(self.timing);
        for step in &steps[..whole] {
            for sector in sectors(step.range.start as u32, step.range.len()) {
                self.check_fault(Fault::Erase { sector })?;
            }
            busy.wait(step.time);
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
    fn begin(&mut self, address: u32, nothing: bool) -> Result<Option<Cut>, FlashError> {
        if nothing {
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
}

/// The time of one call, as far as it takes any. Each sleep lasts longer than it should; the next one
/// makes up for that, so that many short ones take no longer than one.
struct Busy {
    timing: Timing,
    until: Instant,
}

impl Busy {
    fn since_now(timing: Timing) -> Self {
        let until = Instant::now();
        Self { timing, until }
    }

    fn wait(&mut self, time: Duration) {
        if self.timing == Timing::Real {
            self.until += time;
            thread::sleep(self.until.saturating_duration_since(Instant::now()));
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

/// The part of a call's bytes that a range of addresses is about.
fn of_call(range: &Range<usize>, address: u32) -> Range<usize> {
    range.start - address as usize..range.end - address as usize
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

//! What an operation leaves behind when the power goes in its middle.

use super::{SECTOR, random::Random};

/// Leaves a page half programmed: a prefix of the bytes, or some of the bits.
pub(super) fn program(now: &mut [u8], bytes: &[u8], seed: u64) {
    let mut random = generator(seed);
    if random.below(3) == 0 {
        let done = random.below(bytes.len() + 1);
        for (now, byte) in now.iter_mut().zip(&bytes[..done]) {
            *now &= byte;
        }
    } else {
        let done = some_of(&to_clear(now, bytes), &mut random);
        clear(now, &done);
    }
}

/// Leaves a page half programmed, with some bits that are neither 0 nor 1: returns which.
pub(super) fn program_unstable(now: &mut [u8], bytes: &[u8], seed: u64) -> Vec<u8> {
    let mut random = generator(seed);
    let changing = to_clear(now, bytes);
    let unstable = some_of(&changing, &mut random);
    let rest = without(&changing, &unstable);
    let done = if random.below(2) == 0 {
        rest
    } else {
        some_of(&rest, &mut random)
    };
    clear(now, &done);
    unstable
}

/// Leaves an erase unit half erased.
pub(super) fn erase(now: &mut [u8], seed: u64) {
    let mut random = generator(seed);
    let here = begin_erase(now, &mut random);
    if random.below(4) == 0 {
        // Still programming all of it to 0, as chips do before they erase.
        let done = some_of(here, &mut random);
        clear(here, &done);
    } else {
        let changing: Vec<u8> = here.iter().map(|byte| !byte).collect();
        let done = some_of(&changing, &mut random);
        set(here, &done);
    }
}

/// Leaves an erase unit half erased, with some bits that are neither 0 nor 1: returns which.
pub(super) fn erase_unstable(now: &mut [u8], seed: u64) -> Vec<u8> {
    let mut random = generator(seed);
    let mut unstable = vec![0; now.len()];
    let end = now.len();
    let here = begin_erase(now, &mut random);
    let changing: Vec<u8> = here.iter().map(|byte| !byte).collect();
    let weak = some_of(&changing, &mut random);
    let rest = without(&changing, &weak);
    let done = if random.below(2) == 0 {
        rest
    } else {
        some_of(&rest, &mut random)
    };
    set(here, &done);
    let start = end - here.len();
    unstable[start..].copy_from_slice(&weak);
    unstable
}

/// Erases a prefix of the sectors, which leaves the sectors where the erase still is. In some
/// cases these have already been programmed to 0.
fn begin_erase<'a>(now: &'a mut [u8], random: &mut Random) -> &'a mut [u8] {
    let done = if random.below(2) == 0 {
        0
    } else {
        random.below(now.len() / SECTOR) * SECTOR
    };
    let (erased, here) = now.split_at_mut(done);
    erased.fill(0xff);
    if random.below(4) == 0 {
        here.fill(0);
    }
    here
}

fn generator(seed: u64) -> Random {
    // Apart from the choice of the step, which starts from the seed itself.
    Random::new(seed ^ 0x746f_726e)
}

fn to_clear(now: &[u8], bytes: &[u8]) -> Vec<u8> {
    now.iter()
        .zip(bytes)
        .map(|(now, byte)| now & !byte)
        .collect()
}

fn clear(now: &mut [u8], masks: &[u8]) {
    for (now, mask) in now.iter_mut().zip(masks) {
        *now &= !mask;
    }
}

fn set(now: &mut [u8], masks: &[u8]) {
    for (now, mask) in now.iter_mut().zip(masks) {
        *now |= mask;
    }
}

fn without(masks: &[u8], less: &[u8]) -> Vec<u8> {
    masks
        .iter()
        .zip(less)
        .map(|(mask, less)| mask & !less)
        .collect()
}

/// A part of the bits of `masks`: just one of them, all but one, or each with some chance.
fn some_of(masks: &[u8], random: &mut Random) -> Vec<u8> {
    let style = random.below(7);
    if style < 2 {
        let count: usize = masks.iter().map(|mask| mask.count_ones() as usize).sum();
        let mut one = vec![0; masks.len()];
        if count > 0 {
            let mut left = random.below(count);
            for (one, mask) in one.iter_mut().zip(masks) {
                let here = mask.count_ones() as usize;
                if left < here {
                    *one = nth_bit(*mask, left);
                    break;
                }
                left -= here;
            }
        }
        return if style == 0 {
            one
        } else {
            without(masks, &one)
        };
    }
    // Chances in 256; 3 and 253 leave few bits on one side of a short write.
    let chance = [3, 32, 128, 224, 253][style - 2];
    masks
        .iter()
        .map(|mask| mask & random.bits(chance))
        .collect()
}

/// The bit of `mask` that has `n` set bits below it.
fn nth_bit(mut mask: u8, n: usize) -> u8 {
    for _ in 0..n {
        mask &= mask - 1;
    }
    mask & mask.wrapping_neg()
}

//! SHA-256 by the chip's accelerator.
//!
//! Software takes some 65 instructions a byte on chips without a rotate instruction. With two slots
//! of 892 KiB, at 8 ns an instruction, in an emulator of the ESP32-C3, where neither the flash nor
//! the accelerator takes time of its own:
//!
//! | check | software | accelerator |
//! |---|---|---|
//! | both slots at boot, nothing known of them | 2028 ms | 237 ms |
//! | both slots at boot, each uploaded before | 1027 ms | 125 ms |
//! | one slot, after an upload | 1016 ms | 119 ms |
//!
//! That the accelerator does right was seen there only, not on silicon. So each boot tries it first,
//! against software, and a block may take it only so long: where either fails, software does the
//! work.

use esp_hal::{peripherals::SHA, sha::Sha};
use faceplate::sha256::{Compress, SOFTWARE};

/// SHA-256, as the mode register has it on the S3, C3 and C6 (technical reference manuals, "SHA
/// Accelerator", register `SHA_MODE`).
const SHA256: u32 = 2;

/// How often to ask whether a block is done. A block has 64 rounds, so this is beyond any doubt.
const PATIENCE: u32 = 10_000;

/// Takes the accelerator over, and tells how to hash: with it, if it does right.
pub(crate) fn start(sha: SHA<'static>) -> Compress {
    // The driver holds the clock. There is nothing else that it is needed for, and no end to this.
    core::mem::forget(Sha::new(sha));
    if is_right() {
        return hardware;
    }
    log::error!("the SHA accelerator does not work: hashing in software, which takes longer");
    SOFTWARE
}

/// Only [`start`] gives this away, so the accelerator is ours. One task at a time runs it: whoever
/// hashes does so by the engine, which cannot be shared between threads, and waits for nothing.
fn hardware(state: &mut [u32; 8], blocks: &[[u8; 64]]) {
    if !compress(state, blocks) {
        SOFTWARE(state, blocks);
    }
}

/// Whether the accelerator could do it in time; if not, `state` is as it was.
#[allow(unsafe_code, reason = "registers that take any number")]
fn compress(state: &mut [u32; 8], blocks: &[[u8; 64]]) -> bool {
    let registers = SHA::regs();
    // SAFETY: a mode that there is.
    registers.mode().write(|w| unsafe { w.bits(SHA256) });
    // Bytes stand in the accelerator as in memory, low address first. Of the state's words, which
    // are big endian, that makes their reverse.
    for (register, word) in registers.h_mem_iter().zip(&*state) {
        // SAFETY: every state is one.
        register.write(|w| unsafe { w.bits(word.to_be()) });
    }
    for block in blocks {
        for (register, bytes) in registers.m_mem_iter().zip(block.as_chunks().0) {
            // SAFETY: every message is one.
            register.write(|w| unsafe { w.bits(u32::from_ne_bytes(*bytes)) });
        }
        registers.continue_().write(|w| w.continue_().set_bit());
        if !(0..PATIENCE).any(|_| registers.busy().read().bits() == 0) {
            return false;
        }
    }
    for (register, word) in registers.h_mem_iter().zip(state) {
        *word = u32::from_be(register.read().bits());
    }
    true
}

/// Whether the accelerator makes of several blocks what software does: in two calls, so that the
/// state in between is taken out and put back.
fn is_right() -> bool {
    // No two bytes are alike, so neither order nor place can be wrong unseen.
    let message: [u8; 192] = core::array::from_fn(|at| at as u8);
    let (first, rest) = message.as_chunks().0.split_at(1);
    let start = core::array::from_fn(|word| 0x8040_2010 + 0x0101_0101 * word as u32);
    let (mut found, mut want) = (start, start);
    SOFTWARE(&mut want, first);
    SOFTWARE(&mut want, rest);
    compress(&mut found, first) && compress(&mut found, rest) && found == want
}

//! What the instructions of a function do to the stack, and where they go: RV32IMC, as LLVM writes it.

/// The register that holds the stack pointer.
const SP: u32 = 2;
/// The one that holds where to return to.
const RA: u32 = 1;
/// The one that a frame may be addressed by.
const FP: u32 = 8;

/// What matters about a function.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Function {
    /// Most bytes that it takes itself.
    pub(crate) frame: u32,
    /// Jumps and calls out of it whose target the linker fills in: where they stand, from its start.
    pub(crate) direct: Vec<Jump>,
    /// Those to an address in a register.
    pub(crate) indirect: Vec<Jump>,
    /// Whether it may come back to whoever called it, by itself.
    pub(crate) returns: bool,
}

/// A jump or a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Jump {
    /// Where it stands.
    pub(crate) at: u32,
    /// Whether it comes back; otherwise the frame is gone before it.
    pub(crate) call: bool,
    /// Whether it follows the end of the frame at once.
    pub(crate) after_frame: bool,
}

/// An instruction as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    /// Adds a constant to a register, or, from register 0, sets it.
    Add {
        rd: u32,
        rs: u32,
        imm: i32,
    },
    /// Sets the upper bits of a register.
    Upper {
        rd: u32,
        imm: i32,
    },
    /// Adds to, or takes from, the stack pointer what is in a register.
    MoveSp {
        by: u32,
        down: bool,
    },
    /// Makes the stack pointer a multiple of something.
    AlignSp {
        mask: i32,
    },
    /// The first half of a jump to anywhere.
    Far,
    /// A jump to a place that is a number in it.
    Near {
        rd: u32,
    },
    /// A jump to an address in a register.
    Register {
        rd: u32,
        rs: u32,
    },
    /// Writes the stack pointer in a way that is not understood.
    SpoilsSp,
    Other,
}

/// Looks at the code of a function.
///
/// # Errors
/// When it does to the stack pointer what this does not understand.
pub(crate) fn function(code: &[u8]) -> Result<Function, String> {
    let mut function = Function::default();
    // The last two instructions: a large frame is made from a number that they put together.
    let mut before = [Op::Other; 2];
    let mut at = 0;
    while at < code.len() {
        let (op, len) = decode(&code[at..]).ok_or("it ends within an instruction")?;
        let place = at as u32;
        let after_frame = matches!(
            before[1],
            Op::Add {
                rd: SP,
                imm: 1..,
                ..
            }
        );
        match op {
            Op::Add {
                rd: SP,
                rs: SP,
                imm,
            } if imm < 0 => function.frame += imm.unsigned_abs(),
            Op::Add {
                rd: SP,
                rs: SP | FP,
                ..
            } => {}
            Op::Add { rd: SP, .. } | Op::Upper { rd: SP, .. } | Op::SpoilsSp => {
                return Err(format!("at {place:#x} it sets the stack pointer"));
            }
            Op::MoveSp { by, down } => {
                let Some(bytes) = constant(before, by) else {
                    return Err(format!("at {place:#x} its frame gets an unknown size"));
                };
                if down == (bytes > 0) {
                    function.frame += bytes.unsigned_abs();
                }
            }
            Op::AlignSp { mask } => function.frame += (!mask).unsigned_abs(),
            Op::Far | Op::Near { .. } => function.direct.push(Jump {
                at: place,
                call: match op {
                    Op::Near { rd } => rd == RA,
                    _ => far_is_call(&code[at + len..]),
                },
                after_frame,
            }),
            // The second half of a jump to anywhere, or a return.
            Op::Register { .. } if before[1] == Op::Far => {}
            Op::Register { rd: 0, rs: RA } => function.returns = true,
            Op::Register { rd, .. } => function.indirect.push(Jump {
                at: place,
                call: rd == RA,
                after_frame,
            }),
            Op::Add { .. } | Op::Upper { .. } | Op::Other => {}
        }
        before = [before[1], op];
        at += len;
    }
    Ok(function)
}

/// Whether a jump to anywhere, whose second half follows, comes back.
fn far_is_call(rest: &[u8]) -> bool {
    matches!(decode(rest), Some((Op::Register { rd: RA, .. }, _)))
}

/// The number that these two instructions put into a register.
fn constant(before: [Op; 2], register: u32) -> Option<i32> {
    match before {
        [
            Op::Upper { rd, imm: high },
            Op::Add {
                rd: to,
                rs,
                imm: low,
            },
        ] if [rd, to, rs] == [register; 3] => Some(high.wrapping_add(low)),
        [_, Op::Upper { rd, imm }] if rd == register => Some(imm),
        [_, Op::Add { rd, rs: 0, imm }] if rd == register => Some(imm),
        _ => None,
    }
}

/// The first instruction, and its length.
fn decode(code: &[u8]) -> Option<(Op, usize)> {
    let low = u32::from(u16::from_le_bytes(*code.first_chunk()?));
    if low & 3 != 3 {
        return Some((short(low), 2));
    }
    Some((long(u32::from_le_bytes(*code.first_chunk()?)), 4))
}

/// The bits from `from` on, so many of them.
fn bits(word: u32, from: u32, count: u32) -> u32 {
    word >> from & ((1 << count) - 1)
}

/// The number of so many bits, with its sign.
fn signed(value: u32, count: u32) -> i32 {
    (value << (32 - count)) as i32 >> (32 - count)
}

/// An instruction of 32 bits.
fn long(word: u32) -> Op {
    let (opcode, kind) = (bits(word, 0, 7), bits(word, 12, 3));
    let (rd, rs) = (bits(word, 7, 5), bits(word, 15, 5));
    let imm = signed(bits(word, 20, 12), 12);
    match (opcode, kind) {
        (0x13, 0) => Op::Add { rd, rs, imm },
        (0x13, 7) if (rd, rs) == (SP, SP) => Op::AlignSp { mask: imm },
        (0x33, 0) if (rd, rs) == (SP, SP) => Op::MoveSp {
            by: bits(word, 20, 5),
            down: bits(word, 25, 7) == 0x20,
        },
        (0x37, _) => Op::Upper {
            rd,
            imm: (word & 0xffff_f000) as i32,
        },
        (0x17, _) if rd != SP => Op::Far,
        (0x6f, _) => Op::Near { rd },
        (0x67, 0) => Op::Register { rd, rs },
        // Loads, and everything that computes: stores and branches write no register.
        (0x03 | 0x13 | 0x17 | 0x33 | 0x73, _) if rd == SP => Op::SpoilsSp,
        _ => Op::Other,
    }
}

/// An instruction of 16 bits.
fn short(word: u32) -> Op {
    let (quadrant, kind) = (bits(word, 0, 2), bits(word, 13, 3));
    let (rd, rs2, bit12) = (bits(word, 7, 5), bits(word, 2, 5), bits(word, 12, 1));
    let imm = signed(bit12 << 5 | rs2, 6);
    match (quadrant, kind) {
        (1, 0) => Op::Add { rd, rs: rd, imm },
        (1, 1) => Op::Near { rd: RA },
        (1, 2) => Op::Add { rd, rs: 0, imm },
        (1, 3) if rd == SP => {
            let scaled = bit12 << 9
                | bits(word, 6, 1) << 4
                | bits(word, 5, 1) << 6
                | bits(word, 3, 2) << 7
                | bits(word, 2, 1) << 5;
            Op::Add {
                rd,
                rs: SP,
                imm: signed(scaled, 10),
            }
        }
        (1, 3) => Op::Upper { rd, imm: imm << 12 },
        (1, 5) => Op::Near { rd: 0 },
        (2, 4) if rs2 == 0 => Op::Register {
            rd: bit12 * RA,
            rs: rd,
        },
        (2, 4) if rd == SP && bit12 == 1 => Op::MoveSp {
            by: rs2,
            down: false,
        },
        (2, 0 | 2 | 4) if rd == SP => Op::SpoilsSp,
        _ => Op::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `c.jr ra`, `c.jr a5`, `c.jalr a5`, `c.addi16sp sp, 64`.
    const RETURN: u32 = 0x8082;
    const JUMP_A5: u32 = 0x8782;
    const CALL_A5: u32 = 0x9782;
    const LEAVE_64: u32 = 0x6121;

    /// The code of these instructions, short ones being those that have bits 0 and 1 not both set.
    fn code(words: &[u32]) -> Vec<u8> {
        let bytes = words.iter().map(|word| match word & 3 {
            3 => word.to_le_bytes().to_vec(),
            _ => word.to_le_bytes()[..2].to_vec(),
        });
        bytes.flatten().collect()
    }

    fn look(words: &[u32]) -> Result<Function, String> {
        function(&code(words))
    }

    fn frame(words: &[u32]) -> Result<u32, String> {
        look(words).map(|function| function.frame)
    }

    #[test]
    fn frames_of_every_size_are_read() {
        for (words, bytes) in [
            // c.addi sp, -16; c.addi16sp sp, -64; addi sp, sp, -2032
            (&[0x1141][..], 16),
            (&[0x7139, LEAVE_64], 64),
            (&[0x8101_0113], 2032),
            // lui a0, 2; addi a0, a0, -528; sub sp, sp, a0; and at the end add sp, sp, a0
            (&[0x0000_2537, 0xdf05_0513, 0x40a1_0133], 7664),
            (&[0x6509, 0xdf05_0513, 0x40a1_0133], 7664),
            (&[0x6509, 0xdf05_0513, 0x912a], 0),
            // lui a0, 2; sub sp, sp, a0
            (&[0x6509, 0x40a1_0133], 8192),
            // andi sp, sp, -32 behind a frame, and addi sp, s0, -64
            (&[0x7139, 0xfe01_7113, 0xfc04_0113], 64 + 31),
        ] {
            assert_eq!(frame(words), Ok(bytes), "{words:x?}");
        }
    }

    #[test]
    fn a_stack_pointer_from_elsewhere_is_an_error() {
        for (words, why) in [
            // lw sp, 0(a0); c.mv sp, a0; c.lwsp sp, 0(sp); c.li sp, 0
            (&[0x0005_2103][..], "at 0x0 it sets the stack pointer"),
            (&[RETURN, 0x812a], "at 0x2 it sets the stack pointer"),
            (&[0x4102], "at 0x0 it sets the stack pointer"),
            (&[0x4101], "at 0x0 it sets the stack pointer"),
            // sub sp, sp, a0, of which nobody knows
            (&[0x40a1_0133], "at 0x0 its frame gets an unknown size"),
            (
                &[0x6509, RETURN, 0x40a1_0133],
                "at 0x4 its frame gets an unknown size",
            ),
        ] {
            assert_eq!(frame(words), Err(why.into()), "{words:x?}");
        }
        let cut = function(&code(&[0x8101_0113])[..3]);
        assert_eq!(cut, Err("it ends within an instruction".into()));
    }

    #[test]
    fn jumps_are_told_from_calls_and_returns() {
        let jump = |at, call, after_frame| Jump {
            at,
            call,
            after_frame,
        };
        // auipc ra; jalr ra; c.jalr a5; c.jr a5; c.jr ra
        let calls = look(&[0x0000_0097, 0x0000_80e7, CALL_A5, JUMP_A5, RETURN]).unwrap();
        assert_eq!(calls.direct, [jump(0, true, false)]);
        assert_eq!(
            calls.indirect,
            [jump(8, true, false), jump(10, false, false)]
        );
        assert!(calls.returns);
        // c.addi16sp sp, 64; auipc t1; jr t1
        let tail = look(&[LEAVE_64, 0x0000_0317, 0x0003_0067]).unwrap();
        assert_eq!(tail.direct, [jump(2, false, true)]);
        assert!(tail.indirect.is_empty() && !tail.returns);
        let tail = look(&[LEAVE_64, JUMP_A5]).unwrap();
        assert_eq!(tail.indirect, [jump(2, false, true)]);
        // jal ra; c.jal; j; c.j
        let near = look(&[0x0000_00ef, 0x2001, 0x0000_006f, 0xa001]).unwrap();
        let calls: Vec<_> = near.direct.iter().map(|jump| jump.call).collect();
        assert_eq!(calls, [true, true, false, false]);
    }
}

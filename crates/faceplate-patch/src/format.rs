//! How the operations of a patch are written: one or two numbers each.

/// Longest image, bytes: an operation's length has 30 bits.
pub const LEN_MAX: u32 = (1 << 30) - 1;

/// What an operation does with its bytes; the number is that of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// They follow.
    Data = 0,
    /// They are in the base.
    Copy = 1,
    /// They are in the slot that is written to, at this place.
    Keep = 2,
}

/// Writes the first number of an operation; the length has at most 30 bits.
pub(crate) fn write_operation(bytes: &mut Vec<u8>, kind: Kind, len: u32) {
    write_number(bytes, len << 2 | kind as u32);
}

/// Writes how far a copy is from the end of the one before.
pub(crate) fn write_distance(bytes: &mut Vec<u8>, distance: i32) {
    write_number(bytes, zigzag(distance));
}

/// Writes a number, seven bits a byte (LEB128).
fn write_number(bytes: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Bytes of a number.
fn number_len(number: u32) -> u32 {
    match number {
        0 => 1,
        number => (32 - number.leading_zeros()).div_ceil(7),
    }
}

/// Bytes of a copy.
pub(crate) fn copy_len(len: u32, distance: i32) -> u32 {
    number_len(len << 2) + number_len(zigzag(distance))
}

/// Small numbers for small distances, whichever way they go.
fn zigzag(distance: i32) -> u32 {
    (distance << 1 ^ distance >> 31) as u32
}

/// The distance of such a number.
pub(crate) fn unzigzag(number: u32) -> i32 {
    (number >> 1) as i32 ^ -((number & 1) as i32)
}

/// Reads a number of at most five bytes that fits 32 bits; `None` if there is none.
pub(crate) fn read_number(bytes: &mut &[u8]) -> Option<u32> {
    let mut number = 0_u32;
    for shift in (0..35).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let bits = u32::from(byte & 0x7f);
        if shift == 28 && bits > 0xf {
            return None;
        }
        number |= bits << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_seven_bits_a_byte_and_no_more_than_32() {
        for (number, bytes) in [
            (0, &[0][..]),
            (0x7f, &[0x7f]),
            (0x80, &[0x80, 1]),
            (624_485, &[0xe5, 0x8e, 0x26]),
            (u32::MAX, &[0xff, 0xff, 0xff, 0xff, 0x0f]),
        ] {
            let mut written = vec![];
            write_number(&mut written, number);
            assert_eq!(written, bytes);
            assert_eq!(number_len(number) as usize, bytes.len());
            let mut rest = &[bytes, &[9]].concat()[..];
            assert_eq!(read_number(&mut rest), Some(number));
            assert_eq!(rest, [9]);
        }
        for mut wrong in [
            &[][..],
            &[0x80],
            &[0xff, 0xff, 0xff, 0xff, 0x10],
            &[0x80, 0x80, 0x80, 0x80, 0x80, 0],
        ] {
            assert_eq!(read_number(&mut wrong), None);
        }
    }

    #[test]
    fn distances_go_both_ways() {
        for (distance, number) in [(0, 0), (-1, 1), (1, 2), (-2, 3), (i32::MAX, u32::MAX - 1)] {
            assert_eq!(zigzag(distance), number);
            assert_eq!(unzigzag(number), distance);
        }
        assert_eq!(unzigzag(u32::MAX), i32::MIN);
    }
}

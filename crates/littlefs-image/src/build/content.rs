//! The content of a file as a CTZ skip list: each block begins with pointers to blocks before it.

use crate::format::{BLOCK_SIZE, ctz_pointers};

/// Writes a file into the blocks of the image from `first` on.
pub(super) fn write(data: &[u8], first: u32, image: &mut [u8]) {
    let mut rest = data;
    let blocks = image.chunks_exact_mut(BLOCK_SIZE).skip(first as usize);
    for (index, block) in (0_u32..).zip(blocks) {
        if rest.is_empty() {
            break;
        }
        let (pointers, content) = block.split_at_mut(4 * ctz_pointers(index) as usize);
        for (power, pointer) in pointers.chunks_exact_mut(4).enumerate() {
            let target = first + index - (1 << power);
            pointer.copy_from_slice(&target.to_le_bytes());
        }
        let (now, later) = rest.split_at(rest.len().min(content.len()));
        content[..now.len()].copy_from_slice(now);
        rest = later;
    }
}

//! The check accepts whatever C littlefs leaves on disk, after every single change.

use crate::common::{
    c::{self, C},
    model::Tree,
    random::Random,
};
use crate::watched::{Watched, checked, read_all};
use littlefs_image::BLOCK_SIZE;

/// More than any check or listing of these disks takes.
const BUDGET: u64 = 64 << 20;

#[test]
fn what_c_littlefs_writes_passes_after_every_change() {
    let mut random = Random::for_test("accepted");
    let (mut checks, mut superblocks) = (0, 0);
    for case in 0..24 {
        let config = c::Config {
            block_count: 256,
            cache: [64, 128, 512, 4096][case % 4],
            version: 0x0002_0000 + (case / 4 % 2) as u32,
            // Few cycles move metadata often, the root and its superblock included. With very few (1
            // to 4) C littlefs 2.9 itself breaks file systems: two directories come to share a block.
            block_cycles: [20, 100, 512][case % 3],
            ..c::Config::default()
        };
        let mut c = C::format(&config);
        let mut tree = Tree::default();
        for step in 0..150 {
            let op = tree.random_op(&mut random, 100_000);
            c.apply(&op)
                .unwrap_or_else(|failure| panic!("case {case}, step {step}: {failure:?}"));
            tree.apply(&op);
            let image = c.image();
            let report = checked(&mut Watched::new(&image, BUDGET))
                .unwrap_or_else(|error| panic!("case {case} {config:?}, step {step}: {error:?}"));
            checks += 1;
            let files = tree.files().len();
            let counted = (
                report.files as usize,
                report.dirs as usize,
                report.bytes as usize,
            );
            assert_eq!(counted, (files, tree.nodes.len() - files, tree.size()));
            if step % 10 == 0 {
                let end = (report.last_used_block as usize + 1) * BLOCK_SIZE;
                read_all(&mut Watched::new(&image[..end], BUDGET), true).expect("it is checked");
            }
        }
        // A superblock alone in the first pair: the root has moved on.
        let first = c.image();
        let blocks = first
            .chunks_exact(BLOCK_SIZE)
            .filter(|block| &block[8..16] == b"littlefs");
        superblocks += usize::from(blocks.count() > 2);
    }
    println!("{checks} images pass; in {superblocks} of 24 disks the root had moved on");
    assert!(
        superblocks > 0,
        "no root has moved on: the test does not see that case"
    );
}

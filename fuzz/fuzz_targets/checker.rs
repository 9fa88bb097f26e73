//! The check ends on any bytes, and what it passes is read wholly, as the check counted it.
#![no_main]

use faceplate_fuzz::{Counted, read_all, sealed};
use libfuzzer_sys::fuzz_target;
use littlefs_image::{BLOCK_SIZE, check::check, run};

fuzz_target!(|input: &[u8]| {
    let image = sealed(input);
    let mut storage = Counted::new(&image);
    let blocks = storage.blocks();
    let (mut sector, mut owners) = ([0; BLOCK_SIZE], [0; 512]);
    if let Ok(report) = run(check(&mut storage, blocks, &mut sector, &mut owners)) {
        let seen = read_all(&mut Counted::new(&image), true);
        assert_eq!(seen, Ok((report.files, report.dirs, report.bytes)));
        assert!(report.last_used_block < blocks && report.blocks_used <= blocks);
    }
});

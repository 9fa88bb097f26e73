//! Of whatever is where the partition table should be, no partition is used that is outside the flash, over
//! another one, or over the table.
#![no_main]

use faceplate::{
    Region, SECTOR,
    layout::{Layout, Places, TABLE_OFFSET},
};
use faceplate_sim::flash::SimFlash;
use libfuzzer_sys::fuzz_target;
use littlefs_image::run;

const FLASH: u32 = 1 << 20;

fuzz_target!(|input: &[u8]| {
    let flash = SimFlash::blank(FLASH as usize);
    let table = &input[..input.len().min(SECTOR as usize)];
    flash.poke(TABLE_OFFSET, table).expect("in bounds");
    let layout = run(Layout::read(&mut flash.clone(), Places::DEFAULT));
    let slots = layout.slots.iter().flatten().copied();
    let used: Vec<Region> = slots.chain(layout.nvs).collect();
    for (index, region) in used.iter().enumerate() {
        let end = region.offset.checked_add(region.len).expect("in 32 bits");
        assert!(region.len > 0 && region.len % SECTOR == 0 && region.offset % SECTOR == 0);
        assert!(region.offset >= TABLE_OFFSET + SECTOR && end <= FLASH);
        for other in &used[..index] {
            assert!(end <= other.offset || other.offset + other.len <= region.offset);
        }
    }
    if let Ok([a, b]) = layout.slots {
        assert_eq!(a.len, b.len);
    }
    assert_eq!(flash.counters().operations, 0, "it is only read");
});

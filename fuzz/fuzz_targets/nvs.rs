//! Of whatever is in the settings' partition nothing is changed that is not plain NVS; of what is, everything
//! can be read, and what is written is there afterwards.
#![no_main]

use faceplate::{EspNvs, EspNvsError, Nvs as _, Region, SECTOR, Stored};
use faceplate_sim::flash::SimFlash;
use libfuzzer_sys::fuzz_target;

const PAGES: u32 = 3;

fuzz_target!(|input: &[u8]| {
    let len = PAGES * SECTOR;
    let flash = SimFlash::blank(2 * len as usize);
    flash
        .poke(0, &vec![0xa5; 2 * len as usize])
        .expect("in bounds");
    let mut content = vec![0xff; len as usize];
    let used = input.len().min(content.len());
    content[..used].copy_from_slice(&input[..used]);
    flash.poke(0, &content).expect("in bounds");
    let region = Region { offset: 0, len };
    let mut nvs = EspNvs::new(flash.clone(), region);
    let loaded = Stored::load(&mut nvs);
    let written = nvs
        .set_u8("active", 1)
        .and_then(|()| nvs.set_u32("seq", 0x0102_0304));
    if let Err(EspNvsError::NotPlain(_)) = loaded {
        assert!(written.is_err());
        assert_eq!(flash.counters().operations, 0, "it is somebody else's");
    }
    if written.is_ok() {
        let mut again = EspNvs::new(flash.clone(), region);
        let stored = Stored::load(&mut again).expect("what was just written");
        assert_eq!(stored.active.map(|slot| slot.number()), Some(1));
        assert_eq!(stored.confirmed, 0x0102_0304);
    }
    let behind = flash.peek(len, len as usize).expect("in bounds");
    assert!(
        behind.iter().all(|byte| *byte == 0xa5),
        "the next partition is as it was"
    );
});

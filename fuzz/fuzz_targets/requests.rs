//! Whatever comes over a connection, the whole HTTP app ends, answers in whole answers, and changes nothing on
//! flash but the inactive slot and the settings.
#![no_main]

use faceplate_fuzz::device::{FLASH, Fuzzed, OURS, flash};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [piece, sent @ ..] = input else {
        return;
    };
    let flash = flash();
    let device = Fuzzed::boot(&flash);
    let before = flash.peek(0, FLASH).expect("in bounds");
    device.answer(&(), sent, 1 + usize::from(*piece) * 16);
    let after = flash.peek(0, FLASH).expect("in bounds");
    for (at, (old, new)) in before.iter().zip(&after).enumerate() {
        assert!(
            old == new || OURS.iter().any(|range| range.contains(&at)),
            "{at:#x}"
        );
    }
});

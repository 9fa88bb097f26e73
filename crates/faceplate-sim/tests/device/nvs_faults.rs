//! A full partition, worn-out cells and arbitrary bytes: errors, but nothing lost and no panic.
//!
//! `FACEPLATE_NVS_MUTATIONS=N` tries N arbitrary partitions (default 4000).

use std::{
    env,
    panic::{AssertUnwindSafe, catch_unwind},
};

use crate::common::{self, PARTITION, nvs_parser, open, ours, parse, read_all, updates};
use esp_nvs::{Key, mem_flash::MemFlash};
use faceplate::EspNvsError;
use faceplate_sim::flash::{Fault, SimFlash};

const PAGE: usize = 4096;

/// A partition with our keys in it, filled up by another namespace in pieces of `piece` bytes and
/// then smaller ones.
fn filled(piece: usize) -> SimFlash {
    let flash = common::blank();
    let mut ours = open(&flash);
    for step in &updates(2)[..9] {
        step.run(&mut ours).unwrap();
    }
    drop(ours);
    let bytes = flash
        .peek(PARTITION.offset, PARTITION.len as usize)
        .unwrap();
    let len = bytes.len();
    let mut nvs = esp_nvs::Nvs::new(0, len, MemFlash::from_bytes(bytes)).unwrap();
    let other = Key::from_str("other");
    let mut number = 0;
    for size in [piece, 200, 32] {
        let value = vec![0x5a; size];
        while {
            number += 1;
            nvs.set(
                &other,
                &Key::from_str(&format!("k{number}")),
                value.as_slice(),
            )
            .is_ok()
        } {}
    }
    while {
        number += 1;
        nvs.set(&other, &Key::from_str(&format!("k{number}")), 1u8)
            .is_ok()
    } {}
    flash
        .poke(PARTITION.offset, &nvs.into_inner().into_inner())
        .unwrap();
    flash
}

#[test]
fn a_full_partition_refuses_a_set_and_loses_nothing() {
    for piece in [3000, 700, 40] {
        let flash = filled(piece);
        let before = parse(&flash).unwrap().values;
        let mut nvs = open(&flash);
        let mut refused = 0;
        for step in &updates(3)[..] {
            let now = parse(&flash).unwrap().values;
            match step.run(&mut nvs) {
                Ok(()) => assert_eq!(parse(&flash).unwrap().values, step.on(&now)),
                Err(error) => {
                    assert_eq!(error, EspNvsError::Full);
                    assert_eq!(error.to_string(), "the NVS partition is full");
                    refused += 1;
                    assert_eq!(parse(&flash).unwrap().values, now);
                    assert_eq!(read_all(&mut nvs).unwrap(), ours(&now));
                    assert_eq!(read_all(&mut open(&flash)).unwrap(), ours(&now));
                }
            }
        }
        assert!(refused > 0, "pieces of {piece} bytes left too much room");
        let after = parse(&flash).unwrap().values;
        let others =
            |values: &common::Values| values.iter().filter(|(key, _)| key.0 == "other").count();
        assert_eq!(others(&after), others(&before));
        let wear: u32 = flash.wear().iter().sum();
        assert!(wear < 100, "{wear} erases for {refused} refused sets");
    }
}

#[test]
fn a_worn_cell_under_a_new_value_costs_an_error_and_not_the_old_value() {
    let prepared = common::blank();
    let steps = updates(3);
    let mut nvs = open(&prepared);
    for step in &steps[..9] {
        step.run(&mut nvs).unwrap();
    }
    let before = parse(&prepared).unwrap().values;
    let bytes = prepared.peek(PARTITION.offset, PAGE).unwrap();
    let used = 64 + (bytes[64..].iter().rposition(|&byte| byte != 0xff).unwrap() + 32) / 32 * 32;
    let (mut errors, mut successes) = (0, 0);
    // Each cell of the entry that the next set goes to, stuck either way.
    for at in 0..32 {
        for bit in 0..8 {
            for value in [false, true] {
                let flash = prepared.fork();
                let address = PARTITION.offset + (used + at) as u32;
                flash
                    .inject(Fault::StuckBit {
                        address,
                        bit,
                        value,
                    })
                    .unwrap();
                let mut nvs = open(&flash);
                let step = &steps[11];
                match step.run(&mut nvs) {
                    Ok(()) => {
                        successes += 1;
                        let now = step.on(&before);
                        assert_eq!(read_all(&mut nvs).unwrap(), ours(&now));
                        assert_eq!(read_all(&mut open(&flash)).unwrap(), ours(&now));
                    }
                    Err(error) => {
                        errors += 1;
                        assert_eq!(error, EspNvsError::Flash);
                        assert_eq!(read_all(&mut nvs).unwrap(), ours(&before));
                        assert_eq!(read_all(&mut open(&flash)).unwrap(), ours(&before));
                    }
                }
                // The bad entry is passed over from now on.
                step.run(&mut nvs).unwrap();
                assert_eq!(
                    read_all(&mut open(&flash)).unwrap(),
                    ours(&step.on(&before))
                );
            }
        }
    }
    println!("{errors} sets failed, {successes} succeeded");
    assert!(errors > 50 && successes > 50);
}

#[test]
fn a_failing_operation_is_an_error_and_the_next_set_works() {
    let steps = updates(2);
    let prepared = common::with_neighbours();
    let mut nvs = open(&prepared);
    for step in &steps[..8] {
        step.run(&mut nvs).unwrap();
    }
    let before = parse(&prepared).unwrap().values;
    let step = &steps[9]; // a number
    for after in 0..3 {
        let flash = prepared.fork();
        flash.inject(Fault::Operation { after }).unwrap();
        let mut nvs = open(&flash);
        assert_eq!(step.run(&mut nvs), Err(EspNvsError::Flash));
        let found = read_all(&mut nvs).unwrap();
        assert!([ours(&before), ours(&step.on(&before))].contains(&found));
        step.run(&mut nvs).unwrap();
        assert_eq!(parse(&flash).unwrap().values, step.on(&before));
    }
}

#[test]
fn arbitrary_bytes_cause_no_panic() {
    let mut bases = vec![common::blank(), common::with_neighbours(), filled(700)];
    for (flash, count) in bases.iter().zip([100, 20]) {
        let mut nvs = open(flash);
        for step in updates(count) {
            step.run(&mut nvs).unwrap();
        }
    }
    bases.push(common::blank());
    let tries = env::var("FACEPLATE_NVS_MUTATIONS")
        .ok()
        .and_then(|n| n.parse().ok());
    let tries: u64 = tries.unwrap_or(4000);
    let steps = &updates(2)[6..11];
    let (mut opened, mut foreign, mut set) = (0, 0, 0);
    for seed in 0..tries {
        let mut random = Random(seed);
        let flash = bases[random.below(bases.len())].fork();
        let mut bytes = flash
            .peek(PARTITION.offset, PARTITION.len as usize)
            .unwrap();
        for _ in 0..1 + random.below(12) {
            mutate(&mut bytes, &mut random);
        }
        flash.poke(PARTITION.offset, &bytes).unwrap();
        let result = catch_unwind(AssertUnwindSafe(|| {
            let mut nvs = open(&flash);
            let read = read_all(&mut nvs);
            opened += u64::from(read.is_ok());
            if matches!(read, Err(EspNvsError::NotPlain(_))) {
                foreign += 1;
                assert!(steps.iter().all(|step| step.run(&mut nvs).is_err()));
                assert_eq!(flash.counters().operations, 0, "it is left as it is");
                return;
            }
            for step in steps {
                if step.run(&mut nvs).is_ok() {
                    set += 1;
                    let values = step.on(&common::Values::new());
                    let found = read_all(&mut nvs).unwrap();
                    assert!(
                        values
                            .iter()
                            .all(|(key, value)| found.get(key) == Some(value)),
                        "{step:?} was set, but there is {found:?}"
                    );
                }
            }
            let last = read_all(&mut nvs);
            assert_eq!(read_all(&mut open(&flash)), last, "at the next boot");
        }));
        assert!(result.is_ok(), "seed {seed}");
        let operations = flash.counters().operations;
        assert!(operations < 20_000, "seed {seed}: {operations} operations");
    }
    println!(
        "{tries} arbitrary partitions, {opened} could be opened, {foreign} were left as they are; \
         {set} sets succeeded"
    );
    assert!(opened > tries / 3 && foreign > tries / 10 && set > tries);
}

/// Changes the partition in one place, often with checksums put right again.
fn mutate(bytes: &mut [u8], random: &mut Random) {
    let page = random.below(bytes.len() / PAGE) * PAGE;
    let entry = page + 64 + random.below(126) * 32;
    match random.below(10) {
        0 => bytes[random.below(0x6000)] ^= 1 << random.below(8),
        1 => {
            let (at, len) = (random.below(0x6000), random.below(200));
            for byte in bytes.iter_mut().skip(at).take(len) {
                *byte = random.next() as u8;
            }
        }
        2 => {
            for byte in &mut bytes[page + 32..page + 64] {
                *byte = random.next() as u8;
            }
        }
        3 => {
            let pair = 0b11 << (random.below(4) * 2);
            bytes[page + 32 + random.below(32)] ^= pair & random.next() as u8;
        }
        4 => {
            let from = random.below(bytes.len() / PAGE) * PAGE;
            let copy = bytes[from..from + PAGE].to_vec();
            bytes[page..page + PAGE].copy_from_slice(&copy);
        }
        5 => {
            let from = random.below(bytes.len() / PAGE) * PAGE + 64 + random.below(126) * 32;
            let copy = bytes[from..from + 32].to_vec();
            bytes[entry..entry + 32].copy_from_slice(&copy);
            let index = (entry - page - 64) / 32;
            bytes[page + 32 + index / 4] &= !(1 << (index % 4 * 2));
        }
        6 => {
            let state = [
                0xffff_ffff,
                0xffff_fffe,
                0xffff_fffc,
                0xffff_fff8,
                0xffff_fff0,
                0,
            ];
            let state: u32 = state[random.below(state.len())];
            bytes[page..page + 4].copy_from_slice(&state.to_le_bytes());
            let sequence = [random.next() as u32 % 8, u32::MAX, u32::MAX - 1];
            let sequence = sequence[random.below(3)];
            bytes[page + 4..page + 8].copy_from_slice(&sequence.to_le_bytes());
            let crc = nvs_parser::crc(&[&bytes[page + 4..page + 28]]);
            bytes[page + 28..page + 32].copy_from_slice(&crc.to_le_bytes());
        }
        _ => {
            // A field of an entry: namespace, type, span, chunk, key or value.
            let field = [0, 1, 2, 3, 8, 24, 25, 26, 28, 29][random.below(10)];
            let interesting = [
                0, 1, 2, 3, 4, 0x21, 0x41, 0x42, 0x48, 0x7f, 0x80, 0xfe, 0xff,
            ];
            bytes[entry + field] = match random.below(2) {
                0 => interesting[random.below(interesting.len())],
                _ => random.next() as u8,
            };
            let crc = nvs_parser::crc(&[&bytes[entry..entry + 4], &bytes[entry + 8..entry + 32]]);
            bytes[entry + 4..entry + 8].copy_from_slice(&crc.to_le_bytes());
        }
    }
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}

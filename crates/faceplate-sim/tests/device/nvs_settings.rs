//! Settings of the firmware itself: numbers of every type, strings and blobs, as Espressif's
//! generator makes them and as the independent parser reads them, through power cuts too.

use std::fmt::Debug;

use crate::common::{
    self, PARTITION, Values, generator, nvs_parser::Value, open, parse, read_all, updates,
};
use embassy_futures::block_on;
use faceplate::{EspNvs, EspNvsError, Number};
use faceplate_http::Device as _;
use faceplate_sim::{
    PARTITIONS, SimOptions,
    device::SimDevice,
    flash::{Cut, SimFlash, W25Q128_SIZE},
};

type Nvs = EspNvs<SimFlash>;

/// More than a page, so that it is in several pieces.
fn large(salt: u32) -> Vec<u8> {
    (0..4200_u32).map(|i| (i * i % 251 + salt) as u8).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A number type, by both of its ends.
fn check<T: Number + Debug>(nvs: &mut Nvs, name: &str, [min, max]: [T; 2]) {
    let (lowest, highest) = (format!("{name}_min"), format!("{name}_max"));
    assert_eq!(nvs.get_number("app", &lowest), Ok(Some(min)), "{name}");
    assert_eq!(nvs.get_number("app", &highest), Ok(Some(max)), "{name}");
}

/// Whether all numbers can be read as what they are.
fn check_all(nvs: &mut Nvs) {
    check(nvs, "u8", [u8::MIN, u8::MAX]);
    check(nvs, "u16", [u16::MIN, u16::MAX]);
    check(nvs, "u32", [u32::MIN, u32::MAX]);
    check(nvs, "u64", [u64::MIN, u64::MAX]);
    check(nvs, "i8", [i8::MIN, i8::MAX]);
    check(nvs, "i16", [i16::MIN, i16::MAX]);
    check(nvs, "i32", [i32::MIN, i32::MAX]);
    check(nvs, "i64", [i64::MIN, i64::MAX]);
}

fn csv(blob: &[u8]) -> String {
    format!(
        "key,type,encoding,value\n\
         app,namespace,,\n\
         u8_min,data,u8,0\nu8_max,data,u8,{}\n\
         u16_min,data,u16,0\nu16_max,data,u16,{}\n\
         u32_min,data,u32,0\nu32_max,data,u32,{}\n\
         u64_min,data,u64,0\nu64_max,data,u64,{}\n\
         i8_min,data,i8,{}\ni8_max,data,i8,{}\n\
         i16_min,data,i16,{}\ni16_max,data,i16,{}\n\
         i32_min,data,i32,{}\ni32_max,data,i32,{}\n\
         i64_min,data,i64,{}\ni64_max,data,i64,{}\n\
         text,data,string,on\n\
         blob,data,hex2bin,{}\n",
        u8::MAX,
        u16::MAX,
        u32::MAX,
        u64::MAX,
        i8::MIN,
        i8::MAX,
        i16::MIN,
        i16::MAX,
        i32::MIN,
        i32::MAX,
        i64::MIN,
        i64::MAX,
        hex(blob),
    )
}

fn flashed(partition: &[u8]) -> SimFlash {
    let flash = common::blank();
    flash.poke(PARTITION.offset, partition).unwrap();
    flash
}

#[test]
fn what_espressifs_generator_makes_is_read() {
    let small = [0, 1, 0xff, 0xfe];
    for (partition, blob) in [
        (
            generator::generate(&csv(&small), PARTITION.len),
            small.to_vec(),
        ),
        (
            generator::generate(&csv(&large(1)), PARTITION.len),
            large(1),
        ),
        (
            generator::generate_version_1(&csv(&small), PARTITION.len),
            small.to_vec(),
        ),
    ] {
        let flash = flashed(&partition);
        let mut nvs = open(&flash);
        check_all(&mut nvs);
        assert_eq!(nvs.get_bytes("app", "blob"), Ok(Some(blob.clone())));
        assert_eq!(nvs.get_str("app", "text"), Ok(Some("on".to_owned())));

        // A type is part of what is asked for, as in ESP-IDF.
        assert_eq!(nvs.get_number::<u16>("app", "u8_max"), Ok(None));
        assert_eq!(nvs.get_number::<i8>("app", "u8_max"), Ok(None));
        assert_eq!(nvs.get_number::<u32>("app", "i32_max"), Ok(None));
        assert_eq!(nvs.get_number::<u64>("app", "text"), Ok(None));
        assert_eq!(nvs.get_number::<u64>("app", "blob"), Ok(None));
        assert_eq!(nvs.get_bytes("app", "text"), Ok(None));
        assert_eq!(nvs.get_bytes("app", "u8_max"), Ok(None));
        assert_eq!(nvs.get_str("app", "blob"), Ok(None));
        assert_eq!(nvs.get_number::<u8>("app", "absent"), Ok(None));
        assert_eq!(nvs.get_bytes("nobody", "blob"), Ok(None));
    }
}

/// Sets a value and tells the parser's values of it.
fn set<T: Number>(nvs: &mut Nvs, values: &mut Values, key: &str, value: T, stored: Value) {
    nvs.set_number("app", key, value).unwrap();
    values.insert(("app".to_owned(), key.to_owned()), stored);
}

#[test]
fn what_is_written_is_read_by_the_parser() {
    for flash in [common::blank(), common::with_neighbours()] {
        let mut values = parse(&flash).unwrap().values;
        let mut nvs = open(&flash);
        // Each round in the other order, so that each value changes; and so often that pages move.
        for (round, step) in updates(6).iter().enumerate() {
            let (low, high) = match round % 2 {
                0 => ("min", "max"),
                _ => ("max", "min"),
            };
            macro_rules! both_ends {
                ($($number:ident $variant:ident)*) => {$(
                    let name = stringify!($number);
                    for (end, value) in [(low, $number::MIN), (high, $number::MAX)] {
                        let stored = Value::$variant(value);
                        set(&mut nvs, &mut values, &format!("{name}_{end}"), value, stored);
                    }
                )*};
            }
            both_ends!(u8 U8 u16 U16 u32 U32 u64 U64 i8 I8 i16 I16 i32 I32 i64 I64);
            for (key, blob) in [("empty", vec![]), ("blob", large(round as u32))] {
                nvs.set_bytes("app", key, &blob).unwrap();
                values.insert(("app".to_owned(), key.to_owned()), Value::Blob(blob));
            }
            step.run(&mut nvs).unwrap();
            values = step.on(&values);
            let partition = parse(&flash).unwrap();
            assert_eq!(partition.values, values, "round {round}");
            assert_eq!(partition.corrupt_pages, 0);
        }
        let last = large(updates(6).len() as u32 - 1);
        for nvs in [&mut nvs, &mut open(&flash)] {
            assert_eq!(nvs.get_bytes("app", "blob"), Ok(Some(last.clone())));
            assert_eq!(nvs.get_bytes("app", "empty"), Ok(Some(vec![])));
        }
        let before = flash.counters().operations;
        nvs.set_bytes("app", "blob", &last).unwrap();
        assert_eq!(flash.counters().operations, before, "the same value again");

        for key in ["blob", "u8_min", "i64_max", "absent"] {
            nvs.remove_setting("app", key).unwrap();
            values.remove(&("app".to_owned(), key.to_owned()));
            assert_eq!(parse(&flash).unwrap().values, values);
        }
        nvs.remove_setting("nobody", "blob").unwrap();
        assert_eq!(nvs.get_bytes("app", "blob"), Ok(None));
        assert_eq!(nvs.get_number::<u8>("app", "u8_min"), Ok(None));
    }
}

#[test]
fn nobody_else_changes_what_is_faceplates() {
    let flash = common::blank();
    let mut nvs = open(&flash);
    for step in &updates(1)[..4] {
        step.run(&mut nvs).unwrap();
    }
    let (values, operations) = (read_all(&mut nvs).unwrap(), flash.counters().operations);
    for namespace in ["www", "wifi"] {
        let refused = Err(EspNvsError::Reserved);
        assert_eq!(nvs.set_number(namespace, "active", 7_u8), refused);
        assert_eq!(nvs.set_str(namespace, "network", "x"), refused);
        assert_eq!(nvs.set_bytes(namespace, "img0", &[0; 36]), refused);
        assert_eq!(nvs.remove_setting(namespace, "active"), refused);
    }
    assert_eq!(flash.counters().operations, operations);
    assert_eq!(read_all(&mut nvs).unwrap(), values);
    assert_eq!(
        nvs.get_number("www", "active"),
        Ok(Some(1_u8)),
        "to read it is nobody's loss"
    );
}

#[test]
fn what_cannot_be_stored_is_refused_and_leaves_what_was_there() {
    let flash = common::blank();
    let mut nvs = open(&flash);
    for (namespace, key) in [
        ("", "x"),
        ("sixteen letters!", "x"),
        ("app", ""),
        ("app", "a\0"),
    ] {
        assert_eq!(nvs.get_number::<u8>(namespace, key), Err(EspNvsError::Key));
        assert_eq!(nvs.set_number(namespace, key, 1_u8), Err(EspNvsError::Key));
        assert_eq!(nvs.get_bytes(namespace, key), Err(EspNvsError::Key));
        assert_eq!(nvs.set_bytes(namespace, key, &[1]), Err(EspNvsError::Key));
        assert_eq!(nvs.remove_setting(namespace, key), Err(EspNvsError::Key));
    }
    assert_eq!(flash.counters().operations, 0);
    nvs.set_str("app", "text", &"x".repeat(3999)).unwrap();
    assert!(nvs.set_str("app", "text", &"x".repeat(4000)).is_err());
    nvs.set_bytes("app", "blob", &large(1)).unwrap();
    let larger = vec![1; PARTITION.len as usize];
    assert_eq!(
        nvs.set_bytes("app", "blob", &larger),
        Err(EspNvsError::Full)
    );
    for nvs in [&mut nvs, &mut open(&flash)] {
        assert_eq!(nvs.get_bytes("app", "blob"), Ok(Some(large(1))));
        assert_eq!(nvs.get_str("app", "text"), Ok(Some("x".repeat(3999))));
    }
}

/// One change of a setting.
type Change = fn(&mut Nvs) -> Result<(), EspNvsError>;

#[test]
fn a_power_cut_leaves_the_old_value_or_the_new_one() {
    let changes: [Change; 5] = [
        |nvs| nvs.set_number("app", "count", -2_i64),
        |nvs| nvs.set_bytes("app", "blob", &large(2)),
        |nvs| nvs.set_bytes("app", "count", b"another type"),
        |nvs| nvs.remove_setting("app", "blob"),
        |nvs| nvs.remove_setting("app", "count"),
    ];
    let mut tried = 0;
    for start in [common::blank(), common::with_neighbours()] {
        let mut nvs = open(&start);
        nvs.set_number("app", "count", i64::MAX).unwrap();
        nvs.set_bytes("app", "blob", &large(1)).unwrap();
        let old = parse(&start).unwrap().values;
        for (number, change) in changes.iter().enumerate() {
            let done = start.fork();
            let before = done.counters();
            change(&mut open(&done)).unwrap();
            let operations = done.counters().since(&before).operations;
            let new = parse(&done).unwrap().values;
            assert!(operations > 0 && old != new);
            for operation in 0..operations {
                for seed in 0..8 {
                    let flash = start.fork();
                    let cut = match seed {
                        0 => Cut::Before,
                        1 => Cut::After,
                        2..=4 => Cut::Torn { seed },
                        _ => Cut::Unstable { seed },
                    };
                    flash.cut_after(operation, cut);
                    assert!(change(&mut open(&flash)).is_err());
                    flash.power_on();
                    // What is found is what stays, and takes the next change.
                    let mut nvs = open(&flash);
                    nvs.get_bytes("app", "blob").unwrap();
                    let found = parse(&flash).unwrap().values;
                    let what = format!("change {number}, operation {operation}, {cut:?}");
                    assert!(found == old || found == new, "{what}");
                    change(&mut open(&flash)).unwrap_or_else(|error| panic!("{what}: {error}"));
                    assert_eq!(parse(&flash).unwrap().values, new, "{what}");
                    tried += 1;
                }
            }
        }
    }
    println!("{tried} power cuts");
    assert!(tried > 200);
}

/// `docs/integrate.md` shows a part of this.
#[test]
fn a_device_keeps_settings_of_its_firmware() {
    let flash = SimFlash::with_partitions(PARTITIONS, W25Q128_SIZE).unwrap();
    let options = SimOptions::new("");
    let boot = || SimDevice::boot(flash.clone(), &options, None);
    let face = block_on(boot());
    let stored = face.engine().with_nvs(|nvs| {
        nvs.set_str("lamp", "colour", "warm")?;
        nvs.set_number("lamp", "level", 200_u8)?;
        nvs.set_bytes("lamp", "curve", &[0, 10, 200])?;
        let colour = nvs.get_str("lamp", "colour")?;
        let level: Option<u8> = nvs.get_number("lamp", "level")?;
        let curve = nvs.get_bytes("lamp", "curve")?;
        nvs.remove_setting("lamp", "curve")?;
        Ok::<_, EspNvsError>((colour, level, curve))
    });
    let (warm, curve) = (Some("warm".to_owned()), Some(vec![0, 10, 200]));
    assert_eq!(stored, Ok((warm.clone(), Some(200), curve)));
    drop(face);

    let face = block_on(boot());
    face.engine().with_nvs(|nvs| {
        assert_eq!(nvs.get_str("lamp", "colour"), Ok(warm));
        assert_eq!(nvs.get_number("lamp", "level"), Ok(Some(200_u8)));
        assert_eq!(nvs.get_bytes("lamp", "curve"), Ok(None));
    });
}

//! The NVS partition is ESP-IDF's: what Espressif's generator makes is read, and what is written
//! here is read by a parser made from Espressif's description alone.

use crate::common::{
    self, PARTITION, Values, generator::generate, nvs_parser::Value, open, ours, parse,
};
use crate::common::{nvs_parser, read_all, updates};
use faceplate::Nvs;
use faceplate_sim::flash::SimFlash;

const IMG0: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20ff22ff";

fn csv() -> String {
    let calibration: String = (0..6000u32)
        .map(|i| format!("{:02x}", i * i % 251))
        .collect();
    format!(
        "key,type,encoding,value\n\
         network,namespace,,\n\
         ssid,data,string,a network\n\
         chan,data,u8,11\n\
         www,namespace,,\n\
         active,data,u8,1\n\
         trial,data,u32,7864833\n\
         img0,data,hex2bin,{IMG0}\n\
         last,data,u32,65537\n\
         phy,namespace,,\n\
         cal_data,data,hex2bin,{calibration}\n\
         offset,data,i16,-7\n\
         mac,data,u64,18446744073709551615\n"
    )
}

fn generated() -> SimFlash {
    let flash = common::blank();
    flash
        .poke(PARTITION.offset, &generate(&csv(), PARTITION.len))
        .unwrap();
    flash
}

fn img0() -> Vec<u8> {
    (0..36)
        .map(|at| u8::from_str_radix(&IMG0[at * 2..at * 2 + 2], 16).unwrap())
        .collect()
}

#[test]
fn what_espressifs_generator_makes_is_read() {
    let flash = generated();
    let mut nvs = open(&flash);
    assert_eq!(nvs.get_u8("active").unwrap(), Some(1));
    assert_eq!(nvs.get_u32("trial").unwrap(), Some(7_864_833));
    assert_eq!(nvs.get_u32("last").unwrap(), Some(65_537));
    let mut blob = [0; 36];
    assert!(nvs.get_blob("img0", &mut blob).unwrap());
    assert_eq!(blob[..], img0());

    assert!(!nvs.get_blob("img1", &mut blob).unwrap(), "an absent key");
    assert!(
        !nvs.get_blob("img0", &mut [0; 35]).unwrap(),
        "another length"
    );
    assert!(
        !nvs.get_blob("img0", &mut [0; 37]).unwrap(),
        "another length"
    );
    assert_eq!(nvs.get_u8("trial").unwrap(), None, "another type");
    assert_eq!(nvs.get_u32("active").unwrap(), None, "another type");
    assert_eq!(nvs.get_u32("img0").unwrap(), None, "another type");
    assert!(!nvs.get_blob("active", &mut [0]).unwrap(), "another type");
    assert_eq!(nvs.get_u8("chan").unwrap(), None, "another namespace");

    let ssid = nvs.get_str("network", "ssid").unwrap();
    assert_eq!(ssid.as_deref(), Some("a network"));
    for (namespace, key) in [
        ("network", "chan"),
        ("network", "pass"),
        ("www", "ssid"),
        ("phy", "cal_data"),
        ("wifi", "ssid"),
    ] {
        let found = nvs.get_str(namespace, key).unwrap();
        assert_eq!(found, None, "{namespace}/{key} is no string");
    }

    assert_eq!(
        flash.counters().operations,
        0,
        "reading changes nothing on flash"
    );
}

#[test]
fn the_independent_parser_agrees_with_the_generator() {
    let partition = parse(&generated()).unwrap();
    assert_eq!(partition.corrupt_pages, 0);
    assert_eq!(partition.get("www", "img0"), Some(&Value::Blob(img0())));
    assert_eq!(
        partition.get("network", "ssid"),
        Some(&Value::Str("a network".into()))
    );
    assert_eq!(partition.get("phy", "offset"), Some(&Value::I16(-7)));
    assert_eq!(partition.get("phy", "mac"), Some(&Value::U64(u64::MAX)));
    let calibration = (0..6000u32).map(|i| (i * i % 251) as u8).collect();
    assert_eq!(
        partition.get("phy", "cal_data"),
        Some(&Value::Blob(calibration))
    );
    assert_eq!(partition.values.len(), 9, "{:?}", partition.values.keys());
}

#[test]
fn what_is_written_is_read_by_the_parser() {
    for flash in [common::blank(), common::with_neighbours(), generated()] {
        let mut values = parse(&flash).unwrap().values;
        let mut nvs = open(&flash);
        for step in updates(60) {
            step.run(&mut nvs).unwrap();
            values = step.on(&values);
            assert_eq!(parse(&flash).unwrap().values, values);
        }
        assert_eq!(read_all(&mut nvs).unwrap(), ours(&values));
        assert_eq!(read_all(&mut open(&flash)).unwrap(), ours(&values));
        assert_eq!(parse(&flash).unwrap().corrupt_pages, 0);
    }
}

#[test]
fn strings_of_any_namespace_are_written_and_read_by_the_parser() {
    let longest = "x".repeat(63);
    for flash in [common::blank(), common::with_neighbours(), generated()] {
        let mut values = parse(&flash).unwrap().values;
        let mut nvs = open(&flash);
        for (n, step) in updates(40).into_iter().enumerate() {
            let ssid = format!("network {n} \u{e9}\u{1f600}");
            for (key, value) in [("pass", ""), ("ssid", &ssid), ("pass", &longest)] {
                nvs.set_str("app", key, value).unwrap();
                let key = ("app".to_owned(), key.to_owned());
                values.insert(key, Value::Str(value.to_owned()));
                assert_eq!(parse(&flash).unwrap().values, values);
            }
            step.run(&mut nvs).unwrap();
            values = step.on(&values);
        }
        for mut nvs in [nvs, open(&flash)] {
            assert_eq!(read_all(&mut nvs).unwrap(), ours(&values));
            let pass = nvs.get_str("app", "pass").unwrap();
            assert_eq!(pass.as_ref(), Some(&longest));
        }
        let before = flash.counters().operations;
        open(&flash).set_str("app", "pass", &longest).unwrap();
        assert_eq!(flash.counters().operations, before, "the same value again");
        assert_eq!(parse(&flash).unwrap().corrupt_pages, 0);
    }
}

#[test]
fn a_string_that_nvs_cannot_hold_is_refused() {
    let flash = common::blank();
    let mut nvs = open(&flash);
    let error = nvs.set_str("app", "ssid", "a\0b").unwrap_err();
    assert_eq!(error.to_string(), "an NVS string has no NUL inside");
    for (namespace, key) in [("", "ssid"), ("sixteen letters!", "ssid"), ("app", "")] {
        assert!(nvs.set_str(namespace, key, "x").is_err());
        assert!(nvs.get_str(namespace, key).is_err());
    }
    assert!(nvs.set_str("app", "ssid", &"x".repeat(5000)).is_err());
    assert_eq!(flash.counters().operations, 0);
}

#[test]
fn a_key_may_change_its_type() {
    let flash = common::blank();
    let mut nvs = open(&flash);
    nvs.set_u8("active", 1).unwrap();
    nvs.set_blob("active", &[7; 100]).unwrap();
    nvs.set_u32("active", 9).unwrap();
    assert_eq!(nvs.get_u32("active").unwrap(), Some(9));
    let expected = [(("www".to_owned(), "active".to_owned()), Value::U32(9))];
    assert_eq!(parse(&flash).unwrap().values, Values::from(expected));
    nvs.remove("active").unwrap();
    nvs.remove("active").unwrap();
    assert!(parse(&flash).unwrap().values.is_empty());
}

#[test]
fn a_key_that_nvs_cannot_hold_is_refused() {
    let mut nvs = open(&common::blank());
    for key in ["", "sixteen letters!", "späße", "a\0b"] {
        let error = nvs.set_u8(key, 1).unwrap_err().to_string();
        assert_eq!(error, "an NVS key has 1 to 15 ASCII characters");
    }
    nvs.set_u8("fifteen letters", 1).unwrap();
}

#[test]
fn setting_the_same_value_again_writes_nothing() {
    let flash = common::blank();
    let mut nvs = open(&flash);
    for step in &updates(1)[..4] {
        step.run(&mut nvs).unwrap();
    }
    let operations = flash.counters().operations;
    for step in &updates(1)[..4] {
        step.run(&mut nvs).unwrap();
    }
    assert_eq!(flash.counters().operations, operations);
}

/// The parser is what the other tests rely on, so it has to notice everything.
#[test]
fn the_parser_overlooks_no_changed_bit() {
    let flash = common::blank();
    let mut nvs = open(&flash);
    for step in &updates(2)[..11] {
        step.run(&mut nvs).unwrap();
    }
    let bytes = flash
        .peek(PARTITION.offset, PARTITION.len as usize)
        .unwrap();
    let values = nvs_parser::parse(&bytes).unwrap().values;
    let used = bytes[..4096]
        .iter()
        .rposition(|&byte| byte != 0xff)
        .unwrap()
        + 64;
    let (mut errors, mut corrupt, mut others) = (0, 0, 0);
    for at in 0..used {
        for bit in 0..8 {
            let mut bytes = bytes.clone();
            bytes[at] ^= 1 << bit;
            match nvs_parser::parse(&bytes) {
                Err(_) => errors += 1,
                Ok(partition) if partition.corrupt_pages > 0 => corrupt += 1,
                Ok(partition) if partition.values != values => others += 1,
                // Nobody reads what is marked erased, and the state "full" allows all that
                // "active" does.
                Ok(_) => {
                    let erased = at >= 64
                        && bytes[32 + (at - 64) / 128] >> ((at - 64) / 32 % 4 * 2) & 3 == 0;
                    assert!(erased || (at, bit) == (0, 1), "bit {bit} of byte {at:#x}");
                }
            }
        }
    }
    println!("{errors} errors, {corrupt} corrupt pages, {others} other values");
    assert!(errors > 1000 && corrupt > 200 && others > 0);
}

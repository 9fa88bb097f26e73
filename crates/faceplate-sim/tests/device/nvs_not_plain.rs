//! An NVS partition that is encrypted, of another format, or no NVS is recognised before the first
//! write: whatever is asked of the device, not one byte of it changes, and the device says why.
//! What only looks like that, from power cuts and worn cells, is used.

use crate::board::{Board, Device, Frontend, Refused, Rng, serves, status, upload};
use crate::common::{
    self, PARTITION, Values,
    generator::{encrypt, generate, generate_version_1},
    nvs_parser::{self, Value},
    open, ours, parse, read_all, updates,
};
use faceplate::{
    BeginError, BuildId, Confirmer, Credentials, EspNvs, EspNvsError, Fault, Foreign,
    RollbackError, Slot, State, Tick, forget_image, layout::TABLE_OFFSET, text,
};
use faceplate_sim::flash::SimFlash;
use littlefs_image::run;

const PAGE: usize = 4096;
const LEN: usize = PARTITION.len as usize;

/// What a firmware made with ESP-IDF keeps, over more than a page.
fn settings() -> String {
    let calibration: String = (0..1904u32)
        .map(|i| format!("{:02x}", i * i % 251))
        .collect();
    let mut csv = "key,type,encoding,value\n\
         nvs.net80211,namespace,,\n\
         sta.ssid,data,hex2bin,0400000061626364\n\
         sta.chan,data,u8,11\n\
         phy,namespace,,\n"
        .to_owned();
    csv += &format!("cal_data,data,hex2bin,{calibration}\nmac,data,u64,18446744073709551615\n");
    csv += "app,namespace,,\n";
    for n in 0..90 {
        csv += &format!("value{n},data,i32,{}\n", n - 7);
    }
    csv
}

/// Pages of the bytes of `f`.
fn filled(f: impl FnMut(usize) -> u8) -> Vec<u8> {
    (0..LEN).map(f).collect()
}

fn noise(seed: u64, len: usize) -> Vec<u8> {
    Rng::new(seed).bytes(len)
}

/// With page `number` replaced.
fn replaced(mut bytes: Vec<u8>, number: usize, page: &[u8]) -> Vec<u8> {
    bytes[number * PAGE..][..PAGE].copy_from_slice(page);
    bytes
}

/// With the version byte of each header, its checksum put right.
fn of_version(bytes: Vec<u8>, version: u8) -> Vec<u8> {
    with_header(bytes, 8, version)
}

/// With another byte in each header, its checksum put right.
fn with_header(mut bytes: Vec<u8>, at: usize, byte: u8) -> Vec<u8> {
    for page in bytes
        .chunks_mut(PAGE)
        .filter(|page| page[28..32] != [0xff; 4])
    {
        page[at] = byte;
        let crc = nvs_parser::crc(&[&page[4..28]]);
        page[28..32].copy_from_slice(&crc.to_le_bytes());
    }
    bytes
}

/// An encrypted partition in which entries of before are marked erased, as a firmware leaves it that
/// began to encrypt a partition in use.
fn encrypted_later() -> Vec<u8> {
    let mut bytes = generate(&settings(), PARTITION.len);
    let page = &mut bytes[..PAGE];
    page[32..36].fill(0);
    let mut rng = Rng::new(3);
    for entry in page[64 + 16 * 32..].chunks_mut(32) {
        entry.copy_from_slice(&rng.bytes(32));
    }
    replaced(vec![0xff; LEN], 0, &bytes[..PAGE])
}

/// What looks like the program of a device: a header, code, texts and blanks.
fn program(len: usize) -> Vec<u8> {
    let mut bytes = b"\xe9\x06\x02\x40\x98\x06\x38\x40\xee\0\0\0\x09\0\0\0".to_vec();
    let mut rng = Rng::new(5);
    while bytes.len() < len {
        match rng.below(4) {
            0 => bytes.extend_from_slice(b"E (%lu) nvs: no such namespace\0\0"),
            1 => bytes.extend_from_slice(&[0xff; 48]),
            2 => bytes.extend_from_slice(&[0; 32]),
            _ => bytes.extend_from_slice(&rng.bytes(64)),
        }
    }
    bytes.truncate(len);
    bytes
}

fn foreign() -> Vec<(String, Vec<u8>, Foreign)> {
    let plain = generate(&settings(), PARTITION.len);
    let encrypted = encrypt(&settings(), PARTITION.len);
    let short = "key,type,encoding,value\nwww,namespace,,\nactive,data,u8,1\n";
    let mut of_ota_data = vec![0xff; LEN];
    of_ota_data[..32].copy_from_slice(&[[1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]; 4].concat());
    let mut list = vec![
        ("encrypted", encrypted.clone(), Foreign::Entries),
        (
            "encrypted, two entries",
            encrypt(short, PARTITION.len),
            Foreign::Entries,
        ),
        (
            "one encrypted page",
            replaced(plain.clone(), 0, &encrypted[..PAGE]),
            Foreign::Entries,
        ),
        ("encrypted later", encrypted_later(), Foreign::Entries),
        (
            "of a later version",
            of_version(plain.clone(), 0xfd),
            Foreign::Version(0xfd),
        ),
        (
            "of version byte 0",
            of_version(plain.clone(), 0),
            Foreign::Version(0),
        ),
        (
            "of a sequence that no flash lives to count to",
            with_header(plain.clone(), 7, 0x80),
            Foreign::Content,
        ),
        ("zeros", filled(|_| 0), Foreign::Content),
        ("text", filled(|at| b"hello\n"[at % 6]), Foreign::Content),
        ("a program", program(LEN), Foreign::Content),
        (
            "a program in one page",
            replaced(vec![0xff; LEN], 2, &program(PAGE)),
            Foreign::Content,
        ),
        ("OTA data", of_ota_data, Foreign::Content),
        (
            "half noise",
            [plain[..LEN / 2].to_vec(), noise(9, LEN / 2)].concat(),
            Foreign::Content,
        ),
        (
            "half noise, half blank",
            [noise(10, LEN / 2), vec![0xff; LEN / 2]].concat(),
            Foreign::Content,
        ),
        (
            "a frontend",
            Frontend::new("one", 16).image[..LEN].to_vec(),
            Foreign::Content,
        ),
        (
            "two pages of a program among good ones",
            replaced(
                replaced(plain.clone(), 3, &program(PAGE)),
                5,
                &noise(4, PAGE),
            ),
            Foreign::Content,
        ),
    ]
    .into_iter()
    .map(|(what, bytes, foreign)| (what.to_owned(), bytes, foreign))
    .collect::<Vec<_>>();
    for seed in 20..30 {
        list.push((format!("noise {seed}"), noise(seed, LEN), Foreign::Content));
    }
    list
}

/// A board with this in its NVS partition, and a frontend in each slot.
fn with_nvs(nvs: &[u8], slots: [Option<&Frontend>; 2]) -> Board {
    let board = Board::new();
    for (index, frontend) in slots.into_iter().enumerate() {
        let image = frontend.map_or(&[][..], |frontend| &frontend.image);
        board.flash.poke(board.slot(index).offset, image).unwrap();
    }
    board.flash.poke(PARTITION.offset, nvs).unwrap();
    board
}

/// Everything that a client, or the firmware, can ask for.
fn ask_everything(device: &Device, new: &Frontend) {
    let id = BuildId([7; BuildId::LEN]);
    for confirmer in [Confirmer::Device, Confirmer::Client { within_s: 60 }] {
        assert!(matches!(
            upload(device, &new.image, confirmer),
            Err(Refused::Begin(BeginError::Nvs(_)))
        ));
    }
    assert!(matches!(run(device.rollback()), Err(RollbackError::Nvs(_))));
    assert!(device.confirm(None).is_err() && device.confirm(Some(id)).is_err());
    for seconds in [1, 60, 4000] {
        assert_eq!(device.tick(seconds * 1000).unwrap(), Tick::Nothing);
    }
    device.with_nvs(|nvs| {
        let home = Credentials::new("Home", "12345678").unwrap();
        assert!(matches!(
            nvs.set_credentials(&home),
            Err(EspNvsError::NotPlain(_))
        ));
        assert!(nvs.credentials().is_err() && nvs.get_str("app", "value1").is_err());
        assert!(nvs.set_str("app", "value1", "x").is_err());
        assert!(
            Slot::ALL
                .into_iter()
                .all(|slot| forget_image(nvs, slot).is_err())
        );
        assert!(updates(1).iter().all(|step| step.run(nvs).is_err()));
    });
}

#[test]
fn what_is_not_plain_nvs_is_said_and_not_one_byte_changes_whatever_is_asked() {
    let [one, two] = ["one", "two"].map(|version| Frontend::new(version, 16));
    for (what, nvs, foreign) in foreign() {
        let board = with_nvs(&nvs, [Some(&one), Some(&two)]);
        for _restart in 0..2 {
            let device = board.boot();
            let now = status(&device);
            let fault = Fault::Nvs(text(foreign));
            assert_eq!(now.fault, Some(fault), "{what}");
            assert_eq!(
                (now.state, now.active),
                (State::Settled, Slot::Www0),
                "{what}"
            );
            assert!(serves(&device, &one), "{what}");
            ask_everything(&device, &two);
            assert!(serves(&device, &one), "{what}");
        }
        assert_eq!(board.flash.counters().operations, 0, "{what}");
        let after = board.flash.peek(PARTITION.offset, LEN).unwrap();
        assert!(after == nvs, "{what}");
    }
}

#[test]
fn the_other_slot_is_served_where_the_first_is_bad_and_else_the_recovery_page() {
    let two = Frontend::new("two", 16);
    let nvs = noise(1, LEN);
    let board = with_nvs(&nvs, [None, Some(&two)]);
    assert!(serves(&board.boot(), &two));
    let empty = with_nvs(&nvs, [None, None]);
    assert_eq!(status(&empty.boot()).state, State::Recovery);
    ask_everything(&empty.boot(), &two);
    assert_eq!(board.flash.counters().operations, 0);
    assert_eq!(empty.flash.counters().operations, 0);
}

/// A page with but a namespace and a blob in it, in which a cell of each entry went wrong: the blob's
/// data then looks like nothing.
#[test]
fn a_few_worn_cells_are_not_taken_for_encryption_where_no_entry_checks() {
    let blob = "a5".repeat(36);
    let csv = format!("key,type,encoding,value\nwww,namespace,,\nimg0,data,hex2bin,{blob}\n");
    let plain = generate(&csv, PARTITION.len);
    // In the checksum; in the key.
    for at in [5, 9] {
        let mut worn = plain.clone();
        for entry in [0, 1, 4] {
            worn[64 + entry * 32 + at] ^= 0x80;
        }
        let one = Frontend::new("one", 16);
        let board = with_nvs(&worn, [Some(&one), None]);
        let device = board.boot();
        assert_eq!(status(&device).fault, None, "byte {at}");
        assert!(upload(&device, &one.image, Confirmer::Device).is_ok());
    }
}

#[test]
fn a_blank_partition_with_a_few_cells_that_did_not_settle_is_blank() {
    let one = Frontend::new("one", 16);
    for at in [2 * PAGE, 2 * PAGE + 500] {
        let mut bytes = vec![0xff; LEN];
        bytes[at..at + 3].fill(0xef);
        let board = with_nvs(&bytes, [Some(&one), None]);
        let device = board.boot();
        assert_eq!(status(&device).fault, None, "{at}");
        assert!(upload(&device, &one.image, Confirmer::Device).is_ok());
    }
}

/// The first entry of an item is marked erased before the data behind it; cut in between, in a page
/// where nothing else is left, that data looks like nothing.
#[test]
fn data_whose_item_was_just_erased_is_not_taken_for_encryption() {
    let blob = "5a".repeat(36);
    let csv = format!("key,type,encoding,value\nwww,namespace,,\nimg0,data,hex2bin,{blob}\n");
    let mut bytes = generate(&csv, PARTITION.len);
    // Namespace, the blob's first entry and its index erased; its two entries of data written.
    assert_eq!(bytes[64 + 32 + 1..][..2], [0x42, 3]);
    bytes[32..34].copy_from_slice(&[0b10_10_00_00, 0b11_11_11_00]);
    let one = Frontend::new("one", 16);
    let board = with_nvs(&bytes, [Some(&one), None]);
    let device = board.boot();
    assert_eq!(status(&device).fault, None);
    assert!(upload(&device, &one.image, Confirmer::Device).is_ok());
}

/// Makes the second row of the table, `phy_init`, one for the keys of NVS encryption.
fn with_keys(board: Board) -> Board {
    let subtype = TABLE_OFFSET + 32 + 3;
    board.flash.poke(subtype, &[4]).unwrap();
    board
}

/// A header alone: what ESP-IDF's library makes of the first page, encrypted or not.
fn fresh() -> Vec<u8> {
    let mut bytes = generate(&settings(), PARTITION.len)[..PAGE].to_vec();
    bytes[32..].fill(0xff);
    replaced(vec![0xff; LEN], 0, &bytes)
}

#[test]
fn where_the_table_has_keys_for_nvs_nothing_is_written_that_would_be_the_first_in_plain_text() {
    let one = Frontend::new("one", 16);
    for (what, nvs) in [
        ("blank", vec![0xff; LEN]),
        ("a page without entries", fresh()),
    ] {
        let board = with_keys(with_nvs(&nvs, [Some(&one), Some(&one)]));
        for _restart in 0..2 {
            let device = board.boot();
            let fault = Some(Fault::Nvs(text(Foreign::Keys)));
            assert_eq!(status(&device).fault, fault, "{what}");
            ask_everything(&device, &one);
            assert!(serves(&device, &one), "{what}");
        }
        assert_eq!(board.flash.counters().operations, 0, "{what}");
        assert!(board.flash.peek(PARTITION.offset, LEN).unwrap() == nvs);
        // Without keys the same partition is new, and used.
        let plain = with_nvs(&nvs, [Some(&one), Some(&one)]);
        let device = plain.boot();
        assert_eq!(status(&device).fault, None, "{what}");
        assert!(upload(&device, &one.image, Confirmer::Device).is_ok());
    }
}

#[test]
fn plain_nvs_in_use_goes_on_working_where_the_table_has_keys() {
    let plain = generate(&settings(), PARTITION.len);
    let [one, two] = ["one", "two"].map(|version| Frontend::new(version, 16));
    let board = with_keys(with_nvs(&plain, [Some(&one), None]));
    let device = board.boot();
    assert_eq!(status(&device).fault, None);
    assert!(upload(&device, &two.image, Confirmer::Device).is_ok());
    assert!(serves(&board.boot(), &two));
    // What is encrypted is told as that.
    let encrypted = with_keys(with_nvs(
        &encrypt(&settings(), PARTITION.len),
        [Some(&one), None],
    ));
    let fault = status(&encrypted.boot()).fault;
    assert_eq!(fault, Some(Fault::Nvs(text(Foreign::Entries))));
}

#[test]
fn the_words_fit_where_they_are_told() {
    for foreign in [
        Foreign::Keys,
        Foreign::Entries,
        Foreign::Version(0xfd),
        Foreign::Content,
    ] {
        let words = EspNvsError::NotPlain(foreign).to_string();
        assert_eq!(*faceplate::text(&words), words);
        assert!(words.contains("NVS") && words.ends_with("it is left untouched"));
    }
}

/// A partition in use by others, and what the parser says of it.
fn used(bytes: &[u8]) -> SimFlash {
    let flash = common::blank();
    flash.poke(PARTITION.offset, bytes).unwrap();
    flash
}

/// Sets all keys, again and again, until the partition was tidied up a few times.
fn work(flash: &SimFlash) -> Values {
    let mut nvs = open(flash);
    let mut values = Values::new();
    for step in updates(100) {
        step.run(&mut nvs).unwrap();
        values = step.on(&values);
    }
    assert_eq!(read_all(&mut open(flash)).unwrap(), values);
    values
}

/// What is not ours of these.
fn others(values: &Values) -> Values {
    let mut others = values.clone();
    others.retain(|key, _| key.0 != "www");
    others
}

#[test]
fn a_page_that_an_erase_left_among_good_ones_is_used_again() {
    let plain = generate(&settings(), PARTITION.len);
    let before = parse(&used(&plain)).unwrap().values;
    let mut header_gone = plain[..PAGE].to_vec();
    header_gone[..32].fill(0);
    for page in [noise(1, PAGE), program(PAGE), vec![0; PAGE], header_gone] {
        let flash = used(&replaced(plain.clone(), 4, &page));
        let values = work(&flash);
        let after = parse(&flash).unwrap();
        assert_eq!(others(&after.values), before);
        assert_eq!(ours(&after.values), values);
        assert_eq!(after.corrupt_pages, 0);
    }
}

#[test]
fn a_blank_partition_is_new_and_its_first_page_is_not_erased() {
    let flash = common::blank();
    let mut nvs = open(&flash);
    assert_eq!(read_all(&mut nvs).unwrap(), Values::new());
    assert_eq!(flash.counters().operations, 0);
    updates(1)[1].run(&mut nvs).unwrap();
    assert_eq!(flash.counters().sector_erases, 0);
    work(&flash);
}

#[test]
fn a_damaged_entry_makes_nothing_foreign() {
    // One value alone in its page, over most of it: what follows its head looks like nothing.
    let value: String = (0..3900u32)
        .map(|i| format!("{:02x}", i * i % 249 + 3))
        .collect();
    let csv = format!("key,type,encoding,value\napp,namespace,,\nlong,data,hex2bin,{value}\n");
    let bytes = generate(&csv, PARTITION.len);
    for entry in [0, 1] {
        for bit in 0..256 {
            let mut bytes = bytes.clone();
            bytes[64 + entry * 32 + bit / 8] ^= 1 << (bit % 8);
            assert!(
                open(&used(&bytes)).get_str("app", "x").is_ok(),
                "{entry} {bit}"
            );
        }
    }
}

#[test]
fn version_1_of_the_format_is_read_and_written() {
    let csv = settings() + "www,namespace,,\nactive,data,u8,1\n";
    let flash = used(&generate_version_1(&csv, PARTITION.len));
    let before = others(&parse(&flash).unwrap().values);
    assert_eq!(read_all(&mut open(&flash)).unwrap().len(), 1);
    let values = work(&flash);
    let after = parse(&flash).unwrap().values;
    assert_eq!(ours(&after), values);
    assert_eq!(others(&after), before);
    let key = |name: &str, key: &str| (name.to_owned(), key.to_owned());
    assert_eq!(after.get(&key("app", "value89")), Some(&Value::I32(82)));
    let calibration = (0..1904u32).map(|i| (i * i % 251) as u8).collect();
    assert_eq!(
        after.get(&key("phy", "cal_data")),
        Some(&Value::Blob(calibration))
    );
}

#[test]
fn a_full_partition_of_others_refuses_in_words_and_loses_nothing() {
    // One page less than there is: the generator keeps one in reserve, as NVS does.
    let mut csv = "key,type,encoding,value\napp,namespace,,\n".to_owned();
    for n in 0..5 * 126 - 1 {
        csv += &format!("value{n},data,u32,{n}\n");
    }
    let bytes = generate(&csv, PARTITION.len);
    let board = with_nvs(&bytes, [Some(&Frontend::new("one", 16)), None]);
    let device = board.boot();
    assert_eq!(status(&device).fault, None);
    let two = Frontend::new("two", 16);
    let Err(Refused::Upload(error)) = upload(&device, &two.image, Confirmer::Device) else {
        panic!("there is no room to say that the slot is unfinished");
    };
    assert!(
        error.to_string().contains("the NVS partition is full"),
        "{error}"
    );
    let home = Credentials::new("Home", "12345678").unwrap();
    let full = device.with_nvs(|nvs| nvs.set_credentials(&home));
    assert_eq!(full, Err(EspNvsError::Full));
    let after = nvs_parser::parse(&board.flash.peek(PARTITION.offset, LEN).unwrap()).unwrap();
    assert_eq!(after.values.len(), 5 * 126 - 1);
    assert_eq!(board.flash.counters().sector_erases, 0, "nothing was moved");
}

/// A partition beside the flash is no reason to read there.
#[test]
fn a_partition_that_does_not_fit_is_refused_as_before() {
    let flash = common::blank();
    for (offset, len) in [
        (0, 0),
        (0xf000, 0x2000),
        (0x9001, 0x3000),
        (u32::MAX - 4095, 4096),
    ] {
        let region = faceplate::Region { offset, len };
        let error = EspNvs::new(flash.clone(), region).get_str("wifi", "ssid");
        assert_eq!(error, Err(EspNvsError::Region));
    }
    assert_eq!(flash.counters().operations, 0);
}

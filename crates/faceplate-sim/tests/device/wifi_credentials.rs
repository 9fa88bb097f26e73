//! Cuts the power at every flash operation of storing the credentials of a Wi-Fi, in every way that
//! the flash model knows: the device knows its old network or the new one, each with its own
//! password, nothing else in NVS is lost, and of the two passwords only the one that counts is
//! anywhere in the flash.

use crate::common::{
    self, PARTITION, Values, generator::generate, nvs_parser::Value, open, parse, set_as_others_do,
    updates,
};
use faceplate::{Credentials, EspNvs, EspNvsError, Region, SetupPassword};
use faceplate_http::wifi::WifiMode;
use faceplate_sim::{
    flash::{Cut, Fault, SimFlash},
    wifi::SimWifi,
};

/// Ways to tear each operation, of each kind.
const SEEDS: u64 = 3;

fn network(ssid: &str, pass: &str) -> Credentials {
    Credentials::new(ssid, pass).unwrap()
}

fn join(flash: &SimFlash, credentials: &Credentials) -> Result<(), EspNvsError> {
    let mut nvs = open(flash);
    SimWifi::start(&mut nvs, None).join(&mut nvs, credentials)
}

fn stored(flash: &SimFlash) -> Option<Credentials> {
    open(flash).credentials().unwrap()
}

/// All that is none of the Wi-Fi's.
fn others(flash: &SimFlash) -> Values {
    let values = parse(flash).unwrap().values;
    let others = values.into_iter().filter(|(key, _)| key.0 != "wifi");
    others.collect()
}

/// What there is of the Wi-Fi, and that it is in one place.
fn ours(flash: &SimFlash) -> Vec<(String, Value)> {
    let values = parse(flash).unwrap().values;
    let ours = values.into_iter().filter(|(key, _)| key.0 == "wifi");
    ours.map(|(key, value)| (key.1, value)).collect()
}

/// Whether eight bytes of a password, one after the other, are anywhere in the partition: in use,
/// erased, or in a page that is about to be.
fn readable(flash: &SimFlash, pass: &str) -> bool {
    let bytes = flash
        .peek(PARTITION.offset, PARTITION.len as usize)
        .unwrap();
    let mut begins = [false; 256];
    for piece in pass.as_bytes().windows(8) {
        begins[usize::from(piece[0])] = true;
    }
    let mut windows = bytes.windows(8);
    windows.any(|window| {
        begins[usize::from(window[0])] && pass.as_bytes().windows(8).any(|piece| piece == window)
    })
}

/// Passwords of which no eight bytes are in another.
fn password(n: u32, len: usize) -> String {
    let mut seed = n.wrapping_mul(0x9e37_79b9) | 1;
    let next = |_| {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        char::from(b'!' + (seed % 94) as u8)
    };
    (0..len).map(next).collect()
}

/// A change of network in a partition.
struct Case {
    flash: SimFlash,
    old: Option<Credentials>,
    new: Credentials,
    operations: u64,
    erases: u64,
}

/// Many networks, one after the other, with updates in between, until pages are tidied up.
fn cases(flash: SimFlash) -> Vec<Case> {
    let mut steps = updates(120).into_iter();
    let mut cases = Vec::new();
    for n in 0..240 {
        let new = match n % 4 {
            0 => network(&format!("Home {n}"), &password(n, 8)),
            1 => network(&format!("Caf\u{e9} {n}"), ""),
            2 => network(&format!("{n:032}"), &password(n, 63)),
            // The same network with another password.
            _ => network(&format!("{:032}", n - 1), &password(n, 20)),
        };
        let old = stored(&flash);
        let (fork, start, before) = (flash.fork(), flash.counters(), others(&flash));
        join(&flash, &new).unwrap();
        let done = flash.counters().since(&start);
        assert_eq!(stored(&flash).as_ref(), Some(&new));
        assert_eq!(others(&flash), before);
        assert_eq!(ours(&flash).len(), 1);
        if n < 5 || n % 40 == 0 || done.sector_erases > 0 {
            cases.push(Case {
                flash: fork,
                old,
                new,
                operations: done.operations,
                erases: done.sector_erases,
            });
        }
        let mut nvs = open(&flash);
        for step in steps.by_ref().take(3) {
            step.run(&mut nvs).unwrap();
        }
    }
    cases
}

/// Cuts the power everywhere in a case; counts the cuts that left the old one, and the new one.
fn cut_everywhere(number: u64, case: &Case) -> [u32; 2] {
    let before = others(&case.flash);
    let mut found = [0; 2];
    for operation in 0..case.operations {
        let salt = (number * 1000 + operation) * 1000;
        let seeds =
            (salt..salt + SEEDS).flat_map(|seed| [Cut::Torn { seed }, Cut::Unstable { seed }]);
        for cut in [Cut::Before, Cut::After].into_iter().chain(seeds) {
            let what = format!("case {number}, operation {operation}, {cut:?}");
            let flash = case.flash.fork();
            flash.cut_after(operation, cut);
            assert!(join(&flash, &case.new).is_err(), "{what}: not cut");
            flash.power_on();
            // Every third is cut again when it starts, wherever that writes.
            if salt.wrapping_add(found[0].into()) % 3 == 0 {
                flash.cut_after(salt % 4, Cut::Torn { seed: !salt });
                let _cut_or_not = open(&flash).credentials();
                flash.cancel_cut();
                flash.power_on();
            }

            let mut nvs = open(&flash);
            let status = SimWifi::start(&mut nvs, None).status();
            let now = stored(&flash);
            let is_new = now.as_ref() == Some(&case.new);
            assert!(is_new || now == case.old, "{what}: {now:?}");
            found[usize::from(is_new)] += 1;
            let mode = match now {
                Some(_) => WifiMode::Station,
                None => WifiMode::AccessPoint,
            };
            assert_eq!(status.mode, mode, "{what}");
            assert_eq!(status.ssid, now.map(|now| now.ssid), "{what}");
            let gone = match (&case.old, is_new) {
                (Some(old), true) => Some(&old.pass),
                (None, true) => None,
                (_, false) => Some(&case.new.pass),
            };
            if let Some(gone) = gone {
                assert!(!readable(&flash, gone), "{what}: {gone} is still there");
            }
            assert_eq!(others(&flash), before, "{what}");

            join(&flash, &case.new).unwrap_or_else(|error| panic!("{what}: again: {error}"));
            assert_eq!(stored(&flash).as_ref(), Some(&case.new), "{what}: again");
            assert_eq!(others(&flash), before, "{what}: again");
            if let Some(old) = &case.old {
                assert!(!readable(&flash, &old.pass), "{what}: again");
            }
        }
    }
    found
}

#[test]
fn a_cut_leaves_the_old_network_or_the_new_one_and_no_other_password() {
    let mut all = cases(common::blank());
    all.extend(cases(common::with_neighbours()));
    let erasing = all.iter().filter(|case| case.erases > 0).count();
    let mut found = [0; 2];
    for (number, case) in (0..).zip(&all) {
        let [old, new] = cut_everywhere(number, case);
        found = [found[0] + old, found[1] + new];
    }
    println!(
        "{} power cuts in {} changes of network, {erasing} with an erase: {} left the old one, {} \
         the new one",
        found[0] + found[1],
        all.len(),
        found[0],
        found[1],
    );
    assert!(erasing >= 3 && found.iter().all(|&count| count > 200));
}

#[test]
fn a_network_is_forgotten_with_its_password_wherever_the_power_is_cut() {
    let home = network("Home", &password(1, 40));
    let apart = format!(
        "ssid,data,string,{}\npass,data,string,{}\n",
        home.ssid, home.pass
    );
    let as_one = common::with_neighbours();
    join(&as_one, &network("Before", &password(2, 40))).unwrap();
    join(&as_one, &home).unwrap();
    let (mut kept, mut forgotten) = (0, 0);
    for prepared in [generated(&apart), as_one] {
        let before = others(&prepared);
        let done = prepared.fork();
        open(&done).forget_credentials().unwrap();
        assert_eq!(stored(&done), None);
        assert_eq!(ours(&done), []);
        assert_eq!(others(&done), before);
        assert!(!readable(&done, &home.pass));
        let operations = done.counters().operations;
        open(&done).forget_credentials().unwrap();
        assert_eq!(
            done.counters().operations,
            operations,
            "there is nothing more to forget"
        );

        for operation in 0..operations {
            let seeds = (0..SEEDS).flat_map(|seed| [Cut::Torn { seed }, Cut::Unstable { seed }]);
            for cut in [Cut::Before, Cut::After].into_iter().chain(seeds) {
                let what = format!("operation {operation}, {cut:?}");
                let flash = prepared.fork();
                flash.cut_after(operation, cut);
                let _cut = open(&flash).forget_credentials();
                flash.power_on();
                let now = stored(&flash);
                match &now {
                    None => {
                        assert!(!readable(&flash, &home.pass), "{what}");
                        forgotten += 1;
                    }
                    Some(now) => {
                        assert_eq!(*now, home, "{what}");
                        kept += 1;
                    }
                }
                assert_eq!(others(&flash), before, "{what}");
                open(&flash).forget_credentials().unwrap();
                assert_eq!(stored(&flash), None, "{what}: again");
                assert!(!readable(&flash, &home.pass), "{what}: again");
                assert_eq!(others(&flash), before, "{what}: again");
            }
        }
    }
    println!("{kept} cuts kept the network, {forgotten} forgot it");
    assert!(kept >= 4 && forgotten > 10);
}

fn generated(lines: &str) -> SimFlash {
    let flash = common::blank();
    let csv = format!(
        "key,type,encoding,value\nwifi,namespace,,\n{lines}www,namespace,,\nactive,data,u8,1\n"
    );
    flash
        .poke(PARTITION.offset, &generate(&csv, PARTITION.len))
        .unwrap();
    flash
}

#[test]
fn what_espressifs_generator_makes_is_a_network_if_both_values_are_there() {
    let [name, pass] = [
        "ssid,data,string,Home\n",
        "pass,data,string,correct horse\n",
    ];
    let home = network("Home", "correct horse");
    let both = generated(&format!("{name}{pass}"));
    assert_eq!(stored(&both), Some(home));
    let open_network = generated(&format!("{name}pass,data,string,\n"));
    assert_eq!(stored(&open_network), Some(network("Home", "")));
    for lines in ["", name, pass] {
        let flash = generated(lines);
        assert_eq!(stored(&flash), None, "{lines}");
        let status = SimWifi::start(&mut open(&flash), None).status();
        assert_eq!(status.mode, WifiMode::AccessPoint, "{lines}");
    }
    assert_eq!(both.counters().operations, 0, "reading changes nothing");
}

#[test]
fn the_access_points_password_is_what_the_maker_put_there_and_nothing_here_touches_it() {
    let set_up = |flash: &SimFlash| open(flash).setup_password().unwrap();
    assert_eq!(set_up(&generated("")), SetupPassword::Open);
    for pass in ["8 digits", "12345678", &"x".repeat(63)] {
        let flash = generated(&format!("ap_pass,data,string,{pass}\n"));
        let fits = SetupPassword::Passphrase(pass.try_into().unwrap());
        assert_eq!(set_up(&flash), fits, "{pass}");
        // Also when another network is joined, and forgotten.
        join(&flash, &network("Home", "correct horse")).unwrap();
        open(&flash).forget_credentials().unwrap();
        assert_eq!(set_up(&flash), fits, "{pass}");
        assert_eq!(stored(&flash), None);
    }
    // Somebody wanted one: that is no open network.
    for pass in ["", "1234567", &"x".repeat(64), "1234567\u{e4}"] {
        let flash = generated(&format!("ap_pass,data,string,{pass}\n"));
        assert_eq!(set_up(&flash), SetupPassword::Unfit, "{pass}");
    }
}

#[test]
fn values_that_were_apart_are_replaced_by_one_and_forgotten_wherever_the_power_is_cut() {
    let old = network("Home", "correct horse battery");
    let lines = format!(
        "ssid,data,string,{}\npass,data,string,{}\n",
        old.ssid, old.pass
    );
    let flash = generated(&lines);
    let new = network("Away", &password(7, 40));
    let done = flash.fork();
    join(&done, &new).unwrap();
    assert_eq!(
        ours(&done),
        [(
            "network".to_owned(),
            Value::Str(format!("{}\nAway", new.pass))
        )]
    );
    assert!(!readable(&done, &old.pass));
    let case = Case {
        flash,
        old: Some(old),
        new,
        operations: done.counters().operations,
        erases: 0,
    };
    let [old, new] = cut_everywhere(7, &case);
    println!(
        "{} operations: {old} cuts left the old ones, {new} the new one",
        case.operations
    );
    assert!(old > 20 && new > 20);
}

#[test]
fn the_same_network_again_writes_nothing_and_a_restart_neither() {
    let flash = common::with_neighbours();
    let home = network("Home", &password(1, 63));
    join(&flash, &network("Away", &password(2, 30))).unwrap();
    join(&flash, &home).unwrap();
    let operations = flash.counters().operations;
    join(&flash, &home).unwrap();
    assert_eq!(stored(&flash), Some(home));
    assert_eq!(flash.counters().operations, operations);
}

#[test]
fn a_change_of_network_takes_a_few_flash_operations() {
    let flash = common::blank();
    join(&flash, &network("Home", &password(1, 63))).unwrap();
    let start = flash.counters();
    join(&flash, &network("Away", &password(2, 63))).unwrap();
    let done = flash.counters().since(&start);
    println!("{} operations", done.operations);
    assert!(done.operations <= 8 && done.sector_erases == 0);
}

#[test]
fn a_failing_operation_leaves_one_of_the_two_and_says_which() {
    let [old, new] = [1, 2].map(|n| network(&format!("Home {n}"), &password(n, 30)));
    let prepared = common::blank();
    join(&prepared, &old).unwrap();
    for after in 0..8 {
        let flash = prepared.fork();
        flash.inject(Fault::Operation { after }).unwrap();
        let said = join(&flash, &new);
        let expected = if said.is_ok() { &new } else { &old };
        assert_eq!(stored(&flash).as_ref(), Some(expected), "{after}: {said:?}");
        join(&flash, &new).unwrap();
        assert!(!readable(&flash, &old.pass), "{after}");
    }
}

#[test]
fn names_and_passwords_are_kept_as_they_are() {
    let flash = common::blank();
    for (ssid, pass) in [
        ("\n", ""),
        ("a\nb\n", "12345678"),
        (" ", &*" ~".repeat(31)),
        ("\u{1f600}\"\\\r", &*"0123456789abcdef".repeat(4)),
    ] {
        let network = network(ssid, pass);
        join(&flash, &network).unwrap();
        assert_eq!(stored(&flash), Some(network));
    }
    for (ssid, pass) in [
        ("", ""),
        ("a\0", ""),
        (&*"x".repeat(33), ""),
        ("x", "a\nb"),
        ("x", &*"y".repeat(65)),
    ] {
        assert!(Credentials::new(ssid, pass).is_none());
    }
    // The namespace may be somebody's, who means something else by the name.
    set_as_others_do(&flash, "wifi", "network", "mine");
    set_as_others_do(&flash, "wifi", "pass", "secret too");
    // What was set before is overwritten, as at each start; no more than that.
    assert_eq!(stored(&flash), None);
    let operations = flash.counters().operations;
    assert_eq!(stored(&flash), None);
    assert_eq!(flash.counters().operations, operations);
}

/// Puts a copy of the first page, as an erase that was cut leaves it, where nothing was.
fn leave_a_copy(flash: &SimFlash) {
    let mut page = flash.peek(PARTITION.offset, 4096).unwrap();
    page[..32].fill(0);
    flash.poke(PARTITION.offset + 4 * 4096, &page).unwrap();
}

#[test]
fn a_page_that_was_being_erased_keeps_no_password_that_is_replaced() {
    let [old, new] = [1, 2].map(|n| network(&format!("Home {n}"), &password(n, 30)));
    let apart = generated("ssid,data,string,Home 1\npass,data,string,correct horse battery\n");
    leave_a_copy(&apart);
    // The power was cut when the new one was stored, and the old ones were not yet removed.
    let stored_as_one = format!("{}\n{}", new.pass, new.ssid);
    set_as_others_do(&apart, "wifi", "network", &stored_as_one);
    assert!(readable(&apart, "correct horse battery"));
    assert_eq!(stored(&apart).as_ref(), Some(&new));
    assert!(!readable(&apart, "correct horse battery"));

    let flash = common::blank();
    join(&flash, &old).unwrap();
    leave_a_copy(&flash);
    join(&flash, &new).unwrap();
    assert!(!readable(&flash, &old.pass));
}

/// Name and password apart, as older firmware stored them, the password replaced `times`.
fn replaced_by_older_firmware(times: u32) -> SimFlash {
    let flash = generated(&format!(
        "ssid,data,string,Home\npass,data,string,{}\n",
        password(0, 40)
    ));
    for n in 1..=times {
        set_as_others_do(&flash, "wifi", "pass", &password(n, 40));
    }
    flash
}

#[test]
fn a_password_that_older_firmware_replaced_is_overwritten_at_the_next_start() {
    // Over more than one page, so that one is moved, too.
    for times in [1, 2, 60] {
        let flash = replaced_by_older_firmware(times);
        assert!(readable(&flash, &password(times - 1, 40)), "{times}");
        let now = network("Home", &password(times, 40));
        let before = others(&flash);
        assert_eq!(stored(&flash).as_ref(), Some(&now));
        for n in 0..times {
            assert!(!readable(&flash, &password(n, 40)), "{n} of {times}");
        }
        let operations = flash.counters().operations;
        assert_eq!(stored(&flash), Some(now));
        assert_eq!(flash.counters().operations, operations, "once is enough");
        assert_eq!(others(&flash), before);
    }
}

#[test]
fn a_copy_of_it_in_a_page_that_was_being_erased_goes_too() {
    for header in [0, 0xff] {
        let flash = replaced_by_older_firmware(1);
        let mut page = flash.peek(PARTITION.offset, 4096).unwrap();
        page[..64].fill(header);
        let copy = PARTITION.offset + 4 * 4096;
        flash.poke(copy, &page).unwrap();
        assert_eq!(stored(&flash), Some(network("Home", &password(1, 40))));
        assert!(!readable(&flash, &password(0, 40)), "{header:#x}");
        assert!(flash.peek(copy, 4096).unwrap() == [0xff; 4096]);
    }
}

#[test]
fn a_page_that_cannot_be_erased_keeps_no_other_page_from_being_overwritten() {
    let flash = replaced_by_older_firmware(1);
    let mut page = [0xff; 4096];
    page[..64].fill(0);
    let left = PARTITION.offset + 4 * 4096;
    flash.poke(left, &page).unwrap();
    let sector = left / 4096;
    flash.inject(Fault::Erase { sector }).unwrap();
    let _fault = open(&flash).credentials();
    assert!(!readable(&flash, &password(0, 40)));
}

#[test]
fn a_cut_while_it_is_overwritten_loses_nothing_and_it_is_done_at_the_next_start() {
    let flash = replaced_by_older_firmware(2);
    let now = Some(network("Home", &password(2, 40)));
    let (before, whole) = (others(&flash), flash.fork());
    let start = whole.counters();
    assert_eq!(stored(&whole), now);
    let operations = whole.counters().since(&start).operations;
    assert!(operations >= 2);
    for operation in 0..operations {
        let torn = (0..SEEDS).flat_map(|seed| [Cut::Torn { seed }, Cut::Unstable { seed }]);
        for cut in [Cut::Before, Cut::After].into_iter().chain(torn) {
            let flash = flash.fork();
            flash.cut_after(operation, cut);
            let _cut = open(&flash).credentials();
            flash.power_on();
            assert_eq!(stored(&flash), now, "operation {operation}, {cut:?}");
            assert_eq!(others(&flash), before, "operation {operation}, {cut:?}");
            for n in [0, 1] {
                assert!(!readable(&flash, &password(n, 40)), "{operation}, {cut:?}");
            }
        }
    }
}

#[test]
fn a_page_left_by_an_erase_is_known_wherever_it_is_in_a_large_partition() {
    let [old, new] = [1, 2].map(|n| network(&format!("Home {n}"), &password(n, 30)));
    const PAGES: u32 = 70;
    let region = Region {
        offset: PARTITION.offset,
        len: PAGES * 4096,
    };
    for number in [4, 63, 64, PAGES - 1] {
        let flash = SimFlash::blank(0x8_0000);
        let mut nvs = EspNvs::new(flash.clone(), region);
        nvs.set_credentials(&old).unwrap();
        let mut page = flash.peek(region.offset, 4096).unwrap();
        page[..32].fill(0);
        let copy = region.offset + number * 4096;
        flash.poke(copy, &page).unwrap();
        let mut nvs = EspNvs::new(flash.clone(), region);
        nvs.set_credentials(&new).unwrap();
        assert_eq!(nvs.credentials(), Ok(Some(new.clone())));
        assert!(flash.peek(copy, 4096).unwrap() == [0xff; 4096], "{number}");
    }
}

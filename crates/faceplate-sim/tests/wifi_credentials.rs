//! Cuts the power at every flash operation of storing the credentials of a Wi-Fi, in every way that
//! the flash model knows: the device knows its old network or the new one, or at worst the old one
//! with the wrong password, and nothing else in NVS is lost.

mod common;

use common::{Values, nvs_parser::Value, open, ours, parse, read_all, updates};
use faceplate_http::wifi::WifiMode;
use faceplate_sim::{
    flash::{Cut, SimFlash},
    wifi::SimWifi,
};

/// Ways to tear each operation, of each kind.
const SEEDS: u64 = 6;

fn join(flash: &SimFlash, [ssid, pass]: [&str; 2]) -> bool {
    let mut nvs = open(flash);
    let wifi = SimWifi::start(&mut nvs, None);
    wifi.join(&mut nvs, ssid, pass).is_ok()
}

fn with(values: &Values, ssid: Option<&str>, pass: Option<&str>) -> Values {
    let mut values = values.clone();
    for (key, value) in [("ssid", ssid), ("pass", pass)] {
        if let Some(value) = value {
            let key = ("wifi".to_owned(), key.to_owned());
            values.insert(key, Value::Str(value.to_owned()));
        }
    }
    values
}

/// Storing credentials in a partition.
struct Case {
    flash: SimFlash,
    before: Values,
    credentials: [String; 2],
    operations: u64,
    erases: u64,
}

/// Many networks, one after the other, with updates in between, until pages are tidied up.
fn cases(flash: SimFlash) -> Vec<Case> {
    let mut steps = updates(120).into_iter();
    let mut cases = Vec::new();
    for n in 0..240 {
        let credentials = match n % 4 {
            0 => [format!("Home {n}"), "12345678".to_owned()],
            1 => [format!("Caf\u{e9} {n}"), String::new()],
            2 => [format!("{n:032}"), format!("{n:063}")],
            // The same network with another password.
            _ => [format!("{:032}", n - 1), format!("{n:020}")],
        };
        let before = parse(&flash).unwrap().values;
        let (fork, start) = (flash.fork(), flash.counters());
        let [ssid, pass] = &credentials;
        assert!(join(&flash, [ssid, pass]));
        let done = flash.counters().since(&start);
        let after = with(&before, Some(ssid), Some(pass));
        assert_eq!(parse(&flash).unwrap().values, after);
        if n < 5 || n % 24 == 0 || done.sector_erases > 0 {
            cases.push(Case {
                flash: fork,
                before,
                credentials,
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

#[test]
fn a_cut_leaves_the_old_network_or_the_new_one_or_the_old_one_with_the_wrong_password() {
    let mut all = cases(common::blank());
    all.extend(cases(common::with_neighbours()));
    let erasing = all.iter().filter(|case| case.erases > 0).count();
    let (mut tried, mut found) = (0, [0; 3]);
    for (number, case) in all.iter().enumerate() {
        let [ssid, pass] = case.credentials.each_ref().map(String::as_str);
        let allowed = [
            case.before.clone(),
            with(&case.before, None, Some(pass)),
            with(&case.before, Some(ssid), Some(pass)),
        ];
        for operation in 0..case.operations {
            let salt = (number as u64 * 1000 + operation) * 1000;
            let seeds =
                (salt..salt + SEEDS).flat_map(|seed| [Cut::Torn { seed }, Cut::Unstable { seed }]);
            for cut in [Cut::Before, Cut::After].into_iter().chain(seeds) {
                let what = format!("case {number}, operation {operation}, {cut:?}");
                let flash = case.flash.fork();
                flash.cut_after(operation, cut);
                assert!(!join(&flash, [ssid, pass]), "{what}: not cut");
                flash.power_on();

                let mut nvs = open(&flash);
                let core = read_all(&mut nvs).unwrap_or_else(|error| panic!("{what}: {error}"));
                let status = SimWifi::start(&mut nvs, None).status();
                let now = parse(&flash).unwrap_or_else(|error| panic!("{what}: {error}"));
                let is = allowed.iter().position(|values| *values == now.values);
                let is = is.unwrap_or_else(|| panic!("{what}: {:?}", now.values));
                found[is] += 1;
                assert_eq!(core, ours(&allowed[is]), "{what}");
                let key = ("wifi".to_owned(), "ssid".to_owned());
                match now.values.get(&key) {
                    Some(Value::Str(ssid)) => assert_eq!(status.ssid.as_deref(), Some(&**ssid)),
                    _ => assert_eq!(status.mode, WifiMode::AccessPoint),
                }

                assert!(join(&flash, [ssid, pass]), "{what}: again");
                let now = parse(&flash).unwrap_or_else(|error| panic!("{what}: {error}"));
                assert_eq!(now.values, allowed[2], "{what}: again");
                tried += 1;
            }
        }
    }
    println!(
        "{tried} power cuts in {} changes of network, {erasing} with an erase: {} left the old \
         one, {} its wrong password, {} the new one",
        all.len(),
        found[0],
        found[1],
        found[2],
    );
    assert!(erasing >= 3 && found.iter().all(|&count| count > 50));
}

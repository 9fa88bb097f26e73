//! Cuts the power at every flash operation of the sets that Faceplate makes, in every way that
//! the flash model knows, and checks that the NVS partition comes back whole.
//!
//! `FACEPLATE_CUT_SEEDS=N` tries N ways to tear each operation (default 6).

use std::env;

use crate::common::{self, Step, Values, open, ours, parse, read_all, updates};
use faceplate_sim::flash::{Cut, SimFlash};

/// One set on a partition, and what the partition holds before it.
struct Case {
    flash: SimFlash,
    before: Values,
    step: Step,
    /// Flash operations of the set.
    operations: u64,
    erases: u64,
}

/// Runs the steps on `flash`, and keeps each as a case.
fn cases(flash: SimFlash, steps: &[Step]) -> Vec<Case> {
    let mut values = parse(&flash).unwrap().values;
    let mut cases = Vec::new();
    for step in steps {
        let (before, at_start) = (flash.fork(), flash.counters());
        let mut nvs = open(&flash);
        assert_eq!(read_all(&mut nvs).unwrap(), ours(&values));
        let opened = flash.counters().since(&at_start).operations;
        assert_eq!(opened, 0, "opening a whole partition changes nothing");
        step.run(&mut nvs).unwrap();
        let done = flash.counters().since(&at_start);
        let after = step.on(&values);
        assert_eq!(parse(&flash).unwrap().values, after);
        cases.push(Case {
            flash: before,
            before: std::mem::replace(&mut values, after),
            step: step.clone(),
            operations: done.operations,
            erases: done.sector_erases,
        });
    }
    cases
}

/// The cases in which the partition is tidied up, and every `every`th of the others.
fn chosen(cases: Vec<Case>, every: usize) -> Vec<Case> {
    let mut number = 0;
    cases
        .into_iter()
        .filter(|case| {
            number += 1;
            case.erases > 0 || number < 12 || number % every == 0
        })
        .collect()
}

fn seeds() -> u64 {
    env::var("FACEPLATE_CUT_SEEDS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(6)
}

/// Opens the partition as the next boot does and does one set, which may be cut.
fn boot(flash: &SimFlash, step: &Step) -> bool {
    let mut nvs = open(flash);
    read_all(&mut nvs).is_ok() && step.run(&mut nvs).is_ok()
}

/// After a cut: everything is there, in its old value or one of those that were being set, and
/// stays what it is; and the next sets work.
fn check(flash: &SimFlash, allowed: &[Values], what: &str) {
    flash.power_on();
    let mut nvs = open(flash);
    let found = read_all(&mut nvs).unwrap_or_else(|error| panic!("{what}: reading: {error}"));
    let now = allowed
        .iter()
        .find(|values| ours(values) == found)
        .unwrap_or_else(|| panic!("{what}: {found:?} is not one of {:?}", expected(allowed)));
    for time in 0..3 {
        let partition = parse(flash).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(&partition.values, now, "{what}: parsed, time {time}");
        let again = read_all(&mut nvs).unwrap_or_else(|error| panic!("{what}: again: {error}"));
        assert_eq!(again, found, "{what}: again, time {time}");
        nvs = open(flash);
    }
    let mut values = now.clone();
    for step in &updates(101)[700..704] {
        step.run(&mut nvs)
            .unwrap_or_else(|error| panic!("{what}: next set: {error}"));
        values = step.on(&values);
        assert_eq!(
            read_all(&mut nvs).unwrap(),
            ours(&values),
            "{what}: after the next set"
        );
    }
    let partition = parse(flash).unwrap_or_else(|error| panic!("{what}: after sets: {error}"));
    assert_eq!(partition.values, values, "{what}: after the next sets");
    assert_eq!(
        read_all(&mut open(flash)).unwrap(),
        ours(&values),
        "{what}: opened after them"
    );
}

fn expected(allowed: &[Values]) -> Vec<Values> {
    allowed.iter().map(ours).collect()
}

fn cut_everywhere(cases: &[Case], cuts: impl Fn(u64) -> Vec<Cut>) -> usize {
    let mut tried = 0;
    for (number, case) in cases.iter().enumerate() {
        for operation in 0..case.operations {
            for cut in cuts(number as u64 * 1000 + operation) {
                let flash = case.flash.fork();
                flash.cut_after(operation, cut);
                assert!(!boot(&flash, &case.step), "the set is not cut");
                let what = format!("case {number}, operation {operation}, {cut:?}");
                check(
                    &flash,
                    &[case.before.clone(), case.step.on(&case.before)],
                    &what,
                );
                tried += 1;
            }
        }
    }
    tried
}

/// Cases from a blank partition on, until it has been tidied up several times, and the same in one
/// that others use as well.
fn both(every: usize) -> Vec<Case> {
    let mut all = chosen(cases(common::blank(), &updates(140)), every);
    all.extend(chosen(
        cases(common::with_neighbours(), &updates(110)),
        every,
    ));
    let tidied = all.iter().filter(|case| case.erases > 0).count();
    assert!(tidied >= 6, "only {tidied} cases tidy the partition up");
    all
}

#[test]
fn a_set_takes_a_few_flash_operations() {
    let cases = cases(common::blank(), &updates(140));
    let (tidying, plain): (Vec<_>, Vec<_>) = cases.iter().partition(|case| case.erases > 0);
    let most = |cases: &[&Case]| cases.iter().map(|case| case.operations).max().unwrap();
    let sum = |cases: &[&Case]| cases.iter().map(|case| case.operations).sum::<u64>();
    println!(
        "{} sets: {:.1} operations on average, at most {}; {} that erase a page: {:.1}, at most {}",
        plain.len(),
        sum(&plain) as f64 / plain.len() as f64,
        most(&plain),
        tidying.len(),
        sum(&tidying) as f64 / tidying.len() as f64,
        most(&tidying),
    );
    assert!(most(&plain) <= 8 && most(&tidying) <= 12);
}

#[test]
fn every_cut_leaves_the_old_value_or_the_new_one() {
    let cases = both(40);
    let tried = cut_everywhere(&cases, |salt| {
        let torn = (0..seeds()).map(|n| Cut::Torn {
            seed: salt * 1000 + n,
        });
        [Cut::Before, Cut::After].into_iter().chain(torn).collect()
    });
    println!("{tried} power cuts in {} sets", cases.len());
    assert!(tried > 500);
}

#[test]
fn bits_that_a_cut_left_unstable_lose_no_key() {
    let cases = both(40);
    let tried = cut_everywhere(&cases, |salt| {
        (0..seeds())
            .map(|n| Cut::Unstable {
                seed: salt * 1000 + n,
            })
            .collect()
    });
    println!(
        "{tried} power cuts that left unstable bits, in {} sets",
        cases.len()
    );
    assert!(tried > 500);
}

#[test]
fn a_second_cut_in_the_recovery_loses_no_key() {
    let cases = both(80);
    let next = Step::new("trial", common::nvs_parser::Value::U32(0x0102_0301));
    let mut tried = 0;
    for (number, case) in cases.iter().enumerate() {
        for operation in 0..case.operations {
            for n in 0..seeds() {
                let seed = (number as u64 * 1000 + operation) * 1000 + n;
                let cut = if n % 2 == 0 {
                    Cut::Torn { seed }
                } else {
                    Cut::Unstable { seed }
                };
                let once = case.flash.fork();
                once.cut_after(operation, cut);
                assert!(!boot(&once, &case.step));
                once.power_on();

                let whole = once.fork();
                assert!(
                    boot(&whole, &next),
                    "case {number}, operation {operation}, {cut:?}"
                );
                // Most recoveries are as short as a set: take an operation of them at random.
                let second = seed.wrapping_mul(0x9e37_79b9) >> 7;
                let second = second % whole.counters().operations.max(1);
                let again = match n % 3 {
                    0 => Cut::Torn { seed: !seed },
                    1 => Cut::Unstable { seed: !seed },
                    _ => Cut::After,
                };
                once.cut_after(second, again);
                let cut_again = !boot(&once, &next);
                once.cancel_cut();

                let after = case.step.on(&case.before);
                let allowed = [
                    case.before.clone(),
                    after.clone(),
                    next.on(&case.before),
                    next.on(&after),
                ];
                let what = format!(
                    "case {number}, operation {operation}, {cut:?}, then {second}, {again:?}"
                );
                check(&once, &allowed, &what);
                tried += usize::from(cut_again);
            }
        }
    }
    println!("{tried} pairs of power cuts");
    assert!(tried > 500);
}

/// A partition in which each page has a setting that stays, so that none is made free without moving
/// something.
fn lived_in() -> SimFlash {
    let flash = common::blank();
    let mut nvs = open(&flash);
    for (n, step) in updates(120).iter().enumerate() {
        step.run(&mut nvs).unwrap();
        if n % 40 == 0 {
            let key = format!("kept{n}");
            nvs.set_str("app", &key, "stays").unwrap();
        }
    }
    flash
}

/// What is left of a page whose erase was cut stays until another page is erased. It must not count
/// for the new content of that page, sets and boots later.
#[test]
fn what_an_erase_that_was_cut_has_left_spoils_no_later_set() {
    let cases = cases(lived_in(), &updates(60));
    let erasing: Vec<_> = cases
        .iter()
        .filter(|case| case.erases > 0)
        .take(4)
        .collect();
    assert_eq!(erasing.len(), 4);
    let mut erased = 0;
    for (number, case) in erasing.into_iter().enumerate() {
        for operation in 0..case.operations {
            for cut in [Cut::Before, Cut::Torn { seed: operation }] {
                let what = format!("case {number}, operation {operation}, {cut:?}");
                let flash = case.flash.fork();
                flash.cut_after(operation, cut);
                assert!(!boot(&flash, &case.step), "{what}: not cut");
                flash.power_on();
                // Far enough that more pages are tidied up.
                let mut nvs = open(&flash);
                case.step.run(&mut nvs).unwrap();
                let mut values = case.step.on(&case.before);
                let before = flash.counters();
                for step in &updates(30) {
                    step.run(&mut nvs)
                        .unwrap_or_else(|error| panic!("{what}: {error}"));
                    values = step.on(&values);
                }
                erased += flash.counters().since(&before).sector_erases;
                let partition = parse(&flash).unwrap_or_else(|error| panic!("{what}: {error}"));
                assert_eq!(partition.values, values, "{what}");
            }
        }
    }
    println!("{erased} pages erased after the cuts");
    assert!(erased > 100);
}

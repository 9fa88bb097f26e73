//! The power is cut at every flash operation of everything that changes flash. Whatever happened,
//! the next boot serves a whole frontend, the old one or the new one, and takes the next upload.

use std::collections::BTreeSet;

use crate::board::{self, Board, Device, Frontend, Rng, install, patches, serves, status, upload};
use crate::common::{self, nvs_parser::Value};
use faceplate::{Confirmer, EspNvs, NAMESPACE, Slot, State, Stored, Tick};
use faceplate_sim::flash::{Cut, W25Q128_SIZE};

/// Torn variants of each operation: random prefixes and bits.
const TEARS: u64 = 6;
/// Pairs of cuts tried for each scenario.
const PAIRS: u64 = 300;

const CLIENT: Confirmer = Confirmer::Client { within_s: 60 };
/// When a client's window is over, ms.
const WINDOW_OVER: u64 = 60_000;

/// The frontends of all scenarios, and the boards that they are for.
struct Frontends {
    old: Frontend,
    new: Frontend,
    /// `old` after an edit, and with more in it.
    edited: Frontend,
    /// What is uploaded after the cut.
    next: Frontend,
    /// An image as other tools make it: no manifest proves its files.
    plain: Frontend,
    /// The partition table.
    csv: String,
    /// A block in the middle of a file of `new`.
    damaged: u32,
}

impl Frontends {
    /// Slots of 1 MiB. The first two frontends need more than one 64 KiB erase.
    fn usual() -> Self {
        let csv = board::PARTITIONS.to_owned();
        Self::sized(1 << 20, [90, 150, 170, 40], 20, csv)
    }

    /// Slots of other sizes, with frontends of so many KiB.
    fn of(slot: u32, kib: [usize; 4], damaged: u32) -> Self {
        let csv = format!(
            "nvs, data, nvs, 0x9000, 0x6000\nfactory, app, factory, 0x10000, 2M\n\
             www_0, data, littlefs, 0x210000, {slot:#x}\nwww_1, data, littlefs, , {slot:#x}\n"
        );
        Self::sized(slot, kib, damaged, csv)
    }

    fn sized(slot: u32, [old, new, next, plain]: [usize; 4], damaged: u32, csv: String) -> Self {
        let old = Frontend::sized("1.0.0", old, slot);
        Self {
            edited: edited(&old, slot),
            old,
            new: Frontend::sized("2.0.0", new, slot),
            next: Frontend::sized("3.0.0", next, slot),
            plain: Frontend::plain_for(plain, slot / 4096),
            csv,
            damaged,
        }
    }

    /// A new board.
    fn board(&self) -> Board {
        Board::of(&self.csv, W25Q128_SIZE)
    }
}

fn edited(old: &Frontend, slot: u32) -> Frontend {
    let mut files = old.files.clone();
    let script = files.get_mut("assets/app.js").expect("a script");
    let middle = script.len() / 2;
    script.splice(middle..middle, *b"one statement more");
    let more = Rng::new(4).bytes(script.len() / 4);
    files.insert("assets/more.js".to_owned(), more);
    Frontend::packed("1.1.0", files, slot)
}

/// Something that changes flash: how the board is before, and what is done.
struct Scenario {
    name: &'static str,
    before: fn(&Frontends) -> Board,
    /// Runs from a reset to a reset; `Err` says where it was stopped.
    act: fn(&Board, &Frontends) -> Result<(), String>,
    /// Whether `www_0` and `www_1` may each be served afterwards.
    old_may_serve: bool,
    new_may_serve: bool,
    /// Whether nothing may be served afterwards.
    may_recover: bool,
    /// The slot that a switch goes to; when it is active afterwards, it is on trial.
    on_trial: Option<Slot>,
}

/// `old` in www_0; www_1 holds a third frontend, so that an upload has to erase.
fn over_a_third(f: &Frontends) -> Board {
    let board = f.board().flashed(&f.old);
    board
        .flash
        .poke(board.slot(1).offset, &f.next.image)
        .expect("in bounds");
    board
}

/// `old` in www_0, confirmed; `new` in www_1, active and on trial by a client.
fn on_trial(f: &Frontends) -> Board {
    let board = f.board().flashed(&f.old);
    install(&board, &f.new, CLIENT).expect("installs");
    board
}

/// The same, gone back from before it was confirmed.
fn taken_back(f: &Frontends) -> Board {
    let board = on_trial(f);
    littlefs_image::run(board.boot().rollback()).expect("goes back");
    board
}

/// `on_trial` with the trial confirmed.
fn settled_on_new(f: &Frontends) -> Board {
    let board = on_trial(f);
    board.boot().confirm(None).expect("on trial");
    board
}

fn say(error: impl ToString) -> String {
    error.to_string()
}

/// A boot after the change, which counts down a trial.
fn boot_again(board: &Board) -> Result<(), String> {
    board.boot();
    if board.flash.is_on() {
        Ok(())
    } else {
        Err("cut at boot".into())
    }
}

fn tick(device: &Device, at_ms: u64, expected: Tick) -> Result<(), String> {
    match device.tick(at_ms) {
        Ok(tick) if tick == expected => Ok(()),
        Ok(other) => Err(format!("{other:?} instead of {expected:?}")),
        Err(error) => Err(say(error)),
    }
}

const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "upload without a manifest",
        before: |f| f.board().flashed(&f.old),
        act: |board, f| install(board, &f.plain, CLIENT).and_then(|()| boot_again(board)),
        old_may_serve: true,
        new_may_serve: true,
        may_recover: false,
        on_trial: Some(Slot::Www1),
    },
    Scenario {
        name: "first install without a manifest",
        before: |f| f.board(),
        act: |board, f| install(board, &f.plain, CLIENT).and_then(|()| boot_again(board)),
        old_may_serve: false,
        new_may_serve: true,
        may_recover: true,
        on_trial: Some(Slot::Www1),
    },
    Scenario {
        name: "upload resumed after a cut",
        before: |f| {
            let board = f.board().flashed(&f.old);
            board.flash.cut_after(20, Cut::Unstable { seed: 7 });
            install(&board, &f.new, CLIENT).expect_err("cut");
            board.flash.power_on();
            board
        },
        act: |board, f| install(board, &f.new, CLIENT).and_then(|()| boot_again(board)),
        old_may_serve: true,
        new_may_serve: true,
        may_recover: false,
        on_trial: Some(Slot::Www1),
    },
    Scenario {
        name: "first install",
        before: |f| f.board(),
        act: |board, f| install(board, &f.new, CLIENT).and_then(|()| boot_again(board)),
        old_may_serve: false,
        new_may_serve: true,
        may_recover: true,
        on_trial: Some(Slot::Www1),
    },
    Scenario {
        name: "upload over an older frontend",
        before: over_a_third,
        act: |board, f| install(board, &f.new, CLIENT).and_then(|()| boot_again(board)),
        old_may_serve: true,
        new_may_serve: true,
        may_recover: false,
        on_trial: Some(Slot::Www1),
    },
    Scenario {
        name: "patch of the running frontend",
        before: over_a_third,
        act: |board, f| {
            patches::install(board, &f.edited.image, CLIENT).and_then(|()| boot_again(board))
        },
        old_may_serve: true,
        new_may_serve: true,
        may_recover: false,
        on_trial: Some(Slot::Www1),
    },
    Scenario {
        name: "patch that keeps what a cut upload left",
        before: |f| {
            let board = f.board().flashed(&f.old);
            board.flash.cut_after(20, Cut::Unstable { seed: 7 });
            install(&board, &f.edited, CLIENT).expect_err("cut");
            board.flash.power_on();
            board
        },
        act: |board, f| {
            patches::install(board, &f.edited.image, CLIENT).and_then(|()| boot_again(board))
        },
        old_may_serve: true,
        new_may_serve: true,
        may_recover: false,
        on_trial: Some(Slot::Www1),
    },
    Scenario {
        name: "identical upload",
        before: |f| {
            let board = settled_on_new(f);
            board
                .flash
                .poke(board.slot(0).offset, &f.new.image)
                .expect("in bounds");
            board
        },
        act: |board, f| install(board, &f.new, Confirmer::Device).and_then(|()| boot_again(board)),
        old_may_serve: false,
        new_may_serve: true,
        may_recover: false,
        on_trial: Some(Slot::Www0),
    },
    Scenario {
        name: "confirm by a client",
        before: on_trial,
        act: |board, _| {
            board.boot().confirm(None).map_err(say)?;
            boot_again(board)
        },
        old_may_serve: false,
        new_may_serve: true,
        may_recover: false,
        on_trial: None,
    },
    Scenario {
        name: "confirm by the device",
        before: |f| {
            let board = f.board().flashed(&f.old);
            install(&board, &f.new, Confirmer::Device).expect("installs");
            board
        },
        act: |board, _| {
            tick(&board.boot(), Confirmer::DEVICE_MS, Tick::Confirmed)?;
            boot_again(board)
        },
        old_may_serve: false,
        new_may_serve: true,
        may_recover: false,
        on_trial: None,
    },
    Scenario {
        name: "roll back by hand",
        before: settled_on_new,
        act: |board, _| {
            littlefs_image::run(board.boot().rollback()).map_err(say)?;
            boot_again(board)
        },
        old_may_serve: true,
        new_may_serve: true,
        may_recover: false,
        on_trial: Some(Slot::Www0),
    },
    Scenario {
        name: "roll back during a trial",
        before: on_trial,
        act: |board, _| {
            littlefs_image::run(board.boot().rollback()).map_err(say)?;
            boot_again(board)
        },
        old_may_serve: true,
        new_may_serve: true,
        may_recover: false,
        on_trial: Some(Slot::Www1),
    },
    Scenario {
        name: "to one that was never confirmed, again",
        before: taken_back,
        act: |board, _| {
            littlefs_image::run(board.boot().rollback()).map_err(say)?;
            boot_again(board)
        },
        old_may_serve: true,
        new_may_serve: true,
        may_recover: false,
        on_trial: Some(Slot::Www1),
    },
    Scenario {
        name: "trial expiry: the window is over",
        before: on_trial,
        act: |board, _| {
            tick(&board.boot(), WINDOW_OVER, Tick::Reboot)?;
            boot_again(board)
        },
        old_may_serve: true,
        new_may_serve: true,
        may_recover: false,
        on_trial: None,
    },
    Scenario {
        name: "trial expiry: no boots left",
        before: |f| {
            let board = on_trial(f);
            for _ in 0..3 {
                assert_eq!(status(&board.boot()).state, State::Trial);
            }
            board
        },
        act: |board, _| boot_again(board).and_then(|()| boot_again(board)),
        old_may_serve: true,
        new_may_serve: false,
        may_recover: false,
        on_trial: None,
    },
    Scenario {
        name: "trial expiry without a way back",
        before: |f| {
            let board = f.board();
            install(&board, &f.new, CLIENT).expect("installs");
            board
        },
        act: |board, _| {
            tick(&board.boot(), WINDOW_OVER, Tick::Kept)?;
            boot_again(board)
        },
        old_may_serve: false,
        new_may_serve: true,
        may_recover: false,
        on_trial: None,
    },
    Scenario {
        name: "fallback from a damaged slot",
        before: |f| {
            let board = settled_on_new(f);
            board
                .flash
                .poke(board.slot(1).offset + f.damaged * 4096 + 1000, &[0; 64])
                .expect("in bounds");
            board
        },
        act: |board, _| boot_again(board).and_then(|()| boot_again(board)),
        old_may_serve: true,
        new_may_serve: false,
        may_recover: false,
        on_trial: None,
    },
];

/// What must hold after a cut, on a board that has power again.
fn check(scenario: &Scenario, board: &Board, f: &Frontends, context: &str) {
    let nvs = &mut EspNvs::new(board.flash.clone(), board.nvs());
    Stored::load(nvs).unwrap_or_else(|error| panic!("{context}: NVS is unreadable: {error}"));

    let device = board.boot();
    // What a parser of its own makes of the partition is what the device does.
    let nvs = common::parse(&board.flash).unwrap_or_else(|error| panic!("{context}: {error}"));
    let active = nvs.get(NAMESPACE, "active").cloned();
    let found = status(&device);
    if found.state != State::Recovery {
        let number = Value::U8(found.active.number());
        assert_eq!(active.unwrap_or(Value::U8(0)), number, "{context}");
    }
    if found.state == State::Recovery {
        assert!(
            scenario.may_recover,
            "{context}: nothing is served: {found:?}"
        );
    } else {
        let whole = scenario.old_may_serve && serves(&device, &f.old)
            || scenario.new_may_serve
                && [&f.new, &f.edited, &f.plain]
                    .iter()
                    .any(|new| serves(&device, new));
        assert!(
            whole,
            "{context}: neither the old nor the new frontend is served: {found:?}"
        );
    }

    if scenario.on_trial == Some(found.active) && found.state != State::Recovery {
        assert_eq!(
            found.state,
            State::Trial,
            "{context}: settled unconfirmed: {found:?}"
        );
    }
    // Whatever is called valid can be gone back to, and is whole then.
    let other = found.active.other();
    if found.slots[other.index()].is_valid() {
        let board = board.fork();
        let again = board.boot();
        // This boot may have been one more than a trial had: then it went back by itself.
        if status(&again).active == found.active {
            let gone_back = littlefs_image::run(again.rollback());
            assert_eq!(gone_back, Ok(other), "{context}");
        }
        let device = board.boot();
        let known = [&f.old, &f.new, &f.edited, &f.next, &f.plain];
        let whole = known.into_iter().any(|frontend| serves(&device, frontend));
        assert!(whole, "{context}: the way back is not whole");
    }

    // The next upload succeeds, is served after a restart, and can be confirmed.
    board::settle(&device);
    let done = upload(&device, &f.next.image, CLIENT)
        .unwrap_or_else(|error| panic!("{context}: the next upload fails: {error:?}"));
    let device = board.boot();
    assert!(
        serves(&device, &f.next),
        "{context}: the next frontend is not served"
    );
    assert_eq!(status(&device).active, done.slot, "{context}");
    assert_eq!(device.confirm(None), Ok(()), "{context}");
    assert_eq!(status(&board.boot()).state, State::Settled, "{context}");
}

fn cuts(seed: u64) -> Vec<Cut> {
    let mut cuts = vec![Cut::Before, Cut::After];
    for tear in 0..TEARS {
        cuts.push(Cut::Torn {
            seed: seed * TEARS + tear,
        });
    }
    cuts.push(Cut::Unstable { seed });
    cuts
}

/// Flash operations that the scenario takes undisturbed.
fn operations(scenario: &Scenario, before: &Board, f: &Frontends) -> u64 {
    let board = before.fork();
    (scenario.act)(&board, f).unwrap_or_else(|error| panic!("{}: {error}", scenario.name));
    board.flash.counters().operations
}

fn run_cut(scenario: &Scenario, board: &Board, f: &Frontends, after: u64, cut: Cut) {
    board.flash.cut_after(after, cut);
    let stopped = (scenario.act)(board, f);
    // A cut after the last operation stops nothing, and a boot goes on without NVS.
    assert!(!board.flash.is_on(), "cut {after} never came: {stopped:?}");
    board.flash.power_on();
}

#[test]
fn a_power_cut_at_any_operation_leaves_a_whole_frontend_that_can_be_updated() {
    cut_at_every_operation(&Frontends::usual());
}

#[test]
fn the_same_holds_in_the_smallest_slots() {
    // 16 blocks; one erase takes all of a slot.
    cut_at_every_operation(&Frontends::of(64 << 10, [16, 26, 24, 20], 8));
}

/// The operations of a scenario that are tried in large slots: the first (the slot is noted as
/// unfinished, or the first erase), the last ones (NVS changes, the switch), and some between, chosen
/// by the same numbers in every run.
fn sample(operations: u64, rng: &mut Rng) -> Vec<u64> {
    const FIRST: u64 = 2;
    const LAST: u64 = 5;
    const BETWEEN: u64 = 20;
    if operations <= FIRST + LAST + BETWEEN {
        return (0..operations).collect();
    }
    let last = operations - LAST;
    let mut between = BTreeSet::new();
    while (between.len() as u64) < BETWEEN {
        between.insert(FIRST + rng.below(last - FIRST));
    }
    (0..FIRST).chain(between).chain(last..operations).collect()
}

/// Each operation has thousands of sectors' worth of reading behind it, so only a sample of them is
/// cut, each in one way. The usual slots show every operation; what is new here is only how much is
/// written.
#[test]
fn the_same_holds_in_slots_of_3_mib_as_far_as_a_sample_shows() {
    let f = Frontends::of(3 << 20, [1200, 2300, 1300, 100], 20);
    assert!(f.new.image.len() > 2 << 20);
    let mut rng = Rng::new(3);
    let (mut total, mut of) = (0, 0);
    for scenario in SCENARIOS {
        let before = (scenario.before)(&f);
        let operations = operations(scenario, &before, &f);
        let sample = sample(operations, &mut rng);
        for &after in &sample {
            let cut = pick(&mut rng);
            let context = format!("{}, operation {after}, {cut:?}", scenario.name);
            let board = before.fork();
            run_cut(scenario, &board, &f, after, cut);
            check(scenario, &board, &f, &context);
        }
        println!(
            "{:>6} of {operations:>3} operations: {}",
            sample.len(),
            scenario.name
        );
        total += sample.len();
        of += operations;
    }
    println!("{total:>6} of {of} operations in all");
}

/// Cuts the power at every operation of every scenario, before, after and in the middle of it.
fn cut_at_every_operation(f: &Frontends) {
    let mut total = 0;
    for scenario in SCENARIOS {
        let before = (scenario.before)(f);
        let operations = operations(scenario, &before, f);
        assert!(operations > 0, "{} changes nothing", scenario.name);
        let mut tried = 0;
        for after in 0..operations {
            for cut in cuts(after) {
                let context = format!("{}, operation {after}, {cut:?}", scenario.name);
                let board = before.fork();
                run_cut(scenario, &board, f, after, cut);
                check(scenario, &board, f, &context);
                tried += 1;
            }
        }
        println!(
            "{:>6} cuts at {operations:>3} operations: {}",
            tried, scenario.name
        );
        total += tried;
    }
    println!("{total:>6} cuts in all");
}

#[test]
fn a_second_power_cut_after_the_first_does_no_more_harm() {
    let f = Frontends::usual();
    let mut rng = Rng::new(2026);
    let mut total = 0;
    for scenario in SCENARIOS {
        let before = (scenario.before)(&f);
        let operations = operations(scenario, &before, &f);
        let mut both = 0;
        for pair in 0..PAIRS {
            let board = before.fork();
            let first = (rng.below(operations), pick(&mut rng));
            run_cut(scenario, &board, &f, first.0, first.1);
            // Whatever is done next, by the boot alone or by doing it all again, is cut as well.
            let second = (rng.below(operations), pick(&mut rng));
            board.flash.cut_after(second.0, second.1);
            let context = format!("{}, pair {pair}: {first:?}, {second:?}", scenario.name);
            board.boot();
            if board.flash.is_on() {
                // It may be refused now (on trial, say), or be over before the cut comes.
                let _refused_or_cut = (scenario.act)(&board, &f);
            }
            both += u64::from(!board.flash.is_on());
            board.flash.cancel_cut();
            board.flash.power_on();
            check_either(scenario, &board, &f, &context);
        }
        println!("{PAIRS:>6} pairs ({both} stopped twice): {}", scenario.name);
        total += PAIRS;
    }
    println!("{total:>6} pairs in all");
}

fn pick(rng: &mut Rng) -> Cut {
    let seed = rng.next();
    match rng.below(5) {
        0 => Cut::Before,
        1 => Cut::After,
        2 => Cut::Unstable { seed },
        _ => Cut::Torn { seed },
    }
}

/// A scenario begun twice may get one step further than once: both frontends are fine then.
fn check_either(scenario: &Scenario, board: &Board, f: &Frontends, context: &str) {
    let wider = Scenario {
        old_may_serve: true,
        new_may_serve: true,
        on_trial: None,
        ..*scenario
    };
    check(&wider, board, f, context);
}

#[test]
fn what_is_active_after_an_undisturbed_run_is_what_the_scenario_is_for() {
    let f = Frontends::usual();
    let expected: &[(&str, Slot, &Frontend, State)] = &[
        (
            "upload without a manifest",
            Slot::Www1,
            &f.plain,
            State::Trial,
        ),
        (
            "first install without a manifest",
            Slot::Www1,
            &f.plain,
            State::Trial,
        ),
        (
            "upload resumed after a cut",
            Slot::Www1,
            &f.new,
            State::Trial,
        ),
        ("first install", Slot::Www1, &f.new, State::Trial),
        (
            "upload over an older frontend",
            Slot::Www1,
            &f.new,
            State::Trial,
        ),
        (
            "patch of the running frontend",
            Slot::Www1,
            &f.edited,
            State::Trial,
        ),
        (
            "patch that keeps what a cut upload left",
            Slot::Www1,
            &f.edited,
            State::Trial,
        ),
        ("identical upload", Slot::Www0, &f.new, State::Trial),
        ("confirm by a client", Slot::Www1, &f.new, State::Settled),
        ("confirm by the device", Slot::Www1, &f.new, State::Settled),
        ("roll back by hand", Slot::Www0, &f.old, State::Trial),
        (
            "roll back during a trial",
            Slot::Www0,
            &f.old,
            State::Settled,
        ),
        (
            "to one that was never confirmed, again",
            Slot::Www1,
            &f.new,
            State::Trial,
        ),
        (
            "trial expiry: the window is over",
            Slot::Www0,
            &f.old,
            State::Settled,
        ),
        (
            "trial expiry: no boots left",
            Slot::Www0,
            &f.old,
            State::Settled,
        ),
        (
            "trial expiry without a way back",
            Slot::Www1,
            &f.new,
            State::Settled,
        ),
        (
            "fallback from a damaged slot",
            Slot::Www0,
            &f.old,
            State::Settled,
        ),
    ];
    assert_eq!(expected.len(), SCENARIOS.len());
    for ((name, slot, frontend, state), scenario) in expected.iter().zip(SCENARIOS) {
        assert_eq!(*name, scenario.name);
        let board = (scenario.before)(&f);
        (scenario.act)(&board, &f).expect("undisturbed");
        let device = board.boot();
        assert_eq!(
            (status(&device).active, status(&device).state),
            (*slot, *state),
            "{name}"
        );
        assert!(serves(&device, frontend), "{name}");
    }
}

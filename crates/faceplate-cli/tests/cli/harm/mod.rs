//! Clients that mean harm, all at once, against a device that others use: `faceplate sim` in a process of its
//! own, over real sockets, with the limits and the number of connections of a device.
//!
//! `FACEPLATE_RAID_SECONDS` has it go on for longer; 15 seconds otherwise.

mod clients;
mod heads;
mod process;
mod wire;
mod witness;

use std::{
    env,
    net::SocketAddr,
    sync::atomic::Ordering,
    thread::{self, sleep},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::common::sim::Sim;
use crate::common::{Folder, noise, run_in};
use clients::{CLIENTS, Raid};
use process::{Taken, taken};
use wire::{PATIENCE, Random, ask, exchange};
use witness::{Waits, watch};

/// Random requests, whatever the time.
const REQUESTS: u64 = 10_000;

/// The longest that a client that means well may wait for an answer, its connection included. A connection is
/// kept by one that does not read, or sends no more, for 10 or 15 s at most, and there are ten; what is left
/// is for a computer with other things to do.
const LONGEST: Duration = Duration::from_secs(30);

/// Connections of the device, live ones included.
const CONNECTIONS: usize = 10;

/// What the device's process may take more after it than at its beginning, KiB: what its allocator keeps.
const MORE_KIB: u64 = 4 << 10;

/// Where the slots are, by the default partition table; the settings lie before them.
const SLOTS: [usize; 2] = [0x31_0000, 0x41_0000];
const SLOT: usize = 1 << 20;
const SETTINGS: std::ops::Range<usize> = 0x9000..0xf000;

/// A device with a frontend, and a folder with its flash and two images.
struct Device {
    folder: Folder,
    sim: Sim,
    address: SocketAddr,
    script: Vec<u8>,
    lamp: Value,
}

impl Device {
    /// `options` is what `faceplate sim` is told besides.
    fn start(options: &[&str]) -> Self {
        let folder = Folder::new();
        let script = noise(200_000);
        folder.file("old/index.html", "<!doctype html><title>old</title>");
        folder.file("old/app.js", &script);
        folder.file("new/index.html", "<!doctype html><title>new</title>");
        let new: Vec<u8> = noise(900_000).iter().map(|byte| byte ^ 0x5a).collect();
        folder.file("new/app.js", new);
        for name in ["old", "new"] {
            let out = format!("{name}.bin");
            run_in(folder.path(), &["pack", name, "-o", &out]).expect(0);
        }
        let mut all = vec!["--example", "--www", "old.bin", "--flash-timing", "real"];
        all.extend(["--reboot-ms", "0"]);
        all.extend(options);
        let sim = Sim::start(folder.path(), &all);
        let address = sim.address.parse().unwrap();
        let lamp = json!({"on": true, "colour": "#123456"});
        let put = ask(
            address,
            "PUT /api/lamp",
            "Content-Type: application/json\r\n",
            lamp.to_string().as_bytes(),
        )
        .unwrap();
        assert_eq!((put.0, witness::json(&put.1)), (200, lamp.clone()));
        Self {
            folder,
            sim,
            address,
            script,
            lamp,
        }
    }

    fn status(&self) -> Value {
        witness::json(&ask(self.address, "GET /api/ota/status", "", b"").unwrap().1)
    }

    fn flash(&self) -> Vec<u8> {
        self.folder.bytes("device.bin")
    }

    fn taken(&self) -> Option<Taken> {
        taken(self.sim.id())
    }
}

/// All clients at once, and one that means well; until `enough` says so.
fn raid(device: &Device, enough: impl FnOnce(&Raid)) -> (Raid, Waits) {
    let raid = Raid::new(device.address);
    let waits = thread::scope(|scope| {
        for (seed, client) in CLIENTS.iter().enumerate() {
            let raid = &raid;
            scope.spawn(move || {
                let mut random = Random::new(seed as u64 + 1);
                let _ends = raid.ends_by_panic();
                while !raid.is_over() {
                    client(raid, &mut random);
                }
            });
        }
        let (script, lamp) = (&device.script, &device.lamp);
        let told = &raid;
        let well = scope.spawn(move || {
            let _ends = told.ends_by_panic();
            watch(told, script, lamp)
        });
        let _ends = raid.ends_by_panic();
        enough(&raid);
        raid.end();
        let waits = well.join();
        waits.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    });
    (raid, waits)
}

fn print(what: &str, raid: &Raid, waits: &Waits) {
    let count = |number: &std::sync::atomic::AtomicU64| number.load(Ordering::Relaxed);
    println!(
        "{what}: {} connections, {} random requests, {} wrong in one thing, {} cut off; \
         {} answers to others, after {} ms at the median and {} ms at the most",
        count(&raid.connections),
        count(&raid.random),
        count(&raid.wrong),
        count(&raid.cut_off),
        waits.count(),
        waits.median().as_millis(),
        waits.longest().as_millis(),
    );
}

fn seconds() -> Duration {
    let told = env::var("FACEPLATE_RAID_SECONDS").ok();
    let told = told.map(|text| text.parse().expect("a number of seconds"));
    Duration::from_secs(told.unwrap_or(15))
}

#[test]
fn a_raid_changes_nothing_and_takes_nothing_from_others() {
    let device = Device::start(&[]);
    let before = (device.status(), device.flash());
    let mut peak = None::<Taken>;
    let start = device.taken();
    let began = Instant::now();
    let (raid, waits) = raid(&device, |raid| {
        while began.elapsed() < seconds() || raid.random.load(Ordering::Relaxed) < REQUESTS {
            assert!(
                began.elapsed() < seconds() + 3 * PATIENCE,
                "it hardly moves"
            );
            sleep(Duration::from_millis(50));
            if let Some(now) = device.taken() {
                let most = peak.get_or_insert(now);
                most.memory_kib = most.memory_kib.max(now.memory_kib);
                most.files = most.files.max(now.files);
            }
        }
    });
    print("a raid", &raid, &waits);
    assert!(raid.wrong.load(Ordering::Relaxed) > 100 && raid.cut_off.load(Ordering::Relaxed) > 5);
    assert!(waits.count() > 30 && waits.longest() < LONGEST, "{waits:?}");

    // Whoever waited in the queue is gone, too.
    let end = Instant::now() + PATIENCE;
    while start
        .zip(device.taken())
        .is_some_and(|(was, now)| now.files > was.files)
    {
        assert!(Instant::now() < end, "{:?}, once {start:?}", device.taken());
        sleep(Duration::from_millis(50));
    }
    if let (Some(start), Some(peak), Some(now)) = (start, peak, device.taken()) {
        println!("the device's process: {start:?}, at most {peak:?}, in the end {now:?}");
        assert!(peak.files <= start.files + CONNECTIONS, "{peak:?}");
        assert!(now.memory_kib <= start.memory_kib + MORE_KIB, "{now:?}");
    }
    let after = device.status();
    assert_eq!(after["device"]["boot_id"], before.0["device"]["boot_id"]);
    assert_eq!(after["slots"], before.0["slots"]);
    assert!(after["refused"]["count"].as_u64() > Some(0));
    assert!(
        device.flash() == before.1,
        "a byte of the flash has changed"
    );
}

#[test]
fn an_update_finishes_in_the_middle_of_a_raid() {
    let device = Device::start(&[]);
    let before = (device.status(), device.flash());
    let image = device.folder.bytes("new.bin");
    let mut taken = None;
    let (raid, waits) = raid(&device, |raid| {
        // They have come first.
        while raid.wrong.load(Ordering::Relaxed) < 20 {
            assert!(!raid.is_over(), "one of them had another answer");
            sleep(Duration::from_millis(10));
        }
        let began = Instant::now();
        let answer = loop {
            let path = "POST /api/ota/frontend?confirm=client&within=3600";
            let kind = "Content-Type: application/octet-stream\r\n";
            let (status, body) = ask(device.address, path, kind, &image).unwrap();
            let busy = status == 409 && witness::json(&body)["type"] == "/problems/busy";
            // Somebody's upload is about to be refused.
            if !busy {
                break (status, witness::json(&body));
            }
            assert!(
                began.elapsed() < PATIENCE,
                "there was always another upload"
            );
        };
        raid.expect_restart();
        taken = Some(began.elapsed());
        assert_eq!(answer.0, 200, "{}", answer.1);
    });
    print("an update in a raid", &raid, &waits);
    println!("{} bytes in {:?}", image.len(), taken.expect("an update"));
    assert!(waits.longest() < LONGEST, "{waits:?}");

    let end = Instant::now() + PATIENCE;
    let after = loop {
        let now = device.status();
        if now["device"]["boot_id"] != before.0["device"]["boot_id"] {
            break now;
        }
        assert!(Instant::now() < end, "it never restarted");
    };
    assert_eq!(
        (&after["active"], &after["state"]),
        (&json!(1), &json!("trial"))
    );
    let (mut was, mut is) = (before.1, device.flash());
    assert!(is[SLOTS[1]..].starts_with(&image));
    for flash in [&mut was, &mut is] {
        flash[SLOTS[1]..SLOTS[1] + SLOT].fill(0);
        flash[SETTINGS].fill(0);
    }
    assert!(
        was == is,
        "a byte of the flash has changed that was not the update's"
    );
}

/// What the others send behind what is wrong is worth noticing.
#[test]
fn what_a_raid_hides_behind_a_request_would_be_obeyed() {
    let device = Device::start(&[]);
    let text = heads::SMUGGLED.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    let answer = exchange(device.address, text.as_bytes()).unwrap();
    assert_eq!(wire::status(&answer), Some(200));
    let lamp = witness::json(&ask(device.address, "GET /api/lamp", "", b"").unwrap().1);
    assert_eq!(lamp["colour"], "#ff0000");
    assert_ne!(lamp, device.lamp);
}

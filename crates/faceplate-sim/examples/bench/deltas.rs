//! What an update of a real frontend costs when only what differs is sent: bytes both ways, sectors, erases and
//! modelled time, beside what most firmwares do.
//!
//! The frontends are built by `web/bench`. A device runs `first`; its other slot holds an older build that has
//! nothing in common with it, so that what is saved on flash is not luck.

use std::{fs, path::Path, process::Command, time::Duration};

use embassy_futures::block_on;
use faceplate::{Confirmer, Slot, update::Done};
use faceplate_pack::{Options, Stamp, pack};
use faceplate_patch::{ChunkList, Patch, from_chunks, from_image};
use faceplate_sim::flash::{
    BLOCK, Counters, Driver, SECTOR, SimFlash,
    timing::{BLOCK_ERASE, SECTOR_ERASE},
};

use crate::{
    Report, Result,
    device::{self, SimEngine},
    frontends::{self, Files},
    limit,
};

/// What Wi-Fi moves on these chips in an ordinary home, bytes a second.
const LINK: f64 = 150_000.0;

/// Most of an image that an inserted statement may cost, sent both ways, for who has the new image alone.
const ALONE: f64 = 0.08;
/// The same for who has the old one, too.
const WITH_OLD: f64 = 0.05;
/// Bytes that NVS may take for an update.
const NVS: u64 = 1024;

/// An app, and the slots that it is for.
struct App {
    name: &'static str,
    slot: u32,
    partitions: &'static str,
    /// An image that has nothing in common with it.
    other: fn() -> Result<Vec<u8>>,
}

const APPS: [App; 2] = [
    App {
        name: "dashboard",
        slot: 1 << 20,
        partitions: include_str!("../../../../partitions.csv"),
        other: || Ok(frontends::full(1)?.image),
    },
    App {
        name: "workshop",
        slot: 4 << 20,
        partitions: include_str!("../../../../partitions/16mb-4m.csv"),
        other: || Ok(frontends::large(1)?.image),
    },
];

pub(crate) fn measure(report: &mut Report, builds: &Path) -> Result<()> {
    for app in &APPS {
        app.measure(report, &builds.join(app.name))?;
    }
    Ok(())
}

impl App {
    fn measure(&self, report: &mut Report, builds: &Path) -> Result<()> {
        let packed = |variant: &str, base: Option<&Vec<u8>>| -> Result<Vec<u8>> {
            let options = Options {
                size: self.slot,
                stamp: Some(Stamp::Script),
                base: base.cloned(),
                ..Options::default()
            };
            Ok(pack(files(&builds.join(variant))?, &options)?.image)
        };
        let first = packed("first", None)?;
        let raw: usize = files(&builds.join("first"))?
            .iter()
            .map(|(_, bytes)| bytes.len())
            .sum();
        let len = first.len();
        println!(
            "\n{}: {raw} bytes of files, an image of {len} bytes",
            self.name
        );
        println!("{HEADINGS}");
        let other = (self.other)()?;
        self.row("first install", &[], &[], &first)?;
        let same = self.row("unchanged, in both slots", &first, &first, &first)?;
        report.over |= same.took.block_erases > 0
            || same.took.sector_erases > 1
            || same.took.bytes_programmed > NVS;
        for percent in [1, 10, 25, 50, 75, 99] {
            let new = packed(&format!("statement-{percent}"), Some(&first))?;
            let what = format!("a statement more at {percent} %");
            let row = self.row(&what, &first, &other, &new)?;
            let over = |sent: usize, most: f64| sent as f64 > new.len() as f64 * most;
            let is_over = over(row.alone, ALONE) || over(row.with_old, WITH_OLD);
            if is_over {
                println!(
                    "  OVER {} % alone, or {} % with the old image",
                    ALONE * 100.0,
                    WITH_OLD * 100.0
                );
            }
            report.over |= is_over;
        }
        for (what, variant) in [
            ("one component edited", "edited"),
            ("a dependency bumped", "bumped"),
        ] {
            self.row(what, &first, &other, &packed(variant, Some(&first))?)?;
        }
        let all = self.row("everything changed", &other, &other, &first)?;
        limit::compare(report, &all.took, &first);
        Ok(())
    }

    /// Updates a device with these images in its slots, and prints what that costs.
    fn row(&self, what: &str, active: &[u8], inactive: &[u8], new: &[u8]) -> Result<Row> {
        let flash = device::flash_of(self.partitions, active, inactive)?;
        let engine = device::boot_for(&flash, self.slot)?;
        let list = if active.is_empty() {
            vec![]
        } else {
            list(&engine)?
        };
        let (mut alone, mut with_old) = (new.len(), new.len());
        let mut sent = None;
        if !active.is_empty() {
            let by_list = from_chunks(&ChunkList::parse(&list)?, None, new)?;
            let exact = from_image(active, new, None)?;
            let shorter = |patch: &Patch| match patch.is_worth_it() {
                true => patch.bytes().len(),
                false => new.len(),
            };
            alone = list.len() + shorter(&by_list);
            with_old = shorter(&exact);
            sent = exact.is_worth_it().then(|| exact.into_bytes());
        }
        let took = update(&engine, &flash, new, sent.as_deref())?;
        let zstd = match active {
            [] => None,
            _ => zstd(active, new),
        };
        let row = Row {
            image: new.len(),
            alone,
            with_old,
            zstd,
            took,
        };
        println!("{what:<27}{row}");
        Ok(row)
    }
}

const HEADINGS: &str = "                           bytes sent, % of the image                   | on flash                     | seconds, all in all\n\
                        \x20                          the new alone   with the old   zstd's limit | written  64K 4K  time      | alone  old    4K each  64K";

/// What an update cost.
struct Row {
    image: usize,
    /// Bytes that go both ways for who has the new image alone,
    alone: usize,
    /// and for who has the old one, too.
    with_old: usize,
    /// As few as there are, for a device that could unpack them.
    zstd: Option<usize>,
    took: Counters,
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            image,
            alone,
            with_old,
            zstd,
            took,
        } = self;
        let share = |bytes: usize| 100.0 * bytes as f64 / *image as f64;
        let zstd = zstd.map_or("-".to_owned(), |zstd| zstd.to_string());
        let flash = took.busy() + took.reading;
        let all = |bytes: usize, flash: Duration| bytes as f64 / LINK + flash.as_secs_f64();
        let erased = |unit: usize, one: Duration| one * image.div_ceil(unit) as u32;
        let programmed = |bytes: usize| {
            let one = Driver::ROM.program;
            Driver::ROM.program_time(one) * bytes.div_ceil(one) as u32
        };
        let naive = |unit, one| all(*image, erased(unit, one) + programmed(*image));
        write!(
            f,
            "{alone:>7} {:>5.1}  {with_old:>7} {:>5.1}  {zstd:>12} | {:>7} {:>4} {:>3} {:>6.2} s  | {:>5.1} {:>5.1}  {:>7.1} {:>5.1}",
            share(*alone),
            share(*with_old),
            took.bytes_programmed.div_ceil(SECTOR as u64),
            took.block_erases,
            took.sector_erases,
            flash.as_secs_f64(),
            all(*alone, flash),
            all(*with_old, flash),
            naive(SECTOR, SECTOR_ERASE),
            naive(BLOCK, BLOCK_ERASE),
        )
    }
}

/// The files of a build.
fn files(folder: &Path) -> Result<Files> {
    let mut files = Files::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        let entries = fs::read_dir(&at).map_err(|why| format!("{}: {why}", at.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path
                .strip_prefix(folder)?
                .to_string_lossy()
                .replace('\\', "/");
            files.push((name, fs::read(&path)?));
        }
    }
    Ok(files)
}

/// The chunks that a device lists of what it runs.
fn list(engine: &SimEngine) -> Result<Vec<u8>> {
    let mut chunks = engine
        .chunks(Slot::Www0, u32::MAX)
        .map_err(|why| why.to_string())?;
    let mut list = chunks.list().encode().to_vec();
    while let Some(chunk) = chunks.next_chunk().map_err(|why| why.to_string())? {
        list.extend(chunk.encode());
    }
    Ok(list)
}

/// Updates a device, by a patch if there is one; what that took on flash.
fn update(
    engine: &SimEngine,
    flash: &SimFlash,
    image: &[u8],
    patch: Option<&[u8]>,
) -> Result<Counters> {
    let Some(patch) = patch else {
        return Ok(device::upload_to(engine, flash, image)?.1);
    };
    let before = flash.counters();
    let done: Done = block_on(async {
        let mut upload = engine.begin_patch(patch.len() as u64, Confirmer::Device)?;
        for part in patch.chunks(1460) {
            upload.write(part).await?;
        }
        Result::Ok(upload.finish(None).await?.activate()?)
    })?;
    match done.slot {
        Slot::Www1 => Ok(flash.counters().since(&before)),
        Slot::Www0 => Err("the patch went to the wrong slot".into()),
    }
}

/// Bytes of the patch that zstd finds with all the memory that it wants; `None` where it is not installed.
fn zstd(old: &[u8], new: &[u8]) -> Option<usize> {
    let folder = tempfile::tempdir().ok()?;
    let path = |name: &str| folder.path().join(name);
    fs::write(path("old"), old).ok()?;
    fs::write(path("new"), new).ok()?;
    let done = Command::new("zstd")
        .args([
            "-19",
            "--ultra",
            "--long=27",
            "-q",
            "--single-thread",
            "--patch-from",
        ])
        .args([path("old"), path("new")])
        .arg("-o")
        .arg(path("patch"))
        .stderr(std::process::Stdio::null())
        .status();
    done.is_ok_and(|status| status.success()).then(|| {
        fs::metadata(path("patch"))
            .map(|patch| patch.len() as usize)
            .ok()
    })?
}

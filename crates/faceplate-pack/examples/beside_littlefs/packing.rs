//! What packing takes: time and blocks, of the same files.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use faceplate_pack::{Gzip, Options, pack};
use littlefs_image::{
    BLOCK_SIZE,
    build::{self, Builder},
};

use crate::{Result, c, frontends::Files, kinds, kinds::Kind, line, python};

/// Runs of each, of which the fastest counts.
const RUNS: u32 = 7;

/// Packs the files of a kind, which it may keep, and tells how many blocks were used.
type Packer = fn(&Kind, Files) -> Result<u32>;

/// Those that are measured here: name, what is said of it, and what it does.
const PACKERS: [(&str, &str, Packer); 4] = [
    ("build", "  ours, the image alone", build),
    ("pack", "  ours, hashes and checks included", packed),
    ("pack-gzip", "  ours, gzip included", compressed),
    ("pack-c", "  C littlefs, as mklittlefs", c::pack),
];

pub(crate) fn measure(python: Option<&str>) -> Result<()> {
    for name in kinds::NAMES {
        let kind = kinds::called(name)?;
        line(
            &format!("packing {name}"),
            &format!("best of {RUNS}, this machine's"),
        );
        for (_, what, packer) in PACKERS {
            let (mut best, mut blocks) = (Duration::MAX, 0);
            for _ in 0..RUNS {
                let files = kind.files.clone();
                let start = Instant::now();
                blocks = black_box(packer(&kind, files)?);
                best = best.min(start.elapsed());
            }
            told(what, best, blocks);
        }
        if let Some(program) = python {
            let (best, blocks) = python::pack(program, &kind, RUNS)?;
            told("  littlefs-python", best, blocks);
        }
    }
    Ok(())
}

fn told(what: &str, best: Duration, blocks: u32) {
    let ms = best.as_secs_f64() * 1000.0;
    line(what, &format!("{ms:.2} ms, {blocks} blocks"));
}

/// Packs so many times; how many bytes of files those were.
pub(crate) fn rounds(kind: &Kind, name: &str, rounds: u32) -> Result<u64> {
    let packer = PACKERS.iter().find(|(called, ..)| *called == name);
    let (.., packer) = packer.ok_or_else(|| format!("no work is called {name}"))?;
    for _ in 0..rounds {
        black_box(packer(kind, kind.files.clone())?);
    }
    Ok(kind.len() * u64::from(rounds))
}

/// What C littlefs does, too: the files and nothing else.
fn build(kind: &Kind, files: Files) -> Result<u32> {
    let mut builder = Builder::new();
    for (path, bytes) in files {
        builder.file(&path, bytes)?;
    }
    let options = build::Options {
        block_count: kind.blocks(),
        ..build::Options::default()
    };
    blocks(&builder.build(&options)?)
}

fn packed(kind: &Kind, files: Files) -> Result<u32> {
    blocks(&pack(files, &kind.options)?.image)
}

fn compressed(kind: &Kind, files: Files) -> Result<u32> {
    let options = Options {
        gzip: Gzip::Auto,
        ..kind.options.clone()
    };
    blocks(&pack(files, &options)?.image)
}

fn blocks(image: &[u8]) -> Result<u32> {
    Ok(u32::try_from(image.len() / BLOCK_SIZE)?)
}

//! `cargo bench -p littlefs-image`: building, checking and reading a tree of a frontend's size.

use std::{hint::black_box, time::Instant};

use littlefs_image::{
    BLOCK_SIZE,
    build::{Builder, Options},
    check::check,
    read::{Image, Step},
    run,
};

/// Runs of each; the median is printed.
const RUNS: usize = 101;

fn main() {
    let builder = tree();
    let options = Options::default();
    let image = builder.build(&options).expect("it fits");
    let blocks = (image.len() / BLOCK_SIZE) as u32;
    println!("image: {blocks} blocks");

    median("build", || builder.build(&options).expect("it fits").len());
    let mut owners = vec![0; blocks as usize];
    let mut sector = [0; BLOCK_SIZE];
    median("check", || {
        let report = run(check(&mut &image[..], blocks, &mut sector, &mut owners));
        report.expect("it passes").bytes
    });
    median("read all", || read_all(&image, blocks));
}

/// Fifty files and 800 KB, a manifest hash on each.
fn tree() -> Builder {
    let mut builder = Builder::new();
    let mut state = 1_u32;
    for number in 0..50_usize {
        // Most are small, a few make up the bulk, as bundlers split them.
        let length = if number % 10 == 0 {
            148_000
        } else {
            100 + number * 50
        };
        let data: Vec<u8> = (0..length)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            })
            .collect();
        let folder = ["", "assets/", "assets/icons/"][number % 3];
        let path = format!("{folder}chunk-{number:02}-a1b2c3d4.js.gz");
        builder.file(&path, data).expect("a valid path");
        builder
            .attr(&path, 0x66, &[number as u8; 16])
            .expect("a valid attribute");
    }
    builder
}

fn read_all(mut image: &[u8], blocks: u32) -> u64 {
    let mounted = run(Image::mount(&mut image, blocks)).expect("it mounts");
    let mut walk = mounted.walk();
    let mut buffer = [0; 1024];
    let mut bytes = 0;
    while let Some(step) = run(walk.next(&mut image)).expect("it lists") {
        let Step::File(entry) = step else { continue };
        let littlefs_image::read::Node::File(file) = entry.node else {
            continue;
        };
        let mut reader = mounted.reader(&file);
        loop {
            let length = run(reader.read(&mut image, &mut buffer)).expect("it reads");
            if length == 0 {
                break;
            }
            bytes += length as u64;
        }
    }
    bytes
}

fn median<T>(what: &str, mut work: impl FnMut() -> T) {
    let mut times: Vec<_> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            black_box(work());
            start.elapsed()
        })
        .collect();
    times.sort();
    println!(
        "{what}: {:?} (median of {RUNS}; {:?} to {:?})",
        times[RUNS / 2],
        times[0],
        times[RUNS - 1]
    );
}

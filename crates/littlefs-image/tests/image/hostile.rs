//! Damaged and malicious images: no panic, no endless loop, no read outside the image, and what the
//! check passes can be read.

use crate::common::{
    c::{self, C},
    model::Tree,
    ours,
    random::Random,
};
use crate::metadata::{self, BLOCK, Metadata, Record, record, two};
use crate::watched::{Watched, checked, read_all};
use littlefs_image::{
    build::Options,
    read::{Error, Image, probe},
    run,
};

/// Mutated images in a run.
const MUTATIONS: usize = 24_000;

/// Every so many accepted images are also read by C littlefs.
const COMPARED: usize = 10;

/// Bytes, or calls, of the storage that a check may take at most. The worst that was seen with a few
/// seeds are 366,020 bytes; what is slow or endless takes more.
const CHECK_BUDGET: u64 = 1 << 20;

/// The same for a listing with all that is in it, of an image that was not checked. Files may share
/// blocks there. The worst that was seen are 4,397,890 bytes.
const READ_BUDGET: u64 = 16 << 20;

#[test]
fn no_mutation_makes_the_reader_or_the_check_panic_hang_or_leave_the_image() {
    let mut random = Random::for_test("mutations");
    let seeds = seeds(&mut random);
    let (mut accepted, mut changed, mut compared) = (0, 0, 0);
    let (mut worst_check, mut worst_read) = (0, 0);
    for case in 0..MUTATIONS {
        let seed = &seeds[case % seeds.len()];
        let mut image = seed.clone();
        // Mostly one change: more at once are mostly refused for one of them.
        let most = 1 + random.below(4);
        for _ in 0..=random.below(most) {
            mutate(&mut image, &seeds, &mut random);
        }

        let mut storage = Watched::new(&image, CHECK_BUDGET);
        let verdict = checked(&mut storage);
        worst_check = worst_check.max(storage.read);
        if let Err(Error::Storage(broken)) = verdict {
            panic!("case {case}: the check is {broken:?}");
        }
        if let Ok(superblock) = probe(&image[..BLOCK], 256) {
            assert!(superblock.block_count <= 256);
        }

        let mut storage = Watched::new(&image, READ_BUDGET);
        let seen = read_all(&mut storage, verdict.is_ok());
        worst_read = worst_read.max(storage.read);
        if let Err(Error::Storage(broken)) = seen {
            panic!("case {case}: the reader is {broken:?}");
        }
        look_around(&image, &mut random);

        let Ok(report) = verdict else { continue };
        accepted += 1;
        changed += usize::from(image != *seed);
        let seen = seen.unwrap_or_else(|error| {
            panic!("case {case}: the check passed it, but the reader says {error:?}")
        });
        let counted = (report.files, report.dirs, report.bytes);
        assert_eq!((seen.files, seen.dirs, seen.bytes), counted, "case {case}");

        // The image may be cut behind its last used block, and no earlier.
        let end = (report.last_used_block as usize + 1) * BLOCK;
        let short = checked(&mut Watched::new(&image[..end], CHECK_BUDGET));
        assert_eq!(short, Ok(report), "case {case}: cut behind its last block");
        let cut = checked(&mut Watched::new(&image[..end - BLOCK], CHECK_BUDGET));
        assert!(cut.is_err(), "case {case}: cut before its last block");

        // C littlefs wants all superblocks to have the block count that it is set up with.
        let block_count = report.superblock.block_count;
        let first = probe(&image[..BLOCK], 512).map(|superblock| superblock.block_count);
        if accepted % COMPARED == 0 && first == Ok(block_count) {
            compared += 1;
            let config = c::Config {
                block_count,
                ..c::Config::default()
            };
            image.truncate(config.block_count as usize * BLOCK);
            let c = C::mount(&image, &config).unwrap_or_else(|e| panic!("case {case}: {e:?}"));
            let theirs = c.tree().unwrap_or_else(|e| panic!("case {case}: {e:?}"));
            let mine = ours::read(&image).expect("it was read before");
            assert!(
                mine == theirs,
                "case {case}: C littlefs reads something else"
            );
        }
    }
    println!(
        "{MUTATIONS} mutated images of {} seeds: {accepted} accepted ({changed} differ from their \
         seed), {compared} of them compared with C littlefs; most bytes read: {worst_check} by the \
         check, {worst_read} by a listing",
        seeds.len()
    );
    assert!(
        accepted > MUTATIONS / 50,
        "hardly any is accepted: the mutations are too coarse"
    );
    assert!(
        accepted < MUTATIONS * 9 / 10,
        "most are accepted: the mutations are too mild"
    );
}

/// Looks up and seeks at random, on an image that may be anything.
fn look_around(image: &[u8], random: &mut Random) {
    let mut storage = Watched::new(image, READ_BUDGET);
    let blocks = storage.blocks();
    let Ok(mounted) = run(Image::mount(&mut storage, blocks)) else {
        return;
    };
    let paths = [
        "",
        "a",
        "app.js",
        "crowd/a",
        "d0/d1/d2",
        "index.html",
        "../a",
        "a/b/c/d/e",
    ];
    let found = run(mounted.find(&mut storage, random.pick(&paths)));
    assert!(!matches!(found, Err(Error::Storage(_))), "{found:?}");
    if let Ok(Some(entry)) = found {
        let attribute = run(mounted.attr(&mut storage, &entry, 0x66, &mut [0; 16]));
        assert!(attribute.is_ok(), "{attribute:?}");
    }
}

/// Images to start from: ours and those of C littlefs, small enough for many runs.
fn seeds(random: &mut Random) -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    while seeds.len() < 6 {
        let mut tree = Tree::random(random);
        if seeds.len() == 1 {
            tree.add_crowd(random);
        }
        if tree.size() < 150_000 {
            let options = Options {
                block_count: 128,
                ..Options::default()
            };
            let image = ours::build(&tree, &options, random).expect("it fits");
            seeds.push(image);
        }
    }
    while seeds.len() < 12 {
        let config = c::Config {
            block_count: 160,
            cache: [64, 256, 512, 4096][seeds.len() % 4],
            version: 0x0002_0000 + (seeds.len() % 2) as u32,
            block_cycles: [512, 3, 20][seeds.len() % 3],
            ..c::Config::default()
        };
        let mut c = C::format(&config);
        let mut tree = Tree::default();
        for _ in 0..150 {
            let op = tree.random_op(random, 60_000);
            c.apply(&op).expect("there is room");
            tree.apply(&op);
        }
        seeds.push(c.image());
    }
    for (at, seed) in seeds.iter().enumerate() {
        let report = checked(&mut Watched::new(seed, CHECK_BUDGET));
        let report = report.unwrap_or_else(|error| panic!("seed {at} is refused: {error:?}"));
        println!(
            "seed {at}: {} files, {} directories, {} bytes, {} blocks used, the last is {}",
            report.files, report.dirs, report.bytes, report.blocks_used, report.last_used_block
        );
    }
    seeds
}

/// Changes something.
fn mutate(image: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut Random) {
    let blocks = image.len() / BLOCK;
    if blocks < 3 {
        return;
    }
    let (a, b) = (random.below(blocks) * BLOCK, random.below(blocks) * BLOCK);
    match random.below(20) {
        0 => {
            // Flipped bits anywhere.
            for _ in 0..1 + random.below(8) {
                let at = random.below(image.len());
                image[at] ^= 1 << random.below(8);
            }
        }
        1 => {
            // Flipped bits in metadata, checksums as they were.
            let at = metadata_block(image, random) * BLOCK + random.below(200);
            image[at] ^= 1 << random.below(8);
        }
        2 => {
            // Two blocks change places.
            let (first, second) = (image[a..a + BLOCK].to_vec(), image[b..b + BLOCK].to_vec());
            image[a..a + BLOCK].copy_from_slice(&second);
            image[b..b + BLOCK].copy_from_slice(&first);
        }
        3 => image.copy_within(a..a + BLOCK, b),
        4 => image[a..a + BLOCK].fill([0, 0xff][random.below(2)]),
        5 => image.truncate((1 + random.below(blocks)) * BLOCK),
        6 => {
            // A block of another image.
            let other = &seeds[random.below(seeds.len())];
            let from = random.below(other.len() / BLOCK) * BLOCK;
            image[b..b + BLOCK].copy_from_slice(&other[from..from + BLOCK]);
        }
        7..=8 => {
            // A pointer at the head of a block, or some other word there.
            let word = interesting(image, random).to_le_bytes();
            let near = 1 + random.below(8);
            let at = a + 4 * random.below(near);
            image[at..at + 4].copy_from_slice(&word);
        }
        _ => {
            let at = metadata_block(image, random);
            let Some(mut metadata) = Metadata::parse(&image[at * BLOCK..][..BLOCK]) else {
                return;
            };
            edit(&mut metadata, image, random);
            if let Some(block) = metadata.seal() {
                image[at * BLOCK..][..BLOCK].copy_from_slice(&block);
            }
        }
    }
}

/// A block with valid metadata, or just any if there is none.
fn metadata_block(image: &[u8], random: &mut Random) -> usize {
    let blocks = image.len() / BLOCK;
    let start = random.below(blocks);
    let all = (0..blocks).map(|block| (start + block) % blocks);
    let mut valid = all.filter(|block| Metadata::parse(&image[block * BLOCK..][..BLOCK]).is_some());
    valid.next().unwrap_or(start)
}

/// A number that means something in this image, or almost.
fn interesting(image: &[u8], random: &mut Random) -> u32 {
    let blocks = (image.len() / BLOCK) as u32;
    match random.below(8) {
        0 => random.next() as u32,
        1 => blocks + random.below(3) as u32 - 1,
        2 => u32::MAX - random.below(2) as u32,
        3 => 0x8000_0000 + random.below(2) as u32,
        4 => random.below(3) as u32,
        _ => random.below(blocks as usize) as u32,
    }
}

/// Changes records of a block that will be sealed again.
fn edit(metadata: &mut Metadata, image: &[u8], random: &mut Random) {
    const KINDS: [u16; 16] = [
        metadata::REG,
        metadata::DIR,
        metadata::SUPERBLOCK,
        metadata::DIR_STRUCT,
        metadata::INLINE_STRUCT,
        metadata::CTZ_STRUCT,
        metadata::USER_ATTR + 0x66,
        metadata::USER_ATTR,
        metadata::CREATE,
        metadata::DELETE,
        metadata::FCRC,
        metadata::SOFT_TAIL,
        metadata::HARD_TAIL,
        metadata::MOVE_STATE,
        0x482,
        0x003,
    ];
    let any_kind = |random: &mut Random| match random.below(6) {
        0 => random.below(0x800) as u16,
        _ => KINDS[random.below(KINDS.len())],
    };
    let any_id = |random: &mut Random| match random.below(4) {
        0 => random.below(0x400) as u16,
        _ => random.below(12) as u16,
    };
    let commit = random.below(metadata.commits.len());
    let records = &mut metadata.commits[commit];
    if records.is_empty() {
        metadata.revision = interesting(image, random);
        return;
    }
    let at = random.below(records.len());
    match random.below(16) {
        0 => records[at].kind = any_kind(random),
        1 => records[at].id = any_id(random),
        2 => records[at].id = (records[at].id + [1, 0x3ff][random.below(2)]) & 0x3ff,
        3 => {
            // The length, with data to match.
            let length = [0, 1, 4, 7, 8, 9, 12, 24, 255, 256, 1022][random.below(11)];
            records[at].length = length;
            records[at].data.resize(length.into(), b'x');
        }
        4 => {
            // The length, so that what follows is taken for something else.
            records[at].length = random.below(0x400) as u16;
        }
        5..=8 => {
            // A number in the data: pointers and sizes.
            let word = interesting(image, random).to_le_bytes();
            let data = &mut records[at].data;
            if data.len() >= 4 {
                let at = 4 * random.below(data.len() / 4);
                data[at..at + 4].copy_from_slice(&word);
            }
        }
        9 => {
            let data = &mut records[at].data;
            if !data.is_empty() {
                let at = random.below(data.len());
                data[at] = [b'/', 0, b'.', 0xff, b'z', b'A'][random.below(6)];
            }
        }
        10 => drop(records.remove(at)),
        11 => records.insert(at, records[random.below(records.len())].clone()),
        12 => {
            let other = random.below(records.len());
            records.swap(at, other);
        }
        13 => {
            let (a, b) = (interesting(image, random), interesting(image, random));
            let data = match random.below(3) {
                0 => two(a, b).to_vec(),
                1 => b"name".to_vec(),
                _ => Vec::new(),
            };
            let new = match random.below(6) {
                0 => Record {
                    length: 0x3ff,
                    ..record(any_kind(random), any_id(random), &[])
                },
                1 => record(any_kind(random), metadata::NONE, &data),
                _ => record(any_kind(random), any_id(random), &data),
            };
            records.insert(at, new);
        }
        14 => metadata.revision = interesting(image, random),
        _ => drop(metadata.commits.remove(commit)),
    }
    if metadata.commits.is_empty() {
        metadata.commits.push(Vec::new());
    }
}

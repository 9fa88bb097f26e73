//! Images that this crate builds are read by C littlefs and littlefs-python, and the other way.

use crate::common::{
    c::{self, C},
    model::{Op, Tree},
    ours,
    python::{self, Python},
    random::Random,
};
use littlefs_image::{
    BLOCK_SIZE,
    build::{BuildError, DiskVersion, Options, Place},
};

/// Blocks of the disks of the random tests; the largest trees need about half of them.
const BLOCKS: u32 = 1024;

const VERSIONS: [u32; 2] = [0x0002_0000, 0x0002_0001];

#[test]
fn random_trees_read_back_identically_everywhere() {
    let mut random = Random::for_test("random trees");
    let mut python = Python::start();
    let mut gaps = 0;
    for case in 0..150 {
        let tree = Tree::random(&mut random);
        let version = random.below(2);
        let disk_version = [DiskVersion::V2_0, DiskVersion::V2_1][version];
        let options = Options {
            block_count: BLOCKS,
            version: disk_version,
            ..Options::default()
        };
        // In every other one the files have places, some of which cannot be kept.
        let mut places = Vec::new();
        for path in tree.nodes.keys().filter(|_| case % 2 == 1) {
            let block = (random.below(3) > 0).then(|| random.below(BLOCKS as usize) as u32);
            let rank = random.below(3) as u32;
            places.push((path.clone(), Place { rank, block }));
        }
        let build = |random: &mut Random| {
            let mut builder = ours::builder(&tree, random)?;
            for (path, place) in &places {
                builder.place(path, *place)?;
            }
            builder.build(&options)
        };
        let image = build(&mut random).expect("it fits");
        assert_eq!(image.len() % BLOCK_SIZE, 0);
        assert_eq!(&image[8..16], b"littlefs");
        assert_eq!(&image[BLOCK_SIZE + 8..BLOCK_SIZE + 16], b"littlefs");

        let report = ours::check(&image).expect("the check passes");
        if places.is_empty() {
            let used = report.blocks_used as usize;
            assert_eq!(used * BLOCK_SIZE, image.len(), "no block is wasted");
        } else {
            let last = report.last_used_block as usize;
            assert_eq!((last + 1) * BLOCK_SIZE, image.len());
            gaps += u32::from(report.blocks_used <= report.last_used_block);
        }

        let again = build(&mut random).expect("it fits");
        assert!(
            image == again,
            "case {case}: another order gives other bytes"
        );
        assert_same(&format!("case {case}, ours"), &ours::read(&image), &tree);

        let cache = [64, 128, 512, 4096][random.below(4)];
        // A driver for 2.0 refuses 2.1, one for 2.1 takes both.
        let version = VERSIONS[random.within(version, 1)];
        let config = c::Config {
            block_count: BLOCKS,
            cache,
            version,
            ..c::Config::default()
        };
        let c = C::mount(&image, &config).expect("C mounts it");
        assert_same(&format!("case {case}, C"), &c.tree(), &tree);

        let cache = Some(cache).filter(|cache| *cache != 4096);
        let config = python::Config {
            block_count: BLOCKS,
            cache,
            ..python::Config::default()
        };
        assert_same(
            &format!("case {case}, Python"),
            &python.read(&image, &config),
            &tree,
        );
    }
    assert!(gaps > 30, "{gaps} with gaps");
}

#[test]
fn every_name_of_a_split_directory_is_found() {
    let mut random = Random::for_test("split directories");
    let mut python = Python::start();
    for _ in 0..4 {
        let mut tree = Tree::default();
        tree.add_crowd(&mut random);
        // Names that begin others, in all lengths: where orders differ.
        for length in 1..=200 {
            tree.insert(&"p".repeat(length), Some(vec![length as u8; length * 4]));
        }
        let options = Options::default();
        let image = ours::build(&tree, &options, &mut random).expect("it fits");
        assert_same("ours", &ours::read(&image), &tree);
        let c = C::mount(&image, &c::Config::default()).expect("C mounts it");
        assert_same("C", &c.tree(), &tree);
        assert_same(
            "Python",
            &python.read(&image, &python::Config::default()),
            &tree,
        );
    }
}

#[test]
fn what_c_writes_and_changes_reads_back_identically() {
    let mut random = Random::for_test("C writes");
    for case in 0..150 {
        let config = c::Config {
            block_count: BLOCKS,
            cache: [64, 512][random.below(2)],
            version: VERSIONS[random.below(2)],
            // Small numbers make metadata move, the root's too.
            block_cycles: [-1, 512, 20, 2][random.below(4)],
            name_max: [0, 255][random.below(2)],
        };
        let mut c = C::format(&config);
        let mut tree = Tree::default();
        for step in 0..random.below(150) {
            let op = tree.random_op(&mut random, 500_000);
            c.apply(&op)
                .unwrap_or_else(|failure| panic!("{failure:?} at {op:?}"));
            tree.apply(&op);
            if random.one_in(50) {
                assert_same(
                    &format!("case {case}, {step}"),
                    &ours::read(&c.image()),
                    &tree,
                );
            }
        }
        assert_same(&format!("case {case}, C"), &c.tree(), &tree);
        assert_same(
            &format!("case {case}, {config:?}"),
            &ours::read(&c.image()),
            &tree,
        );
    }
}

#[test]
fn many_commits_in_one_directory_read_back_identically() {
    let mut random = Random::for_test("many commits");
    let config = c::Config {
        cache: 64,
        ..c::Config::default()
    };
    let mut c = C::format(&config);
    let mut tree = Tree::default();
    for step in 0..600 {
        let path = format!("f{}", random.below(12));
        let op = match tree.nodes.get(&path) {
            Some(_) if random.one_in(4) => Op::Remove(path),
            Some(_) if random.one_in(3) => {
                let length = random.below(20);
                Op::SetAttribute(path, 0x66, random.bytes(length))
            }
            _ => {
                let length = random.below(60);
                Op::Write(path, random.bytes(length))
            }
        };
        c.apply(&op).expect("C does it");
        tree.apply(&op);
        assert_same(&format!("step {step}"), &ours::read(&c.image()), &tree);
    }
}

#[test]
fn what_python_writes_and_changes_reads_back_identically() {
    let mut random = Random::for_test("Python writes");
    let mut python = Python::start();
    for case in 0..80 {
        let config = python::Config {
            block_count: BLOCKS,
            cache: [None, Some(64), Some(512)][random.below(3)],
            version: [None, Some(VERSIONS[0]), Some(VERSIONS[1])][random.below(3)],
            format_count: None,
        };
        let mut ops = Tree::random(&mut random).ops();
        ops.retain(python::can);
        let mut tree = Tree::of(&ops);
        for _ in 0..random.below(60) {
            let op = tree.random_op(&mut random, 500_000);
            if python::can(&op) {
                tree.apply(&op);
                ops.push(op);
            }
        }
        let (image, _) = python.write(&[], &ops, &config).expect("Python does it");
        assert_same(
            &format!("case {case}, {config:?}"),
            &ours::read(&image),
            &tree,
        );
    }
}

#[test]
fn a_compacted_image_of_python_reads_back_identically() {
    let mut random = Random::for_test("Python compacts");
    let mut python = Python::start();
    for _ in 0..20 {
        let mut ops = Tree::random(&mut random).ops();
        ops.retain(python::can);
        let tree = Tree::of(&ops);
        let large = python::Config {
            block_count: BLOCKS,
            ..python::Config::default()
        };
        let (_, used) = python.write(&[], &ops, &large).expect("Python does it");
        let format_count = Some(used as u32 + 4);
        let compact = python::Config {
            format_count,
            ..large
        };
        let (mut image, _) = python.write(&[], &ops, &compact).expect("Python does it");
        image.truncate((used as usize + 4) * BLOCK_SIZE);
        assert_same("compact", &ours::read(&image), &tree);
    }
}

#[test]
fn what_we_build_can_be_changed_by_c() {
    let mut random = Random::for_test("C changes ours");
    for case in 0..60 {
        let mut tree = Tree::random(&mut random);
        let version = [DiskVersion::V2_0, DiskVersion::V2_1][random.below(2)];
        let options = Options {
            block_count: BLOCKS,
            version,
            ..Options::default()
        };
        let image = ours::build(&tree, &options, &mut random).expect("it fits");
        // With a smaller cache C reads our inline files right, but does not change them right.
        let cache = [512, 4096][random.below(2)];
        let config = c::Config {
            block_count: BLOCKS,
            cache,
            ..c::Config::default()
        };
        let mut c = C::mount(&image, &config).expect("C mounts it");
        for _ in 0..random.below(60) {
            let op = tree.random_op(&mut random, 500_000);
            c.apply(&op)
                .unwrap_or_else(|failure| panic!("{failure:?} at {op:?}"));
            tree.apply(&op);
        }
        assert_same(&format!("case {case}, C"), &c.tree(), &tree);
        assert_same(
            &format!("case {case}, ours"),
            &ours::read(&c.image()),
            &tree,
        );
    }
}

#[test]
fn an_image_that_fills_its_blocks_to_the_last_mounts_and_one_block_less_is_refused() {
    let mut random = Random::for_test("full images");
    for _ in 0..20 {
        let tree = Tree::random(&mut random);
        let large = Options {
            block_count: BLOCKS,
            ..Options::default()
        };
        let length = ours::build(&tree, &large, &mut random)
            .expect("it fits")
            .len();
        let block_count = (length / BLOCK_SIZE) as u32;

        let full = Options {
            block_count,
            ..large.clone()
        };
        let image = ours::build(&tree, &full, &mut random).expect("it fits");
        assert_eq!(image.len(), length);
        let config = c::Config {
            block_count,
            ..c::Config::default()
        };
        assert_same(
            "C",
            &C::mount(&image, &config).expect("C mounts it").tree(),
            &tree,
        );

        let small = Options {
            block_count: block_count - 1,
            ..large
        };
        assert_eq!(
            ours::build(&tree, &small, &mut random),
            Err(BuildError::DoesNotFit {
                needed_blocks: u64::from(block_count),
                block_count: block_count - 1
            })
        );
    }
}

#[test]
fn images_are_as_small_as_those_of_python() {
    let mut random = Random::for_test("sizes");
    let mut python = Python::start();
    let config = python::Config {
        block_count: BLOCKS,
        ..python::Config::default()
    };
    let options = Options {
        block_count: BLOCKS,
        ..Options::default()
    };
    let (mut ours, mut theirs) = (0, 0);
    for _ in 0..20 {
        let mut ops = Tree::random(&mut random).ops();
        ops.retain(python::can);
        let image = ours::build(&Tree::of(&ops), &options, &mut random).expect("it fits");
        let blocks = (image.len() / BLOCK_SIZE) as u64;
        let (_, used) = python.write(&[], &ops, &config).expect("Python does it");
        ours += blocks;
        theirs += used;
    }
    println!("{ours} blocks, Python {theirs}");
    // A directory may need one more pair now and then: some room of a pair stays free.
    assert!(ours * 100 <= theirs * 101, "{ours} blocks, Python {theirs}");
}

/// Compares, with a message that shows the difference instead of all bytes.
fn assert_same<E: std::fmt::Debug>(what: &str, found: &Result<Tree, E>, tree: &Tree) {
    let found = found
        .as_ref()
        .unwrap_or_else(|error| panic!("{what}: {error:?}"));
    assert_eq!(
        found.attributes, tree.attributes,
        "{what}: the root's attributes"
    );
    for (path, node) in &tree.nodes {
        let got = found.nodes.get(path);
        assert!(
            got == Some(node),
            "{what}: {path:?} is {got:?}\ninstead of {node:?}"
        );
    }
    let more: Vec<_> = found
        .nodes
        .keys()
        .filter(|path| !tree.nodes.contains_key(*path))
        .collect();
    assert!(more.is_empty(), "{what}: there is also {more:?}");
}

//! What the builder promises besides images that others can read.

use crate::common::{model::Tree, ours, random::Random};
use littlefs_image::{
    BLOCK_SIZE,
    build::{BuildError, Builder, DiskVersion, NameProblem, Options, Place},
    format::ctz_blocks,
    read::{DEPTH_MAX, ENTRIES_MAX, Image, Node, PATH_MAX},
    run,
};
use sha2::{Digest, Sha256};

/// Content that differs from block to block.
fn content(length: usize, seed: u8) -> Vec<u8> {
    (0..length)
        .map(|at| (at / 7 + at / 4096) as u8 ^ seed)
        .collect()
}

fn sample() -> Builder {
    let mut builder = Builder::new();
    builder.file("index.html", "<h1>Hello</h1>").expect("valid");
    builder
        .file("assets/app.js", content(40_000, 1))
        .expect("valid");
    builder
        .file("assets/app.js.gz", content(9_000, 2))
        .expect("valid");
    builder
        .file("assets/zoom.css", content(5_000, 3))
        .expect("valid");
    builder.dir("assets/empty").expect("valid");
    builder.attr("", 0x6d, b"of the root").expect("valid");
    builder.attr("index.html", 0x66, &[7; 16]).expect("valid");
    builder
}

#[test]
fn the_bytes_of_an_image_are_the_same_in_every_release() {
    // Not a CRC-32: metadata ends in its own, and with it any adds up to the same.
    for (version, sum) in [
        (
            DiskVersion::V2_0,
            "9f33d6e04674263c32831bfad63bd3fce86c5ab71465202eb9060e1d650af728",
        ),
        (
            DiskVersion::V2_1,
            "413212b34bad0dc71c13b9e6a487dc9dc03fbe2eb91f66a8e055334e36b1d25b",
        ),
    ] {
        let options = Options {
            version,
            ..Options::default()
        };
        let image = sample().build(&options).expect("it fits");
        let found: String = Sha256::digest(&image)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(
            (image.len(), found.as_str()),
            (21 * BLOCK_SIZE, sum),
            "{version:?}"
        );
    }
}

#[test]
fn an_empty_tree_is_an_empty_file_system() {
    let image = Builder::new().build(&Options::default()).expect("it fits");
    assert_eq!(image.len(), 2 * BLOCK_SIZE);
    assert_eq!(ours::read(&image), Ok(Tree::default()));
}

#[test]
fn a_change_within_a_file_changes_its_blocks_and_its_directory_only() {
    let before = sample().build(&Options::default()).expect("it fits");
    let mut builder = sample();
    builder.file("assets/more.js", "").expect("valid");
    let more = builder.build(&Options::default()).expect("it fits");
    // An empty file stands in its directory's metadata, which is the second pair.
    assert_eq!(changed_blocks(&before, &more), [2]);

    let mut builder = Builder::new();
    builder.file("a", content(20_000, 1)).expect("valid");
    builder.file("b", content(20_000, 2)).expect("valid");
    let before = builder.build(&Options::default()).expect("it fits");
    let mut builder = Builder::new();
    let mut edited = content(20_000, 1);
    edited[10_000] ^= 1;
    builder.file("a", edited).expect("valid");
    builder.file("b", content(20_000, 2)).expect("valid");
    let after = builder.build(&Options::default()).expect("it fits");
    assert_eq!(changed_blocks(&before, &after), [4]);
}

fn changed_blocks(before: &[u8], after: &[u8]) -> Vec<usize> {
    assert_eq!(before.len(), after.len());
    let pairs = before.chunks(BLOCK_SIZE).zip(after.chunks(BLOCK_SIZE));
    pairs
        .enumerate()
        .filter(|(_, (a, b))| a != b)
        .map(|(block, _)| block)
        .collect()
}

/// A file for [`placed`]: its path, its blocks, its rank and the block that it should begin at.
type Wish<'a> = (&'a str, usize, u32, Option<u32>);

/// Builds files that should be somewhere, checks the image, and says where they begin and how long the image is.
fn placed(wishes: &[Wish<'_>], block_count: u32) -> (Vec<u32>, usize) {
    let options = Options {
        block_count,
        ..Options::default()
    };
    let mut builder = Builder::new();
    for (seed, &(path, blocks, rank, block)) in (0..).zip(wishes) {
        let data = content(blocks * (BLOCK_SIZE - 40), seed);
        builder.file(path, data).expect("valid");
        builder.place(path, Place { rank, block }).expect("there");
    }
    let image = builder.build(&options).expect("it fits");
    let report = ours::check(&image).expect("the check passes");
    let blocks = image.len() / BLOCK_SIZE;
    assert_eq!(report.last_used_block as usize, blocks - 1);
    let tree = ours::read(&image).expect("it reads");
    let mut bytes = &image[..];
    let mounted = run(Image::mount(&mut bytes, blocks as u32)).expect("it mounts");
    let mut used = vec![false; blocks];
    let begins = (0..).zip(wishes).map(|(seed, &(path, blocks, ..))| {
        let data = content(blocks * (BLOCK_SIZE - 40), seed);
        assert_eq!(tree.nodes[path].data, Some(data), "{path}");
        let entry = run(mounted.find(&mut bytes, path))
            .expect("sound")
            .expect("there");
        let Node::File(file) = entry.node else {
            panic!("{path}: no file")
        };
        assert_eq!(ctz_blocks(file.size()) as usize, blocks, "{path}");
        let first = file.last_block().expect("blocks of its own") + 1 - blocks as u32;
        used[first as usize..][..blocks].fill(true);
        first
    });
    let begins = begins.collect();
    for (block, _) in used.iter().enumerate().skip(2).filter(|(_, used)| !**used) {
        let bytes = &image[block * BLOCK_SIZE..][..BLOCK_SIZE];
        // All is in the root directory.
        assert!(bytes.iter().all(|&byte| byte == 0xff), "block {block}");
    }
    (begins, blocks)
}

#[test]
fn files_lie_in_the_order_of_their_ranks_and_begin_where_they_should() {
    for (why, wishes, begins, blocks) in [
        (
            "ranks go before the order of the tree",
            &[("a", 3, 2, None), ("b", 1, 1, None), ("c", 2, 1, None)][..],
            &[5, 2, 3][..],
            8,
        ),
        (
            "a place goes before a rank, gaps are filled first",
            &[
                ("a", 3, 0, Some(6)),
                ("b", 2, 1, None),
                ("c", 4, 2, None),
                ("d", 2, 3, None),
            ],
            &[6, 2, 9, 4],
            13,
        ),
        (
            "one that grew does not drive away the one behind it",
            &[
                ("a", 3, 0, Some(2)),
                ("b", 2, 0, Some(4)),
                ("c", 1, 0, Some(6)),
            ],
            &[7, 4, 6],
            10,
        ),
        (
            "nothing takes the place of the root, and two that want the same have an order",
            &[
                ("a", 1, 0, Some(1)),
                ("b", 1, 0, Some(5)),
                ("c", 1, 0, Some(5)),
            ],
            &[2, 5, 3],
            6,
        ),
        (
            "places that the image may not have do not count",
            &[
                ("a", 2, 0, Some(19)),
                ("b", 2, 0, Some(u32::MAX)),
                ("c", 2, 0, Some(8)),
            ],
            &[2, 4, 8],
            10,
        ),
        (
            "with its gaps it would not fit: none are left",
            &[
                ("a", 9, 0, Some(2)),
                ("b", 8, 0, Some(10)),
                ("c", 1, 0, None),
            ],
            &[2, 11, 19],
            20,
        ),
    ] {
        assert_eq!(placed(wishes, 20), (begins.to_vec(), blocks), "{why}");
        // The same, from another order.
        let turned: Vec<_> = wishes.iter().rev().copied().collect();
        assert_eq!(placed(&turned, 20).1, blocks, "{why}");
    }
}

#[test]
fn one_more_pair_of_metadata_drives_no_file_away() {
    let with = |files: usize| {
        let mut builder = Builder::new();
        builder.file("a", content(20_000, 1)).expect("valid");
        let place = Place {
            rank: 0,
            block: Some(4),
        };
        builder.place("a", place).expect("there");
        for file in 0..files {
            builder.file(&format!("d/{file:x}"), "").expect("valid");
        }
        builder.build(&Options::default()).expect("it fits")
    };
    let (few, many) = (with(1), with(600));
    assert_eq!(many.len(), few.len() + 4 * BLOCK_SIZE);
    // What follows the first pair of `d` stands in it.
    assert_eq!(changed_blocks(&few, &many[..few.len()]), [2]);
    assert_eq!(ours::read(&many).expect("it reads").nodes.len(), 602);
}

#[test]
fn what_is_not_there_has_no_place() {
    let mut builder = Builder::new();
    let error = BuildError::NotFound { path: "a".into() };
    assert_eq!(builder.place("a", Place::default()).map(drop), Err(error));
}

#[test]
fn paths_that_a_file_system_or_a_server_can_not_carry_are_refused() {
    for (path, problem) in [
        ("", NameProblem::Empty),
        ("/a", NameProblem::Empty),
        ("a/", NameProblem::Empty),
        ("a//b", NameProblem::Empty),
        (".", NameProblem::Dots),
        ("a/..", NameProblem::Dots),
        ("../a", NameProblem::Dots),
        ("a/./b", NameProblem::Dots),
        ("a\0b", NameProblem::Control),
        ("a/b\n", NameProblem::Control),
        ("\x7f", NameProblem::Control),
    ] {
        let error = BuildError::BadName {
            path: path.into(),
            problem,
        };
        assert_eq!(Builder::new().file(path, "").map(drop), Err(error.clone()));
        assert_eq!(Builder::new().dir(path).map(drop), Err(error.clone()));
        if !path.is_empty() {
            assert_eq!(Builder::new().attr(path, 1, b"").map(drop), Err(error));
        }
    }
    // Dots are fine where they mean nothing.
    assert!(Builder::new().file("..a/.b./...", "").is_ok());
}

#[test]
fn lengths_and_depths_are_allowed_up_to_their_limits() {
    let name = "n".repeat(255);
    assert!(Builder::new().file(&name, "").is_ok());
    let path = "n".repeat(256);
    let error = BuildError::NameTooLong {
        path: path.clone(),
        name_max: 255,
    };
    assert_eq!(Builder::new().file(&path, "").map(drop), Err(error));

    let path = format!("{}/{}", "a".repeat(PATH_MAX - 101), "b".repeat(100));
    assert!(Builder::new().file(&path, "").is_ok());
    let path = format!("{path}b");
    let error = BuildError::PathTooLong { path: path.clone() };
    assert_eq!(Builder::new().file(&path, "").map(drop), Err(error));

    let deep = vec!["d"; DEPTH_MAX].join("/");
    let mut builder = Builder::new();
    assert!(builder.dir(&deep).is_ok());
    assert!(builder.file(&format!("{deep}/file"), "").is_ok());
    let path = format!("{deep}/d");
    let error = BuildError::TooDeep { path: path.clone() };
    assert_eq!(builder.dir(&path).map(drop), Err(error));
    let path = format!("{deep}/d/file");
    let error = BuildError::TooDeep { path: path.clone() };
    assert_eq!(builder.file(&path, "").map(drop), Err(error));
}

#[test]
fn a_path_is_taken_once() {
    let mut builder = Builder::new();
    builder.file("a/b", "").expect("valid");
    let taken = |path: &str| Err(BuildError::Duplicate { path: path.into() });
    let below = |path: &str| Err(BuildError::NotADirectory { path: path.into() });
    assert_eq!(builder.file("a/b", "").map(drop), taken("a/b"));
    assert_eq!(builder.file("a", "").map(drop), taken("a"));
    assert_eq!(builder.dir("a/b").map(drop), taken("a/b"));
    assert_eq!(builder.file("a/b/c/d", "").map(drop), below("a/b"));
    assert_eq!(builder.dir("a/b/c").map(drop), below("a/b"));
    assert!(builder.dir("a").is_ok(), "a directory may be named again");

    let image = builder.build(&Options::default()).expect("it fits");
    let paths: Vec<_> = ours::read(&image)
        .expect("it reads")
        .nodes
        .into_keys()
        .collect();
    assert_eq!(paths, ["a", "a/b"], "a refused call leaves nothing behind");
}

#[test]
fn attributes_are_refused_where_they_have_no_place() {
    let mut builder = Builder::new();
    builder.file("a", "").expect("valid");
    let error = BuildError::NotFound { path: "b".into() };
    assert_eq!(builder.attr("b", 1, b"").map(drop), Err(error));
    let error = BuildError::NotFound { path: "a/b".into() };
    assert_eq!(builder.attr("a/b", 1, b"").map(drop), Err(error));
    let error = BuildError::AttributeTooLarge {
        path: "a".into(),
        kind: 1,
        size: 1023,
    };
    assert_eq!(builder.attr("a", 1, &[0; 1023]).map(drop), Err(error));
    builder.attr("a", 1, &[0; 1022]).expect("valid");
    let error = BuildError::DuplicateAttribute {
        path: "a".into(),
        kind: 1,
    };
    assert_eq!(builder.attr("a", 1, b"").map(drop), Err(error));
}

#[test]
fn a_metadata_block_holds_all_attributes_that_are_accepted() {
    let mut random = Random::for_test("attributes");
    let mut builder = Builder::new();
    let name = "n".repeat(255);
    builder.file(&name, vec![1; 512]).expect("valid");
    for path in ["", &name] {
        let mut kind = 0;
        while builder.attr(path, kind, &random.bytes(200)).is_ok() {
            kind += 1;
        }
        let error = BuildError::TooManyAttributes { path: path.into() };
        assert_eq!(builder.attr(path, kind, &[0; 200]).map(drop), Err(error));
        // Up to the last byte.
        let mut length = 200;
        while builder.attr(path, kind, &random.bytes(length)).is_err() {
            length -= 1;
        }
        assert!(kind > 14);
    }
    let image = builder.build(&Options::default()).expect("it fits");
    assert_eq!(ours::read(&image).expect("it reads").nodes.len(), 1);
}

#[test]
fn attributes_are_counted_with_their_tags() {
    let mut builder = Builder::new();
    builder.file("a", "").expect("valid");
    for kind in 0..3 {
        builder.attr("a", kind, &[0; 1022]).expect("valid");
    }
    builder.attr("a", 3, b"").expect("valid");
    // A block less its revision, tail and checksum, the longest name and the largest inline file.
    let room = 4096 - 4 - (4 + 8) - (4 + 4) - (4 + 255) - (4 + 512);
    let left = room - 3 * (4 + 1022) - 4 - 4;
    let error = BuildError::TooManyAttributes { path: "a".into() };
    assert_eq!(
        builder.attr("a", 4, &vec![0; left + 1]).map(drop),
        Err(error)
    );
    assert!(builder.attr("a", 4, &vec![0; left]).is_ok());
}

#[test]
fn attributes_of_the_root_take_room_from_its_entries() {
    let mut builder = Builder::new();
    for kind in 0..3 {
        builder.attr("", kind, &[kind; 1000]).expect("valid");
    }
    for name in ["a", "b", "c", "d"] {
        builder.file(name, content(500, 1)).expect("valid");
    }
    let image = builder.build(&Options::default()).expect("it fits");
    assert_eq!(image.len(), 4 * BLOCK_SIZE, "a second pair is needed");
    assert_eq!(ours::read(&image).expect("it reads").nodes.len(), 4);
}

#[test]
fn a_metadata_pair_has_at_most_255_entries() {
    for (files, pairs) in [(255, 2), (256, 3), (510, 3), (511, 4)] {
        let mut builder = Builder::new();
        for file in 0..files {
            builder.file(&format!("d/{file:x}"), "").expect("valid");
        }
        let image = builder.build(&Options::default()).expect("it fits");
        assert_eq!(image.len(), 2 * pairs * BLOCK_SIZE, "{files} files");
    }
}

#[test]
fn files_and_directories_are_as_many_as_the_limit() {
    let mut builder = Builder::new();
    builder.dir("d/e").expect("valid");
    for file in 2..ENTRIES_MAX {
        builder.file(&format!("d/{file:04}"), "").expect("valid");
    }
    let image = builder.build(&Options::default()).expect("it fits");
    let report = ours::check(&image).expect("the check passes");
    assert_eq!((report.files, report.dirs), (ENTRIES_MAX - 2, 2));

    builder.file("d/e/one", "").expect("valid");
    let entries = ENTRIES_MAX as usize + 1;
    assert_eq!(
        builder.build(&Options::default()),
        Err(BuildError::TooManyEntries { entries })
    );
}

#[test]
fn options_are_kept_and_out_of_range_ones_refused() {
    let mut builder = Builder::new();
    builder.file("assets/abc", "").expect("valid");
    let short = Options {
        name_max: 6,
        ..Options::default()
    };
    let image = builder.build(&short).expect("it fits");
    let superblock = ours::check(&image).expect("the check passes").superblock;
    assert_eq!((superblock.block_count, superblock.name_max), (256, 6));
    assert_eq!(superblock.version, 0x0002_0001);

    let error = BuildError::NameTooLong {
        path: "assets".into(),
        name_max: 5,
    };
    assert_eq!(
        builder.build(&Options {
            name_max: 5,
            ..short.clone()
        }),
        Err(error)
    );
    let error = BuildError::NameTooLong {
        path: "assets/abcdefg".into(),
        name_max: 6,
    };
    let mut longer = builder.clone();
    longer.file("assets/abcdefg", "").expect("valid");
    assert_eq!(longer.build(&short), Err(error));
    for name_max in [0, 256] {
        let options = Options {
            name_max,
            ..short.clone()
        };
        assert_eq!(
            builder.build(&options),
            Err(BuildError::BadNameMax { name_max })
        );
    }
    for block_count in [0, 3] {
        let error = BuildError::DoesNotFit {
            needed_blocks: 4,
            block_count,
        };
        assert_eq!(
            builder.build(&Options {
                block_count,
                ..short.clone()
            }),
            Err(error)
        );
    }
}

#[test]
fn an_error_is_one_line_that_says_what_and_how_much() {
    let error = BuildError::DoesNotFit {
        needed_blocks: 300,
        block_count: 256,
    };
    assert_eq!(
        error.to_string(),
        "needs 300 blocks (1200 KiB), the image may have 256 (1024 KiB)"
    );
    let error = BuildError::BadName {
        path: "a\n/".into(),
        problem: NameProblem::Empty,
    };
    assert_eq!(error.to_string().lines().count(), 1);
}

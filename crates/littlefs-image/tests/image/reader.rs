//! What the reader promises: cheap reading, seeking, attributes, lookups, and its own memory.

use crate::watched::{Broken, Watched, checked};
use littlefs_image::{
    build::{Builder, Options},
    check::{Report, check},
    read::{Entry, Error, File, FileReader, Image, Node, Step, Walk},
    run,
};

/// Enough for any single call here.
const BUDGET: u64 = 16 << 20;

/// Bytes of a file that differ from place to place.
fn content(length: usize) -> Vec<u8> {
    (0..length)
        .map(|at| (at ^ at >> 8 ^ at >> 15) as u8)
        .collect()
}

fn image(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut builder = Builder::new();
    for (path, data) in files {
        builder.file(path, data.clone()).expect("a good path");
    }
    builder.build(&Options::default()).expect("it fits")
}

fn mount(storage: &mut Watched<'_>) -> Image {
    let blocks = storage.blocks();
    run(Image::mount(storage, blocks)).expect("it is whole")
}

fn find(image: &Image, storage: &mut Watched<'_>, path: &str) -> Option<Entry> {
    run(image.find(storage, path)).expect("it is whole")
}

fn file(image: &Image, storage: &mut Watched<'_>, path: &str) -> File {
    match find(image, storage, path).map(|entry| entry.node) {
        Some(Node::File(file)) => file,
        other => panic!("{path}: {other:?}"),
    }
}

#[test]
fn reading_a_large_file_costs_at_most_five_per_cent_more_than_its_bytes() {
    for size in [65_537, 300_000, 900_000] {
        let data = content(size);
        let bytes = image(&[("big", data.clone())]);
        let mut storage = Watched::new(&bytes, BUDGET);
        let image = mount(&mut storage);
        let mut reader = image.reader(&file(&image, &mut storage, "big"));
        (storage.read, storage.calls) = (0, 0);
        let mut buf = [0; 1024];
        let mut read = Vec::new();
        loop {
            match run(reader.read(&mut storage, &mut buf)).expect("it is whole") {
                0 => break,
                length => read.extend_from_slice(&buf[..length]),
            }
        }
        assert!(read == data);
        let cost = storage.read as f64 / size as f64;
        let calls = storage.calls as f64 / (size as f64 / 1024.0);
        println!("{size} bytes: {cost:.4} bytes read for each, {calls:.2} calls for each KiB");
        assert!(cost <= 1.05);
        assert!(calls <= 2.0);
    }
}

#[test]
fn seeking_leads_to_the_right_bytes_anywhere() {
    let data = content(400_000);
    let bytes = image(&[("big", data.clone()), ("small", data[..300].to_vec())]);
    let mut storage = Watched::new(&bytes, BUDGET);
    let image = mount(&mut storage);
    let big = file(&image, &mut storage, "big");
    let small = file(&image, &mut storage, "small");
    for (file, data) in [(big, &data[..]), (small, &data[..300])] {
        let mut reader = image.reader(&file);
        let mut at = 1;
        for _ in 0..2000 {
            at = at * 16_807 % 2_147_483_647_usize;
            let (position, length) = (at % (data.len() + 10), at % 5000);
            reader.seek(position as u32);
            let mut buf = vec![0; length];
            let read = run(reader.read(&mut storage, &mut buf)).expect("it is whole");
            let rest = data.get(position..).unwrap_or_default();
            assert_eq!(
                &buf[..read],
                &rest[..length.min(rest.len())],
                "{length} at {position}"
            );
            assert_eq!(reader.position() as usize, position + read);
        }
        reader.seek(u32::MAX);
        assert_eq!(run(reader.read(&mut storage, &mut [0; 8])), Ok(0));
    }
}

#[test]
fn a_failing_storage_is_reported_and_reading_can_go_on() {
    let data = content(50_000);
    let bytes = image(&[("big", data.clone())]);
    let mut storage = Watched::new(&bytes, BUDGET);
    let image = mount(&mut storage);
    let mut reader = image.reader(&file(&image, &mut storage, "big"));
    reader.seek(20_000);
    storage.budget = 0;
    let mut buf = [0; 1000];
    let failed = run(reader.read(&mut storage, &mut buf));
    assert_eq!(failed, Err(Error::Storage(Broken::OverBudget)));
    let failed = run(image.find(&mut storage, "big"));
    assert_eq!(failed, Err(Error::Storage(Broken::OverBudget)));
    storage.budget = BUDGET;
    assert_eq!(run(reader.read(&mut storage, &mut buf)), Ok(1000));
    assert_eq!(buf, data[20_000..21_000]);
}

#[test]
fn paths_are_found_however_they_are_spelled_but_not_upwards() {
    let bytes = image(&[("assets/app.js", content(9)), ("index.html", content(5))]);
    let mut storage = Watched::new(&bytes, BUDGET);
    let image = mount(&mut storage);
    let app = find(&image, &mut storage, "assets/app.js");
    assert!(app.is_some());
    assert_eq!(find(&image, &mut storage, "/assets//app.js/"), app);
    for missing in [
        "assets/app.j",
        "assets/app.js.gz",
        "assets/app.js/x",
        "asset",
        "App.js",
        "./index.html",
        "assets/../index.html",
        "..",
        &"x".repeat(2000),
    ] {
        assert_eq!(find(&image, &mut storage, missing), None, "{missing}");
    }
    for root in ["", "/", "//"] {
        let entry = find(&image, &mut storage, root).expect("the root is always there");
        assert_eq!(entry.node, Node::Dir(image.root()));
    }
}

#[test]
fn an_attribute_longer_than_the_buffer_gives_its_beginning_and_its_length() {
    let mut builder = Builder::new();
    builder.file("a", b"x".to_vec()).expect("a good path");
    builder.attr("a", 7, b"0123456789").expect("it fits");
    builder.attr("", 7, b"root").expect("it fits");
    let bytes = builder.build(&Options::default()).expect("it fits");
    let mut storage = Watched::new(&bytes, BUDGET);
    let image = mount(&mut storage);
    let a = find(&image, &mut storage, "a").expect("it is there");
    let root = find(&image, &mut storage, "").expect("it is there");
    let mut buf = [b'-'; 4];
    assert_eq!(run(image.attr(&mut storage, &a, 7, &mut buf)), Ok(Some(10)));
    assert_eq!(&buf, b"0123");
    assert_eq!(
        run(image.attr(&mut storage, &root, 7, &mut buf)),
        Ok(Some(4))
    );
    assert_eq!(&buf, b"root");
    assert_eq!(run(image.attr(&mut storage, &a, 8, &mut buf)), Ok(None));
}

#[test]
fn a_walk_goes_depth_first_in_the_order_of_littlefs_and_descends_where_it_meets() {
    let names = ["b/x", "a.js", "a.js.gz", "b/c/y", "c", "b.txt"];
    let files: Vec<_> = names.iter().map(|name| (*name, content(3))).collect();
    let bytes = image(&files);
    let mut storage = Watched::new(&bytes, BUDGET);
    let image = mount(&mut storage);
    let mut walk = image.walk();
    let mut seen = Vec::new();
    while let Some(step) = run(walk.next(&mut storage)).expect("it is whole") {
        let sign = match step {
            Step::Enter(_) => '>',
            Step::File(_) => ' ',
            Step::Leave => '<',
        };
        seen.push(format!("{sign}{}", walk.path()));
    }
    let order = [
        " a.js.gz", " a.js", " b.txt", ">b", ">b/c", " b/c/y", "<b/c", " b/x", "<b", " c",
    ];
    assert_eq!(seen, order);
    assert_eq!(
        run(walk.next(&mut storage)),
        Ok(None),
        "it stays at its end"
    );
}

#[test]
fn a_short_image_mounts_and_whatever_is_missing_is_an_error() {
    let bytes = image(&[("a", content(20)), ("big", content(100_000))]);
    let whole = checked(&mut Watched::new(&bytes, BUDGET)).expect("it is whole");
    let end = whole.last_used_block as usize;
    let mut storage = Watched::new(&bytes[..end * 4096], BUDGET);
    let image = mount(&mut storage);
    assert!(find(&image, &mut storage, "a").is_some());
    let mut failed = 0;
    if let Some(Entry {
        node: Node::File(big),
        ..
    }) = find(&image, &mut storage, "big")
    {
        let mut reader = image.reader(&big);
        let read = run(reader.read(&mut storage, &mut [0; 1000]));
        failed += u32::from(matches!(read, Err(Error::BlockOutside { .. })));
    }
    assert_eq!(failed, 1, "the last block is the head of the large file");
}

#[test]
fn memory_stays_within_what_the_device_has_for_it() {
    let bytes = image(&[("a", content(20))]);
    let mut storage = Watched::new(&bytes, BUDGET);
    let blocks = storage.blocks();
    let (mut sector, mut owners) = ([0; 4096], [0; 512]);
    let check = size_of_val(&check(&mut storage, blocks, &mut sector, &mut owners));
    let image = mount(&mut storage);
    let find = size_of_val(&image.find(&mut storage, "a"));
    let mut walk = image.walk();
    let next = size_of_val(&walk.next(&mut storage));
    println!(
        "futures: check {check}, find {find}, walk {next}; Walk {}, FileReader {}, Image {}",
        size_of::<Walk>(),
        size_of::<FileReader>(),
        size_of::<Image>()
    );
    // 8 KiB are for the whole update: a sector, two bytes for each of 512 blocks, and these.
    let update = 4096 + 2 * 512 + check.max(size_of::<Walk>() + size_of::<FileReader>() + next);
    assert!(update + size_of::<Report>() <= 7 * 1024, "{update}");
}

#[test]
fn an_attribute_of_an_entry_that_was_just_listed_or_found_costs_few_reads() {
    let mut builder = Builder::new();
    for file in 0..200 {
        let path = format!("{file:03}");
        builder.file(&path, "").expect("a good path");
        builder.attr(&path, 0x66, &[file; 4]).expect("it fits");
    }
    let bytes = builder.build(&Options::default()).expect("it fits");
    let mut storage = Watched::new(&bytes, BUDGET);
    let image = mount(&mut storage);
    let mut walk = image.walk();
    for file in 0..200 {
        let Ok(Some(Step::File(listed))) = run(walk.next(&mut storage)) else {
            panic!("{file} is missing");
        };
        let found = find(&image, &mut storage, walk.path());
        assert_eq!(found, Some(listed));
        let before = storage.calls;
        let mut value = [0; 4];
        let length = run(image.attr(&mut storage, &listed, 0x66, &mut value));
        assert_eq!((length, value), (Ok(Some(4)), [file; 4]));
        // The tag before it, which may stand across the edge of a window, and the value.
        assert!(
            storage.calls - before <= 3,
            "{file}: {} reads",
            storage.calls - before
        );
    }
}

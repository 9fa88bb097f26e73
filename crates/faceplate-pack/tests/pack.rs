//! What is packed comes out again, the same everywhere, and mistakes are named.

use std::io::Read as _;

use faceplate_pack::{
    Gzip, ImageError, Options, PackError, Packed, SIZE_MAX, Stamp, Unpacked, inspect, pack, unpack,
};
use littlefs_image::build::Builder;

fn text(len: usize) -> Vec<u8> {
    b"const answer = 42; // the same line again\n"
        .iter()
        .copied()
        .cycle()
        .take(len)
        .collect()
}

/// Bytes that do not compress.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..len).map(|_| next()).collect()
}

fn site() -> Vec<(String, Vec<u8>)> {
    [
        ("index.html", text(2000)),
        ("assets/app.js", text(300_000)),
        ("assets/logo.png", noise(20_000)),
        ("assets/deep/er/font.woff2", noise(5000)),
        ("favicon.svg", b"<svg/>".to_vec()),
        ("empty.txt", Vec::new()),
        (".DS_Store", noise(100)),
    ]
    .map(|(path, bytes)| (path.to_owned(), bytes))
    .into()
}

fn packed(files: Vec<(String, Vec<u8>)>) -> Packed {
    pack(files, &Options::default()).unwrap()
}

fn files(image: &[u8]) -> Vec<(String, Vec<u8>)> {
    let content = unpack(image).unwrap().into_iter();
    content
        .filter_map(|item| match item {
            Unpacked::File { path, bytes } => Some((path, bytes)),
            Unpacked::Folder { .. } => None,
        })
        .collect()
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    flate2::read::GzDecoder::new(bytes)
        .read_to_end(&mut content)
        .unwrap();
    content
}

#[test]
fn what_is_packed_comes_out_again_with_text_compressed() {
    let packed = packed(site());
    let mut found = files(&packed.image);
    found.sort();
    let names: Vec<&str> = found.iter().map(|(path, _)| &**path).collect();
    assert_eq!(
        names,
        [
            "assets/app.js.gz",
            "assets/deep/er/font.woff2",
            "assets/logo.png",
            "empty.txt",
            "favicon.svg",
            "index.html.gz",
        ]
    );
    assert_eq!(gunzip(&found[0].1), text(300_000));
    assert_eq!(found[2].1, noise(20_000));
    assert_eq!(found[4].1, b"<svg/>", "gzip would make this longer");
    assert_eq!(packed.report.skipped, [".DS_Store"]);
}

#[test]
fn the_report_tells_what_inspect_finds() {
    let Packed { image, report } = packed(site());
    let found = inspect(&image).unwrap();
    let manifest = found.manifest.unwrap();
    assert_eq!(found.sha256, report.sha256);
    assert_eq!(found.len, report.blocks_used * 4096);
    assert_eq!((found.block_count, report.blocks_total), (256, 256));
    assert_eq!(found.root_hash, Some(report.root_hash));
    assert_eq!(manifest.version, *report.version);
    assert_eq!((manifest.api_min, manifest.api_max), (1, 1));
    let mut sizes: Vec<(String, u64)> = found
        .files
        .into_iter()
        .map(|file| (file.path, file.size.into()))
        .collect();
    sizes.sort();
    let mut reported: Vec<(String, u64)> = report
        .files
        .iter()
        .map(|file| (file.stored_as.clone(), file.stored))
        .collect();
    reported.sort();
    assert_eq!(sizes, reported);
    let app = report
        .files
        .iter()
        .find(|file| file.path == "assets/app.js")
        .unwrap();
    assert_eq!(app.raw, 300_000);
    assert!(app.stored < 10_000);
}

#[test]
fn the_folder_of_sveltekit_counts_as_named_unless_all_that_is_named_is_listed() {
    for sveltekit in [true, false] {
        let options = Options {
            immutable: ["_app/immutable/b.js".to_owned()].into(),
            sveltekit,
            ..Options::default()
        };
        let files = ["index.html", "_app/immutable/a.js", "_app/immutable/b.js"];
        let files = files.map(|path| (path.to_owned(), b"1".to_vec()));
        let report = pack(files, &options).unwrap().report;
        let marked = report.files.iter().filter(|file| file.immutable);
        assert_eq!(marked.count(), if sveltekit { 2 } else { 1 });
    }
}

#[test]
fn every_file_is_marked_and_only_what_was_named_as_immutable() {
    let options = Options {
        immutable: [
            "assets/app.js",
            "assets/old.js",
            "assets/logo.png",
            "index.html",
            "help/a.htm",
            "faceplate-confirm.js",
            "no/such/file.js",
        ]
        .map(str::to_owned)
        .into(),
        stamp: Some(Stamp::Script),
        ..Options::default()
    };
    let more = [
        "assets/old.js.gz",
        "help/a.htm",
        "_app/immutable/x.js",
        "_app/immutable/x.html",
    ];
    let more = more.map(|path| (path.to_owned(), text(10)));
    let files = site().into_iter().chain(more);
    let Packed { image, report } = pack(files, &options).unwrap();
    let inspected = inspect(&image).unwrap().files;
    let found = inspected.iter().map(|file| (&*file.path, file.marks));
    let mut kept: Vec<_> = found
        .filter_map(|(path, marks)| marks.expect(path).immutable.then_some(path))
        .collect();
    kept.sort_unstable();
    let want = [
        "_app/immutable/x.js",
        "assets/app.js.gz",
        "assets/logo.png",
        "assets/old.js.gz",
    ];
    assert_eq!(kept, want);
    let reported = report.files.iter().filter(|file| file.immutable);
    let reported: Vec<_> = reported.map(|file| &*file.stored_as).collect();
    assert_eq!(reported, want);
}

#[test]
fn marks_change_neither_the_root_hash_nor_what_firmware_without_them_looks_at() {
    let marked = |path: &str| {
        let options = Options {
            immutable: [path.to_owned()].into(),
            ..Options::default()
        };
        pack(site(), &options).unwrap()
    };
    let (none, one) = (marked(""), marked("assets/app.js"));
    assert_eq!(none.report.root_hash, one.report.root_hash);
    assert_eq!(none.report.version, one.report.version);
    assert_ne!(none.image, one.image);
}

#[test]
fn the_order_of_the_files_does_not_matter() {
    let mut turned = site();
    turned.reverse();
    assert_eq!(packed(site()).image, packed(turned).image);
}

#[test]
fn the_image_is_the_same_on_every_machine() {
    // A change of these is a change of every image that users have packed: say so in the changelog.
    let sha256 = |gzip| {
        let options = Options {
            gzip,
            ..Options::default()
        };
        let bytes = pack(site(), &options).unwrap().report.sha256;
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    assert_eq!(
        sha256(Gzip::Never),
        "0f9182dfeeb32a7ec42fc6dd93f968d5d829ed810f8c76455a01fbf053ac180e"
    );
    assert_eq!(
        sha256(Gzip::Auto),
        "bc2ad66f907e5bd0ea66a630fe06ace53effd3bcb2be55473f3cff64d02ee09b"
    );
}

#[test]
fn the_version_is_the_one_given_or_tells_contents_apart() {
    let with = |version: Option<&str>, files| {
        let options = Options {
            version: version.map(str::to_owned),
            ..Options::default()
        };
        pack(files, &options).unwrap().report
    };
    assert_eq!(with(Some("1.2.3"), site()).version, "1.2.3");
    let own = with(None, site());
    assert_eq!(own.version.len(), 8);
    let mut changed = site();
    changed[2].1[7] ^= 1;
    let changed = with(None, changed);
    assert_ne!(own.version, changed.version);
    assert_ne!(own.root_hash, changed.root_hash);
}

#[test]
fn names_around_each_others_beginnings_keep_the_root_hash_right() {
    // LittleFS sorts a longer name before its own beginning, also where folders are concerned.
    let names = [
        "index.html",
        "a",
        "a.b/c",
        "a.b/c.d",
        "ab",
        "a.b.c",
        "b/a/x",
        "b/a.x",
        "b/ax",
    ];
    let files = names.map(|name| (name.to_owned(), name.as_bytes().to_vec()));
    inspect(&packed(files.into()).image).unwrap();
}

#[test]
fn many_files_in_many_folders_pass_the_devices_check() {
    let mut files = site();
    for number in 0..400 {
        let path = format!("f{}/g{}/file-{number}.js", number % 7, number % 3);
        files.push((path, text(number * 9)));
    }
    let packed = packed(files);
    assert_eq!(inspect(&packed.image).unwrap().files.len(), 406);
}

#[test]
fn without_gzip_everything_is_stored_as_it_is() {
    let options = Options {
        gzip: Gzip::Never,
        ..Options::default()
    };
    let image = pack(site(), &options).unwrap().image;
    let mut want = site();
    want.retain(|(path, _)| path != ".DS_Store");
    want.sort();
    let mut found = files(&image);
    found.sort();
    assert!(found == want);
}

#[test]
fn a_build_that_compressed_by_itself_is_stored_once() {
    let theirs = {
        use std::io::Write as _;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&text(9000)).unwrap();
        encoder.finish().unwrap()
    };
    let files_in = vec![
        ("index.html".to_owned(), text(9000)),
        ("index.html.gz".to_owned(), theirs.clone()),
    ];
    let Packed { image, report } = packed(files_in);
    assert!(files(&image) == [("index.html.gz".to_owned(), theirs.clone())]);
    assert_eq!(report.files.len(), 1);
    assert_eq!(
        (&*report.files[0].path, report.files[0].raw),
        ("index.html", 9000)
    );
    assert_eq!(report.files[0].stored, theirs.len() as u64);
}

#[test]
fn a_gz_of_several_members_is_compressed_again() {
    let member = |bytes: &[u8]| {
        use std::io::Write as _;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let whole = text(9000);
    let theirs = [member(&whole[..4000]), member(&whole[4000..])].concat();
    let Packed { image, report } = packed(vec![
        ("index.html".to_owned(), whole.clone()),
        ("index.html.gz".to_owned(), theirs),
    ]);
    assert_eq!(report.files.len(), 1);
    let found = files(&image);
    assert_eq!((found.len(), &*found[0].0), (1, "index.html.gz"));
    // The decoder here stops after the first member.
    assert!(gunzip(&found[0].1) == whole);
}

#[test]
fn files_that_the_firmware_hides_are_named() {
    let names = [
        "index.html",
        "api",
        "recovery/wifi",
        "apis/x.js",
        "recovery.html",
    ];
    let with = |names: &[&str]| {
        let files = names.iter().map(|name| ((*name).to_owned(), text(10)));
        packed(files.collect()).report.hidden
    };
    assert_eq!(with(&names), ["api", "recovery.html", "recovery/wifi"]);
    assert_eq!(with(&["index.html", "recovery"]), ["recovery"]);
    assert_eq!(with(&["index.html", "api/ota/status"]), ["api/ota/status"]);
    for page in [
        "recovery/index.html",
        "recovery/wifi.html",
        "recovery/wifi/index.html.gz",
    ] {
        assert_eq!(with(&["index.html", page]), [page]);
    }
    for other in ["recovery/x.html", "recovery/icon.svg", "api.html"] {
        assert!(with(&["index.html", other]).is_empty(), "{other}");
    }
}

#[test]
fn what_the_index_asks_for_in_vain_is_named() {
    let index = br#"<link rel="icon" href="/icon.svg"><script src="/a%20b.js?v=1"></script>
        <script src="assets/gone.js"></script><script src="https://cdn.example/x.js"></script>"#;
    let files = ["a b.js", "icon.svg.gz"].map(|name| (name.to_owned(), text(10)));
    let index = ("index.html".to_owned(), index.to_vec());
    let report = packed([index].into_iter().chain(files).collect()).report;
    assert_eq!(report.missing, ["/assets/gone.js"]);
}

#[test]
fn a_gz_of_something_else_leaves_both_files_as_they_are() {
    let files_in = vec![
        ("index.html".to_owned(), text(9000)),
        ("index.html.gz".to_owned(), b"not gzip".to_vec()),
        ("app.js".to_owned(), text(9000)),
        (
            "app.js.gz/readme.txt".to_owned(),
            b"a folder of that name".to_vec(),
        ),
    ];
    let mut found = files(&packed(files_in.clone()).image);
    found.sort();
    let mut want = files_in;
    want.sort();
    assert!(found == want);
}

#[test]
fn a_name_that_has_no_room_for_gz_is_stored_as_it_is() {
    let long = format!("{}.js", "n".repeat(251));
    let found = files(
        &packed(vec![
            ("index.html".to_owned(), Vec::new()),
            (long.clone(), text(9000)),
        ])
        .image,
    );
    assert!(found.contains(&(long, text(9000))));
}

#[test]
fn a_missing_index_is_named_with_the_folder_that_has_one() {
    let none = pack(vec![("app.js".to_owned(), text(10))], &Options::default()).unwrap_err();
    assert_eq!(none, PackError::NoIndex { nested: None });
    let nested = pack(
        vec![
            ("a/b/index.html".to_owned(), text(10)),
            ("dist/index.html".to_owned(), text(10)),
        ],
        &Options::default(),
    )
    .unwrap_err();
    assert_eq!(
        nested.to_string(),
        "there is no index.html at the top, but one in dist/; pack that folder instead"
    );
}

#[test]
fn what_does_not_fit_is_named_with_the_largest_files() {
    let mut files = site();
    files.push(("video.mp4".to_owned(), noise(1_100_000)));
    files.push(("photo.jpg".to_owned(), noise(70_000)));
    let error = pack(files, &Options::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "does not fit: needs 1216 KiB, the slot has 1024 KiB, 192 KiB too much. The largest as \
         stored: video.mp4 (1075 KiB), photo.jpg (69 KiB), assets/logo.png (20 KiB), \
         assets/deep/er/font.woff2 (5 KiB), assets/app.js.gz (2 KiB)"
    );
}

#[test]
fn a_smaller_slot_is_obeyed_to_the_block() {
    let used = packed(site()).report.blocks_used;
    let with = |blocks: u32| {
        pack(
            site(),
            &Options {
                size: blocks * 4096,
                ..Options::default()
            },
        )
    };
    assert_eq!(with(used).unwrap().report.blocks_total, used);
    assert!(matches!(with(used - 1), Err(PackError::DoesNotFit { .. })));
}

#[test]
fn sizes_that_no_slot_has_are_refused() {
    for size in [0, 4096, 10_000, SIZE_MAX + 4096] {
        let options = Options {
            size,
            ..Options::default()
        };
        assert_eq!(
            pack(site(), &options).unwrap_err(),
            PackError::Size { size }
        );
    }
}

#[test]
fn bad_names_versions_and_ranges_are_named() {
    let with = |path: &str| {
        let mut files = site();
        files.push((path.to_owned(), text(10)));
        pack(files, &Options::default()).unwrap_err().to_string()
    };
    for path in [
        "assets/a\nb.js",
        "../up.js",
        "assets//x.js",
        "/abs.js",
        "index.html",
    ] {
        let message = with(path);
        assert!(
            message.contains(&format!("{path:?}")),
            "{path:?}: {message}"
        );
    }
    let long = Options {
        version: Some("v".repeat(65)),
        ..Options::default()
    };
    assert!(matches!(pack(site(), &long), Err(PackError::Manifest(_))));
    let turned = Options {
        api: (3, 2),
        ..Options::default()
    };
    assert!(matches!(pack(site(), &turned), Err(PackError::Manifest(_))));
}

#[test]
fn an_image_of_another_tool_has_no_manifest_and_is_accepted() {
    let mut builder = Builder::new();
    builder.file("index.html", "<h1>Hello</h1>").unwrap();
    builder.dir("empty").unwrap();
    let image = builder
        .build(&littlefs_image::build::Options::default())
        .unwrap();
    let found = inspect(&image).unwrap();
    assert_eq!((found.manifest, found.files[0].marks), (None, None));
    assert!(unpack(&image).unwrap().contains(&Unpacked::Folder {
        path: "empty".to_owned()
    }));
}

#[test]
fn an_image_padded_to_the_slot_is_the_same_image() {
    let mut image = packed(site()).image;
    let short = inspect(&image).unwrap();
    image.resize(1 << 20, 0xff);
    let long = inspect(&image).unwrap();
    assert_eq!(long.files, short.files);
    assert_eq!(long.len, 1 << 20);
}

#[test]
fn an_image_whose_end_is_missing_is_called_truncated_wherever_it_was_cut() {
    let mut files = site();
    files.push(("assets/large.bin".to_owned(), noise(40_000)));
    let image = packed(files.clone()).image;
    // One that another tool made says nothing about its length.
    let mut builder = Builder::new();
    for (path, bytes) in files {
        builder.file(&path, bytes).unwrap();
    }
    let plain = builder.build(&littlefs_image::build::Options::default());
    for (image, from) in [(image, 4096), (plain.unwrap(), 8192)] {
        for len in (from..image.len()).step_by(1000) {
            let error = inspect(&image[..len]).unwrap_err().to_string();
            assert!(
                error.starts_with("the image is truncated: "),
                "{len}: {error}"
            );
        }
        for len in (8192..image.len()).step_by(4096) {
            let error = inspect(&image[..len]).unwrap_err().to_string();
            assert!(
                error.starts_with("the image is truncated: "),
                "{len}: {error}"
            );
        }
        // Where a block ends, no block is cut in the middle.
        let one = inspect(&image[..4096]).unwrap_err().to_string();
        let why = "the image is truncated: 4096 bytes long, but the shortest has 8192";
        assert_eq!(one, why);
        assert!(inspect(&image).is_ok());
    }
    let noise = inspect(&noise(5000)).unwrap_err();
    assert!(matches!(noise, ImageError::Length { .. }), "{noise}");
}

#[test]
fn a_change_of_any_stored_byte_of_a_file_is_found() {
    let image = packed(site()).image;
    let (_, png) = files(&image)
        .into_iter()
        .find(|(path, _)| path.ends_with("png"))
        .unwrap();
    let at = image
        .windows(64)
        // The font begins with the same bytes, and comes first.
        .rposition(|window| window == &png[..64])
        .unwrap();
    for offset in [0, 1000, 4000] {
        let mut damaged = image.clone();
        damaged[at + offset] ^= 1;
        let error = inspect(&damaged).unwrap_err().to_string();
        assert_eq!(error, "assets/logo.png: content does not match its hash");
    }
}

#[test]
fn what_is_no_image_is_refused() {
    assert!(matches!(
        inspect(b"PK\x03\x04"),
        Err(ImageError::Length { len: 4 })
    ));
    assert!(matches!(
        inspect(&vec![0; SIZE_MAX as usize + 4096]),
        Err(ImageError::TooLarge { .. })
    ));
    assert!(matches!(
        inspect(&vec![0; 8192]),
        Err(ImageError::Problem(_))
    ));
    let image = packed(site()).image;
    assert!(inspect(&image[..image.len() - 4096]).is_err());
}

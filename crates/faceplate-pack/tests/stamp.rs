//! A stamped build has one id, whoever stamps it and however often.

use std::collections::BTreeMap;

use faceplate_pack::{
    CONFIRM_SCRIPT, Options, PackError, Packed, SCRIPT_NAME, Stamp, Unpacked, inspect, pack, unpack,
};

use sha2::Digest;

type Files = Vec<(String, Vec<u8>)>;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, bytes).unwrap();
    encoder.finish().unwrap()
}

fn owned(files: &[(&str, &[u8])]) -> Files {
    let owned = |(path, bytes): &(&str, &[u8])| ((*path).to_owned(), bytes.to_vec());
    files.iter().map(owned).collect()
}

fn site() -> Files {
    owned(&[
        (
            "index.html",
            b"<!doctype html><head><script src=/app.js></script>",
        ),
        ("about/index.HTM", b"<link rel=stylesheet href=../a.css>"),
        ("app.js", b"let a = 1;"),
        ("a.css", b""),
        ("logo.png", &[0, 1, 2, 255]),
    ])
}

fn packed(files: Files, stamp: Option<Stamp>) -> Packed {
    let options = Options {
        stamp,
        ..Options::default()
    };
    pack(files, &options).unwrap()
}

fn stamped(files: Files) -> Packed {
    packed(files, Some(Stamp::Script))
}

/// What a tool does that stamps a folder: writes what changed, deletes what was left out.
fn on_disk(files: Files, packed: &Packed) -> Files {
    let mut files: BTreeMap<String, Vec<u8>> = files.into_iter().collect();
    files.extend(packed.report.changed.iter().cloned());
    for path in &packed.report.dropped {
        files.remove(path).expect("it was there");
    }
    files.into_iter().collect()
}

#[test]
fn a_stamped_image_says_its_build_in_its_manifest_and_in_each_page() {
    let Packed { image, report } = stamped(site());
    let build = report.build.unwrap();
    assert_eq!(
        inspect(&image).unwrap().manifest.unwrap().build,
        Some(build)
    );
    let meta = format!("<meta name=\"faceplate-build\" content=\"{build}\">");
    let page = |path: &str| {
        let mut changed = report.changed.iter();
        let (_, bytes) = changed.find(|(name, _)| name == path).unwrap();
        String::from_utf8(bytes.clone()).unwrap()
    };
    assert_eq!(
        page("index.html"),
        format!(
            "<!doctype html><head>{meta}<script src=\"/faceplate-confirm.js\"></script>\
             <script src=/app.js></script>"
        )
    );
    assert_eq!(
        page("about/index.HTM"),
        format!(
            "{meta}<script src=\"../faceplate-confirm.js\"></script>\
             <link rel=stylesheet href=../a.css>"
        )
    );
    assert_eq!(page(SCRIPT_NAME), CONFIRM_SCRIPT);
    assert_eq!(report.changed.len(), 3);
    assert!(report.unstamped.is_empty() && report.dropped.is_empty() && report.missing.is_empty());
    let names: Vec<_> = report.files.iter().map(|file| &*file.path).collect();
    assert!(names.contains(&SCRIPT_NAME));
}

#[test]
fn without_the_script_the_pages_have_the_id_alone() {
    let report = packed(site(), Some(Stamp::Id)).report;
    assert_eq!(report.changed.len(), 2);
    for (path, bytes) in &report.changed {
        let page = String::from_utf8_lossy(bytes);
        assert!(page.contains(&report.build.unwrap().to_string()), "{path}");
        assert!(!page.contains(SCRIPT_NAME), "{path}");
    }
    assert_ne!(report.build, stamped(site()).report.build);
}

#[test]
fn the_script_begins_with_what_it_is_recognised_by() {
    assert!(CONFIRM_SCRIPT.starts_with("/*! Faceplate"));
}

#[test]
fn the_same_files_have_the_same_id_in_any_order() {
    let want = stamped(site());
    for turn in 1..site().len() {
        let mut files = site();
        files.rotate_left(turn);
        assert_eq!(stamped(files), want);
    }
}

#[test]
fn one_changed_bit_of_any_file_or_name_is_another_build() {
    let mut ids = vec![stamped(site()).report.build];
    for (index, (_, bytes)) in site().iter().enumerate() {
        for at in 0..bytes.len() {
            let mut files = site();
            files[index].1[at] ^= 1;
            ids.push(stamped(files).report.build);
        }
        let mut files = site();
        files[index].1.push(b'\n');
        ids.push(stamped(files).report.build);
    }
    for path in ["app.mjs", "b/app.js"] {
        let mut files = site();
        files[2].0 = path.to_owned();
        ids.push(stamped(files).report.build);
    }
    // Where one file ends and the next begins counts.
    let mut files = site();
    files[3].1 = b"x".to_vec();
    ids.push(stamped(files).report.build);
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count);
}

#[test]
fn a_folder_that_was_stamped_packs_to_the_same_image_and_stamping_it_again_changes_nothing() {
    for stamp in [Stamp::Id, Stamp::Script] {
        let first = packed(site(), Some(stamp));
        let folder = on_disk(site(), &first);
        let plain = packed(folder.clone(), None);
        assert_eq!(plain.image, first.image);
        assert_eq!(plain.report.build, first.report.build);
        let again = packed(folder.clone(), Some(stamp));
        assert_eq!(again.image, first.image);
        assert!(again.report.changed.is_empty() && again.report.dropped.is_empty());
    }
}

#[test]
fn an_older_stamp_makes_no_difference() {
    let mut edited = on_disk(site(), &stamped(site()));
    let app = edited.iter_mut().find(|(path, _)| path == "app.js");
    app.unwrap().1 = b"let a = 2;".to_vec();
    let mut want = site();
    want[2].1 = b"let a = 2;".to_vec();
    assert_eq!(stamped(edited.clone()).image, stamped(want.clone()).image);
    // And one with the script gives way to one without.
    let id_only = packed(edited.clone(), Some(Stamp::Id));
    assert_eq!(id_only.image, packed(want, Some(Stamp::Id)).image);
    assert_eq!(id_only.report.dropped, [SCRIPT_NAME]);
}

#[test]
fn compressed_forms_of_changed_pages_are_left_out_and_right_ones_kept() {
    let page = b"<p>".repeat(500);
    let files = owned(&[
        ("index.html", &page),
        ("index.html.gz", &gzip(&page)),
        ("app.js", &page),
        ("app.js.gz", &gzip(&page)),
    ]);
    let first = stamped(files.clone());
    assert_eq!(first.report.dropped, ["index.html.gz"]);
    // A build step that compresses after stamping.
    let mut folder = on_disk(files, &first);
    let index = folder
        .iter()
        .find(|(path, _)| path == "index.html")
        .unwrap();
    let ours = gzip(&index.1);
    folder.push(("index.html.gz".to_owned(), ours.clone()));
    let again = stamped(folder.clone());
    assert_eq!(again.report.build, first.report.build);
    assert!(again.report.dropped.is_empty() && again.report.changed.is_empty());
    assert_eq!(again, packed(folder, None));
    assert!(unpack(&again.image).unwrap().contains(&Unpacked::File {
        path: "index.html.gz".to_owned(),
        bytes: ours,
    }));
}

fn hex(hash: &[u8]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The site with the lists of two service workers, which know the index as `index`.
fn with_lists(index: &[u8]) -> Files {
    let md5 = hex(&md5::Md5::digest(index));
    let sha1 = hex(&sha1::Sha1::digest(index));
    let mut files = site();
    let precache = format!("precache([{{url:\"index.html\",revision:\"{md5}\"}}])");
    files.push(("sw.js".to_owned(), precache.into_bytes()));
    let table = format!("{{\"hashTable\":{{\"/index.html\":\"{sha1}\"}}}}");
    files.push(("ngsw.json".to_owned(), table.into_bytes()));
    files
}

fn file<'a>(files: &'a Files, path: &str) -> &'a [u8] {
    &files.iter().find(|(at, _)| at == path).unwrap().1
}

#[test]
fn the_lists_of_service_workers_have_the_hashes_of_the_pages_as_they_are_stamped() {
    let files = with_lists(file(&site(), "index.html"));
    let first = stamped(files.clone());
    let folder = on_disk(files.clone(), &first);
    assert_eq!(folder.len(), files.len() + 1, "the script");
    let right = with_lists(file(&folder, "index.html"));
    for list in ["sw.js", "ngsw.json"] {
        assert_ne!(file(&folder, list), file(&files, list));
        assert_eq!(file(&folder, list), file(&right, list));
    }
    // Again, as they are in an image, or without a stamp: all the same.
    assert_eq!(stamped(folder.clone()).image, first.image);
    assert_eq!(stamped(unpacked(&first.image)).image, first.image);
    assert_eq!(packed(folder.clone(), None).image, first.image);
    assert_eq!(packed(unpacked(&first.image), None).image, first.image);
    // Another file is another build, which each list tells.
    let mut edited = folder.clone();
    edited.retain(|(path, _)| path != "logo.png");
    let edited = on_disk(edited.clone(), &stamped(edited));
    for list in ["sw.js", "ngsw.json"] {
        assert_ne!(file(&edited, list), file(&folder, list));
    }
}

#[test]
fn lists_that_were_made_of_stamped_pages_give_the_same_build() {
    let plain = file(&site(), "index.html").to_vec();
    let want = stamped(with_lists(&plain));
    // A tool that made its lists after the pages had been stamped for another build.
    let older = on_disk(site(), &stamped(site()));
    let index = file(&older, "index.html");
    let mut files = with_lists(index);
    files[0].1 = index.to_vec();
    assert_eq!(stamped(files).image, want.image);
}

#[test]
fn compressed_forms_of_changed_lists_are_left_out_and_those_of_other_files_kept() {
    let mut files = with_lists(file(&site(), "index.html"));
    for path in ["sw.js", "app.js"] {
        let bytes = gzip(file(&files, path));
        files.push((format!("{path}.gz"), bytes));
    }
    let first = stamped(files.clone());
    assert_eq!(first.report.dropped, ["sw.js.gz"]);
    assert_eq!(stamped(on_disk(files.clone(), &first)).image, first.image);
    // Alone it gives way to the list that is right.
    files.retain(|(path, _)| path != "sw.js");
    let alone = stamped(files);
    assert_eq!(alone.report.dropped, ["sw.js.gz"]);
    assert_eq!(alone.report.build, first.report.build);
}

#[test]
fn a_list_of_pages_changes_while_its_name_stays_and_is_not_kept_for_good() {
    let listed = |logo: &[u8]| {
        let mut files = with_lists(file(&site(), "index.html"));
        for (path, bytes) in &mut files {
            match &**path {
                "sw.js" => *path = "assets/sw-4f3a2b1c.js".to_owned(),
                "ngsw.json" => *path = "_app/immutable/list.json".to_owned(),
                "logo.png" => *bytes = logo.to_vec(),
                _ => {}
            }
        }
        files.push(("assets/no-list-5a6b7c8d.js".to_owned(), OTHER.to_vec()));
        files
    };
    const OTHER: &[u8] = b"const revision = '149603e6c03516362a8da23f624db945'";
    let names = ["assets/sw-4f3a2b1c.js", "assets/no-list-5a6b7c8d.js"];
    let options = |stamp| Options {
        immutable: names.map(str::to_owned).into(),
        stamp,
        ..Options::default()
    };
    let first = pack(listed(b"one"), &options(Some(Stamp::Script))).unwrap();
    let folder = on_disk(listed(b"one"), &first);
    let other = on_disk(
        listed(b"two"),
        &pack(listed(b"two"), &options(Some(Stamp::Script))).unwrap(),
    );
    let [list, no_list] = names;
    assert_ne!(file(&folder, list), file(&other, list));
    let without = pack(folder, &options(None)).unwrap();
    for packed in [first, without] {
        let kept = packed.report.files.iter().filter(|file| file.immutable);
        let kept: Vec<_> = kept.map(|file| &*file.path).collect();
        assert_eq!(kept, [no_list]);
    }
}

/// The files of an image, as `faceplate unpack` writes them.
fn unpacked(image: &[u8]) -> Files {
    let files = unpack(image).unwrap().into_iter();
    files
        .filter_map(|item| match item {
            Unpacked::File { path, bytes } => Some((path, bytes)),
            _ => None,
        })
        .collect()
}

/// A site whose files are stored compressed.
fn large_site() -> Files {
    let mut files = site();
    for (path, bytes) in &mut files {
        if !path.ends_with("png") {
            bytes.extend(b"<!-- x -->".repeat(100));
        }
    }
    files
}

#[test]
fn a_stamped_folder_that_was_changed_is_refused() {
    let first = stamped(site());
    let folder = on_disk(site(), &first);
    let build = first.report.build.unwrap();
    let refused = |files: Files| {
        let error = pack(files, &Options::default()).unwrap_err();
        let PackError::OtherBuild { build: told, found } = error else {
            panic!("{error}");
        };
        assert_eq!(told, build);
        assert_eq!(
            error.to_string(),
            format!(
                "index.html has the build id {build}, but the files are of another build ({found}): \
                 something changed them after they were stamped; pack with --stamp, or build again"
            )
        );
        found
    };
    for index in 0..folder.len() {
        let mut files = folder.clone();
        let is_script = files[index].0 == SCRIPT_NAME;
        files[index].1.push(b'\n');
        let found = refused(files.clone());
        if !is_script {
            assert_eq!(stamped(files.clone()).report.build, Some(found));
        }
        if files.remove(index).0 != "index.html" {
            refused(files);
        }
    }
    let mut files = folder.clone();
    files.push(("sw.js".to_owned(), b"1".to_vec()));
    let found = refused(files.clone());
    // Stamping gives it the id that it should have.
    let again = stamped(files.clone());
    assert_eq!(again.report.build, Some(found));
    let files = on_disk(files, &again);
    assert_eq!(packed(files, None).image, again.image);
    // So it is with what is there compressed: one that is not of the file beside it, and one alone.
    for (path, bytes) in [
        ("app.js.gz", gzip(b"let a = 2;")),
        ("b.js.gz", gzip(b"let b;")),
    ] {
        let mut files = folder.clone();
        files.push((path.to_owned(), bytes));
        refused(files);
    }
}

#[test]
fn the_id_is_the_same_however_the_files_are_compressed() {
    let first = stamped(large_site());
    let build = first.report.build;
    let folder = on_disk(large_site(), &first);
    // Compressed after stamping, with the files or in place of them.
    let compressed: Files = folder
        .iter()
        .map(|(path, bytes)| (format!("{path}.gz"), gzip(bytes)))
        .collect();
    assert_eq!(packed(compressed.clone(), None).report.build, build);
    let both = [folder, compressed].concat();
    for stamp in [None, Some(Stamp::Script)] {
        let report = packed(both.clone(), stamp).report;
        assert_eq!(report.build, build);
        assert!(report.changed.is_empty() && report.dropped.is_empty());
    }
    // Compressed before stamping.
    let mut files = large_site();
    for (path, bytes) in large_site() {
        files.push((format!("{path}.gz"), gzip(&bytes)));
    }
    let second = stamped(files.clone());
    assert_eq!(second.report.build, build);
    assert_eq!(
        second.report.dropped,
        ["about/index.HTM.gz", "index.html.gz"]
    );
    // What is unpacked again.
    for image in [first.image, second.image] {
        let files = unpacked(&image);
        assert!(files.iter().any(|(path, _)| path == "index.html.gz"));
        for stamp in [None, Some(Stamp::Script)] {
            let again = packed(files.clone(), stamp);
            assert!(again.image == image);
            assert!(again.report.changed.is_empty() && again.report.dropped.is_empty());
        }
    }
}

#[test]
fn pages_that_are_there_in_their_compressed_form_alone_are_unpacked_and_stamped() {
    let plain = packed(large_site(), None);
    let older = stamped({
        let mut files = large_site();
        files[2].1 = b"let a = 2;".to_vec();
        files
    });
    let mut edited = unpacked(&older.image);
    edited.retain(|(path, _)| path != "app.js");
    edited.push(("app.js".to_owned(), large_site()[2].1.clone()));
    for files in [unpacked(&plain.image), edited] {
        for stamp in [Stamp::Id, Stamp::Script] {
            let want = packed(large_site(), Some(stamp));
            let got = packed(files.clone(), Some(stamp));
            assert!(got.image == want.image);
            assert!(got.report.unstamped.is_empty());
            for page in ["about/index.HTM", "index.html"] {
                let is_page = |(path, _): &&(String, Vec<u8>)| path == page;
                let changed = got.report.changed.iter().find(is_page);
                assert!(changed.is_some());
                assert_eq!(changed, want.report.changed.iter().find(is_page));
                assert!(got.report.dropped.contains(&format!("{page}.gz")));
            }
            let folder = on_disk(files.clone(), &got);
            assert!(packed(folder, None).image == want.image);
        }
    }
}

#[test]
fn a_compressed_page_that_cannot_be_unpacked_is_named_and_the_index_refused() {
    let mut files = site();
    files.push(("more.html.gz".to_owned(), b"no gzip".to_vec()));
    assert_eq!(packed(files.clone(), None).report.build, None);
    let first = stamped(files.clone());
    assert_eq!(first.report.unstamped, ["more.html.gz"]);
    let again = packed(on_disk(files, &first), None);
    assert_eq!(again.report.build, first.report.build);
    assert_eq!(again.report.unstamped, ["more.html.gz"]);

    let files = owned(&[("index.html.gz", b"no gzip")]);
    assert_eq!(packed(files.clone(), None).report.build, None);
    for stamp in [Stamp::Id, Stamp::Script] {
        let options = Options {
            stamp: Some(stamp),
            ..Options::default()
        };
        let error = pack(files.clone(), &options).unwrap_err();
        assert_eq!(error, PackError::PackedIndex);
        assert!(
            error
                .to_string()
                .starts_with("index.html.gz cannot be unpacked")
        );
    }
}

#[test]
fn a_build_without_any_stamp_has_no_id_and_no_warning() {
    let Packed { image, report } = packed(site(), None);
    assert_eq!((report.build, report.unstamped.len()), (None, 0));
    assert!(report.changed.is_empty() && report.dropped.is_empty());
    assert_eq!(inspect(&image).unwrap().manifest.unwrap().build, None);
}

#[test]
fn pages_without_the_id_of_the_index_are_named() {
    let mut files = on_disk(site(), &stamped(site()));
    files.push(("offline.html".to_owned(), b"<p>".to_vec()));
    assert_eq!(packed(files, None).report.unstamped, ["offline.html"]);
    // One that was there, but has no place for the id, and one that was added.
    let mut files = site();
    files.push(("odd.html".to_owned(), b"\xff\xfe<\0".to_vec()));
    let first = stamped(files.clone());
    assert_eq!(first.report.unstamped, ["odd.html"]);
    let mut files = on_disk(files, &first);
    assert_eq!(packed(files.clone(), None).image, first.image);
    files.push(("offline.html.gz".to_owned(), gzip(b"<p>")));
    let report = packed(files.clone(), None).report;
    assert_eq!(report.unstamped, ["odd.html", "offline.html.gz"]);
    assert_eq!(report.build, first.report.build);
    files.retain(|(path, _)| path != "odd.html");
    assert!(pack(files, &Options::default()).is_err());
}

#[test]
fn an_index_that_could_never_confirm_is_refused_in_words() {
    let wide = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        "\u{feff}<p>".encode_utf16().flat_map(bytes).collect()
    };
    for (name, index, what) in [
        ("index.html", wide(u16::to_le_bytes), "is in UTF-16"),
        ("index.html", wide(u16::to_be_bytes), "is in UTF-16"),
        (
            "index.html.gz",
            gzip(&wide(u16::to_le_bytes)),
            "is in UTF-16",
        ),
        ("index.html", b"<!-- <p>".to_vec(), "has no place"),
    ] {
        for stamp in [Stamp::Id, Stamp::Script] {
            let options = Options {
                stamp: Some(stamp),
                ..Options::default()
            };
            let files = [(name.to_owned(), index.clone())];
            let error = pack(files.clone(), &options).unwrap_err();
            assert!(matches!(error, PackError::NoPlace { .. }));
            assert!(error.to_string().starts_with(&format!("index.html {what}")));
            // Without a stamp nothing is promised.
            assert!(pack(files, &Options::default()).is_ok());
        }
    }
}

#[test]
fn pages_that_may_not_ask_the_device_are_named() {
    const POLICY: &[u8] =
        b"<meta http-equiv=Content-Security-Policy content=\"default-src 'none'\">";
    let files = owned(&[
        ("index.html", POLICY),
        ("more.html.gz", &gzip(POLICY)),
        ("fine.html", b"<p>"),
    ]);
    let names = ["index.html", "more.html"];
    let first = stamped(files.clone());
    assert_eq!(first.report.silenced, names);
    let again = packed(on_disk(files.clone(), &first), None).report;
    assert_eq!(again.silenced, names);
    // Where there is no id, confirming is not the page's part.
    assert_eq!(packed(files, None).report.silenced, [""; 0]);
}

#[test]
fn a_policy_that_was_put_in_front_of_the_script_is_told() {
    const POLICY: &str = "<meta http-equiv=Content-Security-Policy \
                          content=\"script-src 'nonce-x'; connect-src 'self'\">";
    let files = owned(&[("index.html", POLICY.as_bytes())]);
    let first = stamped(files.clone());
    assert_eq!(first.report.warnings, [""; 0]);
    let mut moved = on_disk(files, &first);
    assert_eq!(packed(moved.clone(), None).report.warnings, [""; 0]);
    // As a tool does that wants policies first. The id is that of a page without its stamp.
    let index = moved.iter_mut().find(|(path, _)| path == "index.html");
    let (_, page) = index.unwrap();
    let text = String::from_utf8(page.clone()).unwrap();
    *page = format!("{POLICY}{}", text.replace(POLICY, "")).into_bytes();
    let warnings = packed(moved.clone(), None).report.warnings;
    let [warning] = &warnings[..] else {
        panic!("{warnings:?}");
    };
    for part in [
        "the Content-Security-Policy in index.html stands in front of faceplate-confirm.js",
        "as 'self' is missing in its script-src",
        "stamp the page once more",
    ] {
        assert!(warning.contains(part), "{warning}");
    }
    assert_eq!(stamped(moved).report.warnings, [""; 0]);
}

#[test]
fn pages_of_two_builds_are_refused() {
    let page = |id: &str| format!("<meta name=faceplate-build content={id}>").into_bytes();
    let (one, two) = (page("0123456789abcdef"), page("fedcba9876543210"));
    let refused = |files: &[(&str, &[u8])]| {
        let error = pack(owned(files), &Options::default()).unwrap_err();
        assert!(matches!(error, PackError::TwoBuilds { .. }));
        error.to_string()
    };
    assert_eq!(
        refused(&[("a/old.html", &two), ("index.html", &one)]),
        "a/old.html is of build fedcba9876543210, but index.html of build 0123456789abcdef: the \
         folder holds files of two builds; empty it and build again, or stamp all pages anew"
    );
    assert_eq!(
        refused(&[("index.html", b"<p>"), ("z.html", &two)]),
        "z.html is of build fedcba9876543210, but index.html has no build id: the folder holds \
         files of two builds; empty it and build again, or stamp all pages anew"
    );
    // Stamping makes them one.
    let files = owned(&[("a/old.html", &two), ("index.html", &one)]);
    assert!(stamped(files).report.unstamped.is_empty());
}

#[test]
fn another_file_of_the_scripts_name_is_refused_in_words() {
    for stamp in [Stamp::Id, Stamp::Script] {
        let mut files = site();
        files.push((SCRIPT_NAME.to_owned(), b"confirm()".to_vec()));
        let options = Options {
            stamp: Some(stamp),
            ..Options::default()
        };
        let error = pack(files.clone(), &options).unwrap_err();
        assert_eq!(error, PackError::ForeignScript);
        assert!(error.to_string().contains(SCRIPT_NAME));
        assert!(pack(files, &Options::default()).is_ok());
        let mut files = site();
        files.push((format!("{SCRIPT_NAME}.gz"), gzip(b"confirm()")));
        assert_eq!(pack(files, &options), Err(PackError::ForeignScript));
    }
}

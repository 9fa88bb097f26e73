//! `faceplate pack`, `inspect` and `unpack`, as somebody at a terminal or a script sees them.

use std::{
    fs::{self, File},
    time::{Duration, SystemTime},
};

use crate::common::{Folder, noise, run_in, text};

fn site(folder: &Folder, files: &[(&str, Vec<u8>)]) {
    for (path, bytes) in files {
        folder.file(&format!("dist/{path}"), bytes);
    }
}

fn files() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("index.html", text(3000)),
        ("assets/app-1234.js", text(90_000)),
        ("assets/logo.png", noise(9000)),
        ("robots.txt", b"User-agent: *\n".to_vec()),
    ]
}

#[test]
fn a_folder_is_packed_inspected_and_unpacked() {
    let folder = Folder::new();
    site(&folder, &files());
    folder.file("dist/.DS_Store", noise(10));
    folder.file("dist/.git/HEAD", "ref");
    let pack = ["pack", "dist", "-o", "www.bin", "--app-version", "1.2.0"];
    let packed = run_in(folder.path(), &pack).expect(0);
    assert_eq!(packed.err, "");
    let table: Vec<&str> = packed.out.lines().collect();
    assert_eq!(table.len(), 8, "{}", packed.out);
    assert!(
        table[0].starts_with("assets/app-1234.js    87.9 KiB"),
        "{}",
        table[0]
    );
    assert!(table[0].ends_with("gzip"));
    assert_eq!(table[4], "left out (hidden): .DS_Store, .git");
    let summary = table[5];
    assert!(
        summary.starts_with("www.bin: version 1.2.0, 4 files, "),
        "{summary}"
    );
    assert!(summary.contains(" of 1.00 MiB (") && summary.contains(" of 256 blocks, "));

    assert!(table[6].starts_with("no file is marked"), "{}", table[6]);
    assert!(table[7].starts_with("no build id; --stamp"), "{}", table[7]);

    let shown = run_in(folder.path(), &["inspect", "www.bin"]).expect(0).out;
    for part in [
        "www.bin: a whole frontend",
        "build     without an id",
        "version   1.2.0",
        "API 1",
        "assets/logo.png",
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
    }

    let unpacked = run_in(folder.path(), &["unpack", "www.bin", "-o", "out"]).expect(0);
    assert_eq!(unpacked.out, "out: 4 files\n");
    assert_eq!(
        fs::read(folder.join("out/assets/logo.png")).unwrap(),
        noise(9000)
    );
    assert_eq!(
        fs::read(folder.join("out/robots.txt")).unwrap(),
        b"User-agent: *\n"
    );
    assert!(folder.join("out/index.html.gz").exists());
}

#[test]
fn what_a_build_names_by_content_is_marked_by_patterns() {
    let folder = Folder::new();
    site(&folder, &files());
    let pack = ["pack", "dist", "-o", "www.bin", "--immutable"];
    let packed = run_in(folder.path(), &[&pack[..], &["assets/app-*.js"]].concat()).expect(0);
    assert_eq!(packed.err, "");
    assert!(packed.out.contains("gzip  immutable\n"), "{}", packed.out);
    assert_eq!(packed.out.matches("immutable").count(), 1);
    let shown = run_in(folder.path(), &["inspect", "www.bin"]).expect(0).out;
    assert!(
        shown.contains("assets/app-1234.js.gz  immutable"),
        "{shown}"
    );
    let shown = run_in(folder.path(), &["inspect", "www.bin", "--json"]).expect(0);
    let json: serde_json::Value = serde_json::from_str(&shown.out).unwrap();
    let marks = json["files"].as_array().unwrap().iter();
    let marks: Vec<_> = marks
        .map(|file| (&file["path"], &file["immutable"]))
        .collect();
    assert!(
        marks.contains(&(&"assets/app-1234.js.gz".into(), &true.into())),
        "{marks:?}"
    );
    assert!(
        marks.contains(&(&"assets/logo.png".into(), &false.into())),
        "{marks:?}"
    );

    let odd = ["**", "--immutable", "js/*"];
    let packed = run_in(folder.path(), &[&pack[..], &odd].concat()).expect(0);
    assert_eq!(packed.err.lines().count(), 2, "{}", packed.err);
    for part in [
        "index.html matches --immutable **",
        "--immutable js/* matches no file",
    ] {
        assert!(packed.err.contains(part), "{part} in {}", packed.err);
    }
    let wrong = run_in(folder.path(), &[&pack[..], &["assets**"]].concat()).expect(2);
    assert!(wrong.err.contains("must be a whole name"), "{}", wrong.err);
}

#[test]
fn with_a_base_files_stay_at_their_places() {
    let folder = Folder::new();
    site(&folder, &files());
    folder.file("dist/assets/more.png", noise(9000));
    run_in(folder.path(), &["pack", "dist"]).expect(0);
    folder.file("dist/assets/logo.png", noise(20_000));
    let pack = ["pack", "dist", "--base", "www.bin", "-o", "new.bin"];
    let packed = run_in(folder.path(), &pack).expect(0);
    let kept = "3 blocks of these left free, so that files stay where they are in the base\n";
    assert!(packed.out.contains(kept), "{}", packed.out);
    let image = |name: &str| {
        let bytes = fs::read(folder.join(name)).unwrap();
        let files = faceplate_pack::inspect(&bytes).unwrap().files.into_iter();
        files
            .filter_map(|file| Some((file.path, file.block?)))
            .collect::<Vec<_>>()
    };
    let (old, new) = (image("www.bin"), image("new.bin"));
    let moved = old.iter().zip(&new).filter(|(old, new)| old != new);
    let moved: Vec<_> = moved.map(|(old, _)| &*old.0).collect();
    assert_eq!(moved, ["assets/logo.png"]);

    for (base, why) in [
        (
            "dist/robots.txt",
            "dist/robots.txt: not an image: 14 bytes long",
        ),
        ("gone.bin", "gone.bin: "),
        ("dist", "dist: a folder, not an image"),
    ] {
        let failed = run_in(folder.path(), &["pack", "dist", "--base", base]).expect(1);
        assert!(failed.err.contains(why), "{}", failed.err);
    }
    assert_eq!(image("www.bin"), old);
}

#[test]
fn unpacking_and_packing_again_gives_the_same_image() {
    let folder = Folder::new();
    site(&folder, &files());
    run_in(folder.path(), &["pack", "dist", "-o", "a.bin"]).expect(0);
    run_in(folder.path(), &["unpack", "a.bin", "-o", "out"]).expect(0);
    run_in(folder.path(), &["pack", "out", "-o", "b.bin"]).expect(0);
    assert!(fs::read(folder.join("a.bin")).unwrap() == fs::read(folder.join("b.bin")).unwrap());
}

#[test]
fn the_image_does_not_depend_on_times_or_on_the_order_of_creation() {
    let (one, two) = (Folder::new(), Folder::new());
    site(&one, &files());
    let mut turned = files();
    turned.reverse();
    site(&two, &turned);
    let past = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    for (path, _) in files() {
        let file = File::options()
            .write(true)
            .open(two.join("dist").join(path))
            .unwrap();
        file.set_modified(past).unwrap();
    }
    for folder in [&one, &two] {
        run_in(folder.path(), &["pack", "dist"]).expect(0);
    }
    let images = [&one, &two].map(|folder| fs::read(folder.join("www.bin")).unwrap());
    assert!(images[0] == images[1]);
}

#[test]
fn inspect_tells_scripts_everything_about_an_image() {
    let folder = Folder::new();
    site(&folder, &files());
    let pack = [
        "pack",
        "dist",
        "--app-version",
        "v7",
        "--api",
        "1..3",
        "--size",
        "512K",
    ];
    run_in(folder.path(), &pack).expect(0);
    let json = run_in(folder.path(), &["inspect", "www.bin", "--json"])
        .expect(0)
        .json();
    assert_eq!(json["version"], "v7");
    assert_eq!(json["api"], serde_json::json!({ "min": 1, "max": 3 }));
    assert_eq!(json["slot_bytes"], 512 * 1024);
    let len = fs::metadata(folder.join("www.bin")).unwrap().len();
    assert_eq!(json["bytes"], len);
    assert_eq!(json["sha256"].as_str().unwrap().len(), 64);
    let paths: Vec<&str> = json["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["path"].as_str().unwrap())
        .collect();
    assert_eq!(
        paths,
        [
            "assets/app-1234.js.gz",
            "assets/logo.png",
            "index.html.gz",
            "robots.txt"
        ]
    );
}

/// Files of the image by path, and its build id as scripts read it.
fn inside(folder: &Folder, image: &str) -> (Vec<String>, String) {
    let json = run_in(folder.path(), &["inspect", image, "--json"])
        .expect(0)
        .json();
    let files = json["files"].as_array().unwrap().iter();
    let files = files.map(|file| {
        file["path"]
            .as_str()
            .unwrap()
            .trim_end_matches(".gz")
            .to_owned()
    });
    (
        files.collect(),
        json["build"].as_str().unwrap_or("none").to_owned(),
    )
}

#[test]
fn a_stamp_gives_the_image_and_its_pages_a_build_id_and_leaves_the_folder_alone() {
    let folder = Folder::new();
    let page = b"<!doctype html><p>hello";
    folder.file("dist/index.html", page);
    let pack = |more: &[&str]| run_in(folder.path(), &[&["pack", "dist"], more].concat()).expect(0);
    let stamped = pack(&["--stamp", "-o", "a.bin"]);
    let (files, build) = inside(&folder, "a.bin");
    assert_eq!(files, ["faceplate-confirm.js", "index.html"]);
    assert_eq!(build.len(), 16, "{build}");
    assert!(
        stamped.out.ends_with(&format!("\nbuild {build}\n")),
        "{}",
        stamped.out
    );
    assert_eq!(stamped.err, "");
    let shown = run_in(folder.path(), &["inspect", "a.bin"]).expect(0).out;
    assert!(shown.contains(&format!("  build     {build}\n")), "{shown}");
    assert_eq!(fs::read(folder.join("dist/index.html")).unwrap(), page);

    pack(&["--stamp", "--no-confirm-script", "-o", "b.bin"]);
    let (files, other) = inside(&folder, "b.bin");
    assert_eq!(files, ["index.html"]);
    assert_ne!(build, other);

    // What an image was stamped with is found again in its files.
    run_in(folder.path(), &["unpack", "a.bin", "-o", "out"]).expect(0);
    run_in(folder.path(), &["pack", "out", "-o", "c.bin"]).expect(0);
    assert!(fs::read(folder.join("a.bin")).unwrap() == fs::read(folder.join("c.bin")).unwrap());

    // A page that was added since cannot confirm; one of another build is refused.
    folder.file("out/more.html", page);
    let ended = run_in(folder.path(), &["pack", "out", "-o", "d.bin"]).expect(0);
    assert_eq!(
        ended.err,
        "warning: more.html has no build id, so it cannot confirm this build; --stamp writes it \
         into each page\n"
    );
    folder.file(
        "out/more.html",
        r#"<meta name="faceplate-build" content="0123456789abcdef">"#,
    );
    let ended = run_in(folder.path(), &["pack", "out", "-o", "d.bin"]).expect(1);
    assert!(ended.err.contains("files of two builds"), "{}", ended.err);

    // So are files that were changed since, until they are stamped as what they are now.
    fs::remove_file(folder.join("out/more.html")).unwrap();
    folder.file("out/sw.js", "1");
    let ended = run_in(folder.path(), &["pack", "out", "-o", "d.bin"]).expect(1);
    let message = format!("index.html has the build id {build}, but the files are of another");
    assert!(ended.err.contains(&message), "{}", ended.err);
    run_in(folder.path(), &["pack", "out", "--stamp", "-o", "d.bin"]).expect(0);
    assert_ne!(inside(&folder, "d.bin").1, build);
}

#[test]
fn a_page_that_was_unpacked_as_it_is_stored_is_stamped() {
    let folder = Folder::new();
    folder.file("dist/index.html", text(3000));
    run_in(folder.path(), &["pack", "dist", "-o", "a.bin"]).expect(0);
    run_in(folder.path(), &["unpack", "a.bin", "-o", "out"]).expect(0);
    assert!(folder.join("out/index.html.gz").exists());
    let ended = run_in(folder.path(), &["pack", "out", "--stamp", "-o", "b.bin"]).expect(0);
    assert_eq!(ended.err, "");
    run_in(folder.path(), &["pack", "dist", "--stamp", "-o", "c.bin"]).expect(0);
    assert!(fs::read(folder.join("b.bin")).unwrap() == fs::read(folder.join("c.bin")).unwrap());

    folder.file("out/index.html.gz", "no gzip");
    let ended = run_in(folder.path(), &["pack", "out", "--stamp", "-o", "d.bin"]).expect(1);
    assert!(
        ended.err.contains("index.html.gz cannot be unpacked"),
        "{}",
        ended.err
    );
}

#[test]
fn a_damaged_image_is_refused_with_the_reason() {
    let folder = Folder::new();
    site(&folder, &files());
    run_in(folder.path(), &["pack", "dist"]).expect(0);
    let mut image = fs::read(folder.join("www.bin")).unwrap();
    let at = image
        .windows(32)
        .position(|window| window == &noise(32)[..])
        .unwrap();
    image[at + 500] ^= 4;
    folder.file("bad.bin", &image);
    let human = run_in(folder.path(), &["inspect", "bad.bin"]).expect(1);
    let message = "bad.bin: assets/logo.png: content does not match its hash";
    assert_eq!(
        (human.out, human.err),
        (String::new(), format!("error: {message}\n"))
    );
    let script = run_in(folder.path(), &["inspect", "bad.bin", "--json"]).expect(1);
    assert_eq!(
        script.json(),
        serde_json::json!({ "error": { "kind": "image", "message": message } })
    );
    assert_eq!(script.err, "");
    let unpack = run_in(folder.path(), &["unpack", "bad.bin", "-o", "out"]).expect(1);
    assert!(unpack.err.contains("does not match its hash"));
    assert!(!folder.join("out").exists());
}

#[test]
fn a_frontend_that_does_not_fit_is_told_by_how_much_and_why() {
    let folder = Folder::new();
    site(&folder, &files());
    folder.file("dist/movie.mp4", noise(1_200_000));
    let ended = run_in(folder.path(), &["pack", "dist"]).expect(1);
    assert_eq!(
        ended.err,
        "error: dist: does not fit: needs 1204 KiB, the slot has 1024 KiB, 180 KiB too much. The \
         largest as stored: movie.mp4 (1172 KiB), assets/logo.png (9 KiB), assets/app-1234.js.gz \
         (1 KiB), index.html.gz (1 KiB), robots.txt (1 KiB)\n"
    );
    assert!(!folder.join("www.bin").exists());
}

#[test]
fn an_image_that_is_there_stays_when_packing_fails() {
    let folder = Folder::new();
    folder.file("www.bin", "the old one");
    folder.file("dist/app.js", text(100));
    let ended = run_in(folder.path(), &["pack", "dist"]).expect(1);
    assert!(
        ended.err.contains("there is no index.html at the top"),
        "{}",
        ended.err
    );
    assert_eq!(fs::read(folder.join("www.bin")).unwrap(), b"the old one");
}

#[test]
fn a_wrong_folder_is_told_from_a_wrong_use() {
    let folder = Folder::new();
    site(&folder, &files());
    let missing = run_in(folder.path(), &["pack", "build"]).expect(1);
    assert!(
        missing.err.contains("build: there is no such folder"),
        "{}",
        missing.err
    );
    let file = run_in(folder.path(), &["pack", "dist/index.html"]).expect(1);
    assert!(file.err.contains("not a folder"), "{}", file.err);
    let parent = run_in(folder.path(), &["pack", "."]).expect(2);
    assert!(
        parent.err.contains("must not be written into the folder"),
        "{}",
        parent.err
    );
    for wrong in [
        &["pack"][..],
        &["pack", "dist", "--size", "5000"],
        &["pack", "dist", "--size", "4K"],
        &["pack", "dist", "--api", "3..1"],
        &["pack", "dist", "--gzip", "maybe"],
        &["pack", "dist", "--no-confirm-script"],
        &["pack", "dist", "--app-version", "a\nb"],
        &["polish", "dist"],
        &["unpack", "www.bin"],
        &[],
    ] {
        run_in(folder.path(), wrong).expect(2);
    }
    assert!(!folder.join("www.bin").exists());
}

#[test]
fn a_page_that_asks_for_what_is_not_there_is_warned_of() {
    let folder = Folder::new();
    let page = r#"<script src="/app.js?v=1"></script><script src="./gone.js"></script>
        <link rel="stylesheet" href="/deep/a%20b.css"><img src="https://example.com/x.png">"#;
    folder.file("dist/index.html", page);
    folder.file("dist/app.js", text(100));
    folder.file("dist/deep/a b.css", text(100));
    let ended = run_in(folder.path(), &["pack", "dist"]).expect(0);
    assert_eq!(
        ended.err,
        "warning: index.html asks for /gone.js, which is not in dist\n"
    );
}

#[test]
fn an_image_inside_the_packed_folder_is_refused() {
    let folder = Folder::new();
    site(&folder, &files());
    let ended = run_in(
        folder.path(),
        &["pack", "dist", "-o", "dist/assets/www.bin"],
    )
    .expect(2);
    assert!(ended.err.contains("name another place"), "{}", ended.err);
}

#[test]
fn unpack_writes_into_new_or_empty_folders_alone() {
    let folder = Folder::new();
    site(&folder, &files());
    run_in(folder.path(), &["pack", "dist"]).expect(0);
    let ended = run_in(folder.path(), &["unpack", "www.bin", "-o", "dist"]).expect(1);
    assert!(ended.err.contains("has something in it"), "{}", ended.err);
    fs::create_dir(folder.join("empty")).unwrap();
    run_in(folder.path(), &["unpack", "www.bin", "-o", "empty"]).expect(0);
}

#[test]
fn what_is_no_image_is_named() {
    let folder = Folder::new();
    folder.file("photo.jpg", noise(3000));
    let ended = run_in(folder.path(), &["inspect", "photo.jpg"]).expect(1);
    assert!(
        ended
            .err
            .contains("photo.jpg: not an image: 3000 bytes long"),
        "{}",
        ended.err
    );
    folder.file("noise.bin", noise(8192));
    run_in(folder.path(), &["inspect", "noise.bin"]).expect(1);
    let ended = run_in(folder.path(), &["inspect", "nothing.bin"]).expect(1);
    assert!(ended.err.contains("nothing.bin: "), "{}", ended.err);
    let ended = run_in(folder.path(), &["inspect", "."]).expect(1);
    assert!(ended.err.contains("faceplate pack"), "{}", ended.err);
}

#[cfg(unix)]
mod links {
    use std::os::unix::{ffi::OsStrExt as _, fs::symlink, net::UnixListener};

    use super::*;

    #[test]
    fn links_are_followed_to_files_and_folders() {
        let folder = Folder::new();
        folder.file("shared/logo.png", noise(700));
        folder.file("real/index.html", text(100));
        symlink("../shared", folder.join("real/img")).unwrap();
        symlink("../shared/logo.png", folder.join("real/icon.png")).unwrap();
        symlink("real", folder.join("dist")).unwrap();
        run_in(folder.path(), &["pack", "dist"]).expect(0);
        run_in(folder.path(), &["unpack", "www.bin", "-o", "out"]).expect(0);
        for path in ["out/img/logo.png", "out/icon.png"] {
            assert_eq!(fs::read(folder.join(path)).unwrap(), noise(700));
        }
    }

    #[test]
    fn loops_dead_links_and_sockets_are_named() {
        let folder = Folder::new();
        folder.file("dist/index.html", text(100));
        let refused = |wanted: &str| {
            let ended = run_in(folder.path(), &["pack", "dist"]).expect(1);
            assert!(ended.err.contains(wanted), "{}", ended.err);
        };
        symlink("..", folder.join("dist/up")).unwrap();
        refused("dist/up/dist: a link to a folder that it is in");
        fs::remove_file(folder.join("dist/up")).unwrap();
        symlink("nowhere", folder.join("dist/dead")).unwrap();
        refused("dist/dead: a link that leads nowhere");
        fs::remove_file(folder.join("dist/dead")).unwrap();
        let _socket = UnixListener::bind(folder.join("dist/socket")).unwrap();
        refused("dist/socket: neither a file nor a folder");
    }

    #[test]
    fn no_terminal_obeys_the_name_of_a_file() {
        let folder = Folder::new();
        site(&folder, &files());
        folder.file("dist/.hidden\x1b[2J\n", "x");
        // An image has these, unlike those of ASCII; U+009B is ESC [ to some.
        folder.file("dist/a\u{9b}2J.html", "<p>");
        folder.file("dist/api/\u{85}", "x");
        let packed = run_in(folder.path(), &["pack", "dist"]).expect(0);
        let shown = run_in(folder.path(), &["inspect", "www.bin"]).expect(0);
        assert!(packed.out.contains(r".hidden\u{1b}[2J\n"), "{packed:?}");
        assert!(
            packed.err.contains(r"warning: api/\u{85} will"),
            "{packed:?}"
        );
        for ended in [packed, shown] {
            assert!(ended.out.contains(r"a\u{9b}2J.html"), "{ended:?}");
            let lines = (ended.out + &ended.err).replace('\n', "");
            assert!(!lines.contains(char::is_control), "{lines:?}");
        }
        let json = run_in(folder.path(), &["inspect", "www.bin", "--json"]).expect(0);
        assert!(
            !json.out.replace('\n', "").contains(char::is_control),
            "{json:?}"
        );
        let json = json.json();
        let mut files = json["files"].as_array().unwrap().iter();
        assert!(files.any(|file| file["path"] == "a\u{9b}2J.html"), "{json}");
        folder.file("dist/a\x1b[2J", "x");
        let refused = run_in(folder.path(), &["pack", "dist"]).expect(1);
        assert!(refused.err.contains(r"a\u{1b}[2J"), "{refused:?}");
        assert_eq!(refused.err.lines().count(), 1, "{refused:?}");
    }

    #[test]
    fn a_name_that_is_not_utf_8_is_named() {
        let folder = Folder::new();
        folder.file("dist/index.html", text(100));
        let name = std::ffi::OsStr::from_bytes(b"caf\xe9.js");
        fs::write(folder.join("dist").join(name), "x").unwrap();
        let ended = run_in(folder.path(), &["pack", "dist"]).expect(1);
        assert!(ended.err.contains("not UTF-8"), "{}", ended.err);
    }
}

#[test]
fn a_file_that_the_device_never_serves_is_warned_of() {
    let folder = Folder::new();
    folder.file("dist/index.html", text(100));
    folder.file("dist/api/data.json", text(100));
    let ended = run_in(folder.path(), &["pack", "dist"]).expect(0);
    assert_eq!(
        ended.err,
        "warning: api/data.json will not be seen at its address: the device answers there itself\n"
    );
}

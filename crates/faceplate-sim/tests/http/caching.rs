//! What browsers may keep without asking again: as the files are marked, or as their names look.

use crate::{
    board::{
        Board, Frontend,
        by_hand::{File, image, unproved},
    },
    client::{get, upload},
    server::Server,
};

const KEPT: &str = "max-age=31536000, immutable";
const ASKED: &str = "no-cache";

/// In the order of a walk.
const FILES: [File; 5] = [
    ("_app/immutable/start.js", b"start()", Some(0)),
    ("assets/app-4f3a2b1c.js", b"app()", Some(0)),
    ("assets/board-ESP32Cam.svg", b"<svg/>", Some(0)),
    ("assets/logo.png", b"png", Some(1)),
    ("index.html", b"<p>", Some(1)),
];

fn with(image: Vec<u8>) -> Server {
    Server::start(move || {
        let board = Board::new();
        board.flash.poke(board.slot(0).offset, &image).unwrap();
        board
    })
}

fn right(hash: [u8; 32]) -> Option<Vec<u8>> {
    Some(hash.into())
}

#[track_caller]
fn assert_caching(server: &Server, want: &[(&str, &str)]) {
    for (path, want) in want {
        let response = get(server, path);
        assert_eq!(
            (response.status, response.header("cache-control")),
            (200, Some(*want)),
            "{path}"
        );
    }
}

#[test]
fn marks_are_obeyed_whatever_names_look_like() {
    let want = [
        ("/_app/immutable/start.js", ASKED),
        ("/assets/app-4f3a2b1c.js", ASKED),
        ("/assets/board-ESP32Cam.svg", ASKED),
        ("/assets/logo.png", KEPT),
        ("/index.html", KEPT),
        // The address of a folder is no name of its page's content.
        ("/", ASKED),
    ];
    let image = image(&FILES, right);
    let server = with(image.clone());
    assert_caching(&server, &want);
    // Also after an upload, whose record proves the whole image at the next boot.
    let server = with(Frontend::new("1.0.0", 16).image);
    assert_eq!(upload(&server, "", &image, "").status, 200);
    assert_caching(&server.rebooted(), &want);
}

#[test]
fn without_marks_a_name_tells() {
    let unmarked = FILES.map(|(path, content, _)| (path, content, None));
    let server = with(image(&unmarked, |_| None));
    let want = [
        ("/_app/immutable/start.js", KEPT),
        ("/assets/app-4f3a2b1c.js", KEPT),
        ("/assets/board-ESP32Cam.svg", KEPT),
        ("/assets/logo.png", ASKED),
        ("/index.html", ASKED),
        ("/", ASKED),
    ];
    assert_caching(&server, &want);
    // Marks without the hash over them were not made by a packer that marks: nothing proves them.
    assert_caching(&with(image(&FILES, |_| None)), &want);
    // Nor are those believed that no manifest proves, at a boot that finds what was uploaded.
    assert_eq!(upload(&server, "", &unproved(&FILES), "").status, 200);
    assert_caching(&server.rebooted(), &want);
}

#[test]
fn marks_that_were_changed_or_lost_are_refused() {
    let server = with(Frontend::new("1.0.0", 16).image);
    let mut changed = FILES;
    changed[3].2 = Some(0);
    let mut unknown_bit = FILES;
    unknown_bit[3].2 = Some(3);
    let mut lost = FILES;
    lost[3].2 = None;
    let packed = || {
        let mut packed = None;
        image(&FILES, |hash| {
            packed = Some(hash.to_vec());
            None
        });
        packed
    };
    let differ = "the marks of the files do not match the image's";
    let missing = "assets/logo.png: has no mark, though the image says that its files do";
    for (image, want) in [
        (image(&changed, |_| packed()), differ),
        (image(&unknown_bit, |_| packed()), differ),
        (image(&lost, right), missing),
        (image(&FILES, |hash| Some(hash[..31].into())), differ),
        (
            image(&FILES, |hash| Some([&hash[..], &[0]].concat())),
            differ,
        ),
        (image(&FILES, |_| Some(Vec::new())), differ),
    ] {
        let response = upload(&server, "", &image, "");
        assert_eq!(response.problem(), (422, "rejected".to_owned()));
        assert_eq!(response.json()["detail"], want);
    }
    assert_eq!(
        upload(&server, "", &image(&unknown_bit, right), "").status,
        200
    );
}

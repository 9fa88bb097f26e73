//! What browsers may keep without asking again: as the files are marked, or as their names look.

use std::collections::BTreeSet;

use faceplate_pack::{Options, pack};
use faceplate_sim::flash::Fault;

use crate::{
    board::{
        Board, Frontend, Rng,
        by_hand::{File, image, unproved},
    },
    client::{Client, ask, get, upload},
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

/// Bytes of the flash that a request reads.
fn cost<T>(server: &Server, request: impl FnOnce() -> T) -> (T, u64) {
    let count = || server.ask(|device| device.board.flash.counters().bytes_read);
    let before = count();
    let answer = request();
    (answer, count() - before)
}

#[test]
fn a_client_that_has_a_file_costs_no_read_of_it() {
    // Too much of it is left when it is compressed for its metadata.
    let words: Vec<String> = Rng::new(3)
        .bytes(20_000)
        .iter()
        .map(u8::to_string)
        .collect();
    let files = [
        ("index.html", words.join(" ").into_bytes()),
        ("film.mp4", Rng::new(1).bytes(300_000)),
        ("logo.png", Rng::new(2).bytes(5000)),
    ];
    let files = files.map(|(path, bytes)| (path.to_owned(), bytes));
    let image = pack(files, &Options::default()).unwrap().image;
    let server = with(image.clone());

    let mut sectors = BTreeSet::new();
    let mut known = Vec::new();
    for path in ["/", "/film.mp4", "/logo.png"] {
        let (whole, read) = cost(&server, || get(&server, path));
        assert!(read > whole.body.len() as u64, "{path}: {read}");
        let etag = whole.header("etag").unwrap();
        let condition = format!("If-None-Match: {etag}\r\n");
        let line = format!("GET {path}");
        let (again, read) = cost(&server, || ask(&server, &line, &condition));
        let (_, lookup) = cost(&server, || ask(&server, &format!("HEAD {path}"), ""));
        assert_eq!((again.status, read), (304, lookup), "{path}");
        // Where its content is: in every block are some of these pieces whole.
        for piece in whole.body.windows(32).step_by(1000) {
            let at = image.windows(32).position(|bytes| bytes == piece);
            sectors.extend(at.map(|at| at as u32 / 4096));
        }
        known.push((line, condition, whole.body.len()));
    }

    // Nor do both read it: they go on when nobody can read it any more.
    server.ask(move |device| {
        let slot = device.board.slot(0).offset / 4096;
        for sector in sectors {
            let sector = slot + sector;
            device.board.flash.inject(Fault::Read { sector }).unwrap();
        }
    });
    for (line, condition, len) in known {
        assert_eq!(ask(&server, &line, &condition).status, 304, "{line}");
        let mut client = Client::new(&server);
        client.send(format!("{line} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        assert!(client.rest_bytes().len() < len, "{line}");
    }
}

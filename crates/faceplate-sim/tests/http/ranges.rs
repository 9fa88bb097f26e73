//! Parts of files, and files in the coding that the client takes.

use faceplate_pack::{Options, pack};

use crate::{
    board::{Board, Rng},
    client::{Response, ask, get},
    server::Server,
};

const LEN: usize = 300_000;

fn server() -> Server {
    Server::start(|| {
        let board = Board::new();
        let files = [
            ("index.html", b"<p>small".to_vec()),
            ("film.mp4", Rng::new(2).bytes(LEN)),
            ("app.js", b"let same = 'text';\n".repeat(3000)),
            ("tiny.png", b"png".to_vec()),
            ("empty.txt", Vec::new()),
        ];
        let files = files.map(|(path, bytes)| (path.to_owned(), bytes));
        let image = pack(files, &Options::default()).unwrap().image;
        board.flash.poke(board.slot(0).offset, &image).unwrap();
        board
    })
}

fn part(server: &Server, path: &str, range: &str) -> Response {
    ask(
        server,
        &format!("GET {path}"),
        &format!("Range: bytes={range}\r\n"),
    )
}

#[test]
fn a_part_of_a_file_is_sent_alone_and_says_which_it_is() {
    let server = server();
    let film = Rng::new(2).bytes(LEN);
    let whole = get(&server, "/film.mp4");
    assert_eq!(whole.header("accept-ranges"), Some("bytes"));
    for (range, from, end) in [
        ("0-0", 0, 1),
        ("0-", 0, LEN),
        ("4000-4200", 4000, 4201),
        ("123456-234567", 123_456, 234_568),
        ("299999-", 299_999, LEN),
        ("290000-999999", 290_000, LEN),
        ("-1000", 299_000, LEN),
    ] {
        let response = part(&server, "/film.mp4", range);
        assert_eq!(
            (response.status, &*response.body),
            (206, &film[from..end]),
            "{range}"
        );
        let says = format!("bytes {from}-{}/{LEN}", end - 1);
        assert_eq!(response.header("content-range"), Some(&*says));
        for name in ["etag", "content-type", "cache-control", "accept-ranges"] {
            assert_eq!(response.header(name), whole.header(name), "{range} {name}");
        }
    }
    assert_eq!(part(&server, "/tiny.png", "1-1").body, b"n");
    for range in ["300000-", "-0", "400000-400001"] {
        let response = part(&server, "/film.mp4", range);
        assert_eq!(response.problem(), (416, "range".to_owned()), "{range}");
        assert_eq!(response.header("content-range"), Some("bytes */300000"));
    }
    assert_eq!(part(&server, "/empty.txt", "0-").status, 416);
    for range in ["0-1,5-6", "5-4", "x"] {
        let response = part(&server, "/film.mp4", range);
        assert_eq!(
            (response.status, &response.body),
            (200, &whole.body),
            "{range}"
        );
    }
}

#[test]
fn a_download_goes_on_only_with_the_same_file() {
    let server = server();
    let etag = get(&server, "/film.mp4").header("etag").unwrap().to_owned();
    for (condition, status) in [
        (etag.clone(), 206),
        (format!("W/{etag}"), 200),
        ("\"other\"".to_owned(), 200),
        ("Wed, 21 Oct 2015 07:28:00 GMT".to_owned(), 200),
    ] {
        let headers = format!("Range: bytes=299990-\r\nIf-Range: {condition}\r\n");
        let response = ask(&server, "GET /film.mp4", &headers);
        let len = if status == 206 { 10 } else { LEN };
        assert_eq!(
            (response.status, response.body.len()),
            (status, len),
            "{condition}"
        );
    }
    // What the client has already counts first.
    let headers = format!("Range: bytes=0-1\r\nIf-None-Match: {etag}\r\n");
    assert_eq!(ask(&server, "GET /film.mp4", &headers).status, 304);
    let head = ask(&server, "HEAD /film.mp4", "Range: bytes=0-1\r\n");
    assert_eq!(
        (head.status, head.header("content-length")),
        (200, Some("300000"))
    );
}

#[test]
fn a_part_costs_what_it_has_and_not_what_lies_before_it() {
    let server = server();
    let read = |line: &str, headers: &str| {
        let count = |server: &Server| server.ask(|device| device.board.flash.counters().bytes_read);
        let before = count(&server);
        let response = ask(&server, line, headers);
        (response.body.len() as u64, count(&server) - before)
    };
    let (_, lookup) = read("HEAD /film.mp4", "");
    for (range, len) in [
        ("0-99999", 100_000),
        ("100000-199999", 100_000),
        ("-100000", 100_000),
        ("150000-150000", 1),
    ] {
        let (sent, cost) = read("GET /film.mp4", &format!("Range: bytes={range}\r\n"));
        assert_eq!(sent, len, "{range}");
        let cost = cost - lookup;
        println!("{range}: {cost} bytes read beyond the lookup's {lookup}");
        // Beyond the budget, the way to the first block.
        assert!(cost <= len * 105 / 100 + 64, "{range}: {cost}");
    }
}

#[test]
fn a_compressed_file_has_no_parts_and_goes_only_to_who_takes_it() {
    let server = server();
    let whole = get(&server, "/app.js");
    assert_eq!(whole.header("content-encoding"), Some("gzip"));
    assert_eq!(whole.header("accept-ranges"), Some("none"));
    assert_eq!(whole.header("vary"), Some("Accept-Encoding"));
    let response = part(&server, "/app.js", "0-9");
    assert_eq!((response.status, &response.body), (200, &whole.body));
    let etag = whole.header("etag").unwrap();
    let again = ask(
        &server,
        "GET /app.js",
        &format!("If-None-Match: {etag}\r\n"),
    );
    assert_eq!(
        (again.status, again.header("vary")),
        (304, Some("Accept-Encoding"))
    );
    for accepted in ["gzip, deflate, br", "*", "br;q=1, gzip;q=0.1"] {
        let response = ask(
            &server,
            "GET /app.js",
            &format!("Accept-Encoding: {accepted}\r\n"),
        );
        assert_eq!(
            (response.status, &response.body),
            (200, &whole.body),
            "{accepted}"
        );
    }
    for refused in ["identity", "", "gzip;q=0", "br", "identity;q=1, *;q=0"] {
        let headers = format!("Accept-Encoding: {refused}\r\n");
        let response = ask(&server, "GET /app.js", &headers);
        assert_eq!(
            response.problem(),
            (406, "compressed".to_owned()),
            "{refused}"
        );
        assert_eq!(response.header("vary"), Some("Accept-Encoding"));
        assert_eq!(response.header("cache-control"), Some("no-store"));
        // What is stored as it is goes to all, as the compressed form by its own name does.
        for (path, same) in [("/film.mp4", None), ("/app.js.gz", Some(&whole.body))] {
            let response = ask(&server, &format!("GET {path}"), &headers);
            assert_eq!(
                (response.status, response.header("vary")),
                (200, None),
                "{path}"
            );
            assert!(same.is_none_or(|same| *same == response.body), "{path}");
        }
    }
}

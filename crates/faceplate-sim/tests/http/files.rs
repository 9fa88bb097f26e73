//! The frontend's files, and what stands in for them.

use std::collections::BTreeMap;

use faceplate_pack::{Gzip, Options, pack};

use crate::{
    board::{Board, Frontend, Rng},
    client::{Response, ask, get, status},
    server::Server,
};

const PAGE: &str = "<!doctype html><title>home</title>";
const HTML: &str = "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n";

fn tree() -> BTreeMap<String, Vec<u8>> {
    let script = "export const repeated = 'text';\n".repeat(400);
    [
        ("index.html", PAGE.as_bytes().to_vec()),
        ("favicon.svg", b"<svg/>".to_vec()),
        ("a b/ä.txt", b"umlaut".to_vec()),
        ("docs/index.html", b"<title>docs</title>".to_vec()),
        ("assets/index-BkD3x9Qz.js", script.into_bytes()),
        ("assets/logo.png", Rng::new(1).bytes(5000)),
        ("_app/immutable/entry/start.js", b"start()".to_vec()),
        ("_app/version.json", b"{}".to_vec()),
        ("large.bin", Rng::new(2).bytes(300_000)),
        ("empty.txt", Vec::new()),
    ]
    .map(|(path, content)| (path.to_owned(), content))
    .into()
}

fn server() -> Server {
    Server::start(|| {
        let board = Board::new();
        let options = Options {
            gzip: Gzip::Auto,
            immutable: ["assets/index-BkD3x9Qz.js".to_owned()].into(),
            ..Options::default()
        };
        let image = pack(tree(), &options).unwrap().image;
        board.flash.poke(board.slot(0).offset, &image).unwrap();
        board
    })
}

fn assert_missing(response: &Response, what: &str) {
    assert_eq!(response.problem(), (404, "not-found".to_owned()), "{what}");
}

#[test]
fn files_come_whole_with_their_type_and_cache_rule() {
    let server = server();
    let files = tree();
    let hashed = "max-age=31536000, immutable";
    for (path, file, content_type, cache) in [
        ("/", "index.html", "text/html; charset=utf-8", "no-cache"),
        (
            "/index.html?v=1",
            "index.html",
            "text/html; charset=utf-8",
            "no-cache",
        ),
        ("/favicon.svg", "favicon.svg", "image/svg+xml", "no-cache"),
        (
            "/a%20b/%C3%A4.txt",
            "a b/ä.txt",
            "text/plain; charset=utf-8",
            "no-cache",
        ),
        (
            "/docs/",
            "docs/index.html",
            "text/html; charset=utf-8",
            "no-cache",
        ),
        (
            "/assets/logo.png",
            "assets/logo.png",
            "image/png",
            "no-cache",
        ),
        (
            "/large.bin",
            "large.bin",
            "application/octet-stream",
            "no-cache",
        ),
        (
            "/empty.txt",
            "empty.txt",
            "text/plain; charset=utf-8",
            "no-cache",
        ),
        (
            "/_app/version.json",
            "_app/version.json",
            "application/json",
            "no-cache",
        ),
        (
            "/_app/immutable/entry/start.js",
            "_app/immutable/entry/start.js",
            "text/javascript; charset=utf-8",
            hashed,
        ),
    ] {
        let response = get(&server, path);
        assert_eq!(
            (response.status, &response.body),
            (200, &files[file]),
            "{path}"
        );
        assert_eq!(
            response.header("content-type"),
            Some(content_type),
            "{path}"
        );
        assert_eq!(response.header("cache-control"), Some(cache), "{path}");
        assert_eq!(response.header("content-encoding"), None, "{path}");
        assert_eq!(
            response.header("x-content-type-options"),
            Some("nosniff"),
            "{path}"
        );
    }
}

#[test]
fn pages_cannot_be_framed_by_foreign_ones() {
    let server = server();
    let policy = Some("frame-ancestors 'self'");
    for path in ["/", "/index.html", "/docs/", "/settings"] {
        let response = ask(&server, &format!("GET {path}"), HTML);
        assert_eq!(response.header("content-security-policy"), policy, "{path}");
    }
    for path in ["/favicon.svg", "/assets/index-BkD3x9Qz.js"] {
        let response = get(&server, path);
        assert_eq!(response.header("content-security-policy"), None, "{path}");
    }
    let compressed = Server::start(|| {
        let board = Board::new();
        let page = PAGE.repeat(100).into_bytes();
        let files = [("index.html".to_owned(), page)];
        let image = pack(files, &Options::default()).unwrap().image;
        board.flash.poke(board.slot(0).offset, &image).unwrap();
        board
    });
    let response = get(&compressed, "/");
    assert_eq!(response.header("content-encoding"), Some("gzip"));
    assert_eq!(response.header("content-security-policy"), policy);
}

#[test]
fn a_compressed_file_answers_to_its_name() {
    let server = server();
    let response = get(&server, "/assets/index-BkD3x9Qz.js");
    assert_eq!(response.header("content-encoding"), Some("gzip"));
    assert_eq!(
        response.header("content-type"),
        Some("text/javascript; charset=utf-8")
    );
    assert_eq!(
        response.header("cache-control"),
        Some("max-age=31536000, immutable")
    );
    assert!(response.body.starts_with(&[0x1f, 0x8b]) && response.body.len() < 1000);
    // Asked for by the name it is stored under, it is a file like any other.
    let stored = get(&server, "/assets/index-BkD3x9Qz.js.gz");
    assert_eq!((stored.status, &stored.body), (200, &response.body));
    assert_eq!(stored.header("content-encoding"), None);
    assert_eq!(stored.header("content-type"), Some("application/gzip"));
}

#[test]
fn head_is_get_without_the_body() {
    let server = server();
    for path in [
        "/",
        "/large.bin",
        "/assets/index-BkD3x9Qz.js",
        "/missing.js",
        "/recovery",
    ] {
        let get = get(&server, path);
        let mut client = crate::client::Client::new(&server);
        client.send(format!("HEAD {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        let head = client.response_to_head();
        assert_eq!(
            (head.status, &head.headers),
            (get.status, &get.headers),
            "{path}"
        );
        // The next response begins where that one ended.
        client.send("GET /favicon.svg HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert_eq!(client.response().body, b"<svg/>", "{path}");
    }
}

#[test]
fn a_client_that_has_the_content_gets_none() {
    let server = server();
    for path in ["/", "/large.bin", "/assets/index-BkD3x9Qz.js"] {
        let first = get(&server, path);
        let etag = first.header("etag").unwrap();
        assert!(
            etag.starts_with('"') && etag.ends_with('"') && etag.len() == 34,
            "{etag}"
        );
        for tags in [
            etag.to_owned(),
            format!("W/{etag}"),
            format!("\"other, one\", W/\"x\" ,{etag}"),
            format!("\"x\"\r\nIf-None-Match: {etag}"),
            "*".to_owned(),
        ] {
            for method in ["GET", "HEAD"] {
                let line = format!("{method} {path}");
                let again = ask(&server, &line, &format!("If-None-Match: {tags}\r\n"));
                assert_eq!(again.status, 304, "{tags}");
                for name in ["etag", "cache-control"] {
                    assert_eq!(again.header(name), first.header(name));
                }
                assert_eq!(again.header("content-length"), None);
            }
        }
        for tags in [
            "\"other\"",
            etag.trim_matches('"'),
            "",
            "nonsense",
            "\"",
            "W/",
        ] {
            let line = format!("GET {path}");
            let again = ask(&server, &line, &format!("If-None-Match: {tags}\r\n"));
            assert_eq!((again.status, &again.body), (200, &first.body), "{tags}");
        }
    }
    let missing = ask(&server, "GET /missing.js", "If-None-Match: *\r\n");
    assert_missing(&missing, "a tag for nothing");
}

#[test]
fn a_tag_changes_with_the_content_alone() {
    let tags = |version, change: bool| {
        let server = Server::start(move || {
            let board = Board::new();
            let mut files = Frontend::new("one", 16).files;
            if change {
                files.insert("assets/style.css".to_owned(), b"b {}".to_vec());
            }
            let frontend = Frontend::of(version, files);
            board
                .flash
                .poke(board.slot(0).offset, &frontend.image)
                .unwrap();
            board
        });
        ["/", "/assets/style.css", "/assets/app.js"]
            .map(|path| get(&server, path).header("etag").unwrap().to_owned())
    };
    let one = tags("one", false);
    assert_eq!(one, tags("another version", false));
    let other = tags("one", true);
    assert_eq!((&one[0], &one[2]), (&other[0], &other[2]));
    assert_ne!(one[1], other[1]);
}

#[test]
fn a_path_of_the_app_gets_its_index() {
    let server = server();
    let index = get(&server, "/");
    for path in [
        "/settings",
        "/a/b/c",
        "/settings/",
        "/docs/chapter",
        // Only extensions of known types make files, no folders.
        "/assets/kitchen",
        "/assets/",
        "/assets/192.168.1.5",
        "/_app/immutable/x",
        "/a b".replace(' ', "%20").as_str(),
    ] {
        let response = ask(&server, &format!("GET {path}"), HTML);
        assert_eq!(
            (response.status, &response.body),
            (200, &index.body),
            "{path}"
        );
        assert_eq!(response.header("cache-control"), Some("no-cache"), "{path}");
        assert_eq!(response.header("etag"), index.header("etag"), "{path}");
    }
}

#[test]
fn what_is_no_page_is_missing_when_it_is_missing() {
    let server = server();
    for (path, headers) in [
        ("/settings", ""),
        ("/settings", "Accept: */*\r\n"),
        ("/settings", "Accept: application/json\r\n"),
        ("/settings", "Accept: text/html;q=0, application/json\r\n"),
        ("/settings.js", HTML),
        ("/index.html/", HTML),
        ("/settings.js/", HTML),
        ("/old.html", HTML),
        ("/assets/index-OLD3x9Qz.js", HTML),
        ("/assets/x-abc.js", HTML),
        ("/_app/immutable/x.css", HTML),
        ("/api", HTML),
        ("/api/x", HTML),
        ("/favicon.svg/", ""),
        ("/favicon.svg/x", ""),
        ("/INDEX.HTML", ""),
    ] {
        assert_missing(&ask(&server, &format!("GET {path}"), headers), path);
    }
}

#[test]
fn no_path_escapes_from_the_root() {
    let server = server();
    for path in [
        "/..",
        "/../",
        "/../index.html",
        "/docs/../index.html",
        "/docs/..",
        "/%2e%2e/index.html",
        "/.%2e/x",
        "/..%2findex.html",
        "/docs%2findex.html",
        "//index.html",
        "/docs//index.html",
        "/./index.html",
        "/.",
        "/..%5cindex.html",
        "/....//index.html",
    ] {
        assert_missing(&ask(&server, &format!("GET {path}"), HTML), path);
    }
    for path in [
        "/%",
        "/%zz",
        "/%0",
        "/index.html%00",
        "/%ff",
        "/index.html%0d%0a",
        "/%c0%ae%c0%ae/",
    ] {
        let response = ask(&server, &format!("GET {path}"), HTML);
        assert_eq!(response.problem(), (400, "bad-path".to_owned()), "{path}");
    }
}

#[test]
fn a_directory_without_its_slash_is_sent_there() {
    let server = server();
    let response = ask(&server, "GET /docs?x=1", HTML);
    assert_eq!(
        (response.status, response.header("location")),
        (308, Some("./docs/?x=1"))
    );
    assert_eq!(response.header("cache-control"), Some("no-cache"));
    let response = ask(&server, "GET /assets", "");
    assert_missing(&response, "a directory without an index");
}

#[test]
fn the_recovery_page_is_always_there() {
    let server = server();
    let response = get(&server, "/recovery");
    assert_eq!(response.status, 200);
    assert_eq!(
        response.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(response.header("cache-control"), Some("no-store"));
    assert_eq!(response.header("x-frame-options"), Some("DENY"));
    let page = String::from_utf8(response.body).unwrap();
    for part in ["api/ota/status", "api/ota/frontend", "api/ota/rollback"] {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn the_pages_of_the_firmware_are_there_with_a_slash_at_their_end() {
    let server = server();
    for (path, base) in [
        ("/recovery", "./"),
        ("/recovery/", "../"),
        ("/recovery/wifi", "../"),
        ("/recovery/wifi/", "../../"),
    ] {
        let title = match path.contains("wifi") {
            true => "<title>Wi-Fi setup",
            false => "<title>Recovery",
        };
        for headers in ["", HTML] {
            let response = ask(&server, &format!("GET {path}"), headers);
            assert_eq!(response.status, 200, "{path}");
            let page = String::from_utf8(response.body).unwrap();
            assert!(page.contains(title), "{path}");
            // What the page loads and leads to is relative to the top.
            assert!(page.contains(&format!("<base href=\"{base}\">")), "{path}");
        }
        let posted = ask(&server, &format!("POST {path}"), "Content-Length: 0\r\n");
        assert_eq!(posted.problem().1, "method", "{path}");
    }
    // Nothing else below them is theirs.
    for path in ["/recovery/x", "/recovery/wifi/x", "/recovery%2F"] {
        let page = ask(&server, &format!("GET {path}"), HTML).body;
        assert_eq!(page, PAGE.as_bytes(), "{path}");
    }
}

#[test]
fn without_a_frontend_pages_are_the_recovery_page_and_files_are_unavailable() {
    let server = Server::start(Board::new);
    assert_eq!(status(&server)["state"], "recovery");
    let page = get(&server, "/recovery").body;
    for (path, headers) in [
        ("/", ""),
        ("/index.html", ""),
        ("/", HTML),
        ("/settings", HTML),
        ("/update.html", HTML),
    ] {
        let response = ask(&server, &format!("GET {path}"), headers);
        assert_eq!((response.status, &response.body), (200, &page), "{path}");
        assert_eq!(response.header("cache-control"), Some("no-store"));
    }
    let deep = ask(&server, "GET /assets/kitchen", HTML);
    let deep = String::from_utf8(deep.body).unwrap();
    assert!(deep.contains("<title>Recovery"), "{deep}");
    for (path, headers) in [("/settings", ""), ("/app.js", HTML), ("/assets/x.js", HTML)] {
        let response = ask(&server, &format!("GET {path}"), headers);
        assert_eq!(
            response.problem(),
            (503, "no-frontend".to_owned()),
            "{path}"
        );
    }
    let two = Frontend::new("two", 16);
    assert_eq!(
        crate::client::upload(&server, "", &two.image, "").status,
        200
    );
    assert_eq!(get(&server.rebooted(), "/").body, two.files["index.html"]);
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_and_not_half_a_file() {
    use faceplate_sim::flash::Fault;
    let server = server();
    let sectors = server.ask(|device| {
        let image = device
            .board
            .flash
            .peek(device.board.slot(0).offset, 600_000)
            .unwrap();
        let content = Rng::new(2).bytes(300_000);
        let at = image
            .windows(32)
            .position(|bytes| *bytes == content[200_000..][..32])
            .unwrap();
        (device.board.slot(0).offset + at as u32) / 4096
    });
    server.ask(move |device| {
        device
            .board
            .flash
            .inject(Fault::Read { sector: sectors })
            .unwrap();
    });
    let mut client = crate::client::Client::new(&server);
    client.send("GET /large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n");
    use std::io::Read;
    let mut bytes = Vec::new();
    client.stream.read_to_end(&mut bytes).unwrap();
    let text = String::from_utf8_lossy(&bytes[..20]).into_owned();
    assert!(
        text.starts_with("HTTP/1.1 200") && bytes.len() < 300_000,
        "{}",
        bytes.len()
    );
    assert_eq!(get(&server, "/favicon.svg").status, 200);
}

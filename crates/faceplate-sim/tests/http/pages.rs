//! Addresses of pages: without their extensions, with routes that are no files, and pages that say
//! that nothing is there.

use std::collections::BTreeMap;

use faceplate_pack::{Options, pack};

use crate::{
    board::Board,
    client::{Response, ask, get},
    server::Server,
};

const HTML: &str = "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n";

/// A frontend whose pages say their own names.
fn site(files: &[&str]) -> Server {
    let page = |path: &&str| ((*path).to_owned(), format!("<p>{path}").into_bytes());
    let files: BTreeMap<_, _> = files.iter().map(page).collect();
    Server::start(move || {
        let board = Board::new();
        let image = pack(files, &Options::default()).unwrap().image;
        board.flash.poke(board.slot(0).offset, &image).unwrap();
        board
    })
}

fn page(server: &Server, path: &str) -> Response {
    ask(server, &format!("GET {path}"), HTML)
}

#[track_caller]
fn assert_page(server: &Server, path: &str, status: u16, file: &str) {
    let response = page(server, path);
    let body = String::from_utf8_lossy(&response.body);
    assert_eq!(
        (response.status, &*body),
        (status, &*format!("<p>{file}")),
        "{path}"
    );
    let kind = response.header("content-type");
    assert_eq!(kind, Some("text/html; charset=utf-8"), "{path}");
    assert_eq!(response.header("cache-control"), Some("no-cache"), "{path}");
    let policy = response.header("content-security-policy");
    assert_eq!(policy, Some("frame-ancestors 'self'"), "{path}");
}

#[track_caller]
fn assert_sent_to(server: &Server, path: &str, to: &str) {
    let response = page(server, path);
    let location = response.header("location");
    assert_eq!((response.status, location), (308, Some(to)), "{path}");
}

const PAGES: [&str; 9] = [
    "index.html",
    "about.html",
    "blog/index.html",
    "blog/first.html",
    "both.html",
    "both/index.html",
    "topics/node.js.html",
    "time/12:30/index.html",
    "time/9:15.html",
];

#[test]
fn a_page_is_found_without_its_extension_and_a_folder_by_its_index() {
    let server = site(&PAGES);
    for (path, file) in [
        ("/", "index.html"),
        ("/about", "about.html"),
        ("/about?tab=1", "about.html"),
        ("/about.html", "about.html"),
        ("/index", "index.html"),
        ("/blog/", "blog/index.html"),
        ("/blog/first", "blog/first.html"),
        ("/topics/node.js", "topics/node.js.html"),
        // A name without a slash is the page, one with a slash the folder.
        ("/both", "both.html"),
        ("/both/", "both/index.html"),
    ] {
        assert_page(&server, path, 200, file);
        // It is there for a program, too.
        assert_eq!(get(&server, path).status, 200, "{path}");
    }
}

#[test]
fn redirects_are_relative_so_that_they_hold_behind_a_prefix() {
    let server = site(&PAGES);
    for (path, to) in [
        ("/blog", "./blog/"),
        ("/blog?x=1&y=%20", "./blog/?x=1&y=%20"),
        ("/about/", "../about"),
        ("/about/?x=1", "../about?x=1"),
        ("/blog/first/", "../first"),
        // What looks like a scheme is none.
        ("/time/12:30", "./12:30/"),
        ("/time/9%3A15/", "../9%3A15"),
    ] {
        assert_sent_to(&server, path, to);
    }
}

#[test]
fn routes_get_the_page_of_the_app_whatever_they_hold() {
    let server = site(&["index.html", "topics/home/kitchen", "a/b", "device.html"]);
    for path in [
        "/settings",
        "/settings/",
        "/device/192.168.1.5",
        "/device/192.168.1.5/",
        "/users/john.doe",
        "/v1.2/notes",
        "/topics/home%2Fkitchen",
        "/topics/home%2fkitchen/",
        "/a//b",
        "//a/b",
        "/a/b//",
        "//",
        "/%2F",
        "/%2e%2e%2e/x",
        "/a%5C..%5Cb",
        "/device//",
        "/api.v2/x",
        "/recovery//",
        "/assets%2Fx",
        "/%E2%9C%93",
    ] {
        assert_page(&server, path, 200, "index.html");
        let response = ask(&server, &format!("GET {path}"), "Accept: */*\r\n");
        assert_eq!(response.problem(), (404, "not-found".to_owned()), "{path}");
    }
    // Files of known types are missing where they are missing.
    for path in [
        "/x.json",
        "/a//b.js",
        "/topics/home%2Fkitchen.png",
        "/x.CJS",
        "/x.vtt",
        "/assets%2Fx.js",
    ] {
        assert_eq!(
            page(&server, path).problem(),
            (404, "not-found".to_owned()),
            "{path}"
        );
    }
}

#[test]
fn no_route_and_no_escape_reaches_what_is_not_named_by_its_path() {
    let server = site(&["index.html", "secret/key.txt", "404.html"]);
    let dots = ["..", ".", "%2e%2e", "%2E.", ".%2e"];
    let slashes = ["/", "%2f", "%2F", "//", "/%2f"];
    for dots in dots {
        for slash in slashes {
            for path in [
                format!("/{dots}{slash}secret/key.txt"),
                format!("/secret{slash}{dots}{slash}secret{slash}key.txt"),
                format!("/x{slash}{dots}{slash}api/ota/status"),
                format!("/{dots}{slash}"),
                format!("/secret{slash}{dots}"),
            ] {
                let response = page(&server, &path);
                assert_eq!(response.problem(), (404, "not-found".to_owned()), "{path}");
            }
        }
    }
    // Nor by an API that is only spelled alike.
    for path in [
        "/secret%2Fkey.txt",
        "//secret/key.txt",
        "/secret//key.txt",
        "/secret%5Ckey.txt",
    ] {
        assert_eq!(
            page(&server, path).problem(),
            (404, "not-found".to_owned()),
            "{path}"
        );
    }
    for path in [
        "/api%2Fota%2Fstatus",
        "/api//ota/status",
        "/api/ota//status",
    ] {
        assert_eq!(
            get(&server, path).problem(),
            (404, "not-found".to_owned()),
            "{path}"
        );
    }
    for path in [
        "/secret%00/key.txt",
        "/secret/key.txt%00",
        "/%",
        "/%f",
        "/%ff",
        "/%c0%af",
        "/a%0a",
    ] {
        assert_eq!(
            page(&server, path).problem(),
            (400, "bad-path".to_owned()),
            "{path}"
        );
    }
}

#[test]
fn a_page_that_is_missing_is_200_then_404_then_the_index() {
    for (files, status, file) in [
        (&["index.html"][..], 200, "index.html"),
        (&["index.html", "404.html"], 404, "404.html"),
        (&["index.html", "404.html", "200.html"], 200, "200.html"),
        (&["index.html", "200.html"], 200, "200.html"),
    ] {
        let server = site(files);
        for path in ["/nothing", "/no/thing/", "/no.thing", "/a//b"] {
            assert_page(&server, path, status, file);
        }
        assert_page(&server, "/", 200, "index.html");
        for path in ["/x.js", "/assets/x.css", "/x.png/"] {
            assert_eq!(page(&server, path).problem().0, 404, "{path}");
        }
        let data = ask(&server, "GET /nothing", "Accept: application/json\r\n");
        assert_eq!(data.problem(), (404, "not-found".to_owned()));
        // A page that is named by its file is missing, whatever the app does with its routes.
        let named = page(&server, "/old.html");
        match files.contains(&"404.html") {
            true => assert_page(&server, "/old.html", 404, "404.html"),
            false => assert_eq!(named.problem(), (404, "not-found".to_owned())),
        }
    }
}

#[test]
fn the_page_of_an_error_is_whole_whatever_the_client_has() {
    let long = format!("<p>{}", "nothing here ".repeat(200));
    let server = Server::start(move || {
        let board = Board::new();
        let files = [("index.html", "<p>home"), ("404.html", &long)];
        let files = files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()));
        let image = pack(files, &Options::default()).unwrap().image;
        board.flash.poke(board.slot(0).offset, &image).unwrap();
        board
    });
    let missing = page(&server, "/nothing");
    assert_eq!(
        (missing.status, missing.header("content-encoding")),
        (404, Some("gzip"))
    );
    let etag = missing.header("etag").unwrap();
    for more in [
        format!("If-None-Match: {etag}\r\n"),
        "Range: bytes=0-0\r\n".to_owned(),
    ] {
        let again = ask(&server, "GET /nothing", &format!("{HTML}{more}"));
        assert_eq!((again.status, &again.body), (404, &missing.body), "{more}");
    }
    let head = ask(&server, "HEAD /nothing", HTML);
    assert_eq!(
        (head.status, head.header("content-length")),
        (404, missing.header("content-length"))
    );
}

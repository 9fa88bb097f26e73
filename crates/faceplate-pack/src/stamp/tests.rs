//! Where a stamp goes in pages of every kind, and that it comes out again.

use super::*;

const BUILD: BuildId = BuildId([0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef]);
const STAMP: &str = "<meta name=\"faceplate-build\" content=\"0123456789abcdef\">";

fn files(files: &[(&str, &[u8])]) -> Files {
    let owned = |(path, bytes): &(&str, &[u8])| ((*path).to_owned(), bytes.to_vec());
    files.iter().map(owned).collect()
}

/// Pages with a `|` where the stamp belongs.
const PAGES: &[&str] = &[
    "<!doctype html><html lang=en><head>|<meta charset=utf-8></head><body></body></html>",
    "<!DOCTYPE HTML>\r\n<HTML>\r\n<HEAD>|\r\n<TITLE>x</TITLE></HEAD></HTML>\r\n",
    "<html><head data-theme=\"a>b\" class='c>d'>|<title>x</title></head>",
    "<head/>|<p>",
    "<!-- <head> --><!doctype html><!-- <html><head> --><head>|",
    "<?xml version=\"1.0\"?><!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\"\n \
     \"x.dtd\"><html xmlns=\"x\"><head>|</head></html>",
    // Without a head tag.
    "<html><!-- c -->\n<head>|",
    "<html>|<body><header>x</header></body></html>",
    "<!doctype html>|<title>x</title><header>x</header>",
    "<!doctype html>|<body><head></body>",
    "<!--><!doctype html><!---><html>|<p>",
    "|<header>x</header>",
    "|<thead><head>",
    "text <html><head>|",
    "|<h1>Hello</h1>",
    "|<script>document.write('<html><head>')</script>",
    "\n <!-- a -->|\n<p>",
    // Without any tag.
    "<!doctype html>|",
    "<!doctype html>|\n",
    "|",
    "|\n",
    "|plain",
    "<!doctype html|",
];

#[test]
fn the_stamp_is_the_first_thing_in_the_head_wherever_a_browser_begins_it() {
    for page in PAGES {
        let clean = page.replace('|', "");
        let got = stamped(clean.as_bytes(), BUILD, None);
        if clean == "<!doctype html" {
            assert_eq!(got, None, "a tag that never ends");
            continue;
        }
        let got = String::from_utf8(got.expect(page)).unwrap();
        assert_eq!(got, page.replace('|', STAMP));
    }
}

#[test]
fn a_byte_order_mark_stays_in_front_and_other_bytes_as_they_are() {
    let page = b"\xef\xbb\xbf<p>\xff\xe9";
    let want = [&page[..3], STAMP.as_bytes(), &page[3..]].concat();
    assert_eq!(stamped(page, BUILD, None), Some(want));
    let latin = b"<html title=\xe9><head data-x='\xff>'>\xfc</head>";
    let got = stamped(latin, BUILD, None).unwrap();
    let at = latin.len() - b"\xfc</head>".len();
    assert_eq!(got, [&latin[..at], STAMP.as_bytes(), &latin[at..]].concat());
    assert_eq!(clean(&got), latin);
}

#[test]
fn a_page_without_a_place_for_a_stamp_is_left_alone() {
    let wide = "\u{feff}<html>".encode_utf16();
    let pages: [Vec<u8>; 4] = [
        wide.clone().flat_map(u16::to_le_bytes).collect(),
        wide.flat_map(u16::to_be_bytes).collect(),
        b"<!-- never closed <head>".to_vec(),
        b"<head".to_vec(),
    ];
    for page in pages {
        assert_eq!(stamped(&page, BUILD, None), None, "{page:?}");
    }
}

#[test]
fn stamps_are_found_and_taken_away_wherever_they_are() {
    let script = "<script src=\"../faceplate-confirm.js\"></script>";
    for (page, want) in [
        (format!("<head>{STAMP}{script}<p>"), "<head><p>"),
        (format!("<head>\n{script}\n<p>{STAMP}"), "<head>\n\n<p>"),
        (format!("{STAMP}{STAMP}"), ""),
        (
            "<META CONTENT=0123456789abcdef NAME=faceplate-build />x".to_owned(),
            "x",
        ),
        (
            "<script defer src='/faceplate-confirm.js?v=1' >\n</SCRIPT >x".to_owned(),
            "x",
        ),
        ("<script src=/faceplate-confirm.js>".to_owned(), ""),
        // What is left of one may be one.
        (format!("<<meta name=faceplate-build>{}", &STAMP[1..]), ""),
        (
            "<script src=/my-faceplate-confirm.js></script>".to_owned(),
            "<script src=/my-faceplate-confirm.js></script>",
        ),
        (
            format!("<!-- {STAMP} --><script>'{STAMP}'</script>"),
            &*format!("<!-- {STAMP} --><script>'{STAMP}'</script>"),
        ),
    ] {
        assert_eq!(
            String::from_utf8(clean(page.as_bytes())).unwrap(),
            want,
            "{page}"
        );
    }
}

#[test]
fn an_id_is_read_from_the_tag_alone_and_only_in_its_one_form() {
    let with = |content: &str| format!("<p><meta name=faceplate-build content='{content}'>");
    assert_eq!(id(with("0123456789abcdef").as_bytes()), Some(BUILD));
    for page in [
        with("0123456789ABCDEF"),
        with("0123456789abcde"),
        with(" 123456789abcdef"),
        with("0123456789abcdef0"),
        with(""),
        format!("<!--{STAMP}-->"),
        format!("<title>{STAMP}</title>"),
        format!("<noscript>{STAMP}</noscript>"),
        format!("<template>{STAMP}</template>"),
        "<meta name=faceplate-build>".to_owned(),
        String::new(),
    ] {
        assert_eq!(id(page.as_bytes()), None, "{page}");
    }
}

#[test]
fn the_script_is_found_from_where_the_page_is() {
    let here = files(&[
        ("index.html", b""),
        ("app/x.js", b""),
        ("my app/index.html", b""),
    ]);
    for (path, page, want) in [
        // Nothing tells.
        ("index.html", "", "/faceplate-confirm.js"),
        ("a/b.html", "<img src=x.png>", "/faceplate-confirm.js"),
        // As the page's own files are found.
        (
            "index.html",
            "<script src=/x.js></script>",
            "/faceplate-confirm.js",
        ),
        (
            "index.html",
            "<script src=./x.js></script>",
            "./faceplate-confirm.js",
        ),
        (
            "index.html",
            "<script src=x.js></script>",
            "./faceplate-confirm.js",
        ),
        (
            "a/b.html",
            "<script src=../x.js></script>",
            "../faceplate-confirm.js",
        ),
        (
            "a/b/c.html",
            "<link rel=stylesheet href=x.css>",
            "../../faceplate-confirm.js",
        ),
        (
            "a/b/c.html",
            "<link rel=stylesheet href=/x.css>",
            "/faceplate-confirm.js",
        ),
        (
            "index.html",
            "<link rel=icon href=x.svg><script>1</script>",
            "/faceplate-confirm.js",
        ),
        (
            "index.html",
            "<script src=https://cdn.example/x.js></script><script src=//y/z></script>\
             <script src=data:,1></script><script src=x.js></script><script src=/y.js></script>",
            "./faceplate-confirm.js",
        ),
        // Built for the prefix of a proxy, unless that is a folder.
        (
            "a/b.html",
            "<script src=/my%20home/lamp/app/x.js?v></script>",
            "/my%20home/lamp/faceplate-confirm.js",
        ),
        (
            "index.html",
            "<script src=/app/x.js></script>",
            "/faceplate-confirm.js",
        ),
        (
            "index.html",
            "<script src=/lamp/gone.js></script>",
            "/faceplate-confirm.js",
        ),
        // As SvelteKit writes pages without styles.
        (
            "index.html",
            "<link rel=modulepreload href=./m.js><script type=module>1</script>",
            "./faceplate-confirm.js",
        ),
        (
            "a/b.html",
            "<script>import('../x.js')</script>",
            "../faceplate-confirm.js",
        ),
        (
            "index.html",
            "<script>import(\"/lamp/app/x.js\")</script>",
            "/lamp/faceplate-confirm.js",
        ),
        // As its base says.
        (
            "index.html",
            "<base href=/><script src=x.js></script>",
            "/faceplate-confirm.js",
        ),
        (
            "a/b.html",
            "<base href=/><script src=x.js></script>",
            "/faceplate-confirm.js",
        ),
        (
            "index.html",
            "<base href=/lamp/>",
            "/lamp/faceplate-confirm.js",
        ),
        (
            "index.html",
            "<base href='/lamp/index.html?x#y'>",
            "/lamp/faceplate-confirm.js",
        ),
        (
            "index.html",
            "<base href=/lamp/../%22&amp;ü/>",
            "/%22&%C3%BC/faceplate-confirm.js",
        ),
        ("index.html", "<base href=/app/>", "/faceplate-confirm.js"),
        (
            "my app/index.html",
            "<base href='/my%20app/'>",
            "/faceplate-confirm.js",
        ),
        (
            "my app/index.html",
            "<base href='/my app/'>",
            "/faceplate-confirm.js",
        ),
        // A folder below a prefix, or a prefix that is called as a folder is: its files tell.
        (
            "my app/index.html",
            "<base href=/lamp/my%20app/>",
            "/lamp/faceplate-confirm.js",
        ),
        (
            "app/index.html",
            "<base href=/lamp/app/><script src=x.js></script>",
            "/lamp/faceplate-confirm.js",
        ),
        (
            "index.html",
            "<base href=/lamp/app/><script src=app/x.js></script>",
            "/lamp/app/faceplate-confirm.js",
        ),
        ("index.html", "<base href=./>", "./faceplate-confirm.js"),
        (
            "a/b.html",
            "<base href=../><script src=/x.js></script>",
            "../faceplate-confirm.js",
        ),
        // A base elsewhere is none.
        (
            "index.html",
            "<base href=https://x.example/y/><script src=x.js></script>",
            "./faceplate-confirm.js",
        ),
        (
            "index.html",
            "<base href=//x.example/y/>",
            "/faceplate-confirm.js",
        ),
        (
            "index.html",
            "<base target=_top><base href=/lamp/>",
            "/lamp/faceplate-confirm.js",
        ),
    ] {
        assert_eq!(address(path, page.as_bytes(), &here), want, "{path} {page}");
    }
}

#[test]
fn an_address_is_written_as_an_attribute() {
    let page = stamped(b"<p>", BUILD, Some("/a&b/faceplate-confirm.js")).unwrap();
    let page = String::from_utf8(page).unwrap();
    assert_eq!(
        page,
        format!("{STAMP}<script src=\"/a&amp;b/faceplate-confirm.js\"></script><p>")
    );
}

/// Pages of random pieces, the kind that scanners stumble over.
fn soup(seed: u64) -> Vec<u8> {
    const PIECES: &[&str] = &[
        "<",
        ">",
        "</",
        "<!",
        "<!--",
        "-->",
        "<!-->",
        "<!doctype html>",
        "<html>",
        "<HEAD>",
        "<head a='>'>",
        "<header>",
        "</head>",
        "<body>",
        "<title>",
        "</title>",
        "<script>",
        "</script>",
        "<script src=x.js>",
        "<script src=\"/faceplate-confirm.js\">",
        "<style>",
        "</style>",
        "<template>",
        "</template>",
        "<noscript>",
        "\"",
        "'",
        "=",
        " ",
        "\r\n",
        "x",
        "ü",
        "&amp;",
        "?",
        "<base href=/a/>",
        "<meta name=faceplate-build>",
        STAMP,
        "meta name=faceplate-build",
        "\u{feff}",
    ];
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) as usize
    };
    let mut page = Vec::new();
    for _ in 0..next() % 12 {
        page.extend_from_slice(PIECES[next() % PIECES.len()].as_bytes());
        if next() % 20 == 0 {
            page.push(next() as u8);
        }
    }
    page
}

#[test]
fn a_stamp_in_any_soup_is_found_again_and_stamping_twice_is_stamping_once() {
    let mut stamped_pages = 0;
    for seed in 0..5_000 {
        let page = soup(seed);
        let once = |page: &[u8]| {
            let mut build = files(&[("index.html", b"<p>"), ("page.html", page)]);
            let stamped = write(&mut build, Stamp::Script).unwrap();
            (build, stamped.build, stamped.unstamped)
        };
        let (build, id_of_build, unstamped) = once(&page);
        let html = &build["page.html"];
        let show = || String::from_utf8_lossy(&page).into_owned();
        if unstamped.is_empty() {
            stamped_pages += 1;
            assert_eq!(id(html), id_of_build, "{seed}: {}", show());
            let read = read(&build).map(|stamped| stamped.build);
            assert_eq!(read, Ok(id_of_build), "{seed}: {}", show());
        } else {
            assert_eq!(id(html), None, "{seed}: {}", show());
        }
        assert_eq!(once(html).0, build, "{seed}: {}", show());
    }
    assert!(stamped_pages > 2_500, "{stamped_pages}");
}

//! Requests as a caller writes them, good ones and broken ones.

use super::*;

/// Written by hand, so that the format is what the documentation says.
fn put(request: &mut Vec<u8>, bytes: &[u8]) {
    request.extend((bytes.len() as u32).to_le_bytes());
    request.extend(bytes);
}

fn pack_request(files: &[(&str, &[u8])], version: Option<&str>) -> Vec<u8> {
    stamp_request(files, version, 0)
}

fn stamp_request(files: &[(&str, &[u8])], version: Option<&str>, stamp: usize) -> Vec<u8> {
    whole_request(files, version, stamp, None)
}

fn whole_request(
    files: &[(&str, &[u8])],
    version: Option<&str>,
    stamp: usize,
    base: Option<&[u8]>,
) -> Vec<u8> {
    let mut request = Vec::new();
    let number = |request: &mut Vec<u8>, number: usize| {
        request.extend((number as u32).to_le_bytes());
    };
    number(&mut request, 1 << 20);
    number(&mut request, version.is_some().into());
    put(&mut request, version.unwrap_or_default().as_bytes());
    number(&mut request, 1);
    number(&mut request, 2);
    number(&mut request, 7);
    number(&mut request, 1);
    number(&mut request, stamp);
    number(&mut request, 1);
    put(&mut request, b"app.js");
    number(&mut request, 1);
    number(&mut request, base.is_some().into());
    put(&mut request, base.unwrap_or_default());
    number(&mut request, files.len());
    for (path, content) in files {
        put(&mut request, path.as_bytes());
        put(&mut request, content);
    }
    request
}

fn site() -> Vec<u8> {
    let index = b"<script src=/app.js></script><script src=/gone.js></script>";
    let app = [b'a'; 5000];
    pack_request(
        &[
            ("index.html", index),
            ("app.js", &app),
            (".DS_Store", b"x"),
            ("api/x", b"y"),
            ("a.css.br", b"z"),
        ],
        Some("1.2.3"),
    )
}

fn image() -> Vec<u8> {
    let answer = pack(&site());
    let mut answer = Reader::new(&answer);
    assert_eq!(answer.number(), Ok(OK));
    answer.bytes().unwrap().to_vec()
}

fn refused(answer: &[u8]) -> (u32, String) {
    let mut answer = Reader::new(answer);
    let kind = answer.number().unwrap();
    let text = answer.text().unwrap().to_owned();
    answer.end().unwrap();
    (kind, text)
}

#[test]
fn a_request_to_pack_is_answered_with_image_and_report() {
    let answer = pack(&site());
    let mut answer = Reader::new(&answer);
    assert_eq!(answer.number(), Ok(OK));
    let image = answer.bytes().unwrap();
    let inspection = faceplate_pack::inspect(image).unwrap();
    assert_eq!(answer.bytes(), Ok(&inspection.sha256[..]));
    assert_eq!((answer.text(), answer.text()), (Ok("1.2.3"), Ok("")));
    assert_eq!(answer.number(), Ok(inspection.len / 4096));
    assert_eq!((answer.number(), answer.number()), (Ok(0), Ok(256)));
    for list in [".DS_Store", "api/x", "/gone.js"] {
        assert_eq!((answer.number(), answer.text()), (Ok(1), Ok(list)));
    }
    for _unstamped_silenced_changed_dropped in 0..4 {
        assert_eq!(answer.number(), Ok(0));
    }
    let files: Vec<_> = (0..answer.number().unwrap())
        .map(|_| {
            let (path, stored_as) = (answer.text().unwrap(), answer.text().unwrap());
            let sizes = (answer.number().unwrap(), answer.number());
            (path, stored_as, sizes, answer.number())
        })
        .collect();
    let warnings = (answer.number(), answer.text());
    assert!(
        matches!(warnings, (Ok(1), Ok(text)) if text.starts_with("a.css is there only as a.css.br")),
        "{warnings:?}"
    );
    answer.end().unwrap();
    let size = |name| {
        let mut files = inspection.files.iter();
        Ok(files.find(|file| file.path == name).unwrap().size)
    };
    let packed = [
        ("a.css.br", "a.css.br", (1, size("a.css.br")), Ok(0)),
        ("api/x", "api/x", (1, size("api/x")), Ok(0)),
        ("app.js", "app.js.gz", (5000, size("app.js.gz")), Ok(1)),
        ("index.html", "index.html", (59, size("index.html")), Ok(0)),
    ];
    assert_eq!(files, packed);
    let manifest = inspection.manifest.unwrap();
    assert_eq!((manifest.api_min, manifest.api_max), (1, 2));
    assert_eq!(manifest.sequence, 7);
}

#[test]
fn stamping_answers_with_the_build_id_and_the_files_that_it_changed() {
    let wide = "\u{feff}<p>".encode_utf16().flat_map(u16::to_le_bytes);
    let wide: Vec<u8> = wide.collect();
    let policy = b"<meta http-equiv=content-security-policy content=\"default-src 'none'\">";
    let files: [(&str, &[u8]); 5] = [
        ("mute.html", policy),
        ("index.html", b"<p>"),
        ("index.html.gz", b"old"),
        ("wide.html", &wide),
        ("app.js", b"1"),
    ];
    for (stamp, script) in [
        (1, ""),
        (2, "<script src=\"/faceplate-confirm.js\"></script>"),
    ] {
        let answer = pack(&stamp_request(&files, Some("1.2.3"), stamp));
        let mut answer = Reader::new(&answer);
        assert_eq!(answer.number(), Ok(OK));
        let image = answer.bytes().unwrap().to_vec();
        answer.bytes().unwrap();
        answer.text().unwrap();
        let build = answer.text().unwrap();
        for _used_free_total in 0..3 {
            answer.number().unwrap();
        }
        for _skipped_hidden_missing in 0..3 {
            assert_eq!(answer.number(), Ok(0));
        }
        assert_eq!((answer.number(), answer.text()), (Ok(1), Ok("wide.html")));
        assert_eq!((answer.number(), answer.text()), (Ok(1), Ok("mute.html")));
        let changed: Vec<_> = (0..answer.number().unwrap())
            .map(|_| (answer.text().unwrap(), answer.bytes().unwrap()))
            .collect();
        let page = format!("<meta name=\"faceplate-build\" content=\"{build}\">{script}<p>");
        assert!(
            changed.contains(&("index.html", page.as_bytes())),
            "{changed:?}"
        );
        assert_eq!(changed.len(), 1 + stamp);
        assert_eq!(
            (answer.number(), answer.text()),
            (Ok(1), Ok("index.html.gz"))
        );

        let mut request = Vec::new();
        put(&mut request, &image);
        let answer = inspect(&request);
        let mut answer = Reader::new(&answer);
        answer.number().unwrap();
        answer.bytes().unwrap();
        answer.number().unwrap();
        answer.number().unwrap();
        assert_eq!(answer.text(), Ok("1.2.3"));
        assert_eq!((answer.number(), answer.number()), (Ok(1), Ok(2)));
        assert_eq!((answer.number(), answer.text()), (Ok(7), Ok(build)));
    }
    let answer = pack(&stamp_request(&files, None, 3));
    assert_eq!(refused(&answer).0, BAD_REQUEST);
}

#[test]
fn what_cannot_be_packed_is_refused_in_words() {
    let (kind, text) = refused(&pack(&pack_request(&[("app.js", b"1")], None)));
    assert_eq!(kind, REFUSED);
    assert!(text.starts_with("there is no index.html"), "{text}");
}

#[test]
fn an_image_is_answered_with_its_facts_and_files() {
    let image = image();
    let mut request = Vec::new();
    put(&mut request, &image);
    let answer = inspect(&request);
    let mut answer = Reader::new(&answer);
    assert_eq!(answer.number(), Ok(OK));
    assert_eq!(answer.bytes().unwrap().len(), 32);
    assert_eq!((answer.number(), answer.number()), (Ok(1 << 20), Ok(1)));
    assert_eq!(answer.text(), Ok("1.2.3"));
    assert_eq!((answer.number(), answer.number()), (Ok(1), Ok(2)));
    assert_eq!(answer.number(), Ok(7));
    // Neither a build nor a signature.
    assert_eq!((answer.text(), answer.text()), (Ok(""), Ok("")));
    let files: Vec<_> = (0..answer.number().unwrap())
        .map(|_| (answer.text().unwrap(), answer.bytes().unwrap()))
        .collect();
    assert_eq!((answer.number(), answer.number()), (Ok(1), Ok(1)));
    assert_eq!(answer.text(), Ok("app.js.gz"));
    // Nothing in it can confirm, and no block is left free.
    assert_eq!((answer.number(), answer.number()), (Ok(0), Ok(0)));
    answer.end().unwrap();
    assert!(files.contains(&("api/x", b"y")));
    assert_eq!(files.len(), 4);
}

#[test]
fn a_base_keeps_files_at_their_places_and_has_to_be_an_image() {
    let pictures = |first: usize| {
        let pictures = [vec![1; first], vec![2; 5000]];
        [
            ("index.html", b"".to_vec()),
            ("a.png", pictures[0].clone()),
            ("b.png", pictures[1].clone()),
        ]
    };
    let packed = |first, base: Option<&[u8]>| {
        let files = pictures(first);
        let files = files.each_ref().map(|(path, bytes)| (*path, &**bytes));
        pack(&whole_request(&files, None, 0, base))
    };
    let image = |answer: &[u8]| {
        let mut answer = Reader::new(answer);
        assert_eq!(answer.number(), Ok(OK));
        answer.bytes().unwrap().to_vec()
    };
    let block = |image: &[u8], path: &str| {
        let files = faceplate_pack::inspect(image).unwrap().files;
        files
            .into_iter()
            .find(|file| file.path == path)
            .unwrap()
            .block
    };
    let old = image(&packed(5000, None));
    let new = packed(9000, Some(&old));
    let moved = image(&new);
    assert_eq!(block(&moved, "b.png"), block(&old, "b.png"));
    assert_ne!(block(&moved, "a.png"), block(&old, "a.png"));
    let mut request = Vec::new();
    put(&mut request, &moved);
    let inspected = inspect(&request);
    // Two blocks are left free.
    assert_eq!(inspected[inspected.len() - 4..], 2_u32.to_le_bytes());

    let (kind, text) = refused(&packed(5000, Some(b"PK")));
    assert_eq!(kind, REFUSED);
    assert!(
        text.starts_with("the base: not an image: 2 bytes long"),
        "{text}"
    );
}

#[test]
fn what_is_no_image_is_refused_in_words() {
    let (kind, text) = refused(&inspect(&[2, 0, 0, 0, b'P', b'K']));
    assert_eq!(kind, REFUSED);
    assert!(text.starts_with("not an image: 2 bytes long"), "{text}");
}

/// A request that has these fields, each as bytes.
fn fields(fields: &[&[u8]]) -> Vec<u8> {
    let mut request = Vec::new();
    for field in fields {
        put(&mut request, field);
    }
    request
}

#[test]
fn what_is_signed_elsewhere_is_put_into_the_image() {
    let image = image();
    let answer = statement(&fields(&[&image]));
    let mut answer = Reader::new(&answer);
    assert_eq!(answer.number(), Ok(OK));
    let expected = faceplate_pack::statement(&image).unwrap();
    assert_eq!(answer.bytes(), Ok(&expected[..]));
    answer.end().unwrap();

    let (key, signature) = ([3; 32], [5; 64]);
    let answer = attach(&[&fields(&[&image])[..], &key, &signature].concat());
    let mut answer = Reader::new(&answer);
    assert_eq!(answer.number(), Ok(OK));
    let signed = answer.bytes().unwrap();
    let expected = faceplate_pack::attach(&image, &PublicKey(key), signature).unwrap();
    assert_eq!(signed, expected);
    answer.end().unwrap();

    let answer = inspect(&fields(&[signed]));
    let mut answer = Reader::new(&answer);
    answer.number().unwrap();
    answer.bytes().unwrap();
    for _slot_manifest in 0..2 {
        answer.number().unwrap();
    }
    answer.text().unwrap();
    for _apis_sequence in 0..3 {
        answer.number().unwrap();
    }
    let id = PublicKey(key).id().to_string();
    assert_eq!((answer.text(), answer.text()), (Ok(""), Ok(&id[..])));
}

#[test]
fn what_cannot_be_signed_is_refused_in_words() {
    for request in [
        statement(&fields(&[b"PK"])),
        attach(&[&fields(&[b"PK"])[..], &[0; 96]].concat()),
    ] {
        let (kind, text) = refused(&request);
        assert_eq!(kind, REFUSED);
        assert!(text.starts_with("not an image: 2 bytes long"), "{text}");
    }
    let image = image();
    for len in [0, 31, 95, 97] {
        let request = [fields(&[&image]), vec![0; len]].concat();
        assert_eq!(refused(&attach(&request)).0, BAD_REQUEST, "{len}");
    }
}

#[test]
fn a_page_is_answered_with_what_it_loads() {
    let html = b"\xff<script src=/a%20b.js></script><img src=x>";
    let mut request = Vec::new();
    put(&mut request, html);
    put(&mut request, b"lamp/kitchen");
    let answer = page(&request);
    let mut answer = Reader::new(&answer);
    assert_eq!((answer.number(), answer.number()), (Ok(OK), Ok(2)));
    assert_eq!(
        (answer.text(), answer.text()),
        (Ok("/a%20b.js"), Ok("a b.js"))
    );
    assert_eq!((answer.number(), answer.number()), (Ok(1), Ok(1)));
    assert_eq!((answer.text(), answer.text()), (Ok("/x"), Ok("x")));
    assert_eq!((answer.number(), answer.number()), (Ok(0), Ok(0)));
    answer.end().unwrap();
}

#[test]
fn a_request_that_is_cut_or_too_long_is_a_bad_request() {
    let whole = site();
    for end in 0..whole.len() {
        assert_eq!(refused(&pack(&whole[..end])).0, BAD_REQUEST, "{end}");
    }
    let (kind, text) = refused(&pack(&[&whole[..], &[0]].concat()));
    assert_eq!(kind, BAD_REQUEST);
    assert_eq!(
        text,
        "the request cannot be read: it goes on after its last field"
    );
    for function in [pack, inspect, statement, attach, page] {
        assert_eq!(refused(&function(&[])).0, BAD_REQUEST);
        assert_eq!(refused(&function(&[0xff; 64])).0, BAD_REQUEST);
    }
}

#[test]
fn no_changed_byte_of_a_request_makes_an_answer_that_is_none() {
    let whole = pack_request(&[("index.html", b"<p>"), ("a.js", b"1")], Some("1"));
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut changed = whole.clone();
            changed[at] ^= 1 << bit;
            let answer = pack(&changed);
            let kind = Reader::new(&answer).number().unwrap();
            assert!(kind == OK || refused(&answer).0 == kind, "{at} {bit}");
        }
    }
}

//! Patches over HTTP, and what a client makes them of: the image in a slot, and its chunks.

use std::{thread, time::Duration};

use faceplate::{
    Slot,
    chunks::{Chunk, List},
};
use faceplate_http::Limits;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::{
    board::{
        Board, Frontend, Rng,
        patches::{Patch, between},
    },
    client::{Client, Response, ask, get, status, upload, upload_head},
    server::Server,
    uploads::content_digest,
};

/// What the device runs, and the same after an edit.
fn frontends() -> (Frontend, Frontend) {
    let old = Frontend::new("one", 64);
    let mut files = old.files.clone();
    let script = files.get_mut("assets/app.js").unwrap();
    script.splice(20_000..20_000, *b"one statement more");
    (old, Frontend::of("two", files))
}

fn server() -> Server {
    with_limits(Limits::DEFAULT)
}

fn with_limits(limits: Limits) -> Server {
    Server::with_limits(limits, || Board::with(&Frontend::new("one", 64)))
}

fn head(query: &str, length: usize, headers: &str) -> String {
    format!(
        "PATCH /api/ota/frontend{query} HTTP/1.1\r\nHost: localhost\r\n\
         Content-Type: application/vnd.faceplate.patch\r\nContent-Length: {length}\r\n{headers}\r\n"
    )
}

fn send(server: &Server, query: &str, patch: &[u8], headers: &str) -> Response {
    let mut client = Client::new(server);
    client.send(head(query, patch.len(), headers));
    client.try_send(patch);
    client.response()
}

/// The device serves what it served before, and takes an upload.
fn assert_unharmed(server: &Server) {
    let now = status(server);
    assert_eq!((&now["active"], &now["upload"]), (&json!(0), &json!(null)));
    let (old, _) = frontends();
    assert_eq!(get(server, "/").body, old.files["index.html"]);
    assert_eq!(server.restarts_in(), None);
    let next = upload(server, "", &[0; 8192], "");
    assert_eq!(next.problem(), (422, "not-an-image".to_owned()));
}

#[test]
fn a_patch_is_answered_as_an_upload_of_what_it_makes() {
    let server = server();
    let (old, new) = frontends();
    let patch = between(&old.image, &[], &new.image).bytes();
    assert!(patch.len() < new.image.len() / 10);
    let query = "?confirm=client&within=60";
    let response = send(&server, query, &patch, &content_digest(&patch));
    assert_eq!(response.status, 200, "{}", response.detail());
    let sectors = &response.json()["sectors"];
    let sha256: String = Sha256::digest(&new.image)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let want = json!({
        "slot": 1, "bytes": new.image.len(), "sectors": sectors,
        "version": "two", "sha256": sha256, "confirm": "client", "reboot_ms": 500,
    });
    assert_eq!(response.json(), want);
    let server = server.rebooted();
    for (path, content) in &new.files {
        assert_eq!(&get(&server, &format!("/{path}")).body, content, "{path}");
    }
}

#[test]
fn a_patch_that_is_not_taken_says_why_and_leaves_what_runs() {
    let server = server();
    let (old, new) = frontends();
    let before = server.operations();
    let good = between(&old.image, &[], &new.image);
    let other = between(&new.image, &[], &new.image).bytes();
    let refused = send(&server, "", &other, "");
    assert_eq!(refused.problem(), (409, "other-base".to_owned()));
    assert!(refused.detail().contains("send the whole image"));
    let mut large = good.clone();
    large.header.image_len = 2 << 20;
    let refused = send(&server, "", &large.bytes(), "");
    assert_eq!(refused.problem(), (413, "too-large".to_owned()));
    for bytes in [&b"FPpatch1"[..], &[0; 200], &[]] {
        let refused = send(&server, "", bytes, "");
        assert_eq!(refused.problem(), (422, "bad-patch".to_owned()));
    }
    let mut long = good.bytes();
    long.resize(new.image.len() + 5000, 0);
    let refused = send(&server, "", &long, "");
    assert_eq!(refused.problem(), (422, "bad-patch".to_owned()));
    // Nothing was touched so far.
    assert_eq!(server.operations(), before);

    let mut wrong = good.clone();
    wrong.header.image_sha256[0] ^= 1;
    let mut more = good.clone();
    more.operations.push(4);
    let mut less = good.clone();
    less.operations.truncate(less.operations.len() - 1);
    for patch in [wrong, more, less] {
        let refused = send(&server, "", &patch.bytes(), "");
        assert_eq!(refused.problem(), (422, "bad-patch".to_owned()));
    }
    let bytes = good.bytes();
    let refused = send(&server, "", &bytes, &content_digest(b"another body"));
    assert_eq!(refused.problem(), (400, "digest-mismatch".to_owned()));
    assert_unharmed(&server);
}

#[test]
fn the_guards_of_an_upload_are_those_of_a_patch() {
    let server = server();
    let (old, new) = frontends();
    let patch = between(&old.image, &[], &new.image).bytes();
    let text = |kind: &str, headers: &str| {
        format!(
            "PATCH /api/ota/frontend HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n\
             Content-Length: {}\r\n{headers}\r\n",
            patch.len()
        )
    };
    let of_patch = "application/vnd.faceplate.patch";
    for (kind, headers, status, slug) in [
        ("application/octet-stream", "", 415, "media-type"),
        ("text/plain", "", 415, "media-type"),
        (of_patch, "Content-Encoding: gzip\r\n", 415, "media-type"),
        (
            of_patch,
            "Origin: http://evil.example\r\n",
            403,
            "foreign-origin",
        ),
        (
            of_patch,
            "Content-Digest: sha-256=:x:\r\n",
            400,
            "bad-digest",
        ),
    ] {
        let mut client = Client::new(&server);
        client.send(text(kind, headers));
        client.try_send(&patch);
        let refused = client.response();
        assert_eq!(
            refused.problem(),
            (status, slug.to_owned()),
            "{kind} {headers}"
        );
    }
    let refused = send(&server, "?confrim=client", &patch, "");
    assert_eq!(refused.problem(), (400, "bad-query".to_owned()));
    // And a patch is no upload.
    let mut client = Client::new(&server);
    let posted = text(of_patch, "").replacen("PATCH", "POST", 1);
    client.send(posted);
    client.try_send(&patch);
    assert_eq!(client.response().problem(), (415, "media-type".to_owned()));
    let options = ask(&server, "OPTIONS /api/ota/frontend", "");
    assert_eq!(
        options.header("allow"),
        Some("GET, HEAD, POST, PATCH, OPTIONS")
    );
    assert_unharmed(&server);
}

#[test]
fn a_client_that_waits_is_told_to_send_its_patch_or_why_not() {
    let server = server();
    let (old, new) = frontends();
    let patch = between(&old.image, &[], &new.image).bytes();
    let mut client = Client::new(&server);
    client.send(head("", patch.len(), "Expect: 100-continue\r\n"));
    assert_eq!(client.begun().status, 100);
    // While it is on its way, nothing else begins.
    let mut second = Client::new(&server);
    second.send(head("", patch.len(), "Expect: 100-continue\r\n"));
    assert_eq!(second.response().problem(), (409, "busy".to_owned()));
    client.send(&patch);
    assert_eq!(client.response().status, 200);
}

#[test]
fn a_patch_whose_client_goes_leaves_what_runs() {
    let (old, new) = frontends();
    let patch = between(&old.image, &[], &new.image).bytes();
    for sent in [0, 50, 84, 300, patch.len() - 1] {
        let server = server();
        let mut client = Client::new(&server);
        client.send(head("", patch.len(), ""));
        client.send(&patch[..sent]);
        drop(client);
        while status(&server)["upload"] != json!(null) {
            thread::sleep(Duration::from_millis(5));
        }
        assert_unharmed(&server);
    }
}

#[test]
fn copies_on_flash_are_not_time_that_a_client_took() {
    // By the bytes alone that it sends, a client would have little more than half a second.
    let limits = Limits {
        grace_ms: 500,
        min_rate: 10_000,
        ..Limits::DEFAULT
    };
    let server = with_limits(limits);
    let (old, _) = frontends();
    let mut files = old.files.clone();
    files.insert("index.html".to_owned(), b"another page".to_vec());
    let new = Frontend::of("two", files);
    let patch = between(&old.image, &[], &new.image).bytes();
    assert!(patch.len() < 2000);
    let mut client = Client::new(&server);
    client.send(head("", patch.len(), ""));
    let (last, first) = patch.split_last().unwrap();
    client.send(first);
    // The copies of some 64 kB gave it six seconds more.
    thread::sleep(Duration::from_millis(800));
    client.send([*last]);
    assert_eq!(client.response().status, 200);
}

#[test]
fn the_image_that_runs_is_there_to_keep() {
    let server = server();
    let (old, _) = frontends();
    let image = &old.image;
    for query in ["", "?slot=active", "?slot=0"] {
        let whole = get(&server, &format!("/api/ota/frontend{query}"));
        assert_eq!(whole.status, 200);
        assert_eq!(&whole.body, image);
        assert_eq!(
            whole.header("content-type"),
            Some("application/octet-stream")
        );
        assert_eq!(whole.header("accept-ranges"), Some("bytes"));
        assert_eq!(whole.header("cache-control"), Some("no-store"));
    }
    // Its tag is the beginning of its hash, which the status has.
    let tag = get(&server, "/api/ota/frontend")
        .header("etag")
        .unwrap()
        .to_owned();
    let sha256 = status(&server)["slots"][0]["sha256"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(tag, format!("\"{}\"", &sha256[..32]));
    let none_match = format!("If-None-Match: {tag}\r\n");
    assert_eq!(
        ask(&server, "GET /api/ota/frontend", &none_match).status,
        304
    );
    let head = ask(&server, "HEAD /api/ota/frontend", "");
    assert_eq!(
        (head.status, head.header("content-length")),
        (200, Some(image.len().to_string().as_str()))
    );
    // A download that broke off goes on.
    let from = 30_001;
    let rest = format!("Range: bytes={from}-\r\nIf-Range: {tag}\r\n");
    let part = ask(&server, "GET /api/ota/frontend", &rest);
    assert_eq!((part.status, &part.body[..]), (206, &image[from..]));
    let beyond = format!("Range: bytes={}-\r\n", image.len());
    let part = ask(&server, "GET /api/ota/frontend", &beyond);
    assert_eq!(part.problem(), (416, "range".to_owned()));
}

#[test]
fn of_a_slot_without_an_image_none_is_given() {
    let server = server();
    for query in ["?slot=inactive", "?slot=1"] {
        let none = get(&server, &format!("/api/ota/frontend{query}"));
        assert_eq!(none.problem(), (404, "no-image".to_owned()));
    }
    for query in [
        "?slot=2",
        "?slot=",
        "?slots=0",
        "?slot=0&slot=0",
        "?length=1",
    ] {
        let refused = get(&server, &format!("/api/ota/frontend{query}"));
        assert_eq!(refused.problem(), (400, "bad-query".to_owned()), "{query}");
    }
    // After an update, both are there.
    let (old, new) = frontends();
    assert_eq!(upload(&server, "", &new.image, "").status, 200);
    let server = server.rebooted();
    for (query, image) in [
        ("", &new.image),
        ("?slot=inactive", &old.image),
        ("?slot=0", &old.image),
        ("?slot=1", &new.image),
    ] {
        let found = get(&server, &format!("/api/ota/frontend{query}"));
        assert!(found.body == *image, "{query}");
    }
}

/// A list of chunks as it comes: what it is of, and each chunk.
fn list(server: &Server, query: &str) -> (List, Vec<Chunk>) {
    let mut client = Client::new(server);
    client.send(format!(
        "GET /api/ota/frontend/chunks{query} HTTP/1.1\r\nHost: localhost\r\n\r\n"
    ));
    let head = client.begun();
    assert_eq!(head.status, 200);
    assert_eq!(
        head.header("content-type"),
        Some("application/vnd.faceplate.chunks")
    );
    assert_eq!(head.header("cache-control"), Some("no-store"));
    // How long it is turns out in the end.
    assert_eq!(head.header("connection"), Some("close"));
    let body = client.rest_bytes();
    let (head, chunks) = body.split_first_chunk().unwrap();
    let list = List::decode(head).unwrap();
    let (chunks, rest) = chunks.as_chunks();
    assert!(rest.is_empty());
    let chunks: Vec<_> = chunks.iter().map(Chunk::decode).collect();
    let sum: u32 = chunks.iter().map(|chunk| u32::from(chunk.len)).sum();
    assert_eq!(sum, list.len);
    (list, chunks)
}

/// The chunks of an image as their description says, found apart from the device's own way.
fn cut(image: &[u8]) -> Vec<Chunk> {
    let mix = |byte: u8| {
        let mut x = (u32::from(byte) + 1).wrapping_mul(0x9E37_79B1);
        x ^= x >> 15;
        x = x.wrapping_mul(0x85EB_CA77);
        x ^= x >> 13;
        x = x.wrapping_mul(0xC2B2_AE3D);
        x ^ (x >> 16)
    };
    let is_link = |at: usize| {
        let (block, k) = (at / 4096, at % 4096 / 4);
        let first = at / 4096 * 4096;
        let word = |k: usize| u32::from_le_bytes(image[first + 4 * k..][..4].try_into().unwrap());
        block > 0
            && k < 16
            && (0..=k).all(|k| block >= 1 << k && word(k) as usize == block - (1 << k))
    };
    let (mut found, mut start, mut hash, mut content) = (vec![], 0, 0_u32, vec![]);
    for (at, &byte) in image.iter().enumerate() {
        if is_link(at) {
            continue;
        }
        hash = (hash << 1).wrapping_add(mix(byte));
        content.push(byte);
        let len = at + 1 - start;
        let bits = if len < 640 { 12 } else { 7 };
        let place = len >= 320 && hash >> (32 - bits) == 0;
        if place || len >= 1024 || at + 1 == image.len() {
            let digest = Sha256::digest(&content);
            found.push(Chunk {
                len: len as u16,
                hash: digest[..5].try_into().unwrap(),
            });
            content.clear();
            start = at + 1;
        }
    }
    found
}

#[test]
fn the_chunks_of_an_image_are_those_that_their_description_says() {
    let server = server();
    let (old, _) = frontends();
    for query in ["", "?slot=active", "?slot=0", "?slot=0&length=999999999"] {
        let (of, chunks) = list(&server, query);
        assert_eq!(of.len as usize, old.image.len());
        assert_eq!(of.sha256, Some(Sha256::digest(&old.image).into()));
        assert!(chunks == cut(&old.image), "{query}");
    }
    let (of, chunks) = list(&server, "?length=10000");
    assert_eq!(of.len, 10_000);
    assert!(chunks == cut(&old.image[..10_000]));
    assert_eq!(list(&server, "?length=0").1, []);
    let head = ask(&server, "HEAD /api/ota/frontend/chunks", "");
    assert_eq!(head.status, 200);
    for query in ["?slot=2", "?length=x", "?length=1&length=1", "?from=0"] {
        let refused = get(&server, &format!("/api/ota/frontend/chunks{query}"));
        assert_eq!(refused.problem(), (400, "bad-query".to_owned()), "{query}");
    }
    let options = ask(&server, "OPTIONS /api/ota/frontend/chunks", "");
    assert_eq!(options.header("allow"), Some("GET, HEAD, OPTIONS"));
}

#[test]
fn an_upload_that_broke_off_goes_on_by_the_chunks_of_what_is_there() {
    let server = server();
    let mut rng = Rng::new(2);
    let files = [
        ("index.html".to_owned(), b"big".to_vec()),
        ("app.js".to_owned(), rng.bytes(300_000)),
    ];
    let new = Frontend::of("big", files.into());
    let mut client = Client::new(&server);
    client.send(upload_head("", new.image.len(), ""));
    client.send(&new.image[..200_000]);
    while status(&server)["upload"]["written"].as_u64() < Some(196_608) {
        thread::sleep(Duration::from_millis(5));
    }
    drop(client);
    while status(&server)["upload"] != json!(null) {
        thread::sleep(Duration::from_millis(5));
    }
    let length = new.image.len();
    let (of, there) = list(&server, &format!("?slot=inactive&length={length}"));
    assert_eq!((of.len as usize, of.sha256), (length, None));
    // What is there at the same place, and the same.
    let same = there.iter().zip(cut(&new.image));
    let same = same.take_while(|(there, new)| *there == new);
    let kept: usize = same.map(|(there, _)| usize::from(there.len)).sum();
    assert!(kept > 190_000, "{kept}");
    let mut patch = Patch::new(&[], &new.image);
    patch.header.keep_end = kept as u32;
    patch.keep(kept).data(&new.image[kept..]);
    let response = send(&server, "", &patch.bytes(), "");
    assert_eq!(response.status, 200, "{}", response.detail());
    let server = server.rebooted();
    assert_eq!(get(&server, "/app.js").body, new.files["app.js"]);
    assert_eq!(status(&server)["active"], Slot::Www1.number());
}

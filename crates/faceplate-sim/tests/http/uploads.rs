//! Uploads: the whole way, and every way in which one ends early.

use std::{
    net::Shutdown,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use faceplate::{Slot, manifest::FileHasher};
use faceplate_http::Limits;
use faceplate_pack::{Gzip, Options, pack};
use faceplate_sim::flash::Fault;
use littlefs_image::build::Builder;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::{
    board::{Board, Frontend, Rng},
    client::{Client, Response, get, status, upload, upload_head},
    server::Server,
};

const SLOT: usize = 1 << 20;

/// A device with a settled frontend in `www_0`.
fn server() -> Server {
    with_limits(Limits::DEFAULT)
}

fn with_limits(limits: Limits) -> Server {
    Server::with_limits(limits, || Board::with(&Frontend::new("one", 64)))
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let padded = [
            group[0],
            *group.get(1).unwrap_or(&0),
            *group.get(2).unwrap_or(&0),
        ];
        let bits = u32::from_be_bytes([0, padded[0], padded[1], padded[2]]);
        for digit in 0..4 {
            match digit <= group.len() {
                true => text.push(char::from(DIGITS[(bits >> (18 - 6 * digit)) as usize & 63])),
                false => text.push('='),
            }
        }
    }
    text
}

pub(crate) fn content_digest(bytes: &[u8]) -> String {
    format!(
        "Content-Digest: sha-256=:{}:\r\n",
        base64(&Sha256::digest(bytes))
    )
}

/// The device serves what it served before, nothing waits for a restart, and it takes an upload.
fn assert_unharmed(server: &Server) {
    let now = status(server);
    assert_eq!(
        (&now["active"], &now["state"]),
        (&json!(0), &json!("settled"))
    );
    assert_eq!(now["upload"], json!(null));
    assert_eq!(
        get(server, "/").body,
        Frontend::new("one", 64).files["index.html"]
    );
    assert_eq!(server.restarts_in(), None);
    // One that is no image: it gets as far as its first bytes.
    let next = upload(server, "", &[0; 8192], "");
    assert_eq!(next.problem(), (422, "not-an-image".to_owned()));
}

fn assert_refused(response: &Response, status: u16, slug: &str) {
    assert_eq!(
        response.problem(),
        (status, slug.to_owned()),
        "{}",
        response.detail()
    );
}

#[test]
fn an_upload_is_written_checked_and_switched_to() {
    let server = server();
    let two = Frontend::new("two", 200);
    let response = upload(&server, "", &two.image, &content_digest(&two.image));
    assert_eq!(response.status, 200);
    assert_eq!(response.header("content-type"), Some("application/json"));
    assert_eq!(response.header("connection"), Some("close"));
    let sectors = &response.json()["sectors"];
    let counted = ["written", "same"].map(|key| sectors[key].as_u64().unwrap());
    // A blank sector of the image is on a blank flash already.
    assert!(counted[0] > 40 && counted.iter().sum::<u64>() == two.image.len() as u64 / 4096);
    let want = json!({
        "slot": 1, "bytes": two.image.len(), "sectors": sectors,
        "version": "two", "sha256": sha256(&two.image), "confirm": "device", "reboot_ms": 500,
    });
    assert_eq!(response.json(), want);
    assert_eq!(server.restarts_in(), Some(500));

    // Until the restart the old frontend is served, and nothing else may begin.
    assert_eq!(status(&server)["upload"]["phase"], "restarting");
    assert_eq!(
        get(&server, "/").body,
        Frontend::new("one", 64).files["index.html"]
    );
    assert_refused(&upload(&server, "", &two.image, ""), 409, "restarting");

    let server = server.rebooted();
    for (path, content) in &two.files {
        assert_eq!(&get(&server, &format!("/{path}")).body, content, "{path}");
    }
    let now = status(&server);
    assert_eq!(
        (&now["active"], &now["state"]),
        (&json!(1), &json!("trial"))
    );
    assert_eq!(now["trial"]["confirm"], "device");
    let last = json!({"outcome": "updated", "reason": null, "from": 0, "to": 1});
    assert_eq!(now["last"], last);
}

#[test]
fn the_status_has_all_the_fields_of_the_contract() {
    let server = server();
    let image = Frontend::new("one", 64).image;
    let now = status(&server);
    let uptime = now["device"]["uptime_ms"].as_u64().unwrap();
    let want = json!({
        "device": {
            "name": "provider", "firmware": "1.2.3", "api": 1, "chip": "esp32s3",
            "boot_id": "000000ab", "uptime_ms": uptime, "wifi": true,
        },
        "active": 0, "state": "settled", "trial": null, "last": null,
        "signed_by": null, "lowest_sequence": null, "refused": null,
        "slots": [
            {"label": "www_0", "size": SLOT, "used": image.len(), "valid": true,
             "version": "one", "build": null, "api": [1, 1], "sequence": 0, "signer": null, "sha256": sha256(&image), "problem": null},
            {"label": "www_1", "size": SLOT, "used": 0, "valid": false,
             "version": null, "build": null, "api": null, "sequence": null, "signer": null, "sha256": null, "problem": now["slots"][1]["problem"].as_str().unwrap()},
        ],
        "upload": null, "fault": null,
    });
    assert_eq!(now, want);
    // Where none can be set up, no page need offer it.
    server.ask(|device| device.has_wifi.set(false));
    assert_eq!(status(&server)["device"]["wifi"], false);
}

#[test]
fn an_upload_in_tiny_pieces_is_the_same() {
    let server = server();
    let two = Frontend::new("two", 8);
    let mut client = Client::new(&server);
    let mut bytes = upload_head("?confirm=client&within=60", two.image.len(), "").into_bytes();
    bytes.extend_from_slice(&two.image);
    let mut rng = Rng::new(3);
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        let n = rest.len().min(1 + rng.below(700) as usize);
        client.send(&rest[..n]);
        rest = &rest[n..];
        thread::sleep(Duration::from_micros(200));
    }
    let response = client.response();
    assert_eq!(
        (response.status, &response.json()["confirm"]),
        (200, &json!("client"))
    );
    assert!(client.is_closed());
}

#[test]
fn a_length_that_no_image_has_is_judged_by_the_first_block() {
    let server = server();
    let before = server.operations();
    let image = Frontend::new("two", 64).image;
    for len in [4096, 5000, 8193, image.len() - 1] {
        let cut = upload(&server, "", &image[..len], "");
        assert_refused(&cut, 422, "truncated");
        assert!(cut.detail().starts_with("the image is truncated: "));
        let other = upload(&server, "", &vec![7; len], "");
        assert_refused(&other, 422, "bad-length");
        assert!(other.detail().contains("multiple of 4096"));
    }
    assert_eq!(server.operations(), before);
    assert_unharmed(&server);
}

#[test]
fn what_the_head_decides_is_answered_before_a_body_comes() {
    let server = server();
    let before = server.operations();
    let head = |length: &str, more: &str| {
        format!(
            "POST /api/ota/frontend HTTP/1.1\r\nHost: localhost\r\n\
             Content-Type: application/octet-stream\r\n{length}{more}\r\n"
        )
    };
    for (text, status, slug) in [
        (head("", ""), 411, "length-required"),
        (
            head("", "Transfer-Encoding: chunked\r\n"),
            411,
            "length-required",
        ),
        (head("Content-Length: 1052672\r\n", ""), 413, "too-large"),
        (
            head("Content-Length: 18446744073709551615\r\n", ""),
            413,
            "too-large",
        ),
        (head("Content-Length: 0\r\n", ""), 422, "bad-length"),
        (head("Content-Length: 4095\r\n", ""), 422, "bad-length"),
        (
            head("Content-Length: 8192\r\n", "Content-Digest: sha-256=x\r\n"),
            400,
            "bad-digest",
        ),
        (
            head("Content-Length: 8192\r\n", "Expect: miracles\r\n"),
            417,
            "expectation",
        ),
        (upload_head("?confirm=me", 8192, ""), 400, "bad-query"),
        (
            upload_head("?confirm=client&within=5", 8192, ""),
            400,
            "bad-query",
        ),
        (upload_head("?confrim=client", 8192, ""), 400, "bad-query"),
    ] {
        let mut client = Client::new(&server);
        client.send(&text);
        let response = client.response();
        assert_refused(&response, status, slug);
        assert_eq!(
            response.header("connection").is_some(),
            !text.contains("Length: 0"),
            "{text}"
        );
    }
    assert_eq!(server.operations(), before);
    assert_unharmed(&server);
}

#[test]
fn the_answer_to_a_too_long_image_names_the_size_of_a_slot() {
    let server = server();
    let mut client = Client::new(&server);
    client.send(upload_head("", SLOT + 4096, "") + "x");
    assert_eq!(client.response().json()["slot_size"], SLOT);
}

#[test]
fn a_client_that_floods_gets_its_answer_at_once_and_is_cut_off() {
    let server = server();
    let mut client = Client::new(&server);
    let mut flood = client.stream.try_clone().unwrap();
    let length = 1 << 30;
    client.send(upload_head("", length, ""));
    let writer = thread::spawn(move || {
        use std::io::Write;
        let chunk = [0x5a; 65536];
        (0..length / chunk.len())
            .take_while(|_| flood.write_all(&chunk).is_ok())
            .count()
            * chunk.len()
    });
    let start = Instant::now();
    let response = client.response();
    assert_refused(&response, 413, "too-large");
    assert!(start.elapsed() < Duration::from_secs(5));
    let sent = writer.join().unwrap();
    // What is drained, and what fits into the buffers of both sockets.
    assert!(sent < 64 << 20, "{sent} bytes were taken");
    assert_unharmed(&server);
}

#[test]
fn chunks_are_refused_and_not_taken_for_requests() {
    let server = server();
    let mut client = Client::new(&server);
    client.send(
        "POST /api/ota/frontend HTTP/1.1\r\nHost: localhost\r\n\
         Content-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n\
         2d\r\nGET /api/ota/status HTTP/1.1\r\nHost: localhost\r\n\r\n\r\n0\r\n\r\n",
    );
    assert_refused(&client.response(), 411, "length-required");
    assert!(client.is_closed());
}

#[test]
fn a_client_that_expects_a_word_gets_it_when_the_head_is_right() {
    let server = server();
    let two = Frontend::new("two", 16);
    let mut client = Client::new(&server);
    client.send(upload_head("", two.image.len(), "Expect: 100-continue\r\n"));
    let word = client.response();
    assert_eq!((word.status, word.headers.len()), (100, 0));
    client.send(&two.image);
    assert_eq!(client.response().status, 200);
}

#[test]
fn a_client_that_does_not_wait_gets_no_word() {
    let server = server();
    let two = Frontend::new("two", 16);
    let head = upload_head("", two.image.len(), "Expect: 100-continue\r\n");
    let mut client = Client::new(&server);
    // In one packet with the head.
    client.send([head.as_bytes(), &two.image[..500]].concat());
    client.send(&two.image[500..]);
    assert_eq!(client.response().status, 200);
    // HTTP/1.0 has no such word.
    let mut client = Client::new(&server);
    client.send(head.replace("HTTP/1.1", "HTTP/1.0"));
    client.send(&two.image);
    assert_eq!(client.response().status, 409);
}

#[test]
fn a_client_that_expects_a_word_gets_the_error_instead() {
    let server = server();
    for (head, status) in [
        (
            upload_head("", SLOT + 4096, "Expect: 100-continue\r\n"),
            413,
        ),
        (
            upload_head("", 8192, "Expect: 100-continue\r\nOrigin: null\r\n"),
            403,
        ),
        (upload_head("?x", 8192, "Expect: 100-continue\r\n"), 400),
    ] {
        let mut client = Client::new(&server);
        client.send(head);
        assert_eq!(client.response().status, status);
    }
    assert_unharmed(&server);
}

#[test]
fn what_is_no_image_is_refused_in_its_first_bytes_and_nothing_is_erased() {
    let server = server();
    let before = server.operations();
    for bytes in [
        vec![0_u8; 65536],
        vec![0xff; 65536],
        Rng::new(5).bytes(65536),
    ] {
        assert_refused(&upload(&server, "", &bytes, ""), 422, "not-an-image");
    }
    // The answer comes with the first 4 KiB, not with the last.
    let mut client = Client::new(&server);
    client.send(upload_head("", 65536, ""));
    client.send([0; 4096]);
    assert_refused(&client.response(), 422, "not-an-image");
    assert_eq!(server.operations(), before);
    assert_unharmed(&server);
}

#[test]
fn an_image_that_fails_the_check_is_refused_and_the_answer_says_why() {
    let server = server();
    let two = Frontend::new("two", 64);
    let content = &two.files["assets/app.js"];
    let at = two
        .image
        .windows(64)
        .position(|bytes| *bytes == content[..64])
        .unwrap();
    let mut damaged = two.image.clone();
    damaged[at + 10] ^= 1;
    let response = upload(&server, "", &damaged, "");
    assert_refused(&response, 422, "rejected");
    assert!(
        response.detail().contains("assets/app.js"),
        "{}",
        response.detail()
    );
    // All of the body was read, yet nothing may follow on this connection but a new request.
    assert_unharmed(&server);
    assert_eq!(status(&server)["slots"][1]["valid"], false);
    let why = status(&server)["slots"][1]["problem"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(why.contains("assets/app.js"), "{why}");
    assert_eq!(upload(&server, "", &two.image, "").status, 200);
}

#[test]
fn an_image_for_another_firmware_is_refused() {
    let server = server();
    let files = Frontend::new("two", 16).files;
    let options = Options {
        api: (7, 9),
        gzip: Gzip::Never,
        ..Options::default()
    };
    let image = pack(files, &options).unwrap().image;
    let response = upload(&server, "", &image, "");
    assert_refused(&response, 422, "other-firmware");
    assert!(
        response.detail().contains("7 to 9"),
        "{}",
        response.detail()
    );
    assert_unharmed(&server);
}

#[test]
fn a_body_that_does_not_match_its_digest_is_not_switched_to() {
    let server = server();
    let two = Frontend::new("two", 16);
    let response = upload(&server, "", &two.image, &content_digest(b"something else"));
    assert_refused(&response, 400, "digest-mismatch");
    assert_unharmed(&server);
    // An algorithm that the device does not know says nothing.
    let other = "Content-Digest: md5=:AAAAAAAAAAAAAAAAAAAAAA==:\r\n";
    assert_eq!(upload(&server, "", &two.image, other).status, 200);
}

#[test]
fn a_body_that_ends_early_is_told_so() {
    let server = server();
    let two = Frontend::new("two", 64);
    let mut client = Client::new(&server);
    client.send(upload_head("", two.image.len(), ""));
    client.send(&two.image[..10_000]);
    client.stream.shutdown(Shutdown::Write).unwrap();
    let response = client.response();
    assert_refused(&response, 400, "ended-early");
    assert!(response.detail().contains("10000"), "{}", response.detail());
    assert!(client.is_closed());
    assert_unharmed(&server);
}

#[test]
fn a_connection_that_drops_aborts_the_upload_wherever_that_is() {
    let server = server();
    let two = Frontend::new("two", 100);
    for tenth in 0..=10 {
        // The last one has sent everything, as a browser has that is told to cancel late.
        let sent = two.image.len() * tenth / 10;
        let mut client = Client::new(&server);
        client.send(upload_head("", two.image.len(), ""));
        client.send(&two.image[..sent]);
        drop(client);
        let patience = Instant::now() + Duration::from_secs(10);
        while status(&server)["upload"] != json!(null) {
            assert!(
                Instant::now() < patience,
                "the upload goes on without its client"
            );
            thread::sleep(Duration::from_millis(5));
        }
        assert_unharmed(&server);
        assert_eq!(
            status(&server)["slots"][1]["valid"],
            false,
            "after {sent} bytes"
        );
    }
    assert_eq!(upload(&server, "", &two.image, "").status, 200);
}

#[test]
fn a_client_that_stalls_is_given_up_and_others_are_served_meanwhile() {
    let limits = Limits {
        body_stall_ms: 1_000,
        ..Limits::DEFAULT
    };
    let server = with_limits(limits);
    let two = Frontend::new("two", 64);
    let mut stalled = Client::new(&server);
    stalled.send(upload_head("", two.image.len(), ""));
    stalled.send(&two.image[..20_000]);
    let start = Instant::now();
    let mut served = 0;
    while start.elapsed() < Duration::from_millis(500) {
        assert_eq!(get(&server, "/assets/style.css").status, 200);
        let now = status(&server);
        assert_eq!(now["upload"]["total"], two.image.len());
        served += 1;
    }
    assert!(served > 2);
    assert_refused(&stalled.response(), 408, "stalled");
    assert!(stalled.is_closed());
    assert_unharmed(&server);
}

#[test]
fn a_body_that_trickles_is_given_up_too() {
    let limits = Limits {
        grace_ms: 700,
        min_rate: 4000,
        ..Limits::DEFAULT
    };
    let server = with_limits(limits);
    let mut client = Client::new(&server);
    client.send(upload_head("", 8192, ""));
    let image = Frontend::new("two", 8).image;
    let mut writer = client.stream.try_clone().unwrap();
    let trickle = thread::spawn(move || {
        use std::io::Write;
        for byte in image {
            if writer.write_all(&[byte]).is_err() {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
    });
    let response = client.response();
    assert_refused(&response, 408, "too-slow");
    assert!(response.detail().contains("4000"), "{}", response.detail());
    drop(client);
    trickle.join().unwrap();
    assert_unharmed(&server);
}

#[test]
fn progress_counts_what_is_written_and_read_back() {
    let server = server();
    let two = Frontend::new("two", 64);
    let mut client = Client::new(&server);
    client.send(upload_head("", two.image.len(), ""));
    client.send(&two.image[..30_000]);
    let want = json!({
        "phase": "writing", "received": 30_000, "written": 28_672, "total": two.image.len(),
    });
    let patience = Instant::now() + Duration::from_secs(10);
    while status(&server)["upload"] != want {
        assert!(Instant::now() < patience, "{}", status(&server)["upload"]);
        thread::sleep(Duration::from_millis(2));
    }
    client.send(&two.image[30_000..]);
    assert_eq!(client.response().status, 200);
}

#[test]
fn of_two_uploads_at_once_one_goes_on() {
    let server = server();
    let two = Frontend::new("two", 64);
    let mut first = Client::new(&server);
    first.send(upload_head("", two.image.len(), ""));
    first.send(&two.image[..50_000]);
    while status(&server)["upload"]["received"] != 50_000 {
        thread::sleep(Duration::from_millis(2));
    }
    assert_refused(&upload(&server, "", &two.image, ""), 409, "busy");
    let mut waiting = Client::new(&server);
    waiting.send(upload_head("", two.image.len(), "Expect: 100-continue\r\n") + "x");
    assert_refused(&waiting.response(), 409, "busy");
    first.send(&two.image[50_000..]);
    let response = first.response();
    assert_eq!(
        (response.status, &response.json()["sha256"]),
        (200, &json!(sha256(&two.image)))
    );
}

#[test]
fn files_are_served_whole_while_an_upload_runs() {
    let server = server();
    let one = Frontend::new("one", 64);
    let two = Frontend::new("two", 400);
    let mut client = Client::new(&server);
    client.send(upload_head("", two.image.len(), ""));
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let upload = scope.spawn(|| {
            for piece in two.image.chunks(8192) {
                client.send(piece);
                thread::sleep(Duration::from_millis(4));
            }
            let response = client.response();
            done.store(true, Ordering::Relaxed);
            response
        });
        let downloads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut count = 0;
                    while !done.load(Ordering::Relaxed) {
                        let response = get(&server, "/assets/app.js");
                        assert_eq!(response.body, one.files["assets/app.js"]);
                        count += 1;
                    }
                    count
                })
            })
            .collect();
        for download in downloads {
            let count = download.join().unwrap();
            assert!(count > 0);
        }
        assert_eq!(upload.join().unwrap().status, 200);
    });
}

#[test]
fn a_flash_that_fails_is_never_a_success() {
    let two = Frontend::new("two", 64);
    // In the middle there is a file's content.
    let middle = two.image.len() / 8192;
    let sector = server().ask(|device| device.board.slot(1).offset / 4096) + middle as u32;
    // A bit that is stuck at what it should not be.
    let byte = two.image[middle * 4096 + 7];
    let stuck = |bit| Fault::StuckBit {
        address: sector * 4096 + 7,
        bit,
        value: (byte >> bit) & 1 == 0,
    };
    for fault in [
        Fault::Program { sector },
        Fault::Read { sector },
        stuck(0),
        stuck(1),
        stuck(2),
    ] {
        let server = server();
        server.ask(move |device| device.board.flash.inject(fault).unwrap());
        assert_refused(&upload(&server, "", &two.image, ""), 500, "flash-fault");
        assert_unharmed(&server);
    }
}

#[test]
fn a_settings_store_that_fails_is_never_a_success() {
    let server = server();
    let two = Frontend::new("two", 16);
    server.ask(|device| {
        let nvs = device.board.nvs();
        for sector in nvs.offset / 4096..(nvs.offset + nvs.len) / 4096 {
            device
                .board
                .flash
                .inject(Fault::Program { sector })
                .unwrap();
            device.board.flash.inject(Fault::Erase { sector }).unwrap();
        }
    });
    assert_refused(&upload(&server, "", &two.image, ""), 500, "nvs-fault");
    let now = status(&server);
    assert_eq!((&now["active"], &now["upload"]), (&json!(0), &json!(null)));
    assert_eq!(server.restarts_in(), None);
    let boots = server.rebooted();
    assert_eq!(status(&boots)["active"], 0);
}

#[test]
fn a_settings_store_that_cannot_be_read_is_told_in_the_status() {
    let server = Server::start(|| {
        let board = Board::with(&Frontend::new("one", 16));
        let nvs = board.nvs();
        for sector in nvs.offset / 4096..(nvs.offset + nvs.len) / 4096 {
            board.flash.inject(Fault::Read { sector }).unwrap();
        }
        board
    });
    let now = status(&server);
    assert!(
        now["fault"].as_str().is_some_and(|fault| !fault.is_empty()),
        "{now}"
    );
    let two = Frontend::new("two", 16);
    assert_refused(&upload(&server, "", &two.image, ""), 500, "nvs-fault");
}

#[test]
fn an_image_without_a_manifest_is_served_with_tags_of_its_content() {
    // Its structure alone is checked; the hash of a file then comes from its bytes.
    let server = Server::start(|| {
        let board = Board::new();
        let mut builder = Builder::new();
        builder.file("index.html", "<h1>plain</h1>").unwrap();
        let image = builder.build(&Default::default()).unwrap();
        board
            .flash
            .poke(board.slot(Slot::Www0.index()).offset, &image)
            .unwrap();
        board
    });
    let response = get(&server, "/");
    assert_eq!(response.body, b"<h1>plain</h1>");
    let mut hasher = FileHasher::new();
    hasher.update(&response.body);
    let hex: String = hasher
        .finish()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(response.header("etag"), Some(format!("\"{hex}\"").as_str()));
}

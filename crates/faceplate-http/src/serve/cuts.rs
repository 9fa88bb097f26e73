//! What is answered must not depend on how the network cuts what comes.

use core::cell::Cell;
use std::{format, string::String, vec::Vec};

use crate::{
    Answered, App, Connection, Methods, Request,
    fake::{FakeDevice, Pieces},
};

/// Answers with the length of the path, below `/app`.
struct Measures;

impl App for Measures {
    fn methods(&self, path: &str) -> Methods {
        match path.starts_with("/app/") {
            true => Methods::GET.and(Methods::POST),
            false => Methods::NONE,
        }
    }

    async fn answer<C: Connection>(&self, mut request: Request<'_, C>) -> Answered {
        while request.body.read(&mut [0; 100]).await? > 0 {}
        let len = request.path().len();
        request.reply.text("text/plain", &len).await
    }
}

fn serve<'s>(pieces: impl IntoIterator<Item = &'s str>) -> String {
    let pieces = pieces.into_iter().map(str::as_bytes);
    let taken = Cell::new(0);
    let reader = Pieces {
        pieces: pieces.filter(|piece| !piece.is_empty()).collect(),
        taken: &taken,
    };
    FakeDevice::new().serve_with(&Measures, reader)
}

/// A request for a path of so many bytes, decoded, whose head is about `head` bytes long.
fn get(top: &str, path: usize, head: usize) -> String {
    let name = "x".repeat(path - top.len());
    let request = format!("GET {top}{name} HTTP/1.1\r\nHost: localhost\r\n");
    let filler = "y".repeat(head.saturating_sub(request.len() + 7));
    format!("{request}X: {filler}\r\n\r\n")
}

/// The statuses of the answers.
fn statuses(answers: &str) -> Vec<&str> {
    let heads = answers.split("HTTP/1.1 ").skip(1);
    heads.map(|answer| &answer[..3]).collect()
}

/// The answers to requests that come one by one, which are the same however they are cut.
fn answers(requests: &[&str]) -> String {
    let alone = serve(requests.iter().copied());
    let all = requests.concat();
    for cut in 0..=all.len() {
        let (first, second) = all.split_at(cut);
        assert_eq!(serve([first, second]), alone, "{cut}");
    }
    assert_eq!(serve(all.split_inclusive(|_| true)), alone);
    alone
}

const POST: &str = "POST /app/post HTTP/1.1\r\nHost: localhost\r\nContent-Type: a/b\r\n\
    Content-Length: 700\r\n\r\n";

#[test]
fn a_long_path_is_answered_the_same_however_much_comes_behind_it() {
    // More than the buffer has room for.
    let behind = &get("/app/next", 9, 2000);
    let last = &get("/app/last", 9, 0).replace("Host", "Connection: close\r\nHost");
    let posted = format!("{POST}{}", "p".repeat(700));
    for (top, path, head, status) in [
        // With escapes there must be room for the path beside that for the answer.
        ("/app/%78", 200, 0, "200"),
        ("/app/%78", 900, 0, "200"),
        ("/app/%78", 255, 1900, "200"),
        ("/app/%78", 500, 1700, "431"),
        ("/app/", 500, 1700, "200"),
        ("/app/", 600, 1700, "431"),
        // No frontend is there.
        ("/file/", 260, 0, "503"),
        ("/file/%78", 500, 1700, "503"),
    ] {
        let long = &get(top, path, head);
        let answers = answers(&[&posted, long, behind, last]);
        let wanted = ["200", status, "200", "200"];
        assert_eq!(statuses(&answers), wanted, "{top} {path} {head}");
    }
}

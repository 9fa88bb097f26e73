//! A device whose NVS partition is not plain NVS: it serves, says so, and leaves it as it is.

use faceplate::layout::TABLE_OFFSET;
use serde_json::json;

use crate::{
    board::{Board, Frontend, Rng},
    client::{Client, Response, ask, command, get, status, upload},
    server::Server,
};

const WORDS: &str = "the NVS partition holds something else than plain NVS; it is left untouched";

/// Noise in NVS, as in an encrypted flash, and a frontend in each slot.
fn board() -> Board {
    let board = Board::with(&Frontend::new("one", 16));
    let two = Frontend::new("two", 16);
    board.flash.poke(board.slot(1).offset, &two.image).unwrap();
    let nvs = board.nvs();
    let noise = Rng::new(6).bytes(nvs.len as usize);
    board.flash.poke(nvs.offset, &noise).unwrap();
    board
}

fn join(server: &Server) -> Response {
    let body = r#"{"ssid":"Home","pass":"12345678"}"#;
    let mut client = Client::new(server);
    client.send(format!(
        "POST /api/wifi HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    ));
    client.response()
}

/// The table's own cause: no partition is called `nvs`.
#[test]
fn without_a_partition_for_settings_each_answer_says_what_is_wrong_with_the_table() {
    let server = Server::start(|| {
        let board = Board::with(&Frontend::new("one", 16));
        let label = TABLE_OFFSET + 12;
        board.flash.poke(label, b"settings\0").unwrap();
        board
    });
    let words = "the partition table has no `nvs`";
    assert_eq!(status(&server)["fault"], json!(words));
    let two = Frontend::new("two", 16);
    for refused in [
        upload(&server, "", &two.image, ""),
        command(&server, "rollback", "{}"),
        join(&server),
    ] {
        assert_eq!(refused.problem(), (500, "nvs-fault".to_owned()));
        assert!(refused.detail().contains(words), "{}", refused.detail());
    }
}

#[test]
fn nothing_that_a_client_asks_changes_a_byte_of_it_and_each_answer_says_why() {
    let mut server = Server::start(board);
    let two = Frontend::new("two", 16);
    for _restart in 0..2 {
        let now = status(&server);
        assert_eq!(now["fault"], json!(WORDS));
        assert_eq!(
            (&now["state"], &now["active"]),
            (&json!("settled"), &json!(0))
        );
        for refused in [
            upload(&server, "", &two.image, ""),
            upload(&server, "?confirm=client", &two.image, ""),
            command(&server, "rollback", "{}"),
            join(&server),
        ] {
            assert_eq!(refused.problem(), (500, "nvs-fault".to_owned()));
            assert!(refused.detail().contains(WORDS), "{}", refused.detail());
        }
        assert_eq!(command(&server, "confirm", "{}").problem().0, 409);
        for (path, code) in [
            ("/", 200),
            ("/assets/app.js", 200),
            ("/recovery", 200),
            ("/recovery/wifi", 200),
            ("/api/wifi", 200),
            ("/none.js", 404),
        ] {
            assert_eq!(get(&server, path).status, code, "{path}");
        }
        assert_eq!(ask(&server, "DELETE /api/ota/frontend", "").status, 405);
        let (operations, same) = server.ask(|device| {
            let nvs = device.board.nvs();
            let now = device.board.flash.peek(nvs.offset, nvs.len as usize);
            (
                device.board.flash.counters().operations,
                now.unwrap() == Rng::new(6).bytes(nvs.len as usize),
            )
        });
        assert!(operations == 0 && same);
        server = server.rebooted();
    }
}

//! Whoever does not know the password changes nothing on flash and learns nothing that is locked, whatever is sent: a
//! whole connection, a login, credentials. And what somebody signs who knows it ends in the settings at most.
#![no_main]

use std::{ops::Range, sync::OnceLock};

use faceplate_fuzz::device::{FLASH, Fuzzed, OURS, flash};
use faceplate_http::password::{Login, Password, SessionKey, Verifier, WithPassword};
use libfuzzer_sys::fuzz_target;

const PASSWORD: &str = "correct horse";
const SALT: &str = "AQEBAQEBAQEBAQEBAQEBAQ==";
const ITERATIONS: u32 = 4096;

/// Guessing them is nobody's aim here.
fn random(bytes: &mut [u8]) {
    bytes.fill(7);
}

fn app() -> WithPassword<()> {
    static VERIFIER: OnceLock<Verifier> = OnceLock::new();
    let verifier = VERIFIER
        .get_or_init(|| Verifier::of(PASSWORD, [1; 16], ITERATIONS).expect("these are allowed"));
    let password = Password::new(random).built_in(*verifier).reading();
    WithPassword((), password)
}

fn text_of(answer: &[u8]) -> String {
    String::from_utf8_lossy(answer).into_owned()
}

/// The value of a field in the JSON that an answer is.
fn field(answer: &[u8], name: &str) -> String {
    let text = text_of(answer);
    let (_, rest) = text
        .split_once(&format!("\"{name}\":\""))
        .expect("it is there");
    rest.split('"').next().expect("something").to_owned()
}

fn request(line: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n{headers}\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// Logs in: the name of the session, and its key.
fn log_in(device: &Fuzzed, app: &WithPassword<()>) -> (String, SessionKey) {
    static LOGIN: OnceLock<Login> = OnceLock::new();
    let login = LOGIN
        .get_or_init(|| Login::stretch(PASSWORD, SALT, ITERATIONS).expect("an honest device's"));
    let asked = device.answer(app, &request("GET /api/ota/login", "", b""), 2000);
    let (nonce, client) = (field(&asked, "nonce"), "0123456789abcdef");
    let answer = login.answer(client, &nonce, None);
    let proof = answer.proof();
    let body = format!(r#"{{"nonce":"{nonce}","client":"{client}","proof":"{proof}"}}"#);
    let request = request("POST /api/ota/login", "", body.as_bytes());
    let told = device.answer(app, &request, 2000);
    let key = answer
        .key(&field(&told, "proof"))
        .expect("it knows it, too");
    (field(&told, "session"), key)
}

fuzz_target!(|input: &[u8]| {
    let [kind, sent @ ..] = input else {
        return;
    };
    let piece = 1 + usize::from(*kind >> 2) * 16;
    if let Ok(text) = str::from_utf8(sent)
        && let Ok(verifier) = text.parse::<Verifier>()
    {
        assert_eq!(verifier.to_string(), text, "written as it was read");
    }
    let flash = flash();
    let (device, app) = (Fuzzed::boot(&flash), app());
    // So that there are tickets, which a login may show.
    let logged_in = (kind & 1 == 1).then(|| log_in(&device, &app));
    let before = flash.peek(0, FLASH).expect("in bounds");
    // Nothing, or the settings.
    let mut may_change: Range<usize> = 0..0;
    match kind & 3 {
        0 => {
            let answers = text_of(&device.answer(&app, sent, piece));
            assert!(!answers.contains("\"slots\""), "the status is locked");
        }
        1 => {
            // A nonce that is good, or whatever is sent in its place.
            let asked = device.answer(&app, &request("GET /api/ota/login", "", b""), 2000);
            let body = String::from_utf8_lossy(sent).replace("NONCE", &field(&asked, "nonce"));
            let login = request("POST /api/ota/login", "", body.as_bytes());
            let answers = device.answer(&app, &login, piece);
            assert!(!text_of(&answers).contains("\"session\""), "logged in");
        }
        2 => {
            let value: Vec<u8> = sent
                .iter()
                .copied()
                .filter(|byte| !b"\r\n".contains(byte))
                .collect();
            let header = format!("Authorization: {}\r\n", String::from_utf8_lossy(&value));
            let answers = device.answer(&app, &request("GET /api/ota/status", &header, b""), piece);
            assert!(!text_of(&answers).contains("\"slots\""), "let in");
        }
        _ => {
            let (session, key) = logged_in.expect("this kind is odd");
            let body = String::from_utf8_lossy(sent).replace("SESSION", &session);
            let signed = key.sign(&session, 1, "PUT", "/api/ota/password", "");
            let header = format!("Authorization: Faceplate {signed}\r\n");
            let line = "PUT /api/ota/password";
            let first =
                text_of(&device.answer(&app, &request(line, &header, body.as_bytes()), piece));
            let again = device.answer(&app, &request(line, &header, body.as_bytes()), piece);
            if first.starts_with("HTTP/1.1 204") {
                assert!(
                    text_of(&again).contains("session-over"),
                    "every session is over"
                );
            }
            may_change = OURS[0].clone();
        }
    }
    let after = flash.peek(0, FLASH).expect("in bounds");
    for (at, (old, new)) in before.iter().zip(&after).enumerate() {
        assert!(old == new || may_change.contains(&at), "{at:#x}");
    }
});

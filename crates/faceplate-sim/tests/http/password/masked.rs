//! Nobody who listens can use a password that is changed, and nobody on the way can change what is asked.

use super::{PASSWORD, Session, base64, built_in, login, send, try_login, verifier};
use crate::{
    client::{Response, get, status},
    server::Server,
};
use faceplate_http::password::Verifier;
use sha2::{Digest, Sha256};

/// A change of the password as it goes over the network.
fn masked(session: &Session, verifier: Verifier) -> String {
    let (id, masked) = (&session.id, session.key.mask(verifier));
    format!(r#"{{"session":"{id}","masked":"{masked}"}}"#)
}

fn digest(body: &str) -> String {
    let mut text = [0; 44];
    format!("sha-256=:{}:", base64(&Sha256::digest(body), &mut text))
}

/// Signs `body`, and sends another one.
fn swapped(
    session: &mut Session,
    server: &Server,
    [method, path, body, other]: [&str; 4],
) -> Response {
    let digest = digest(body);
    let header = session.header(method, path, &digest);
    let headers = format!("{header}Content-Digest: {digest}\r\n");
    send(server, method, path, &headers, other)
}

#[test]
fn who_hears_a_change_has_no_verifier() {
    let server = built_in();
    let mut session = login(&server);
    let new = verifier("another");
    let body = masked(&session, new);
    // What is in it is not what is stored, but for salt and iterations.
    let text = body.split('"').nth(7).unwrap();
    let heard: Verifier = text.parse().unwrap();
    assert!(heard != new);
    let (clear, text) = (new.to_string(), text.to_owned());
    let keys = |text: &str| text.rsplit(['$', ':']).take(2).map(str::to_owned).collect();
    let (clear, text): (Vec<_>, Vec<_>) = (keys(&clear), keys(&text));
    assert!(
        clear.iter().all(|key| !text.contains(key)),
        "{clear:?} {text:?}"
    );

    // In the clear it is not taken from who is logged in.
    let plain = format!(r#"{{"verifier":"{new}"}}"#);
    let response = session.send(&server, "PUT", "/api/ota/password", &plain);
    assert_eq!(response.problem(), (400, "bad-body".into()));
    assert!(
        response.detail().contains("masked"),
        "{}",
        response.detail()
    );
    // By another session's key it would be a password that nobody knows.
    let another = login(&server);
    let [mine, theirs] = [&session, &another].map(|session| masked(session, new));
    for body in [
        &*theirs,
        &theirs.replace(&another.id, &session.id.to_uppercase()),
        &theirs.replace(&another.id, ""),
        &mine.replace("session", "sesion"),
        &mine.replace('}', r#","session":""}"#),
    ] {
        let response = session.send(&server, "PUT", "/api/ota/password", body);
        assert_eq!(response.problem(), (400, "bad-body".into()), "{body}");
    }
    login(&server);
}

#[test]
fn a_changed_password_is_what_was_meant() {
    let server = built_in();
    let mut session = login(&server);
    assert_eq!(session.change(&server, verifier("another")).status, 200);
    try_login(&server, "another").unwrap();
    assert_eq!(try_login(&server, PASSWORD).err().unwrap().0, 401);
}

#[test]
fn bodies_that_were_swapped_on_the_way_change_nothing() {
    let server = built_in();
    let mut session = login(&server);
    let (mine, theirs) = (
        masked(&session, verifier("another")),
        masked(&session, verifier("attacker")),
    );
    let before = (
        get(&server, "/api/test/value").body,
        status(&server)["state"].to_string(),
        server.operations(),
    );
    for request in [
        ["PUT", "/api/ota/password", &*mine, &*theirs],
        ["POST", "/api/ota/confirm", "{}", "{ }"],
        ["POST", "/api/ota/rollback", "{}", "{ }"],
        [
            "POST",
            "/api/wifi",
            r#"{"ssid":"x","pass":""}"#,
            r#"{"ssid":"y","pass":""}"#,
        ],
        ["POST", "/api/wifi/networks", "{}", "{ }"],
        [
            "PUT",
            "/api/test/value",
            r#"{"number":7,"on":true}"#,
            r#"{"number":8,"on":true}"#,
        ],
    ] {
        let response = swapped(&mut session, &server, request);
        let refused = (400, "digest-mismatch".to_owned());
        assert_eq!(response.problem(), refused, "{request:?}");
        // What is not understood is not taken for nothing.
        let [method, path, body, _] = request;
        let header = session.header(method, path, "sha-256=x");
        let headers = format!("{header}Content-Digest: sha-256=x\r\n");
        let response = send(&server, method, path, &headers, body);
        assert_eq!(
            response.problem(),
            (400, "bad-digest".into()),
            "{request:?}"
        );
    }
    // Two of them: one would be signed, and the other compared. Nor is one signed that cannot be compared.
    let (path, body) = ("/api/test/value", r#"{"number":7,"on":true}"#);
    let other = r#"{"number":8,"on":true}"#;
    let header = session.header("PUT", path, &digest(body));
    let both = format!(
        "{header}Content-Digest: {}\r\nContent-Digest: {}\r\n",
        digest(body),
        digest(other)
    );
    let response = send(&server, "PUT", path, &both, other);
    assert_eq!(response.problem(), (401, "session-over".into()));
    let header = session.header("PUT", path, "sha-512=:AAAA:");
    let unknown = format!("{header}Content-Digest: sha-512=:AAAA:\r\n");
    let response = send(&server, "PUT", path, &unknown, other);
    assert_eq!(response.problem(), (400, "bad-digest".into()));
    let after = (
        get(&server, "/api/test/value").body,
        status(&server)["state"].to_string(),
        server.operations(),
    );
    assert_eq!(after, before);
    // As they were meant they are good.
    let value = r#"{"number":7,"on":true}"#;
    for request in [
        ["PUT", "/api/test/value", value, value],
        ["PUT", "/api/ota/password", &*mine, &*mine],
    ] {
        let response = swapped(&mut session, &server, request);
        assert_eq!(response.status, 200, "{request:?}");
    }
    try_login(&server, "another").unwrap();
}

//! The Autobahn test suite (0.8.2) against the device. It is Python 2, so it runs only where somebody
//! has put it: `WSTEST='python2 -m autobahntestsuite.wstest' cargo test -p faceplate-sim --test http
//! autobahn -- --ignored`.

use std::process::Command;

use serde_json::{Value, json};

use crate::{
    board::{Board, Frontend},
    server::Server,
};

/// What does not fit: messages of 64 KB and more (1.1.6 on, 7.1.6, 9, 10; they are closed with 1009,
/// see `sockets.rs`), and compression (12, 13), which a device has not.
const TOO_LONG: [&str; 10] = [
    "1.1.6", "1.1.7", "1.1.8", "1.2.6", "1.2.7", "1.2.8", "7.1.6", "9.*", "10.*", "12.*",
];

#[test]
#[ignore = "wants the command of the Autobahn test suite in WSTEST"]
fn autobahn() {
    let command = std::env::var("WSTEST").expect("WSTEST");
    let mut words = command.split_whitespace();
    let server = Server::start(|| Board::with(&Frontend::new("one", 16)));
    let folder = tempfile::tempdir().unwrap();
    let spec = folder.path().join("spec.json");
    let reports = folder.path().join("reports");
    let url = format!("ws://{}/api/test/socket", server.address);
    let text = json!({
        "outdir": reports,
        "servers": [{ "agent": "device", "url": url }],
        "cases": ["*"],
        "exclude-cases": TOO_LONG.iter().chain(&["13.*"]).collect::<Vec<_>>(),
        "exclude-agent-cases": {},
    });
    std::fs::write(&spec, text.to_string()).unwrap();
    let status = Command::new(words.next().unwrap())
        .args(words)
        .args(["-m", "fuzzingclient", "-s"])
        .arg(&spec)
        .status()
        .unwrap();
    assert!(status.success());
    let index = std::fs::read(reports.join("index.json")).unwrap();
    let index: Value = serde_json::from_slice(&index).unwrap();
    let cases = index["device"].as_object().unwrap();
    let good =
        |value: &Value| matches!(value.as_str(), Some("OK" | "NON-STRICT" | "INFORMATIONAL"));
    let bad: Vec<_> = cases
        .iter()
        .filter(|(_, case)| !good(&case["behavior"]) || !good(&case["behaviorClose"]))
        .collect();
    assert!(bad.is_empty(), "{bad:#?}");
    let count = |what: &str| {
        cases
            .values()
            .filter(|case| case["behavior"] == what)
            .count()
    };
    println!(
        "{} cases: {} OK, {} non-strict, {} informational",
        cases.len(),
        count("OK"),
        count("NON-STRICT"),
        count("INFORMATIONAL"),
    );
    assert!(cases.len() > 200, "{} cases", cases.len());
    server.wait_for_live(0);
}

//! The captive portal: what each system asks when it joins a network, and what it is answered.

use crate::{
    board::{Board, Frontend},
    client::{Client, Response, command, command_text, upload_head},
    server::Server,
};

/// The questions, with the names that their systems ask for: Android, ChromeOS, Apple (old and
/// new), Windows (old and new, and what its browser opens then), Linux desktops and
/// distributions, Firefox, Kindle, a game console; and a page that a person types in.
const PROBES: [(&str, &str); 24] = [
    ("connectivitycheck.gstatic.com", "/generate_204"),
    ("connectivitycheck.android.com", "/generate_204"),
    ("play.googleapis.com", "/generate_204"),
    ("www.google.com", "/gen_204"),
    ("clients3.google.com", "/generate_204"),
    ("connect.rom.miui.com", "/generate_204"),
    ("captive.apple.com", "/hotspot-detect.html"),
    ("captive.apple.com", "/"),
    ("www.apple.com", "/library/test/success.html"),
    ("www.msftconnecttest.com", "/connecttest.txt"),
    ("www.msftconnecttest.com", "/redirect"),
    ("ipv6.msftconnecttest.com", "/connecttest.txt"),
    ("www.msftncsi.com", "/ncsi.txt"),
    ("nmcheck.gnome.org", "/check_network_status.txt"),
    ("connectivity-check.ubuntu.com", "/"),
    ("network-test.debian.org", "/nm"),
    ("fedoraproject.org", "/static/hotspot.txt"),
    ("ping.archlinux.org", "/nm-check.txt"),
    ("networkcheck.kde.org", "/"),
    ("detectportal.firefox.com", "/success.txt?ipv4"),
    ("detectportal.firefox.com.", "/canonical.html"),
    ("spectrum.s3.amazonaws.com", "/kindle-wifi/wifistub.html"),
    ("conntest.nintendowifi.net", "/"),
    ("news.example", "/a//b%2Fc/?d=e"),
];

fn server() -> Server {
    let server = Server::start(|| Board::with(&Frontend::new("one", 16)));
    server.ask(|device| device.wifi.set_portal(true));
    server
}

fn ask(server: &Server, line: &str, host: &str) -> Response {
    let mut client = Client::new(server);
    client.send(format!("{line} HTTP/1.1\r\nHost: {host}\r\n\r\n"));
    match line.starts_with("HEAD") {
        true => client.response_to_head(),
        false => client.response(),
    }
}

fn assert_sent_to(response: &Response, place: &str, what: &str) {
    assert_eq!(response.status, 302, "{what}");
    assert_eq!(response.header("location"), Some(place), "{what}");
    assert_eq!(response.header("cache-control"), Some("no-store"), "{what}");
    assert_eq!(response.header("connection"), Some("close"), "{what}");
}

const PAGE: &str = "http://127.0.0.1/recovery/wifi";

#[test]
fn what_any_system_asks_for_is_answered_with_the_way_to_the_setup_page() {
    let server = server();
    for (host, path) in PROBES {
        let what = format!("{host}{path}");
        let response = ask(&server, &format!("GET {path}"), host);
        assert_sent_to(&response, PAGE, &what);
        let body = String::from_utf8(response.body).unwrap();
        assert_eq!(body, format!("<a href=\"{PAGE}\">Wi-Fi setup</a>\n"));
        let response = ask(&server, &format!("HEAD {path}"), host);
        assert_sent_to(&response, PAGE, &what);
    }
    // As an older iPhone asks.
    let mut client = Client::new(&server);
    client.send("GET /hotspot-detect.html HTTP/1.0\r\nHost: captive.apple.com\r\n\r\n");
    assert_sent_to(&client.response(), PAGE, "HTTP/1.0");
    // Where the device is reached by another port, the page is, too.
    let response = ask(&server, "GET /", "captive.apple.com:8080");
    assert_sent_to(&response, "http://127.0.0.1:8080/recovery/wifi", "port");
    let page = ask(&server, "GET /recovery/wifi", "127.0.0.1");
    assert_eq!(page.status, 200);
    assert!(page.body.escape_ascii().to_string().contains("Wi-Fi setup"));
}

#[test]
fn under_a_foreign_name_there_is_nothing_but_the_way_to_the_page() {
    let server = server();
    let before = server.operations();
    for path in [
        "/",
        "/assets/app.js",
        "/api/ota/status",
        "/api/wifi",
        "/api/wifi/networks",
        "/recovery",
        "/recovery/wifi",
        "*",
    ] {
        let response = ask(&server, &format!("GET {path}"), "evil.example");
        assert_sent_to(&response, PAGE, path);
    }
    let foreign = |text: String| text.replace("Host: localhost", "Host: evil.example");
    let post =
        |path: &str, body: &str| command_text("confirm", body).replace("/api/ota/confirm", path);
    for text in [
        upload_head("", 8192, ""),
        command_text("confirm", "{}"),
        command_text("rollback", "{}"),
        post("/api/wifi", r#"{"ssid":"Evil","pass":""}"#),
        post("/api/wifi/networks", "{}"),
        post("/generate_204", "{}"),
        "OPTIONS /api/wifi HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(),
        "PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n".to_owned(),
    ] {
        let mut client = Client::new(&server);
        client.send(foreign(text.clone()));
        let refused = client.response().problem();
        assert_eq!(refused, (403, "foreign-host".to_owned()), "{text}");
    }
    assert_eq!(server.operations(), before);
    assert!(!server.ask(|device| device.wifi.search().searching));
    // What is no name at all is no question.
    for host in ["a b", "[::1", "x:99999", ""] {
        assert_eq!(ask(&server, "GET /", host).status, 400, "{host}");
    }
}

#[test]
fn own_names_and_addresses_get_what_they_ask_for() {
    let server = server();
    for host in ["127.0.0.1", "192.168.4.1", "localhost", "provider.local"] {
        assert_eq!(ask(&server, "GET /", host).status, 200, "{host}");
        assert_eq!(ask(&server, "GET /api/wifi", host).status, 200, "{host}");
    }
}

#[test]
fn the_portal_ends_with_the_setup_and_is_there_only_where_names_lead_to_the_device() {
    let server = server();
    let refused = (403, "foreign-host".to_owned());
    let probe = |server: &Server| ask(server, "GET /generate_204", "connectivitycheck.gstatic.com");
    assert_eq!(probe(&server).status, 302);

    server.ask(|device| device.wifi.set_portal(false));
    assert_eq!(probe(&server).problem(), refused);
    server.ask(|device| device.wifi.set_portal(true));
    server.ask(|device| device.has_wifi.set(false));
    assert_eq!(probe(&server).problem(), refused);
    server.ask(|device| device.has_wifi.set(true));
    assert_eq!(probe(&server).status, 302);

    let joined = {
        let mut client = Client::new(&server);
        let text = command_text("confirm", r#"{"ssid":"Home","pass":"12345678"}"#);
        client.send(text.replace("/api/ota/confirm", "/api/wifi"));
        client.response()
    };
    assert_eq!(joined.status, 202);
    for (host, path) in PROBES {
        let response = ask(&server, &format!("GET {path}"), host);
        assert_eq!(response.problem(), refused, "{host}{path}");
    }
    assert_eq!(command(&server, "confirm", "{}").problem().0, 409);
}

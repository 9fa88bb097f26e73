//! Requests that the other server answers itself, and that may need the device's password.

use embedded_io_async::Write;

use super::ConnectionBuffers;
use crate::{
    Access, App, Device, guard,
    http::{
        head::{Head, Method},
        tx::{Framing, Tx},
    },
    password,
    problem::Refusal,
    route,
};

/// Whether a request that the other server answers itself needs the device's password, as one for a route of the
/// firmware's does: every change, and with a password for reading everything. `GET` and `HEAD` read, unless they ask
/// for a WebSocket.
pub fn needs_password<A: App>(app: &A, head: &Head<'_>) -> bool {
    password::of(app).is_some_and(|password| route::is_locked(route::access(head), password))
}

/// Whether a request that the other server answers itself may go on. One that [needs the password](needs_password)
/// has to name the device as its host, may be no change by another site's page, and has to be from somebody who
/// knows the password; any other may go on. [`App::allows`] is not asked.
///
/// Where it may not, that is answered, as everywhere, and the connection must be closed: nothing of a body was read.
/// A request that a session signed is used up by this: it is asked once. The signature is for the head alone. What a
/// body should be is in its `Content-Digest`, if there is one, which is for the other server to compare.
pub async fn check_password<D: Device, A: App, W: Write>(
    device: &D,
    app: &A,
    head: &Head<'_>,
    mut writer: W,
    buffers: &mut ConnectionBuffers,
) -> bool {
    let Err(refusal) = judge(device, app, head).await else {
        return true;
    };
    let mut framing = Framing {
        head_only: head.method == Method::Head,
        close: true,
    };
    let mut tx = Tx::new(device, &mut writer, &mut buffers.0, &mut framing);
    // Who is gone does not hear it.
    let _told = tx.refuse(&refusal).await;
    false
}

/// In the order of [`route`](route::route).
async fn judge<D: Device, A: App>(device: &D, app: &A, head: &Head<'_>) -> Result<(), Refusal> {
    let Some(password) = password::of(app).filter(|_| needs_password(app, head)) else {
        return Ok(());
    };
    route::check_host(device, head)?;
    // A browser sends a plain password that it was told once with what any page asks it for.
    let changes = route::access(head) != Access::Read;
    if changes {
        guard::check_origin(head, device.hosts())?;
    }
    password.check(device, head).await?;
    match changes {
        true => guard::check_form(head),
        false => Ok(()),
    }
}

#[cfg(all(test, feature = "password"))]
mod tests {
    use std::{format, string::String};

    use embassy_futures::block_on;

    use super::*;
    use crate::{
        fake::FakeDevice,
        password::{Password, Verifier, WithPassword},
    };

    const BASIC: &str = "Authorization: Basic OmNvcnJlY3QgaG9yc2U=";

    fn password() -> Password {
        let verifier = Verifier::of("correct horse", *b"salt of the test", 4096).unwrap();
        Password::new(|bytes| bytes.fill(7)).built_in(verifier)
    }

    /// What is answered to a request with these lines; nothing where it may go on.
    fn ask(app: &impl App, line: &str, headers: &[&str]) -> String {
        let host = match headers.iter().any(|header| header.starts_with("Host")) {
            true => "",
            false => "Host: fake.local\r\n",
        };
        let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        let text = format!("{line} HTTP/1.1\r\n{host}{headers}\r\n");
        let head = Head::parse(text.as_bytes()).unwrap();
        let mut answer = [0; 2048];
        let mut free = &mut answer[..];
        let mut buffers = ConnectionBuffers::new();
        let device = FakeDevice::new();
        let checked = check_password(&device, app, &head, &mut free, &mut buffers);
        let may = block_on(checked);
        let len = 2048 - free.len();
        assert_eq!(may, len == 0);
        String::from_utf8(answer[..len].to_vec()).unwrap()
    }

    /// The last part of the problem's type, after its status.
    fn refused(app: &impl App, line: &str, headers: &[&str]) -> String {
        let answer = ask(app, line, headers);
        if answer.is_empty() {
            return String::new();
        }
        assert!(answer.contains("\r\nConnection: close\r\n"), "{answer}");
        let (_, rest) = answer.split_once("/problems/").unwrap_or(("", "-\""));
        let slug = rest.split('"').next().unwrap();
        format!("{} {slug}", &answer[9..12])
    }

    const WEBSOCKET: &str = "Upgrade: websocket";

    #[test]
    fn what_changes_needs_it_and_what_reads_where_the_firmware_says_so() {
        let open = WithPassword((), password());
        let closed = WithPassword((), password().reading());
        let needed = "401 password-needed";
        for (line, headers, open_says, closed_says) in [
            ("GET /api/lamp", &[][..], "", needed),
            ("HEAD /api/lamp", &[], "", "401 -"),
            ("GET /api/lamp", &[WEBSOCKET], needed, needed),
            ("POST /api/lamp", &[], needed, needed),
            ("DELETE /%zz/a%2Fb", &[], needed, needed),
            ("OPTIONS /api/lamp", &[], needed, needed),
            ("REPORT /api/lamp", &[], needed, needed),
            ("GET /api/lamp", &[BASIC], "", ""),
            ("GET /api/lamp", &[WEBSOCKET, BASIC], "", ""),
            ("POST /api/lamp", &[BASIC], "", ""),
            ("REPORT /api/lamp", &[BASIC], "", ""),
        ] {
            assert_eq!(refused(&open, line, headers), open_says, "{line}");
            assert_eq!(refused(&closed, line, headers), closed_says, "{line}");
            assert_eq!(refused(&(), line, headers), "", "{line}");
        }
    }

    #[test]
    fn a_refusal_says_how_to_log_in() {
        let answer = ask(&WithPassword((), password()), "POST /api/lamp", &[]);
        assert!(answer.contains("\r\nWWW-Authenticate: Faceplate\r\n"));
        assert!(answer.contains("\r\nContent-Type: application/problem+json\r\n"));
    }

    #[test]
    fn a_page_from_elsewhere_cannot_use_a_password_that_the_browser_knows() {
        let open = WithPassword((), password());
        let closed = WithPassword((), password().reading());
        for (line, headers, want) in [
            ("POST /x", &["Host: evil.example"][..], "403 foreign-host"),
            ("GET /x", &["Host: evil.example"], ""),
            (
                "POST /x",
                &["Origin: http://evil.example"],
                "403 foreign-origin",
            ),
            (
                "GET /x",
                &[WEBSOCKET, "Origin: http://evil.example"],
                "403 foreign-origin",
            ),
            (
                "POST /x",
                &["Content-Length: 1", "Content-Type: text/plain"],
                "415 media-type",
            ),
            ("POST /x", &["Content-Length: 1"], "415 media-type"),
            ("POST /x", &["Origin: http://fake.local"], ""),
            (
                "POST /x",
                &[
                    "Origin: http://fake.local",
                    "Content-Length: 1",
                    "Content-Type: text/plain",
                ],
                "",
            ),
            (
                "POST /x",
                &["Content-Length: 1", "Content-Type: application/json"],
                "",
            ),
        ] {
            let headers = [&[BASIC], headers].concat();
            assert_eq!(refused(&open, line, &headers), want, "{line} {headers:?}");
        }
        let headers = [BASIC, "Host: evil.example"];
        assert_eq!(refused(&closed, "GET /x", &headers), "403 foreign-host");
    }

    #[test]
    fn one_that_is_wrong_or_not_set_lets_nobody_in() {
        let app = WithPassword((), password());
        let wrong = "Authorization: Basic OmFub3RoZXI=";
        assert_eq!(refused(&app, "PUT /x", &[wrong]), "401 wrong-password");
        let session =
            "Authorization: Faceplate 0123456789abcdef.1.000102030405060708090a0b0c0d0e0f";
        assert_eq!(refused(&app, "PUT /x", &[session]), "401 session-over");
        let unset = WithPassword((), Password::new(|bytes| bytes.fill(7)));
        assert_eq!(refused(&unset, "PUT /x", &[BASIC]), "403 password-unset");
    }
}

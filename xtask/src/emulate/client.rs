//! A plain HTTP client that can also misbehave, and what the device says of itself.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::frontend::Frontend;

/// Longest silence of a device that is up, on a computer that has much else to do.
const SILENCE: Duration = Duration::from_secs(60);
/// The same of one that is waited for: what is sent before it has its address is lost, and TCP tries
/// again only after seconds.
const SHORT_SILENCE: Duration = Duration::from_millis(500);
/// How often a device is asked that is waited for.
const ASK: Duration = Duration::from_millis(10);
/// The same while only time can change anything.
const ASK_SLOWLY: Duration = Duration::from_millis(100);

pub(crate) const UPLOAD: &str = "Content-Type: application/octet-stream\r\n";
const JSON: &str = "Content-Type: application/json\r\n";

/// One device.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Client {
    address: SocketAddr,
    silence: Duration,
}

/// What it answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// A field of the head.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (field, value) = line.split_once(':')?;
            field.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The body, as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The kind of the problem that it tells.
    pub(crate) fn problem(&self) -> String {
        let told: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let kind = told["type"].as_str().unwrap_or_default();
        kind.trim_start_matches("/problems/").to_owned()
    }

    /// Fails unless it has this status and, if that is a problem, this kind.
    pub(crate) fn expect(self, status: u16, problem: &str) -> Result<Self, String> {
        if self.status == status && self.problem() == problem {
            return Ok(self);
        }
        Err(format!(
            "expected {status} {problem}, got {}: {}",
            self.status,
            self.text()
        ))
    }
}

/// What `GET /api/ota/status` tells.
#[derive(Debug, Clone)]
pub(crate) struct Status(Value);

impl Status {
    /// A text, or nothing where there is none; `at` is a JSON pointer.
    pub(crate) fn text(&self, at: &str) -> &str {
        self.0.pointer(at).and_then(Value::as_str).unwrap_or("")
    }

    pub(crate) fn number(&self, at: &str) -> Option<u64> {
        self.0.pointer(at).and_then(Value::as_u64)
    }

    pub(crate) fn is_null(&self, at: &str) -> bool {
        self.0.pointer(at).is_none_or(Value::is_null)
    }

    pub(crate) fn boot(&self) -> &str {
        self.text("/device/boot_id")
    }

    pub(crate) fn state(&self) -> &str {
        self.text("/state")
    }

    pub(crate) fn active(&self) -> u64 {
        self.number("/active").unwrap_or(u64::MAX)
    }

    /// Of the frontend that serves.
    pub(crate) fn version(&self) -> &str {
        self.text(&format!("/slots/{}/version", self.active()))
    }

    /// Of the frontend that serves.
    pub(crate) fn sha256(&self) -> &str {
        self.text(&format!("/slots/{}/sha256", self.active()))
    }

    /// How the last change of slot ended, and why.
    pub(crate) fn last(&self) -> (&str, &str) {
        (self.text("/last/outcome"), self.text("/last/reason"))
    }

    /// Fails unless it serves this frontend in this state.
    pub(crate) fn expect(&self, frontend: &Frontend, state: &str) -> Result<(), String> {
        if self.sha256() == frontend.sha256
            && self.version() == frontend.version
            && self.state() == state
        {
            return Ok(());
        }
        Err(format!(
            "expected {} {state}, the status is {self}",
            frontend.version
        ))
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        let silence = SILENCE;
        Self { address, silence }
    }

    /// The device as our command is told it.
    pub(crate) fn name(&self) -> String {
        self.address.to_string()
    }

    /// Opens a connection and begins a request there.
    pub(crate) fn begin(
        &self,
        method: &str,
        path: &str,
        fields: &str,
    ) -> Result<Connection, String> {
        let failed = |error: std::io::Error| format!("{method} {path}: {error}");
        let stream = TcpStream::connect_timeout(&self.address, self.silence).map_err(failed)?;
        let limit = Some(self.silence);
        stream.set_read_timeout(limit).map_err(failed)?;
        stream.set_write_timeout(limit).map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        let mut connection = Connection {
            stream,
            what: format!("{method} {path}"),
            read: Vec::new(),
        };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{fields}\r\n",
            self.address
        );
        connection.send(head.as_bytes())?;
        Ok(connection)
    }

    pub(crate) fn get(&self, path: &str, fields: &str) -> Result<Answer, String> {
        self.begin("GET", path, fields)?.answer()
    }

    /// A change, such as `confirm`.
    pub(crate) fn post(&self, path: &str) -> Result<Answer, String> {
        self.post_json(path, "{}")
    }

    /// A change to this JSON.
    pub(crate) fn post_json(&self, path: &str, json: &str) -> Result<Answer, String> {
        self.send_json("POST", path, json)
    }

    /// Sets something to this JSON.
    pub(crate) fn put(&self, path: &str, json: &str) -> Result<Answer, String> {
        self.send_json("PUT", path, json)
    }

    fn send_json(&self, method: &str, path: &str, json: &str) -> Result<Answer, String> {
        let fields = format!("{JSON}Content-Length: {}\r\n", json.len());
        let mut connection = self.begin(method, path, &fields)?;
        connection.send(json.as_bytes())?;
        connection.answer()
    }

    /// Begins an upload of so many bytes; `query` is empty or begins with `?`.
    pub(crate) fn begin_upload(&self, query: &str, len: usize) -> Result<Connection, String> {
        let fields = format!("{UPLOAD}Content-Length: {len}\r\n");
        self.begin("POST", &format!("/api/ota/frontend{query}"), &fields)
    }

    /// Uploads bytes and gives the answer, which may come before the last byte is sent.
    pub(crate) fn upload(&self, query: &str, image: &[u8]) -> Result<Answer, String> {
        let mut connection = self.begin_upload(query, image.len())?;
        // A refusal ends the sending; the answer says why.
        let sent = connection.send(image);
        match (connection.answer(), sent) {
            (Ok(answer), _) => Ok(answer),
            (Err(_), Err(error)) | (Err(error), Ok(())) => Err(error),
        }
    }

    pub(crate) fn status(&self) -> Result<Status, String> {
        let answer = self.get("/api/ota/status", "")?;
        if answer.status != 200 {
            return Err(format!("the status was answered with {}", answer.status));
        }
        let status = serde_json::from_slice(&answer.body);
        Ok(Status(status.map_err(|error| format!("status: {error}"))?))
    }

    /// Waits until the device answers and `right` says that it is as wanted.
    pub(crate) fn wait(
        &self,
        what: &str,
        limit: Duration,
        mut right: impl FnMut(&Status) -> bool,
    ) -> Result<Status, String> {
        let begin = Instant::now();
        let silence = SHORT_SILENCE;
        let short = Self { silence, ..*self };
        loop {
            let last = match short.status() {
                Ok(status) if right(&status) => return Ok(status),
                Ok(status) => status.to_string(),
                Err(error) => error,
            };
            if begin.elapsed() > limit {
                let seconds = limit.as_secs();
                return Err(format!("not {what} within {seconds} s; last: {last}"));
            }
            // Asking all the time would keep a busy device busier.
            let pause = match begin.elapsed() < Duration::from_secs(5) {
                true => ASK,
                false => ASK_SLOWLY,
            };
            thread::sleep(pause);
        }
    }

    /// Waits until it has started again after `before`.
    pub(crate) fn wait_restart(&self, before: &Status) -> Result<Status, String> {
        let limit = Duration::from_secs(60);
        self.wait("restarted", limit, |now| now.boot() != before.boot())
    }

    /// Compares every file that it serves with those of a frontend.
    pub(crate) fn compare(&self, frontend: &Frontend) -> Result<(), String> {
        for file in &frontend.files {
            let answer = self.get(&file.url, "Accept-Encoding: gzip\r\n")?;
            let gzip = answer.field("content-encoding") == Some("gzip");
            if answer.status != 200 || gzip != file.gzip || answer.body != file.stored {
                return Err(format!(
                    "{} of {} is served wrongly: status {}, {} bytes instead of {}",
                    file.url,
                    frontend.version,
                    answer.status,
                    answer.body.len(),
                    file.stored.len()
                ));
            }
        }
        Ok(())
    }
}

/// A connection with a request under way; dropping it is a client that vanishes.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    what: String,
    /// What came and is not looked at yet.
    read: Vec<u8>,
}

impl Connection {
    pub(crate) fn send(&mut self, bytes: &[u8]) -> Result<(), String> {
        let what = &self.what;
        self.stream
            .write_all(bytes)
            .map_err(|error| format!("{what}: {error}"))
    }

    /// Sends no more, in an orderly way.
    pub(crate) fn finish_sending(&self) -> Result<(), String> {
        self.stream
            .shutdown(Shutdown::Write)
            .map_err(|error| format!("{}: {error}", self.what))
    }

    /// Reads the answer to its end.
    pub(crate) fn answer(mut self) -> Result<Answer, String> {
        loop {
            if let Some(answer) = parse(&self.read) {
                return Ok(answer);
            }
            self.read_more()?;
        }
    }

    /// Reads up to these bytes and gives what came before them; more may follow.
    pub(crate) fn read_to(&mut self, end: &[u8]) -> Result<Vec<u8>, String> {
        let begin = Instant::now();
        loop {
            let found = self.read.windows(end.len()).position(|some| some == end);
            if let Some(at) = found {
                let rest = self.read.split_off(at + end.len());
                let mut before = std::mem::replace(&mut self.read, rest);
                before.truncate(at);
                return Ok(before);
            }
            // Something else may come for ever.
            if begin.elapsed() > SILENCE {
                let (what, end) = (&self.what, end.escape_ascii());
                return Err(format!("{what} was not answered with {end}"));
            }
            self.read_more()?;
        }
    }

    fn read_more(&mut self) -> Result<(), String> {
        let (what, so_far) = (&self.what, self.read.len());
        let mut piece = [0; 16 * 1024];
        match self.stream.read(&mut piece) {
            Err(error) => Err(format!("no answer to {what}: {error}")),
            Ok(0) => Err(format!(
                "the connection of {what} ended after {so_far} bytes of an answer"
            )),
            Ok(n) => {
                self.read.extend(&piece[..n]);
                Ok(())
            }
        }
    }
}

/// An answer that is complete. Those of a device say how long they are, or come in chunks.
fn parse(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let body = &bytes[end..];
    let mut answer = Answer {
        status,
        head,
        body: Vec::new(),
    };
    if answer.field("transfer-encoding") == Some("chunked") {
        answer.body = chunks(body)?;
        return Some(answer);
    }
    let len = match status {
        304 => 0,
        _ => answer.field("content-length")?.parse().ok()?,
    };
    answer.body = body.get(..len)?.to_vec();
    Some(answer)
}

/// What is in chunks (RFC 9112, section 7.1), if the last one is there.
fn chunks(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let start = rest.windows(2).position(|two| two == b"\r\n")? + 2;
        let digits = std::str::from_utf8(&rest[..start - 2]).ok()?;
        let len = usize::from_str_radix(digits, 16).ok()?;
        let end = start.checked_add(len)?;
        let after = rest.get(end..)?.strip_prefix(b"\r\n")?;
        whole.extend(&rest[start..end]);
        if len == 0 {
            return Some(whole);
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn an_answer_is_complete_with_its_last_byte_and_not_before() {
        let whole = b"HTTP/1.1 409 Conflict\r\nX: y\r\nContent-Length: 25\r\n\r\n\
            {\"type\":\"/problems/busy\"}";
        let answer = parse(whole).expect("it is complete");
        assert_eq!((answer.status, answer.problem().as_str()), (409, "busy"));
        assert_eq!(answer.field("x"), Some("y"));
        for len in 0..whole.len() {
            assert!(parse(&whole[..len]).is_none(), "{len}");
        }
    }

    #[test]
    fn chunks_are_put_together_when_the_last_is_there() {
        let whole = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
            b\r\nhello\r\nworl\r\n1\r\nd\r\n0\r\n\r\n";
        let answer = parse(whole).expect("it is complete");
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (200, "hello\r\nworld")
        );
        for len in 0..whole.len() {
            assert!(parse(&whole[..len]).is_none(), "{len}");
        }
    }
}

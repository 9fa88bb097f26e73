//! A client that sends exactly what it is told and reads exactly what comes.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    time::Duration,
};

use serde_json::Value;

use crate::server::Server;

/// Longer than anything here takes, even on a busy machine; so that no test waits for ever.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// One connection.
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    ahead: Vec<u8>,
}

/// A response.
#[derive(Debug, Clone)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Client {
    pub(crate) fn new(server: &Server) -> Self {
        let stream = TcpStream::connect(server.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            ahead: Vec::new(),
        }
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    /// Sends what the other side may no longer want.
    pub(crate) fn try_send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// Reads a response, with the body that its headers promise.
    pub(crate) fn response(&mut self) -> Response {
        self.read(true)
    }

    /// Reads the response to a HEAD request.
    pub(crate) fn response_to_head(&mut self) -> Response {
        self.read(false)
    }

    fn read(&mut self, mut has_body: bool) -> Response {
        let end = loop {
            match self.ahead.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                Some(end) => break end + 4,
                None => assert!(self.more(), "closed after {}", self.ahead.escape_ascii()),
            }
        };
        let head: Vec<u8> = self.ahead.drain(..end).collect();
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.split_terminator("\r\n");
        let status = lines.next().unwrap();
        assert!(status.starts_with("HTTP/1.1 "), "{status}");
        let status = status[9..12].parse().unwrap();
        let headers: Vec<_> = lines
            .take_while(|line| !line.is_empty())
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let mut response = Response {
            status,
            headers,
            body: Vec::new(),
        };
        has_body &= status >= 200 && !matches!(status, 204 | 304);
        if has_body && response.header("transfer-encoding") == Some("chunked") {
            response.body = self.chunks();
        } else if has_body {
            let length = response
                .header("content-length")
                .expect("a length")
                .parse()
                .unwrap();
            while self.ahead.len() < length {
                assert!(
                    self.more(),
                    "closed after {} of {length} bytes",
                    self.ahead.len()
                );
            }
            response.body = self.ahead.drain(..length).collect();
        }
        response
    }

    /// Reads the head of a response whose body goes on.
    pub(crate) fn begun(&mut self) -> Response {
        self.read(false)
    }

    /// Reads chunks to the last.
    pub(crate) fn chunks(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            match self.chunk() {
                chunk if chunk.is_empty() => return body,
                chunk => body.extend(chunk),
            }
        }
    }

    /// Reads a chunk; the last one is empty.
    pub(crate) fn chunk(&mut self) -> Vec<u8> {
        let size = self.line();
        let size = usize::from_str_radix(&size, 16).unwrap();
        while self.ahead.len() < size + 2 {
            assert!(self.more(), "closed within a chunk");
        }
        let chunk = self.ahead.drain(..size).collect();
        assert_eq!(self.line(), "");
        chunk
    }

    /// Reads a line of what is no head.
    pub(crate) fn line(&mut self) -> String {
        loop {
            if let Some(end) = self.ahead.windows(2).position(|pair| pair == b"\r\n") {
                let line: Vec<u8> = self.ahead.drain(..end + 2).collect();
                return String::from_utf8(line[..end].to_vec()).unwrap();
            }
            assert!(
                self.more(),
                "closed within a line: {:?}",
                self.ahead.escape_ascii()
            );
        }
    }

    /// Reads to the end of the connection.
    pub(crate) fn rest(&mut self) -> String {
        String::from_utf8(self.rest_bytes()).unwrap()
    }

    /// The same, where it is no text.
    pub(crate) fn rest_bytes(&mut self) -> Vec<u8> {
        while self.more() {}
        std::mem::take(&mut self.ahead)
    }

    /// Reads so many bytes.
    pub(crate) fn bytes(&mut self, n: usize) -> Vec<u8> {
        while self.ahead.len() < n {
            assert!(self.more(), "closed after {}", self.ahead.escape_ascii());
        }
        self.ahead.drain(..n).collect()
    }

    fn more(&mut self) -> bool {
        let mut chunk = [0; 16384];
        match self.stream.read(&mut chunk) {
            Ok(n) => {
                self.ahead.extend_from_slice(&chunk[..n]);
                n > 0
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => false,
            Err(error) => panic!("{error}"),
        }
    }

    /// Whether the connection ends without another byte.
    pub(crate) fn is_closed(&mut self) -> bool {
        self.ahead.is_empty() && !self.more()
    }

    /// Whether nothing comes for so long, and the connection stays.
    pub(crate) fn is_silent(&mut self, time: Duration) -> bool {
        self.stream.set_read_timeout(Some(time)).unwrap();
        let result = self.stream.read(&mut [0; 1]);
        self.stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let waits = |kind| matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut);
        self.ahead.is_empty() && result.is_err_and(|error| waits(error.kind()))
    }
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut all = self.headers.iter().filter(|(key, _)| key == name);
        let value = all.next().map(|(_, value)| value.as_str());
        assert!(all.next().is_none(), "{name} twice");
        value
    }

    pub(crate) fn json(&self) -> Value {
        let json = serde_json::from_slice(&self.body);
        json.unwrap_or_else(|error| panic!("{error}: {}", self.body.escape_ascii()))
    }

    /// The problem that it is, checked for form: its status and type.
    pub(crate) fn problem(&self) -> (u16, String) {
        let json = self.json();
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(json["status"], self.status);
        assert!(
            json["title"]
                .as_str()
                .is_some_and(|title| !title.is_empty())
        );
        assert!(
            json["detail"]
                .as_str()
                .is_some_and(|detail| !detail.is_empty())
        );
        let slug = json["type"]
            .as_str()
            .unwrap()
            .strip_prefix("/problems/")
            .unwrap();
        (self.status, slug.to_owned())
    }

    pub(crate) fn detail(&self) -> String {
        self.json()["detail"].as_str().unwrap().to_owned()
    }
}

/// A request without body on a connection of its own.
pub(crate) fn ask(server: &Server, line: &str, headers: &str) -> Response {
    let mut client = Client::new(server);
    client.send(format!(
        "{line} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"
    ));
    client.read(!line.starts_with("HEAD"))
}

pub(crate) fn get(server: &Server, path: &str) -> Response {
    ask(server, &format!("GET {path}"), "")
}

pub(crate) fn status(server: &Server) -> Value {
    let response = get(server, "/api/ota/status");
    assert_eq!(response.status, 200);
    response.json()
}

/// The head of an upload of `length` bytes, with more headers.
pub(crate) fn upload_head(query: &str, length: usize, headers: &str) -> String {
    format!(
        "POST /api/ota/frontend{query} HTTP/1.1\r\nHost: localhost\r\n\
         Content-Type: application/octet-stream\r\nContent-Length: {length}\r\n{headers}\r\n"
    )
}

/// A whole upload on a connection of its own.
pub(crate) fn upload(server: &Server, query: &str, image: &[u8], headers: &str) -> Response {
    let mut client = Client::new(server);
    client.send(upload_head(query, image.len(), headers));
    client.try_send(image);
    client.response()
}

/// A POST of JSON on a connection of its own.
pub(crate) fn command(server: &Server, name: &str, body: &str) -> Response {
    let mut client = Client::new(server);
    client.send(command_text(name, body));
    client.response()
}

/// The whole request of a POST of JSON.
pub(crate) fn command_text(name: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST /api/ota/{name} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
}

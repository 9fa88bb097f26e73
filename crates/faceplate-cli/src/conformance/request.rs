//! A request, sent exactly as a row puts it together.

use crate::{device::Address, text};

/// Longest value of a field that is shown.
const SHOWN: usize = 60;

/// One that need not be right.
#[derive(Clone)]
pub(super) struct Request {
    method: &'static str,
    target: String,
    version: &'static str,
    /// The `Host` fields, where they are not what they should be.
    hosts: Option<Vec<String>>,
    fields: Vec<(&'static str, String)>,
    body: Vec<u8>,
    /// Bytes of the body that its `Content-Length` tells.
    promised: u64,
    logs_in: bool,
}

impl Request {
    /// `target` is a path on the device, with its query.
    pub(super) fn new(method: &'static str, target: impl Into<String>) -> Self {
        Self {
            method,
            target: target.into(),
            version: "HTTP/1.1",
            hosts: None,
            fields: Vec::new(),
            body: Vec::new(),
            promised: 0,
            logs_in: true,
        }
    }

    pub(super) fn get(target: impl Into<String>) -> Self {
        Self::new("GET", target)
    }

    /// A GET as a browser asks for a page.
    pub(super) fn page(target: impl Into<String>) -> Self {
        Self::get(target)
            .with("Accept", "text/html,*/*;q=0.8")
            .with("Accept-Encoding", "gzip, deflate")
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    /// With these `Host` fields in place of the right one.
    pub(super) fn hosts(mut self, hosts: &[&str]) -> Self {
        self.hosts = Some(hosts.iter().map(|&host| host.to_owned()).collect());
        self
    }

    pub(super) fn version(mut self, version: &'static str) -> Self {
        self.version = version;
        self
    }

    /// Without what `--header` adds, and not signed.
    pub(super) fn without_login(mut self) -> Self {
        self.logs_in = false;
        self
    }

    /// With a whole body.
    pub(super) fn body(self, body: impl AsRef<[u8]>) -> Self {
        let len = body.as_ref().len() as u64;
        self.promising(len, body)
    }

    /// With a `Content-Length` and what comes of the body at once.
    pub(super) fn promising(self, len: u64, sent: impl AsRef<[u8]>) -> Self {
        Self {
            body: sent.as_ref().to_vec(),
            promised: len,
            ..self.with("Content-Length", len.to_string())
        }
    }

    /// With bytes behind the head whose length it does not tell.
    pub(super) fn followed_by(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.body = bytes.as_ref().to_vec();
        self
    }

    pub(super) fn is_head(&self) -> bool {
        self.method == "HEAD"
    }

    /// As it is sent.
    pub(super) fn bytes(&self, device: &Address) -> Vec<u8> {
        let prefix = match self.target.starts_with('/') {
            true => &*device.prefix,
            false => "",
        };
        let (method, target, version) = (self.method, &self.target, self.version);
        let mut head = format!("{method} {prefix}{target} {version}\r\n");
        match &self.hosts {
            Some(hosts) => hosts
                .iter()
                .for_each(|host| head.push_str(&format!("Host: {host}\r\n"))),
            None => head.push_str(&format!("Host: {}\r\n", device.authority())),
        }
        for (name, value) in &self.fields {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if self.logs_in {
            for header in &device.headers {
                head.push_str(&header.line());
            }
            if let Some(signature) = self.signature(device) {
                head.push_str(&format!("Authorization: {signature}\r\n"));
            }
        }
        head.push_str("\r\n");
        [head.as_bytes(), &self.body].concat()
    }

    /// By a device's password, which is good for one sending.
    fn signature(&self, device: &Address) -> Option<String> {
        let digest = self
            .fields
            .iter()
            .find(|(name, _)| *name == "Content-Digest");
        let digest = digest.map_or("", |(_, value)| value);
        device
            .login
            .as_ref()?
            .sign(self.method, &self.target, digest)
    }

    /// As people read it: without what every request has, nor what `--header` adds.
    pub(super) fn shown(&self) -> String {
        let (method, target) = (self.method, shorten(&self.target));
        let mut shown = format!("{method} {target}");
        if self.version != "HTTP/1.1" {
            shown.push_str(&format!(" {}", self.version));
        }
        match self.hosts.as_deref() {
            None => {}
            Some([]) => shown.push_str(" | no Host"),
            Some(hosts) => hosts
                .iter()
                .for_each(|host| shown.push_str(&format!(" | Host: {}", shorten(host)))),
        }
        for (name, value) in &self.fields {
            shown.push_str(&format!(" | {name}: {}", shorten(value)));
        }
        let len = self.body.len();
        match std::str::from_utf8(&self.body) {
            Ok("") if self.promised > 0 => shown.push_str(" | no body yet"),
            _ if self.promised > len as u64 => {
                shown.push_str(&format!(" | {len} bytes of the body, and no more yet"));
            }
            Ok("") => {}
            Ok(body) if body.len() <= SHOWN => shown.push_str(&format!(" | {body}")),
            _ => shown.push_str(&format!(" | {len} bytes")),
        }
        text::harmless(&shown)
    }
}

/// The beginning of a text that nobody wants to read all of.
pub(super) fn shorten(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::Header;

    fn device() -> Address {
        let mut device: Address = "lamp.local:81/kitchen".parse().unwrap();
        device.headers = vec![Header::parse("X-Token: secret").unwrap()];
        device
    }

    #[test]
    fn a_request_is_sent_as_it_was_put_together_and_a_login_is_not_shown() {
        for (request, sent, shown) in [
            (
                Request::get("/x?y"),
                "GET /kitchen/x?y HTTP/1.1\r\nHost: lamp.local:81\r\nX-Token: secret\r\n\r\n",
                "GET /x?y",
            ),
            (
                Request::new("OPTIONS", "*").without_login(),
                "OPTIONS * HTTP/1.1\r\nHost: lamp.local:81\r\n\r\n",
                "OPTIONS *",
            ),
            (
                Request::get("/")
                    .hosts(&[])
                    .version("HTTP/1.0")
                    .without_login(),
                "GET /kitchen/ HTTP/1.0\r\n\r\n",
                "GET / HTTP/1.0 | no Host",
            ),
            (
                Request::new("POST", "/x")
                    .hosts(&["a", "b"])
                    .with("A", "\u{1b}")
                    .promising(9, "{}")
                    .without_login(),
                "POST /kitchen/x HTTP/1.1\r\nHost: a\r\nHost: b\r\nA: \u{1b}\r\nContent-Length: 9\r\n\r\n{}",
                "POST /x | Host: a | Host: b | A: \\u{1b} | Content-Length: 9 | 2 bytes of the body, and no more yet",
            ),
            (
                Request::new("POST", "/x").promising(9, "").without_login(),
                "POST /kitchen/x HTTP/1.1\r\nHost: lamp.local:81\r\nContent-Length: 9\r\n\r\n",
                "POST /x | Content-Length: 9 | no body yet",
            ),
            (
                Request::new("POST", "/x").body("{}").without_login(),
                "POST /kitchen/x HTTP/1.1\r\nHost: lamp.local:81\r\nContent-Length: 2\r\n\r\n{}",
                "POST /x | Content-Length: 2 | {}",
            ),
            (
                Request::new("POST", "/x")
                    .followed_by([0xff; 100])
                    .without_login(),
                "POST /kitchen/x HTTP/1.1\r\nHost: lamp.local:81\r\n\r\n",
                "POST /x | 100 bytes",
            ),
        ] {
            let bytes = request.bytes(&device());
            assert!(bytes.starts_with(sent.as_bytes()), "{shown}");
            assert_eq!(request.shown(), shown);
        }
        assert_eq!(
            shorten(&"ü".repeat(61)),
            format!("{}… (122 bytes)", "ü".repeat(60))
        );
    }
}

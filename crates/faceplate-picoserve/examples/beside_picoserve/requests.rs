//! What is asked, as a browser asks it, and what has to come.

use crate::{
    Result,
    files::{self, ASSETS, INDEX},
};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request {
    /// The page.
    Small,
    /// The large file.
    Large,
    /// The same by who has it already.
    Known,
}

impl Request {
    pub(crate) const ALL: [Self; 3] = [Self::Small, Self::Large, Self::Known];

    pub(crate) fn called(name: &str) -> Result<Self> {
        match name {
            "small" => Ok(Self::Small),
            "large" => Ok(Self::Large),
            "known" => Ok(Self::Known),
            _ => Err(format!("no request is called {name}").into()),
        }
    }

    pub(crate) fn says(self) -> String {
        match self {
            Self::Small => format!("200 of {} bytes", files::SMALL),
            Self::Large => format!("200 of {} KiB", files::LARGE >> 10),
            Self::Known => "304".into(),
        }
    }

    /// What a browser on Linux sends; `etag` is what the server called the large file.
    pub(crate) fn bytes(self, etag: &str) -> Vec<u8> {
        let path = match self {
            Self::Small => files::PAGE.to_owned(),
            Self::Large | Self::Known => format!("{}/{}", files::FOLDER, files::SCRIPT),
        };
        let condition = match self {
            Self::Known => format!("If-None-Match: {etag}\r\n"),
            _ => String::new(),
        };
        format!(
            "GET /{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: keep-alive\r\n\
             User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n\
             Accept: */*\r\nAccept-Language: en-US,en;q=0.5\r\n\
             Accept-Encoding: gzip, deflate\r\nReferer: http://127.0.0.1/\r\n\
             Sec-Fetch-Dest: script\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Site: same-origin\r\n\
             {condition}\r\n"
        )
        .into_bytes()
    }

    /// Whether an answer is the one that has to come.
    pub(crate) fn is_answered_by(self, answer: &Answer) -> bool {
        let (status, body): (u16, &[u8]) = match self {
            Self::Small => (200, &INDEX),
            Self::Large => (200, &ASSETS[0].1),
            Self::Known => (304, &[]),
        };
        answer.status == status && answer.body == body
    }
}

/// An answer, taken apart.
pub(crate) struct Answer {
    status: u16,
    pub(crate) etag: Option<String>,
    body: Vec<u8>,
}

/// The length of the head at the beginning of these bytes, and of the body that it announces.
pub(crate) fn lengths(bytes: &[u8]) -> Option<(usize, usize)> {
    let head = bytes.windows(4).position(|end| end == b"\r\n\r\n")? + 4;
    let length = header(&bytes[..head], "content-length");
    Some((head, length.map_or(Some(0), |value| value.parse().ok())?))
}

impl Answer {
    /// One that is complete.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let (head, body) = lengths(bytes)?;
        let status = str::from_utf8(bytes.get(9..12)?).ok()?.parse().ok()?;
        Some(Self {
            status,
            etag: header(&bytes[..head], "etag"),
            body: bytes.get(head..head + body)?.to_vec(),
        })
    }
}

fn header(head: &[u8], name: &str) -> Option<String> {
    let head = str::from_utf8(head).ok()?;
    head.lines().find_map(|line| {
        let (is, value) = line.split_once(':')?;
        is.eq_ignore_ascii_case(name)
            .then(|| value.trim().to_owned())
    })
}

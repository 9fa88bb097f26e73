//! Getting the image in a slot, in as many parts as the connection breaks into.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use super::{
    Address, ApiError, ClientError, Connection, Next, Problem, Response,
    http::{authorization, head},
    login::signed,
};

/// Longest wait for a device's first words: it may be erasing.
const ANSWER: Duration = Duration::from_secs(6);
/// So long nothing may come.
const STALL: Duration = Duration::from_secs(20);
/// Longest image: beyond any flash.
const BYTES_MAX: usize = 64 << 20;

/// An image while it comes.
#[derive(Debug, Default)]
pub(crate) struct Download {
    /// What is here already.
    pub(crate) bytes: Vec<u8>,
    /// What the device calls just these bytes.
    tag: Option<String>,
}

/// How a part ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// With the image.
    Whole,
    /// Before; the rest may be asked for.
    Broke(ClientError),
}

impl Download {
    /// Asks for the rest of the image in a slot (0, 1); `show` gets how many bytes are here, and how many there are.
    ///
    /// Another image meanwhile comes whole, in place of what is here.
    pub(crate) fn go_on(
        &mut self,
        address: &Address,
        slot: usize,
        mut show: impl FnMut(u64, u64),
    ) -> Result<Ended, ApiError> {
        let path = format!("/api/ota/frontend?slot={slot}");
        let (range, tag) = (format!("bytes={}-", self.bytes.len()), self.tag.clone());
        let connection = Cell::new(None);
        let asked = signed(address, ["GET", &path, ""], |signature| {
            let mut fields = authorization(signature);
            if let Some(tag) = &tag
                && !self.bytes.is_empty()
            {
                fields.extend([("Range", &*range), ("If-Range", tag)]);
            }
            let head = head(address, "GET", &path, &fields, 0);
            let mut opened = Connection::open(address)?;
            opened.send(head.as_bytes(), ANSWER);
            let mut response = opened.head(ANSWER)?;
            if !matches!(response.status, 200 | 206) {
                response.body = rest(&mut opened, &response);
            }
            connection.set(Some(opened));
            Ok(response)
        });
        let response = match asked {
            Ok(response) => response,
            Err(error @ ClientError::Impostor) => return Err(error.into()),
            Err(error) => return Ok(Ended::Broke(error)),
        };
        let length = response.field("content-length");
        let length = length.and_then(|length| length.parse::<usize>().ok());
        let begin = match response.status {
            200 => 0,
            206 if is_from(&response, self.bytes.len()) => self.bytes.len(),
            206 => {
                return Ok(Ended::Broke(ClientError::NotHttp(
                    "another part than was asked for",
                )));
            }
            502 | 504 => return Ok(Ended::Broke(ClientError::Proxy(response.status))),
            _ => return Err(ApiError::Refused(Problem::of(&response))),
        };
        let total = length.and_then(|length| length.checked_add(begin));
        let total = total.filter(|&total| total <= BYTES_MAX);
        let total = total.ok_or(ClientError::NotHttp("a wrong or huge Content-Length"))?;
        self.bytes.truncate(begin);
        self.tag = response.field("etag").map(str::to_owned);
        let Some(mut connection) = connection.take() else {
            return Ok(Ended::Broke(ClientError::Closed));
        };
        while self.bytes.len() < total {
            match connection.next(STALL) {
                Next::Bytes(bytes) => self.bytes.extend_from_slice(&bytes),
                Next::End => return Ok(Ended::Broke(ClientError::Closed)),
                Next::Silence => return Ok(Ended::Broke(ClientError::TimedOut)),
            }
            show(self.bytes.len().min(total) as u64, total as u64);
        }
        self.bytes.truncate(total);
        Ok(Ended::Whole)
    }
}

/// Whether an answer's part begins at a place.
fn is_from(response: &Response, place: usize) -> bool {
    let begins = format!("bytes {place}-");
    let range = response.field("content-range");
    range.is_some_and(|range| range.starts_with(&begins))
}

/// The body of a refusal, as far as it comes.
fn rest(connection: &mut Connection, response: &Response) -> Vec<u8> {
    let length = response.field("content-length");
    let length = length.and_then(|length| length.parse().ok()).unwrap_or(0);
    let until = Instant::now() + ANSWER;
    let mut body = vec![];
    while body.len() < usize::min(length, 16 * 1024) {
        match connection.next(until.saturating_duration_since(Instant::now())) {
            Next::Bytes(bytes) => body.extend(bytes),
            Next::End | Next::Silence => break,
        }
    }
    body
}

//! The frames of a WebSocket's client, put together to messages within one buffer.
//!
//! The head of a frame is taken apart by `edge-ws`; what RFC 6455 forbids beyond that is found here.

use core::ops::Range;

use edge_ws::{FrameHeader, FrameType};

/// Why a WebSocket must be closed: the codes of RFC 6455, 7.4.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// 1002: what came is no frame of a client.
    Protocol,
    /// 1007: a text that is no UTF-8.
    NotText,
    /// 1009: a message that the buffer has no room for.
    TooBig,
}

impl Fault {
    /// As it is sent.
    pub const fn code(self) -> u16 {
        match self {
            Self::Protocol => 1002,
            Self::NotText => 1007,
            Self::TooBig => 1009,
        }
    }
}

/// What the bytes so far have brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Nothing whole: read more into [`Frames::space`].
    More,
    /// A whole message, in [`Frames::message`].
    Message {
        /// Whether it is text, which was found to be UTF-8.
        text: bool,
    },
    /// A ping, to be answered with [`Frames::control`].
    Ping,
    /// A pong.
    Pong,
    /// The client closes, with this code.
    Close(Option<u16>),
}

/// Longest content of a control frame, bytes (RFC 6455, 5.5).
pub const CONTROL_MAX: usize = 125;

/// A message that is being put together, and the bytes behind it.
///
/// The buffer holds, in this order: the message so far, bytes of frames that are done with, bytes that
/// were not looked at, free space.
pub struct Frames<'b> {
    buf: &'b mut [u8],
    /// Bytes of the message so far.
    len: usize,
    /// What was not looked at.
    raw: Range<usize>,
    /// The message's kind, from its first frame to its last.
    text: Option<bool>,
    /// Whether the message is whole and was told.
    told: bool,
    /// The frame of a message whose content is under way.
    open: Option<Open>,
    /// Where the content of the last control frame lies.
    control: Range<usize>,
}

#[derive(Clone, Copy)]
struct Open {
    left: u64,
    mask: Option<u32>,
    done: usize,
    last: bool,
}

impl<'b> Frames<'b> {
    /// Over a buffer that has bytes of the client at `arrived` already.
    pub fn new(buf: &'b mut [u8], arrived: Range<usize>) -> Self {
        let len = buf.len();
        Self {
            buf,
            len: 0,
            raw: arrived.start.min(len)..arrived.end.min(len),
            text: None,
            told: false,
            open: None,
            control: 0..0,
        }
    }

    /// Where to read more to. It is empty where a message has no room: [`Self::advance`] says so before.
    pub fn space(&mut self) -> &mut [u8] {
        let keep = self.kept();
        let raw = self.raw.clone();
        self.buf.copy_within(raw, keep);
        self.raw = keep..keep + self.raw.len();
        &mut self.buf[self.raw.end..]
    }

    /// So many bytes were read to [`Self::space`].
    pub fn filled(&mut self, n: usize) {
        self.raw.end = self.buf.len().min(self.raw.end + n);
    }

    /// The message that was told last.
    pub fn message(&self) -> &[u8] {
        &self.buf[..self.len]
    }

    /// The content of the control frame that was told last.
    pub fn control(&self) -> &[u8] {
        &self.buf[self.control.clone()]
    }

    /// Bytes at the front that are still wanted.
    fn kept(&self) -> usize {
        if self.told { 0 } else { self.len }
    }

    /// Goes on through what has arrived, to the next thing that is whole.
    ///
    /// # Errors
    /// Where it must be closed.
    pub fn advance(&mut self) -> Result<Next, Fault> {
        if self.told {
            (self.told, self.len) = (false, 0);
        }
        loop {
            if let Some(open) = self.open {
                if !self.take(open)? {
                    return Ok(Next::More);
                }
                if open.last {
                    return self.end();
                }
                continue;
            }
            let bytes = &self.buf[self.raw.clone()];
            let (header, head_len) = match FrameHeader::deserialize(bytes) {
                Ok(header) => header,
                Err(edge_ws::Error::Incomplete(_)) => return self.more(0),
                Err(_) => return Err(Fault::Protocol),
            };
            let last = bytes[0] & FIN != 0;
            // A client masks (5.1), and writes a length as short as it can, of 63 bits (5.2).
            let is_short = header.serialized_len() == head_len;
            if header.mask_key.is_none() || !is_short || header.payload_len > i64::MAX as u64 {
                return Err(Fault::Protocol);
            }
            match header.frame_type {
                FrameType::Ping | FrameType::Pong | FrameType::Close => {
                    if !last || header.payload_len > CONTROL_MAX as u64 {
                        return Err(Fault::Protocol);
                    }
                    let whole = head_len + header.payload_len as usize;
                    if self.raw.len() < whole {
                        return self.more(whole);
                    }
                    let at = self.raw.start;
                    self.control = at + head_len..at + whole;
                    self.raw.start += whole;
                    header.mask(&mut self.buf[self.control.clone()], 0);
                    return match header.frame_type {
                        FrameType::Ping => Ok(Next::Ping),
                        FrameType::Pong => Ok(Next::Pong),
                        _ => close(self.control()).map(Next::Close),
                    };
                }
                FrameType::Continue(_) if self.text.is_none() => return Err(Fault::Protocol),
                FrameType::Continue(_) => {}
                FrameType::Text(_) | FrameType::Binary(_) if self.text.is_some() => {
                    return Err(Fault::Protocol);
                }
                kind => self.text = Some(matches!(kind, FrameType::Text(_))),
            }
            let room = self.buf.len() - self.len;
            if header.payload_len > room as u64 {
                return Err(Fault::TooBig);
            }
            self.raw.start += head_len;
            self.open = Some(Open {
                left: header.payload_len,
                mask: header.mask_key,
                done: 0,
                last,
            });
        }
    }

    /// Moves what has arrived of a frame's content to the message; whether that was all.
    fn take(&mut self, mut open: Open) -> Result<bool, Fault> {
        let n = self
            .raw
            .len()
            .min(usize::try_from(open.left).unwrap_or(usize::MAX));
        let from = self.raw.start;
        self.buf.copy_within(from..from + n, self.len);
        let to = self.len..self.len + n;
        FrameHeader::mask_with(&mut self.buf[to.clone()], open.mask, open.done);
        self.len = to.end;
        self.raw.start += n;
        open.left -= n as u64;
        // The mask repeats after four bytes.
        open.done = (open.done + n) % 4;
        if open.left > 0 {
            self.open = Some(open);
            self.more(0)?;
            return Ok(false);
        }
        self.open = None;
        Ok(true)
    }

    fn end(&mut self) -> Result<Next, Fault> {
        let text = self.text.take().unwrap_or_default();
        self.told = true;
        match !text || core::str::from_utf8(self.message()).is_ok() {
            true => Ok(Next::Message { text }),
            false => Err(Fault::NotText),
        }
    }

    /// More is wanted: there must be room for it, and for a frame of so many bytes.
    fn more(&self, whole: usize) -> Result<Next, Fault> {
        let room = self.buf.len() - self.kept();
        match room >= whole && room > self.raw.len() {
            true => Ok(Next::More),
            false => Err(Fault::TooBig),
        }
    }
}

/// The bit of a message's last frame (RFC 6455, 5.2).
const FIN: u8 = 0x80;

/// The code of a close frame.
fn close(content: &[u8]) -> Result<Option<u16>, Fault> {
    match content {
        [] => Ok(None),
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            // 7.4: those that may be sent.
            let may_be = matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
            if !may_be {
                return Err(Fault::Protocol);
            }
            match core::str::from_utf8(reason) {
                Ok(_) => Ok(Some(code)),
                Err(_) => Err(Fault::NotText),
            }
        }
        [_] => Err(Fault::Protocol),
    }
}

#[cfg(test)]
mod tests;

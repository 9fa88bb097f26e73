//! The answer to a request of the firmware's.

use core::fmt;

#[cfg(feature = "json")]
use super::json::Json;
use super::{
    Answered, Connection, Stream,
    state::{Said, State},
};
use crate::{
    http::tx::{Header, NONE, Tx},
    problem::{Failed, Refusal},
};

/// The way to answer, once.
pub struct Reply<'r, C: Connection> {
    pub(crate) tx: Tx<'r, C::Device, &'r mut C::Writer>,
    pub(crate) state: &'r State,
    /// `200` unless said otherwise.
    status: u16,
    headers: [Header<'r>; HEADERS_MAX],
}

/// Headers of its own that an answer can have.
const HEADERS_MAX: usize = 4;

impl<'r, C: Connection> Reply<'r, C> {
    pub(crate) fn new(tx: Tx<'r, C::Device, &'r mut C::Writer>, state: &'r State) -> Self {
        Self {
            tx,
            state,
            status: 200,
            headers: [NONE; HEADERS_MAX],
        }
    }

    /// With another status than 200; one of 200 to 599. Those that have no body (204, 205, 304) are for
    /// [`Self::empty`] alone.
    pub fn status(mut self, status: u16) -> Self {
        if (200..600).contains(&status) {
            self.status = status;
        }
        self
    }

    /// With a header, such as `Set-Cookie`; at most four. Those that frame the answer are not for you
    /// to set, nor `Content-Type`, `Cache-Control`; and control characters of the value are left out,
    /// so that nobody's text can become a header.
    pub fn header(mut self, name: &'static str, value: &'r dyn fmt::Display) -> Self {
        if let Some(free) = self.headers.iter_mut().find(|(name, _)| name.is_empty()) {
            *free = (name, value);
        }
        self
    }

    /// Answers with text of this media type, of any length. It is formatted more than once, and must
    /// be the same each time.
    ///
    /// # Errors
    /// When the client is gone, or too slow.
    pub fn text(
        self,
        media_type: &str,
        text: &impl fmt::Display,
    ) -> impl Future<Output = Answered> {
        self.say(media_type, move || Ok(text))
    }

    /// The same of what may turn out to be no text. No `async fn`, nor those that call it: each would keep the reply
    /// twice, on every connection.
    #[allow(clippy::manual_async_fn, reason = "the reply is kept once")]
    fn say<T: fmt::Display>(
        mut self,
        media_type: &str,
        text: impl FnOnce() -> Result<T, Refusal>,
    ) -> impl Future<Output = Answered> {
        async move {
            let text = text()?;
            self.begin_body()?;
            let [a, b, c, d] = self.headers;
            let all = [("Content-Type", &media_type as _), NO_STORE, a, b, c, d];
            self.tx.text(self.status, &all, &text).await?;
            self.state.said.set(Said::All);
            Ok(())
        }
    }

    /// Answers with bytes of this media type.
    ///
    /// # Errors
    /// When the client is gone, or too slow.
    pub async fn bytes(mut self, media_type: &str, bytes: &[u8]) -> Answered {
        self.begin_body()?;
        let [a, b, c, d] = self.headers;
        let all = [("Content-Type", &media_type as _), NO_STORE, a, b, c, d];
        let length = bytes.len() as u64;
        self.tx.head(self.status, &all, Some(length)).await?;
        if !self.tx.framing().head_only {
            self.tx.push(bytes).await?;
        }
        self.tx.flush().await?;
        self.state.said.set(Said::All);
        Ok(())
    }

    /// Answers without a body: 204, unless another status was given.
    ///
    /// # Errors
    /// When the client is gone, or too slow.
    pub async fn empty(mut self) -> Answered {
        self.begin();
        let status = if self.status == 200 { 204 } else { self.status };
        let [a, b, c, d] = self.headers;
        // A length is not for 204, that of 304 is another answer's (RFC 9110, 8.6); others want one.
        let length = (!matches!(status, 204 | 304)).then_some(0);
        self.tx
            .head(status, &[NO_STORE, a, b, c, d], length)
            .await?;
        self.tx.flush().await?;
        self.state.said.set(Said::All);
        Ok(())
    }

    /// Answers with a value in JSON, of any length. It is written more than once, and must be the same each
    /// time.
    ///
    /// # Errors
    /// 500 `no-answer` where JSON cannot say it, such as a map whose keys are no text; and when the client is
    /// gone, or too slow.
    #[cfg(feature = "json")]
    pub fn json<T: serde::Serialize + ?Sized>(self, value: &T) -> impl Future<Output = Answered> {
        self.say("application/json", move || Json::new(value))
    }

    /// Answers with pieces of this media type.
    ///
    /// # Errors
    /// When the client is gone, or too slow.
    #[allow(
        clippy::manual_async_fn,
        reason = "an `async fn` would keep the reply twice"
    )]
    pub fn stream(
        mut self,
        media_type: &str,
    ) -> impl Future<Output = Result<Stream<'r, C::Device, C::Writer>, Failed>> {
        async move {
            self.begin_body()?;
            let http11 = self.state.http11;
            if !http11 {
                self.tx.close();
                self.state.close.set(true);
            }
            let [a, b, c, d] = self.headers;
            let chunked = match http11 {
                true => ("Transfer-Encoding", &"chunked" as _),
                false => NONE,
            };
            let media_type = ("Content-Type", &media_type as _);
            let all = [media_type, NO_STORE, chunked, a, b, c, d];
            self.tx.head(self.status, &all, None).await?;
            let Self { tx, state, .. } = self;
            state.said.set(Said::Pieces);
            Ok(Stream { tx, state })
        }
    }

    /// Answers with 404 `not-found`.
    ///
    /// # Errors
    /// Always, with that.
    pub async fn not_found(self) -> Answered {
        Err(Refusal::NoSuchApi.into())
    }

    /// An answer with a body begins: its status must be one that has a body, or the client takes that
    /// for the next answer (RFC 9110, 6.4.1).
    fn begin_body(&mut self) -> Result<(), Refusal> {
        if matches!(self.status, 204 | 205 | 304) {
            return Err(Refusal::NoAnswer("answers of its status have no body"));
        }
        self.begin();
        Ok(())
    }

    /// The answer begins: it is the time to say whether another may follow.
    fn begin(&mut self) {
        self.state.said.set(Said::Begun);
        if self.state.left.get() == 0 && self.state.may_go_on {
            self.tx.keep_open();
            self.state.close.set(false);
        }
    }
}

/// What a firmware says is true only now.
const NO_STORE: Header<'static> = ("Cache-Control", &"no-store");

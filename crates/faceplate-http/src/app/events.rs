//! Server-sent events: a live answer that a page reads with `EventSource`.

use core::{fmt, future::Future, pin::pin};

use embedded_io_async::Read;

#[cfg(feature = "json")]
use super::json::Json;
use super::{Came, Connection, Opening, Request, Stream, first, state::Said};
use crate::{
    Device,
    http::{
        clean::{Clean, EachLine},
        tx::{Header, NONE},
    },
    live::Entered,
    problem::{Failed, Gone},
};

/// A live answer of events. It ends when it is dropped, when the client goes away or does not take
/// what it is sent, and when the device restarts.
pub struct Events<'r, C: Connection> {
    stream: Stream<'r, C::Device, C::Writer>,
    reader: &'r mut C::Reader,
    buf: &'r mut [u8],
    device: &'r C::Device,
    /// When the client must hear something.
    due_ms: u64,
    _live: Entered<'r>,
}

impl<'r, C: Connection> Request<'r, C> {
    /// Answers with server-sent events (`text/event-stream`), a live connection.
    ///
    /// # Errors
    /// 503 `too-many-live` where all live connections are taken, 403 for pages of other origins; and
    /// when the client is gone, or too slow.
    pub fn events(self) -> impl Future<Output = Result<Events<'r, C>, Failed>> {
        // At once, so that the future, which is part of each connection, has not all of the request.
        let opening = self.enter();
        async move {
            let mut opening = opening?;
            opening.tx.close();
            let chunked: Header<'_> = match opening.state.http11 {
                true => ("Transfer-Encoding", &"chunked"),
                false => NONE,
            };
            let headers = [
                ("Content-Type", &"text/event-stream" as _),
                ("Cache-Control", &"no-store" as _),
                chunked,
            ];
            opening.head(200, &headers).await?;
            if opening.tx.framing().head_only {
                opening.state.said.set(Said::All);
                // There is nothing to be said to who asks for the head alone.
                return Err(Gone.into());
            }
            opening.state.said.set(Said::Events);
            Ok(Events::new(opening))
        }
    }
}

impl<'r, C: Connection> Events<'r, C> {
    /// What the client has sent already, behind its request, has no meaning.
    pub(super) fn new(opening: Opening<'r, C>) -> Self {
        Self {
            stream: Stream {
                tx: opening.tx,
                state: opening.state,
            },
            reader: opening.reader,
            buf: opening.buf,
            device: opening.device,
            due_ms: beat_ms(opening.device),
            _live: opening.place,
        }
    }

    /// Sends an event. `name` is its type, or empty for `message`; `data` may have several lines. It is
    /// formatted more than once, and must be the same each time.
    ///
    /// # Errors
    /// When the client is gone, or too slow.
    pub async fn send(&mut self, name: &str, data: &impl fmt::Display) -> Result<(), Failed> {
        self.begin()?;
        let write =
            |out: &mut dyn fmt::Write| writeln!(out, "{}{}", Name(name), EachLine("data: ", data));
        self.stream.formatted(write).await?;
        self.end().await
    }

    /// Sends an event with a value in JSON, of any length. It is written more than once, and must be the same
    /// each time.
    ///
    /// # Errors
    /// Where JSON cannot say it; nothing was sent then. And as [`Self::send`].
    #[cfg(feature = "json")]
    pub async fn json<T: serde::Serialize + ?Sized>(
        &mut self,
        name: &str,
        value: &T,
    ) -> Result<(), Failed> {
        let json = Json::new(value)?;
        self.send(name, &json).await
    }

    /// Waits for something, such as news to send. Meanwhile the connection is kept alive, and it is
    /// noticed when the client goes away, also where the news are always there already: a handler that
    /// waits without it notices that only when it sends the next event.
    ///
    /// # Errors
    /// When it has gone.
    pub async fn until<F: Future>(&mut self, news: F) -> Result<F::Output, Failed> {
        let mut news = pin!(news);
        // Who comes here had its last news.
        let mut news_first = false;
        loop {
            let left = self.due_ms.saturating_sub(self.device.now_ms());
            let beat = self.device.sleep_ms(left);
            let read = self.reader.read(self.buf);
            match first(news_first, news.as_mut(), read, beat).await {
                Came::News(news) => return Ok(news),
                // A client has nothing to say here, but it may.
                Came::Read(Ok(1..)) => news_first = true,
                Came::Read(_) => return Err(Gone.into()),
                Came::Time => self.beat().await?,
            }
        }
    }

    /// A comment: the page does not see it, and who is gone does not take it.
    async fn beat(&mut self) -> Result<(), Failed> {
        self.begin()?;
        self.stream.formatted(|out| out.write_str(":\n\n")).await?;
        self.end().await
    }

    fn begin(&self) -> Result<(), Gone> {
        match self.stream.state.said.replace(Said::Begun) {
            Said::Events => Ok(()),
            // The last one was dropped half way.
            _ => Err(Gone),
        }
    }

    async fn end(&mut self) -> Result<(), Failed> {
        // It is whole when the network has it. Who drops this while the client's word is waited for
        // may go on.
        self.stream.tx.send().await?;
        self.stream.state.said.set(Said::Events);
        self.due_ms = beat_ms(self.device);
        Ok(self.stream.tx.flush().await?)
    }
}

/// When a client that hears something now must hear something again.
fn beat_ms(device: &impl Device) -> u64 {
    device.now_ms() + device.limits().heartbeat_ms
}

/// The line with an event's type, if it has one.
struct Name<'a>(&'a str);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            "" => Ok(()),
            name => writeln!(f, "event: {}", Clean(name)),
        }
    }
}

//! A WebSocket, as a handler of the firmware has it.

use core::{fmt, future::Future, pin::pin};

use edge_ws::{FrameHeader, FrameType};
use embedded_io_async::{Read, Write};

use super::{
    frames::{Frames, Next},
    handshake,
};
use crate::{
    Answered, Connection, Device,
    app::{Came, Request, Said, State, first},
    http::tx::{Header, Tx},
    live::Entered,
    problem::{Failed, Gone, Refusal},
};

/// A message of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message<'m> {
    /// Text.
    Text(&'m str),
    /// Bytes.
    Binary(&'m [u8]),
}

/// What came first: see [`WebSocket::receive_or`].
#[derive(Debug)]
pub enum Incoming<'m, T> {
    /// The client sent something.
    Message(Message<'m>),
    /// What else was waited for.
    News(T),
}

/// A WebSocket. It is closed when it is dropped, when the client closes it, says nothing for too long
/// or does not take what it is sent, and when the device restarts (1012).
pub struct WebSocket<'r, C: Connection> {
    reader: &'r mut C::Reader,
    frames: Frames<'r>,
    tx: Tx<'r, C::Device, &'r mut C::Writer>,
    state: &'r State,
    device: &'r C::Device,
    /// When a client that says nothing is asked whether it is there, or given up.
    due_ms: u64,
    /// Whether it was asked.
    asked: bool,
    /// Whether it is the firmware's turn: the client had the last one.
    news_first: bool,
    /// Whether the message that came last is text.
    is_text: bool,
    _live: Entered<'r>,
}

/// Why nothing more comes.
enum End {
    Failed(Failed),
    /// To be closed, with this code.
    Close(Option<u16>, Goodbye),
}

impl From<Failed> for End {
    fn from(failed: Failed) -> Self {
        Self::Failed(failed)
    }
}

impl From<Gone> for End {
    fn from(gone: Gone) -> Self {
        Self::Failed(gone.into())
    }
}

impl<'r, C: Connection> Request<'r, C> {
    /// Takes the connection over for a WebSocket.
    ///
    /// # Errors
    /// 426 `no-websocket` where the client does not ask for one, 503 `too-many-live` where all live
    /// connections are taken, 403 for pages of other origins; and when the client is gone, or too slow.
    pub fn websocket(self) -> impl Future<Output = Result<WebSocket<'r, C>, Failed>> {
        // At once, so that the future, which is part of each connection, has not all of the request.
        let accept = handshake::accept(&self.head).ok_or(Refusal::NoWebSocket);
        let begun = accept.and_then(|accept| Ok((accept, self.enter()?)));
        async move {
            let (accept, mut opening) = begun?;
            let headers: [Header<'_>; 3] = [
                ("Upgrade", &"websocket"),
                ("Connection", &"Upgrade"),
                ("Sec-WebSocket-Accept", &accept),
            ];
            // Its own header says what becomes of the connection.
            opening.tx.keep_open();
            opening.head(101, &headers).await?;
            opening.state.said.set(Said::WebSocket);
            let device = opening.device;
            Ok(WebSocket {
                reader: opening.reader,
                frames: Frames::new(opening.buf, opening.arrived),
                tx: opening.tx,
                state: opening.state,
                device,
                due_ms: device.now_ms() + device.limits().heartbeat_ms,
                asked: false,
                news_first: false,
                is_text: false,
                _live: opening.place,
            })
        }
    }
}

impl<C: Connection> WebSocket<'_, C> {
    /// Waits for the next message, of at most 512 bytes, or what the connection's buffer has room for;
    /// longer ones close the socket (1009). One that comes in several frames shares the buffer with their
    /// heads, and with pings in between. Pings are answered meanwhile. It may be dropped and called
    /// again: no message is lost.
    ///
    /// # Errors
    /// When the socket is closed, by whomever.
    pub async fn receive(&mut self) -> Result<Message<'_>, Failed> {
        match self.receive_or(core::future::pending::<()>()).await? {
            Incoming::Message(message) => Ok(message),
            Incoming::News(()) => Err(Gone.into()),
        }
    }

    /// Waits for the next message, or for something else, such as news to send. Where both are always
    /// there they take turns. `news` is dropped when a message comes first, so it should wait for what
    /// is still there the next time: a `Watch` or a `Channel`, not a mere signal.
    ///
    /// # Errors
    /// When the socket is closed, by whomever.
    pub async fn receive_or<F: Future>(
        &mut self,
        news: F,
    ) -> Result<Incoming<'_, F::Output>, Failed> {
        // What is kept of it is only the reason to close.
        let (code, who) = match self.wait(news).await {
            Ok(Some(news)) => return Ok(Incoming::News(news)),
            Ok(None) => {
                let bytes = self.frames.message();
                return Ok(Incoming::Message(match self.is_text {
                    true => Message::Text(core::str::from_utf8(bytes).unwrap_or_default()),
                    false => Message::Binary(bytes),
                }));
            }
            Err(End::Failed(failed)) => return Err(failed),
            Err(End::Close(code, who)) => (code, who),
        };
        self.say_goodbye(code, who).await?;
        Err(Gone.into())
    }

    /// Sends a text message. It is formatted more than once, and must be the same each time.
    ///
    /// # Errors
    /// When the client is gone, or too slow.
    pub async fn text(&mut self, text: &impl fmt::Display) -> Result<(), Failed> {
        let write = |out: &mut dyn fmt::Write| write!(out, "{text}");
        let len = Tx::<C::Device, C::Writer>::count(write)?;
        begin(&mut self.tx, self.state, FrameType::Text(false), len).await?;
        self.tx.formatted(len, write).await?;
        Ok(end(&mut self.tx, self.state).await?)
    }

    /// Sends a binary message.
    ///
    /// # Errors
    /// When the client is gone, or too slow.
    pub async fn binary(&mut self, bytes: &[u8]) -> Result<(), Failed> {
        let kind = FrameType::Binary(false);
        begin(&mut self.tx, self.state, kind, bytes.len()).await?;
        self.tx.push(bytes).await?;
        Ok(end(&mut self.tx, self.state).await?)
    }

    /// Sends a value in JSON as a text message, of any length. It is written more than once, and must be the
    /// same each time.
    ///
    /// # Errors
    /// Where JSON cannot say it; nothing was sent then. And as [`Self::text`].
    #[cfg(feature = "json")]
    pub async fn json<T: serde::Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failed> {
        let json = crate::app::Json::new(value)?;
        self.text(&json).await
    }

    /// Closes it (1000) and ends the handler.
    ///
    /// # Errors
    /// When the client is gone.
    pub async fn close(mut self) -> Answered {
        Ok(self.say_goodbye(Some(NORMAL), Goodbye::First).await?)
    }

    /// Waits for a message (`None`), or for something else.
    async fn wait<F: Future>(&mut self, news: F) -> Result<Option<F::Output>, End> {
        let mut news = pin!(news);
        loop {
            match self.frames.advance() {
                Err(fault) => return Err(End::Close(Some(fault.code()), Goodbye::First)),
                Ok(Next::Message { text }) => {
                    self.is_text = text;
                    return Ok(None);
                }
                Ok(Next::Close(code)) => return Err(End::Close(code, Goodbye::Reply)),
                Ok(Next::Ping) => self.pong().await?,
                Ok(Next::Pong) => {}
                Ok(Next::More) => {
                    let read = self.reader.read(self.frames.space());
                    let left = self.due_ms.saturating_sub(self.device.now_ms());
                    let time = self.device.sleep_ms(left);
                    match first(self.news_first, news.as_mut(), read, time).await {
                        Came::News(news) => {
                            self.news_first = false;
                            return Ok(Some(news));
                        }
                        Came::Read(Ok(n @ 1..)) => {
                            self.news_first = true;
                            self.frames.filled(n);
                            self.wait_for_client(false);
                        }
                        Came::Read(_) => return Err(Gone.into()),
                        Came::Time if self.asked => return Err(Gone.into()),
                        Came::Time => {
                            // From now on, however late it is asked.
                            self.wait_for_client(true);
                            control(&mut self.tx, self.state, FrameType::Ping, &[]).await?;
                        }
                    }
                }
            }
        }
    }

    /// The client has its time anew.
    fn wait_for_client(&mut self, asked: bool) {
        self.asked = asked;
        self.due_ms = self.device.now_ms() + self.device.limits().heartbeat_ms;
    }

    /// Answers a ping with its content.
    async fn pong(&mut self) -> Result<(), Gone> {
        let content = self.frames.control();
        control(&mut self.tx, self.state, FrameType::Pong, content).await
    }

    async fn say_goodbye(&mut self, code: Option<u16>, who: Goodbye) -> Result<(), Gone> {
        goodbye(&mut self.tx, self.state, code, who).await
    }
}

async fn control<D: Device, W: Write>(
    tx: &mut Tx<'_, D, W>,
    state: &State,
    kind: FrameType,
    content: &[u8],
) -> Result<(), Gone> {
    begin(tx, state, kind, content.len()).await?;
    tx.push(content).await?;
    end(tx, state).await
}

/// A frame begins; the last one must not have been dropped half way.
async fn begin<D: Device, W: Write>(
    tx: &mut Tx<'_, D, W>,
    state: &State,
    kind: FrameType,
    len: usize,
) -> Result<(), Gone> {
    if state.said.replace(Said::Begun) != Said::WebSocket {
        return Err(Gone);
    }
    tx.restart_pace();
    let (header, n) = header(kind, len)?;
    tx.push(&header[..n]).await
}

async fn end<D: Device, W: Write>(tx: &mut Tx<'_, D, W>, state: &State) -> Result<(), Gone> {
    // It is whole when the network has it. Who drops this while the client's word is waited for
    // may go on.
    tx.send().await?;
    state.said.set(Said::WebSocket);
    tx.flush().await
}

/// 1000: all is done (RFC 6455, 7.4.1).
pub(crate) const NORMAL: u16 = 1000;

/// 1008: who is there has no leave any more (as above).
pub(crate) const POLICY: u16 = 1008;

/// 1011: the server cannot go on (as above).
pub(crate) const INTERNAL: u16 = 1011;

/// 1012: the server restarts (IANA's registry of close codes).
pub(crate) const RESTARTS: u16 = 1012;

/// Whose close frame is the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goodbye {
    /// The device's.
    First,
    /// The client's.
    Reply,
}

/// Sends a close frame, the last that is sent.
pub(crate) async fn goodbye<D: Device, W: Write>(
    tx: &mut Tx<'_, D, W>,
    state: &State,
    code: Option<u16>,
    who: Goodbye,
) -> Result<(), Gone> {
    let content = code.map(u16::to_be_bytes);
    let content = content.as_ref().map_or(&[][..], |code| code);
    let (header, n) = header(FrameType::Close, content.len())?;
    if state.said.replace(Said::Begun) != Said::WebSocket {
        return Err(Gone);
    }
    tx.restart_pace();
    tx.push(&header[..n]).await?;
    tx.push(content).await?;
    tx.flush().await?;
    state.said.set(Said::All);
    if who == Goodbye::First {
        // It may be in the middle of a message, and has its own close frame to send: to close with that
        // unread would take ours from it.
        state.left.set(u64::MAX);
    }
    Ok(())
}

/// The head of a frame of ours: not masked (RFC 6455, 5.1).
fn header(kind: FrameType, len: usize) -> Result<([u8; FrameHeader::MAX_LEN], usize), Gone> {
    let header = FrameHeader {
        frame_type: kind,
        payload_len: len as u64,
        mask_key: None,
    };
    let mut bytes = [0; FrameHeader::MAX_LEN];
    let n = header.serialize(&mut bytes).map_err(|_| Gone)?;
    Ok((bytes, n))
}

#[cfg(test)]
mod tests {
    use core::{
        cell::{Cell, RefCell},
        convert::Infallible,
        future::{pending, ready},
    };
    use std::{vec, vec::Vec};

    use embassy_futures::{
        block_on,
        select::{Either, select},
    };
    use embedded_io_async::ErrorType;

    use super::*;
    use crate::{
        App, ConnectionBuffers, Limits, Methods,
        fake::{FakeDevice, Pieces, Unheard},
        serve,
    };

    /// A handler that is busy for so long before it looks, and writes down what it got.
    struct Busy<'d> {
        device: &'d FakeDevice,
        busy_ms: u64,
        got: RefCell<Vec<Vec<u8>>>,
    }

    impl App for Busy<'_> {
        fn methods(&self, _: &str) -> Methods {
            Methods::GET
        }

        async fn answer<C: Connection>(&self, request: Request<'_, C>) -> Answered {
            let mut socket = request.websocket().await?;
            self.device.sleep_ms(self.busy_ms).await;
            loop {
                if let Message::Binary(bytes) = socket.receive().await? {
                    self.got.borrow_mut().push(bytes.to_vec());
                }
            }
        }
    }

    const HEAD: &[u8] = b"GET /x HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    const ONE: &[u8] = b"\x82\x81\0\0\0\0x";
    const PONG: &[u8] = b"\x8a\x80\0\0\0\0";

    /// What the handler got, and when the connection ended, on a clock that only waiting moves.
    fn run(busy_ms: u64, pieces: Vec<&[u8]>) -> (Vec<Vec<u8>>, u64) {
        let taken = Cell::new(0);
        let reader = Pieces {
            pieces,
            taken: &taken,
        };
        let mut out = [0; 2048];
        run_over(busy_ms, reader, &mut &mut out[..])
    }

    fn run_over(busy_ms: u64, reader: impl Read, writer: impl Write) -> (Vec<Vec<u8>>, u64) {
        let device = FakeDevice::new();
        let app = Busy {
            device: &device,
            busy_ms,
            got: RefCell::default(),
        };
        let mut buffers = ConnectionBuffers::new();
        block_on(serve(&device, &app, reader, writer, &mut buffers));
        assert_eq!(device.live().count(), 0);
        (app.got.into_inner(), device.now_ms())
    }

    /// The client's half of a line: what it says first, and after each ping of the device.
    struct Says<'a> {
        pings: &'a Cell<usize>,
        says: Vec<Vec<u8>>,
        said: usize,
    }

    impl ErrorType for Says<'_> {
        type Error = Infallible;
    }

    impl Read for Says<'_> {
        async fn read(&mut self, buf: &mut [u8]) -> Result<usize, Infallible> {
            let Some(bytes) = self.says.get(self.said) else {
                return pending().await;
            };
            if self.said > self.pings.get() {
                return pending().await;
            }
            self.said += 1;
            buf[..bytes.len()].copy_from_slice(bytes);
            Ok(bytes.len())
        }
    }

    /// The device's half, which counts pings.
    struct Pings<'a>(&'a Cell<usize>);

    impl ErrorType for Pings<'_> {
        type Error = Infallible;
    }

    impl Write for Pings<'_> {
        async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
            self.0.set(self.0.get() + usize::from(bytes == b"\x89\0"));
            Ok(bytes.len())
        }

        async fn flush(&mut self) -> Result<(), Infallible> {
            Ok(())
        }
    }

    #[test]
    fn a_client_that_answers_stays_as_long_as_it_does() {
        let pings = Cell::new(0);
        let says = Says {
            pings: &pings,
            says: vec![HEAD.into(), PONG.into(), PONG.into(), [PONG, ONE].concat()],
            said: 0,
        };
        let (got, end) = run_over(0, says, Pings(&pings));
        assert_eq!((got, pings.get()), (vec![b"x".to_vec()], 4));
        // Three answers, and the time of the fourth.
        assert_eq!(end, 5 * Limits::DEFAULT.heartbeat_ms);
    }

    #[test]
    fn a_silent_client_has_as_long_to_answer_as_it_was_silent() {
        let beat = Limits::DEFAULT.heartbeat_ms;
        assert_eq!(run(0, vec![HEAD]), (vec![], 2 * beat));
        assert_eq!(run(0, vec![HEAD, ONE]), (vec![b"x".to_vec()], 2 * beat));
    }

    #[test]
    fn a_client_is_not_given_up_for_the_time_that_its_handler_was_busy() {
        let beat = Limits::DEFAULT.heartbeat_ms;
        let busy = 10 * beat;
        assert_eq!(run(busy, vec![HEAD]), (vec![], busy + beat));
        let got = run(busy, vec![HEAD, ONE, ONE]).0;
        assert_eq!(got, [b"x", b"x"]);
    }

    /// Has always news, and writes down what comes, news or message.
    struct Both(RefCell<Vec<char>>);

    impl App for Both {
        fn methods(&self, _: &str) -> Methods {
            Methods::GET
        }

        async fn answer<C: Connection>(&self, request: Request<'_, C>) -> Answered {
            let mut socket = request.websocket().await?;
            while self.0.borrow().len() < 8 {
                let came = match socket.receive_or(ready(())).await? {
                    Incoming::News(()) => 'n',
                    Incoming::Message(_) => 'm',
                };
                self.0.borrow_mut().push(came);
            }
            socket.close().await
        }
    }

    #[test]
    fn the_client_and_the_news_take_turns() {
        let (app, taken) = (Both(RefCell::default()), Cell::new(0));
        let reader = Pieces {
            pieces: vec![HEAD, ONE, ONE, ONE],
            taken: &taken,
        };
        let mut out = [0; 2048];
        let mut buffers = ConnectionBuffers::new();
        let writer = &mut &mut out[..];
        block_on(serve(
            &FakeDevice::new(),
            &app,
            reader,
            writer,
            &mut buffers,
        ));
        assert_eq!(*app.0.borrow(), ['m', 'n', 'm', 'n', 'm', 'n', 'n', 'n']);
    }

    /// Sends two messages, and does not wait for the network's word on either.
    struct Impatient;

    impl App for Impatient {
        fn methods(&self, _: &str) -> Methods {
            Methods::GET
        }

        async fn answer<C: Connection>(&self, request: Request<'_, C>) -> Answered {
            let mut socket = request.websocket().await?;
            for text in ["one", "two"] {
                let sent = select(socket.text(&text), ready(())).await;
                assert!(matches!(sent, Either::Second(())));
            }
            socket.close().await
        }
    }

    #[test]
    fn a_message_that_is_dropped_when_it_is_sent_is_whole_and_others_may_follow() {
        let out = Unheard::serve(&Impatient, HEAD);
        let frames = b"\x81\x03one\x81\x03two\x88\x02\x03\xe8";
        assert!(out.ends_with(frames), "{}", out.escape_ascii());
    }
}

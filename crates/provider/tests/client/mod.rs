//! A simulated device with the example's routes, and a client of it.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use faceplate_provider::{Colour, Provider, Room, Tenths};
use faceplate_sim::{Event, SimOptions};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(20);

type Lights = Arc<Mutex<Vec<(u8, u8, u8)>>>;

/// A room that remembers how its lamp shone, and gets warmer.
struct TestRoom {
    start: Instant,
    lights: Lights,
    measured: Mutex<usize>,
}

impl Room for TestRoom {
    fn shine(&self, light: Colour) {
        let light = (light.red, light.green, light.blue);
        self.lights.lock().unwrap().push(light);
    }

    fn temperature(&self) -> Tenths {
        let mut measured = self.measured.lock().unwrap();
        *measured += 1;
        Tenths(*measured as i16 - 3)
    }

    fn now_ms(&self) -> u64 {
        self.start.elapsed().as_millis() as u64
    }

    async fn sleep_ms(&self, ms: u64) {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}

/// What the sensor of the room tells at its `n`th time.
pub(crate) fn measured(n: usize) -> f64 {
    (n as f64 - 2.0) / 10.0
}

/// The device, in a thread that ends with the tests.
pub(crate) struct Device {
    address: SocketAddr,
    lights: Lights,
    _folder: TempDir,
}

impl Device {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut options = SimOptions::new(folder.path().join("device.bin"));
        options.listen.set_port(0);
        // What it did before a restart is looked at in peace.
        options.reboot = Duration::from_secs(60);
        let (tell, booted) = mpsc::channel();
        let on_event = move |event| {
            if let Event::Booted { address, .. } = event {
                tell.send(address).unwrap();
            }
        };
        let lights = Lights::default();
        let shown = lights.clone();
        let make = move || {
            Provider::new(TestRoom {
                start: Instant::now(),
                lights: shown.clone(),
                measured: Mutex::new(0),
            })
        };
        thread::spawn(|| {
            let task = |app: std::rc::Rc<Provider<_>>| async move {
                app.run().await;
            };
            faceplate_sim::run_with(options, make, task, on_event, || {})
        });
        Self {
            address: booted.recv_timeout(PATIENCE).unwrap(),
            lights,
            _folder: folder,
        }
    }

    /// How the lamp shone, from the start on.
    pub(crate) fn lights(&self) -> Vec<(u8, u8, u8)> {
        self.lights.lock().unwrap().clone()
    }

    fn send(&self, line: &str, rest: &str) -> Live {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // The device may have answered before it has read all.
        let _sent = write!(stream, "{line} HTTP/1.1\r\nHost: localhost\r\n{rest}");
        Live(stream)
    }

    /// The status and the body of the answer; HTTP/1.0 has no chunks.
    pub(crate) fn ask(&self, line: &str, rest: &str) -> (u16, String) {
        self.ask_with(line, rest, &[])
    }

    /// Uploads an image.
    pub(crate) fn upload(&self, image: &[u8]) -> (u16, String) {
        let head = format!(
            "Content-Type: application/octet-stream\r\nContent-Length: {}\r\n\r\n",
            image.len()
        );
        self.ask_with("POST /api/ota/frontend", &head, image)
    }

    fn ask_with(&self, line: &str, rest: &str, body: &[u8]) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let _sent = write!(stream, "{line} HTTP/1.0\r\nHost: localhost\r\n{rest}")
            .and_then(|()| stream.write_all(body));
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        (head[9..12].parse().unwrap(), body.to_owned())
    }

    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        self.ask(&format!("GET {path}"), "\r\n")
    }

    pub(crate) fn put(&self, body: &str) -> (u16, String) {
        let head = format!(
            "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.ask("PUT /api/lamp", &head)
    }

    pub(crate) fn events(&self) -> Live {
        let mut live = self.send("GET /api/events", "\r\n");
        while !live.line().is_empty() {}
        live
    }

    pub(crate) fn socket(&self) -> Live {
        let upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        let mut live = self.send("GET /api/lamp/socket", upgrade);
        assert!(live.line().starts_with("HTTP/1.1 101 "));
        while !live.line().is_empty() {}
        live
    }
}

/// A live connection.
pub(crate) struct Live(TcpStream);

impl Live {
    fn line(&mut self) -> String {
        let (mut line, mut byte) = (Vec::new(), [0]);
        loop {
            self.0.read_exact(&mut byte).unwrap();
            match byte[0] {
                b'\n' => break,
                byte => line.push(byte),
            }
        }
        String::from_utf8(line).unwrap().trim_end().to_owned()
    }

    /// The line that follows the one that is `line`.
    pub(crate) fn until(&mut self, line: &str) -> String {
        while self.line() != line {}
        self.line()
    }

    /// Sends a whole frame, its first byte `kind`, of less than 126 bytes, masked with zeros.
    pub(crate) fn say(&mut self, kind: u8, message: &[u8]) {
        let mut frame = vec![kind, 0x80 | message.len() as u8, 0, 0, 0, 0];
        frame.extend_from_slice(message);
        self.0.write_all(&frame).unwrap();
    }

    fn any_frame(&mut self) -> (u8, Vec<u8>) {
        let mut head = [0; 2];
        self.0.read_exact(&mut head).unwrap();
        assert!(head[1] < 126, "longer than anything here");
        let mut content = vec![0; head[1].into()];
        self.0.read_exact(&mut content).unwrap();
        (head[0], content)
    }

    /// The next message, which is text.
    pub(crate) fn frame(&mut self) -> String {
        let (kind, content) = self.any_frame();
        assert_eq!(kind, 0x81, "{}", content.escape_ascii());
        String::from_utf8(content).unwrap()
    }

    /// The code with which it is closed.
    pub(crate) fn close_code(&mut self) -> u16 {
        let (kind, content) = self.any_frame();
        assert_eq!(kind, 0x88, "{}", content.escape_ascii());
        u16::from_be_bytes([content[0], content[1]])
    }
}

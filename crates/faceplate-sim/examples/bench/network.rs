//! What the sizes of TCP's buffers are worth: a page, and an upload, over a link with a delay.
//!
//! Two of the firmware's network stacks talk to each other, on a clock that only this file moves: nothing
//! takes time but the link, so that the figures are the same on every run.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    pin::Pin,
    rc::Rc,
    task::{Context, Waker},
};

use embassy_net::{
    Config, Ipv4Address, Ipv4Cidr, Runner, Stack, StackResources, StaticConfigV4,
    driver::{Capabilities, Driver, HardwareAddress, LinkState, RxToken, TxToken},
    tcp::TcpSocket,
};
use embassy_time::{Duration, Instant, MockDriver, Timer};
use faceplate::{Engine, EspNvs};
use faceplate_http::{
    ConnectionBuffers, Device, Info, Limits, Live,
    limits::{TCP_RECEIVE, TCP_RECEIVE_UPLOAD, TCP_SEND},
    serve,
};
use faceplate_sim::flash::SimFlash;

use crate::{
    Report, Result,
    device::{self, SimEngine},
    frontends,
};

/// One way, as in the Wi-Fi of a house that others use, too.
const DELAY: Duration = Duration::from_millis(5);

/// Connections of a browser.
const CONNECTIONS: usize = 6;

/// Most milliseconds that the page may take: a tenth more than the 107 when each connection had 14.3 KiB.
const PAGE_MS: f64 = 117.0;

/// Bytes of TCP's buffers on the device.
#[derive(Clone, Copy)]
struct Buffers {
    receive: usize,
    send: usize,
}

/// As the firmware has them.
const USUAL: Buffers = Buffers {
    receive: TCP_RECEIVE,
    send: TCP_SEND,
};
const UPLOADS: Buffers = Buffers {
    receive: TCP_RECEIVE_UPLOAD,
    ..USUAL
};

pub(crate) fn measure(report: &mut Report) -> Result<()> {
    let page = page(USUAL)?;
    report.budget(
        "a page of 11 files over a link of 5 ms",
        page,
        PAGE_MS,
        "ms",
    );
    for (what, buffers) in [
        ("  an upload of 256 KiB there", UPLOADS),
        ("  the same by a connection that is not for it", USUAL),
    ] {
        report.line(what, &format!("{} ms", upload(buffers)?));
    }
    Ok(())
}

/// Milliseconds until an index of 2 kB and ten assets of 8 kB are there.
fn page(buffers: Buffers) -> Result<f64> {
    let mut files = vec![("index.html".to_owned(), vec![b'i'; 2000])];
    files.extend((0..10).map(|n| (format!("a{n}.bin"), vec![n; 8000])));
    let world = World::new(&frontends::plain(files)?)?;
    let left: RefCell<Vec<String>> = RefCell::default();
    let loaded = Cell::new(0);
    let browser = |first: bool| {
        let (world, left, loaded) = (&world, &left, &loaded);
        async move {
            while !first && left.borrow().is_empty() {
                Timer::after_millis(1).await;
            }
            let (mut receive, mut send) = (vec![0; 1 << 16], vec![0; 1 << 12]);
            let mut socket = TcpSocket::new(world.client, &mut receive, &mut send);
            connect(&mut socket).await;
            if first {
                get(&mut socket, "").await;
                left.replace((0..10).map(|n| format!("a{n}.bin")).collect());
            }
            loop {
                let next = left.borrow_mut().pop();
                let Some(path) = next else { break };
                get(&mut socket, &path).await;
                loaded.set(loaded.get() + 1);
            }
            std::future::pending::<()>().await;
        }
    };
    let mut tasks = world.device(buffers);
    tasks.extend((0..CONNECTIONS).map(|n| Box::pin(browser(n == 0)) as Task<'_>));
    Ok(run(tasks, || loaded.get() == 10))
}

/// Milliseconds until an upload has its answer.
fn upload(buffers: Buffers) -> Result<f64> {
    let files = vec![
        ("index.html".to_owned(), b"<h1>".to_vec()),
        ("a.bin".to_owned(), frontends::noise(240 << 10)),
    ];
    let image = frontends::plain(files)?;
    let world = World::new(&image)?;
    let done = Cell::new(false);
    let client = async {
        let (mut receive, mut send) = (vec![0; 1 << 12], vec![0; 1 << 16]);
        let mut socket = TcpSocket::new(world.client, &mut receive, &mut send);
        connect(&mut socket).await;
        let head = format!(
            "POST /api/ota/frontend HTTP/1.1\r\nHost: 10.0.0.1\r\n\
             Content-Type: application/octet-stream\r\nContent-Length: {}\r\n\r\n",
            image.len()
        );
        write(&mut socket, head.as_bytes()).await;
        write(&mut socket, &image).await;
        answer(&mut socket).await;
        done.set(true);
        std::future::pending::<()>().await;
    };
    let mut tasks = world.device(buffers);
    tasks.push(Box::pin(client));
    Ok(run(tasks, || done.get()))
}

type Task<'t> = Pin<Box<dyn Future<Output = ()> + 't>>;

/// Runs tasks, of which none ends, until something is so; the milliseconds that it took.
fn run(mut tasks: Vec<Task<'_>>, until: impl Fn() -> bool) -> f64 {
    let start = Instant::now();
    loop {
        // What one does may be for another to see: more often than it takes for a frame from socket to socket.
        for _ in 0..8 {
            for task in &mut tasks {
                let polled = task.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                assert!(polled.is_pending(), "no task ends");
            }
        }
        if until() {
            return start.elapsed().as_millis() as f64;
        }
        assert!(start.elapsed() < Duration::from_secs(100), "it goes on");
        MockDriver::get().advance(Duration::from_millis(1));
    }
}

/// A device and a client, each on a network stack of its own.
struct World {
    board: Board,
    server: Stack<'static>,
    client: Stack<'static>,
    runners: [RefCell<Runner<'static, Port>>; 2],
}

impl World {
    fn new(image: &[u8]) -> Result<Self> {
        let flash = device::flash(image, &[])?;
        let [one, other] = [Queue::default(), Queue::default()];
        let stack = |number: u8, from: &Queue, to: &Queue| {
            let port = Port {
                number,
                from: from.clone(),
                to: to.clone(),
            };
            let config = Config::ipv4_static(StaticConfigV4 {
                address: Ipv4Cidr::new(Ipv4Address::new(10, 0, 0, number), 24),
                gateway: None,
                dns_servers: Default::default(),
            });
            // A bench makes a handful, and ends.
            let resources = Box::leak(Box::new(StackResources::<{ CONNECTIONS + 2 }>::new()));
            embassy_net::new(port, config, resources, 1)
        };
        let (server, first) = stack(1, &one, &other);
        let (client, second) = stack(2, &other, &one);
        let limits = Limits::DEFAULT;
        Ok(Self {
            board: Board {
                engine: device::boot(&flash)?,
                limits,
                live: Live::new(),
            },
            server,
            client,
            runners: [RefCell::new(first), RefCell::new(second)],
        })
    }

    /// All that the device does, and the client's stack.
    #[allow(
        clippy::await_holding_refcell_ref,
        reason = "each runner has one task, for as long as this world is there"
    )]
    fn device(&self, buffers: Buffers) -> Vec<Task<'_>> {
        let mut tasks: Vec<Task<'_>> = Vec::new();
        for runner in &self.runners {
            tasks.push(Box::pin(async {
                runner.borrow_mut().run().await;
            }));
        }
        for _ in 0..CONNECTIONS {
            tasks.push(Box::pin(self.connections(buffers)));
        }
        tasks
    }

    /// As the firmware's connections are.
    async fn connections(&self, buffers: Buffers) {
        let (mut receive, mut send) = (vec![0; buffers.receive], vec![0; buffers.send]);
        let mut buffers = ConnectionBuffers::new();
        loop {
            let mut socket = TcpSocket::new(self.server, &mut receive, &mut send);
            socket.set_nagle_enabled(false);
            if socket.accept(80).await.is_err() {
                continue;
            }
            let (reader, writer) = socket.split();
            serve(&self.board, &(), reader, writer, &mut buffers).await;
            socket.close();
            let _sent = socket.flush().await;
        }
    }
}

async fn connect(socket: &mut TcpSocket<'_>) {
    let server = (Ipv4Address::new(10, 0, 0, 1), 80);
    socket.connect(server).await.expect("the device listens");
}

async fn get(socket: &mut TcpSocket<'_>, path: &str) {
    let request = format!("GET /{path} HTTP/1.1\r\nHost: 10.0.0.1\r\n\r\n");
    write(socket, request.as_bytes()).await;
    answer(socket).await;
}

async fn write(socket: &mut TcpSocket<'_>, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        let n = socket.write(bytes).await.expect("the device reads");
        bytes = &bytes[n..];
    }
}

/// Reads an answer to its end.
async fn answer(socket: &mut TcpSocket<'_>) {
    let mut got = Vec::new();
    let mut part = [0; 2048];
    loop {
        let n = socket.read(&mut part).await.expect("the device answers");
        assert!(n > 0, "{}", String::from_utf8_lossy(&got));
        got.extend_from_slice(&part[..n]);
        let text = String::from_utf8_lossy(&got);
        let Some((head, _)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        let length = head
            .lines()
            .find_map(|l| l.strip_prefix("Content-Length: "));
        let length: usize = length.and_then(|l| l.parse().ok()).expect("a length");
        if got.len() >= head.len() + 4 + length {
            return;
        }
    }
}

/// The device, on the clock of the network stacks.
struct Board {
    engine: SimEngine,
    limits: Limits,
    live: Live,
}

impl Device for Board {
    type Flash = SimFlash;
    type Nvs = EspNvs<SimFlash>;

    fn engine(&self) -> &Engine<SimFlash, EspNvs<SimFlash>> {
        &self.engine
    }

    fn info(&self) -> Info<'_> {
        Info {
            name: "bench",
            firmware: "1.0.0",
            api: 1,
            chip: "none",
            boot_id: 1,
        }
    }

    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn live(&self) -> &Live {
        &self.live
    }

    fn now_ms(&self) -> u64 {
        Instant::now().as_millis()
    }

    async fn sleep_ms(&self, ms: u64) {
        Timer::after_millis(ms).await;
    }

    fn reboot_in(&self, _: u32) {}
}

/// Frames under way, and when each arrives.
type Queue = Rc<RefCell<VecDeque<(Instant, Vec<u8>)>>>;

/// One end of the link.
struct Port {
    number: u8,
    from: Queue,
    to: Queue,
}

struct Arrived(Vec<u8>);

struct Room<'p>(&'p Queue);

impl RxToken for Arrived {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(mut self, read: F) -> R {
        read(&mut self.0)
    }
}

impl TxToken for Room<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, fill: F) -> R {
        let mut frame = vec![0; len];
        let result = fill(&mut frame);
        self.0
            .borrow_mut()
            .push_back((Instant::now() + DELAY, frame));
        result
    }
}

impl Driver for Port {
    type RxToken<'a> = Arrived;
    type TxToken<'a> = Room<'a>;

    fn receive(&mut self, _: &mut Context<'_>) -> Option<(Arrived, Room<'_>)> {
        let mut from = self.from.borrow_mut();
        let arrived = from.front().is_some_and(|(at, _)| *at <= Instant::now());
        if !arrived {
            return None;
        }
        let (_, frame) = from.pop_front()?;
        Some((Arrived(frame), Room(&self.to)))
    }

    fn transmit(&mut self, _: &mut Context<'_>) -> Option<Room<'_>> {
        Some(Room(&self.to))
    }

    fn link_state(&mut self, _: &mut Context<'_>) -> LinkState {
        LinkState::Up
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default();
        capabilities.max_transmission_unit = 1514;
        capabilities
    }

    fn hardware_address(&self) -> HardwareAddress {
        HardwareAddress::Ethernet([2, 0, 0, 0, 0, self.number])
    }
}

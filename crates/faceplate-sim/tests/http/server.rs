//! A device behind a TCP port, in a thread of its own.

use std::{
    cell::Cell,
    net::{Ipv4Addr, SocketAddr},
    thread,
    time::{Duration, Instant},
};

use embedded_io_adapters::tokio_1::FromTokio;
use embedded_io_async::{Read, Write};
use faceplate::{Credentials, Text, text};
use faceplate_http::{
    ConnectionBuffers, Device, Info, Limits, Live, serve,
    wifi::{Search, Wifi, WifiStatus},
};
use faceplate_sim::{flash::SimFlash, wifi::SimWifi};
use tokio::{net::TcpListener, runtime, sync::mpsc, task::LocalSet};

use crate::{
    app::TestApp,
    board::{self, Board, Frontend},
    client::PATIENCE,
    program::{self, Program},
};

/// A board that serves HTTP.
pub(crate) struct TestDevice {
    pub(crate) board: Board,
    pub(crate) engine: board::Device,
    /// What the firmware was asked to wait before it restarts.
    pub(crate) reboot: Cell<Option<u32>>,
    pub(crate) wifi: SimWifi,
    /// Whether the board has one.
    pub(crate) has_wifi: Cell<bool>,
    /// Whether that can look for networks.
    pub(crate) can_search: Cell<bool>,
    limits: Limits,
    live: Live,
    pub(crate) app: TestApp,
    /// Whether a connection panicked: its task alone ends then, and the client sees a mere close.
    panicked: Cell<bool>,
    start: Instant,
    /// So much later it is than it would be, milliseconds.
    pub(crate) skipped_ms: Cell<u64>,
}

impl Device for TestDevice {
    type Flash = SimFlash;
    type Nvs = faceplate::EspNvs<SimFlash>;

    fn engine(&self) -> &board::Device {
        &self.engine
    }

    fn info(&self) -> Info<'_> {
        Info {
            name: "provider",
            firmware: "1.2.3",
            api: 1,
            chip: "esp32s3",
            boot_id: 0xab,
        }
    }

    fn hosts(&self) -> impl Iterator<Item = &str> {
        ["face.example", "home.example:8443"].into_iter()
    }

    fn is_domain(&self, domain: &str) -> bool {
        domain.eq_ignore_ascii_case("fritz.box")
    }

    fn wifi(&self) -> Option<&dyn Wifi> {
        self.has_wifi.get().then_some(self)
    }

    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn live(&self) -> &Live {
        &self.live
    }

    fn now_ms(&self) -> u64 {
        self.start.elapsed().as_millis() as u64 + self.skipped_ms.get()
    }

    async fn sleep_ms(&self, ms: u64) {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }

    fn reboot_in(&self, ms: u32) {
        if let Some(before) = self.reboot.replace(Some(ms)) {
            assert!(ms < before, "one restart is enough");
        }
    }
}

impl Wifi for TestDevice {
    fn status(&self) -> WifiStatus {
        self.wifi.status()
    }

    fn join(&self, ssid: &str, pass: &str) -> Result<(), Text> {
        let credentials = Credentials::new(ssid, pass)
            .ok_or_else(|| text("Wi-Fi has no such name or password"))?;
        self.engine
            .with_nvs(|nvs| self.wifi.join(nvs, &credentials))
            .map_err(text)
    }

    fn portal(&self) -> Option<Ipv4Addr> {
        self.wifi.portal()
    }

    fn search(&self) -> Option<Search> {
        self.can_search.get().then(|| self.wifi.search())
    }

    fn look(&self) {
        self.wifi.look();
    }
}

/// For those who do not take what they are sent.
pub(crate) const IMPATIENT: Limits = Limits {
    write_stall_ms: 100,
    ..Limits::DEFAULT
};

/// For those of whom nothing is heard.
pub(crate) const fn beat(heartbeat_ms: u64) -> Limits {
    Limits {
        heartbeat_ms,
        ..Limits::DEFAULT
    }
}

type Job = Box<dyn FnOnce(&'static TestDevice) + Send>;

/// The other side of the port, which ends with it.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    runs: Runs,
}

/// Where the device runs.
enum Runs {
    /// In a thread.
    Here(mpsc::UnboundedSender<Job>),
    /// As another program.
    Elsewhere(Program),
}

impl Server {
    /// A device over the board that `make` gives, with the limits of a real one.
    pub(crate) fn start(make: impl FnOnce() -> Board + Send + 'static) -> Self {
        Self::with_limits(Limits::DEFAULT, make)
    }

    /// The same with other limits.
    pub(crate) fn with_limits(
        limits: Limits,
        make: impl FnOnce() -> Board + Send + 'static,
    ) -> Self {
        if let Some(program) = program::wanted() {
            assert_eq!(limits, Limits::DEFAULT, "another program has its own");
            return Self::elsewhere(Program::start(&program, &make()));
        }
        let (jobs, inbox) = mpsc::unbounded_channel();
        let (tell, address) = std::sync::mpsc::channel();
        thread::spawn(move || {
            let board = make();
            let engine = board.boot();
            let wifi = engine.with_nvs(|nvs| SimWifi::start(nvs, Some(Ipv4Addr::LOCALHOST)));
            let start = Instant::now();
            let device = TestDevice {
                board,
                engine,
                reboot: Cell::new(None),
                wifi,
                has_wifi: Cell::new(true),
                can_search: Cell::new(true),
                limits,
                live: Live::new(),
                app: TestApp::default(),
                panicked: Cell::new(false),
                start,
                skipped_ms: Cell::new(0),
            };
            let device: &'static TestDevice = Box::leak(Box::new(device));
            let runtime = runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(LocalSet::new().run_until(async {
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                run(device, listener, inbox).await;
            }));
        });
        Self {
            address: address.recv().unwrap(),
            runs: Runs::Here(jobs),
        }
    }

    fn elsewhere(program: Program) -> Self {
        Self {
            address: program.address,
            runs: Runs::Elsewhere(program),
        }
    }

    /// A device that has a small frontend.
    pub(crate) fn small(limits: Limits) -> Self {
        Self::with_limits(limits, || Board::with(&Frontend::new("one", 16)))
    }

    /// Runs `job` beside the connections and returns what it found.
    pub(crate) fn ask<T: Send + 'static>(
        &self,
        job: impl FnOnce(&'static TestDevice) -> T + Send + 'static,
    ) -> T {
        let Runs::Here(jobs) = &self.runs else {
            panic!("nobody can look into another program");
        };
        let (tell, answer) = std::sync::mpsc::channel();
        let job: Job = Box::new(move |device: &'static TestDevice| {
            assert!(!device.panicked.get(), "a connection panicked");
            tell.send(job(device)).unwrap();
        });
        assert!(jobs.send(job).is_ok(), "the device has crashed");
        answer.recv().unwrap()
    }

    /// Serves a connection of another kind, beside the others.
    pub(crate) fn connect(
        &self,
        reader: impl Read + Send + 'static,
        writer: impl Write + Send + 'static,
    ) {
        self.ask(|device| spawn(device, reader, writer));
    }

    /// Waits until so many connections are live.
    pub(crate) fn wait_for_live(&self, count: usize) {
        let end = Instant::now() + PATIENCE;
        while self.ask(|device| device.live.count()) != count {
            assert!(Instant::now() < end, "never {count} live connections");
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Erases and programs so far.
    pub(crate) fn operations(&self) -> u64 {
        match &self.runs {
            Runs::Here(_) => self.ask(|device| device.board.flash.counters().operations),
            Runs::Elsewhere(program) => program.counters().operations,
        }
    }

    /// What the firmware was asked to wait before it restarts, milliseconds.
    pub(crate) fn restarts_in(&self) -> Option<u32> {
        match &self.runs {
            Runs::Here(_) => self.ask(|device| device.reboot.get()),
            Runs::Elsewhere(program) => program.counters().restart_in,
        }
    }

    /// The board as it is after a restart.
    pub(crate) fn rebooted(&self) -> Self {
        if let Runs::Elsewhere(program) = &self.runs {
            return Self::elsewhere(program.rebooted());
        }
        let image = self.ask(|device| {
            let flash = &device.board.flash;
            flash.peek(0, faceplate_sim::flash::W25Q128_SIZE).unwrap()
        });
        Self::start(move || {
            let board = Board::new();
            board.flash.poke(0, &image).unwrap();
            board
        })
    }
}

async fn run(
    device: &'static TestDevice,
    listener: TcpListener,
    mut inbox: mpsc::UnboundedReceiver<Job>,
) {
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = accepted.unwrap();
                // As the simulator and the firmware do.
                stream.set_nodelay(true).unwrap();
                let (reader, writer) = stream.into_split();
                spawn(device, FromTokio::new(reader), FromTokio::new(writer));
            }
            job = inbox.recv() => match job {
                Some(job) => job(device),
                None => return,
            },
        }
    }
}

/// Serves a connection in a task of its own.
fn spawn(device: &'static TestDevice, reader: impl Read + 'static, writer: impl Write + 'static) {
    let connection = tokio::task::spawn_local(async move {
        let mut buffers = ConnectionBuffers::new();
        serve(device, &device.app, reader, writer, &mut buffers).await;
    });
    tokio::task::spawn_local(async move {
        if connection.await.is_err() {
            device.panicked.set(true);
        }
    });
}

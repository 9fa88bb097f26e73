//! A device for fuzz targets that speak HTTP: in little flash, with a clock of its own.

use std::{cell::Cell, convert::Infallible, future::pending, ops::Range, sync::OnceLock};

use embedded_io_async::{ErrorType, Read, Write};
use faceplate::{
    Buffers, Config, Engine, EspNvs,
    layout::{Layout, Places},
    sha256,
    verify::Requirements,
};
use faceplate_http::{App, ConnectionBuffers, Device, Info, Live, serve};
use faceplate_pack::{Options, pack};
use faceplate_sim::flash::SimFlash;
use littlefs_image::run;

/// Two slots of 32 KiB in no more flash than that needs, for speed.
const TABLE: &str = "nvs, data, nvs, 0x9000, 0x3000\nwww_0, data, littlefs, 0x10000, 0x8000\n\
                     www_1, data, littlefs, 0x20000, 0x8000\n";
/// Bytes of its flash.
pub const FLASH: usize = 0x2_8000;

/// Where the settings are, and the slot that does not run: what may change.
pub const OURS: [Range<usize>; 2] = [0x9000..0xc000, 0x2_0000..0x2_8000];

/// The device.
pub struct Fuzzed {
    engine: Engine<SimFlash, EspNvs<SimFlash>>,
    live: Live,
    now: Cell<u64>,
}

impl Device for Fuzzed {
    type Flash = SimFlash;
    type Nvs = EspNvs<SimFlash>;

    fn engine(&self) -> &Engine<SimFlash, EspNvs<SimFlash>> {
        &self.engine
    }

    fn info(&self) -> Info<'_> {
        Info {
            name: "lamp",
            firmware: "1",
            api: 1,
            chip: "none",
            boot_id: 1,
        }
    }

    fn live(&self) -> &Live {
        &self.live
    }

    fn now_ms(&self) -> u64 {
        // So that nothing goes on for ever.
        self.now.set(self.now.get() + 1);
        self.now.get()
    }

    async fn sleep_ms(&self, _: u64) {
        pending().await
    }

    fn reboot_in(&self, _: u32) {}
}

/// The other end has sent this, in pieces of so many bytes, and closed.
struct Sent<'a>(&'a [u8], usize);

impl ErrorType for Sent<'_> {
    type Error = Infallible;
}

impl Read for Sent<'_> {
    async fn read(&mut self, to: &mut [u8]) -> Result<usize, Infallible> {
        let n = to.len().min(self.0.len()).min(self.1);
        to[..n].copy_from_slice(&self.0[..n]);
        self.0 = &self.0[n..];
        Ok(n)
    }
}

struct Answered<'a>(&'a mut Vec<u8>);

impl ErrorType for Answered<'_> {
    type Error = Infallible;
}

impl Write for Answered<'_> {
    async fn write(&mut self, from: &[u8]) -> Result<usize, Infallible> {
        self.0.extend_from_slice(from);
        Ok(from.len())
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

fn frontend() -> Vec<u8> {
    let files = [
        ("index.html", "<!doctype html><title>Lamp</title>"),
        ("assets/app.js", "console.log('lamp')"),
        ("folder/index.html", "<!doctype html><title>More</title>"),
    ];
    let files = files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()));
    let options = Options {
        size: 0x8000,
        ..Options::default()
    };
    pack(files, &options).expect("it fits").image
}

/// The flash of a device with a frontend in its first slot.
pub fn flash() -> SimFlash {
    static CONTENT: OnceLock<Vec<u8>> = OnceLock::new();
    let content = CONTENT.get_or_init(|| {
        let flash = SimFlash::with_partitions(TABLE, FLASH).expect("a good table");
        flash.poke(0x1_0000, &frontend()).expect("in bounds");
        flash.peek(0, FLASH).expect("in bounds")
    });
    let flash = SimFlash::blank(FLASH);
    flash.poke(0, content).expect("in bounds");
    flash
}

impl Fuzzed {
    /// Starts it.
    pub fn boot(flash: &SimFlash) -> Self {
        let layout = run(Layout::read(&mut flash.clone(), Places::DEFAULT));
        let nvs = EspNvs::in_layout(flash.clone(), &layout);
        let config = Config {
            requirements: Requirements::any(1),
            block_erase: true,
            compress: sha256::SOFTWARE,
        };
        let buffers = Buffers::boxed(0x8000).expect("some KiB");
        let engine = run(Engine::boot(flash.clone(), nvs, layout, config, buffers, 0));
        Self {
            engine,
            live: Live::new(),
            now: Cell::new(0),
        }
    }

    /// What it answers to these bytes, which come in pieces of so many.
    pub fn answer(&self, app: &impl App, sent: &[u8], piece: usize) -> Vec<u8> {
        let mut answers = Vec::new();
        let mut connection = ConnectionBuffers::new();
        let (reader, writer) = (Sent(sent, piece), Answered(&mut answers));
        run(serve(self, app, reader, writer, &mut connection));
        assert!(answers.is_empty() || answers.starts_with(b"HTTP/1.1 "));
        answers
    }
}

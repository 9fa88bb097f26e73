//! A device without flash, network and time of its own, for the tests of this crate.

use core::{
    cell::{Cell, RefCell},
    convert::Infallible,
    future::pending,
};
use std::{string::String, vec, vec::Vec};

use embassy_futures::block_on;
use embedded_io_async::{ErrorKind, ErrorType, Read, Write};
use embedded_storage_async::nor_flash::{
    ErrorType as FlashErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash,
};
use faceplate::{
    Buffers, Config, Engine, Nvs,
    layout::{Layout, LayoutError, Places},
    sha256,
    verify::Requirements,
};

use crate::{App, ConnectionBuffers, Device, Info, Limits, Live, serve};

/// A clock that moves only when somebody waits, and a list of the restarts that were asked for.
pub(crate) struct FakeDevice {
    engine: Engine<NoFlash, NoNvs>,
    pub(crate) limits: Limits,
    pub(crate) clock_ms: Cell<u64>,
    pub(crate) reboots: RefCell<Vec<u32>>,
    /// Whoever waits does so for ever.
    pub(crate) frozen: bool,
    live: Live,
}

impl FakeDevice {
    pub(crate) fn new() -> Self {
        let config = Config {
            requirements: Requirements::any(1),
            block_erase: true,
            compress: sha256::SOFTWARE,
        };
        let layout = Layout::none(Places::DEFAULT, LayoutError::NoTable(0x8000));
        let buffers = Buffers::boxed(8192).unwrap();
        let boot = Engine::boot(NoFlash, NoNvs, layout, config, buffers, 0);
        Self {
            engine: block_on(boot),
            limits: Limits::DEFAULT,
            clock_ms: Cell::new(0),
            reboots: RefCell::default(),
            frozen: false,
            live: Live::new(),
        }
    }

    /// Serves one connection; returns what was answered.
    pub(crate) fn serve(&self, reader: impl Read) -> String {
        self.serve_with(&(), reader)
    }

    /// The same with what a firmware adds.
    pub(crate) fn serve_with(&self, app: &impl App, reader: impl Read) -> String {
        let mut buffers = ConnectionBuffers::new();
        let mut answer = [0; 16_384];
        let mut free = &mut answer[..];
        block_on(serve(self, app, reader, &mut free, &mut buffers));
        let left = free.len();
        let len = answer.len() - left;
        String::from_utf8(answer[..len].to_vec()).unwrap()
    }
}

impl Device for FakeDevice {
    type Flash = NoFlash;
    type Nvs = NoNvs;

    fn engine(&self) -> &Engine<NoFlash, NoNvs> {
        &self.engine
    }

    fn info(&self) -> Info<'_> {
        Info {
            name: "fake",
            firmware: "0",
            api: 1,
            chip: "none",
            boot_id: 0,
        }
    }

    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn live(&self) -> &Live {
        &self.live
    }

    fn now_ms(&self) -> u64 {
        self.clock_ms.get()
    }

    async fn sleep_ms(&self, ms: u64) {
        if self.frozen {
            pending::<()>().await;
        }
        self.clock_ms.set(self.clock_ms.get() + ms);
    }

    fn reboot_in(&self, ms: u32) {
        self.reboots.borrow_mut().push(ms);
    }
}

/// Pieces that come one with each read; then nothing comes, and the connection stays.
pub(crate) struct Pieces<'a> {
    pub(crate) pieces: Vec<&'a [u8]>,
    pub(crate) taken: &'a Cell<usize>,
}

impl ErrorType for Pieces<'_> {
    type Error = Infallible;
}

impl Read for Pieces<'_> {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, Infallible> {
        let Some(piece) = self.pieces.first_mut() else {
            return pending().await;
        };
        let n = piece.len().min(buf.len());
        buf[..n].copy_from_slice(&piece[..n]);
        *piece = &piece[n..];
        if piece.is_empty() {
            self.pieces.remove(0);
        }
        self.taken.set(self.taken.get() + n);
        Ok(n)
    }
}

/// A client that takes no byte: its connection is broken, or just silent.
pub(crate) enum Deaf {
    Broken,
    Silent,
}

impl ErrorType for Deaf {
    type Error = ErrorKind;
}

impl Write for Deaf {
    async fn write(&mut self, _: &[u8]) -> Result<usize, ErrorKind> {
        match self {
            Self::Broken => Err(ErrorKind::ConnectionReset),
            Self::Silent => pending().await,
        }
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

/// A network that takes all that it is given, and says nothing when it is asked for the second and the
/// third time whether it has it.
pub(crate) struct Unheard<'a> {
    out: &'a RefCell<Vec<u8>>,
    asked: u32,
}

impl Unheard<'_> {
    /// What a client of such a network is sent for a request, while the clock stands still.
    pub(crate) fn serve(app: &impl App, request: &[u8]) -> Vec<u8> {
        let mut device = FakeDevice::new();
        device.frozen = true;
        // Nothing is waited for at the end, which would not come.
        device.limits.drain_bytes = 0;
        let (out, taken) = (RefCell::default(), Cell::new(0));
        let reader = Pieces {
            pieces: vec![request],
            taken: &taken,
        };
        let writer = Unheard {
            out: &out,
            asked: 0,
        };
        let mut buffers = ConnectionBuffers::new();
        block_on(serve(&device, app, reader, writer, &mut buffers));
        out.into_inner()
    }
}

impl ErrorType for Unheard<'_> {
    type Error = Infallible;
}

impl Write for Unheard<'_> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        self.out.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        self.asked += 1;
        match self.asked {
            2 | 3 => pending().await,
            _ => Ok(()),
        }
    }
}

/// No byte can be read.
#[derive(Clone)]
pub(crate) struct NoFlash;

impl FlashErrorType for NoFlash {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for NoFlash {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, _: u32, _: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        Err(NorFlashErrorKind::Other)
    }

    fn capacity(&self) -> usize {
        0
    }
}

impl NorFlash for NoFlash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 4096;

    async fn erase(&mut self, _: u32, _: u32) -> Result<(), NorFlashErrorKind> {
        Err(NorFlashErrorKind::Other)
    }

    async fn write(&mut self, _: u32, _: &[u8]) -> Result<(), NorFlashErrorKind> {
        Err(NorFlashErrorKind::Other)
    }
}

/// Holds nothing, keeps nothing.
pub(crate) struct NoNvs;

impl Nvs for NoNvs {
    type Error = Infallible;

    fn get_u8(&mut self, _: &str) -> Result<Option<u8>, Infallible> {
        Ok(None)
    }

    fn get_u32(&mut self, _: &str) -> Result<Option<u32>, Infallible> {
        Ok(None)
    }

    fn get_blob(&mut self, _: &str, _: &mut [u8]) -> Result<bool, Infallible> {
        Ok(false)
    }

    fn set_u8(&mut self, _: &str, _: u8) -> Result<(), Infallible> {
        Ok(())
    }

    fn set_u32(&mut self, _: &str, _: u32) -> Result<(), Infallible> {
        Ok(())
    }

    fn set_blob(&mut self, _: &str, _: &[u8]) -> Result<(), Infallible> {
        Ok(())
    }

    fn remove(&mut self, _: &str) -> Result<(), Infallible> {
        Ok(())
    }
}

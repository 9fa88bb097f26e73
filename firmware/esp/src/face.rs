//! The device: the core over the chip's flash, as the HTTP app sees it.

use core::cell::{Cell, RefCell};

use embassy_futures::block_on;
use embassy_time::{Duration, Instant, Timer};
use esp_hal::peripherals::{FLASH, SHA};
use faceplate::{
    Config, Engine, EspNvs, Room, Signers, State,
    layout::{Layout, Places},
    verify::Requirements,
};
use faceplate_http::{Device, Info, Limits, Live, wifi::Wifi};
use heapless::String;
use static_cell::StaticCell;

use crate::{ChipFlash, WifiLink, boot_id, chip::CHIP, sha};

/// The longest domain that is kept, bytes.
const DOMAIN_MAX: usize = 63;

/// What a firmware says of itself.
#[derive(Clone, Copy)]
pub struct Options {
    /// Its name on the network, without `.local`.
    pub name: &'static str,
    /// Hosts that lead to it besides its own names: in the DNS, or of reverse proxies, such as
    /// `home.example` or `10.0.0.1:8443`; see [`Device::hosts`]. `&[]` for none.
    pub hosts: &'static [&'static str],
    /// Its version, for the status.
    pub firmware: &'static str,
    /// The API that it offers to frontends; images say which they need.
    pub api: u16,
    /// Where the partition table lies, as the bootloader was built, and the labels in it.
    pub places: Places,
    /// Connections that may be live at once: events and WebSockets of the firmware's own. So many tasks
    /// run [`Face::serve`] beyond [`CONNECTIONS`](crate::CONNECTIONS).
    pub live: usize,
    /// Wi-Fi that can be set up over HTTP; `None` where the firmware has credentials of its own.
    pub wifi: Option<&'static WifiLink>,
    /// Whose frontends it takes and boots; [`Signers::ANYONE`]'s, unless it names keys.
    pub signers: Signers,
    /// Whether it refuses frontends with a lower sequence than one that was confirmed.
    pub no_step_back: bool,
}

impl Options {
    /// Those of a firmware with this name, version and API, with the usual partition table and nothing
    /// else.
    pub const fn new(name: &'static str, firmware: &'static str, api: u16) -> Self {
        Self {
            name,
            hosts: &[],
            firmware,
            api,
            places: Places::DEFAULT,
            live: 0,
            wifi: None,
            signers: Signers::ANYONE,
            no_step_back: false,
        }
    }
}

/// Memory for updates, a `static` of the firmware: some 5 KiB, of them two bytes for each sector of
/// the largest slot. `Memory<{ sectors(1 << 20) }>` is for slots of up to 1 MiB.
pub struct Memory<const SECTORS: usize> {
    room: StaticCell<Room<SECTORS>>,
    engine: StaticCell<ChipEngine>,
}

type ChipEngine = Engine<ChipFlash, EspNvs<ChipFlash>>;

impl<const SECTORS: usize> Memory<SECTORS> {
    /// Not used yet.
    pub const fn new() -> Self {
        Self {
            room: StaticCell::new(),
            engine: StaticCell::new(),
        }
    }
}

impl<const SECTORS: usize> Default for Memory<SECTORS> {
    fn default() -> Self {
        Self::new()
    }
}

/// The frontend of this chip. There is one, made by [`boot`].
pub struct Face {
    engine: &'static ChipEngine,
    options: Options,
    boot_id: u32,
    domain: RefCell<String<DOMAIN_MAX>>,
    restart_at: Cell<Option<Instant>>,
    live: Live,
    limits: Limits,
}

/// Reads the partition table and the settings, checks both slots and decides which to serve.
///
/// It never fails: whatever can be served is, at the least the recovery page. Nothing else runs
/// meanwhile. It can be called once, as the peripherals say.
pub fn boot<const SECTORS: usize>(
    memory: &'static Memory<SECTORS>,
    flash: FLASH<'static>,
    sha: SHA<'static>,
    options: Options,
) -> &'static Face {
    static FACE: StaticCell<Face> = StaticCell::new();
    let mut flash = ChipFlash::new(flash);
    let start = Instant::now();
    // Blocking keeps the memory of the check on the stack: as part of a task it would be taken for ever.
    let layout = block_on(Layout::read(&mut flash, options.places));
    let nvs = EspNvs::in_layout(flash, &layout);
    let config = Config {
        requirements: Requirements {
            api: options.api,
            manifest: false,
            signers: options.signers,
            no_step_back: options.no_step_back,
        },
        block_erase: true,
        compress: sha::start(sha),
    };
    let buffers = memory.room.init_with(Room::new).buffers();
    let now_ms = start.as_millis();
    let boot = Engine::boot(flash, nvs, layout, config, buffers, now_ms);
    let engine = memory.engine.init_with(|| block_on(boot));
    let face = FACE.init_with(|| Face {
        engine,
        options,
        boot_id: boot_id::next(),
        domain: RefCell::new(String::new()),
        restart_at: Cell::new(None),
        live: Live::new(),
        limits: Limits {
            live: options.live,
            ..Limits::DEFAULT
        },
    });
    log::info!("checked both slots in {} ms", start.elapsed().as_millis());
    face.log_state();
    face
}

impl Face {
    /// The domain of the network that the device is in, as DHCP tells it; `None` when it left it. The
    /// device's name in it is then one of its own. A domain of more than 63 bytes counts for none.
    ///
    /// `faceplate_network::domain::follow` finds it out.
    pub fn set_domain(&self, domain: Option<&str>) {
        let domain = domain.unwrap_or_default();
        *self.domain.borrow_mut() = String::try_from(domain).unwrap_or_default();
    }

    pub(crate) fn restart_at(&self) -> Option<Instant> {
        self.restart_at.get()
    }

    pub(crate) fn link(&self) -> Option<&'static WifiLink> {
        self.options.wifi
    }

    fn log_state(&self) {
        let status = self.engine.status(self.now_ms());
        let slot = &status.slots[status.active.index()];
        let (version, label) = (slot.version(), slot.label);
        let version = version.map_or("without a version", |version| version);
        match status.state {
            State::Settled => log::info!("frontend {version} from {label}"),
            State::Trial => log::info!("frontend {version} from {label}, on trial"),
            State::Recovery => log::warn!("no frontend: only the recovery page"),
        }
        if let Some(fault) = &status.fault {
            log::error!("no change can be made: {fault}");
        }
    }
}

impl Device for Face {
    type Flash = ChipFlash;
    type Nvs = EspNvs<ChipFlash>;

    fn engine(&self) -> &ChipEngine {
        self.engine
    }

    fn info(&self) -> Info<'_> {
        Info {
            name: self.options.name,
            firmware: self.options.firmware,
            api: self.options.api,
            chip: CHIP,
            boot_id: self.boot_id,
        }
    }

    fn hosts(&self) -> impl Iterator<Item = &str> {
        self.options.hosts.iter().copied()
    }

    fn is_domain(&self, domain: &str) -> bool {
        self.domain.borrow().eq_ignore_ascii_case(domain)
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

    fn reboot_in(&self, ms: u32) {
        let at = Instant::now() + Duration::from_millis(ms.into());
        self.restart_at.set(Some(at));
    }

    fn wifi(&self) -> Option<&dyn Wifi> {
        self.options.wifi.map(|_| self as &dyn Wifi)
    }
}

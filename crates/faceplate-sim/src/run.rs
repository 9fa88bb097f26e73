//! The life of a simulated device: power on, boot, serve, restart.

use std::{
    fmt,
    future::ready,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use embedded_io_adapters::tokio_1::FromTokio;
use faceplate::{
    Region, State, Tick,
    layout::{Layout, LayoutError, Places},
    verify::{Problem, Requirements},
};
use faceplate_http::{App, ConnectionBuffers, Device, Limits, UpdateEvent, serve};
use littlefs_image::run as now;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::{LocalSet, spawn_local},
    time::{interval, sleep},
};

use crate::{
    device::SimDevice,
    first::First,
    flash::{Cut, FileError, FlashError, SimFlash, Timing, W25Q128_SIZE, layout},
    port::Port,
};

/// The partition table of new devices.
pub const PARTITIONS: &str = include_str!("../../../partitions.csv");

/// Connections served at once besides those that are live ([`Limits::live`]), as many as the firmware
/// has sockets; more wait.
pub const CONNECTIONS: usize = 6;

/// How often a trial's time is looked at.
const TICK: Duration = Duration::from_millis(200);

/// How a device is simulated.
#[derive(Debug, Clone)]
pub struct SimOptions {
    /// The flash file; made when there is none.
    pub flash: PathBuf,
    /// Where the device is reached. Port 0 takes any free one.
    pub listen: SocketAddr,
    /// Bytes of the flash. A new device gets 16 MiB; one that is there has its own, and another
    /// number is an error.
    pub flash_size: Option<usize>,
    /// The text of a `partitions.csv`. A new device gets [`PARTITIONS`]; one that is there has its
    /// own, and another one is an error.
    pub partitions: Option<String>,
    /// Where the firmware looks for the partition table, and for what in it.
    pub places: Places,
    /// The frontend that a new device gets into its first slot, as by serial flashing.
    pub www: Option<Vec<u8>>,
    /// Whether flash operations take the time of the datasheet.
    pub timing: Timing,
    /// Cuts the power in the middle of the flash operation that follows so many others.
    pub power_cut_after: Option<u64>,
    /// How long a restart takes.
    pub reboot: Duration,
    /// What the firmware wants of an image: whose it takes, for one.
    pub requirements: Requirements,
    /// Time limits of the HTTP app.
    pub limits: Limits,
    /// Hosts that lead to it besides its own names; see [`Device::hosts`].
    pub hosts: Vec<String>,
    /// Whether all names lead to the device while it has no Wi-Fi to join, as on its own access
    /// point: who asks for another name is sent to the setup page.
    pub portal: bool,
}

impl SimOptions {
    /// A device with this flash file, at `http://127.0.0.1:8080/`: a new one has no frontend. Flash
    /// operations take no time.
    pub fn new(flash: impl Into<PathBuf>) -> Self {
        Self {
            flash: flash.into(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            flash_size: None,
            partitions: None,
            places: Places::DEFAULT,
            www: None,
            timing: Timing::None,
            power_cut_after: None,
            reboot: Duration::from_secs(2),
            requirements: Requirements::any(faceplate::API),
            limits: Limits::DEFAULT,
            hosts: Vec::new(),
            portal: false,
        }
    }
}

/// What happens to a simulated device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// There was a flash file already, so [`SimOptions::www`] was not used.
    WwwNotUsed,
    /// It booted and is reached at this address.
    Booted {
        /// Where.
        address: SocketAddr,
        /// What it serves, in words.
        serves: String,
    },
    /// It confirmed its frontend by itself.
    Confirmed,
    /// Its frontend was not confirmed in time, but there is none to go back to.
    Kept,
    /// It restarts.
    Restarting,
    /// The trial could not be ended; it is tried again.
    Fault(String),
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WwwNotUsed => {
                f.write_str("the flash file is there already: it was left as it is")
            }
            Self::Booted { address, serves } => write!(f, "http://{address}/ serves {serves}"),
            Self::Confirmed => f.write_str("the frontend on trial is confirmed by the device"),
            Self::Kept => f.write_str(
                "nobody confirmed the frontend on trial, but there is none to go back to: it stays",
            ),
            Self::Restarting => f.write_str("restarting"),
            Self::Fault(what) => f.write_str(what),
        }
    }
}

/// Why a simulated device could not go on.
#[derive(Debug)]
pub enum SimError {
    /// The flash file.
    File(FileError),
    /// The content of the flash.
    Flash(FlashError),
    /// The text is no partition table, or none for this flash.
    Table(layout::LayoutError),
    /// The flash file has another size than the one that was asked for.
    OtherSize {
        /// Its bytes.
        size: usize,
        /// What was asked for.
        wanted: usize,
    },
    /// The flash file has another partition table than the one that was asked for.
    OtherTable,
    /// There is no slot for the image.
    NoSlot(LayoutError),
    /// The image is longer than a slot of so many bytes.
    WwwTooLarge(u32),
    /// The device would not serve the image.
    WwwNotServed(Problem),
    /// The network.
    Listen {
        /// Where it was to be reached.
        address: SocketAddr,
        /// What the system said.
        error: io::Error,
    },
}

impl fmt::Display for SimError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => error.fmt(f),
            Self::Flash(error) => error.fmt(f),
            Self::Table(error) => error.fmt(f),
            Self::OtherSize { size, wanted } => write!(
                f,
                "the flash file is there already and has {} MiB, not {}; delete it for a new device",
                size >> 20,
                wanted >> 20
            ),
            Self::OtherTable => f.write_str(
                "the flash file is there already and has another partition table; delete it for a \
                 new device",
            ),
            Self::NoSlot(error) => write!(f, "no slot for the image: {error}"),
            Self::WwwTooLarge(slot) => write!(f, "the image is longer than the {slot} byte slot"),
            Self::WwwNotServed(problem) => {
                write!(f, "the device would not serve the image: {problem}")
            }
            Self::Listen { address, error } => write!(f, "cannot listen at {address}: {error}"),
        }
    }
}

impl std::error::Error for SimError {}

/// Simulates a device on this thread. `app` makes what the firmware adds, anew for each boot: `|| ()`
/// for nothing. `on_event` is told what happens.
///
/// It never ends by itself, but for errors; a power cut calls `on_power_cut`, which usually ends
/// the process (what the device did is in the flash file by then).
///
/// # Errors
/// When the flash file or the network cannot be used.
pub fn run<A: App + 'static>(
    options: SimOptions,
    app: impl FnMut() -> A,
    on_event: impl FnMut(Event),
    on_power_cut: impl FnOnce() + 'static,
) -> Result<(), SimError> {
    run_with(options, app, |_| ready(()), on_event, on_power_cut)
}

/// The same for a firmware with a task of its own, which `task` gives for each boot, and which ends
/// with it at the latest.
///
/// # Errors
/// When the flash file or the network cannot be used.
pub fn run_with<A: App + 'static, T: Future<Output = ()> + 'static>(
    options: SimOptions,
    app: impl FnMut() -> A,
    task: impl FnMut(Rc<A>) -> T,
    on_event: impl FnMut(Event),
    on_power_cut: impl FnOnce() + 'static,
) -> Result<(), SimError> {
    let address = options.listen;
    let device = life(options, app, task, alone, on_event, on_power_cut);
    block_on(address, device)
}

/// The same for a firmware that stays with a server of its own: `connection` serves one, with
/// [`faceplate_http::beside`], and closes it.
///
/// # Errors
/// When the flash file or the network cannot be used.
pub fn run_beside<A: App + 'static, C: Future<Output = ()> + 'static>(
    options: SimOptions,
    app: impl FnMut() -> A,
    connection: impl Fn(Rc<SimDevice>, Rc<A>, TcpStream) -> C + 'static,
    on_event: impl FnMut(Event),
    on_power_cut: impl FnOnce() + 'static,
) -> Result<(), SimError> {
    let address = options.listen;
    let task = |_| ready(());
    let device = life(options, app, task, connection, on_event, on_power_cut);
    block_on(address, device)
}

/// Runs a device that is reached at `address`.
fn block_on(
    address: SocketAddr,
    device: impl Future<Output = Result<(), SimError>>,
) -> Result<(), SimError> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build();
    let runtime = runtime.map_err(|error| SimError::Listen { address, error })?;
    runtime.block_on(device)
}

/// [`run`] as a future, for those who have a single-threaded runtime; dropping it stops the device.
///
/// # Errors
/// When the flash file or the network cannot be used.
pub async fn live<A: App + 'static>(
    options: SimOptions,
    app: impl FnMut() -> A,
    on_event: impl FnMut(Event),
    on_power_cut: impl FnOnce() + 'static,
) -> Result<(), SimError> {
    live_with(options, app, |_| ready(()), on_event, on_power_cut).await
}

/// [`run_with`] as a future.
///
/// # Errors
/// When the flash file or the network cannot be used.
pub async fn live_with<A: App + 'static, T: Future<Output = ()> + 'static>(
    options: SimOptions,
    app: impl FnMut() -> A,
    task: impl FnMut(Rc<A>) -> T,
    on_event: impl FnMut(Event),
    on_power_cut: impl FnOnce() + 'static,
) -> Result<(), SimError> {
    life(options, app, task, alone, on_event, on_power_cut).await
}

async fn life<A, T, C>(
    options: SimOptions,
    mut app: impl FnMut() -> A,
    mut task: impl FnMut(Rc<A>) -> T,
    connection: impl Fn(Rc<SimDevice>, Rc<A>, TcpStream) -> C + 'static,
    mut on_event: impl FnMut(Event),
    on_power_cut: impl FnOnce() + 'static,
) -> Result<(), SimError>
where
    A: App + 'static,
    T: Future<Output = ()> + 'static,
    C: Future<Output = ()> + 'static,
{
    let flash = open_flash(&options, &mut on_event)?;
    flash.set_timing(options.timing);
    if let Some(operations) = options.power_cut_after {
        // The operation number is the seed: each one tears in its own way, the same every time.
        flash.cut_after(operations, Cut::Torn { seed: operations });
        flash.on_cut(on_power_cut);
    }
    let failed = |error| SimError::Listen {
        address: options.listen,
        error,
    };
    let port = Port::take(options.listen).map_err(failed)?;
    let connection = Rc::new(connection);
    loop {
        let device = SimDevice::boot(flash.clone(), &options, ipv4(port.address())).await;
        let (device, app) = (Rc::new(device), Rc::new(app()));
        let listener = port.listen().map_err(failed)?;
        on_event(Event::Booted {
            address: port.address(),
            serves: describe(&device),
        });
        // All tasks end with the set: a reset leaves no connection open.
        let tasks = LocalSet::new();
        tasks.spawn_local(task(app.clone()));
        let accept = accept(device.clone(), app.clone(), connection.clone(), listener);
        tasks.spawn_local(accept);
        tasks
            .run_until(until_reboot(&device, &*app, &mut on_event))
            .await;
        drop(tasks);
        on_event(Event::Restarting);
        sleep(options.reboot).await;
    }
}

/// An address that others can use.
fn ipv4(address: SocketAddr) -> Option<Ipv4Addr> {
    match address.ip() {
        IpAddr::V4(ip) if !ip.is_unspecified() => Some(ip),
        _ => None,
    }
}

fn open_flash(
    options: &SimOptions,
    on_event: &mut impl FnMut(Event),
) -> Result<SimFlash, SimError> {
    let offset = options.places.table_offset;
    if options.flash.exists() {
        if options.www.is_some() {
            on_event(Event::WwwNotUsed);
        }
        let flash = SimFlash::open(&options.flash, offset).map_err(SimError::File)?;
        return same_board(options, &flash).map(|()| flash);
    }
    let size = options.flash_size.unwrap_or(W25Q128_SIZE);
    let csv = options.partitions.as_deref().unwrap_or(PARTITIONS);
    // Found out before there is a file that the next start would take for a device.
    let plan = SimFlash::with_table(csv, size, offset).map_err(SimError::Table)?;
    let www = match &options.www {
        Some(www) => Some((room_for(www, options, &plan)?, www)),
        None => None,
    };
    let flash = SimFlash::create(&options.flash, csv, size, offset).map_err(SimError::File)?;
    if let Some((slot, www)) = www {
        flash.poke(slot.offset, www).map_err(SimError::Flash)?;
    }
    Ok(flash)
}

/// Whether a flash that is there is what was asked for.
fn same_board(options: &SimOptions, flash: &SimFlash) -> Result<(), SimError> {
    let size = flash.size();
    if let Some(wanted) = options.flash_size
        && wanted != size
    {
        return Err(SimError::OtherSize { size, wanted });
    }
    let Some(csv) = &options.partitions else {
        return Ok(());
    };
    let offset = options.places.table_offset;
    let wanted = layout::parse(csv, size, offset).map_err(SimError::Table)?;
    let wanted = wanted.to_bytes();
    match flash.peek(offset, wanted.len()).map_err(SimError::Flash)? == wanted {
        true => Ok(()),
        false => Err(SimError::OtherTable),
    }
}

/// Puts the first frontend into a flash, and says where it went, if the device serves it there.
fn room_for(www: &[u8], options: &SimOptions, flash: &SimFlash) -> Result<Region, SimError> {
    let layout = now(Layout::read(&mut flash.clone(), options.places));
    let [slot, _] = layout.slots.map_err(SimError::NoSlot)?;
    if www.len() > slot.len as usize {
        return Err(SimError::WwwTooLarge(slot.len));
    }
    flash.poke(slot.offset, www).map_err(SimError::Flash)?;
    let served = First::of(flash, options.places, &options.requirements).frontend;
    served.map(|()| slot).map_err(SimError::WwwNotServed)
}

fn describe(device: &SimDevice) -> String {
    let status = device.engine().status(device.now_ms());
    let slot = &status.slots[status.active.index()];
    let version = slot
        .version()
        .map_or("without a version", |version| version);
    match status.state {
        State::Settled => format!("{version} from {}", slot.label),
        State::Trial => format!("{version} from {}, on trial", slot.label),
        State::Recovery => "the recovery page".to_owned(),
    }
}

async fn until_reboot(device: &SimDevice, app: &impl App, on_event: &mut impl FnMut(Event)) {
    let mut ticks = interval(TICK);
    loop {
        tokio::select! {
            () = device.reboot_due() => return,
            _ = ticks.tick() => match device.engine().tick(device.now_ms()) {
                Ok(Tick::Nothing) => {}
                Ok(Tick::Confirmed) => on_event(Event::Confirmed),
                Ok(Tick::Kept) => on_event(Event::Kept),
                Ok(Tick::Reboot) => {
                    // As announced restarts: time for live connections to end properly.
                    let in_ms = device.limits().reboot_ms;
                    device.reboot_in(in_ms);
                    app.on_update(UpdateEvent::Restarting { in_ms });
                }
                Err(error) => on_event(Event::Fault(error.to_string())),
            },
        }
    }
}

async fn accept<A: App + 'static, C: Future<Output = ()> + 'static>(
    device: Rc<SimDevice>,
    app: Rc<A>,
    connection: Rc<impl Fn(Rc<SimDevice>, Rc<A>, TcpStream) -> C + 'static>,
    listener: TcpListener,
) {
    let free = Arc::new(Semaphore::new(CONNECTIONS + device.limits().live));
    // The semaphore is never closed, so this ends only with the device.
    while let Ok(place) = free.clone().acquire_owned().await {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, say: others will be closed.
            sleep(TICK).await;
            continue;
        };
        // Only a hint; without it answers take a little longer.
        let _no_delay = stream.set_nodelay(true);
        let served = connection(device.clone(), app.clone(), stream);
        spawn_local(async move {
            served.await;
            drop(place);
        });
    }
}

/// A connection of a device that has Faceplate's server alone.
async fn alone<A: App>(device: Rc<SimDevice>, app: Rc<A>, stream: TcpStream) {
    let (reader, writer) = stream.into_split();
    let mut buffers = ConnectionBuffers::new();
    let (reader, writer) = (FromTokio::new(reader), FromTokio::new(writer));
    serve(&*device, &*app, reader, writer, &mut buffers).await;
}

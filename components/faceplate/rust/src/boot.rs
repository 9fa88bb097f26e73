//! `faceplate_boot`.

use alloc::boxed::Box;
use core::{
    cell::{Cell, RefCell},
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering},
};

use embassy_futures::block_on;
use faceplate::{
    Buffers, Config as CoreConfig, Region, State, Text,
    layout::{Layout, Places},
    sha256,
    verify::Requirements,
};

use crate::{
    care,
    code::Code,
    config::{Config, Hooks},
    face::{self, Face, IdfEngine, now_ms},
    flash::Flash,
    lock::alone,
    password::Own,
    port::{self, Level},
    runtime::{boxed, room},
    settings::Settings,
    status::Status,
    table::Table,
    text::{for_c, line},
    want,
};

/// `faceplate_boot`, for a caller to whom the structs are so large.
///
/// # Safety
/// `config` is null or a `faceplate_config_t`, whose hooks may be called for ever.
#[unsafe(no_mangle)]
unsafe extern "C" fn faceplate_boot_sized(
    config: *const Config,
    config_size: u32,
    status_size: u32,
) -> Code {
    // A library that was made for another header would read and write what is not there.
    if [config_size as usize, status_size as usize] != [size_of::<Config>(), size_of::<Status>()] {
        return Code::INVALID_VERSION;
    }
    if face::is_there() {
        return Code::INVALID_STATE;
    }
    // SAFETY: as the caller says; it is copied.
    let config = unsafe { config.as_ref() }.map_or(Config::DEFAULT, |config| *config);
    // SAFETY: the same, and its labels are texts of C.
    let places = match unsafe { config.places() } {
        Ok(places) => places,
        Err(error) => return error,
    };
    // SAFETY: the same; no engine is there yet.
    let signers = match unsafe { config.signers() } {
        Ok(signers) => signers,
        Err(error) => return error,
    };
    // SAFETY: the same.
    let password = match unsafe { config.password() } {
        Ok(password) => password,
        Err(error) => return error,
    };
    let requirements = Requirements {
        api: config.api,
        manifest: config.require_manifest,
        signers,
        no_step_back: config.no_step_back,
    };
    port::init()
        .and_then(|()| spawn())
        .and_then(|()| port::run(|| boot(config, places, requirements, password)))
        .flatten()
        .into()
}

/// Starts the task that ends trials, once. It waits until there is something to do. Without it no trial would
/// end: a device in such want of memory had better not go on.
fn spawn() -> Result<(), Code> {
    static THERE: AtomicBool = AtomicBool::new(false);
    if !THERE.load(Ordering::Relaxed) {
        port::spawn(care::task)?;
        THERE.store(true, Ordering::Relaxed);
    }
    Ok(())
}

/// All memory is there before the core begins: it counts the boots of a trial.
fn boot(
    config: Config,
    places: Places,
    requirements: Requirements,
    password: Own,
) -> Result<(), Code> {
    let settings = Settings(for_c(places.nvs)?);
    let [first, second] = places.slots;
    let labels = [for_c(first)?, for_c(second)?];
    let place = room::<Face>().ok_or(Code::NO_MEM)?;
    let mut table = Table {
        offset: places.table_offset,
    };
    want::watch();
    // Nobody else is there yet: no lock is needed.
    let layout = block_on(Layout::read(&mut table, places));
    let core_config = CoreConfig {
        requirements,
        block_erase: true,
        compress: sha256::SOFTWARE,
    };
    let start = now_ms();
    let engine = engine(settings, layout, core_config);
    want::none()?;
    let engine = engine?;
    let label = match engine.state() {
        State::Recovery => None,
        _ => Some(labels[engine.status(start).active.index()]),
    };
    // SAFETY: the caller of `faceplate_boot` says so.
    let hooks = unsafe { Hooks::new(config) };
    let face = Face {
        engine,
        hooks,
        password,
        label,
        restart_at: Cell::new(None),
        last_error: RefCell::new(Text::new()),
    };
    let face = Box::write(place, face);
    log(&face, now_ms().saturating_sub(start));
    face::set(face);
    Ok(())
}

/// The engine, on the heap for ever. What lives while flash is read is on the heap, too, for so long.
fn engine(settings: Settings, layout: Layout, config: CoreConfig) -> Result<Box<IdfEngine>, Code> {
    let flash = Flash(slots(&layout));
    let buffers = Buffers::boxed(layout.slots.map_or(0, |[first, _]| first.len));
    let buffers = buffers.ok_or(Code::NO_MEM)?;
    let place = room().ok_or(Code::NO_MEM)?;
    let booting = booting(flash, settings, layout, config, buffers);
    let mut booting = booting.ok_or(Code::NO_MEM)?;
    // Without the table and the partitions it would find nothing to serve.
    want::none_yet()?;
    Ok(Box::write(place, alone(booting.as_mut())))
}

/// Not inlined, so that what is moved to the heap leaves the stack.
#[inline(never)]
fn booting(
    flash: Flash,
    settings: Settings,
    layout: Layout,
    config: CoreConfig,
    buffers: Buffers,
) -> Option<Pin<Box<impl Future<Output = IdfEngine>>>> {
    let booting = IdfEngine::boot(flash, settings, layout, config, buffers, now_ms());
    boxed(booting).map(Box::into_pin)
}

/// The partitions of the slots.
fn slots(layout: &Layout) -> Option<[(Region, port::Partition); 2]> {
    let [first, second] = layout.slots.ok()?;
    Some([
        (first, Table::partition(first)?),
        (second, Table::partition(second)?),
    ])
}

fn log(face: &Face, took_ms: u64) {
    let status = face.engine.status(now_ms());
    let slot = &status.slots[status.active.index()];
    let version = slot
        .version()
        .map_or("without a version", |version| version);
    let label = slot.label;
    port::log(
        Level::Info,
        &line(format_args!("checked both slots in {took_ms} ms")),
    );
    match status.state {
        State::Settled => port::log(
            Level::Info,
            &line(format_args!("frontend {version} from {label}")),
        ),
        State::Trial => port::log(
            Level::Info,
            &line(format_args!("frontend {version} from {label}, on trial")),
        ),
        State::Recovery => port::log(Level::Warning, c"no slot holds a frontend"),
    }
    if let Some(fault) = &status.fault {
        let fault = line(format_args!("no change can be made: {fault}"));
        port::log(Level::Error, &fault);
    }
}

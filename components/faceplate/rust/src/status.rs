//! What can be known: `faceplate_status_t` and its smaller relatives.

use core::ffi::{CStr, c_char};

use faceplate::{Confirmer, Last, Outcome, SlotStatus, State, update::Phase};

use crate::{
    code::Code,
    face::{self, Face, now_ms},
    text::fill,
};

/// `faceplate_slot_t`.
#[repr(C)]
pub struct SlotState {
    label: [u8; 17],
    valid: bool,
    size: u32,
    used: u32,
    version: [u8; 65],
    build: [u8; 17],
    sequence: u32,
    signer: [u8; 17],
    sha256: [u8; 32],
    problem: [u8; 101],
}

/// `faceplate_status_t`.
#[repr(C)]
pub struct Status {
    state: u32,
    active: u32,
    slots: [SlotState; 2],
    trial_by_client: bool,
    trial_boots_left: u8,
    trial_seconds_left: u32,
    last: u32,
    upload: u32,
    upload_received: u32,
    upload_written: u32,
    upload_total: u32,
    restarting: bool,
    fault: [u8; 101],
}

/// `FACEPLATE_STATE_NOT_BOOTED`.
const NOT_BOOTED: u32 = 0;

fn state(state: State) -> u32 {
    match state {
        State::Settled => 1,
        State::Trial => 2,
        State::Recovery => 3,
    }
}

fn last(last: Option<Last>) -> u32 {
    match last.map(|last| last.outcome) {
        None => 0,
        Some(Outcome::Updated) => 1,
        Some(Outcome::RolledBack) => 2,
        Some(Outcome::NotConfirmed) => 3,
        Some(Outcome::KeptRestarting) => 4,
        Some(Outcome::DidNotMount) => 5,
        Some(Outcome::Kept) => 6,
        Some(Outcome::TakenBack) => 7,
        Some(Outcome::Returned) => 8,
    }
}

fn phase(phase: Phase) -> u32 {
    match phase {
        Phase::Writing => 1,
        Phase::Checking => 2,
        Phase::Switching => 3,
        Phase::Restarting => 4,
    }
}

#[unsafe(no_mangle)]
extern "C" fn faceplate_state() -> u32 {
    face::with(|face| state(face.engine.state())).unwrap_or(NOT_BOOTED)
}

#[unsafe(no_mangle)]
extern "C" fn faceplate_active_label() -> *const c_char {
    let label = face::with(|face| face.label);
    label.ok().flatten().map_or(core::ptr::null(), CStr::as_ptr)
}

/// # Safety
/// `status` is null or for a `faceplate_status_t`.
#[unsafe(no_mangle)]
unsafe extern "C" fn faceplate_get_status(status: *mut Status) -> Code {
    if status.is_null() {
        return Code::INVALID_ARG;
    }
    // SAFETY: all its fields may be 0, and are then what they are to be before they are filled.
    let status = unsafe {
        status.write_bytes(0, 1);
        &mut *status
    };
    face::with(|face| fill_in(status, face)).into()
}

fn fill_in(out: &mut Status, face: &Face) {
    let status = face.engine.status(now_ms());
    out.state = state(status.state);
    out.active = status.active.number().into();
    for (out, slot) in out.slots.iter_mut().zip(&status.slots) {
        fill_in_slot(out, slot);
        if let Some(signer) = status.signer(slot.slot) {
            fill(&mut out.signer, signer);
        }
    }
    if let Some(trial) = status.trial {
        out.trial_by_client = matches!(trial.confirmer, Confirmer::Client { .. });
        out.trial_boots_left = trial.boots_left;
        out.trial_seconds_left = trial.seconds_left;
    }
    out.last = last(status.last);
    if let Some(upload) = status.upload {
        out.upload = phase(upload.phase);
        out.upload_received = upload.received;
        out.upload_written = upload.written;
        out.upload_total = upload.total;
    }
    out.restarting = face.engine.is_restarting();
    if let Some(fault) = &status.fault {
        fill(&mut out.fault, fault);
    }
}

fn fill_in_slot(out: &mut SlotState, slot: &SlotStatus) {
    fill(&mut out.label, slot.label);
    out.valid = slot.is_valid();
    out.size = slot.size;
    out.used = slot.used();
    fill(
        &mut out.version,
        slot.version().map_or("", |version| version),
    );
    if let Some(build) = slot.about().and_then(|about| about.build) {
        fill(&mut out.build, build);
    }
    out.sequence = slot.about().map_or(0, |about| about.sequence);
    out.sha256 = slot.sha256().copied().unwrap_or_default();
    if let Some(problem) = slot.problem() {
        fill(&mut out.problem, problem);
    }
}

/// # Safety
/// `line` is null or for `len` bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn faceplate_last_error(line: *mut c_char, len: usize) -> *mut c_char {
    if !line.is_null() && len > 0 {
        // SAFETY: as the caller says. What is in there does not matter: any byte is one.
        let field = unsafe { core::slice::from_raw_parts_mut(line.cast::<u8>(), len) };
        field[0] = 0;
        _ = face::with(|face| fill(field, face.last_error.borrow().as_str()));
    }
    line
}

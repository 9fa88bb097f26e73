//! The wired port of an emulated ESP32-S3 or ESP32-C3: the OpenCores Ethernet MAC of Espressif's QEMU, as a
//! driver for the network stack. No chip has it.
//!
//! Registers and descriptors are those of "Ethernet IP Core Specification" (OpenCores, rev. 1.19).

mod registers;

use core::{cell::UnsafeCell, task::Context};

use embassy_net::{
    Runner,
    driver::{Capabilities, Driver, HardwareAddress, LinkState, RxToken, TxToken},
};
use embassy_sync::waitqueue::AtomicWaker;
use esp_hal::{
    efuse::{InterfaceMacAddress, interface_mac_address},
    interrupt::{self, Priority},
    peripherals::Interrupt,
};
use faceplate_network::patient::Patient;
use registers::{
    BUSY, CRC, EMPTY, INTERRUPT_ON, INTERRUPTS, MODE_OFF, MODE_ON, MODE_RESET, PAD, Register, WRAP,
};

/// Frames on their way out; the emulator sends each within the write that hands it over.
const SEND: usize = 2;

/// Frames that came and wait: a receive window of each connection.
const RECEIVE: usize = 12;

/// Bytes of a frame: Ethernet's 1514 and the checksum, in whole words, as the hardware counts.
const FRAME: usize = 1536;

/// Bytes of a frame without its checksum.
const MTU: usize = 1514;

/// Bytes of the checksum that the MAC leaves at a frame's end.
const CHECKSUM: usize = 4;

/// Wakes the network stack when a frame came or went.
static WAKER: AtomicWaker = AtomicWaker::new();

/// The memory that the MAC reads and writes.
struct Frames(UnsafeCell<[[u8; FRAME]; SEND + RECEIVE]>);

#[allow(
    unsafe_code,
    reason = "only the one `OpenEth` uses it, each frame while the MAC does not"
)]
// SAFETY: see the reason above; `OpenEth::new` makes one at most.
unsafe impl Sync for Frames {}

static FRAMES: Frames = Frames(UnsafeCell::new([[0; FRAME]; SEND + RECEIVE]));

fn frame(index: usize) -> *mut [u8; FRAME] {
    FRAMES.0.get().cast::<[u8; FRAME]>().wrapping_add(index)
}

/// The MAC. Descriptors and frames come in the order: those to send, then those received.
pub(crate) struct OpenEth {
    address: [u8; 6],
    next_send: usize,
    next_receive: usize,
}

impl OpenEth {
    /// Starts it; `None` where there is none, as on every chip. To be called once.
    pub(crate) fn new() -> Option<Self> {
        if !registers::present() {
            return None;
        }
        let mac = interface_mac_address(InterfaceMacAddress::Station);
        let mut address = [0; 6];
        address.copy_from_slice(mac.as_bytes());
        Register::Mode.write(MODE_RESET);
        Register::Mode.write(MODE_OFF);
        Register::SendDescriptors.write(SEND as u32);
        for index in 0..SEND + RECEIVE {
            registers::point(index, frame(index).cast());
        }
        for index in 0..SEND {
            registers::set_flags(index, last(index, SEND));
        }
        for index in 0..RECEIVE {
            hand_back(index);
        }
        let [a, b, c, d, e, f] = address;
        Register::AddressHigh.write(u32::from_be_bytes([0, 0, a, b]));
        Register::AddressLow.write(u32::from_be_bytes([c, d, e, f]));
        Register::Interrupts.write(u32::MAX);
        Register::InterruptMask.write(INTERRUPTS);
        interrupt::bind_handler(Interrupt::WIFI_MAC, on_interrupt);
        Register::Mode.write(MODE_ON);
        Some(Self {
            address,
            next_send: 0,
            next_receive: 0,
        })
    }
}

/// The flag of the last of so many descriptors.
fn last(index: usize, of: usize) -> u32 {
    if index + 1 == of { WRAP } else { 0 }
}

/// Lets the MAC fill a frame.
fn hand_back(index: usize) {
    registers::set_flags(SEND + index, EMPTY | INTERRUPT_ON | last(index, RECEIVE));
}

// The network controller's source: the emulator has no radio and lends it to its MAC.
#[esp_hal::handler(priority = Priority::Priority1)]
fn on_interrupt() {
    Register::Interrupts.write(INTERRUPTS);
    WAKER.wake();
}

/// A frame that came.
pub(crate) struct Received<'a>(&'a mut usize);

/// Room for a frame to send.
pub(crate) struct Room<'a>(&'a mut usize);

impl RxToken for Received<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, read: F) -> R {
        let index = *self.0;
        let len = registers::len(SEND + index)
            .saturating_sub(CHECKSUM)
            .min(FRAME);
        #[allow(unsafe_code, reason = "memory that hardware filled")]
        // SAFETY: the descriptor says that the MAC is done with this frame, and there is one
        // `Received` at a time, which borrows the one `OpenEth`.
        let bytes = unsafe { &mut *frame(SEND + index) };
        let result = read(&mut bytes[..len]);
        hand_back(index);
        *self.0 = (index + 1) % RECEIVE;
        result
    }
}

impl TxToken for Room<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, fill: F) -> R {
        let index = *self.0;
        #[allow(unsafe_code, reason = "memory that hardware reads")]
        // SAFETY: the emulator is done with a frame when it is handed over, and there is one
        // `Room` at a time, which borrows the one `OpenEth`.
        let bytes = unsafe { &mut *frame(index) };
        let len = len.min(FRAME);
        let result = fill(&mut bytes[..len]);
        let flags = BUSY | PAD | CRC | last(index, SEND);
        registers::set_flags(index, (len as u32) << 16 | flags);
        *self.0 = (index + 1) % SEND;
        result
    }
}

impl Driver for OpenEth {
    type RxToken<'a> = Received<'a>;
    type TxToken<'a> = Room<'a>;

    fn receive(&mut self, cx: &mut Context<'_>) -> Option<(Received<'_>, Room<'_>)> {
        // Before looking: a frame that comes in between must wake, too.
        WAKER.register(cx.waker());
        if registers::flags(SEND + self.next_receive) & EMPTY != 0 {
            return None;
        }
        Some((Received(&mut self.next_receive), Room(&mut self.next_send)))
    }

    fn transmit(&mut self, _cx: &mut Context<'_>) -> Option<Room<'_>> {
        Some(Room(&mut self.next_send))
    }

    fn link_state(&mut self, _cx: &mut Context<'_>) -> LinkState {
        LinkState::Up
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default();
        capabilities.max_transmission_unit = MTU;
        capabilities.max_burst_size = Some(RECEIVE);
        capabilities
    }

    fn hardware_address(&self) -> HardwareAddress {
        HardwareAddress::Ethernet(self.address)
    }
}

/// Runs the network stack over it.
#[embassy_executor::task]
pub(crate) async fn run(mut runner: Runner<'static, Patient<OpenEth>>) -> ! {
    runner.run().await
}

//! The registers and descriptors of the emulated MAC.
#![allow(unsafe_code, reason = "memory-mapped registers")]

/// Where the MAC is, on an emulated board.
const BASE: usize = 0x600c_d000;

/// Where the descriptors begin: flags and length in one word, the address of the frame in the next.
const DESCRIPTORS: usize = BASE + 0x400;

/// A register of the emulator alone, and what it reads: "QEMU".
const EMULATOR: (usize, u32) = (0x6002_63f8, 0x5145_4d55);

/// What the frame length register reads after a reset: 64 to 1536 bytes.
const LENGTHS: u32 = 0x0040_0600;

/// Registers, by their distance from the base.
#[derive(Clone, Copy)]
pub(super) enum Register {
    Mode = 0x00,
    Interrupts = 0x04,
    InterruptMask = 0x08,
    FrameLengths = 0x18,
    SendDescriptors = 0x20,
    AddressLow = 0x40,
    AddressHigh = 0x44,
}

/// Mode: reset.
pub(super) const MODE_RESET: u32 = 0x800;
/// Mode: neither receive nor send.
pub(super) const MODE_OFF: u32 = 0;
/// Mode: receive and send, short frames padded. Broadcasts are taken.
pub(super) const MODE_ON: u32 = 0x8003;
/// Interrupts: frame received, no room for one.
pub(super) const INTERRUPTS: u32 = 0x14;

/// Receive descriptor: the MAC may fill it.
pub(super) const EMPTY: u32 = 0x8000;
/// Send descriptor: the MAC shall send it.
pub(super) const BUSY: u32 = 0x8000;
/// Interrupt when done.
pub(super) const INTERRUPT_ON: u32 = 0x4000;
/// The last descriptor of its kind.
pub(super) const WRAP: u32 = 0x2000;
/// Send descriptor: pad a short frame.
pub(super) const PAD: u32 = 0x1000;
/// Send descriptor: append the checksum.
pub(super) const CRC: u32 = 0x800;

/// Whether this is an emulated board with a network card.
pub(super) fn present() -> bool {
    let (register, emulated) = EMULATOR;
    // Only behind the first is the second more than an unused address.
    read(register) == emulated && Register::FrameLengths.read() == LENGTHS
}

impl Register {
    fn read(self) -> u32 {
        read(BASE + self as usize)
    }

    pub(super) fn write(self, value: u32) {
        write(BASE + self as usize, value);
    }
}

/// The flags of a descriptor.
pub(super) fn flags(index: usize) -> u32 {
    read(DESCRIPTORS + index * 8)
}

/// The length that a descriptor says, bytes.
pub(super) fn len(index: usize) -> usize {
    (flags(index) >> 16) as usize
}

/// Sets the flags and the length of a descriptor, which hands it to the MAC where they say so.
pub(super) fn set_flags(index: usize, flags: u32) {
    write(DESCRIPTORS + index * 8, flags);
}

/// Sets where a descriptor's frame is.
pub(super) fn point(index: usize, frame: *mut u8) {
    write(DESCRIPTORS + index * 8 + 4, frame as u32);
}

fn read(address: usize) -> u32 {
    // SAFETY: aligned, and within the peripherals' addresses, where reading any has no effect
    // on memory; which exist is checked by `present`.
    unsafe { (address as *const u32).read_volatile() }
}

fn write(address: usize, value: u32) {
    // SAFETY: as above; what the MAC is pointed to are its own frames.
    unsafe { (address as *mut u32).write_volatile(value) }
}

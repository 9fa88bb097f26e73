//! What the device is called.

use core::fmt::Write;

use esp_hal::efuse::{InterfaceMacAddress, interface_mac_address};
use heapless::String;
use static_cell::StaticCell;

/// Bytes of `faceplate-` and four digits.
const LEN: usize = 14;

/// `faceplate-` and the last two bytes of the chip's MAC address, as printed on its module; to be
/// called once.
pub(crate) fn of_this_chip() -> &'static str {
    static NAME: StaticCell<String<LEN, u8>> = StaticCell::new();
    let name = NAME.init_with(String::new);
    let mac = interface_mac_address(InterfaceMacAddress::Station);
    if let [.., high, low] = mac.as_bytes() {
        // It has room for just this.
        let _fits = write!(name, "faceplate-{high:02x}{low:02x}");
    }
    name
}

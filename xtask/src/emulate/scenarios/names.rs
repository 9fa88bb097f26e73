//! The device answers to its name by multicast DNS.

use std::net::Ipv4Addr;

use super::ensure;
use crate::emulate::mdns;
use crate::emulate::place::Place;

/// The address that the emulator's network gives to its board.
const GIVEN: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 15);

pub(super) fn name(place: &Place<'_>) -> Result<String, String> {
    let (machine, _, status) = place.new_board()?;
    let name = status.text("/device/name");
    let address = mdns::address(machine.mdns(), name)?;
    ensure!(address == GIVEN, "{name}.local is {address}, not {GIVEN}");
    ensure!(
        mdns::address(machine.mdns(), "somebody-else").is_err(),
        "it answers to another name"
    );
    Ok(format!("{name}.local is {address}"))
}

//! The device answers to its name by multicast DNS.

use std::net::Ipv4Addr;

use super::ensure;
use crate::emulate::machine::Setup;
use crate::emulate::mdns;
use crate::emulate::place::Place;

/// The address that the emulator's network gives to its board.
const GIVEN: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 15);

pub(super) fn name(place: &Place<'_>) -> Result<String, String> {
    let setup = Setup {
        wire: true,
        ..Setup::default()
    };
    let (machine, _, status) = place.boot(&place.new_flash()?, setup)?;
    let wire = machine.wire()?;
    let name = status.text("/device/name");
    let address = mdns::address(&wire, name)?;
    ensure!(address == GIVEN, "{name}.local is {address}, not {GIVEN}");
    ensure!(
        mdns::address(&wire, "somebody-else").is_err(),
        "it answers to another name"
    );
    Ok(format!("{name}.local is {address}"))
}

//! The scenarios, in the order in which they begin: what takes long comes first.

mod device;
mod figures;
mod hang;
mod hostile;
mod interchange;
mod names;
mod pieces;
mod power_cuts;
mod second_core;
mod serving;
mod trials;
mod updates;

use super::place::Place;

/// One story on boards of its own. It gives a remark to print.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) play: fn(&Place<'_>) -> Result<String, String>,
    /// What it measures would be wrong beside others.
    pub(crate) alone: bool,
    /// It is about two cores, with a firmware of its own.
    pub(crate) two_cores: bool,
}

const fn scenario(name: &'static str, play: fn(&Place<'_>) -> Result<String, String>) -> Scenario {
    Scenario {
        name,
        play,
        alone: false,
        two_cores: false,
    }
}

pub(crate) const ALL: &[Scenario] = &[
    scenario("power_cuts", power_cuts::power_cuts),
    scenario("a_firmware_that_hangs", hang::hang),
    scenario("the_device_confirms", trials::the_device_confirms),
    scenario("hostile_clients", hostile::hostile),
    scenario("nobody_confirms", trials::nobody_confirms),
    scenario("power_lost_on_trial", trials::power_lost_on_trial),
    scenario("back_by_hand", trials::back_by_hand),
    scenario("interchange_with_the_simulator", interchange::interchange),
    scenario("serves_what_was_flashed", serving::serving),
    scenario("push", updates::push),
    scenario("odd_pieces", pieces::pieces),
    scenario("lamp_sensor_and_log", device::device),
    scenario("a_name_on_the_network", names::name),
    Scenario {
        name: "figures",
        play: figures::figures,
        alone: true,
        two_cores: false,
    },
    // The last: where it builds its firmware was that of the others.
    Scenario {
        name: "second_core",
        play: second_core::second_core,
        alone: true,
        two_cores: true,
    },
];

/// Ends a scenario that sees something wrong.
macro_rules! ensure {
    ($right:expr, $($what:tt)+) => {
        if !$right {
            return Err(format!($($what)+));
        }
    };
}
pub(crate) use ensure;
pub(crate) use trials::put_on_trial;

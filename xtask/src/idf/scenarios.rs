//! The scenarios. Each gives a remark to print.

mod lamp;
mod power_cuts;
mod updates;

use super::place::Place;

/// One story on devices of its own.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) play: fn(&Place<'_>) -> Result<String, String>,
}

pub(crate) const ALL: &[Scenario] = &[
    Scenario {
        name: "serves_what_was_flashed",
        play: updates::serving,
    },
    Scenario {
        name: "push",
        play: updates::push,
    },
    Scenario {
        name: "lamp_beside_an_upload",
        play: lamp::beside_an_upload,
    },
    Scenario {
        name: "nobody_confirms",
        play: updates::nobody_confirms,
    },
    Scenario {
        name: "power_lost_on_trial",
        play: updates::power_lost_on_trial,
    },
    Scenario {
        name: "back_by_hand",
        play: updates::back_by_hand,
    },
    Scenario {
        name: "power_cuts",
        play: power_cuts::power_cuts,
    },
];

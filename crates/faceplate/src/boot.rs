//! Which slot to serve: a pure decision over what is on flash.
//!
//! # Why every power cut is safe
//!
//! A change of slot writes, in this order: the image record, the trial, the reason, and last the
//! active slot. Each is one atomic set. A trial or a reason that does not name the active slot is
//! *stale* and ignored, so everything before the last write changes nothing, and the last write
//! changes everything at once. A fallback at boot writes the reason and then the active slot; cut
//! in between, the next boot sees the same facts and decides the same.

use crate::{
    Slot,
    nvs::{Change, Last, Outcome, Stored, Trial},
};

/// What a boot does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Serve this slot.
    Serve {
        /// The slot.
        slot: Slot,
        /// Its trial, with this boot already counted.
        trial: Option<Trial>,
        /// What to store first, in this order.
        changes: [Option<Change>; 2],
    },
    /// Neither slot holds a frontend: serve the recovery page and change nothing.
    Recover,
}

/// Decides from what NVS holds and from whether each slot holds a whole frontend.
pub fn decide(stored: &Stored, valid: [bool; 2]) -> Decision {
    let active = stored.active.unwrap_or(Slot::Www0);
    let other = active.other();
    let trial = stored.trial.filter(|trial| trial.slot == active);
    match (valid[active.index()], valid[other.index()], trial) {
        (false, false, _) => Decision::Recover,
        (false, true, _) => fall_back(active, Outcome::DidNotMount),
        (true, true, Some(Trial { boots_left: 0, .. })) => {
            fall_back(active, Outcome::KeptRestarting)
        }
        // Nothing to go back to: a frontend that may not work beats none, and the trial must end
        // or it would refuse the upload that mends it.
        (true, false, Some(Trial { boots_left: 0, .. })) => Decision::Serve {
            slot: active,
            trial: None,
            changes: [Some(Change::Last(kept(active))), Some(Change::NoTrial)],
        },
        (true, _, Some(trial)) => {
            let trial = Trial {
                boots_left: trial.boots_left - 1,
                ..trial
            };
            Decision::Serve {
                slot: active,
                trial: Some(trial),
                changes: [Some(Change::Trial(trial)), None],
            }
        }
        (true, _, None) => Decision::Serve {
            slot: active,
            trial: None,
            changes: [None, None],
        },
    }
}

/// A trial ended unconfirmed while the other slot holds nothing.
pub(crate) const fn kept(slot: Slot) -> Last {
    Last {
        outcome: Outcome::Kept,
        from: slot,
        to: slot,
    }
}

/// The device went from `from` to the other slot by itself.
pub(crate) const fn fallen_back(from: Slot, outcome: Outcome) -> Last {
    Last {
        outcome,
        from,
        to: from.other(),
    }
}

fn fall_back(from: Slot, outcome: Outcome) -> Decision {
    let last = fallen_back(from, outcome);
    Decision::Serve {
        slot: last.to,
        trial: None,
        changes: [Some(Change::Last(last)), Some(Change::Active(last.to))],
    }
}

//! Which slot to serve: a pure decision over what is on flash.
//!
//! # Why every power cut is safe
//!
//! Before the first byte of an upload is written, the slot's image record is replaced by
//! [`ImageRecord::UNFINISHED`](crate::ImageRecord::UNFINISHED): from then on nothing in that slot
//! counts as a frontend. When all of it is written and verified, the switch stores, in this order:
//! the trial, the image record, the reason, and last the active slot. Each is one atomic set.
//!
//! A trial or a reason that does not name the active slot is *stale* and ignored, so everything
//! before the last write changes nothing that is served, and the last write changes everything at
//! once. The trial comes before the image record, so that an image which was never confirmed is
//! never without its trial. A fallback stores the reason and then the active slot; cut in between,
//! the next boot sees the same facts and decides the same.

use crate::{
    Slot,
    nvs::{Change, Last, Outcome, Stored, Trial},
};

/// What the check at boot found in a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// A whole frontend.
    Whole,
    /// None, or a damaged one.
    Bad,
    /// The flash did not let itself be read; the next boot may find otherwise.
    Unreadable,
}

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
        changes: Changes,
    },
    /// Neither slot holds a frontend: serve the recovery page and change nothing.
    Recover,
}

/// Up to three changes, in order.
pub type Changes = [Option<Change>; 3];

/// Decides from what NVS holds and what each slot holds.
pub fn decide(stored: &Stored, content: [Content; 2]) -> Decision {
    use Content::{Bad, Unreadable, Whole};
    let active = stored.active.unwrap_or(Slot::Www0);
    let other = active.other();
    let trial_of = |slot| stored.trial.filter(|trial| trial.slot == slot);
    let trial = trial_of(active);
    match (content[active.index()], content[other.index()], trial) {
        (Bad | Unreadable, Bad | Unreadable, _) => Decision::Recover,
        // Nothing is known against the active slot, so it stays that.
        (Unreadable, Whole, _) => serve(other, None, [None; 3]),
        (Bad, Whole, _) => {
            let last = Some(Change::Last(fallen_back(active, Outcome::DidNotMount)));
            let switch = Some(Change::Active(other));
            // The other may never have been confirmed: then it is on trial now.
            match trial_of(other).map(count_boot) {
                None => serve(other, None, [last, switch, None]),
                Some(Some(trial)) => {
                    let counted = Some(Change::Trial(trial));
                    serve(other, Some(trial), [last, counted, switch])
                }
                Some(None) => serve(other, None, [last, Some(Change::NoTrial), switch]),
            }
        }
        (Whole, _, None) => serve(active, None, [None; 3]),
        (Whole, way_back, Some(trial)) => match (count_boot(trial), way_back) {
            (Some(trial), _) => serve(
                active,
                Some(trial),
                [Some(Change::Trial(trial)), None, None],
            ),
            (None, Whole) => {
                let last = fallen_back(active, Outcome::KeptRestarting);
                let changes = [Some(Change::Last(last)), Some(Change::Active(other)), None];
                serve(other, None, changes)
            }
            // Nothing to go back to: a frontend that may not work beats none, and the trial must
            // end or it would refuse the upload that mends it.
            (None, Bad | Unreadable) => {
                let changes = [
                    Some(Change::Last(kept(active))),
                    Some(Change::NoTrial),
                    None,
                ];
                serve(active, None, changes)
            }
        },
    }
}

fn serve(slot: Slot, trial: Option<Trial>, changes: Changes) -> Decision {
    Decision::Serve {
        slot,
        trial,
        changes,
    }
}

/// The trial with this boot counted; `None` when it had its last.
fn count_boot(trial: Trial) -> Option<Trial> {
    let boots_left = trial.boots_left.checked_sub(1)?;
    Some(Trial {
        boots_left,
        ..trial
    })
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

//! The boot decision: state on flash in, action out.

use faceplate::{
    Confirmer, Last, Outcome, Slot, Stored, Trial,
    boot::{Decision, decide},
    nvs::Change,
};

use Slot::{Www0, Www1};

const CLIENT: Confirmer = Confirmer::Client { within_s: 60 };

fn trial(slot: Slot, boots_left: u8) -> Trial {
    Trial {
        slot,
        boots_left,
        confirmer: CLIENT,
    }
}

fn stored(active: impl Into<Option<Slot>>, trial: impl Into<Option<Trial>>) -> Stored {
    Stored {
        active: active.into(),
        trial: trial.into(),
        ..Stored::default()
    }
}

fn serve(slot: Slot, trial: Option<Trial>, changes: &[Change]) -> Decision {
    let mut list = [None; 2];
    for (place, change) in list.iter_mut().zip(changes) {
        *place = Some(*change);
    }
    assert!(changes.len() <= list.len());
    Decision::Serve {
        slot,
        trial,
        changes: list,
    }
}

fn last(outcome: Outcome, from: Slot, to: Slot) -> Change {
    Change::Last(Last { outcome, from, to })
}

#[test]
fn each_state_on_flash_leads_to_its_action() {
    let both = [true, true];
    let only0 = [true, false];
    let only1 = [false, true];
    let none = [false, false];
    let table: &[(&str, Stored, [bool; 2], Decision)] = &[
        (
            "a new device serves www_0",
            stored(None, None),
            only0,
            serve(Www0, None, &[]),
        ),
        (
            "a settled slot is served",
            stored(Www1, None),
            both,
            serve(Www1, None, &[]),
        ),
        (
            "nothing anywhere means recovery",
            stored(None, None),
            none,
            Decision::Recover,
        ),
        (
            "a trial does not change that",
            stored(Www1, trial(Www1, 2)),
            none,
            Decision::Recover,
        ),
        (
            "a trial uses up a boot",
            stored(Www1, trial(Www1, 3)),
            both,
            serve(Www1, Some(trial(Www1, 2)), &[Change::Trial(trial(Www1, 2))]),
        ),
        (
            "the last boot of a trial still serves it",
            stored(Www1, trial(Www1, 1)),
            both,
            serve(Www1, Some(trial(Www1, 0)), &[Change::Trial(trial(Www1, 0))]),
        ),
        (
            "a trial without boots left goes back",
            stored(Www1, trial(Www1, 0)),
            both,
            serve(
                Www0,
                None,
                &[
                    last(Outcome::KeptRestarting, Www1, Www0),
                    Change::Active(Www0),
                ],
            ),
        ),
        (
            "with nothing to go back to, the trial ends and the slot stays",
            stored(Www1, trial(Www1, 0)),
            only1,
            serve(
                Www1,
                None,
                &[last(Outcome::Kept, Www1, Www1), Change::NoTrial],
            ),
        ),
        (
            "a slot on trial that does not mount goes back at once",
            stored(Www1, trial(Www1, 3)),
            only0,
            serve(
                Www0,
                None,
                &[last(Outcome::DidNotMount, Www1, Www0), Change::Active(Www0)],
            ),
        ),
        (
            "a settled slot that does not mount goes to the other",
            stored(Www0, None),
            only1,
            serve(
                Www1,
                None,
                &[last(Outcome::DidNotMount, Www0, Www1), Change::Active(Www1)],
            ),
        ),
        (
            "a trial of the other slot is stale: its switch was cut off",
            stored(Www0, trial(Www1, 3)),
            both,
            serve(Www0, None, &[]),
        ),
        (
            "a trial of the other slot is stale: this one was gone back to",
            stored(Www0, trial(Www1, 0)),
            both,
            serve(Www0, None, &[]),
        ),
        (
            "an absent active key means www_0 for trials too",
            stored(None, trial(Www0, 3)),
            both,
            serve(Www0, Some(trial(Www0, 2)), &[Change::Trial(trial(Www0, 2))]),
        ),
    ];
    for (name, stored, valid, expected) in table {
        assert_eq!(decide(stored, *valid), *expected, "{name}");
    }
}

/// Every state that can be on flash.
fn all_states() -> impl Iterator<Item = (Stored, [bool; 2])> {
    let actives = [None, Some(Www0), Some(Www1)];
    let mut trials = vec![None];
    for slot in Slot::ALL {
        for boots_left in 0..=Trial::BOOTS {
            for confirmer in [Confirmer::Device, CLIENT] {
                trials.push(Some(Trial {
                    slot,
                    boots_left,
                    confirmer,
                }));
            }
        }
    }
    let valids = [[false, false], [false, true], [true, false], [true, true]];
    actives.into_iter().flat_map(move |active| {
        trials.clone().into_iter().flat_map(move |trial| {
            valids
                .into_iter()
                .map(move |valid| (stored(active, trial), valid))
        })
    })
}

#[test]
fn whatever_is_on_flash_only_a_valid_slot_is_served_and_recovery_is_the_last_resort() {
    for (stored, valid) in all_states() {
        match decide(&stored, valid) {
            Decision::Serve { slot, .. } => assert!(valid[slot.index()], "{stored:?} {valid:?}"),
            Decision::Recover => assert_eq!(valid, [false, false], "{stored:?}"),
        }
    }
}

#[test]
fn however_often_it_restarts_unconfirmed_a_boot_settles_after_at_most_one_more_than_the_trial_has()
{
    for (mut stored, valid) in all_states() {
        let mut boots = 0;
        while let Decision::Serve {
            slot,
            trial,
            changes,
        } = decide(&stored, valid)
        {
            if trial.is_none() {
                assert_eq!(
                    decide(&stored, valid),
                    Decision::Serve {
                        slot,
                        trial,
                        changes
                    }
                );
                break;
            }
            for change in changes.into_iter().flatten() {
                match change {
                    Change::Trial(trial) => stored.trial = Some(trial),
                    Change::NoTrial => stored.trial = None,
                    Change::Last(last) => stored.last = Some(last),
                    Change::Active(slot) => stored.active = Some(slot),
                    Change::Image(..) => panic!("a boot verifies no new image"),
                }
            }
            boots += 1;
            assert!(boots <= Trial::BOOTS, "{stored:?} {valid:?}");
        }
    }
}

#[test]
fn stored_records_come_back_as_they_went() {
    for slot in Slot::ALL {
        for boots_left in [0, 1, 3, 255] {
            for within_s in [1, 10, 0x1234, u16::MAX] {
                let trial = Trial {
                    slot,
                    boots_left,
                    confirmer: Confirmer::Client { within_s },
                };
                assert_eq!(Trial::decode(trial.encode()), Some(trial));
            }
        }
        let trial = Trial::new(slot, Confirmer::Device);
        assert_eq!(Trial::decode(trial.encode()), Some(trial));
        for outcome in [
            Outcome::Updated,
            Outcome::RolledBack,
            Outcome::NotConfirmed,
            Outcome::KeptRestarting,
            Outcome::DidNotMount,
            Outcome::Kept,
        ] {
            let last = Last {
                outcome,
                from: slot,
                to: slot.other(),
            };
            assert_eq!(Last::decode(last.encode()), Some(last));
        }
    }
}

#[test]
fn the_trial_record_has_its_documented_bytes() {
    let trial = Trial {
        slot: Www1,
        boots_left: 3,
        confirmer: Confirmer::Client { within_s: 258 },
    };
    assert_eq!(trial.encode().to_le_bytes(), [1, 3, 2, 1]);
}

#[test]
fn records_of_unknown_slots_or_outcomes_count_as_absent() {
    assert_eq!(Trial::decode(u32::from_le_bytes([2, 3, 0, 0])), None);
    assert_eq!(Trial::decode(u32::MAX), None);
    assert_eq!(Last::decode(u32::from_le_bytes([0, 0, 0, 0])), None);
    assert_eq!(Last::decode(u32::from_le_bytes([1, 0, 9, 0])), None);
    assert_eq!(Last::decode(u32::MAX), None);
}

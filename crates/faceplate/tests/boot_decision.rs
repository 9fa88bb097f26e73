//! The boot decision: state on flash in, action out.

use faceplate::{
    Confirmer, Last, Outcome, Slot, Stored, Trial,
    boot::{Content, Decision, decide},
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
    let mut list = [None; 3];
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
    use Content::{Bad, Unreadable, Whole};
    let both = [Whole, Whole];
    let only0 = [Whole, Bad];
    let only1 = [Bad, Whole];
    let none = [Bad, Bad];
    let table: &[(&str, Stored, [Content; 2], Decision)] = &[
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
            "an unconfirmed slot that is all there is goes on being on trial",
            stored(Www0, trial(Www1, 3)),
            only1,
            serve(
                Www1,
                Some(trial(Www1, 2)),
                &[
                    last(Outcome::DidNotMount, Www0, Www1),
                    Change::Trial(trial(Www1, 2)),
                    Change::Active(Www1),
                ],
            ),
        ),
        (
            "or is settled for good when its trial is used up",
            stored(Www0, trial(Www1, 0)),
            only1,
            serve(
                Www1,
                None,
                &[
                    last(Outcome::DidNotMount, Www0, Www1),
                    Change::NoTrial,
                    Change::Active(Www1),
                ],
            ),
        ),
        (
            "a slot that cannot be read now stays the active one",
            stored(Www1, None),
            [Whole, Unreadable],
            serve(Www0, None, &[]),
        ),
        (
            "a slot that cannot be read is not served",
            stored(Www1, None),
            [Unreadable, Unreadable],
            Decision::Recover,
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
fn all_states() -> impl Iterator<Item = (Stored, [Content; 2])> {
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
    let contents = [Content::Whole, Content::Bad, Content::Unreadable];
    let pairs = contents.map(|www0| contents.map(|www1| [www0, www1]));
    actives.into_iter().flat_map(move |active| {
        trials.clone().into_iter().flat_map(move |trial| {
            pairs
                .as_flattened()
                .to_vec()
                .into_iter()
                .map(move |content| (stored(active, trial), content))
        })
    })
}

#[test]
fn whatever_is_on_flash_only_a_whole_slot_is_served_and_recovery_is_the_last_resort() {
    for (stored, content) in all_states() {
        match decide(&stored, content) {
            Decision::Serve { slot, .. } => {
                assert_eq!(
                    content[slot.index()],
                    Content::Whole,
                    "{stored:?} {content:?}"
                );
            }
            Decision::Recover => {
                assert!(!content.contains(&Content::Whole), "{stored:?} {content:?}");
            }
        }
    }
}

/// What the stored state is after a decision.
fn apply(stored: &mut Stored, changes: &[Option<Change>]) {
    for change in changes.iter().flatten() {
        match *change {
            Change::Trial(trial) => stored.trial = Some(trial),
            Change::NoTrial => stored.trial = None,
            Change::Last(last) => stored.last = Some(last),
            Change::Active(slot) => stored.active = Some(slot),
            Change::Image(..) | Change::Confirmed(_) => panic!("that is not for the decision"),
        }
    }
}

#[test]
fn however_often_it_restarts_unconfirmed_a_boot_settles_after_at_most_one_more_than_the_trial_has()
{
    for (mut stored, content) in all_states() {
        let mut boots = 0;
        while let Decision::Serve { trial, changes, .. } = decide(&stored, content) {
            let first = decide(&stored, content);
            apply(&mut stored, &changes);
            if trial.is_none() {
                // From now on every boot does the same, and changes nothing more.
                let Decision::Serve { slot, .. } = first else {
                    unreachable!()
                };
                let settled = Decision::Serve {
                    slot,
                    trial: None,
                    changes: [None; 3],
                };
                assert_eq!(decide(&stored, content), settled, "{stored:?} {content:?}");
                break;
            }
            boots += 1;
            assert!(boots <= Trial::BOOTS, "{stored:?} {content:?}");
        }
    }
}

#[test]
fn the_power_may_go_after_any_of_a_boots_changes_and_the_next_boot_serves_the_same() {
    for (stored, content) in all_states() {
        let Decision::Serve { slot, changes, .. } = decide(&stored, content) else {
            continue;
        };
        for done in 0..=changes.len() {
            let mut cut = stored;
            apply(&mut cut, &changes[..done]);
            let Decision::Serve { slot: next, .. } = decide(&cut, content) else {
                panic!("{stored:?} {content:?}: nothing served after {done} changes");
            };
            // Only the trial's last boot may have been used up meanwhile.
            let trial_over = cut.trial.is_some_and(|trial| trial.boots_left == 0);
            assert!(
                next == slot || trial_over,
                "{stored:?} {content:?} after {done}"
            );
        }
    }
}

#[test]
fn no_boot_changes_anything_because_of_a_slot_that_cannot_be_read_but_could_be_whole() {
    for (stored, content) in all_states() {
        let active = stored.active.unwrap_or(Www0);
        if content[active.index()] == Content::Unreadable
            && let Decision::Serve { changes, .. } = decide(&stored, content)
        {
            assert_eq!(changes, [None; 3], "{stored:?} {content:?}");
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
            Outcome::TakenBack,
            Outcome::Returned,
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

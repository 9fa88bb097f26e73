//! That nothing of all that was asked changed the device.

use super::{
    request::{Request, shorten},
    row::{Checked, Row, skip},
    status::STATUS,
    target::Target,
};
use crate::device::State;

pub(super) const ROWS: &[Row<Target>] = &[Row::reads(
    "status/unchanged",
    unchanged,
    "what was refused changed nothing: the same boot, slots, state and last change as before",
    "look for a row above that was obeyed or made the device restart, and try it alone with --only",
)];

fn unchanged(target: &Target) -> Checked {
    let state = target.status()?.state;
    if state == State::Trial {
        return Err(skip("a trial that ran may have ended meanwhile"));
    }
    let asked = target.ask(&Request::get(STATUS))?;
    asked.has_status(200)?;
    let after = asked.json()?;
    for pointer in [
        "/device/boot_id",
        "/active",
        "/state",
        "/last",
        "/slots",
        "/upload",
    ] {
        let before = target.raw_status().and_then(|raw| raw.pointer(pointer));
        let now = after.pointer(pointer);
        if before != now {
            let name = pointer.trim_start_matches('/').replace('/', ".");
            let shown = |value: Option<&serde_json::Value>| match value {
                Some(value) => shorten(&value.to_string()),
                None => "missing".to_owned(),
            };
            let wanted = format!("{name} as before: {}", shown(before));
            return Err(asked.differs(wanted, &shown(now)));
        }
    }
    Ok(())
}

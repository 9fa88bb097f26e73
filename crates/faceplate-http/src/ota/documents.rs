//! The JSON documents of the API. Their field names are its contract.

use core::fmt;

use faceplate::{
    Confirmer, Last, PublicKey, Refused, Slot, SlotStatus, Status, TrialStatus,
    update::{Done, Progress},
};

use crate::{
    Info,
    http::json::{Hex, OrNull, Str},
};

/// What `GET /api/ota/status` tells.
pub(crate) struct StatusJson<'a> {
    pub(crate) info: Info<'a>,
    pub(crate) now_ms: u64,
    /// Whether it has a Wi-Fi that can be set up.
    pub(crate) wifi: bool,
    pub(crate) status: &'a Status,
}

impl fmt::Display for StatusJson<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Info {
            name,
            firmware,
            api,
            chip,
            boot_id,
        } = self.info;
        let Status {
            active,
            state,
            trial,
            last,
            keys,
            lowest_sequence,
            refused,
            slots: _,
            upload,
            fault,
        } = self.status;
        write!(
            f,
            r#"{{"device":{{"name":{},"firmware":{},"#,
            Str(name),
            Str(firmware)
        )?;
        write!(
            f,
            r#""api":{api},"chip":{},"boot_id":"{boot_id:08x}","#,
            Str(chip)
        )?;
        write!(f, r#""uptime_ms":{},"wifi":{}}},"#, self.now_ms, self.wifi)?;
        write!(
            f,
            r#""active":{},"state":"{}","#,
            active.number(),
            state.name()
        )?;
        write!(f, r#""trial":{},"#, OrNull(trial.map(TrialJson)))?;
        write!(f, r#""last":{},"#, OrNull(last.map(LastJson)))?;
        write!(f, r#""signed_by":{},"#, OrNull(signers(keys)))?;
        write!(f, r#""lowest_sequence":{},"#, OrNull(*lowest_sequence))?;
        let refused = refused.map(|refused| RefusedJson(refused, self.now_ms));
        write!(f, r#""refused":{},"#, OrNull(refused))?;
        let [www0, www1] = Slot::ALL.map(|slot| SlotJson(self.status, slot));
        write!(f, r#""slots":[{www0},{www1}],"#)?;
        write!(f, r#""upload":{},"#, OrNull(upload.map(UploadJson)))?;
        write!(f, r#""fault":{}}}"#, OrNull(fault.as_ref().map(Str)))
    }
}

/// The keys whose frontends are taken; `None`: anyone's are.
fn signers(keys: &'static [PublicKey]) -> Option<KeysJson> {
    (!keys.is_empty()).then_some(KeysJson(keys))
}

struct KeysJson(&'static [PublicKey]);

impl fmt::Display for KeysJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, key) in self.0.iter().enumerate() {
            let before = if at == 0 { '[' } else { ',' };
            write!(f, r#"{before}"{}""#, key.id())?;
        }
        f.write_str("]")
    }
}

struct TrialJson(TrialStatus);

impl fmt::Display for TrialJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TrialStatus {
            confirmer,
            seconds_left,
            boots_left,
        } = self.0;
        let confirm = confirm(confirmer);
        write!(
            f,
            r#"{{"confirm":"{confirm}","seconds_left":{seconds_left},"boots_left":{boots_left}}}"#
        )
    }
}

const fn confirm(confirmer: Confirmer) -> &'static str {
    match confirmer {
        Confirmer::Device => "device",
        Confirmer::Client { .. } => "client",
    }
}

struct LastJson(Last);

impl fmt::Display for LastJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Last { outcome, from, to } = self.0;
        write!(f, r#"{{"outcome":"{}","#, outcome.name())?;
        write!(f, r#""reason":{},"#, OrNull(outcome.reason().map(Str)))?;
        write!(f, r#""from":{},"to":{}}}"#, from.number(), to.number())
    }
}

/// At this time.
struct RefusedJson(Refused, u64);

impl fmt::Display for RefusedJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(Refused { count, last, at_ms }, now_ms) = *self;
        let age_ms = now_ms.saturating_sub(at_ms);
        write!(
            f,
            r#"{{"count":{count},"last":"{last}","age_ms":{age_ms}}}"#
        )
    }
}

/// The slot with this number.
struct SlotJson<'a>(&'a Status, Slot);

impl fmt::Display for SlotJson<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(status, number) = *self;
        let slot = &status.slots[number.index()];
        let SlotStatus {
            slot: _,
            label,
            size,
            content: _,
        } = slot;
        write!(
            f,
            r#"{{"label":{},"size":{size},"used":{},"valid":{},"#,
            Str(label),
            slot.used(),
            slot.is_valid()
        )?;
        write!(f, r#""version":{},"#, OrNull(slot.version().map(Str)))?;
        let about = slot.about();
        let build = about.and_then(|about| about.build);
        write!(f, r#""build":{},"#, OrNull(build.map(Str)))?;
        let api = about.map(|about| RangeJson(about.api_min, about.api_max));
        write!(f, r#""api":{},"#, OrNull(api))?;
        let sequence = about.map(|about| about.sequence);
        write!(f, r#""sequence":{},"#, OrNull(sequence))?;
        let signer = status.signer(number);
        write!(f, r#""signer":{},"#, OrNull(signer.map(Str)))?;
        let sha256 = slot.sha256().map(|bytes| Hex(bytes));
        write!(f, r#""sha256":{},"#, OrNull(sha256))?;
        write!(f, r#""problem":{}}}"#, OrNull(slot.problem().map(Str)))
    }
}

/// Lowest and highest.
struct RangeJson(u16, u16);

impl fmt::Display for RangeJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(lowest, highest) = self;
        write!(f, "[{lowest},{highest}]")
    }
}

struct UploadJson(Progress);

impl fmt::Display for UploadJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Progress {
            phase,
            received,
            written,
            total,
        } = self.0;
        write!(f, r#"{{"phase":"{}","received":{received},"#, phase.name())?;
        write!(f, r#""written":{written},"total":{total}}}"#)
    }
}

/// A change of slot that was made.
pub(crate) enum Changed {
    /// A new frontend was uploaded.
    Frontend(Done),
    /// The device goes back to this slot.
    Back(Slot),
}

/// What a change that restarts the device is answered with.
pub(crate) struct RestartJson {
    pub(crate) changed: Changed,
    pub(crate) reboot_ms: u32,
}

impl fmt::Display for RestartJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.changed {
            Changed::Frontend(Done {
                slot,
                bytes,
                sectors,
                version,
                sha256,
                confirmer,
            }) => {
                write!(f, r#"{{"slot":{},"bytes":{bytes},"#, slot.number())?;
                let (written, same) = (sectors.written, sectors.same);
                write!(f, r#""sectors":{{"written":{written},"same":{same}}},"#)?;
                write!(f, r#""version":{},"#, OrNull(version.as_ref().map(Str)))?;
                write!(
                    f,
                    r#""sha256":{},"confirm":"{}","#,
                    Hex(sha256),
                    confirm(*confirmer)
                )?;
            }
            Changed::Back(slot) => write!(f, r#"{{"slot":{},"#, slot.number())?,
        }
        write!(f, r#""reboot_ms":{}}}"#, self.reboot_ms)
    }
}

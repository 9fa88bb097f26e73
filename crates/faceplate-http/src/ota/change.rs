//! Changes of the frontend: upload, confirm, roll back.

use core::pin::pin;

use embedded_io_async::{Read, Write};
use faceplate::{
    Confirmer, media, patch,
    update::{Done, Upload},
};

use super::{
    confirmation,
    documents::{Changed, RestartJson},
};
use crate::{
    App, Device, UpdateEvent,
    back::switch_back,
    command::{Terms, command, empty_object, guarded, proceed},
    http::{
        head::{Head, Method},
        rx::Body,
        tx::{JSON, Tx},
    },
    limits::JSON_MAX,
    password::Leave,
    problem::{Failed, Gone, Refusal},
    route::Resource,
};

/// A change that may be made, as far as the head of its request tells.
pub(crate) enum Change {
    /// A new frontend comes.
    Upload {
        /// Bytes of it, the image or the patch.
        total: u32,
        /// Whether it comes as a patch.
        patched: bool,
        /// Who says that it works.
        confirmer: Confirmer,
    },
    /// The frontend on trial works.
    Confirm,
    /// Back to the other slot.
    Rollback,
}

impl Change {
    /// An upload, if its head is right.
    pub(crate) fn upload(head: &Head<'_>) -> Result<Self, Refusal> {
        let patched = head.method == Method::Patch;
        let media_type = if patched {
            patch::MEDIA_TYPE
        } else {
            media::UNKNOWN
        };
        let length = guarded(head, media_type)?;
        Ok(Self::Upload {
            patched,
            // What is beyond counts is beyond every slot, too.
            total: u32::try_from(length).unwrap_or(u32::MAX),
            confirmer: confirmer(head.query).map_err(Refusal::Query)?,
        })
    }

    /// A confirmation, if its head is right.
    pub(crate) fn confirm(head: &Head<'_>) -> Result<Self, Refusal> {
        command(head, JSON_MAX).map(|()| Self::Confirm)
    }

    /// A rollback, if its head is right.
    pub(crate) fn rollback(head: &Head<'_>) -> Result<Self, Refusal> {
        command(head, JSON_MAX).map(|()| Self::Rollback)
    }

    /// Makes the change and answers, or gives what answers, or tells why not.
    pub(crate) async fn run<D: Device, A: App, R: Read, W: Write>(
        self,
        device: &D,
        app: &A,
        body: &mut Body<'_, '_, D, R>,
        tx: &mut Tx<'_, D, W>,
        Terms {
            leave,
            may_go_on,
            waits,
        }: Terms,
    ) -> Result<Option<Resource>, Failed> {
        // As below, each step is pinned, and gone before its result is kept.
        let changed = match self {
            Self::Upload {
                total,
                patched,
                confirmer,
            } => {
                let upload = match patched {
                    false => device.engine().begin(total, confirmer),
                    true => device.engine().begin_patch(body.total(), confirmer),
                };
                let upload = upload.map_err(Refusal::Begin)?;
                app.may_update().map_err(Refusal::NotNow)?;
                // At once: nothing may come between the firmware's consent and the begin.
                let told = Told::begin(app, total);
                proceed(waits, body, tx).await?;
                let done = pin!(receive(app, upload, body, leave)).await;
                let done = done?;
                told.restarts();
                Changed::Frontend(done)
            }
            Self::Confirm => {
                proceed(waits, body, tx).await?;
                let text = body.whole(JSON_MAX).await?;
                leave.holds(app)?;
                let build = confirmation::parse(text).map_err(Refusal::from)?;
                if may_go_on {
                    tx.keep_open();
                }
                let confirmed = device.engine().confirm(build);
                confirmed.map_err(Refusal::Confirm)?;
                return Ok(Some(Resource::Status));
            }
            Self::Rollback => {
                proceed(waits, body, tx).await?;
                empty_object(body).await?;
                leave.holds(app)?;
                if may_go_on {
                    tx.keep_open();
                }
                let back = pin!(switch_back(device, app)).await;
                Changed::Back(back.map_err(Refusal::from)?)
            }
        };
        pin!(restart(device, app, tx, changed)).await?;
        Ok(None)
    }
}

/// Who confirms, as the query of an upload says. What is not understood is an error: a misspelt
/// wish for a trial must not become an upload without one.
fn confirmer(query: &str) -> Result<Confirmer, &'static str> {
    let (mut confirm, mut within) = (None, None);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let twice = match key {
            "confirm" => confirm.replace(value).is_some(),
            "within" => within.replace(value).is_some(),
            _ => return Err("the query takes confirm and within"),
        };
        if twice {
            return Err("confirm and within may each be there once");
        }
    }
    match (confirm, within) {
        (None | Some("device"), None) => Ok(Confirmer::Device),
        (None | Some("device"), Some(_)) => Err("within goes with confirm=client"),
        (Some("client"), None) => Ok(Confirmer::Client {
            within_s: Confirmer::DEFAULT_WITHIN_S,
        }),
        (Some("client"), Some(within)) => within
            .parse()
            .ok()
            .filter(|within_s| {
                within.bytes().all(|byte| byte.is_ascii_digit())
                    && Confirmer::WITHIN_S.contains(within_s)
            })
            .map(|within_s| Confirmer::Client { within_s })
            .ok_or("within is 10 to 3600 seconds"),
        (Some(_), _) => Err("confirm is client or device"),
    }
}

async fn receive<D: Device, A: App, R: Read>(
    app: &A,
    mut upload: Upload<'_, D::Flash, D::Nvs>,
    body: &mut Body<'_, '_, D, R>,
    leave: Leave,
) -> Result<Done, Refusal> {
    loop {
        let chunk = body.chunk().await?;
        let n = chunk.len();
        if n == 0 {
            break;
        }
        let before = upload.received();
        let written = upload.write(chunk).await;
        body.consume(n);
        written?;
        // What is copied on flash takes time that is not the client's.
        let copied = u64::from(upload.received() - before).saturating_sub(n as u64);
        body.earn(copied);
        app.on_update(UpdateEvent::Progress {
            received: body.received(),
            total: body.total(),
        });
    }
    // Pinned, it is not on the stack; and it is gone before its result is kept, or each connection would
    // have room for both.
    let checked = pin!(upload.finish(body.digest())).await;
    let checked = checked?;
    // Who cancels when everything is under way can only hang up.
    if body.is_abandoned().await {
        return Err(Refusal::ClosedEarly);
    }
    leave.holds(app)?;
    Ok(checked.activate()?)
}

/// What the firmware was told of an upload: whatever becomes of it, its end is told, too.
struct Told<'a, A: App>(Option<&'a A>);

impl<'a, A: App> Told<'a, A> {
    fn begin(app: &'a A, total: u32) -> Self {
        app.on_update(UpdateEvent::Began { total });
        Self(Some(app))
    }

    /// The upload succeeded: what comes is a restart.
    fn restarts(mut self) {
        self.0 = None;
    }
}

impl<A: App> Drop for Told<'_, A> {
    fn drop(&mut self) {
        if let Some(app) = self.0 {
            app.on_update(UpdateEvent::Failed);
        }
    }
}

/// Answers that the device restarts, and lets it.
async fn restart<D: Device, A: App, W: Write>(
    device: &D,
    app: &A,
    tx: &mut Tx<'_, D, W>,
    changed: Changed,
) -> Result<(), Gone> {
    let reboot_ms = device.limits().reboot_ms;
    let status = match changed {
        Changed::Frontend(_) => 200,
        Changed::Back(_) => 202,
    };
    tx.close();
    // The choice is made, whether the client is still there to hear of it or not; and whatever
    // becomes of this connection, the restart must not be lost with it.
    let write_stall_ms = u32::try_from(device.limits().write_stall_ms).unwrap_or(u32::MAX);
    device.reboot_in(reboot_ms.saturating_add(write_stall_ms));
    app.on_update(UpdateEvent::Restarting { in_ms: reboot_ms });
    let sent = tx
        .text(status, &JSON, &RestartJson { changed, reboot_ms })
        .await;
    device.reboot_in(reboot_ms);
    sent
}

#[cfg(test)]
mod tests {
    use embassy_futures::{block_on, poll_once};
    use faceplate::Slot;

    use super::*;
    use crate::{
        fake::{Deaf, FakeDevice},
        http::tx::Framing,
    };

    #[test]
    fn the_device_restarts_also_when_nobody_takes_the_answer() {
        for client in [Deaf::Broken, Deaf::Silent] {
            let device = FakeDevice::new();
            let mut buf = [0; 1460];
            let mut framing = Framing::UNKNOWN;
            let mut tx = Tx::new(&device, client, &mut buf, &mut framing);
            let sent = block_on(restart(&device, &(), &mut tx, Changed::Back(Slot::Www0)));
            assert_eq!(sent, Err(Gone));
            assert_eq!(device.reboots.take(), [10_500, 500]);
        }
    }

    #[test]
    fn the_device_restarts_also_when_the_connection_is_dropped() {
        let mut device = FakeDevice::new();
        device.frozen = true;
        let mut buf = [0; 1460];
        let mut framing = Framing::UNKNOWN;
        let mut tx = Tx::new(&device, Deaf::Silent, &mut buf, &mut framing);
        let answer = restart(&device, &(), &mut tx, Changed::Back(Slot::Www0));
        assert!(poll_once(answer).is_pending());
        assert_eq!(device.reboots.take(), [10_500]);
    }

    #[test]
    fn the_query_says_who_confirms() {
        let client = |within_s| Ok(Confirmer::Client { within_s });
        for (query, want) in [
            ("", Ok(Confirmer::Device)),
            ("confirm=device", Ok(Confirmer::Device)),
            ("confirm=client", client(Confirmer::DEFAULT_WITHIN_S)),
            ("confirm=client&within=10", client(10)),
            ("within=3600&confirm=client", client(3600)),
            ("&confirm=client&", client(Confirmer::DEFAULT_WITHIN_S)),
        ] {
            assert_eq!(confirmer(query), want, "{query}");
        }
    }

    #[test]
    fn a_query_that_is_not_understood_is_an_error() {
        for query in [
            "confirm",
            "confirm=",
            "confirm=me",
            "confrim=client",
            "confirm=client&confirm=client",
            "confirm=client&within=9",
            "confirm=client&within=3601",
            "confirm=client&within=+60",
            "confirm=client&within=1e2",
            "confirm=client&within=",
            "confirm=client&within=99999999999",
            "confirm=device&within=60",
            "within=60",
            "=",
        ] {
            assert!(confirmer(query).is_err(), "{query}");
        }
    }
}

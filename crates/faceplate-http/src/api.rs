//! The API: status, upload, confirm, roll back; and which Wi-Fi to join.

use embedded_io_async::{Read, Write};
use faceplate::{
    BeginError, Confirmer,
    update::{Done, Phase, Upload},
};

use crate::{
    Device, confirmation,
    credentials::Credentials,
    digest::content_digest,
    documents::{Changed, JoiningJson, RestartJson, StatusJson, WifiJson},
    guard::check_media_type,
    head::{Expect, Head},
    limits::{JSON_MAX, SEND_BUFFER, WIFI_JSON_MAX},
    networks,
    problem::{Failed, Refusal},
    rx::Body,
    tx::{Gone, Header, Tx},
    wifi::Ssid,
};

/// Headers of an answer that is true only now.
pub(crate) const JSON: [Header<'_>; 2] = [
    ("Content-Type", &"application/json"),
    ("Cache-Control", &"no-store"),
];

/// Answers with the status.
pub(crate) async fn status<D: Device, W: Write>(
    device: &D,
    tx: &mut Tx<'_, D, W>,
) -> Result<(), Gone> {
    let now_ms = device.now_ms();
    let status = device.engine().status(now_ms);
    tx.text(
        200,
        &JSON,
        &StatusJson {
            info: device.info(),
            now_ms,
            wifi: device.wifi().is_some(),
            status: &status,
        },
    )
    .await
}

/// Answers with how the Wi-Fi stands.
pub(crate) async fn wifi<D: Device, W: Write>(
    device: &D,
    tx: &mut Tx<'_, D, W>,
) -> Result<(), Failed> {
    let status = device.wifi().ok_or(Refusal::NoSuchApi)?.status();
    let name = device.info().name;
    Ok(tx.text(200, &JSON, &WifiJson { status, name }).await?)
}

/// A change that may be made, as far as the head of its request tells.
pub(crate) enum Change {
    /// A new frontend comes.
    Upload {
        /// Bytes of the image.
        total: u32,
        /// Who says that it works.
        confirmer: Confirmer,
        /// The SHA-256 that it must have.
        digest: Option<[u8; 32]>,
    },
    /// The frontend on trial works.
    Confirm,
    /// Back to the other slot.
    Rollback,
    /// Into another Wi-Fi.
    Wifi,
    /// Look for networks.
    Look,
}

impl Change {
    /// An upload, if its head is right.
    pub(crate) fn upload(head: &Head<'_>) -> Result<Self, Refusal> {
        let length = guarded(head, "application/octet-stream")?;
        Ok(Self::Upload {
            // What is beyond counts is beyond every slot, too.
            total: u32::try_from(length).unwrap_or(u32::MAX),
            confirmer: confirmer(head.query).map_err(Refusal::Query)?,
            digest: content_digest(head)?,
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

    /// Another Wi-Fi, if its head is right.
    pub(crate) fn wifi(head: &Head<'_>) -> Result<Self, Refusal> {
        command(head, WIFI_JSON_MAX).map(|()| Self::Wifi)
    }

    /// A search for networks, if its head is right.
    pub(crate) fn look(head: &Head<'_>) -> Result<Self, Refusal> {
        command(head, JSON_MAX).map(|()| Self::Look)
    }

    /// Makes the change and answers, or tells why not. `waits`: the client sends its body only
    /// when it is told to.
    pub(crate) async fn run<D: Device, R: Read, W: Write>(
        self,
        device: &D,
        body: &mut Body<'_, '_, D, R>,
        tx: &mut Tx<'_, D, W>,
        may_go_on: bool,
        waits: bool,
    ) -> Result<(), Failed> {
        let changed = match self {
            Self::Upload {
                total,
                confirmer,
                digest,
            } => {
                let upload = device
                    .engine()
                    .begin(total, confirmer)
                    .map_err(Refusal::Begin)?;
                proceed(waits, body, tx).await?;
                Changed::Frontend(receive::<D, R>(upload, body, digest).await?)
            }
            Self::Confirm => {
                proceed(waits, body, tx).await?;
                let text = json(body, tx.scratch(), JSON_MAX).await?;
                let build = confirmation::parse(text).map_err(Refusal::from)?;
                if may_go_on {
                    tx.keep_open();
                }
                let confirmed = device.engine().confirm(build);
                confirmed.map_err(Refusal::Confirm)?;
                return Ok(status(device, tx).await?);
            }
            Self::Rollback => {
                proceed(waits, body, tx).await?;
                empty_object(body, tx.scratch()).await?;
                if may_go_on {
                    tx.keep_open();
                }
                let slot = device.engine().rollback().await;
                Changed::Back(slot.map_err(Refusal::Rollback)?)
            }
            Self::Wifi => {
                proceed(waits, body, tx).await?;
                let text = json(body, tx.scratch(), WIFI_JSON_MAX).await?;
                let ssid = join(device, text)?;
                let name = device.info().name;
                return Ok(tx.text(202, &JSON, &JoiningJson { ssid, name }).await?);
            }
            Self::Look => {
                proceed(waits, body, tx).await?;
                empty_object(body, tx.scratch()).await?;
                if may_go_on {
                    tx.keep_open();
                }
                look(device)?;
                return networks::tell(device, tx, 202).await;
            }
        };
        Ok(restart(device, tx, changed).await?)
    }
}

/// Lets a client that waits for a word send its body.
async fn proceed<D: Device, R: Read, W: Write>(
    waits: bool,
    body: &Body<'_, '_, D, R>,
    tx: &mut Tx<'_, D, W>,
) -> Result<(), Gone> {
    if waits && !body.has_begun() {
        tx.proceed().await?;
    }
    Ok(())
}

/// Checks what all changes have in common, but for their origin; returns the length of the body.
fn guarded(head: &Head<'_>, media_type: &'static str) -> Result<u64, Refusal> {
    check_media_type(head, media_type)?;
    match (head.content_length, head.expect) {
        (None, _) => Err(Refusal::LengthRequired),
        (_, Expect::Unknown) => Err(Refusal::Expectation),
        (Some(length), _) => Ok(length),
    }
}

fn command(head: &Head<'_>, max: usize) -> Result<(), Refusal> {
    match guarded(head, "application/json")? {
        length if length > max as u64 => Err(Refusal::JsonTooLong { max }),
        _ => Ok(()),
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

async fn receive<D: Device, R: Read>(
    mut upload: Upload<'_, D::Flash, D::Nvs>,
    body: &mut Body<'_, '_, D, R>,
    digest: Option<[u8; 32]>,
) -> Result<Done, Refusal> {
    loop {
        let chunk = body.chunk().await?;
        let n = chunk.len();
        if n == 0 {
            break;
        }
        let written = upload.write(chunk).await;
        body.consume(n);
        written?;
    }
    let checked = upload.finish(digest).await?;
    // Who cancels when everything is under way can only hang up.
    if body.is_abandoned().await {
        return Err(Refusal::ClosedEarly);
    }
    Ok(checked.activate()?)
}

/// Reads the body of a command without words: `{}`.
async fn empty_object<D: Device, R: Read>(
    body: &mut Body<'_, '_, D, R>,
    buf: &mut [u8],
) -> Result<(), Refusal> {
    let inner = json(body, buf, JSON_MAX)
        .await?
        .trim_ascii()
        .strip_prefix(b"{")
        .and_then(|rest| rest.strip_suffix(b"}"));
    match inner {
        Some(inner) if inner.trim_ascii().is_empty() => Ok(()),
        _ => Err(Refusal::Body("the body must be {}")),
    }
}

// A body of JSON is read into the buffer of the answer, which comes later: no memory of its own.
const _: () = assert!(JSON_MAX <= SEND_BUFFER && WIFI_JSON_MAX <= SEND_BUFFER);

/// Reads a body of up to `max` bytes, which `buf` has room for.
async fn json<'b, D: Device, R: Read>(
    body: &mut Body<'_, '_, D, R>,
    buf: &'b mut [u8],
    max: usize,
) -> Result<&'b [u8], Refusal> {
    let mut len = 0;
    loop {
        let chunk = body.chunk().await?;
        let n = chunk.len();
        if n == 0 {
            return Ok(&buf[..len]);
        }
        buf.get_mut(len..len + n)
            .filter(|_| len + n <= max)
            .ok_or(Refusal::JsonTooLong { max })?
            .copy_from_slice(chunk);
        body.consume(n);
        len += n;
    }
}

/// Tells the Wi-Fi to join the network that `body` names; returns its name.
///
/// Also during a trial: its time and its way back do not depend on the network. But an upload would
/// be cut off.
fn join<D: Device>(device: &D, body: &[u8]) -> Result<Ssid, Refusal> {
    let wifi = device.wifi().ok_or(Refusal::NoSuchApi)?;
    let Credentials { ssid, pass } = Credentials::parse(body)?;
    no_upload(device)?;
    wifi.join(&ssid, &pass).map_err(Refusal::Wifi)?;
    Ok(ssid)
}

/// Tells the Wi-Fi to look for networks. During an upload it may not: the radio leaves the channel
/// that the upload comes by.
fn look<D: Device>(device: &D) -> Result<(), Refusal> {
    let wifi = device.wifi().ok_or(Refusal::NoSuchApi)?;
    no_upload(device)?;
    wifi.look();
    Ok(())
}

fn no_upload<D: Device>(device: &D) -> Result<(), Refusal> {
    match device.engine().status(device.now_ms()).upload {
        None => Ok(()),
        Some(upload) if upload.phase == Phase::Restarting => {
            Err(Refusal::Begin(BeginError::Restarting))
        }
        Some(_) => Err(Refusal::Uploading),
    }
}

/// Answers that the device restarts, and lets it.
async fn restart<D: Device, W: Write>(
    device: &D,
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
    use crate::fake::{Deaf, FakeDevice};

    #[test]
    fn the_device_restarts_also_when_nobody_takes_the_answer() {
        for client in [Deaf::Broken, Deaf::Silent] {
            let device = FakeDevice::new();
            let mut buf = [0; 1460];
            let mut tx = Tx::new(&device, client, &mut buf);
            let sent = block_on(restart(&device, &mut tx, Changed::Back(Slot::Www0)));
            assert_eq!(sent, Err(Gone));
            assert_eq!(device.reboots.take(), [10_500, 500]);
        }
    }

    #[test]
    fn the_device_restarts_also_when_the_connection_is_dropped() {
        let mut device = FakeDevice::new();
        device.frozen = true;
        let mut buf = [0; 1460];
        let mut tx = Tx::new(&device, Deaf::Silent, &mut buf);
        let answer = restart(&device, &mut tx, Changed::Back(Slot::Www0));
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

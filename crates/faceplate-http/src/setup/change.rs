//! Choosing another Wi-Fi, and looking for networks.

use embedded_io_async::{Read, Write};
use faceplate::{BeginError, update::Phase};

use super::{
    credentials::Credentials,
    documents::{JoiningJson, WifiJson},
};
use crate::{
    App, Device,
    command::{Terms, command, empty_object, proceed},
    http::{
        head::Head,
        rx::Body,
        tx::{JSON, Tx},
    },
    limits::{JSON_MAX, WIFI_JSON_MAX},
    problem::{Failed, Refusal},
    route::Resource,
    wifi::Ssid,
};

/// A change that may be made, as far as the head of its request tells.
pub(crate) enum Change {
    /// Into another Wi-Fi.
    Join,
    /// Look for networks.
    Look,
}

impl Change {
    /// Another Wi-Fi, if its head is right.
    pub(crate) fn join(head: &Head<'_>) -> Result<Self, Refusal> {
        command(head, WIFI_JSON_MAX).map(|()| Self::Join)
    }

    /// A search for networks, if its head is right.
    pub(crate) fn look(head: &Head<'_>) -> Result<Self, Refusal> {
        command(head, JSON_MAX).map(|()| Self::Look)
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
        proceed(waits, body, tx).await?;
        match self {
            Self::Join => {
                let text = body.whole(WIFI_JSON_MAX).await?;
                leave.holds(app)?;
                let ssid = join(device, text)?;
                let name = device.info().name;
                tx.text(202, &JSON, &JoiningJson { ssid, name }).await?;
                Ok(None)
            }
            Self::Look => {
                empty_object(body).await?;
                leave.holds(app)?;
                if may_go_on {
                    tx.keep_open();
                }
                look(device)?;
                Ok(Some(Resource::Networks(202)))
            }
        }
    }
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

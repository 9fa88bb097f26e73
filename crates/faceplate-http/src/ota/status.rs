//! `GET /api/ota/status`.

use embedded_io_async::Write;

use super::documents::StatusJson;
use crate::{
    Device,
    http::tx::{JSON, Tx},
    problem::Gone,
};

/// Answers with the status.
pub(crate) async fn tell<D: Device, W: Write>(
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

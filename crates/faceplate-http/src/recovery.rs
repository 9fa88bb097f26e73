//! The page that is always there: compiled into the firmware, it shows the status and takes an
//! upload, whatever the slots hold.

use embedded_io_async::Write;

use crate::{
    Device,
    tx::{Gone, Tx},
};

/// The page: one file that loads nothing else, made and tested where all web pages are.
const PAGE: &str = include_str!("../../../web/recovery/recovery.html");

/// Answers with the page.
///
/// The status is 200 also where it stands in for a missing frontend: it is a working page, and
/// some browsers and captive portals hide the body of an error. Programs ask the status API.
pub(crate) async fn page<D: Device, W: Write>(tx: &mut Tx<'_, D, W>) -> Result<(), Gone> {
    let headers: [crate::tx::Header<'_>; 4] = [
        ("Content-Type", &"text/html; charset=utf-8"),
        ("Cache-Control", &"no-store"),
        // Its buttons change things: no other page may show it in a frame and guide clicks.
        ("X-Frame-Options", &"DENY"),
        (
            "Content-Security-Policy",
            &"default-src 'self' 'unsafe-inline'; img-src data:; frame-ancestors 'none'",
        ),
    ];
    tx.text(200, &headers, &PAGE).await
}

//! The pages that are always there: compiled into the firmware, whatever the slots hold.

use core::fmt;

use embedded_io_async::Write;

use crate::{Device, http::tx::Tx, problem::Gone};

/// The recovery page, which shows the status and takes an upload: one file that loads nothing else,
/// made and tested where all web pages are.
pub(crate) const RECOVERY: &str = include_str!("../../../web/recovery/recovery.html");

/// The page that tells the device which Wi-Fi to join; of the same kind.
pub(crate) const WIFI: &str = include_str!("../../../web/recovery/wifi.html");

/// What every address in a page is relative to, as the pages have it.
const BASE: &str = "<base href=\"./\">";

/// A page for the path that it was asked for by: in place of a missing frontend that is any, and how a proxy calls
/// what is above it is not known here. So the way up is written into the page.
struct At<'a> {
    page: &'static str,
    path: &'a str,
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let depth = self.path.matches('/').count().saturating_sub(1);
        let Some((before, after)) = self.page.split_once(BASE).filter(|_| depth > 0) else {
            return f.write_str(self.page);
        };
        write!(f, "{before}<base href=\"")?;
        for _ in 0..depth {
            f.write_str("../")?;
        }
        write!(f, "\">{after}")
    }
}

/// Answers with one of the pages; `path` is that of the request, as it came.
///
/// The status is 200 also where the recovery page stands in for a missing frontend: it is a working page, and
/// some browsers and captive portals hide the body of an error. Programs ask the status API.
pub(crate) async fn page<D: Device, W: Write>(
    tx: &mut Tx<'_, D, W>,
    page: &'static str,
    path: &str,
) -> Result<(), Gone> {
    let headers: [crate::http::tx::Header<'_>; 4] = [
        ("Content-Type", &"text/html; charset=utf-8"),
        ("Cache-Control", &"no-store"),
        // Its buttons change things: no other page may show it in a frame and guide clicks.
        ("X-Frame-Options", &"DENY"),
        (
            "Content-Security-Policy",
            &"default-src 'self' 'unsafe-inline'; img-src data:; frame-ancestors 'none'",
        ),
    ];
    tx.text(200, &headers, &At { page, path }).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_in_a_page_are_relative_to_the_top_wherever_it_is() {
        for page in [RECOVERY, WIFI] {
            assert_eq!(page.matches("<base").count(), 1);
            for (path, base) in [
                ("/", "./"),
                ("/recovery", "./"),
                ("/recovery/", "../"),
                ("/recovery/wifi", "../"),
                ("/recovery/wifi/", "../../"),
                ("/a/b%2Fc/d", "../../"),
            ] {
                let shown = std::format!("{}", At { page, path });
                let wanted = page.replace(BASE, &std::format!("<base href=\"{base}\">"));
                assert_eq!(shown, wanted, "{path}");
            }
        }
    }
}

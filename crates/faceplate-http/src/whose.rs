//! Which paths are Faceplate's, whatever else is served beside it.

use core::iter::from_fn;

use crate::http::head::split_target;

/// They and all that is below them, decoded and without the `/` at the start. Neither a file nor a
/// firmware's route can be called so.
pub(crate) const OURS: [&str; 3] = ["api/ota", "api/wifi", "recovery"];

/// Whether a request target (or a path), as it came, is Faceplate's and must be handed to it:
/// `/api/ota/…`, `/api/wifi…`, `/recovery…`, however it is spelt.
///
/// The files are Faceplate's, too, but the other server decides which paths they have: all that it does
/// not know itself.
pub fn is_faceplates(target: &str) -> bool {
    let path = split_target(target).and_then(|(_, rest)| {
        let path = rest.split('?').next()?;
        path.strip_prefix('/')
    });
    path.is_some_and(|path| OURS.iter().any(|top| is_below(path, top)))
}

/// Whether a path that is not decoded is `top`, or below it.
fn is_below(path: &str, top: &str) -> bool {
    let mut path = decoded(path);
    top.bytes().all(|byte| path.next() == Some(byte)) && matches!(path.next(), None | Some(b'/'))
}

/// It ends with what is no escape: that is refused by who is asked for it.
fn decoded(path: &str) -> impl Iterator<Item = u8> {
    let mut bytes = path.bytes();
    from_fn(move || match bytes.next()? {
        b'%' => {
            let mut digit = || char::from(bytes.next()?).to_digit(16);
            Some((digit()? << 4 | digit()?) as u8)
        }
        byte => Some(byte),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_are_known_in_every_spelling() {
        for target in [
            "/api/ota",
            "/api/ota/",
            "/api/ota/status",
            "/api/ota/frontend?confirm=client&within=60",
            "/api/ota?x",
            "/%61pi/ot%61/status",
            "/api%2Fota",
            "/api%2fota%2Fstatus",
            "http://provider.local/api/ota/status",
            "HTTP://provider/recovery?x",
            "/api/wifi",
            "/api/wifi/networks",
            "/recovery",
            "/recovery/wifi",
            "/recovery/%zz",
            "/recovery%",
        ] {
            assert!(is_faceplates(target), "{target}");
        }
    }

    #[test]
    fn what_only_looks_like_it_is_not() {
        for target in [
            "",
            "*",
            "/",
            "/api",
            "/api/",
            "/api/otaku",
            "/api/lamp?/api/ota/status",
            "//api/ota",
            "/API/OTA",
            "/api/%6",
            "/api/wifis",
            "/x/recovery",
            "api/ota",
            "http://api/ota",
            "https://provider.local/recovery",
        ] {
            assert!(!is_faceplates(target), "{target}");
        }
    }
}

//! Whether a name looks like one that changes with the content, where nothing else tells.

use faceplate::media;

/// SvelteKit names nothing in here without a hash.
const SVELTEKIT: &str = "_app/immutable/";

/// Whether the content behind this name can never change, so that a browser need not ask again.
///
/// For images without marks, whose packer did not say it. A wrong yes shows an old file for a year, a wrong no costs one short request: in doubt it is no.
pub(crate) fn is_immutable(path: &str) -> bool {
    if path.starts_with(SVELTEKIT) {
        return true;
    }
    // Where Vite puts what it names so.
    let Some(path) = path.strip_prefix("assets/") else {
        return false;
    };
    let name = path.rsplit('/').next().unwrap_or(path);
    let Some((mut stem, _)) = name.rsplit_once('.') else {
        return false;
    };
    // `index-BkD3x9Qz.js.map` has two extensions.
    while let Some((shorter, _)) = stem
        .rsplit_once('.')
        .filter(|(_, last)| media::by_extension(last).is_some())
    {
        stem = shorter;
    }
    // `index-BkD3x9Qz` and `main.3f2a9c1b`: bundlers put the hash last.
    stem.rsplit_once(['-', '.'])
        .is_some_and(|(_, last)| looks_random(last))
}

/// Whether this is a hash and not a word, a date, a size or a number. People write such words,
/// too, but hardly ever by chance: exactly eight characters of base64url (the default of Vite and
/// Rollup) of all three kinds, with a digit in front of a letter; or at least eight lower-case
/// hexadecimal characters, digits and letters (the default of others).
fn looks_random(part: &str) -> bool {
    let bytes = part.as_bytes();
    let any = |is: fn(&u8) -> bool| bytes.iter().any(is);
    let all = |is: fn(&u8) -> bool| bytes.iter().all(is);
    if bytes.len() >= 8 && all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return any(u8::is_ascii_digit) && any(u8::is_ascii_lowercase);
    }
    // Names that people give end in their number: `Version2`.
    let digit_first = bytes
        .windows(2)
        .any(|pair| pair[0].is_ascii_digit() && pair[1].is_ascii_alphabetic());
    bytes.len() == 8
        && all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        && any(u8::is_ascii_lowercase)
        && any(u8::is_ascii_uppercase)
        && digit_first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashed_names_never_change() {
        for path in [
            "assets/index-BkD3x9Qz.js",
            "assets/index-4sK_8xAB.css",
            "assets/main.3f2a9c1b.js",
            "assets/sub/app-4f3a2b1c.js.map",
            "assets/inter-latin-400-normal-C38fXH4l.woff2",
            "assets/app-4f3a2b1c.js.gz",
            "assets/app-3f2a9c1b4d5e6f70.css",
            "_app/immutable/entry/start.js",
        ] {
            assert!(is_immutable(path), "{path}");
        }
    }

    #[test]
    fn names_that_people_give_may_change() {
        for path in [
            "index.html",
            "index-BkD3x9Qz.js",
            "assets/logo.png",
            "assets/appStoreBadge.png",
            "assets/DeviceStatusIcon.svg",
            "assets/Version2.js",
            "assets/iPhone15Pro.png",
            "assets/logo-Version2.png",
            "assets/jQuery3Slim.js",
            "assets/chart-Q4Report24.csv",
            "assets/UserGuideV2.pdf",
            "assets/BkD3x9Qz.js",
            "assets/BkD3x9Qz-small.js",
            "assets/index-BkD3x9Qz",
            "assets/index-BkD3x9Qzz.js",
            "assets/index-bkd3x9qz.js",
            "assets/index-BKD3X9QZ.js",
            "assets/index-3f2a9c1.js",
            "assets/index-12345678.js",
            "assets/index-abcdefab.js",
            "assets/app-settings.js",
            "assets/app-Settings.js",
            "assets/icon-FileList.svg",
            "assets/photo-20240101.jpg",
            "assets/icon-1024x768.png",
            "assets/logo-v2-small.png",
            "assets/IMG_20240101.jpg",
            "assets/decade-facade00.txt/x",
            "assets/swagger-ui-bundle.js",
            "assets/README.md",
            "_app/version.json",
        ] {
            assert!(!is_immutable(path), "{path}");
        }
    }
}

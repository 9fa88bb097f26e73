//! What a file is, by the extension of its name: one table for whoever packs it and whoever serves it.
//!
//! Every response forbids browsers to guess (`nosniff`), so that a script or a style sheet of another
//! type than its own is not run. Types are those that IANA has registered or, where it has none (NDJSON,
//! RSS, tar, 7z), what is commonly sent. A name with one of these extensions is that of a file, and
//! no route of an app.

/// What an extension says.
#[derive(Debug, PartialEq, Eq)]
pub struct MediaType {
    /// Without the dot, in lower case.
    extension: &'static str,
    /// As `Content-Type` says it; text is UTF-8.
    pub name: &'static str,
    /// Whether such files shrink well: text, and binary types that are not compressed by themselves.
    /// Never what is played: a compressed file has no parts that one can seek to.
    pub shrinks: bool,
}

const fn shrinks(extension: &'static str, name: &'static str) -> MediaType {
    MediaType {
        extension,
        name,
        shrinks: true,
    }
}

const fn packed(extension: &'static str, name: &'static str) -> MediaType {
    MediaType {
        extension,
        name,
        shrinks: false,
    }
}

/// The types, by extension.
static TYPES: &[MediaType] = &[
    packed("7z", "application/x-7z-compressed"),
    packed("aac", "audio/aac"),
    packed("apng", "image/apng"),
    shrinks("appcache", "text/cache-manifest; charset=utf-8"),
    shrinks("atom", "application/atom+xml"),
    packed("avif", "image/avif"),
    packed("bin", "application/octet-stream"),
    shrinks("bmp", "image/bmp"),
    packed("cer", "application/pkix-cert"),
    shrinks("cjs", "text/javascript; charset=utf-8"),
    packed("crt", "application/pkix-cert"),
    shrinks("css", "text/css; charset=utf-8"),
    shrinks("csv", "text/csv; charset=utf-8"),
    shrinks("cur", "image/vnd.microsoft.icon"),
    packed("dat", "application/octet-stream"),
    packed("der", "application/pkix-cert"),
    shrinks("eot", "application/vnd.ms-fontobject"),
    packed("flac", "audio/flac"),
    shrinks("geojson", "application/geo+json"),
    packed("gif", "image/gif"),
    shrinks("glb", "model/gltf-binary"),
    shrinks("gltf", "model/gltf+json"),
    packed("gz", "application/gzip"),
    packed("heic", "image/heic"),
    packed("heif", "image/heif"),
    shrinks("htm", "text/html; charset=utf-8"),
    shrinks("html", "text/html; charset=utf-8"),
    shrinks("ico", "image/vnd.microsoft.icon"),
    shrinks("ics", "text/calendar; charset=utf-8"),
    packed("jpeg", "image/jpeg"),
    packed("jpg", "image/jpeg"),
    shrinks("js", "text/javascript; charset=utf-8"),
    shrinks("json", "application/json"),
    shrinks("jsonl", "application/x-ndjson"),
    shrinks("jsonld", "application/ld+json"),
    packed("jxl", "image/jxl"),
    packed("ktx2", "image/ktx2"),
    shrinks("log", "text/plain; charset=utf-8"),
    shrinks("m3u8", "application/vnd.apple.mpegurl"),
    packed("m4a", "audio/mp4"),
    packed("m4v", "video/mp4"),
    shrinks("map", "application/json"),
    shrinks("md", "text/markdown; charset=utf-8"),
    packed("mid", "audio/midi"),
    packed("midi", "audio/midi"),
    shrinks("mjs", "text/javascript; charset=utf-8"),
    packed("mov", "video/quicktime"),
    packed("mp3", "audio/mpeg"),
    packed("mp4", "video/mp4"),
    shrinks("mpd", "application/dash+xml"),
    shrinks("mtl", "model/mtl"),
    shrinks("ndjson", "application/x-ndjson"),
    shrinks("obj", "model/obj"),
    packed("oga", "audio/ogg"),
    packed("ogg", "audio/ogg"),
    packed("ogv", "video/ogg"),
    packed("opus", "audio/ogg"),
    shrinks("otf", "font/otf"),
    packed("pdf", "application/pdf"),
    packed("pem", "application/pem-certificate-chain"),
    packed("png", "image/png"),
    shrinks("rss", "application/rss+xml"),
    shrinks("srt", "text/plain; charset=utf-8"),
    shrinks("stl", "model/stl"),
    shrinks("svg", "image/svg+xml"),
    packed("tar", "application/x-tar"),
    packed("tif", "image/tiff"),
    packed("tiff", "image/tiff"),
    shrinks("toml", "application/toml"),
    packed("ts", "video/mp2t"),
    shrinks("tsv", "text/tab-separated-values; charset=utf-8"),
    shrinks("ttc", "font/collection"),
    shrinks("ttf", "font/ttf"),
    shrinks("txt", "text/plain; charset=utf-8"),
    packed("usdz", "model/vnd.usdz+zip"),
    shrinks("vcf", "text/vcard; charset=utf-8"),
    shrinks("vtt", "text/vtt; charset=utf-8"),
    shrinks("wasm", "application/wasm"),
    packed("wav", "audio/wav"),
    packed("weba", "audio/webm"),
    packed("webm", "video/webm"),
    shrinks("webmanifest", "application/manifest+json"),
    packed("webp", "image/webp"),
    shrinks("wgsl", "text/wgsl; charset=utf-8"),
    packed("woff", "font/woff"),
    packed("woff2", "font/woff2"),
    shrinks("xhtml", "application/xhtml+xml"),
    shrinks("xml", "application/xml"),
    shrinks("xsl", "application/xslt+xml"),
    shrinks("xslt", "application/xslt+xml"),
    shrinks("yaml", "application/yaml"),
    shrinks("yml", "application/yaml"),
    packed("zip", "application/zip"),
];

/// HTML, which is also what the address of a folder leads to.
pub const HTML: &str = "text/html; charset=utf-8";
/// What a file is of which nothing is known.
pub const UNKNOWN: &str = "application/octet-stream";

/// What follows the last dot of the last name in a path.
pub fn extension(path: &str) -> Option<&str> {
    let name = path.rsplit('/').next()?;
    name.rsplit_once('.').map(|(_, extension)| extension)
}

/// The type of the file at a path, if its extension is known. Capitals do not matter.
pub fn of(path: &str) -> Option<&'static MediaType> {
    by_extension(extension(path)?)
}

/// The type that an extension says.
pub fn by_extension(extension: &str) -> Option<&'static MediaType> {
    let lower = |byte: u8| byte.to_ascii_lowercase();
    let at = TYPES.binary_search_by(|known| {
        let theirs = extension.bytes().map(lower);
        known.extension.bytes().cmp(theirs)
    });
    TYPES.get(at.ok()?)
}

impl MediaType {
    /// Whether a browser runs it as a script.
    pub fn is_script(&self) -> bool {
        self.name.starts_with("text/javascript")
    }

    /// Whether a browser takes it as a style sheet.
    pub fn is_style(&self) -> bool {
        self.name.starts_with("text/css")
    }

    /// Whether a browser shows it as a page.
    pub fn is_page(&self) -> bool {
        matches!(self.name, HTML | "application/xhtml+xml")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_for_its_search_and_written_in_lower_case() {
        for pair in TYPES.windows(2) {
            assert!(pair[0].extension < pair[1].extension, "{:?}", pair[1]);
        }
        for known in TYPES {
            assert!(
                known
                    .extension
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
            );
            assert_eq!(by_extension(known.extension), Some(known));
        }
    }

    #[test]
    fn the_last_extension_of_the_last_name_tells() {
        for (path, want) in [
            ("index.html", Some(HTML)),
            ("a/b.min.js", Some("text/javascript; charset=utf-8")),
            ("STYLE.CSS", Some("text/css; charset=utf-8")),
            ("legacy.cjs", Some("text/javascript; charset=utf-8")),
            ("font.woff2", Some("font/woff2")),
            ("app.wasm", Some("application/wasm")),
            ("site.webmanifest", Some("application/manifest+json")),
            ("subtitles.vtt", Some("text/vtt; charset=utf-8")),
            ("map.geojson", Some("application/geo+json")),
            ("log.jsonl", Some("application/x-ndjson")),
            ("config.yml", Some("application/yaml")),
            ("scene.gltf", Some("model/gltf+json")),
            ("scene.glb", Some("model/gltf-binary")),
            (".js", Some("text/javascript; charset=utf-8")),
            ("a.b/file", None),
            ("file.unknown", None),
            ("192.168.1.5", None),
            ("js", None),
            ("a.", None),
            ("", None),
        ] {
            assert_eq!(of(path).map(|found| found.name), want, "{path}");
        }
    }

    #[test]
    fn text_says_its_encoding_and_what_is_played_is_not_compressed() {
        for known in TYPES {
            let text = known.name.starts_with("text/");
            assert_eq!(text, known.name.ends_with("; charset=utf-8"), "{known:?}");
            let played = known.name.starts_with("audio/") || known.name.starts_with("video/");
            assert!(!(played && known.shrinks), "{known:?}");
            assert!(!text || known.shrinks, "{known:?}");
        }
    }
}

//! Frontends to measure with, the same on every run.

use faceplate_pack::{Gzip, Options, Packed, pack};

use crate::Result;

/// Files by path.
pub(crate) type Files = Vec<(String, Vec<u8>)>;

/// Bytes of the largest image.
pub(crate) const FULL: usize = 1 << 20;

/// Words that the scripts are made of.
const WORDS: [&str; 24] = [
    "const",
    "let",
    "return",
    "status",
    "device",
    "slot",
    "await",
    "fetch",
    "update",
    "render",
    "node",
    "value",
    "index",
    "=>",
    "===",
    "(",
    ")",
    "{",
    "}",
    "'frontend'",
    "null",
    "42",
    "1024",
    "boot",
];

/// A generator of numbers: xorshift64.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Bytes that no compression makes smaller, like a font's.
    fn noise(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next() as u8).collect()
    }

    /// Lines that look like a bundled script.
    fn script(&mut self, len: usize) -> Vec<u8> {
        let mut text = String::new();
        while text.len() < len {
            for _ in 0..12 {
                text.push_str(WORDS[(self.next() % WORDS.len() as u64) as usize]);
                text.push_str([" ", "_", ".", ""][(self.next() % 4) as usize]);
                text.push_str(&format!("{:x}", self.next() % 4096));
            }
            text.push_str(";\n");
        }
        text.into_bytes()
    }
}

/// An image of exactly [`FULL`] bytes; another `seed` shares no file with it.
pub(crate) fn full(seed: u64) -> Result<Packed> {
    let mut numbers = Numbers(seed);
    let mut files: Files = vec![("index.html".into(), numbers.script(3000))];
    for index in 0..9 {
        files.push((format!("assets/chunk-{index}.js"), numbers.script(96 << 10)));
    }
    let options = Options {
        gzip: Gzip::Never,
        ..Options::default()
    };
    // What is left of the slot after these files goes to one more, as large as fits.
    let used = pack(files.clone(), &options)?.image.len();
    let mut rest = FULL - used;
    loop {
        files.push(("assets/font.woff2".into(), numbers.noise(rest)));
        match pack(files.clone(), &options) {
            Ok(packed) if packed.image.len() == FULL => return Ok(packed),
            Ok(packed) => return Err(format!("an image of {} bytes", packed.image.len()).into()),
            Err(error) if rest < 4096 => return Err(error.into()),
            // Its metadata and block pointers take a little.
            Err(_) => rest -= 1024,
        }
        files.pop();
    }
}

/// A frontend of about 3.9 MB as stored, in the manner of the largest that people publish: many
/// scripts, pictures, and one file of more than 1 MiB. Another `seed` shares no file with it.
pub(crate) fn large(seed: u64) -> Result<Packed> {
    let mut numbers = Numbers(seed);
    let mut files: Files = vec![("index.html".into(), numbers.script(3000))];
    for index in 0..20 {
        files.push((format!("assets/chunk-{index}.js"), numbers.script(96 << 10)));
        files.push((format!("assets/icons/{index}.png"), numbers.noise(9000)));
    }
    files.push(("assets/engine.wasm".into(), numbers.noise(1700 << 10)));
    let options = Options {
        size: 4 << 20,
        gzip: Gzip::Never,
        ..Options::default()
    };
    Ok(pack(files, &options)?)
}

/// An app whose image is about 300 KiB, as a bundler leaves it.
pub(crate) fn app() -> Files {
    let mut numbers = Numbers(7);
    let mut files: Files = vec![("index.html".into(), numbers.script(1200))];
    for index in 0..8 {
        files.push((format!("assets/part-{index}.js"), numbers.script(48 << 10)));
    }
    files.push(("assets/style.css".into(), numbers.script(20 << 10)));
    files.push(("assets/font.woff2".into(), numbers.noise(60 << 10)));
    files
}

/// The same app after one line was added to one of its scripts.
pub(crate) fn app_with_a_line_more() -> Files {
    let mut files = app();
    if let Some((_, script)) = files
        .iter_mut()
        .find(|(path, _)| path == "assets/part-3.js")
    {
        let middle = script.len() / 2;
        script.splice(middle..middle, *b"\nconsole.log('one line more');\n");
    }
    files
}

pub(crate) fn packed(files: Files) -> Result<Packed> {
    Ok(pack(files, &Options::default())?)
}

/// The image of these files as they are, without compression.
pub(crate) fn plain(files: Files) -> Result<Vec<u8>> {
    let options = Options {
        gzip: Gzip::Never,
        ..Options::default()
    };
    Ok(pack(files, &options)?.image)
}

/// So many bytes that no compression makes smaller.
pub(crate) fn noise(len: usize) -> Vec<u8> {
    Numbers(3).noise(len)
}

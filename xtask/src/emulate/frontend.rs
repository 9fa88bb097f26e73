//! Frontends to put on the device, packed by our own command, and what must be served of each.

use std::fs;
use std::path::{Path, PathBuf};

use super::random::Random;
use super::tools::{Tools, at};

/// A packed frontend.
#[derive(Debug)]
pub(crate) struct Frontend {
    pub(crate) version: String,
    /// The image as a file, and its bytes.
    pub(crate) path: PathBuf,
    pub(crate) image: Vec<u8>,
    pub(crate) sha256: String,
    pub(crate) files: Vec<File>,
}

/// One file of it.
#[derive(Debug)]
pub(crate) struct File {
    /// Where it is served.
    pub(crate) url: String,
    /// The bytes in the image: what goes over the network.
    pub(crate) stored: Vec<u8>,
    /// Whether they are compressed.
    pub(crate) gzip: bool,
}

impl Frontend {
    /// Makes one with `large` bytes that do not compress, in a few files, and some small text.
    pub(crate) fn make(
        tools: &Tools,
        dir: &Path,
        version: &str,
        large: usize,
        random: &mut Random,
    ) -> Result<Self, String> {
        let dist = dir.join(format!("dist-{version}"));
        let write = |name: &str, bytes: &[u8]| {
            let path = dist.join(name);
            let folder = path.parent().unwrap_or(&dist);
            fs::create_dir_all(folder).map_err(at(folder))?;
            fs::write(&path, bytes).map_err(at(&path))
        };
        let script = format!("assets/main.{:016x}.js", random.next() | 0xa1);
        write("index.html", page(version, &script).as_bytes())?;
        write(&script, text("console.log", version, 400).as_bytes())?;
        write("style.css", text("/* colour */", version, 90).as_bytes())?;
        write("help/index.html", text("<p>", version, 50).as_bytes())?;
        write("empty.txt", b"")?;
        write("tiny.bin", &random.bytes(3))?;
        write("photos/first.jpg", &random.bytes(large / 3))?;
        write("photos/second.jpg", &random.bytes(large - large / 3))?;
        let path = dir.join(format!("{version}.bin"));
        let mut pack = tools.faceplate(&["pack", "--app-version", version]);
        tools.run(pack.arg(&dist).arg("-o").arg(&path))?;
        Self::open(tools, dir, version, path)
    }

    /// Reads an image back by means of the command.
    fn open(tools: &Tools, dir: &Path, version: &str, path: PathBuf) -> Result<Self, String> {
        let image = fs::read(&path).map_err(at(&path))?;
        let inspected = tools.run(tools.faceplate(&["inspect", "--json"]).arg(&path))?;
        let inspected: serde_json::Value =
            serde_json::from_str(&inspected).map_err(|error| format!("inspect: {error}"))?;
        let sha256 = inspected["sha256"].as_str().unwrap_or_default().to_owned();
        let folder = dir.join(format!("files-{version}"));
        tools.run(
            tools
                .faceplate(&["unpack"])
                .arg(&path)
                .arg("-o")
                .arg(&folder),
        )?;
        let mut files = Vec::new();
        collect(&folder, "", &mut files)?;
        let version = version.to_owned();
        Ok(Self {
            version,
            path,
            image,
            sha256,
            files,
        })
    }
}

fn page(version: &str, script: &str) -> String {
    format!(
        "<!doctype html><html lang=en><title>{version}</title>\
         <link rel=stylesheet href=/style.css><script src=/{script}></script>\
         <h1>Frontend {version}</h1>\n{}",
        text("<p>", version, 60)
    )
}

/// Lines that compress.
fn text(what: &str, version: &str, lines: usize) -> String {
    (0..lines)
        .map(|line| format!("{what} line {line} of frontend {version}\n"))
        .collect()
}

/// All files of a folder, with the addresses that they are served at.
fn collect(folder: &Path, url: &str, files: &mut Vec<File>) -> Result<(), String> {
    for entry in fs::read_dir(folder).map_err(at(folder))? {
        let path = entry.map_err(at(folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let url = format!("{url}/{name}");
        if path.is_dir() {
            collect(&path, &url, files)?;
            continue;
        }
        let stored = fs::read(&path).map_err(at(&path))?;
        let plain = url.strip_suffix(".gz");
        files.push(File {
            gzip: plain.is_some(),
            url: plain.unwrap_or(&url).to_owned(),
            stored,
        });
    }
    Ok(())
}

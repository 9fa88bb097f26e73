//! littlefs-python, an implementation that others make images with, in a process of its own.
//!
//! It is installed once, into a virtual environment below the target directory.

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use littlefs_image::BLOCK_SIZE;
use serde_json::{Value, json};

use super::{
    installed,
    model::{KINDS, Node, Op, Tree},
    run,
};

/// What is installed; the version is pinned so that a run can be repeated.
const PACKAGE: &str = "littlefs-python==0.19.0";

/// How littlefs-python is set up.
#[derive(Debug, Clone)]
pub struct Config {
    pub block_count: u32,
    /// Read, program and cache size, bytes; `None` leaves the package's defaults.
    pub cache: Option<u32>,
    pub version: Option<u32>,
    /// Formats with fewer blocks and grows at the end, as `littlefs-python create --compact`.
    pub format_count: Option<u32>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            block_count: 256,
            cache: None,
            version: None,
            format_count: None,
        }
    }
}

/// Whether littlefs-python can do it: it fails to set an attribute without bytes.
pub fn can(op: &Op) -> bool {
    !matches!(op, Op::SetAttribute(_, _, value) if value.is_empty())
}

/// The process.
pub struct Python {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Python {
    pub fn start() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/oracle.py");
        let mut child = Command::new(interpreter())
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python starts");
        let requests = child.stdin.take().expect("it is piped");
        let answers = BufReader::new(child.stdout.take().expect("it is piped"));
        Self {
            child,
            requests,
            answers,
        }
    }

    fn ask(&mut self, request: &Value) -> Result<Value, String> {
        writeln!(self.requests, "{request}").expect("Python listens");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("Python answers");
        let answer: Value = serde_json::from_str(&line).expect("Python answers in JSON");
        match answer.get("error") {
            Some(error) => Err(error.to_string()),
            None => Ok(answer),
        }
    }

    /// Changes an image (an empty one is formatted first). Returns it with its used blocks.
    pub fn write(
        &mut self,
        image: &[u8],
        ops: &[Op],
        config: &Config,
    ) -> Result<(Vec<u8>, u64), String> {
        let ops: Vec<Value> = ops.iter().map(encode).collect();
        let grow_to = config.format_count.map(|_| config.block_count);
        let answer = self.ask(&json!({
            "do": "write", "image": hex(image), "ops": ops, "grow_to": grow_to,
            "block_count": config.block_count, "config": options(config),
        }))?;
        let mut image = unhex(&answer["image"]);
        image.resize(config.block_count as usize * BLOCK_SIZE, 0xff);
        Ok((image, answer["used"].as_u64().expect("a number")))
    }

    /// Reads all of an image.
    pub fn read(&mut self, image: &[u8], config: &Config) -> Result<Tree, String> {
        let answer = self.ask(&json!({
            "do": "read", "image": hex(image), "kinds": KINDS,
            "block_count": config.block_count, "config": options(config),
        }))?;
        let mut tree = Tree::default();
        for node in answer["nodes"].as_array().expect("a list") {
            let path = node[0].as_str().expect("a string");
            let attributes = node[2].as_object().expect("a map").iter();
            let attributes = attributes
                .map(|(kind, value)| (kind.parse().expect("a number"), unhex(value)))
                .collect();
            if path.is_empty() {
                tree.attributes = attributes;
            } else {
                let data = (!node[1].is_null()).then(|| unhex(&node[1]));
                tree.nodes.insert(path.into(), Node { attributes, data });
            }
        }
        Ok(tree)
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        // It ends by itself when its input does, but then as a zombie.
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait().map(drop)) {
            eprintln!("ending Python: {error}");
        }
    }
}

fn options(config: &Config) -> Value {
    let mut options = serde_json::Map::new();
    if let Some(size) = config.cache {
        for name in ["read_size", "prog_size", "cache_size"] {
            options.insert(name.into(), size.into());
        }
    }
    if let Some(version) = config.version {
        options.insert("disk_version".into(), version.into());
    }
    if let Some(count) = config.format_count {
        options.insert("format_count".into(), count.into());
    }
    options.into()
}

fn encode(op: &Op) -> Value {
    match op {
        Op::Mkdir(path) => json!(["mkdir", path]),
        Op::Write(path, data) => json!(["write", path, hex(data)]),
        Op::Append(path, data) => json!(["append", path, hex(data)]),
        Op::Truncate(path, length) => json!(["truncate", path, length]),
        Op::Patch(path, at, data) => json!(["patch", path, at, hex(data)]),
        Op::Rename(from, to) => json!(["rename", from, to]),
        Op::Remove(path) => json!(["remove", path]),
        Op::SetAttribute(path, kind, value) => json!(["setattr", path, kind, hex(value)]),
        Op::RemoveAttribute(path, kind) => json!(["removeattr", path, kind]),
        Op::Remount => json!(["remount", ""]),
    }
}

fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value)]);
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 0xf));
    }
    text
}

fn unhex(text: &Value) -> Vec<u8> {
    let digit = |byte: u8| {
        if byte <= b'9' {
            byte - b'0'
        } else {
            byte - b'a' + 10
        }
    };
    let digits = text.as_str().expect("a string").as_bytes();
    digits
        .chunks_exact(2)
        .map(|pair| digit(pair[0]) << 4 | digit(pair[1]))
        .collect()
}

/// The Python that has the package, installed when it is not there.
fn interpreter() -> PathBuf {
    let home = installed(PACKAGE, |home| {
        run(Command::new("python3").args(["-m", "venv"]).arg(home));
        let pip = [
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            PACKAGE,
        ];
        run(Command::new(home.join("bin/python")).args(pip));
    });
    home.join("bin/python")
}

//! The HTTP contract of the component, row by row, as anybody tries it: by `faceplate conformance`.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use super::c::{Idf, Sanitizers};
use super::suite::{Door, device};
use super::{images, made};
use crate::cargo::root;
use crate::cli;
use crate::component::Variant;
use crate::emulate::tools::at;
use crate::tally::Tally;

/// Before the rows that cannot be kept behind `esp_http_server`, in the documentation.
const EXCEPT: &str = "faceplate conformance lamp.local --except ";

/// A device that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.0.kill();
        let _waited = self.0.wait();
    }
}

/// Tries all rows but those that the documentation excepts.
pub(super) fn run(tests: &mut Tally, door: Door) -> Result<(), String> {
    let made = made()?;
    let [www, _] = images(&made)?;
    let flash = made.join("contract.bin");
    if flash.exists() {
        fs::remove_file(&flash).map_err(at(&flash))?;
    }
    let program = device(Idf::V6, Sanitizers::Memory, Variant::Plain)?;
    let mut start = Command::new(&program);
    start.args(["--listen", "127.0.0.1:0", "--flash"]);
    start.arg(&flash).arg("--www").arg(&www);
    if let Door::OwnPort = door {
        start.arg("--own-port");
    }
    let child = start.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut device = Running(child.map_err(at(&program))?);
    let address = address(&mut device.0)?;
    let mut conformance = Command::new(cli::path());
    conformance.args(["conformance", &address]);
    if let Door::Httpd = door {
        conformance.args(["--except", &excepted()?]);
    }
    let output = conformance.output().map_err(at(&cli::path()))?;
    let rows = String::from_utf8_lossy(&output.stdout);
    print!("{rows}");
    let passed = rows.lines().filter(|line| line.starts_with("  pass "));
    tests.passed += passed.count() as u32;
    match output.status.success() {
        true => Ok(()),
        false => Err("the contract is not kept".into()),
    }
}

/// Where the device says that it is reached.
fn address(device: &mut Child) -> Result<String, String> {
    let said = device.stdout.take().ok_or("the device says nothing")?;
    for line in BufReader::new(said).lines() {
        let line = line.map_err(|error| error.to_string())?;
        if let Some(address) = line
            .split_whitespace()
            .find(|word| word.starts_with("http://"))
        {
            return Ok(address.to_owned());
        }
    }
    Err("the device does not say where it is".into())
}

/// The rows that the documentation excepts.
fn excepted() -> Result<String, String> {
    let path = root().join("docs/esp-idf.md");
    let page = fs::read_to_string(&path).map_err(at(&path))?;
    let (_, rest) = page.split_once(EXCEPT).ok_or("no rows are excepted")?;
    let (rows, _) = rest.split_once("\n\n").unwrap_or((rest, ""));
    let parts = rows.lines().map(|line| line.trim().trim_end_matches('\\'));
    Ok(parts.collect())
}

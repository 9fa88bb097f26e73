//! A device that another program is, in place of the simulated one: what it has to do is the same.
//!
//! The variable `FACEPLATE_DEVICE` names the program, and `FACEPLATE_DEVICE_ARGS` what it is told besides, in
//! words. It gets a flash file, prints its address when it serves, stays on where it would restart, and
//! answers each line on its standard input with its counters.

use std::{
    env, fs,
    io::{BufRead, BufReader, Seek, SeekFrom, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio, id},
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use faceplate::{EspNvs, Nvs};

use crate::board::Board;

/// The program, if the tests are to be run with one.
pub(crate) fn wanted() -> Option<PathBuf> {
    env::var_os("FACEPLATE_DEVICE").map(PathBuf::from)
}

/// A device that runs.
pub(crate) struct Program {
    pub(crate) address: SocketAddr,
    child: Child,
    flash: PathBuf,
    talk: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
}

/// What a device has done so far.
pub(crate) struct Counters {
    /// Erases and programs.
    pub(crate) operations: u64,
    /// What it announced before the restart, milliseconds.
    pub(crate) restart_in: Option<u32>,
}

impl Program {
    /// Starts one with the slots and the settings of a board.
    pub(crate) fn start(program: &Path, board: &Board) -> Self {
        let flash = new_path();
        let mut file = fs::File::create(&flash).unwrap();
        file.set_len(board.flash.size() as u64).unwrap();
        for slot in [board.slot(0), board.slot(1)] {
            let bytes = board.flash.peek(slot.offset, slot.len as usize).unwrap();
            file.seek(SeekFrom::Start(slot.offset.into())).unwrap();
            file.write_all(&bytes).unwrap();
        }
        Self::over(program, flash, &settings(board))
    }

    /// Another one, which begins with what is on its flash now.
    pub(crate) fn rebooted(&self) -> Self {
        let flash = new_path();
        fs::copy(&self.flash, &flash).unwrap();
        Self::over(&wanted().unwrap(), flash, &[])
    }

    fn over(program: &Path, flash: PathBuf, settings: &[String]) -> Self {
        let more = env::var("FACEPLATE_DEVICE_ARGS").unwrap_or_default();
        let mut child = Command::new(program)
            .args(["--listen", "127.0.0.1:0", "--stay"])
            .args(["--name", "provider", "--firmware", "1.2.3"])
            .args(["--host", "face.example", "--host", "home.example:8443"])
            .arg("--flash")
            .arg(&flash)
            .args(more.split_whitespace())
            .args(settings)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let ask = child.stdin.take().unwrap();
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        answers.read_line(&mut line).unwrap();
        let address = line
            .strip_prefix("http://")
            .and_then(|rest| rest.split('/').next());
        let address = address.and_then(|address| address.parse().ok());
        Self {
            address: address.unwrap_or_else(|| panic!("it did not start: {line}")),
            child,
            flash,
            talk: Mutex::new((ask, answers)),
        }
    }

    /// Asks it for its counters.
    pub(crate) fn counters(&self) -> Counters {
        let mut line = String::new();
        let mut talk = self.talk.lock().unwrap();
        writeln!(talk.0).unwrap();
        talk.1.read_line(&mut line).unwrap();
        let mut words = line.split_whitespace();
        let mut number = || words.next().unwrap().parse::<u64>().unwrap();
        Counters {
            operations: number(),
            restart_in: Some(number() as u32).filter(|&ms| ms > 0),
        }
    }
}

/// What is stored on a board, as such a program is told it: not in the format of NVS.
fn settings(board: &Board) -> Vec<String> {
    let mut nvs = EspNvs::in_layout(board.flash.clone(), &board.layout());
    let mut settings = Vec::new();
    if let Ok(Some(value)) = nvs.get_u8("active") {
        settings.push(format!("--setting=active={value}"));
    }
    for key in ["trial", "last"] {
        if let Ok(Some(value)) = nvs.get_u32(key) {
            settings.push(format!("--setting={key}={value}"));
        }
    }
    for key in ["img0", "img1"] {
        let mut record = [0; 64];
        let found = (1..=64).find(|&len| nvs.get_blob(key, &mut record[..len]).unwrap_or(false));
        if let Some(len) = found {
            let hex: String = record[..len]
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            settings.push(format!("--setting={key}={hex}"));
        }
    }
    settings
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself, and the file may be gone.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
        let _removed = fs::remove_file(&self.flash);
    }
}

fn new_path() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    env::temp_dir().join(format!("faceplate-http-{}-{count}.bin", id()))
}

//! A device that behaves, except where it is told not to.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

/// What a device does instead of what it should. Numbers are bytes of the body that it takes first.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Act {
    Close,
    Stall,
    Garbage,
    /// A head that promises more than comes.
    HalfAnswer,
    /// A byte now and then, for ever.
    Trickle,
    Answer(u16, &'static str),
    AnswerAfter(usize, u16, &'static str),
    CloseAfter(usize),
    StallAfter(usize),
    /// It is gone from the network.
    DieAfter(usize),
    /// It does what it should, but does not say so.
    SwitchAndClose,
    /// It accepts the image, and is gone.
    SwitchAndDie,
    /// It accepts the image, and does not restart.
    AcceptOnly,
    /// It accepts the image, and comes back with the old one, for a reason.
    FallBack(&'static str),
    /// It accepts the image, and comes back with the recovery page.
    Recover,
    /// It accepts the image, and comes back as if it had not.
    Forget,
}

/// How it comes that the old frontend runs again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Back {
    KeptRestarting,
    NotConfirmed,
    ByHand,
}

/// The device and its plans.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) on_status: Option<Act>,
    /// One for each upload, then it behaves.
    pub(crate) on_upload: Vec<Act>,
    /// The same for what differs.
    pub(crate) on_patch: Vec<Act>,
    /// The list of the chunks of what it runs; it has no such thing without.
    pub(crate) chunks: Option<Vec<u8>>,
    pub(crate) on_confirm: Vec<Act>,
    pub(crate) on_rollback: Vec<Act>,
    pub(crate) on_file: Option<(String, Act)>,
    /// What a request must have in `Authorization`, or it gets 401; empty where anybody may do anything.
    pub(crate) login: &'static str,
    /// Requests that had it.
    pub(crate) logged_in: u32,
    /// After so many statuses from the new frontend.
    pub(crate) settles_after: Option<u32>,
    pub(crate) falls_after: Option<(u32, Back)>,
    pub(crate) kept_after: Option<u32>,
    /// It restarts once, and counts anew.
    pub(crate) restarts_after: Option<u32>,
    pub(crate) updated_after: Option<u32>,
    pub(crate) dies_after: Option<u32>,
    /// Who is to confirm; it is the client where this is empty.
    pub(crate) confirmer: &'static str,
    /// Seconds left of the trial, in each status.
    pub(crate) left: u64,
    /// What the new frontend's build id is.
    pub(crate) build: Option<String>,
    /// What it serves once it runs the new frontend.
    pub(crate) files: Vec<(String, Vec<u8>)>,
    /// SHA-256 of the old frontend; any where this is empty.
    pub(crate) old: String,
    /// SHA-256 of the new frontend.
    pub(crate) new: String,

    pub(crate) confirmed: bool,
    /// How often it was asked to go back.
    pub(crate) rollbacks: u32,
    /// What it was asked to confirm, the last time.
    pub(crate) asked: String,
    /// Bytes of bodies that came.
    pub(crate) received: usize,
    /// Methods of uploads that came.
    pub(crate) uploads: Vec<String>,
    pub(crate) query: String,
    pub(crate) digest: String,
    pub(crate) boot: u32,
    pub(crate) runs_new: bool,
    pub(crate) settled: bool,
    pub(crate) recovery: bool,
    pub(crate) outcome: Option<(&'static str, Option<&'static str>)>,
    /// Restarts during the trial.
    pub(crate) restarts: u32,
    pub(crate) statuses: u32,
    pub(crate) dead: bool,
}

/// The device on the network.
pub(crate) struct Fake {
    pub(crate) address: String,
    state: Arc<Mutex<State>>,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Fake {
    pub(crate) fn start(state: State) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        listener.set_nonblocking(true).unwrap();
        let state = Arc::new(Mutex::new(state));
        let stop = Arc::new(AtomicBool::new(false));
        let thread = {
            let (state, stop) = (state.clone(), stop.clone());
            thread::spawn(move || accept(listener, &state, &stop))
        };
        Self {
            address,
            state,
            stop,
            thread,
        }
    }

    /// Ends it; gives what became of it.
    pub(crate) fn stop(self) -> State {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
        std::mem::take(&mut *self.state.lock().unwrap())
    }
}

fn accept(listener: TcpListener, state: &Arc<Mutex<State>>, stop: &Arc<AtomicBool>) {
    while !stop.load(Ordering::Relaxed) && !state.lock().unwrap().dead {
        match listener.accept() {
            Ok((stream, _)) => {
                let (state, stop) = (state.clone(), stop.clone());
                thread::spawn(move || connection(stream, &state, &stop));
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                thread::sleep(Duration::from_millis(2));
            }
            Err(error) => panic!("{error}"),
        }
    }
}

struct Request {
    stream: TcpStream,
    line: String,
    digest: String,
    login: String,
    length: usize,
    /// The part of the body that came with the head.
    early: Vec<u8>,
}

impl Request {
    fn read(mut stream: TcpStream) -> Option<Self> {
        stream.set_nonblocking(false).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        let mut bytes = Vec::new();
        let end = loop {
            let mut chunk = [0; 4096];
            match stream.read(&mut chunk) {
                Ok(n) if n > 0 => bytes.extend_from_slice(&chunk[..n]),
                _ => return None,
            }
            if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
        };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let field = |name: &str| {
            let line = head
                .lines()
                .find(|line| line.to_ascii_lowercase().starts_with(name));
            line.map_or("", |line| line[name.len()..].trim()).to_owned()
        };
        Some(Self {
            line: head.lines().next().unwrap().to_owned(),
            digest: field("content-digest:"),
            login: field("authorization:"),
            length: field("content-length:").parse().unwrap_or(0),
            early: bytes.split_off(end),
            stream,
        })
    }

    /// Takes the body up to so many bytes.
    fn take(&mut self, most: usize) -> usize {
        self.body(most).len()
    }

    /// The same; gives them.
    fn body(&mut self, most: usize) -> Vec<u8> {
        let mut body = std::mem::take(&mut self.early);
        while body.len() < most.min(self.length) {
            let mut chunk = [0; 4096];
            match self.stream.read(&mut chunk) {
                Ok(n) if n > 0 => body.extend_from_slice(&chunk[..n]),
                _ => break,
            }
        }
        body
    }

    fn answer(&mut self, status: u16, body: &[u8]) {
        let head = format!(
            "HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        self.raw(&[head.as_bytes(), body].concat());
    }

    fn raw(&mut self, bytes: &[u8]) {
        // The client may have gone.
        let _sent = self.stream.write_all(bytes);
    }

    /// Keeps the connection until the client is gone, or the test is over.
    fn stall(&mut self, stop: &AtomicBool) {
        let until = Instant::now() + Duration::from_secs(30);
        while !stop.load(Ordering::Relaxed) && Instant::now() < until {
            thread::sleep(Duration::from_millis(10));
        }
    }
}

const UNAUTHORIZED: &str = r#"{"type":"/problems/unauthorized","title":"Who asks is not known",
    "status":401,"detail":"this device wants a token"}"#;

fn connection(stream: TcpStream, state: &Mutex<State>, stop: &AtomicBool) {
    let Some(mut request) = Request::read(stream) else {
        return;
    };
    let line = request.line.clone();
    let mut words = line.split(' ');
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    let (path, query) = target.split_at(target.find('?').unwrap_or(target.len()));
    let login = state.lock().unwrap().login;
    match request.login == login {
        true => state.lock().unwrap().logged_in += 1,
        false => return request.answer(401, UNAUTHORIZED.as_bytes()),
    }
    match (method, path) {
        ("GET", "/api/ota/status") => {
            let mut locked = state.lock().unwrap();
            if let Some(act) = locked.on_status {
                drop(locked);
                return misbehave(act, &mut request, state, stop);
            }
            let status = locked.status().to_string();
            drop(locked);
            request.answer(200, status.as_bytes());
        }
        ("GET", "/api/ota/frontend/chunks") => {
            let list = state.lock().unwrap().chunks.clone();
            match list {
                Some(list) => request.answer(200, &list),
                None => request.answer(404, b"{}"),
            }
        }
        ("POST" | "PATCH", "/api/ota/frontend") => {
            let mut locked = state.lock().unwrap();
            locked.uploads.push(method.to_owned());
            locked.query = query.to_owned();
            locked.digest.clone_from(&request.digest);
            let act = match method {
                "PATCH" => locked.on_patch.pop(),
                _ => locked.on_upload.pop(),
            };
            drop(locked);
            match act {
                Some(act) => misbehave(act, &mut request, state, stop),
                None => accept_image(&mut request, state, true),
            }
        }
        ("POST", "/api/ota/confirm") => {
            let body = String::from_utf8(request.body(usize::MAX)).unwrap();
            let mut locked = state.lock().unwrap();
            let build: Value = serde_json::from_str(&body).unwrap();
            let other =
                build["build"].is_string() && build["build"].as_str() != locked.build.as_deref();
            locked.asked = body;
            let act = locked.on_confirm.pop();
            match act {
                Some(Act::SwitchAndClose) => (locked.settled, locked.confirmed) = (true, true),
                Some(act) => {
                    drop(locked);
                    misbehave(act, &mut request, state, stop);
                }
                None if other => {
                    drop(locked);
                    let problem =
                        r#"{"type":"/problems/other-build","title":"Another build runs"}"#;
                    request.answer(409, problem.as_bytes());
                }
                None if locked.settled => {
                    drop(locked);
                    let problem =
                        r#"{"type":"/problems/not-on-trial","title":"Nothing is on trial"}"#;
                    request.answer(409, problem.as_bytes());
                }
                None => {
                    (locked.settled, locked.confirmed) = (true, true);
                    let status = locked.status().to_string();
                    drop(locked);
                    request.answer(200, status.as_bytes());
                }
            }
        }
        ("POST", "/api/ota/rollback") => roll_back(&mut request, state, stop),
        _ => {
            let locked = state.lock().unwrap();
            let act = locked.on_file.clone().filter(|(file, _)| file == path);
            let file = locked.files.iter().find(|(file, _)| file == path).cloned();
            drop(locked);
            match (act, file) {
                (Some((_, act)), _) => misbehave(act, &mut request, state, stop),
                (None, Some((_, bytes))) => request.answer(200, &bytes),
                (None, None) => request.answer(404, b"{}"),
            }
        }
    }
}

/// Takes the image, answers and restarts.
fn accept_image(request: &mut Request, state: &Mutex<State>, answers: bool) {
    let taken = request.take(usize::MAX);
    let mut locked = state.lock().unwrap();
    locked.received += taken;
    assert_eq!(taken, request.length);
    let sha256 = locked.new.clone();
    (locked.boot, locked.runs_new, locked.statuses) = (1, true, 0);
    drop(locked);
    if answers {
        let sectors = json!({ "written": 1, "same": 2 });
        let answer = json!({ "slot": 1, "sectors": sectors, "sha256": sha256 });
        request.answer(200, answer.to_string().as_bytes());
    }
}

/// Goes back to the old frontend, answers and restarts.
fn roll_back(request: &mut Request, state: &Mutex<State>, stop: &AtomicBool) {
    request.take(usize::MAX);
    let mut locked = state.lock().unwrap();
    locked.rollbacks += 1;
    let act = locked.on_rollback.pop();
    if let None | Some(Act::SwitchAndClose | Act::SwitchAndDie | Act::Recover) = act {
        locked.boot += 1;
        (locked.runs_new, locked.settled) = (false, true);
        locked.outcome = Some(("rolled_back", None));
    }
    locked.recovery |= matches!(act, Some(Act::Recover));
    locked.dead |= matches!(act, Some(Act::SwitchAndDie));
    drop(locked);
    match act {
        None | Some(Act::SwitchAndDie | Act::Recover | Act::AcceptOnly) => {
            request.answer(202, br#"{"slot":0,"reboot_ms":500}"#);
        }
        Some(Act::SwitchAndClose) => {}
        Some(act) => misbehave(act, request, state, stop),
    }
}

fn misbehave(act: Act, request: &mut Request, state: &Mutex<State>, stop: &AtomicBool) {
    let take = |request: &mut Request, most| {
        let taken = request.take(most);
        state.lock().unwrap().received += taken;
    };
    match act {
        Act::Close => {}
        Act::Stall => request.stall(stop),
        Act::Garbage => request.raw(b"SSH-2.0-OpenSSH_9.2\r\n"),
        Act::HalfAnswer => request.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"dev"),
        Act::Trickle => {
            for byte in b"HTTP/1.1 200 OK\r\n".iter().cycle().take(1000) {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                request.raw(&[*byte]);
                thread::sleep(Duration::from_millis(300));
            }
        }
        Act::Answer(status, body) => request.answer(status, body.as_bytes()),
        Act::AnswerAfter(most, status, body) => {
            take(request, most);
            request.answer(status, body.as_bytes());
        }
        Act::CloseAfter(most) => take(request, most),
        Act::StallAfter(most) => {
            take(request, most);
            request.stall(stop);
        }
        Act::DieAfter(most) => {
            take(request, most);
            state.lock().unwrap().dead = true;
        }
        Act::SwitchAndClose => accept_image(request, state, false),
        Act::SwitchAndDie => {
            accept_image(request, state, true);
            state.lock().unwrap().dead = true;
        }
        Act::AcceptOnly => {
            accept_image(request, state, true);
            let mut locked = state.lock().unwrap();
            (locked.boot, locked.runs_new) = (0, false);
        }
        Act::FallBack(reason) => {
            accept_image(request, state, true);
            let mut locked = state.lock().unwrap();
            (locked.runs_new, locked.settled) = (false, true);
            locked.outcome = Some(("fell_back", Some(reason)));
        }
        Act::Recover => {
            accept_image(request, state, true);
            let mut locked = state.lock().unwrap();
            (locked.runs_new, locked.recovery) = (false, true);
        }
        Act::Forget => {
            accept_image(request, state, true);
            state.lock().unwrap().runs_new = false;
        }
    }
}

impl State {
    fn status(&mut self) -> Value {
        let is = |after: Option<u32>, statuses| after.is_some_and(|after| statuses > after);
        if self.boot > 0 {
            self.statuses += 1;
        }
        self.settled |= is(self.settles_after, self.statuses);
        self.dead |= is(self.dies_after, self.statuses);
        if let Some((after, back)) = self.falls_after
            && self.statuses > after
        {
            self.boot = 2;
            (self.runs_new, self.settled) = (false, true);
            self.outcome = Some(match back {
                Back::KeptRestarting => ("fell_back", Some("kept_restarting")),
                Back::NotConfirmed => ("fell_back", Some("not_confirmed")),
                Back::ByHand => ("rolled_back", None),
            });
        }
        if is(self.kept_after, self.statuses) {
            self.settled = true;
            self.outcome = Some(("kept", None));
        }
        if is(self.restarts_after, self.statuses) {
            (self.boot, self.restarts, self.statuses) = (self.boot + 1, self.restarts + 1, 0);
            self.restarts_after = None;
        }
        if is(self.updated_after, self.statuses) {
            self.new = "0b".to_owned();
        }
        let on_trial = self.runs_new && !self.settled;
        let state = match (self.recovery, on_trial) {
            (true, _) => "recovery",
            (false, true) => "trial",
            (false, false) => "settled",
        };
        let confirmer = match self.confirmer {
            "" => "client",
            confirmer => confirmer,
        };
        let boots_left = 2_u32.saturating_sub(self.restarts);
        let trial =
            json!({ "confirm": confirmer, "seconds_left": self.left, "boots_left": boots_left });
        let last = match (self.outcome, self.runs_new) {
            (Some((outcome, reason)), _) => {
                json!({ "outcome": outcome, "reason": reason, "from": 1, "to": 0 })
            }
            (None, true) => json!({ "outcome": "updated", "reason": null, "from": 0, "to": 1 }),
            (None, false) => Value::Null,
        };
        let slot = |label: &str, version: &str, sha256: &str, build: Option<&str>| {
            json!({
                "label": label, "size": 1 << 20, "used": 8192, "valid": true, "version": version,
                "build": build, "sha256": sha256, "problem": null,
            })
        };
        let old = match &*self.old {
            "" => "0a",
            old => old,
        };
        let new = slot("www_1", "new", &self.new, self.build.as_deref());
        json!({
            "device": {
                "name": "fake", "firmware": "0", "api": 1, "chip": "none",
                "boot_id": self.boot.to_string(), "uptime_ms": 1,
            },
            "active": u8::from(self.runs_new),
            "state": state,
            "trial": if on_trial { trial } else { Value::Null },
            "last": last,
            "slots": [slot("www_0", "old", old, None), new],
            "upload": null,
        })
    }
}

//! A network that breaks: between the command and a device, some connections are cut in the middle.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// Which connections are cut, and where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// What their request begins with.
    pub(crate) begins: &'static str,
    /// Bytes that go through to the device.
    pub(crate) up: usize,
    /// Bytes that come back.
    pub(crate) down: usize,
    /// How many of them.
    pub(crate) times: usize,
}

/// The one in between; it ends with the test.
pub(crate) struct Cut {
    pub(crate) address: String,
    /// The heads of all requests.
    pub(crate) heads: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Cut {
    pub(crate) fn start(device: &str, plan: Plan) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        listener.set_nonblocking(true).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let heads = Arc::new(Mutex::new(vec![]));
        let (device, stopped, seen) = (device.to_owned(), stop.clone(), heads.clone());
        let left = Arc::new(AtomicUsize::new(plan.times));
        let thread = thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((client, _)) => {
                        let device = device.clone();
                        let (seen, left) = (seen.clone(), left.clone());
                        thread::spawn(move || between(client, &device, plan, &seen, &left));
                    }
                    Err(_) => thread::sleep(Duration::from_millis(1)),
                }
            }
        });
        Self {
            address,
            heads,
            stop,
            thread: Some(thread),
        }
    }

    /// The heads of the requests that begin so.
    pub(crate) fn heads(&self, begin: &str) -> Vec<String> {
        let heads = self.heads.lock().unwrap();
        let found = heads.iter().filter(|head| head.starts_with(begin));
        found.cloned().collect()
    }
}

impl Drop for Cut {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic of it is on standard error; another one here would end the whole process.
            let _ended = thread.join();
        }
    }
}

fn between(
    mut client: TcpStream,
    device: &str,
    plan: Plan,
    seen: &Mutex<Vec<String>>,
    left: &AtomicUsize,
) {
    client.set_nonblocking(false).unwrap();
    let mut first = Vec::new();
    let mut chunk = [0; 4096];
    while !first.windows(4).any(|window| window == b"\r\n\r\n") {
        match client.read(&mut chunk) {
            Ok(n) if n > 0 => first.extend_from_slice(&chunk[..n]),
            _ => return,
        }
    }
    let head = String::from_utf8_lossy(&first).into_owned();
    let take = |left: usize| left.checked_sub(1);
    let cuts = head.starts_with(plan.begins)
        && left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .is_ok();
    seen.lock().unwrap().push(head);
    let (up, down) = match cuts {
        true => (plan.up, plan.down),
        false => (usize::MAX, usize::MAX),
    };
    // While it restarts nobody is there: this connection ends, too.
    let Ok(mut to) = TcpStream::connect(device) else {
        return;
    };
    if to.write_all(&first).is_err() {
        return;
    }
    let (client_too, to_too) = (client.try_clone().unwrap(), to.try_clone().unwrap());
    let back = thread::spawn(move || carry(to_too, client_too, down));
    carry(client, to, up.saturating_sub(first.len()));
    back.join().unwrap();
}

/// Carries so many bytes, then nothing more in either direction.
fn carry(mut from: TcpStream, mut to: TcpStream, mut most: usize) {
    let mut chunk = [0; 4096];
    while most > 0 {
        let room = most.min(chunk.len());
        let n = from.read(&mut chunk[..room]).unwrap_or(0);
        if n == 0 || to.write_all(&chunk[..n]).is_err() {
            let _ended = to.shutdown(Shutdown::Write);
            return;
        }
        most -= n;
    }
    for stream in [from, to] {
        let _ended = stream.shutdown(Shutdown::Both);
    }
}

//! A real device behind somebody who changes what is said: wrong in one thing, and right in all else.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// Texts, and what they are replaced with; `{HOST}` is where the device is asked for. Those in bodies must be
/// as long as what replaces them.
pub(crate) type Bends = [(&'static str, &'static str)];

type Ready = Arc<Vec<(String, String)>>;

/// The one in between; it ends with the test.
pub(crate) struct Bent {
    pub(crate) address: String,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Bent {
    /// `requests` and `answers` are changed on their ways to and from the device.
    pub(crate) fn start(device: &str, requests: &Bends, answers: &Bends) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        listener.set_nonblocking(true).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let (device, stopped) = (device.to_owned(), stop.clone());
        let ready = |bends: &Bends| -> Ready {
            let bends = bends.iter().map(|(text, other)| {
                let host = |text: &str| text.replace("{HOST}", &address);
                (host(text), host(other))
            });
            Arc::new(bends.collect())
        };
        let (requests, answers) = (ready(requests), ready(answers));
        let thread = thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((client, _)) => between(client, &device, requests.clone(), answers.clone()),
                    Err(_) => thread::sleep(Duration::from_millis(1)),
                }
            }
        });
        Self {
            address,
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Bent {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic of it is on standard error; another one here would end the whole process.
            let _ended = thread.join();
        }
    }
}

fn between(client: TcpStream, device: &str, requests: Ready, answers: Ready) {
    client.set_nonblocking(false).unwrap();
    // While it restarts nobody is there: this connection ends, too.
    let Ok(device) = TcpStream::connect(device) else {
        return;
    };
    let (client_too, device_too) = (client.try_clone().unwrap(), device.try_clone().unwrap());
    thread::spawn(move || carry(&client, &device, &requests));
    thread::spawn(move || carry(&device_too, &client_too, &answers));
}

/// Carries what comes, changed, until one of them ends.
fn carry(mut from: &TcpStream, mut to: &TcpStream, bends: &[(String, String)]) {
    let mut held = Vec::new();
    let mut chunk = [0; 16384];
    loop {
        let n = from.read(&mut chunk).unwrap_or(0);
        held.extend_from_slice(&chunk[..n]);
        let keep = if n == 0 { 0 } else { unsure(&held, bends) };
        let rest = held.split_off(held.len() - keep);
        let sent = to.write_all(&bend(&held, bends));
        held = rest;
        if n == 0 || sent.is_err() {
            // The other one may be gone.
            let _ended = to.shutdown(Shutdown::Write);
            return;
        }
    }
}

/// Bytes at the end that may be the beginning of what is to be changed.
fn unsure(bytes: &[u8], bends: &[(String, String)]) -> usize {
    let begins = |text: &str| {
        let most = bytes.len().min(text.len() - 1);
        let found = (1..=most).rev();
        let mut found = found.filter(|&n| bytes.ends_with(&text.as_bytes()[..n]));
        found.next().unwrap_or(0)
    };
    bends
        .iter()
        .map(|(text, _)| begins(text))
        .max()
        .unwrap_or(0)
}

fn bend(bytes: &[u8], bends: &[(String, String)]) -> Vec<u8> {
    let mut bent = Vec::new();
    let mut rest = bytes;
    while let Some(&byte) = rest.first() {
        match bends
            .iter()
            .find(|(text, _)| rest.starts_with(text.as_bytes()))
        {
            Some((text, other)) => {
                bent.extend_from_slice(other.as_bytes());
                rest = &rest[text.len()..];
            }
            None => {
                bent.push(byte);
                rest = &rest[1..];
            }
        }
    }
    bent
}

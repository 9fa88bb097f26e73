//! The life of a simulated device: its flash file outlives it, a restart forgets everything else,
//! and a power cut ends it in the middle of things.

use std::{
    cell::{Cell, RefCell},
    future::Future,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    rc::Rc,
    time::Duration,
};

use crate::board::{Board, Frontend, serves};
use faceplate::{layout::Places, verify::Requirements};
use faceplate_http::Limits;
use faceplate_sim::{
    Event, SimError, SimOptions,
    flash::{SimFlash, Timing},
    live,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Notify,
    task::{JoinHandle, LocalSet, spawn_local},
    time::{sleep, timeout},
};

/// A device that runs beside the test.
struct Running {
    address: SocketAddr,
    events: Rc<RefCell<Vec<Event>>>,
    changed: Rc<Notify>,
    power_cut: Rc<Cell<bool>>,
    task: JoinHandle<Result<(), SimError>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Running {
    async fn start(options: SimOptions) -> Self {
        let events = Rc::new(RefCell::new(Vec::new()));
        let changed = Rc::new(Notify::new());
        let power_cut = Rc::new(Cell::new(false));
        let (log, wake, cut) = (events.clone(), changed.clone(), power_cut.clone());
        let task = spawn_local(live(
            options,
            || (),
            move |event| {
                log.borrow_mut().push(event);
                wake.notify_one();
            },
            move || cut.set(true),
        ));
        let mut running = Self {
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            events,
            changed,
            power_cut,
            task,
        };
        running.address = running.booted(1).await;
        running
    }

    /// Waits until it has booted so many times.
    async fn booted(&self, times: usize) -> SocketAddr {
        let wait = async {
            loop {
                let found = self
                    .events
                    .borrow()
                    .iter()
                    .filter_map(|event| match event {
                        Event::Booted { address, .. } => Some(*address),
                        _ => None,
                    })
                    .nth(times - 1);
                match found {
                    Some(address) => return address,
                    None => self.changed.notified().await,
                }
            }
        };
        timeout(Duration::from_secs(30), wait).await.expect("boots")
    }

    /// One request on a connection of its own; empty when there is no answer.
    async fn request(&self, head: &str, body: &[u8]) -> String {
        let Ok(mut stream) = TcpStream::connect(self.address).await else {
            return String::new();
        };
        let head = format!(
            "{head} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n",
            self.address
        );
        let head = match body.is_empty() {
            true => format!("{head}\r\n"),
            false => format!(
                "{head}Content-Type: application/octet-stream\r\nContent-Length: {}\r\n\r\n",
                body.len()
            ),
        };
        let mut answer = Vec::new();
        let exchange = async {
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(body).await?;
            stream.read_to_end(&mut answer).await
        };
        // What came is what counts; a device without power says nothing.
        let _ended = timeout(Duration::from_secs(30), exchange).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    async fn upload(&self, frontend: &Frontend) -> String {
        self.request("POST /api/ota/frontend", &frontend.image)
            .await
    }
}

fn options(flash: PathBuf) -> SimOptions {
    SimOptions {
        listen: (Ipv4Addr::LOCALHOST, 0).into(),
        reboot: Duration::from_millis(300),
        limits: Limits {
            reboot_ms: 50,
            ..Limits::DEFAULT
        },
        ..SimOptions::new(flash)
    }
}

fn in_sim<F: Future<Output = ()>>(test: impl FnOnce(PathBuf) -> F) {
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    LocalSet::new().block_on(&runtime, test(folder.path().join("device.bin")));
}

#[test]
fn a_new_device_is_a_valid_16_mb_flash_with_its_frontend_in_www_0() {
    in_sim(|flash| async move {
        let frontend = Frontend::new("1.0.0", 40);
        let www = Some(frontend.image.clone());
        let device = Running::start(SimOptions {
            www,
            ..options(flash.clone())
        })
        .await;
        assert!(device.request("GET /", &[]).await.contains("1.0.0"));
        drop(device);
        sleep(Duration::from_millis(10)).await;

        let bytes = std::fs::read(&flash).expect("a file");
        assert_eq!(bytes.len(), 16 << 20);
        assert_eq!(
            bytes[0x8000..0x8002],
            [0xAA, 0x50],
            "ESP-IDF's partition table"
        );
        assert!(
            bytes[0x9000..0xF000].iter().all(|&byte| byte == 0xFF),
            "empty NVS"
        );
        let slot = &bytes[0x31_0000..][..frontend.image.len()];
        assert_eq!(slot, frontend.image, "the image at www_0");
    });
}

#[test]
fn an_image_that_is_too_long_makes_no_device() {
    in_sim(|flash| async move {
        let www = Some(vec![0; (1 << 20) + 4096]);
        let options = SimOptions {
            www,
            ..options(flash.clone())
        };
        let error = live(options, || (), |_| {}, || {})
            .await
            .expect_err("too long");
        assert!(matches!(error, SimError::WwwTooLarge(1_048_576)), "{error}");
        assert!(!flash.exists());
    });
}

#[test]
fn without_a_frontend_a_new_device_starts_in_recovery() {
    in_sim(|flash| async move {
        let device = Running::start(options(flash)).await;
        let status = device.request("GET /api/ota/status", &[]).await;
        assert!(status.contains(r#""state":"recovery""#), "{status}");
    });
}

#[test]
fn what_was_flashed_survives_the_end_of_the_program() {
    in_sim(|flash| async move {
        let (old, new) = (Frontend::new("1.0.0", 40), Frontend::new("2.0.0", 40));
        let www = Some(old.image.clone());
        let device = Running::start(SimOptions {
            www: www.clone(),
            ..options(flash.clone())
        })
        .await;
        let answer = device.upload(&new).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        device.booted(2).await;
        drop(device);
        sleep(Duration::from_millis(10)).await;

        // The frontend of a new device is not put over what is there.
        let device = Running::start(SimOptions {
            www,
            ..options(flash)
        })
        .await;
        assert_eq!(device.events.borrow()[0], Event::WwwNotUsed);
        assert!(device.request("GET /", &[]).await.contains("2.0.0"));
    });
}

#[test]
fn a_restart_refuses_connections_and_then_has_another_boot_id() {
    in_sim(|flash| async move {
        let new = Frontend::new("2.0.0", 40);
        let device = Running::start(options(flash)).await;
        let boot_id = |status: &str| {
            let at = status.find("boot_id").expect("a status");
            status[at..at + 20].to_owned()
        };
        let before = boot_id(&device.request("GET /api/ota/status", &[]).await);
        let idle = TcpStream::connect(device.address).await.expect("connects");
        assert!(device.upload(&new).await.contains(r#""reboot_ms":50"#));
        let mut refused = 0;
        let started = device.events.borrow().len();
        while device.events.borrow().len() < started + 2 {
            refused += u32::from(TcpStream::connect(device.address).await.is_err());
            sleep(Duration::from_millis(5)).await;
        }
        assert!(refused > 0, "no connection was refused during the restart");
        // The connection from before is gone as well.
        let mut idle = idle;
        let read = timeout(Duration::from_secs(5), idle.read(&mut [0; 1])).await;
        assert!(matches!(read, Ok(Ok(0) | Err(_))), "{read:?}");
        let status = device.request("GET /api/ota/status", &[]).await;
        assert_ne!(boot_id(&status), before);
        assert!(status.contains(r#""state":"trial""#), "{status}");
    });
}

#[test]
fn a_power_cut_at_any_operation_of_an_upload_is_survived_by_the_program_that_comes_next() {
    let (old, new) = (Frontend::new("1.0.0", 40), Frontend::new("2.0.0", 40));
    // The first and the last ones are in NVS, and one is after everything.
    for operations in [0, 4, 8, 9, 12, 16, 20, 22, 24, 26, 28, 30, 33, 36, 1000] {
        in_sim(async |flash| {
            let www = Some(old.image.clone());
            let power_cut_after = Some(operations);
            let options = SimOptions {
                www,
                ..options(flash.clone())
            };
            let device = Running::start(SimOptions {
                power_cut_after,
                ..options.clone()
            })
            .await;
            let answer = device.upload(&new).await;
            let cut = device.power_cut.get();
            assert!(
                cut != answer.starts_with("HTTP/1.1 200 "),
                "{operations}: {answer}"
            );
            drop(device);
            sleep(Duration::from_millis(10)).await;

            let board = Board {
                flash: SimFlash::open(&flash, Places::DEFAULT.table_offset).expect("a flash"),
                places: Places::DEFAULT,
                requirements: Requirements::any(faceplate::API),
                compress: faceplate::sha256::SOFTWARE,
            };
            let booted = board.boot();
            assert!(
                serves(&booted, &old) || serves(&booted, &new),
                "{operations}"
            );
            drop((board, booted));
            let device = Running::start(options).await;
            let page = device.request("GET /", &[]).await;
            assert!(
                page.contains("1.0.0") || page.contains("2.0.0"),
                "{operations}: {page}"
            );
        });
    }
}

#[test]
fn real_timing_takes_the_time_of_the_datasheet() {
    in_sim(|flash| async move {
        let new = Frontend::new("2.0.0", 40);
        let timing = Timing::Real;
        let device = Running::start(SimOptions {
            timing,
            ..options(flash)
        })
        .await;
        let began = std::time::Instant::now();
        assert!(device.upload(&new).await.starts_with("HTTP/1.1 200 "));
        // 40 KiB are 1280 commands of 32 bytes, 112 µs each; it may take longer, but never less.
        let least = Duration::from_micros(1280 * 112);
        assert!(began.elapsed() >= least, "{:?}", began.elapsed());
    });
}

#[test]
fn a_port_in_use_and_a_file_that_is_no_flash_are_errors() {
    in_sim(|flash| async move {
        let device = Running::start(options(flash.clone())).await;
        let taken = SimOptions {
            listen: device.address,
            ..options(flash.with_file_name("other.bin"))
        };
        let error = live(taken, || (), |_| {}, || {})
            .await
            .expect_err("the port is taken");
        assert!(matches!(error, SimError::Listen { .. }), "{error}");

        let garbage = flash.with_file_name("garbage.bin");
        std::fs::write(&garbage, b"not a flash").expect("written");
        let error = live(options(garbage.clone()), || (), |_| {}, || {})
            .await
            .expect_err("no flash");
        assert!(matches!(error, SimError::File(_)), "{error}");
        assert_eq!(
            std::fs::read(&garbage).expect("still there"),
            b"not a flash"
        );
    });
}

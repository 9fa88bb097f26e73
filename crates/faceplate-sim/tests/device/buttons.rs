//! What a button on the device does, for who has no page that works: go back, and forget the network.

use std::{
    cell::{Cell, RefCell},
    net::Ipv4Addr,
    time::{Duration, Instant},
};

use crate::board::{Board, Frontend, install};
use faceplate::{
    Confirmer, Outcome, RollbackError, Slot, State, Status, Text, text, verify::Problem,
};
use faceplate_http::{
    App, Device as _, GoBackError, UpdateEvent,
    wifi::{Wifi as _, WifiMode},
};
use faceplate_sim::{
    SimOptions,
    device::SimDevice,
    flash::{Fault, SimFlash},
};
use tokio::{runtime, time::timeout};

const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 168, 4, 1);

fn run<T>(test: impl Future<Output = T>) -> T {
    let mut runtime = runtime::Builder::new_current_thread();
    runtime.enable_time().build().unwrap().block_on(test)
}

async fn boot(flash: &SimFlash) -> SimDevice {
    SimDevice::boot(flash.clone(), &SimOptions::new(""), Some(ADDRESS)).await
}

fn status(device: &SimDevice) -> Status {
    device.engine().status(device.now_ms())
}

/// How long until the device wants to restart; `None`: not within a second.
async fn restarts_in(device: &SimDevice) -> Option<Duration> {
    let start = Instant::now();
    let due = timeout(Duration::from_secs(1), device.reboot_due()).await;
    due.is_ok().then(|| start.elapsed())
}

/// A board that runs the second of two frontends.
fn updated(confirmer: Confirmer) -> Board {
    let board = Board::with(&Frontend::new("1.0.0", 16));
    install(&board, &Frontend::new("2.0.0", 16), confirmer).unwrap();
    board
}

#[test]
fn going_back_restarts_into_the_frontend_before() {
    for confirmer in [Confirmer::Device, Confirmer::Client { within_s: 60 }] {
        let board = updated(confirmer);
        run(async {
            let device = boot(&board.flash).await;
            assert_eq!(status(&device).active, Slot::Www1);
            assert_eq!(device.go_back(&()).await, Ok(Slot::Www0));
            // Meanwhile it serves on, and takes nothing else.
            assert_eq!(status(&device).active, Slot::Www1);
            assert_eq!(
                device.go_back(&()).await,
                Err(GoBackError::Rollback(RollbackError::Restarting))
            );
            let after = restarts_in(&device).await.expect("restarts");
            assert!(after >= Duration::from_millis(400), "{after:?}");

            let device = boot(&board.flash).await;
            let now = status(&device);
            assert_eq!(now.active, Slot::Www0);
            let last = now.last.expect("is told");
            assert_eq!((last.from, last.to), (Slot::Www1, Slot::Www0));
            assert_eq!(last.outcome, Outcome::TakenBack);
            assert!(device.engine().open("index.html").unwrap().is_some());
        });
    }
}

#[test]
fn where_there_is_no_way_back_nothing_changes_and_nothing_restarts() {
    run(async {
        let board = Board::with(&Frontend::new("1.0.0", 16));
        let device = boot(&board.flash).await;
        let refused = device.go_back(&()).await;
        let empty = RollbackError::NotValid(Problem::Empty);
        assert_eq!(refused, Err(GoBackError::Rollback(empty)));
        assert_eq!(restarts_in(&device).await, None);
        assert_eq!(status(&device).state, State::Settled);

        let board = updated(Confirmer::Device);
        let device = boot(&board.flash).await;
        let upload = device.engine().begin(8192, Confirmer::Device);
        // On trial there is no upload; once it is confirmed there may be one, and then no way back.
        assert!(upload.is_err());
        device.engine().confirm(None).unwrap();
        let upload = device.engine().begin(8192, Confirmer::Device).unwrap();
        assert_eq!(
            device.go_back(&()).await,
            Err(GoBackError::Rollback(RollbackError::Busy))
        );
        drop(upload);
        assert_eq!(restarts_in(&device).await, None);
        let page = board.slot(0).offset + 4096 * 4;
        board.flash.poke(page, &[0; 4096]).unwrap();
        let refused = device.go_back(&()).await;
        assert!(
            matches!(
                refused,
                Err(GoBackError::Rollback(RollbackError::NotValid(_)))
            ),
            "{refused:?}"
        );
        assert_eq!(restarts_in(&device).await, None);
        let device = boot(&board.flash).await;
        assert_eq!(status(&device).active, Slot::Www1);
    });
}

/// A firmware with a stepper.
#[derive(Default)]
struct Stepper {
    moves: Cell<bool>,
    told: RefCell<Vec<UpdateEvent>>,
}

impl App for Stepper {
    fn may_update(&self) -> Result<(), Text> {
        match self.moves.get() {
            true => Err(text("the stepper is moving")),
            false => Ok(()),
        }
    }

    fn on_update(&self, event: UpdateEvent) {
        self.told.borrow_mut().push(event);
    }
}

#[test]
fn the_firmware_may_refuse_to_go_back_and_is_told_of_the_restart() {
    let board = updated(Confirmer::Device);
    run(async {
        let device = boot(&board.flash).await;
        let stepper = Stepper::default();
        stepper.moves.set(true);
        let refused = device.go_back(&stepper).await.expect_err("it moves");
        assert_eq!(refused, GoBackError::NotNow(text("the stepper is moving")));
        assert_eq!(refused.to_string(), "not now: the stepper is moving");
        assert_eq!(restarts_in(&device).await, None);
        assert_eq!(stepper.told.take(), []);

        stepper.moves.set(false);
        assert_eq!(device.go_back(&stepper).await, Ok(Slot::Www0));
        let restarting = UpdateEvent::Restarting { in_ms: 500 };
        assert_eq!(stepper.told.take(), [restarting]);
        // Of what does not come, nothing is told.
        let again = device.go_back(&stepper).await;
        let error = GoBackError::Rollback(RollbackError::Restarting);
        assert_eq!((again, stepper.told.take()), (Err(error), vec![]));
        assert!(restarts_in(&device).await.is_some());
        assert_eq!(status(&boot(&board.flash).await).active, Slot::Www0);
    });
}

#[test]
fn a_device_without_a_page_goes_back_too() {
    // The frontend that runs is damaged after the boot: pages do not load, the button works.
    let board = updated(Confirmer::Client { within_s: 60 });
    run(async {
        let device = boot(&board.flash).await;
        let files = board.slot(1).offset + 4096 * 2;
        board.flash.poke(files, &[0; 4096 * 4]).unwrap();
        assert_eq!(device.go_back(&()).await, Ok(Slot::Www0));
        assert_eq!(status(&boot(&board.flash).await).active, Slot::Www0);
    });
}

#[test]
fn a_forgotten_network_opens_the_setup_at_once_and_after_a_restart() {
    let board = Board::with(&Frontend::new("1.0.0", 16));
    run(async {
        let device = boot(&board.flash).await;
        device.join("Home", "correct horse").unwrap();
        let told = device.wifi().unwrap().status();
        assert_eq!(told.mode, WifiMode::Station);

        device.forget_wifi().unwrap();
        for device in [device, boot(&board.flash).await] {
            let told = device.wifi().unwrap().status();
            assert_eq!(told.mode, WifiMode::AccessPoint);
            assert_eq!((told.ssid, told.connected), (None, false));
            assert_eq!(told.address, Some(ADDRESS));
            assert!(
                device.search().unwrap().age_ms.is_some(),
                "it has looked around"
            );
        }

        // There being none is no error, and the next one is joined as ever.
        let device = boot(&board.flash).await;
        device.forget_wifi().unwrap();
        device.join("Away", "battery staple").unwrap();
        let told = boot(&board.flash).await.wifi().unwrap().status();
        assert_eq!(told.ssid.as_deref(), Some("Away"));
    });
}

#[test]
fn a_network_that_cannot_be_forgotten_stays() {
    let board = Board::with(&Frontend::new("1.0.0", 16));
    run(async {
        let device = boot(&board.flash).await;
        device.join("Home", "correct horse").unwrap();
        let sector = board.nvs().offset / 4096;
        board.flash.inject(Fault::Program { sector }).unwrap();
        assert!(device.forget_wifi().is_err());
        let told = device.wifi().unwrap().status();
        assert_eq!(told.ssid.as_deref(), Some("Home"));
    });
}

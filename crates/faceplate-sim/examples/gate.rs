//! A gate that a stepper moves, and that wants no update meanwhile; with a password, on a computer:
//! `cargo run -p faceplate-sim --example gate`.

use std::{cell::Cell, rc::Rc, time::Duration};

use faceplate::{Text, text};
use faceplate_http::{
    Access, Answered, App, Connection, Denied, Head, Method, Methods, Problem, Request, UpdateEvent,
};
use faceplate_sim::{SimError, SimOptions};

/// Steps of the motor from open to closed, or back.
const STEPS: u32 = 100;

/// The time between two of them.
const STEP: Duration = Duration::from_millis(10);

/// The gate.
#[derive(Default)]
pub(crate) struct Gate {
    /// Steps that are left to go.
    left: Cell<u32>,
    /// Whether an update goes on.
    updating: Cell<bool>,
}

impl Gate {
    /// The motor, which runs beside the server.
    pub(crate) async fn run(&self) {
        loop {
            self.left.set(self.left.get().saturating_sub(1));
            tokio::time::sleep(STEP).await;
        }
    }
}

impl App for Gate {
    fn methods(&self, path: &str) -> Methods {
        match path {
            "/api/gate" => Methods::GET | Methods::POST,
            _ => Methods::NONE,
        }
    }

    /// Tells how far it has to go still; a POST lets it move.
    async fn answer<C: Connection>(&self, request: Request<'_, C>) -> Answered {
        if request.method() == Method::Post {
            if self.updating.get() {
                return Err(Problem::new(409, "updating", "an update goes on").into());
            }
            self.left.set(STEPS);
        }
        request.reply.json(&self.left.get()).await
    }

    /// A restart now would leave the gate half open.
    fn may_update(&self) -> Result<(), Text> {
        match self.left.get() {
            0 => Ok(()),
            _ => Err(text("the gate is moving")),
        }
    }

    /// From its begin to the restart, or to its failure, the gate stays where it is.
    fn on_update(&self, event: UpdateEvent) {
        self.updating.set(event != UpdateEvent::Failed);
    }

    /// Everybody may look; to move the gate, or to change what the device serves, takes a password.
    async fn allows(&self, _: &str, head: &Head<'_>, access: Access) -> Result<(), Denied> {
        // `gate` and `open sesame`, as a browser sends it (RFC 7617).
        let known = head.header("Authorization") == Some("Basic Z2F0ZTpvcGVuIHNlc2FtZQ==");
        match access {
            Access::Read => Ok(()),
            Access::Change | Access::Update if known => Ok(()),
            Access::Change | Access::Update => Err(Denied::Unauthorized {
                challenge: "Basic realm=\"gate\"",
            }),
        }
    }
}

fn main() -> Result<(), SimError> {
    let options = SimOptions::new(std::env::temp_dir().join("faceplate-gate.bin"));
    let motor = |gate: Rc<Gate>| async move { gate.run().await };
    let tell = |event| println!("{event}");
    faceplate_sim::run_with(options, Gate::default, motor, tell, || {})
}

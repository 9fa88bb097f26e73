//! The password of a simulated device.

use faceplate::sha256::{SOFTWARE, Sha256};
use faceplate_http::password::{ITERATIONS, Password, Verifier};

use crate::{
    failure::Failure,
    password::{normal, random},
};

#[derive(clap::Args)]
pub(super) struct SimPassword {
    /// The password that its firmware was built with, needed for every change. (Others see it in the
    /// list of processes: it is no real device's.)
    #[arg(long, value_name = "PASSWORD", conflicts_with = "demand_password")]
    password: Option<String>,
    /// Want a password that is set at first use, before anything else can be changed.
    #[arg(long)]
    demand_password: bool,
    /// Want the password for reading, too: the status and the firmware's routes.
    #[arg(long)]
    password_for_reading: bool,
}

/// What each boot begins with.
pub(super) struct BuiltIn {
    verifier: Option<Verifier>,
    reading: bool,
}

impl SimPassword {
    /// `None`: there is none.
    pub(super) fn parse(&self) -> Result<Option<BuiltIn>, Failure> {
        let verifier = match &self.password {
            Some(password) => Some(built_in(&normal(password))),
            None if self.demand_password => None,
            None if self.password_for_reading => {
                return Err(Failure::usage(
                    "--password-for-reading goes with --password or --demand-password",
                ));
            }
            None => return Ok(None),
        };
        Ok(Some(BuiltIn {
            verifier,
            reading: self.password_for_reading,
        }))
    }
}

/// That of the firmware: the same at each start of it.
fn built_in(password: &str) -> Verifier {
    let mut salt = [0; 16];
    let mut hasher = Sha256::new(SOFTWARE);
    hasher.update(b"faceplate sim ");
    hasher.update(password.as_bytes());
    salt.copy_from_slice(&hasher.finish()[..16]);
    Verifier::of(password, salt, ITERATIONS).expect("these are iterations that are allowed")
}

impl BuiltIn {
    pub(super) fn start(&self) -> Password {
        let password = Password::new(random);
        let password = match self.verifier {
            Some(verifier) => password.built_in(verifier),
            None => password,
        };
        if self.reading {
            password.reading()
        } else {
            password
        }
    }
}

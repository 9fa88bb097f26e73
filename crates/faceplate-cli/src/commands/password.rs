//! `faceplate password`: the first password of a device, or another one.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::login::LoginOptions;
use crate::{
    device::{self, Address, ApiError, Asked, Standing},
    failure::{Failure, Kind},
    password, text,
};

/// Set a device's password, or change it.
///
/// The old password comes from --password-file, FACEPLATE_PASSWORD, or is typed; the new one is typed twice,
/// or comes from a file. It does not go over the network, only what the device keeps of it. Everybody who was
/// logged in has to do so again.
#[derive(clap::Args)]
pub(crate) struct SetPassword {
    /// The device: host, host:port or http://host:port, behind a reverse proxy with its
    /// path.
    device: Address,
    /// The new password, in a file; - is standard input [default: it is typed, twice].
    #[arg(long, value_name = "FILE")]
    new_password_file: Option<PathBuf>,
    #[command(flatten)]
    login: LoginOptions,
    /// Answer in JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

impl SetPassword {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let new_file = self.new_password_file.as_deref();
        let is_input = |file: Option<&Path>| file.is_some_and(|file| file.as_os_str() == "-");
        if is_input(new_file) && is_input(self.login.password_file.as_deref()) {
            return Err(Failure::usage(
                "standard input has one password: give the other one in a file",
            ));
        }
        let device = self.login.to(&self.device)?;
        let failed = |error: ApiError| {
            let kind = error.kind();
            match error {
                ApiError::Unknown(error) => {
                    let what = format_args!(
                        "{error}; it may have taken the new password, so try that one first"
                    );
                    Failure::with(&device, kind, what)
                }
                error => Failure::with(&device, kind, error),
            }
        };
        // What is wrong with a file is known before the device is asked.
        let from_file = new_file.map(|file| password::new_one(Some(file), OPTION));
        let from_file = from_file.transpose()?;
        let Some(asked) = device::asked(&device).map_err(|error| failed(error.into()))? else {
            return Err(no_password(&device));
        };
        let Asked {
            set, iterations, ..
        } = asked;
        if !set && device.login.as_ref().is_some_and(|login| login.is_given()) {
            // What is not masked is for nobody but a device that never had one.
            return Err(Failure::with(
                &device,
                Kind::refused("password-unset"),
                "it says that it has no password yet, and one was given for it: it may be another device; \
                 give none to set its first one",
            ));
        }
        if set && device::log_in(&device).map_err(failed)? == Standing::Needed {
            return Err(failed(ApiError::Locked(Standing::Needed)));
        }
        let new = match from_file {
            Some(new) => new,
            None => password::new_one(None, OPTION)?,
        };
        let verifier = password::verifier(&new, iterations);
        let sent = match set {
            true => device::change_password(&device, verifier),
            false => device::set_password(&device, verifier),
        };
        sent.map_err(failed)?;
        match self.json {
            true => {
                text::print_json(&json!({ "device": device.to_string(), "first": !set }));
            }
            false => text::print(&format!(
                "{device}: {}",
                match set {
                    true => "the password was changed; who was logged in has to log in again",
                    false => "the password was set; it is needed for every change from now on",
                }
            )),
        }
        Ok(())
    }
}

const OPTION: &str = "--new-password-file";

/// Why there is none to set, from what the device says else.
fn no_password(device: &Address) -> Failure {
    match device::status(device) {
        Err(error @ (ApiError::NotFaceplate | ApiError::Client(_))) => {
            Failure::with(device, error.kind(), error)
        }
        _ => Failure::with(
            device,
            Kind::refused("not-found"),
            "its firmware asks for no password, so there is none to set",
        ),
    }
}

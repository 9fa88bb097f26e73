//! Who one is for the device: its password, or header fields for every request, of all commands that speak to one.

use std::{path::PathBuf, sync::Arc};

use crate::{
    device::{Address, Header, Login},
    failure::Failure,
    password,
};

#[derive(clap::Args)]
pub(super) struct LoginOptions {
    /// The device's password, in a file; - is standard input. Without it that in FACEPLATE_PASSWORD,
    /// or what is typed where the device wants one.
    #[arg(long, value_name = "FILE")]
    pub(super) password_file: Option<PathBuf>,
    /// Send this with every request, such as a token, to a device that asks who one is; several are
    /// several options. It is not printed.
    // A text, since clap would print a value that it cannot read.
    #[arg(long = "header", value_name = "NAME: VALUE")]
    headers: Vec<String>,
}

impl LoginOptions {
    /// The device as it is asked by whoever this is.
    pub(super) fn to(&self, device: &Address) -> Result<Address, Failure> {
        let mut found = self.to_all(std::slice::from_ref(device))?;
        Ok(found.remove(0))
    }

    /// The same for several: what a file says of one is for all.
    pub(super) fn to_all(&self, devices: &[Address]) -> Result<Vec<Address>, Failure> {
        let headers = self.headers.iter().map(|line| Header::parse(line));
        let headers: Vec<_> = headers.collect::<Result<_, _>>().map_err(Failure::usage)?;
        let password = match &self.password_file {
            Some(path) => Some(password::in_file(path)?),
            None => password::in_environment()?,
        };
        // Who says so by a header is somebody already.
        let by_header = headers.iter().any(|header| header.is("Authorization"));
        let device = |device: &Address| Address {
            headers: headers.clone(),
            login: (!by_header).then(|| Arc::new(Login::new(password.clone()))),
            ..device.clone()
        };
        Ok(devices.iter().map(device).collect())
    }
}

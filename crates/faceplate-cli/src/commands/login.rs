//! Who one is for the device: header fields for every request, of all commands that speak to one.

use crate::{
    device::{Address, Header},
    failure::Failure,
};

#[derive(clap::Args)]
pub(super) struct Login {
    /// Send this with every request, such as a token, to a device that asks who one is; several are
    /// several options. It is not printed.
    // A text, since clap would print a value that it cannot read.
    #[arg(long = "header", value_name = "NAME: VALUE")]
    headers: Vec<String>,
}

impl Login {
    /// The device as it is asked by whoever this is.
    pub(super) fn to(&self, device: &Address) -> Result<Address, Failure> {
        let headers = self.headers.iter().map(|line| Header::parse(line));
        Ok(Address {
            headers: headers.collect::<Result<_, _>>().map_err(Failure::usage)?,
            ..device.clone()
        })
    }
}

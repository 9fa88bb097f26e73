//! `faceplate sim`: a simulated device.

mod password;
mod room;

use std::{
    net::{Ipv6Addr, SocketAddr},
    path::PathBuf,
    process,
    rc::Rc,
    time::Duration,
};

use faceplate::{Signers, verify::Requirements};
use faceplate_http::{Limits, password::WithPassword};
use faceplate_provider::Provider;
use faceplate_sim::{Event, SimError, SimOptions, flash::Timing};

use self::{password::SimPassword, room::SimRoom};
use super::read_frontend;
use crate::{board::Board, device::Address, failure::Failure, keys, text};

/// The status with which a power cut ends the process.
const POWER_CUT: i32 = 3;

/// Simulate a device: the same core and HTTP app as on the chip, over a flash file.
///
/// It prints the address that it serves at, and goes on until it is stopped. Started again with the
/// same flash file, it goes on where it was. A frontend is uploaded to it as to a real device.
#[derive(clap::Args)]
pub(crate) struct Sim {
    /// The flash of the device; made when there is none.
    #[arg(long, value_name = "FILE", default_value = "device.bin")]
    flash: PathBuf,
    #[command(flatten)]
    board: Board,
    /// Where it is reached; port 0 takes any free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// The frontend that a new device gets, as by serial flashing [default: none, it starts in
    /// recovery].
    #[arg(long, value_name = "IMAGE")]
    www: Option<PathBuf>,
    /// Whether flash operations take as long as on a chip.
    #[arg(long, value_name = "TIMING", default_value = "none")]
    flash_timing: FlashTiming,
    /// Cut the power in the middle of the flash operation (erase or program) that follows so many
    /// others: the process ends at once, with status 3.
    #[arg(long, value_name = "OPS")]
    power_cut_after: Option<u64>,
    /// A host that leads to it besides IP addresses and its own names, such as home.example or that of
    /// a reverse proxy, 10.0.0.1:8443; several: once each.
    #[arg(long = "host", value_name = "HOST", value_parser = host)]
    hosts: Vec<String>,
    /// A public key (PEM): take only frontends that it has signed, and boot no other; several: once
    /// each.
    #[arg(long = "key", value_name = "PUB")]
    keys: Vec<PathBuf>,
    /// Refuse frontends with a lower sequence than one that was confirmed.
    #[arg(long)]
    no_step_back: bool,
    #[command(flatten)]
    password: SimPassword,
    /// How long a restart takes, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 2000)]
    reboot_ms: u32,
    /// Be the access point of a setup: send who asks for a foreign name to the setup page, as long
    /// as no Wi-Fi is stored.
    #[arg(long)]
    portal: bool,
    /// Be the example device: with a lamp, a temperature and a log, in a simulated room
    /// (/api/lamp, /api/sensor, /api/events, /api/log).
    #[arg(long)]
    example: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum FlashTiming {
    /// The typical times of the W25Q128's datasheet for the commands of the driver: programs of 32
    /// bytes, at 80 MHz. Reads take none.
    Real,
    /// None.
    None,
}

impl Sim {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let www = self.www.as_deref().map(read_frontend).transpose()?;
        let keys = self.keys.iter().map(|path| keys::public(path));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        let requirements = Requirements {
            signers: match keys.is_empty() {
                true => Signers::ANYONE,
                false => Signers::only(keys::signers(keys)?),
            },
            no_step_back: self.no_step_back,
            ..Requirements::any(faceplate::API)
        };
        let options = SimOptions {
            flash: self.flash,
            flash_size: self.board.flash_size,
            partitions: self.board.csv()?,
            places: self.board.places(),
            listen: self.listen,
            www,
            timing: match self.flash_timing {
                FlashTiming::Real => Timing::Real,
                FlashTiming::None => Timing::None,
            },
            power_cut_after: self.power_cut_after,
            reboot: Duration::from_millis(self.reboot_ms.into()),
            requirements,
            limits: Limits::DEFAULT,
            hosts: self.hosts,
            portal: self.portal,
        };
        let power_cut = || {
            text::print("power cut");
            process::exit(POWER_CUT);
        };
        let room = || Provider::new(SimRoom::new());
        let ended = match (self.example, self.password.parse()?) {
            (true, None) => {
                let task = |app: Rc<Provider<SimRoom>>| async move {
                    app.run().await;
                };
                faceplate_sim::run_with(options, room, task, tell, power_cut)
            }
            (false, None) => faceplate_sim::run(options, || (), tell, power_cut),
            (true, Some(password)) => {
                let app = || WithPassword(room(), password.start());
                let task = |app: Rc<WithPassword<Provider<SimRoom>>>| async move {
                    app.0.run().await;
                };
                faceplate_sim::run_with(options, app, task, tell, power_cut)
            }
            (false, Some(password)) => {
                let app = || WithPassword((), password.start());
                faceplate_sim::run(options, app, tell, power_cut)
            }
        };
        ended.map_err(|error| match error {
            SimError::Table(error) => self.board.wrong_table(error),
            error => Failure::new(error),
        })
    }
}

/// A host with or without a port, as a browser shows it.
fn host(text: &str) -> Result<String, String> {
    if !text.is_ascii() {
        return Err("write it as browsers send it: in ASCII, beginning with xn--".to_owned());
    }
    // For a browser all of a host is one place: a path would promise less than is allowed.
    if text.contains(['/', '?', '#']) {
        return Err(
            "write the host alone, like home.example or 10.0.0.1:8443, without https:// and path"
                .to_owned(),
        );
    }
    text.parse::<Address>()?;
    Ok(match text.parse::<Ipv6Addr>() {
        Ok(address) => format!("[{address}]"),
        Err(_) => text.to_owned(),
    })
}

fn tell(event: Event) {
    match event {
        Event::WwwNotUsed => text::warn(
            "the flash file is there already, so --www was not used; delete the file for \
             a new device, or use `faceplate push`",
        ),
        Event::Fault(what) => text::warn(&what),
        event => text::print(&event.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_stands_alone() {
        for (text, added) in [
            ("home.example", "home.example"),
            ("Home.example.:443", "Home.example.:443"),
            ("10.0.0.1:8443", "10.0.0.1:8443"),
            ("[fd00::1]:81", "[fd00::1]:81"),
            ("FD00::1", "[fd00::1]"),
        ] {
            assert_eq!(host(text).as_deref(), Ok(added), "{text}");
        }
        for text in [
            "https://home.example",
            "http://home.example",
            "home.example/kitchen",
            "home.example/",
            "home.example?x",
        ] {
            let why = host(text).unwrap_err();
            assert!(why.starts_with("write the host alone"), "{text}: {why}");
        }
        for text in [
            "",
            ":80",
            "a b",
            "home.example:99999",
            "bücher.example",
            "*.home.example",
        ] {
            assert!(host(text).is_err(), "{text}");
        }
    }
}

//! `faceplate conformance`: whether a device keeps the HTTP contract.

use std::{path::PathBuf, time::Duration};

use serde_json::json;

use super::{login::LoginOptions, not_an_image, read_image};
use crate::{
    conformance::{self, About, Choice, Effect, Sample},
    device::{self, Address, ApiError, ClientError, Standing, Status},
    failure::{Failure, Kind},
    progress::Progress,
    push::{Image, may_begin},
    text,
};

/// Try whether a device keeps the HTTP contract (docs/http-api.md), row by row: for who ports
/// Faceplate to another server, chip or proxy.
///
/// Nothing is changed on the device: it is read, or asked for what it has to refuse before it writes
/// anything. (One that does not refuse may be changed all the same: take one that nobody needs now.)
/// With --update it is updated, too, confirmed, and rolled back to what it runs; the frontend in its
/// other slot is lost.
///
/// Ends with 0 when every row that could be tried passed or was excepted, 1 when one failed, and 3 when
/// the device is not reached, or does not answer any more.
#[derive(clap::Args)]
pub(crate) struct Conformance {
    /// The device: host, host:port or http://host:port, behind a reverse proxy with its
    /// path.
    #[arg(required_unless_present = "list")]
    device: Option<Address>,
    /// Update the device with this image, and go back to what it runs. It may be the image that runs.
    #[arg(long, value_name = "IMAGE")]
    update: Option<PathBuf>,
    /// Rows that the device is known not to keep: they are tried, but fail nothing. The name of a
    /// group stands for all its rows.
    #[arg(long, value_name = "ROW,ROW", value_delimiter = ',', value_parser = selector)]
    except: Vec<String>,
    /// Try these rows alone.
    #[arg(long, value_name = "ROW,ROW", value_delimiter = ',', value_parser = selector)]
    only: Vec<String>,
    /// List all rows with what they say, and try none.
    #[arg(long)]
    list: bool,
    /// Seconds to wait for the device to restart.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 60,
        value_parser = clap::value_parser!(u32).range(1..=3600)
    )]
    timeout: u32,
    #[command(flatten)]
    login: LoginOptions,
    /// Answer in JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The status with which a run ends in which a row failed.
const NOT_KEPT: u8 = 1;

/// Whether no row would say more than this.
fn is_in_the_way(error: &ApiError) -> bool {
    match error {
        ApiError::Client(ClientError::NotHttp(_)) => false,
        ApiError::Client(_) => true,
        // Every row would get the same.
        ApiError::Refused(problem) => {
            let kinds = [
                "unauthorized",
                "forbidden",
                "foreign-host",
                "password-needed",
                "wrong-password",
                "too-many-attempts",
            ];
            kinds.contains(&&*problem.kind)
        }
        ApiError::Locked(_) => true,
        ApiError::NotFaceplate | ApiError::Unknown(_) => false,
    }
}

/// The name of a row or a group.
fn selector(text: &str) -> Result<String, String> {
    match conformance::all().any(|about| about.is_called(text)) {
        true => Ok(text.to_owned()),
        false => Err("no row or group has this name; --list tells all of them".to_owned()),
    }
}

impl Conformance {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let Some(device) = self.device.as_ref().filter(|_| !self.list) else {
            self.list();
            return Ok(());
        };
        if let (None, Some(row)) = (&self.update, self.needs_update()) {
            return Err(Failure::usage(format_args!(
                "{row} changes the device: it goes with --update IMAGE"
            )));
        }
        let device = self.login.to(device)?;
        let failed = |kind, what: String| Failure::with(&device, kind, what);
        match device::log_in(&device).and_then(Standing::may_change) {
            Ok(()) => {}
            Err(ApiError::Client(error)) if !matches!(error, ClientError::Impostor) => {
                // Whoever does not answer this is asked for the status all the same.
            }
            Err(error) => return Err(failed(error.kind(), error.to_string())),
        }
        let mut progress = Progress::new(device.to_string(), self.json);
        progress.phase("asking for its status");
        let first = match device::status(&device) {
            Ok(first) => Some(first),
            Err(error) if is_in_the_way(&error) => {
                return Err(failed(error.kind(), error.to_string()));
            }
            // What is wrong with it is said by the rows.
            Err(_) => None,
        };
        let sample = self.sample(&device, first.as_ref().map(|(status, _)| status))?;
        let choice = Choice {
            only: self.only,
            except: self.except,
        };
        let report = conformance::run(&device, first, sample, &choice, &mut progress);
        drop(progress);
        match self.json {
            true => text::print_json(&report.to_json(&device.to_string())),
            false => text::print(&report.describe()),
        }
        match (report.is_kept(), report.is_lost()) {
            (true, _) => Ok(()),
            (false, true) => Err(Failure::Told(Kind::Lost.code())),
            (false, false) => Err(Failure::Told(NOT_KEPT)),
        }
    }

    /// What of the rows to be tried alone is about an update.
    fn needs_update(&self) -> Option<&String> {
        let changes = |one: &&String| {
            let mut rows = conformance::all().filter(|about| about.is_called(one));
            rows.any(|about| about.effect == Effect::Changes)
        };
        self.only.iter().find(changes)
    }

    /// The image for an update that the device would begin.
    fn sample(&self, device: &Address, status: Option<&Status>) -> Result<Option<Sample>, Failure> {
        let Some(path) = &self.update else {
            return Ok(None);
        };
        let image = Image::new(read_image(path)?).map_err(|error| not_an_image(path, error))?;
        let status = status.ok_or_else(|| {
            let what = "its status cannot be read, and without that it is not updated; try it without --update";
            Failure::with(device, Kind::NotFaceplate, what)
        })?;
        may_begin(&image, status).map_err(|error| Failure::with(device, error.kind(), error))?;
        if let Some(fault) = &status.fault {
            let what = format!("no change can be made: {fault}");
            return Err(Failure::with(device, Kind::refused("nvs-fault"), what));
        }
        let timeout = Duration::from_secs(self.timeout.into());
        Ok(Some(Sample { image, timeout }))
    }

    fn list(&self) {
        if self.json {
            let rows = conformance::all().map(|about| {
                let About {
                    name,
                    effect,
                    rule,
                    advice,
                } = about;
                json!({ "row": name, "effect": effect.name(), "rule": rule, "advice": advice })
            });
            return text::print_json(&json!({ "rows": rows.collect::<Vec<_>>() }));
        }
        for about in conformance::all() {
            let effect = match about.effect {
                Effect::Changes => "changes the device",
                Effect::Refused => "has to be refused",
                Effect::Reads => "reads",
            };
            text::print(&format!("{} ({effect})\n    {}", about.name, about.rule));
        }
    }
}

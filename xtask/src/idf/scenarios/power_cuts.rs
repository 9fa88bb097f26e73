//! Cuts the power in each change of the settings that an update, its first start, a confirmation or a rollback
//! makes, and at random moments of the writing of an image. Afterwards the device serves the old frontend or
//! the new one, whole, and takes the next update.

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use crate::emulate::client::{Client, Status};
use crate::emulate::frontend::Frontend;
use crate::emulate::random::Random;
use crate::emulate::scenarios::{ensure, put_on_trial};
use crate::idf::device::{Device, counted};
use crate::idf::place::{Place, UP};

/// No change is that long.
const LONGEST: Duration = Duration::from_secs(60);

/// What is cut short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Upload,
    /// The first start with the new frontend, and its confirmation.
    Trial,
    Rollback,
}

/// What became of it.
#[derive(Debug, Default)]
struct Counts {
    settings: u32,
    image: u32,
    old: u32,
    new: u32,
}

impl Counts {
    fn add(&mut self, other: &Self) {
        self.settings += other.settings;
        self.image += other.image;
        self.old += other.old;
        self.new += other.new;
    }
}

pub(super) fn power_cuts(place: &Place<'_>) -> Result<String, String> {
    let plays: [(&str, Play); 4] = [
        ("upload", |story| story.settings(Change::Upload)),
        ("trial", |story| story.settings(Change::Trial)),
        ("rollback", |story| story.settings(Change::Rollback)),
        ("image", |story| story.image()),
    ];
    let all = thread::scope(|scope| {
        let played = plays.map(|(name, play)| scope.spawn(move || one_device(place, name, play)));
        let mut all = Counts::default();
        for one in played {
            all.add(&one.join().unwrap_or_else(|_| Err("it panicked".into()))?);
        }
        Ok::<Counts, String>(all)
    })?;
    let Counts {
        settings,
        image,
        old,
        new,
    } = all;
    Ok(format!(
        ": {settings} cuts in the settings, {image} in the image; then the old frontend {old} times, the new {new}"
    ))
}

type Play = fn(&mut Story<'_, '_>) -> Result<(), String>;

fn one_device(place: &Place<'_>, name: &str, play: Play) -> Result<Counts, String> {
    let place = Place::new(place.bench, &format!("power_cuts_{name}"))?;
    let frontends = &place.bench.frontends;
    let mut story = Story {
        flash: place.new_flash()?,
        cycle: [&frontends.small, &frontends.medium, &frontends.full],
        place: &place,
        counts: Counts::default(),
    };
    let played = play(&mut story);
    played.map_err(|error| format!("{error}\n{}", place.last_console()))?;
    Ok(story.counts)
}

/// One device through all cuts.
struct Story<'a, 'b> {
    place: &'a Place<'b>,
    flash: PathBuf,
    /// What comes in turn: one more than there are slots, so that what comes is never there already.
    cycle: [&'a Frontend; 3],
    counts: Counts,
}

impl<'a> Story<'a, '_> {
    /// Cuts a change at each unit of the settings that it changes.
    fn settings(&mut self, change: Change) -> Result<(), String> {
        if change == Change::Rollback {
            // There has to be something to go back to.
            self.upload_and_confirm()?;
        }
        let mut unit = 0;
        while self.cut(change, &format!("nvs:{unit}"))? {
            self.counts.settings += 1;
            unit += 1;
        }
        ensure!(unit > 0, "{change:?} changed no settings");
        Ok(())
    }

    /// Cuts uploads at random units of the image.
    fn image(&mut self) -> Result<(), String> {
        let mut units = u64::MAX;
        for _ in self.cycle {
            units = units.min(self.upload_and_confirm()?);
        }
        let bench = self.place.bench;
        let mut random = Random::new(bench.seed);
        for _ in 0..bench.cuts {
            let unit = random.below(units);
            let cut = self.cut(Change::Upload, &format!("other:{unit}"))?;
            ensure!(cut, "an image was written with fewer than {unit} units");
            self.counts.image += 1;
        }
        Ok(())
    }

    /// What comes after that.
    fn next(&self, than: &Frontend) -> &'a Frontend {
        let at = self.cycle.iter().position(|one| std::ptr::eq(*one, than));
        self.cycle[at.map_or(0, |at| (at + 1) % self.cycle.len())]
    }

    /// The one with this SHA-256.
    fn named(&self, sha256: &str) -> Option<&'a Frontend> {
        self.cycle.into_iter().find(|one| one.sha256 == sha256)
    }

    /// Which one serves.
    fn served(&self, status: &Status) -> Result<&'a Frontend, String> {
        let served = self.named(status.sha256());
        served.ok_or_else(|| format!("neither the old nor the new serves: {status}"))
    }

    /// Cuts a change at a moment; false: it was over before.
    fn cut(&mut self, change: Change, moment: &str) -> Result<bool, String> {
        self.cut_once(change, moment)
            .map_err(|error| format!("{change:?}, cut at {moment}: {error}"))
    }

    fn cut_once(&mut self, change: Change, moment: &str) -> Result<bool, String> {
        let device;
        let (new, cut) = match change {
            // It begins with its first start.
            Change::Trial => {
                let new = self.upload_to_the_restart()?;
                device = self.once(Some(moment))?;
                (Some(new), self.try_out(&device)?)
            }
            _ => {
                device = self.once(Some(moment))?;
                self.make(change, &device)?
            }
        };
        device.cut_power();
        let (device, client, status) = self.place.boot(&self.flash)?;
        let served = self.served(&status)?;
        client.compare(served)?;
        let is_new = new.is_some_and(|new| std::ptr::eq(new, served));
        ensure!(
            cut || is_new,
            "nothing was cut, and the old one serves: {status}"
        );
        if status.state() == "trial" {
            client.post("/api/ota/confirm")?.expect(200, "")?;
        }
        let status = client.status()?;
        status.expect(served, "settled")?;
        // And the next update works.
        let next = self.next(served);
        put_on_trial(&client, &status, next, "?confirm=client")?;
        client.post("/api/ota/confirm")?.expect(200, "")?;
        client.compare(next)?;
        device.cut_power();
        if cut {
            match is_new {
                true => self.counts.new += 1,
                false => self.counts.old += 1,
            }
        }
        Ok(cut)
    }

    /// Starts a device that is not started again: what comes after a restart is seen without a cut.
    fn once(&self, cut: Option<&str>) -> Result<Device, String> {
        let mut start = self.place.start(&self.flash);
        start.cut = cut.map(str::to_owned);
        start.once = true;
        Device::start(start)
    }

    /// Has it make the change. Gives the frontend that serves when it is made, if that was begun, and whether
    /// the power went.
    fn make(
        &self,
        change: Change,
        device: &Device,
    ) -> Result<(Option<&'a Frontend>, bool), String> {
        let client = device.client();
        let Some(status) = up(device, &client)? else {
            return Ok((None, true));
        };
        let new = match change {
            Change::Rollback => {
                let other = format!("/slots/{}/sha256", 1 - status.active().min(1));
                self.named(status.text(&other))
            }
            _ => Some(self.next(self.served(&status)?)),
        };
        let new = new.ok_or("there is nothing to go back to")?;
        // An answer may never come.
        _ = match change {
            Change::Rollback => client.post("/api/ota/rollback"),
            _ => client.upload("?confirm=client", &new.image),
        };
        let restarted = device.wait_end(LONGEST)?;
        Ok((Some(new), !restarted))
    }

    /// Starts it with a new frontend and confirms that; whether the power went.
    fn try_out(&self, device: &Device) -> Result<bool, String> {
        let client = device.client();
        if up(device, &client)?.is_none() {
            return Ok(true);
        }
        if let Ok(answer) = client.post("/api/ota/confirm") {
            answer.expect(200, "")?;
            return Ok(false);
        }
        let restarted = device.wait_end(LONGEST)?;
        ensure!(!restarted, "it restarted instead of an answer");
        Ok(true)
    }

    /// Brings the other frontend, up to where it restarts.
    fn upload_to_the_restart(&self) -> Result<&'a Frontend, String> {
        let device = self.once(None)?;
        let client = device.client();
        let status = client.wait("up", UP, |_| true)?;
        let next = self.next(self.served(&status)?);
        client
            .upload("?confirm=client", &next.image)?
            .expect(200, "")?;
        let restarted = device.wait_end(LONGEST)?;
        ensure!(restarted, "it ended by itself");
        Ok(next)
    }

    /// Brings the next frontend, whole; how many units were written to the slot for it.
    fn upload_and_confirm(&self) -> Result<u64, String> {
        self.upload_to_the_restart()?;
        let (_, units) = counted(&self.place.counted())?;
        ensure!(units > 0, "nothing was written");
        let (_device, client, _) = self.place.boot(&self.flash)?;
        client.post("/api/ota/confirm")?.expect(200, "")?;
        Ok(units)
    }
}

/// Waits until it answers; `None`: its power went before that.
fn up(device: &Device, client: &Client) -> Result<Option<Status>, String> {
    let begin = Instant::now();
    while !device.has_ended() {
        match client.status() {
            Ok(status) => return Ok(Some(status)),
            Err(error) => ensure!(begin.elapsed() < UP, "it does not come up: {error}"),
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(None)
}

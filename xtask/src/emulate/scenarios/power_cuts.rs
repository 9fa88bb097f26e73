//! Cuts the power at random moments of an update. Afterwards the board serves the old frontend or
//! the new one, whole, and takes the next update.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::ensure;
use crate::emulate::flash_file::{Layout, Watch};
use crate::emulate::frontend::Frontend;
use crate::emulate::machine::{Machine, Setup};
use crate::emulate::place::Place;
use crate::emulate::random::Random;

/// Boards at a time; each keeps one core busy.
const BOARDS: u32 = 2;
/// An update that has not come to its end by then hangs.
const LONGEST: Duration = Duration::from_secs(60);

pub(super) fn power_cuts(place: &Place<'_>) -> Result<String, String> {
    let seed = place.bench.seed;
    let counts = thread::scope(|scope| {
        let boards: Vec<_> = (0..BOARDS)
            .map(|board| {
                let cuts = (place.bench.cuts + board) / BOARDS;
                let dir = place.dir.join(format!("board-{board}"));
                let bench = place.bench;
                scope.spawn(move || {
                    let place = Place::new(bench, dir)?;
                    let random = Random::new(seed.wrapping_mul(31).wrapping_add(board.into()));
                    let counts = one_board(&place, random, cuts);
                    counts.map_err(|error| format!("{error}\n{}", place.last_console()))
                })
            })
            .collect();
        let mut all = Counts::default();
        for board in boards {
            let counts = board.join().unwrap_or_else(|_| Err("panicked".to_owned()));
            all.add(&counts?);
        }
        Ok::<Counts, String>(all)
    })?;
    Ok(counts.to_string())
}

/// What was cut, and what served afterwards.
#[derive(Debug, Default)]
struct Counts {
    cuts: u32,
    twice: u32,
    old: u32,
    new: u32,
    /// For each phase.
    phases: [u32; PHASES.len()],
}

/// Where an update is when the power goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    BeforeFirstWrite,
    Writing,
    Checking,
    Switching,
    Restarting,
    Booting,
    Serving,
}

const PHASES: [(Phase, &str); 7] = [
    (Phase::BeforeFirstWrite, "before the first write"),
    (Phase::Writing, "writing"),
    (Phase::Checking, "checking"),
    (Phase::Switching, "switching"),
    (Phase::Restarting, "about to restart"),
    (Phase::Booting, "booting"),
    (Phase::Serving, "serving the new one"),
];

impl Counts {
    fn add(&mut self, other: &Self) {
        self.cuts += other.cuts;
        self.twice += other.twice;
        self.old += other.old;
        self.new += other.new;
        for (all, more) in self.phases.iter_mut().zip(other.phases) {
            *all += more;
        }
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            cuts,
            twice,
            old,
            new,
            ..
        } = self;
        write!(
            f,
            "{cuts} cuts, {twice} of them twice; then the old frontend {old} times, the new {new}; ",
        )?;
        let phases = PHASES.iter().zip(self.phases);
        let phases: Vec<String> = phases
            .map(|((_, name), count)| format!("{name} {count}"))
            .collect();
        f.write_str(&phases.join(", "))
    }
}

/// The moment of a cut.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// So long after the first byte was sent.
    After(Duration),
    /// When the settings have changed so often since then, as seen in the flash file.
    Settings(u32),
    /// So long after the board has begun to start again.
    Restarted(Duration),
}

/// How long an update takes that nobody disturbs.
#[derive(Debug, Clone, Copy)]
struct Usual {
    /// From the first byte to the answer after the restart.
    all: Duration,
    /// From the restart to that.
    boot: Duration,
}

/// Settings of an update: its slot is unfinished, then trial, image, reason and active slot; the
/// boot counts. Each is a few writes, which are not all seen apart.
const SETTINGS: u64 = 12;

fn one_board(place: &Place<'_>, mut random: Random, cuts: u32) -> Result<Counts, String> {
    let frontends = place.bench.frontends.all();
    let flash = place.new_flash()?;
    let layout = Layout::read(&flash)?;
    let mut counts = Counts::default();
    let (mut machine, mut client, mut status) = place.boot(&flash, Setup::default())?;
    let mut serves = frontends[0];
    let mut usual = Usual {
        all: Duration::from_secs(5),
        boot: Duration::from_secs(1),
    };
    for number in 0..=cuts {
        // The next frontend that neither slot holds, so that there is something to write.
        let held = [0, 1].map(|slot| status.text(&format!("/slots/{slot}/version")).to_owned());
        let fresh: Vec<&Frontend> = frontends
            .into_iter()
            .filter(|frontend| !held.contains(&frontend.version))
            .collect();
        let next = fresh[random.below(fresh.len() as u64) as usize];
        if number > 0 {
            let moment = match random.below(10) {
                0..=3 => Moment::After(random.time(usual.all)),
                4..=7 => Moment::Settings(1 + random.below(SETTINGS) as u32),
                _ => Moment::Restarted(random.time(usual.boot)),
            };
            let context = format!(
                "cut {number} of {cuts}, {moment:?}, {} to {}",
                serves.version, next.version
            );
            let at = |error: String| format!("{context}: {error}");
            let watch = Watch::new(&flash, layout, status.active(), &next.image).map_err(at)?;
            let phase = cut(machine, next, moment, watch, usual).map_err(at)?;
            counts.cuts += 1;
            counts.phases[phase as usize] += 1;
            let context = format!("{context}, cut while {phase:?}");
            let at = |error: String| format!("{context}: {error}");
            if random.below(4) == 0 {
                // And once more while it starts.
                let again = place.power(&flash, Setup::default()).map_err(at)?;
                thread::sleep(random.time(usual.boot));
                again.cut_power();
                counts.twice += 1;
            }
            (machine, client, status) = place.boot(&flash, Setup::default()).map_err(at)?;
            let now = [serves, next]
                .into_iter()
                .find(|frontend| frontend.sha256 == status.sha256())
                .ok_or_else(|| at(format!("neither the old nor the new serves: {status}")))?;
            match std::ptr::eq(now, next) {
                true => counts.new += 1,
                false => counts.old += 1,
            }
            let complete = phase > Phase::Checking;
            if std::ptr::eq(now, next) && !complete {
                return Err(at("the new one serves before it was switched to".into()));
            }
            client.compare(now).map_err(at)?;
            if status.state() == "trial" {
                client
                    .post("/api/ota/confirm")
                    .and_then(|answer| answer.expect(200, ""))
                    .map_err(at)?;
            }
            status = client.status().map_err(at)?;
            status.expect(now, "settled").map_err(at)?;
            serves = now;
        }
        // The next update works.
        let other = match std::ptr::eq(serves, next) {
            false => next,
            true => frontends[usize::from(std::ptr::eq(serves, frontends[0]))],
        };
        let begin = Instant::now();
        let after_cut = |error: String| format!("the update after cut {number}: {error}");
        let after = super::trials::put_on_trial(&client, &status, other, "?confirm=client")
            .map_err(after_cut)?;
        usual.all = begin.elapsed();
        usual.boot = Duration::from_millis(after.number("/device/uptime_ms").unwrap_or(0) + 300);
        client.post("/api/ota/confirm")?.expect(200, "")?;
        client.compare(other).map_err(after_cut)?;
        status = client.status()?;
        serves = other;
    }
    Ok(counts)
}

/// Uploads, and cuts the power at the moment; says where the update was.
fn cut(
    machine: Machine,
    frontend: &Frontend,
    moment: Moment,
    mut watch: Watch,
    usual: Usual,
) -> Result<Phase, String> {
    let client = machine.client();
    let boots = machine.boots()?;
    let answered = AtomicBool::new(false);
    let seen = thread::scope(|scope| {
        scope.spawn(|| {
            // The cut ends it in whatever way.
            if let Ok(answer) = client.upload("?confirm=client", &frontend.image)
                && answer.status == 200
            {
                answered.store(true, Ordering::Relaxed);
            }
        });
        let seen = wait(&machine, boots, moment, &mut watch, usual.boot);
        machine.cut_power();
        seen
    });
    let seen = seen?;
    let answered = answered.load(Ordering::Relaxed);
    // What changed between the last look and the cut.
    watch.look()?;
    Ok(match seen {
        Seen::Serving => Phase::Serving,
        Seen::Restarted => Phase::Booting,
        Seen::Nothing if answered => Phase::Restarting,
        Seen::Nothing if watch.settings_after_image > 0 => Phase::Switching,
        Seen::Nothing if watch.image_written => Phase::Checking,
        Seen::Nothing if watch.settings > 0 => Phase::Writing,
        Seen::Nothing => Phase::BeforeFirstWrite,
    })
}

/// What was seen of the restart when the moment had come.
enum Seen {
    Nothing,
    Restarted,
    Serving,
}

fn wait(
    machine: &Machine,
    boots: usize,
    moment: Moment,
    watch: &mut Watch,
    boot: Duration,
) -> Result<Seen, String> {
    let begin = Instant::now();
    let mut restarted = None;
    loop {
        watch.look()?;
        if restarted.is_none() && machine.boots()? > boots {
            restarted = Some(Instant::now());
        }
        let over = match moment {
            Moment::After(time) => begin.elapsed() >= time,
            Moment::Settings(count) => watch.settings >= count,
            Moment::Restarted(time) => restarted.is_some_and(|at| at.elapsed() >= time),
        };
        if over {
            return Ok(match restarted {
                Some(_) => Seen::Restarted,
                None => Seen::Nothing,
            });
        }
        // The moment does not come any more: it serves the new one.
        if restarted.is_some_and(|at| at.elapsed() > boot) {
            return Ok(Seen::Serving);
        }
        ensure!(
            begin.elapsed() < LONGEST,
            "the update did not come to its end; the settings changed {} times",
            watch.settings
        );
        // The switch takes a few milliseconds and is watched closely; before that, the board needs
        // the processor more than we do.
        if !(matches!(moment, Moment::Settings(_)) && watch.image_written) {
            thread::sleep(Duration::from_micros(500));
        }
    }
}

//! The decision what the radio does: join a network, or offer the setup access point.
//!
//! It has no clock and no radio of its own. Whoever drives the radio asks [`Plan::next`] what to
//! do and until when, does it, and reports what happened to [`Plan::event`].
//!
//! The promise: a device is never out of reach for longer than the longest patience below,
//! whatever was typed into its setup page.
use embassy_time::{Duration, Instant};

/// How long a join may go without an address before the setup is offered: at boot, after the
/// setup, with new credentials. Long enough for a scan, a handshake and DHCP, several times.
pub const JOIN_PATIENCE: Duration = Duration::from_secs(60);
/// The same after a loss of a network that worked: home routers take two to four minutes to
/// restart, and a device should not leave for its access point each time.
pub const LOSS_PATIENCE: Duration = Duration::from_secs(5 * 60);
/// One attempt, association and DHCP together; a router that takes longer is tried again.
pub const ATTEMPT: Duration = Duration::from_secs(25);
/// How long the setup is offered before the known network gets another chance.
pub const SETUP: Duration = Duration::from_secs(3 * 60);
/// After the last client left: its person may be back in a moment (a phone that locks its screen).
pub const LINGER: Duration = Duration::from_secs(60);
/// After a search for networks, for the one who asked for it to choose one and type its password. From then
/// on only those who come are known to be there.
pub const CHOICE: Duration = Duration::from_secs(5 * 60);
/// The longest that clients can hold the access point of a device that knows a network. A
/// forgotten phone, or a leave that the radio did not report, must not keep it from home for ever.
pub const SETUP_MAX: Duration = Duration::from_secs(30 * 60);
/// From storing new credentials to using them, so that the answer of the setup page gets out.
pub const FAREWELL: Duration = Duration::from_millis(1500);
/// A connection that held for less than this does not count as one that worked.
pub const STABLE: Duration = Duration::from_secs(30);
/// The longest pause between two attempts; the first is one second, each next one double.
pub const PAUSE_MAX: Duration = Duration::from_secs(30);

/// What the radio is to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Be the access point, with DHCP for its clients.
    AccessPoint,
    /// Be a station and try to get an address; report [`Event::Online`], or [`Event::Failed`], also
    /// when the time is over.
    Join,
    /// Be a station without a connection: the pause between two attempts.
    Rest,
    /// Keep the connection.
    Stay,
}

/// What to do, and when to ask again at the latest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Next {
    /// What to do.
    pub order: Order,
    /// When to ask again; `None`: after the next event.
    pub until: Option<Instant>,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Connected, and an address is there.
    Online,
    /// The attempt to join failed.
    Failed,
    /// The connection or its address is gone.
    Lost,
    /// A client joined the access point.
    Came,
    /// A client left it.
    Went,
    /// Somebody had the radio look for networks. Who came or went meanwhile was not heard.
    Searched,
    /// The setup page stored new credentials.
    Credentials,
    /// Somebody had the device forget its credentials.
    Forgotten,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Access point; `until` is `None` for good.
    Setup {
        since: Instant,
        until: Option<Instant>,
        clients: u8,
    },
    /// Station without an address.
    Joining {
        give_up: Instant,
        failures: u8,
        attempt: Instant,
    },
    /// Station with an address; the rest is for a connection that turns out not to be stable.
    Online {
        since: Instant,
        give_up: Instant,
        failures: u8,
    },
}

/// What comes once an answer had the time to leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    /// New credentials are used.
    Join,
    /// There are none any more.
    Setup,
}

/// The decision, see the module.
#[derive(Debug, Clone)]
pub struct Plan {
    state: State,
    /// What is to change, and when.
    change: Option<(Instant, Change)>,
}

impl Plan {
    /// At boot, with or without stored credentials.
    pub fn new(credentials: bool, now: Instant) -> Self {
        let state = if credentials { join(now) } else { setup(now) };
        Self {
            state,
            change: None,
        }
    }

    /// What to do now.
    pub fn next(&mut self, now: Instant) -> Next {
        if let Some((at, change)) = self.change {
            if now >= at {
                self.change = None;
                self.state = match change {
                    Change::Join => join(now),
                    Change::Setup => setup(now),
                };
            } else {
                // So close to a change nothing else is begun.
                let order = match self.state {
                    State::Setup { .. } => Order::AccessPoint,
                    State::Joining { .. } => Order::Rest,
                    State::Online { .. } => Order::Stay,
                };
                return Next {
                    order,
                    until: Some(at),
                };
            }
        }
        if let State::Setup {
            since,
            until: Some(until),
            clients,
        } = self.state
            && now >= setup_end(since, until, clients)
        {
            self.state = join(now);
        }
        if let State::Joining { give_up, .. } = self.state
            && now >= give_up
        {
            self.state = State::Setup {
                since: now,
                until: Some(now + SETUP),
                clients: 0,
            };
        }
        match self.state {
            State::Setup {
                since,
                until,
                clients,
            } => Next {
                order: Order::AccessPoint,
                until: until.map(|until| setup_end(since, until, clients)),
            },
            State::Joining {
                give_up, attempt, ..
            } if now < attempt => Next {
                order: Order::Rest,
                until: Some(attempt.min(give_up)),
            },
            State::Joining {
                give_up, attempt, ..
            } => Next {
                order: Order::Join,
                until: Some((attempt + ATTEMPT).min(give_up)),
            },
            State::Online { .. } => Next {
                order: Order::Stay,
                until: None,
            },
        }
    }

    /// Something happened. Events that do not belong to the present order are late, and ignored.
    pub fn event(&mut self, now: Instant, event: Event) {
        match (event, self.state) {
            (Event::Credentials, _) => self.change = Some((now + FAREWELL, Change::Join)),
            (Event::Forgotten, State::Online { .. }) => {
                self.change = Some((now + FAREWELL, Change::Setup));
            }
            (Event::Forgotten, State::Joining { .. }) => {
                self.change = None;
                self.state = setup(now);
            }
            (Event::Forgotten, State::Setup { since, clients, .. }) => {
                self.change = None;
                self.state = State::Setup {
                    since,
                    until: None,
                    clients,
                };
            }
            (
                Event::Online,
                State::Joining {
                    give_up, failures, ..
                },
            ) => {
                self.state = State::Online {
                    since: now,
                    give_up,
                    failures,
                };
            }
            (
                Event::Failed,
                State::Joining {
                    give_up, failures, ..
                },
            ) => {
                self.state = again(now, give_up, failures);
            }
            (
                Event::Lost,
                State::Online {
                    since,
                    give_up,
                    failures,
                },
            ) => {
                self.state = if now.saturating_duration_since(since) >= STABLE {
                    again(now, now + LOSS_PATIENCE, 0)
                } else {
                    again(now, give_up, failures)
                };
            }
            (
                Event::Came | Event::Went | Event::Searched,
                State::Setup {
                    since,
                    until,
                    clients,
                },
            ) => {
                let (clients, hold) = match event {
                    Event::Came => (clients.saturating_add(1), None),
                    Event::Went if clients == 1 => (0, Some(LINGER)),
                    Event::Went => (clients.saturating_sub(1), None),
                    _ => (0, Some(CHOICE)),
                };
                let held = |until: Instant| hold.map_or(until, |hold| until.max(now + hold));
                self.state = State::Setup {
                    since,
                    until: until.map(held),
                    clients,
                };
            }
            _ => {}
        }
    }
}

/// The setup of a device without credentials, for good.
fn setup(now: Instant) -> State {
    State::Setup {
        since: now,
        until: None,
        clients: 0,
    }
}

/// Start to join, with the first attempt at once.
fn join(now: Instant) -> State {
    State::Joining {
        give_up: now + JOIN_PATIENCE,
        failures: 0,
        attempt: now,
    }
}

/// The next attempt, after a pause.
fn again(now: Instant, give_up: Instant, failures: u8) -> State {
    let pause = Duration::from_secs(1 << failures.min(5)).min(PAUSE_MAX);
    State::Joining {
        give_up,
        failures: failures.saturating_add(1),
        attempt: now + pause,
    }
}

/// When the setup of a device with credentials ends.
fn setup_end(since: Instant, until: Instant, clients: u8) -> Instant {
    let longest = since + SETUP_MAX;
    if clients > 0 {
        longest
    } else {
        until.min(longest)
    }
}

#[cfg(test)]
mod tests {
    use super::Event::*;
    use super::Order::*;
    use super::*;
    use proptest::prelude::*;

    fn at(ms: u64) -> Instant {
        Instant::from_millis(ms)
    }

    /// A line: at this time (ms) this happens (or nothing), then this is ordered, until then.
    type Line = (u64, Option<Event>, Order, Option<u64>);

    fn play(credentials: bool, lines: &[Line]) {
        let mut plan = Plan::new(credentials, at(0));
        for (number, &(ms, event, order, until)) in lines.iter().enumerate() {
            if let Some(event) = event {
                plan.event(at(ms), event);
            }
            let next = plan.next(at(ms));
            assert_eq!(
                next,
                Next {
                    order,
                    until: until.map(at)
                },
                "line {number} at {ms} ms"
            );
            assert_eq!(
                plan.next(at(ms)),
                next,
                "asking twice is the same, line {number}"
            );
        }
    }

    #[test]
    fn a_new_device_is_an_access_point_for_good() {
        play(
            false,
            &[
                (0, None, AccessPoint, None),
                (1_000, Some(Came), AccessPoint, None),
                (8_000, Some(Searched), AccessPoint, None),
                (9_000, Some(Went), AccessPoint, None),
                (86_400_000, None, AccessPoint, None),
            ],
        );
    }

    #[test]
    fn new_credentials_are_used_after_the_answer_has_left() {
        play(
            false,
            &[
                (0, None, AccessPoint, None),
                (5_000, Some(Credentials), AccessPoint, Some(6_500)),
                (6_499, None, AccessPoint, Some(6_500)),
                (6_500, None, Join, Some(31_500)),
                (9_000, Some(Online), Stay, None),
            ],
        );
    }

    #[test]
    fn a_join_that_fails_pauses_longer_each_time_and_offers_the_setup_after_a_minute() {
        play(
            true,
            &[
                (0, None, Join, Some(25_000)),
                (3_000, Some(Failed), Rest, Some(4_000)),
                (4_000, None, Join, Some(29_000)),
                (7_000, Some(Failed), Rest, Some(9_000)),
                (9_000, None, Join, Some(34_000)),
                (34_000, Some(Failed), Rest, Some(38_000)),
                (38_000, None, Join, Some(60_000)),
                (60_000, Some(Failed), AccessPoint, Some(240_000)),
                (239_999, None, AccessPoint, Some(240_000)),
                (240_000, None, Join, Some(265_000)),
                (242_000, Some(Online), Stay, None),
            ],
        );
    }

    #[test]
    fn station_and_setup_alternate_for_ever_without_a_network() {
        let mut plan = Plan::new(true, at(0));
        let mut now = at(0);
        for _ in 0..1_000 {
            let mut joined = Duration::from_ticks(0);
            let begun = now;
            loop {
                let next = plan.next(now);
                match next.order {
                    AccessPoint => break,
                    Join => {
                        now = next.until.unwrap();
                        plan.event(now, Failed);
                    }
                    _ => now = next.until.unwrap(),
                }
                joined = now - begun;
            }
            assert_eq!(joined, JOIN_PATIENCE);
            now = plan.next(now).until.unwrap();
            assert_eq!(plan.next(now).order, Join);
        }
    }

    #[test]
    fn a_lost_network_is_looked_for_for_five_minutes_before_the_setup_is_offered() {
        play(
            true,
            &[
                (0, None, Join, Some(25_000)),
                (2_000, Some(Online), Stay, None),
                (1_000_000, Some(Lost), Rest, Some(1_001_000)),
                (1_001_000, None, Join, Some(1_026_000)),
                (1_026_000, Some(Failed), Rest, Some(1_028_000)),
                (1_299_999, None, Join, Some(1_053_000)),
                (1_300_000, None, AccessPoint, Some(1_480_000)),
            ],
        );
    }

    #[test]
    fn the_pause_between_attempts_ends_at_thirty_seconds() {
        let mut plan = Plan::new(true, at(0));
        plan.event(at(0), Online);
        plan.event(at(40_000), Lost);
        let mut now = at(40_000);
        let mut pauses = Vec::new();
        for _ in 0..8 {
            let rest = plan.next(now);
            assert_eq!(rest.order, Rest);
            pauses.push((rest.until.unwrap() - now).as_secs());
            now = rest.until.unwrap();
            plan.event(now, Failed);
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30, 30]);
    }

    #[test]
    fn a_connection_that_never_holds_ends_in_the_setup_too() {
        let mut plan = Plan::new(true, at(0));
        let mut now = at(0);
        while plan.next(now).order != AccessPoint {
            let next = plan.next(now);
            if next.order == Join {
                plan.event(now, Online);
                now += Duration::from_secs(5);
                plan.event(now, Lost);
            } else {
                now = next.until.unwrap();
            }
            assert!(now <= at(0) + JOIN_PATIENCE + Duration::from_secs(5));
        }
    }

    #[test]
    fn a_client_keeps_the_setup_open_but_not_for_ever() {
        play(
            true,
            &[
                (60_000, None, AccessPoint, Some(240_000)),
                (100_000, Some(Came), AccessPoint, Some(1_860_000)),
                (1_000_000, None, AccessPoint, Some(1_860_000)),
                (1_000_000, Some(Went), AccessPoint, Some(1_060_000)),
                (1_040_000, Some(Came), AccessPoint, Some(1_860_000)),
                (1_050_000, Some(Came), AccessPoint, Some(1_860_000)),
                (1_055_000, Some(Went), AccessPoint, Some(1_860_000)),
                (1_860_000, None, Join, Some(1_885_000)),
            ],
        );
    }

    #[test]
    fn one_who_searches_has_time_to_choose_and_holds_the_setup_no_longer() {
        play(
            true,
            &[
                (60_000, None, AccessPoint, Some(240_000)),
                (70_000, Some(Came), AccessPoint, Some(1_860_000)),
                // Its leave may be lost while the radio listens elsewhere.
                (80_000, Some(Searched), AccessPoint, Some(380_000)),
                // That of one who was there before the search ends nothing.
                (90_000, Some(Went), AccessPoint, Some(380_000)),
                (300_000, Some(Searched), AccessPoint, Some(600_000)),
                // Who comes later counts again.
                (400_000, Some(Came), AccessPoint, Some(1_860_000)),
                (590_000, Some(Went), AccessPoint, Some(650_000)),
                (650_000, None, Join, Some(675_000)),
            ],
        );
        // Not even for one who asks again and again.
        let mut plan = Plan::new(true, at(0));
        let begun = plan.next(at(60_000)).order;
        let mut now = at(60_000);
        while plan.next(now).order == begun {
            plan.event(now, Searched);
            now += Duration::from_secs(20);
        }
        assert_eq!(begun, AccessPoint);
        assert_eq!(now, at(60_000) + SETUP_MAX);
    }

    #[test]
    fn events_that_come_too_late_change_nothing() {
        play(
            true,
            &[
                (0, Some(Came), Join, Some(25_000)),
                (0, Some(Searched), Join, Some(25_000)),
                (1_000, Some(Lost), Join, Some(25_000)),
                (60_000, None, AccessPoint, Some(240_000)),
                (60_001, Some(Online), AccessPoint, Some(240_000)),
                (60_002, Some(Failed), AccessPoint, Some(240_000)),
                (60_003, Some(Lost), AccessPoint, Some(240_000)),
            ],
        );
    }

    #[test]
    fn new_credentials_while_connected_move_to_the_other_network() {
        play(
            true,
            &[
                (0, None, Join, Some(25_000)),
                (1_000, Some(Online), Stay, None),
                (500_000, Some(Credentials), Stay, Some(501_500)),
                (500_100, Some(Lost), Rest, Some(501_500)),
                (501_500, None, Join, Some(526_500)),
            ],
        );
    }

    #[test]
    fn a_device_that_forgets_its_network_is_an_access_point_for_good() {
        // In its network: whoever asked gets an answer first.
        play(
            true,
            &[
                (0, None, Join, Some(25_000)),
                (1_000, Some(Online), Stay, None),
                (500_000, Some(Forgotten), Stay, Some(501_500)),
                (501_500, None, AccessPoint, None),
                (510_000, Some(Came), AccessPoint, None),
                (520_000, Some(Went), AccessPoint, None),
                (86_400_000, None, AccessPoint, None),
                // The next one is joined as ever.
                (86_400_000, Some(Credentials), AccessPoint, Some(86_401_500)),
                (86_401_500, None, Join, Some(86_426_500)),
            ],
        );
        // Out of reach anyway: at once.
        play(
            true,
            &[
                (3_000, Some(Failed), Rest, Some(4_000)),
                (3_500, Some(Forgotten), AccessPoint, None),
                (60_000, None, AccessPoint, None),
            ],
        );
        // During the setup that is offered because the network is not there.
        play(
            true,
            &[
                (60_000, None, AccessPoint, Some(240_000)),
                (100_000, Some(Came), AccessPoint, Some(1_860_000)),
                (110_000, Some(Forgotten), AccessPoint, None),
                (10_000_000, Some(Went), AccessPoint, None),
            ],
        );
    }

    #[test]
    fn of_new_credentials_and_forgetting_the_last_counts() {
        play(
            true,
            &[
                (1_000, Some(Online), Stay, None),
                (5_000, Some(Credentials), Stay, Some(6_500)),
                (6_000, Some(Forgotten), Stay, Some(7_500)),
                (7_500, None, AccessPoint, None),
                (9_000, Some(Credentials), AccessPoint, Some(10_500)),
                (10_000, Some(Forgotten), AccessPoint, None),
                (20_000, None, AccessPoint, None),
            ],
        );
        play(
            true,
            &[
                (1_000, Some(Online), Stay, None),
                (5_000, Some(Forgotten), Stay, Some(6_500)),
                (6_000, Some(Credentials), Stay, Some(7_500)),
                (7_500, None, Join, Some(32_500)),
            ],
        );
        // The connection is lost before the answer had its time.
        play(
            true,
            &[
                (1_000, Some(Online), Stay, None),
                (50_000, Some(Forgotten), Stay, Some(51_500)),
                (50_500, Some(Lost), Rest, Some(51_500)),
                (51_500, None, AccessPoint, None),
            ],
        );
    }

    /// What the world does next, as far as the present order lets it.
    #[derive(Debug, Clone, Copy)]
    struct Turn {
        /// How much of the time until the next question passes, in 1/255.
        wait: u8,
        /// Which of the possible events.
        what: u8,
    }

    fn turns() -> impl Strategy<Value = Vec<Turn>> {
        proptest::collection::vec(
            (any::<u8>(), any::<u8>()).prop_map(|(wait, what)| Turn { wait, what }),
            1..400,
        )
    }

    /// Plays a random life. `good`: whether joining can succeed. Returns the longest time without
    /// an access point and without an address, and the longest time as access point.
    fn live(credentials: bool, good: bool, turns: &[Turn]) -> (Duration, Duration) {
        let mut plan = Plan::new(credentials, at(0));
        let mut known = credentials;
        let mut now = at(0);
        let (mut reached, mut setup_since) = (now, None);
        let (mut away, mut setup) = (Duration::from_ticks(0), Duration::from_ticks(0));
        let mut joins = 0u32;
        for turn in turns {
            let next = plan.next(now);
            let end = next.until.unwrap_or(now + Duration::from_secs(3_600));
            assert!(end > now, "a question that is due at once would spin");
            let part = (end - now).as_millis() * u64::from(turn.wait) / 255;
            let then = if turn.wait == 255 {
                end
            } else {
                now + Duration::from_millis(part)
            };
            let mut event = None;
            match next.order {
                AccessPoint => match turn.what % 5 {
                    0 => event = Some([Came, Went, Searched][usize::from(turn.what / 5 % 3)]),
                    1 => event = Some(Credentials),
                    2 => event = Some(Forgotten),
                    _ => {}
                },
                Join if good && turn.what % 3 == 0 => event = Some(Online),
                Join => event = Some(Failed),
                Stay => match turn.what % 8 {
                    0 | 4 => event = Some(Credentials),
                    7 => event = Some(Forgotten),
                    3 => {}
                    _ => event = Some(Lost),
                },
                Rest if turn.what % 8 == 0 => event = Some(Forgotten),
                Rest => {}
            }
            joins += u32::from(next.order == Join);
            // Being reachable counts to the end of that time, being away from there on.
            if matches!(next.order, AccessPoint | Stay) {
                reached = then;
            } else {
                away = away.max(then - reached);
            }
            if next.order == AccessPoint {
                let since = *setup_since.get_or_insert(now);
                if known {
                    setup = setup.max(then - since);
                }
            } else {
                setup_since = None;
            }
            if event == Some(Credentials) {
                known = true;
                setup_since = setup_since.map(|_| then);
            }
            if event == Some(Forgotten) {
                known = false;
            }
            now = then;
            if let Some(event) = event {
                plan.event(now, event);
            }
        }
        // Each failure is followed by a pause of a second at least.
        assert!(
            u64::from(joins) <= now.as_secs() + 2,
            "{joins} joins in {} s",
            now.as_secs()
        );
        (away, setup)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn wrong_credentials_never_make_the_device_unreachable(turns in turns()) {
            let (away, _) = live(true, false, &turns);
            prop_assert!(away <= JOIN_PATIENCE, "{} s", away.as_secs());
        }

        #[test]
        fn a_network_that_comes_and_goes_never_makes_it_unreachable(turns in turns()) {
            let (away, setup) = live(true, true, &turns);
            prop_assert!(away <= LOSS_PATIENCE, "{} s", away.as_secs());
            prop_assert!(setup <= SETUP_MAX + FAREWELL, "{} s as access point", setup.as_secs());
        }

        #[test]
        fn a_new_device_is_reachable_whatever_is_typed_in(turns in turns()) {
            let (away, _) = live(false, false, &turns);
            prop_assert!(away <= JOIN_PATIENCE, "{} s", away.as_secs());
        }
    }
}

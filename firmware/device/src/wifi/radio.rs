//! Carries out what the plan orders, and reports to it what happened.

use core::{future::pending, net::Ipv4Addr};

use embassy_futures::select::{
    Either, Either3, Either4, Either5, select, select3, select4, select5,
};
use embassy_net::{ConfigV4, Ipv4Cidr, Stack, StaticConfigV4};
use embassy_time::{Duration, Instant, Timer, with_deadline, with_timeout};
use esp_radio::wifi::{
    AuthenticationMethodConfig, Config, Password, PowerSaveMode, Ssid, WifiController, WifiError,
    ap::AccessPointConfig,
    event::{EventInfo, MessageResult},
    sta::{ScanMethod, StationConfig},
};
use faceplate_esp::{
    Credentials, SetupPassword, WifiLink,
    faceplate_http::wifi::{WifiMode, WifiStatus},
};
use faceplate_network::{
    dhcp, dns, domain,
    plan::{Event, Next, Order, Plan},
};

use super::{scan, switch};

/// Clients that the access point lets in: one sets up, the others are phones that remember it.
const CLIENTS: u16 = 4;
/// In quarters of a dBm: 15 dBm. The driver's own 5 dBm does not reach through a house, and
/// values above 65 are known to break the handshake on some boards.
const POWER: i8 = 60;
/// How often the stack's address is looked at. The stack wakes only one who waits for it.
const GLANCE: Duration = Duration::from_millis(200);
/// How long to wait for the driver to say that it left a network.
const LEAVE: Duration = Duration::from_secs(2);
/// Before another try after the driver refused a configuration.
const REFUSED: Duration = Duration::from_secs(1);

/// What the servers of the access point need in memory.
pub(super) struct Buffers {
    pub(super) dhcp: &'static mut dhcp::Buffers,
    pub(super) dns: &'static mut dns::Buffers,
}

/// The radio and all that it serves.
pub(super) struct Radio {
    controller: WifiController<'static>,
    stack: Stack<'static>,
    link: &'static WifiLink,
    name: &'static str,
    credentials: Option<Credentials>,
    /// Of its own access point.
    protection: SetupPassword,
    plan: Plan,
    leases: dhcp::Leases,
    buffers: Buffers,
    heap_told: bool,
}

impl Radio {
    pub(super) fn new(
        controller: WifiController<'static>,
        stack: Stack<'static>,
        link: &'static WifiLink,
        name: &'static str,
        credentials: Option<Credentials>,
        protection: SetupPassword,
        buffers: Buffers,
    ) -> Self {
        Self {
            controller,
            stack,
            link,
            name,
            plan: Plan::new(credentials.is_some(), Instant::now()),
            credentials,
            protection,
            leases: dhcp::Leases::new(),
            buffers,
            heap_told: false,
        }
    }

    /// Drives the radio for ever.
    pub(super) async fn run(mut self) -> ! {
        loop {
            let Next { order, until } = self.plan.next(Instant::now());
            let event = match order {
                Order::AccessPoint => self.offer_setup().await,
                Order::Join => self.join(until).await,
                Order::Rest => self.rest(until).await,
                Order::Stay => self.stay(until).await,
            };
            if let Some(event) = event {
                self.plan.event(Instant::now(), event);
            }
        }
    }

    /// Is the access point for as long as the plan wants, with its DHCP and its DNS; nobody hears
    /// of the latter at any other time.
    async fn offer_setup(&mut self) -> Option<Event> {
        self.leave().await;
        // Before there are clients that would wait meanwhile.
        self.look_around().await;
        let protection = match &self.protection {
            // Whoever sets the device up has nothing to type in, and nothing to look for.
            SetupPassword::Open => Ok(AuthenticationMethodConfig::Open),
            SetupPassword::Passphrase(pass) => {
                Password::try_from(pass.as_str()).map(AuthenticationMethodConfig::Wpa2Personal)
            }
            SetupPassword::Unfit => Err(WifiError::InvalidPassword),
        };
        let config = Ssid::try_from(self.name).and_then(|ssid| {
            Ok(AccessPointConfig::default()
                .with_ssid(ssid)
                .with_authentication(protection?)
                .with_max_connections(CLIENTS))
        });
        // The station joins nothing; only with one can the radio look for networks.
        let config =
            config.map(|config| Config::AccessPointStation(StationConfig::default(), config));
        if let Err(error) = config.and_then(|config| self.apply(&config)) {
            log::error!("no access point: {error:?}");
            Timer::after(REFUSED).await;
            return None;
        }
        log::info!(
            "access point {}, http://{}/recovery/wifi",
            self.name,
            dhcp::ADDRESS
        );
        self.stack.set_config_v4(ConfigV4::Static(StaticConfigV4 {
            address: Ipv4Cidr::new(dhcp::ADDRESS, dhcp::PREFIX),
            gateway: None,
            dns_servers: Default::default(),
        }));
        switch::select(Some(WifiMode::AccessPoint));
        self.tell(WifiMode::AccessPoint, Some(dhcp::ADDRESS));

        let Self {
            controller,
            stack,
            link,
            plan,
            credentials,
            leases,
            buffers,
            ..
        } = self;
        let watch = async {
            loop {
                watch_clients(controller, link, plan, credentials).await;
                let Next {
                    order: Order::AccessPoint,
                    ..
                } = plan.next(Instant::now())
                else {
                    return;
                };
                link.found(scan::look(controller).await);
                plan.event(Instant::now(), Event::Searched);
            }
        };
        let dhcp = dhcp::serve(*stack, leases, buffers.dhcp);
        let dns = dns::serve(*stack, dhcp::ADDRESS, buffers.dns);
        match select3(watch, dhcp, dns).await {
            Either3::First(()) => None,
            Either3::Second(never) | Either3::Third(never) => never,
        }
    }

    /// Looks for networks as a station that is in none.
    async fn look_around(&mut self) {
        self.link.searching();
        let found = match self.apply(&Config::Station(StationConfig::default())) {
            Ok(()) => scan::look(&mut self.controller).await,
            Err(error) => {
                log::warn!("no search for networks: {error:?}");
                None
            }
        };
        self.link.found(found);
    }

    /// Tries to get an address in the known network.
    async fn join(&mut self, until: Option<Instant>) -> Option<Event> {
        self.leave().await;
        let Some(credentials) = self.credentials.clone() else {
            // The plan joins nothing without them.
            Timer::after(REFUSED).await;
            return Some(Event::Failed);
        };
        let config = station(&credentials);
        if let Err(error) = config.and_then(|config| self.apply(&Config::Station(config))) {
            log::warn!("cannot join {}: {error:?}", credentials.ssid);
            return Some(Event::Failed);
        }
        self.stack
            .set_config_v4(ConfigV4::Dhcp(domain::client(self.name)));
        switch::select(Some(WifiMode::Station));
        self.tell(WifiMode::Station, None);
        log::info!("joining {}", credentials.ssid);

        let Self {
            controller,
            stack,
            link,
            ..
        } = self;
        let attempt = async {
            controller.connect_async().await?;
            loop {
                if let Some(config) = stack.config_v4() {
                    return Ok::<_, esp_radio::wifi::ConnectionError>(config.address);
                }
                Timer::after(GLANCE).await;
            }
        };
        let until = until.unwrap_or(Instant::MAX);
        match select(with_deadline(until, attempt), link.changed()).await {
            Either::First(Ok(Ok(address))) => {
                log::info!("joined {} as {address}", credentials.ssid);
                self.tell(WifiMode::Station, Some(address.address()));
                if !core::mem::replace(&mut self.heap_told, true) {
                    log::info!("{}", esp_alloc::HEAP.stats());
                }
                Some(Event::Online)
            }
            Either::First(Ok(Err(error))) => {
                log::warn!("cannot join {}: {error:?}", credentials.ssid);
                Some(Event::Failed)
            }
            Either::First(Err(_)) => {
                log::warn!(
                    "cannot join {}: no answer, or no address by DHCP",
                    credentials.ssid
                );
                Some(Event::Failed)
            }
            Either::Second(new) => Some(self.take(new)),
        }
    }

    /// Waits for the next attempt.
    async fn rest(&mut self, until: Option<Instant>) -> Option<Event> {
        match select(end(until), self.link.changed()).await {
            Either::First(()) => None,
            Either::Second(new) => Some(self.take(new)),
        }
    }

    /// Keeps the connection while it lasts.
    async fn stay(&mut self, until: Option<Instant>) -> Option<Event> {
        let stack = self.stack;
        let now = stack.config_v4().map(|config| config.address.address());
        self.tell(WifiMode::Station, now);
        let other_address = async {
            while stack.config_v4().map(|config| config.address.address()) == now {
                Timer::after(GLANCE).await;
            }
        };
        let link = self.link;
        let gone = self.controller.wait_for_disconnect_async();
        let wanted = link.search_wanted();
        match select5(gone, other_address, end(until), link.changed(), wanted).await {
            Either5::First(info) => {
                log::warn!("lost the network: {info:?}");
                self.tell(WifiMode::Station, None);
                Some(Event::Lost)
            }
            Either5::Second(()) if stack.config_v4().is_some() => None,
            Either5::Second(()) => {
                log::warn!("lost the address");
                self.tell(WifiMode::Station, None);
                Some(Event::Lost)
            }
            Either5::Third(()) => None,
            Either5::Fourth(new) => Some(self.take(new)),
            Either5::Fifth(()) => {
                // A loss meanwhile is seen right after it.
                link.found(scan::look(&mut self.controller).await);
                None
            }
        }
    }

    fn take(&mut self, new: Option<Credentials>) -> Event {
        take(&mut self.credentials, new)
    }

    /// Takes the link down, and leaves a network or the try to join one.
    async fn leave(&mut self) {
        switch::select(None);
        if let Err(_timeout) = with_timeout(LEAVE, self.controller.disconnect_async()).await {
            log::warn!("the radio did not say that it left the network");
        }
    }

    /// Changes what the radio is.
    fn apply(&mut self, config: &Config) -> Result<(), WifiError> {
        self.controller.set_config(config)?;
        // Serving matters, not the battery: a sleeping radio hears broadcasts (ARP, mDNS) late.
        self.controller.set_power_saving(PowerSaveMode::None)?;
        self.controller.set_max_tx_power(POWER)
    }

    /// Tells the HTTP app how things are.
    fn tell(&self, mode: WifiMode, address: Option<Ipv4Addr>) {
        let status = status(self.credentials.as_ref(), mode, address);
        self.link.set_status(status);
    }
}

fn status(
    credentials: Option<&Credentials>,
    mode: WifiMode,
    address: Option<Ipv4Addr>,
) -> WifiStatus {
    WifiStatus {
        mode,
        ssid: credentials.map(|known| known.ssid.clone()),
        connected: mode == WifiMode::Station && address.is_some(),
        address,
    }
}

/// Takes over what is stored from now on.
fn take(credentials: &mut Option<Credentials>, new: Option<Credentials>) -> Event {
    *credentials = new;
    match credentials {
        Some(_) => Event::Credentials,
        None => {
            log::info!("the network is forgotten");
            Event::Forgotten
        }
    }
}

/// Tells the plan of clients that come and go, and of new credentials, until it wants something
/// else than an access point, or somebody wants to know the networks in range.
async fn watch_clients(
    controller: &WifiController<'static>,
    link: &WifiLink,
    plan: &mut Plan,
    credentials: &mut Option<Credentials>,
) {
    let mut events = controller.subscribe();
    loop {
        let Next {
            order: Order::AccessPoint,
            until,
        } = plan.next(Instant::now())
        else {
            return;
        };
        let heard = async {
            match &mut events {
                Ok(events) => events.next_event().await,
                // Only if somebody else holds them all; the plan's limits hold anyway.
                Err(_) => pending().await,
            }
        };
        let event = match select4(heard, end(until), link.changed(), link.search_wanted()).await {
            Either4::First(MessageResult::Message(event)) => match event {
                EventInfo::AccessPointStationConnected { .. } => Event::Came,
                EventInfo::AccessPointStationDisconnected { .. } => Event::Went,
                _ => continue,
            },
            Either4::First(_) | Either4::Second(()) => continue,
            Either4::Third(new) => {
                let event = take(credentials, new);
                let mode = WifiMode::AccessPoint;
                link.set_status(status(credentials.as_ref(), mode, Some(dhcp::ADDRESS)));
                event
            }
            Either4::Fourth(()) => return,
        };
        plan.event(Instant::now(), event);
    }
}

/// The station's configuration.
fn station(credentials: &Credentials) -> Result<StationConfig, WifiError> {
    let authentication = if credentials.pass.is_empty() {
        AuthenticationMethodConfig::Open
    } else {
        // The least that is accepted; the driver has no WPA3 yet.
        AuthenticationMethodConfig::Wpa2Personal(Password::try_from(credentials.pass.as_str())?)
    };
    Ok(StationConfig::default()
        .with_ssid(Ssid::try_from(credentials.ssid.as_str())?)
        .with_authentication(authentication)
        // Of several access points of that name the strongest, not the first.
        .with_scan_method(ScanMethod::AllChannels))
}

/// Until then, or for ever.
async fn end(until: Option<Instant>) {
    match until {
        Some(until) => Timer::at(until).await,
        None => pending().await,
    }
}

//! One boot of the simulated device: the real core and HTTP app over the simulated flash.

use std::{
    cell::Cell,
    hash::{BuildHasher, Hasher, RandomState},
    net::Ipv4Addr,
    time::{Duration, Instant},
};

use faceplate::{
    Buffers, Config, Credentials, Engine, EspNvs, EspNvsError, SLOT_MAX, Slot, Text,
    layout::Layout, sha256, text,
};
use faceplate_http::{
    App, Device, GoBackError, Info, Limits, Live,
    wifi::{Search, Wifi, WifiStatus},
};
use tokio::{sync::Notify, time::sleep};

use crate::{SimOptions, flash::SimFlash, wifi::SimWifi};

/// What the device calls itself; `.local` behind it is its name on a network.
pub const NAME: &str = "faceplate-sim";

/// The device between two resets.
pub struct SimDevice {
    engine: Engine<SimFlash, EspNvs<SimFlash>>,
    wifi: SimWifi,
    boot_id: u32,
    booted: Instant,
    limits: Limits,
    live: Live,
    hosts: Vec<String>,
    reboot_at: Cell<Option<Instant>>,
    reboot_asked: Notify,
}

impl SimDevice {
    /// Boots as the firmware does: partition table, NVS, decision, Wi-Fi. `address` is where it
    /// will be reached.
    pub async fn boot(
        mut flash: SimFlash,
        options: &SimOptions,
        address: Option<Ipv4Addr>,
    ) -> Self {
        let layout = Layout::read(&mut flash, options.places).await;
        let nvs = EspNvs::in_layout(flash.clone(), &layout);
        let config = Config {
            requirements: options.requirements,
            block_erase: true,
            compress: sha256::SOFTWARE,
        };
        let booted = Instant::now();
        // A computer has memory for all that the checker can handle.
        let buffers = Buffers::boxed(SLOT_MAX).expect("21 KiB of memory");
        let engine = Engine::boot(flash, nvs, layout, config, buffers, 0).await;
        let wifi = engine.with_nvs(|nvs| SimWifi::start(nvs, address));
        wifi.set_portal(options.portal);
        Self {
            engine,
            wifi,
            boot_id: RandomState::new().build_hasher().finish() as u32,
            booted,
            limits: options.limits,
            live: Live::new(),
            hosts: options.hosts.clone(),
            reboot_at: Cell::new(None),
            reboot_asked: Notify::new(),
        }
    }

    /// What a button on the device may do: goes back to the frontend in the other slot, as the
    /// firmware's `Face::go_back` does.
    ///
    /// # Errors
    /// When `app` wants it not now, there is none, something else is under way, or NVS fails.
    pub async fn go_back(&self, app: &impl App) -> Result<Slot, GoBackError> {
        faceplate_http::go_back(self, app).await
    }

    /// The same for the network: forgets it, as the firmware's `Face::forget_wifi` does.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn forget_wifi(&self) -> Result<(), EspNvsError> {
        self.engine.with_nvs(|nvs| self.wifi.forget(nvs))
    }

    /// Ends when the device is to restart.
    pub async fn reboot_due(&self) {
        loop {
            let asked_again = self.reboot_asked.notified();
            match self.reboot_at.get() {
                Some(at) => tokio::select! {
                    () = tokio::time::sleep_until(at.into()) => return,
                    () = asked_again => {}
                },
                None => asked_again.await,
            }
        }
    }
}

impl Device for SimDevice {
    type Flash = SimFlash;
    type Nvs = EspNvs<SimFlash>;

    fn engine(&self) -> &Engine<SimFlash, EspNvs<SimFlash>> {
        &self.engine
    }

    fn info(&self) -> Info<'_> {
        Info {
            name: NAME,
            firmware: env!("CARGO_PKG_VERSION"),
            api: faceplate::API,
            chip: "simulated",
            boot_id: self.boot_id,
        }
    }

    fn wifi(&self) -> Option<&dyn Wifi> {
        Some(self)
    }

    fn hosts(&self) -> impl Iterator<Item = &str> {
        self.hosts.iter().map(String::as_str)
    }

    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn live(&self) -> &Live {
        &self.live
    }

    fn now_ms(&self) -> u64 {
        self.booted.elapsed().as_millis() as u64
    }

    async fn sleep_ms(&self, ms: u64) {
        sleep(Duration::from_millis(ms)).await;
    }

    fn reboot_in(&self, ms: u32) {
        let at = Instant::now() + Duration::from_millis(ms.into());
        self.reboot_at.set(Some(at));
        self.reboot_asked.notify_one();
    }
}

impl Wifi for SimDevice {
    fn status(&self) -> WifiStatus {
        self.wifi.status()
    }

    fn join(&self, ssid: &str, pass: &str) -> Result<(), Text> {
        let credentials = Credentials::new(ssid, pass)
            .ok_or_else(|| text("Wi-Fi has no such name or password"))?;
        self.engine
            .with_nvs(|nvs| self.wifi.join(nvs, &credentials))
            .map_err(text)
    }

    fn portal(&self) -> Option<Ipv4Addr> {
        self.wifi.portal()
    }

    fn search(&self) -> Option<Search> {
        Some(self.wifi.search())
    }

    fn look(&self) {
        self.wifi.look();
    }
}

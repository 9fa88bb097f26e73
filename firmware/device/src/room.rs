//! The room of the example device, on a chip: an LED, and how warm the chip is.

#[cfg(feature = "esp32s3")]
mod made_up;
#[cfg(not(feature = "esp32s3"))]
mod sensor;

use core::cell::RefCell;

use embassy_time::{Instant, Timer};
use esp_hal::{
    gpio::{Level, Output, OutputConfig},
    peripherals::GPIO1,
};
use faceplate_provider::{Colour, Room, Tenths};

#[cfg(feature = "esp32s3")]
pub(crate) use made_up::MadeUp as Thermometer;
#[cfg(not(feature = "esp32s3"))]
pub(crate) use sensor::Sensor as Thermometer;

/// What is around the chip.
pub(crate) struct ChipRoom {
    led: RefCell<Output<'static>>,
    thermometer: Thermometer,
}

impl ChipRoom {
    /// With an LED between this pin and ground, and its resistor. No chip that we build for looks at
    /// the pin when it starts, and boards lead it out.
    pub(crate) fn new(pin: GPIO1<'static>, thermometer: Thermometer) -> Self {
        let led = Output::new(pin, Level::Low, OutputConfig::default());
        Self {
            led: RefCell::new(led),
            thermometer,
        }
    }
}

impl Room for ChipRoom {
    /// A plain LED has one colour, its own, and from a plain output one brightness: it is on or off.
    fn shine(&self, light: Colour) {
        let level = Level::from(light.is_bright());
        self.led.borrow_mut().set_level(level);
    }

    fn temperature(&self) -> Tenths {
        self.thermometer.measure()
    }

    fn now_ms(&self) -> u64 {
        Instant::now().as_millis()
    }

    async fn sleep_ms(&self, ms: u64) {
        Timer::after_millis(ms).await;
    }

    fn log(&self, line: &str) {
        log::info!("{line}");
    }
}

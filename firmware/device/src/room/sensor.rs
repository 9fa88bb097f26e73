//! The temperature sensor inside the chip.

use esp_hal::{
    peripherals::TSENS,
    tsens::{Config, TemperatureSensor},
};
use faceplate_provider::Tenths;

/// The chip's sensor. It tells the chip's warmth, which is above the room's.
pub(crate) struct Sensor(TemperatureSensor<'static>);

impl Sensor {
    /// Switches it on.
    pub(crate) fn new(sensor: TSENS<'static>) -> Self {
        let sensor = TemperatureSensor::new(sensor, Config::default());
        Self(sensor.expect("the driver knows no wrong settings"))
    }

    pub(crate) fn measure(&self) -> Tenths {
        let measured = self.0.get_temperature();
        // The radio's driver switches it off together with the radio. It needs a moment after it was
        // switched on, so this is for the next time.
        self.0.power_up();
        Tenths(tenths(measured.raw_value, measured.offset))
    }
}

/// Tenths of a degree, by the formula of esp-hal's driver, but in whole numbers: these chips compute
/// with fractions in software.
const fn tenths(raw: u8, offset: i8) -> i16 {
    let thousandths = raw as i32 * 4386 - offset as i32 * 278_800 - 205_200;
    ((thousandths + 500).div_euclid(1000)) as i16
}

/// The driver's formula, degrees.
const fn celsius(raw: u8, offset: i8) -> f64 {
    raw as f64 * 0.4386 - offset as f64 * 27.88 - 20.52
}

// Looked at by the compiler: the driver is not there on a machine that runs tests.
const _: () = {
    assert!(tenths(0, -1) == 74 && tenths(100, -1) == 512 && tenths(0, 0) == -205);
    let mut raw = 0;
    while raw <= 255 {
        let mut offset = -2;
        while offset <= 2 {
            let tenth = tenths(raw as u8, offset) as f64;
            assert!((tenth - 10.0 * celsius(raw as u8, offset)).abs() < 0.501);
            offset += 1;
        }
        raw += 1;
    }
};

//! A lamp with routes of its own, on a computer: `cargo run -p faceplate-sim --example lamp`.

mod app;

use app::Lamp;
use embassy_sync::watch::Watch;
use faceplate_sim::{SimError, SimOptions};

fn main() -> Result<(), SimError> {
    let options = SimOptions::new(std::env::temp_dir().join("faceplate-lamp.bin"));
    let lamp = || Lamp(Watch::new_with(false));
    faceplate_sim::run(options, lamp, |event| println!("{event}"), || {})
}

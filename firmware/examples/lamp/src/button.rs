//! The boot button of many boards: for who has no page that works, or no network to reach one.

use embassy_time::Instant;
use esp_hal::gpio::Input;
use faceplate_esp::Face;

use crate::app::Lamp;

/// Held for three seconds it goes back to the frontend before; for ten, it forgets the Wi-Fi.
#[embassy_executor::task]
pub(crate) async fn watch(face: &'static Face, lamp: &'static Lamp, mut button: Input<'static>) {
    loop {
        button.wait_for_falling_edge().await;
        let pressed = Instant::now();
        button.wait_for_rising_edge().await;
        match pressed.elapsed().as_secs() {
            0..3 => {}
            3..10 => match face.go_back(lamp).await {
                Ok(slot) => log::info!("going back to {slot:?}"),
                Err(error) => log::warn!("not going back: {error}"),
            },
            _ => {
                if let Err(error) = face.forget_wifi() {
                    log::warn!("the Wi-Fi is not forgotten: {error}");
                }
            }
        }
    }
}

//! The device's password, where it is built with one.

use embassy_time::Instant;
use esp_hal::gpio::{Input, InputConfig, InputPin, Pull};
use faceplate_esp::{
    Face,
    faceplate_http::password::{Password, WithPassword},
    random,
};
use faceplate_provider::Provider;

use crate::room::ChipRoom;

/// The example device, behind a password.
pub(crate) type App = WithPassword<Provider<ChipRoom>>;

/// What `faceplate hash-password` prints, or `demand`: then one has to be set at first use.
const VERIFIER: Option<&str> = option_env!("FACEPLATE_VERIFIER");

/// Whoever takes it for the password itself learns it before that is in a binary.
const _: () = assert!(
    match VERIFIER {
        None => true,
        Some(text) => begins(text, "SCRAM-SHA-256$") || begins(text, "demand"),
    },
    "FACEPLATE_VERIFIER is what `faceplate hash-password` prints, or: demand"
);

const fn begins(text: &str, with: &str) -> bool {
    let (text, with) = (text.as_bytes(), with.as_bytes());
    let mut at = 0;
    while at < with.len() {
        if at >= text.len() || text[at] != with[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// The button is held for so long to forget the password, seconds.
const HELD: u64 = 10;

/// Puts the example device behind the password.
pub(crate) fn before(room: Provider<ChipRoom>) -> App {
    let password = Password::new(random);
    let verifier = VERIFIER.filter(|&text| text != "demand");
    let password = match verifier.map(str::parse) {
        None => password,
        Some(Ok(verifier)) => password.built_in(verifier),
        // At the first boot of such a build, on its maker's desk.
        Some(Err(error)) => panic!("FACEPLATE_VERIFIER: {error}"),
    };
    WithPassword(room, password)
}

/// The boot button of the board.
pub(crate) fn button(pin: impl InputPin + 'static) -> Input<'static> {
    Input::new(pin, InputConfig::default().with_pull(Pull::Up))
}

/// Held for ten seconds, it forgets the password that somebody set.
#[embassy_executor::task]
pub(crate) async fn watch(face: &'static Face, app: &'static App, mut button: Input<'static>) -> ! {
    loop {
        button.wait_for_falling_edge().await;
        let pressed = Instant::now();
        button.wait_for_rising_edge().await;
        if pressed.elapsed().as_secs() < HELD {
            continue;
        }
        match face.reset_password(&app.1) {
            Ok(()) => log::warn!("the password was reset by the button"),
            Err(error) => log::error!("the password cannot be reset: {error}"),
        }
    }
}

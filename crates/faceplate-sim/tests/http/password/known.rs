//! Who was logged in before need not wait because others guess.

use faceplate_http::password::Login;

use super::{
    ITERATIONS, PASSWORD, Password, built_in, log_in, login, random, set_up, skip, try_login,
    verifier,
};
use crate::{
    client::{command, get},
    server::Server,
};

/// Guesses until everybody has to wait.
fn guess(server: &Server) {
    while try_login(server, "another").err().unwrap().0 == 401 {}
    assert_eq!(try_login(server, PASSWORD).err().unwrap(), slowed());
}

fn slowed() -> (u16, String) {
    (429, "too-many-attempts".to_owned())
}

#[test]
fn who_was_logged_in_logs_in_again_while_others_guess_also_after_a_restart() {
    let server = built_in();
    let first = login(&server);
    guess(&server);
    let second = log_in(&server, PASSWORD, Some(&first.ticket)).unwrap();
    // Each login brings another one, and the older ones are as good.
    for ticket in [&first.ticket, &second.ticket, &first.ticket] {
        let mut again = log_in(&server, PASSWORD, Some(ticket)).unwrap();
        let response = again.send(&server, "POST", "/api/test/echo", "x");
        assert_eq!(response.status, 200);
    }
    let server = server.rebooted();
    set_up(&server, || {
        Password::new(random).built_in(verifier(PASSWORD))
    });
    guess(&server);
    log_in(&server, PASSWORD, Some(&first.ticket)).unwrap();
    // Nobody else has anything of it.
    assert_eq!(try_login(&server, PASSWORD).err().unwrap(), slowed());
}

#[test]
fn a_wrong_login_with_a_ticket_that_was_heard_is_not_counted_again() {
    let server = built_in();
    let ticket = login(&server).ticket;
    let asked = get(&server, "/api/ota/login").json();
    let text = |name: &str| asked[name].as_str().unwrap();
    let mistyped = Login::stretch("another", text("salt"), ITERATIONS).unwrap();
    let (client, nonce) = ("0123456789abcdef", text("nonce"));
    let answer = mistyped.answer(client, nonce, Some(&ticket));
    let (proof, shown) = (answer.proof(), answer.ticket().unwrap());
    let heard = format!(
        r#"{{"nonce":"{nonce}","client":"{client}","proof":"{proof}","ticket":"{shown}"}}"#
    );
    assert_eq!(command(&server, "login", &heard).problem().0, 401);
    for _ in 0..4 {
        // Also where others guess in between.
        assert_eq!(try_login(&server, "another").err().unwrap().0, 401);
        let stale = (409, "stale-nonce".to_owned());
        assert_eq!(command(&server, "login", &heard).problem(), stale);
    }
    for _ in 0..20 {
        log_in(&server, PASSWORD, Some(&ticket)).unwrap();
    }
}

#[test]
fn a_ticket_is_no_password_and_of_one_password_and_device() {
    let server = built_in();
    let mut session = login(&server);
    let ticket = session.ticket.clone();
    let wrong = (401, "wrong-password".to_owned());
    // Who has stolen one guesses as slowly as others do, and holds up nobody but who has one, too.
    for _ in 0..5 {
        let found = log_in(&server, "another", Some(&ticket));
        assert_eq!(found.err().unwrap(), wrong);
    }
    let slow = log_in(&server, PASSWORD, Some(&ticket));
    assert_eq!(slow.err().unwrap(), slowed());
    for _ in 0..5 {
        assert_eq!(try_login(&server, "another").err().unwrap(), wrong);
    }
    assert_eq!(try_login(&server, PASSWORD).err().unwrap(), slowed());
    skip(&server, 900_000);
    guess(&server);
    let elsewhere = login(&built_in()).ticket;
    let slow = log_in(&server, PASSWORD, Some(&elsewhere));
    assert_eq!(slow.err().unwrap(), slowed());
    // A change ends it, and so does the button.
    assert_eq!(session.change(&server, verifier("another")).status, 200);
    let slow = log_in(&server, "another", Some(&ticket));
    assert_eq!(slow.err().unwrap(), slowed());
    // Who has changed it has another one.
    log_in(&server, "another", Some(&session.ticket)).unwrap();
    server.ask(|device| {
        let password = device.app.password.get().unwrap();
        password.reset(&device.engine).unwrap();
    });
    let slow = log_in(&server, PASSWORD, Some(&ticket));
    assert_eq!(slow.err().unwrap(), slowed());
}

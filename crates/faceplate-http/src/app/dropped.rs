//! What is sent is whole, also where a handler does not wait for the network's word on it.

use core::future::{Future, ready};

use embassy_futures::select::{Either, select};

use crate::{Answered, App, Connection, Methods, Request, fake::Unheard};

/// Sends two events or pieces, and does not wait for the word on either.
struct Impatient;

impl App for Impatient {
    fn methods(&self, _: &str) -> Methods {
        Methods::GET
    }

    async fn answer<C: Connection>(&self, request: Request<'_, C>) -> Answered {
        if request.path() == "/events" {
            let mut events = request.events().await?;
            drop_waiting(events.send("", &"one")).await;
            drop_waiting(events.send("", &"two")).await;
            return Ok(());
        }
        let mut stream = request.reply.stream("text/plain").await?;
        stream.flush().await?;
        for text in ["one", "two"] {
            stream.text(&text).await?;
            drop_waiting(stream.flush()).await;
        }
        stream.finish().await
    }
}

async fn drop_waiting(sending: impl Future) {
    let sent = select(sending, ready(())).await;
    assert!(matches!(sent, Either::Second(())));
}

#[test]
fn an_event_that_is_dropped_when_it_is_sent_is_whole_and_others_may_follow() {
    let head = b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let out = Unheard::serve(&Impatient, head);
    let events = b"b\r\ndata: one\n\n\r\nb\r\ndata: two\n\n\r\n0\r\n\r\n";
    assert!(out.ends_with(events), "{}", out.escape_ascii());
}

#[test]
fn others_may_follow_when_the_word_on_a_piece_is_not_waited_for() {
    let head = b"GET /pieces HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let out = Unheard::serve(&Impatient, head);
    let pieces = b"\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n";
    assert!(out.ends_with(pieces), "{}", out.escape_ascii());
}

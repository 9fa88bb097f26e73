//! What comes to the sockets of the network services is answered within the room for answers, or not at all.
#![no_main]

use std::net::Ipv4Addr;

use embassy_time::Instant;
use faceplate_network::{
    dhcp::Leases,
    dns,
    mdns::{Query, Responder},
};
use libfuzzer_sys::fuzz_target;

const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 168, 4, 1);

fuzz_target!(|input: &[u8]| {
    let [flags, datagram @ ..] = input else {
        return;
    };
    let mut reply = [0; dns::REPLY_MAX];
    if let Some(len) = dns::answer(ADDRESS, datagram, &mut reply) {
        assert!(len <= reply.len());
        // It is an answer: two devices never keep each other talking.
        assert_eq!(
            dns::answer(ADDRESS, &reply[..len], &mut [0; dns::REPLY_MAX]),
            None
        );
    }
    let mut leases = Leases::new();
    let mut reply = [0; 600];
    for second in 0..3 {
        let now = Instant::from_secs(second);
        if let Some(reply) = leases.answer(now, datagram, &mut reply) {
            assert!(reply.len <= 600);
            let octets = reply.to.octets();
            assert!(reply.to == Ipv4Addr::BROADCAST || octets[..3] == ADDRESS.octets()[..3]);
        }
    }
    let mut responder = Responder::new("lamp").expect("a short name");
    let mut reply = [0; 512];
    let query = Query {
        datagram,
        address: ADDRESS,
        from_port: if flags & 1 == 0 { 5353 } else { 1024 },
        to_group: flags & 2 == 0,
        on_link: flags & 4 == 0,
    };
    if let Some(answer) = responder.answer(Instant::from_secs(9), &query, &mut reply) {
        assert!(answer.len <= reply.len());
    }
});

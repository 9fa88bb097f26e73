//! The DNS of the setup access point: every name is the device.
//!
//! It makes a phone's or computer's question whether there is internet reach the device, where the
//! HTTP app answers it with the way to the setup page. It runs only while the device is that
//! access point: nobody must be told such answers in a network of others.
//!
//! Questions for IPv4 addresses (A) are answered, others get "no such record", so that nobody
//! waits. Nobody may keep an answer (lifetime 0): in the next network it would be wrong.
use core::net::Ipv4Addr;
use core::time::Duration;

use embassy_net::Stack;
use embassy_net::udp::UdpMetadata;

use crate::udp;

/// The port of DNS.
pub const PORT: u16 = 53;
/// Room for an answer to a question for the longest name (255 bytes): header, question, and a
/// record that repeats the name.
pub const REPLY_MAX: usize = 12 + (255 + 4) + (255 + 14);
/// Room for questions that wait for their turn: the longest there are without extensions (RFC 1035,
/// section 4.2.1) are 512 bytes, those of phones about 50.
const RECEIVED: usize = 1024;
/// Where the header says whether a message is an answer.
const FLAGS: usize = 2;
const RESPONSE: u8 = 0x80;

/// Writes the answer to a question into `reply`; `None` where there is none to give, because it is
/// no question, or none that can be read, or several that take more room than `reply` has.
pub fn answer(address: Ipv4Addr, datagram: &[u8], reply: &mut [u8]) -> Option<usize> {
    // One who answers answers keeps another of the same kind talking for ever.
    if datagram.get(FLAGS)? & RESPONSE != 0 {
        return None;
    }
    let len = edge_captive::reply(datagram, &address.octets(), Duration::ZERO, reply).ok()?;
    // It says so of an answer to a question, but not of one to an operation that it does not know.
    *reply.get_mut(FLAGS)? |= RESPONSE;
    Some(len)
}

/// What [`serve`] needs in memory; put it into a static.
pub type Buffers = udp::Buffers<8, RECEIVED, 2, REPLY_MAX, REPLY_MAX>;

/// Answers every name with `address`, which the stack has, until dropped. Takes one socket.
pub async fn serve(stack: Stack<'_>, address: Ipv4Addr, buffers: &mut Buffers) -> ! {
    let (mut socket, reply) = buffers.open(stack, PORT);
    loop {
        let ask = |datagram: &[u8], meta: UdpMetadata| {
            Some((answer(address, datagram, reply)?, meta.endpoint))
        };
        let Some((len, from)) = socket.inner.recv_from_with(ask).await else {
            continue;
        };
        socket.send(&reply[..len], from).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use simple_dns::rdata::RData;
    use simple_dns::{CLASS, Name, Packet, QTYPE, Question, RCODE, TYPE};

    const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 168, 4, 1);

    fn question(names: &[&str], kind: QTYPE) -> Vec<u8> {
        let mut packet = Packet::new_query(0x1234);
        for name in names {
            let name = Name::new(name).unwrap();
            packet
                .questions
                .push(Question::new(name, kind, CLASS::IN.into(), false));
        }
        packet.build_bytes_vec().unwrap()
    }

    fn ask(datagram: &[u8]) -> Option<Vec<u8>> {
        let mut reply = [0xa5; REPLY_MAX];
        let len = answer(ADDRESS, datagram, &mut reply)?;
        Some(reply[..len].to_vec())
    }

    /// Whatever the operation: two that answer answers would keep each other talking for ever.
    #[test]
    fn each_answer_says_that_it_is_one() {
        let mut datagram = question(&["a.example"], TYPE::A.into());
        for flags in 0..RESPONSE {
            datagram[FLAGS] = flags;
            if let Some(reply) = ask(&datagram) {
                assert_eq!(ask(&reply), None, "{flags:#x}");
            }
        }
    }

    #[test]
    fn every_name_is_the_device_and_nobody_may_keep_that() {
        // Of the most, each label of the longest length.
        let longest = [&"x".repeat(63)[..]; 3].join(".") + "." + &"y".repeat(61);
        for name in [
            "connectivitycheck.gstatic.com",
            "captive.apple.com",
            "a",
            "x.local",
            &longest,
        ] {
            let bytes = ask(&question(&[name], TYPE::A.into())).unwrap();
            let packet = Packet::parse(&bytes).unwrap();
            assert_eq!((packet.id(), packet.rcode()), (0x1234, RCODE::NoError));
            assert_eq!(packet.questions[0].qname.to_string(), name);
            let [record] = &packet.answers[..] else {
                panic!("{packet:?}")
            };
            assert_eq!((record.name.to_string(), record.ttl), (name.into(), 0));
            let RData::A(a) = &record.rdata else {
                panic!("{record:?}")
            };
            assert_eq!(Ipv4Addr::from(a.address), ADDRESS);
        }
    }

    #[test]
    fn who_asks_for_something_else_is_told_at_once_that_it_is_not_there() {
        let others = [TYPE::AAAA, TYPE::PTR, TYPE::TXT, TYPE::Unknown(65)];
        for kind in others {
            let bytes = ask(&question(&["captive.apple.com"], kind.into())).unwrap();
            let packet = Packet::parse(&bytes).unwrap();
            assert_eq!(packet.rcode(), RCODE::NoError, "{kind:?}");
            assert!(packet.answers.is_empty(), "{kind:?}");
        }
    }

    #[test]
    fn a_question_with_extensions_is_answered() {
        let mut datagram = question(&["captive.apple.com"], TYPE::A.into());
        // OPT (RFC 6891): the root's name, type 41, 4096 bytes, nothing more.
        datagram[11] = 1;
        datagram.extend([0, 0, 41, 16, 0, 0, 0, 0, 0, 0, 0]);
        let bytes = ask(&datagram).unwrap();
        assert_eq!(Packet::parse(&bytes).unwrap().answers.len(), 1);
    }

    #[test]
    fn answers_and_what_cannot_be_read_get_none() {
        let good = question(&["captive.apple.com"], TYPE::A.into());
        let mut response = good.clone();
        response[FLAGS] |= RESPONSE;
        assert_eq!(ask(&response), None);
        for len in 0..good.len() {
            if let Some(bytes) = ask(&good[..len]) {
                panic!("{len} bytes: {bytes:x?}");
            }
        }
        // A name that points at itself.
        let mut endless = good[..12].to_vec();
        endless.extend([0xc0, 12, 0, 1, 0, 1]);
        assert_eq!(ask(&endless), None);
        // More questions than there is room to answer.
        assert_eq!(
            ask(&question(&["captive.apple.com"; 20], TYPE::A.into())),
            None
        );
    }

    proptest! {
        #[test]
        fn bytes_of_any_kind_do_not_panic_and_get_no_long_answers(
            datagram in proptest::collection::vec(any::<u8>(), 0..400),
            questions in 0u8..9,
        ) {
            ask(&datagram);
            // The same behind the head of a question, so that names are reached.
            let mut headed = vec![0, 1, 1, 0, 0, questions, 0, 0, 0, 0, 0, 0];
            headed.extend(&datagram);
            if let Some(bytes) = ask(&headed) {
                prop_assert!(bytes.len() <= REPLY_MAX);
            }
        }
    }
}

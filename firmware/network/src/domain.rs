//! The name of the local domain, as the network's DHCP server tells it (option 15, RFC 2132).
//!
//! The stack's DHCP client neither asks for it nor passes it on. So it is asked for beside it, by DHCPINFORM
//! (RFC 2131, 4.4.3). The stack takes every answer for its own client's; a raw socket sees it first.
//!
//! It is asked when the stack has got an address, four times within a minute, as the RFC has it. Who has not answered
//! then does not know it, and is asked again only when the stack has lost its address or its link.
use core::net::Ipv4Addr;

use embassy_futures::select::{Either, select};
use embassy_net::raw::{self, RawSocket};
use embassy_net::udp::{PacketMetadata, UdpSocket};
use embassy_net::{DhcpConfig, HardwareAddress, IpAddress, IpEndpoint, Stack};
use embassy_time::{Duration, Instant, Timer, with_timeout};
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    DHCP_CLIENT_PORT, DHCP_SERVER_PORT, DhcpMessageType, DhcpOpCode, DhcpPacket, DhcpRepr,
    EthernetAddress, IpProtocol, IpVersion, Ipv4Packet, UdpPacket, UdpRepr,
};

/// The longest domain that counts, bytes. DNS allows 253; those of homes and offices have 3 to 30.
pub const DOMAIN_MAX: usize = 63;

/// The longest answer: who does not say more gets no more (RFC 2131, section 2), bytes with the IP header.
const ANSWER_MAX: usize = 576;
/// The question has the fixed part of a message and three short options.
const QUESTION_MAX: usize = 300;
/// Option 15.
const DOMAIN_NAME: u8 = 15;
/// How often it is asked when nobody answers ("60 seconds or 4 tries", RFC 2131, section 4.4.3).
const TRIES: u32 = 4;
/// How often the stack's address is looked at. The stack wakes only one who waits for it, and that
/// is not us.
const GLANCE: Duration = Duration::from_millis(500);

/// What [`follow`] needs in memory, 2 KiB; put it into a static.
#[derive(Debug)]
pub struct Buffers {
    raw_meta: [raw::PacketMetadata; 2],
    raw: [u8; 2 * ANSWER_MAX],
    unused_meta: [raw::PacketMetadata; 0],
    answer: [u8; ANSWER_MAX],
    received_meta: [PacketMetadata; 0],
    sent_meta: [PacketMetadata; 1],
    sent: [u8; QUESTION_MAX],
}

impl Buffers {
    /// Empty.
    pub const fn new() -> Self {
        Self {
            raw_meta: [raw::PacketMetadata::EMPTY; 2],
            raw: [0; 2 * ANSWER_MAX],
            unused_meta: [],
            answer: [0; ANSWER_MAX],
            received_meta: [],
            sent_meta: [PacketMetadata::EMPTY; 1],
            sent: [0; QUESTION_MAX],
        }
    }
}

impl Default for Buffers {
    fn default() -> Self {
        Self::new()
    }
}

/// Settings for the stack's DHCP client, so that it tells the server what the device is called (option 12):
/// many routers then know that name. One that is longer than the client takes (32 bytes) is not told.
pub fn client(name: &str) -> DhcpConfig {
    let mut config = DhcpConfig::default();
    config.hostname = name.try_into().ok();
    config
}

/// Tells the domain of each network that the stack gets into, and `None` when it has left it. Takes two
/// sockets, for as long as an answer is waited for.
///
/// A network without a router is not asked: that is the setup access point, or one like it.
pub async fn follow(
    stack: Stack<'_>,
    buffers: &mut Buffers,
    mut tell: impl FnMut(Option<&str>),
) -> ! {
    let mut known = None;
    loop {
        let address = routed(stack);
        if address != known {
            known = address;
            tell(None);
            if let Some(address) = address {
                match select(ask(stack, address, buffers), left(stack, address)).await {
                    Either::First(Some(domain)) => tell(Some(domain)),
                    Either::First(None) => {}
                    // Also where it is back by the next glance.
                    Either::Second(()) => {
                        known = None;
                        tell(None);
                    }
                }
            }
        }
        Timer::after(GLANCE).await;
    }
}

/// The stack's address in a network with a router.
fn routed(stack: Stack<'_>) -> Option<Ipv4Addr> {
    let config = stack.config_v4().filter(|_| stack.is_link_up());
    let routed = config.filter(|config| config.gateway.is_some());
    routed.map(|config| config.address.address())
}

/// Until the stack has left that network.
async fn left(stack: Stack<'_>, address: Ipv4Addr) {
    while routed(stack) == Some(address) {
        Timer::after(GLANCE).await;
    }
}

/// How long an answer to the so-manieth question, from 0, is waited for: 4 s, and each time twice that, a second
/// more or less by chance (RFC 2131, section 4.1), so that those who lost their power together do not ask together.
fn pause(question: u32, chance: u32) -> Duration {
    Duration::from_secs(4 << question) - Duration::from_secs(1)
        + Duration::from_millis(u64::from(chance % 2001))
}

/// Asks for the domain of the network in which the stack has `address`.
async fn ask<'b>(stack: Stack<'_>, address: Ipv4Addr, buffers: &'b mut Buffers) -> Option<&'b str> {
    let HardwareAddress::Ethernet(EthernetAddress(mac)) = stack.hardware_address();
    let id = Instant::now().as_ticks() as u32 ^ u32::from(address);
    let mut question = [0; QUESTION_MAX];
    let len = inform(id, mac, address, &mut question)?;
    let Buffers {
        raw_meta,
        raw,
        unused_meta,
        answer,
        received_meta,
        sent_meta,
        sent,
    } = buffers;
    let answers = RawSocket::new(
        stack,
        Some(IpVersion::Ipv4),
        Some(IpProtocol::Udp),
        raw_meta,
        raw,
        unused_meta,
        &mut [],
    );
    let mut questions = UdpSocket::new(stack, received_meta, &mut [], sent_meta, sent);
    questions.bind(DHCP_CLIENT_PORT).ok()?;
    let everybody = IpEndpoint::new(IpAddress::Ipv4(Ipv4Addr::BROADCAST), DHCP_SERVER_PORT);
    for number in 0..TRIES {
        let chance = id ^ Instant::now().as_ticks() as u32;
        let pause = pause(number, chance);
        if let Err(error) = questions.send_to(&question[..len], everybody).await {
            log::warn!("dhcp: cannot ask for the domain: {error:?}");
        }
        let heard = async {
            loop {
                // What is longer is not for us.
                let Ok(len) = answers.recv(answer).await else {
                    continue;
                };
                if answered(&answer[..len], id) {
                    return len;
                }
            }
        };
        if let Ok(len) = with_timeout(pause, heard).await {
            return domain(&answer[..len]);
        }
    }
    None
}

/// Writes the question: a DHCPINFORM that wants the domain and nothing else.
fn inform(id: u32, mac: [u8; 6], address: Ipv4Addr, out: &mut [u8; QUESTION_MAX]) -> Option<usize> {
    let hardware = EthernetAddress(mac);
    let question = DhcpRepr {
        message_type: DhcpMessageType::Inform,
        transaction_id: id,
        secs: 0,
        client_hardware_address: hardware,
        client_ip: address,
        your_ip: Ipv4Addr::UNSPECIFIED,
        server_ip: Ipv4Addr::UNSPECIFIED,
        router: None,
        subnet_mask: None,
        relay_agent_ip: Ipv4Addr::UNSPECIFIED,
        broadcast: false,
        requested_ip: None,
        client_identifier: Some(hardware),
        server_identifier: None,
        parameter_request_list: Some(&[DOMAIN_NAME]),
        dns_servers: None,
        max_size: None,
        lease_duration: None,
        renew_duration: None,
        rebind_duration: None,
        additional_options: &[],
    };
    let len = question.buffer_len();
    let out = out.get_mut(..len)?;
    question.emit(&mut DhcpPacket::new_unchecked(out)).ok()?;
    Some(len)
}

/// The DHCP message in an IP packet from a server to its client.
fn message(packet: &[u8]) -> Option<DhcpPacket<&[u8]>> {
    let packet = Ipv4Packet::new_checked(packet).ok()?;
    let payload = packet.payload();
    let datagram = UdpPacket::new_checked(payload).ok()?;
    if (datagram.src_port(), datagram.dst_port()) != (DHCP_SERVER_PORT, DHCP_CLIENT_PORT) {
        return None;
    }
    let (from, to) = (packet.src_addr().into(), packet.dst_addr().into());
    UdpRepr::parse(&datagram, &from, &to, &ChecksumCapabilities::default()).ok()?;
    // Behind the UDP header (RFC 768), as far as that says.
    let message = payload.get(8..usize::from(datagram.len()))?;
    DhcpPacket::new_checked(message).ok()
}

/// Whether an IP packet answers the question with this number.
fn answered(packet: &[u8], id: u32) -> bool {
    message(packet).is_some_and(|message| {
        message.opcode() == DhcpOpCode::Reply
            && message.transaction_id() == id
            && DhcpRepr::parse(&message)
                .is_ok_and(|answer| answer.message_type == DhcpMessageType::Ack)
    })
}

/// The domain that an answer tells, without a final dot; one name alone, of letters, digits, `-` and `_`.
fn domain(packet: &[u8]) -> Option<&str> {
    let name = option(message(packet)?.into_inner())?;
    // Some servers end it as C does (RFC 2132, section 2, wants that borne).
    let name = name.trim_ascii_end();
    let end = name.iter().rposition(|byte| *byte != 0)? + 1;
    let name = core::str::from_utf8(&name[..end]).ok()?;
    let name = name.strip_suffix('.').unwrap_or(name);
    let sound = |label: &str| {
        let byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        (1..=63).contains(&label.len()) && label.bytes().all(byte)
    };
    (name.len() <= DOMAIN_MAX && name.split('.').all(sound)).then_some(name)
}

/// Option 15 of a message, borrowed for as long as the message.
fn option(message: &[u8]) -> Option<&[u8]> {
    /// Where the options begin (RFC 2131, section 2: the fixed part, and four bytes of cookie).
    const OPTIONS: usize = 240;
    let mut rest = message.get(OPTIONS..)?;
    loop {
        rest = match rest {
            [0, rest @ ..] => rest,
            [255, ..] => return None,
            [kind, len, rest @ ..] => {
                let (value, rest) = rest.split_at_checked(usize::from(*len))?;
                if *kind == DOMAIN_NAME {
                    return Some(value);
                }
                rest
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer as it comes from the wire, with this option 15.
    fn packet(id: u32, kind: DhcpMessageType, name: &[u8], ports: (u16, u16)) -> Vec<u8> {
        use smoltcp::wire::{DhcpOption, IpRepr, Ipv4Repr};
        let mut question = [0; QUESTION_MAX];
        let len = inform(id, [2; 6], Ipv4Addr::new(10, 0, 0, 2), &mut question).unwrap();
        let question = DhcpPacket::new_unchecked(&question[..len]);
        let mut repr = DhcpRepr::parse(&question).unwrap();
        repr.message_type = kind;
        repr.parameter_request_list = None;
        let options = [DhcpOption {
            kind: DOMAIN_NAME,
            data: name,
        }];
        repr.additional_options = &options;
        let (from, to) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2));
        let udp = UdpRepr {
            src_port: ports.0,
            dst_port: ports.1,
        };
        let ip = Ipv4Repr {
            src_addr: from,
            dst_addr: to,
            next_header: IpProtocol::Udp,
            payload_len: 8 + repr.buffer_len(),
            hop_limit: 64,
        };
        let mut bytes = vec![0; 20 + ip.payload_len];
        IpRepr::Ipv4(ip).emit(&mut bytes[..], &ChecksumCapabilities::default());
        let mut datagram = UdpPacket::new_unchecked(&mut bytes[20..]);
        let fill = |out: &mut [u8]| repr.emit(&mut DhcpPacket::new_unchecked(out)).unwrap();
        let checksums = ChecksumCapabilities::default();
        let len = repr.buffer_len();
        udp.emit(
            &mut datagram,
            &from.into(),
            &to.into(),
            len,
            fill,
            &checksums,
        );
        bytes
    }

    const RIGHT: (u16, u16) = (67, 68);
    const ACK: DhcpMessageType = DhcpMessageType::Ack;

    #[test]
    fn it_is_asked_four_times_within_a_minute() {
        let pauses = |chance| (0..TRIES).map(move |question| pause(question, chance).as_millis());
        for (chance, early) in [(0, 1000), (1000, 0)] {
            let want = [4, 8, 16, 32].map(|seconds: u64| seconds * 1000 - early);
            assert!(pauses(chance).eq(want));
        }
        assert_eq!(pauses(1000).sum::<u64>(), 60_000);
        for chance in [2000, 2001, u32::MAX] {
            for (question, pause) in pauses(chance).enumerate() {
                assert!(pause.abs_diff(4000 << question) <= 1000, "{pause}");
            }
        }
    }

    #[test]
    fn the_domain_is_one_sound_name() {
        let told = |name: &[u8]| domain(&packet(1, ACK, name, RIGHT)).map(str::to_owned);
        for (name, want) in [
            (&b"fritz.box"[..], "fritz.box"),
            (b"home.arpa.", "home.arpa"),
            (b"lan\0", "lan"),
            (b"Office_1.example\0\0", "Office_1.example"),
        ] {
            assert_eq!(told(name).as_deref(), Some(want), "{name:?}");
        }
        let long = "a.".repeat(DOMAIN_MAX);
        for name in [
            &b"\0"[..],
            b".",
            b"a..b",
            b".lan",
            b"two names",
            b"a,b",
            b"a/b",
            b"a\0b",
            b"\xff.lan",
            "bücher.example".as_bytes(),
            long.as_bytes(),
        ] {
            assert_eq!(told(name), None, "{name:?}");
        }
    }

    #[test]
    fn only_the_answer_to_the_question_counts() {
        let right = packet(7, ACK, b"lan", RIGHT);
        assert!(answered(&right, 7));
        assert!(!answered(&right, 8));
        assert!(!answered(
            &packet(7, DhcpMessageType::Nak, b"lan", RIGHT),
            7
        ));
        assert!(!answered(
            &packet(7, DhcpMessageType::Inform, b"lan", RIGHT),
            7
        ));
        for ports in [(68, 67), (67, 67), (5353, 68)] {
            assert!(!answered(&packet(7, ACK, b"lan", ports), 7), "{ports:?}");
        }
    }

    #[test]
    fn no_cut_and_no_changed_byte_is_too_much() {
        let right = packet(7, ACK, b"lan", RIGHT);
        for end in 0..right.len() {
            assert!(!answered(&right[..end], 7), "{end}");
            let _any = domain(&right[..end]);
        }
        for at in 0..right.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut other = right.clone();
                other[at] = value;
                let _any = (answered(&other, 7), domain(&other));
            }
        }
    }
}

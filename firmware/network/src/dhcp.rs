//! The DHCP server (RFC 2131) of the setup access point: a few addresses, handed out for an hour.
//!
//! It names the device as router and DNS server. The device routes nothing, but its [`dns`] answers
//! every name with the device, so that a phone's question whether there is internet ends at the
//! setup page, which the phone then opens by itself. To a phone without such a question it is a
//! network without internet: it keeps its mobile data, or asks whether to stay.
//!
//! It does not send option 114 (RFC 8910): that wants an `https` address (RFC 8908, section 4.1)
//! with a certificate that the client trusts, which no device on a network of its own can have.
//!
//! An offer costs nothing: only a request for an address takes a lease, and when all are taken
//! the one that was confirmed longest ago goes. So nobody is turned away, whatever was sent
//! before. A client that lost its lease that way is told so at its next renewal.
//!
//! # Why no published server
//!
//! Two that need neither `std` nor heap were tried for 8 addresses, compiled for riscv32imc and
//! optimized for size. This one takes 1,982 bytes of code and constants (the format's parser is
//! smoltcp's) and 128 of RAM.
//!
//! - `leasehund` 0.8.0, 9,508 bytes and 776 of RAM: passes 8 of the 13 tests below. An offer takes
//!   the address for a minute, a lease for its hour, so that eight hardware addresses, which a phone
//!   that changes its own collects, keep everybody else out. It does not know the broadcast flag, and
//!   answers to a multicast hardware address.
//! - `edge-dhcp` 0.8.0, 8,956 bytes, seen by requests of our own and in its source: keeps a ninth
//!   client out, too. It gives no answer to a request that is padded before its end, that has no end
//!   mark, or whose host name is not UTF-8, and no netmask to a client that does not list it. It
//!   offers a declined address again at once, takes bit 7 for the broadcast flag (it is bit 15),
//!   tells a lease time with a refusal, and sends to whatever relay a packet names.
//!
//! [`dns`]: crate::dns
use core::net::Ipv4Addr;

use embassy_net::{IpAddress, IpEndpoint, Stack};
use embassy_time::{Duration, Instant};
use smoltcp::wire::{
    DHCP_CLIENT_PORT, DHCP_SERVER_PORT, DhcpFlags, DhcpMessageType, DhcpOpCode, DhcpOption,
    DhcpPacket, EthernetAddress,
};

use crate::udp;

/// The device's own address as access point.
pub const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 168, 4, 1);
/// The length of that network's prefix.
pub const PREFIX: u8 = 24;
const NETMASK: [u8; 4] = [255, 255, 255, 0];
/// Addresses to hand out, from the one after the device's. Twice what the access point lets in
/// at a time, because phones change their hardware address.
pub const LEASES: usize = 8;
/// How long a lease is good for. Short, because a setup is; a client renews at half of it.
pub const LEASE: Duration = Duration::from_secs(60 * 60);
/// How long an address rests that somebody reported to be in use already.
const DECLINED: Duration = Duration::from_secs(5 * 60);

/// The longest request that is read: what fits an Ethernet frame (1500, less IP and UDP headers).
/// Anything longer comes in fragments, which are not put together here.
const REQUEST_MAX: usize = 1472;
/// The length of each answer: the minimum that RFC 951 and old relays want; ours need 274.
const REPLY_LEN: usize = 300;

// Numbers of the options (RFC 2132) that matter here.
const SUBNET_MASK: u8 = 1;
const ROUTER: u8 = 3;
const DNS_SERVER: u8 = 6;
const REQUESTED_IP: u8 = 50;
const LEASE_TIME: u8 = 51;
const MESSAGE_TYPE: u8 = 53;
const SERVER_ID: u8 = 54;
const COOKIE: u32 = 0x6382_5363;

/// Who has an address, and until when.
#[derive(Debug, Clone, Copy)]
struct Lease {
    /// `None`: nobody may have it for a while (declined).
    holder: Option<EthernetAddress>,
    expires: Instant,
}

/// The server without its socket: what is leased, and the answers.
#[derive(Debug, Clone, Default)]
pub struct Leases {
    /// Index 0 is the address after the device's.
    table: [Option<Lease>; LEASES],
}

/// A request that is well-formed and for us.
struct Request {
    kind: DhcpMessageType,
    client: EthernetAddress,
    /// The address that the client has and uses (renewal), or nothing.
    current: Option<Ipv4Addr>,
    requested: Option<Ipv4Addr>,
    server: Option<Ipv4Addr>,
    broadcast: bool,
    xid: u32,
}

/// Where an answer goes, see [`Leases::answer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply {
    /// The client's address, or the broadcast address where it has none yet.
    pub to: Ipv4Addr,
    /// How many bytes of the buffer.
    pub len: usize,
}

impl Leases {
    /// Nothing is leased.
    pub const fn new() -> Self {
        Self {
            table: [None; LEASES],
        }
    }

    /// Answers a datagram, if it is a request that wants an answer. `reply` has to hold 300 bytes.
    pub fn answer(&mut self, now: Instant, datagram: &[u8], reply: &mut [u8]) -> Option<Reply> {
        let request = parse(datagram)?;
        let (kind, yours) = match request.kind {
            DhcpMessageType::Discover => (
                DhcpMessageType::Offer,
                Some(self.offer(now, request.client, request.requested)),
            ),
            DhcpMessageType::Request => {
                // Selected another server's offer: none of our business.
                if request.server.is_some_and(|server| server != ADDRESS) {
                    return None;
                }
                let wanted = request.requested.or(request.current)?;
                match self.take(now, request.client, wanted, request.server.is_some()) {
                    true => (DhcpMessageType::Ack, Some(wanted)),
                    false => (DhcpMessageType::Nak, None),
                }
            }
            DhcpMessageType::Decline => {
                self.give_back(request.client, request.requested, Some(now + DECLINED));
                return None;
            }
            DhcpMessageType::Release => {
                self.give_back(request.client, request.current, None);
                return None;
            }
            _ => return None,
        };
        let len = write(&request, kind, yours, reply)?;
        // A client without an address can only hear a broadcast: it has no answer to ARP. And one that says that it has
        // another address than it gets may name anybody's, also far from here.
        let to = match request.current {
            Some(current)
                if kind == DhcpMessageType::Ack && yours == Some(current) && !request.broadcast =>
            {
                current
            }
            _ => Ipv4Addr::BROADCAST,
        };
        Some(Reply { to, len })
    }

    /// How many leases are in force.
    pub fn in_force(&self, now: Instant) -> usize {
        self.table
            .iter()
            .flatten()
            .filter(|lease| lease.expires > now)
            .count()
    }

    /// An address for this client, without taking it: its own, the one it asks for, a free one, or
    /// the one that was confirmed longest ago.
    fn offer(&self, now: Instant, client: EthernetAddress, wish: Option<Ipv4Addr>) -> Ipv4Addr {
        if let Some(own) = self.of(client) {
            return address(own);
        }
        if let Some(index) = wish.and_then(index)
            && self.free(now, index)
        {
            return address(index);
        }
        // From a place that depends on the client, so that two who ask together differ mostly.
        let start = client
            .0
            .iter()
            .fold(0usize, |sum, byte| sum + usize::from(*byte));
        let mut order = (0..LEASES).map(|offset| (start + offset) % LEASES);
        let free = order.clone().find(|index| self.table[*index].is_none());
        let free = free.or_else(|| order.find(|index| self.free(now, *index)));
        address(free.unwrap_or_else(|| self.oldest()))
    }

    /// Gives the address to the client, if it may have it. `offered`: the client answers our offer.
    fn take(
        &mut self,
        now: Instant,
        client: EthernetAddress,
        wanted: Ipv4Addr,
        offered: bool,
    ) -> bool {
        let Some(index) = index(wanted) else {
            return false;
        };
        let own = self.of(client);
        let full = own.is_none() && (0..LEASES).all(|index| !self.free(now, index));
        let evict = offered && full && index == self.oldest();
        if own != Some(index) && !self.free(now, index) && !evict {
            return false;
        }
        if let Some(own) = own {
            self.table[own] = None;
        }
        self.table[index] = Some(Lease {
            holder: Some(client),
            expires: now + LEASE,
        });
        true
    }

    /// Ends the client's lease of that address; until a time nobody gets it.
    fn give_back(&mut self, client: EthernetAddress, of: Option<Ipv4Addr>, rest: Option<Instant>) {
        if let Some(index) = of.and_then(index)
            && self.of(client) == Some(index)
        {
            self.table[index] = rest.map(|expires| Lease {
                holder: None,
                expires,
            });
        }
    }

    fn of(&self, client: EthernetAddress) -> Option<usize> {
        let own = |lease: &Option<Lease>| lease.is_some_and(|lease| lease.holder == Some(client));
        self.table.iter().position(own)
    }

    fn free(&self, now: Instant, index: usize) -> bool {
        self.table[index].is_none_or(|lease| lease.expires <= now)
    }

    /// The lease that runs out first; all run equally long, so it was confirmed longest ago.
    fn oldest(&self) -> usize {
        let expires = |index: &usize| self.table[*index].map(|lease| lease.expires);
        (0..LEASES).min_by_key(expires).unwrap_or(0)
    }
}

fn address(index: usize) -> Ipv4Addr {
    let [a, b, c, d] = ADDRESS.octets();
    // LEASES is small: this stays within the network.
    Ipv4Addr::new(a, b, c, d + 1 + index as u8)
}

fn index(address: Ipv4Addr) -> Option<usize> {
    let offset = u32::from(address).checked_sub(u32::from(ADDRESS) + 1)?;
    usize::try_from(offset).ok().filter(|index| *index < LEASES)
}

/// Reads a request; `None` for anything that is not one from a client on this link.
fn parse(datagram: &[u8]) -> Option<Request> {
    let packet = DhcpPacket::new_checked(datagram).ok()?;
    let client = packet.client_hardware_address();
    let sane = packet.opcode() == DhcpOpCode::Request
        && u16::from(packet.hardware_type()) == 1
        && packet.hardware_len() == 6
        && packet.magic_number() == COOKIE
        && packet.relay_agent_ip().is_unspecified()
        && client.is_unicast()
        && client.0 != [0; 6];
    if !sane {
        return None;
    }
    let (mut kind, mut requested, mut server) = (None, None, None);
    for option in packet.options() {
        match option.kind {
            MESSAGE_TYPE => kind = option.data.first().copied(),
            REQUESTED_IP => requested = ip(option.data),
            SERVER_ID => server = ip(option.data),
            _ => {}
        }
    }
    let current = packet.client_ip();
    Some(Request {
        kind: DhcpMessageType::from(kind?),
        client,
        current: (!current.is_unspecified()).then_some(current),
        requested,
        server,
        broadcast: packet.flags().contains(DhcpFlags::BROADCAST),
        xid: packet.transaction_id(),
    })
}

fn ip(data: &[u8]) -> Option<Ipv4Addr> {
    <[u8; 4]>::try_from(data).ok().map(Ipv4Addr::from)
}

/// Writes an answer; `None` where `reply` is too short.
fn write(
    request: &Request,
    kind: DhcpMessageType,
    yours: Option<Ipv4Addr>,
    reply: &mut [u8],
) -> Option<usize> {
    let reply = reply.get_mut(..REPLY_LEN)?;
    reply.fill(0);
    let mut packet = DhcpPacket::new_unchecked(&mut *reply);
    packet.set_opcode(DhcpOpCode::Reply);
    packet.set_hardware_type(smoltcp::wire::ArpHardware::Ethernet);
    packet.set_hardware_len(6);
    packet.set_transaction_id(request.xid);
    packet.set_client_hardware_address(request.client);
    packet.set_magic_number(COOKIE);
    if request.broadcast {
        packet.set_flags(DhcpFlags::BROADCAST);
    }
    if let Some(yours) = yours {
        packet.set_your_ip(yours);
        packet.set_client_ip(request.current.unwrap_or(Ipv4Addr::UNSPECIFIED));
    }
    let mut options = packet.options_mut();
    let mut put = |kind, data: &[u8]| options.emit(DhcpOption { kind, data }).ok();
    put(MESSAGE_TYPE, &[kind.into()])?;
    put(SERVER_ID, &ADDRESS.octets())?;
    if yours.is_some() {
        put(LEASE_TIME, &(LEASE.as_secs() as u32).to_be_bytes())?;
        put(SUBNET_MASK, &NETMASK)?;
        put(ROUTER, &ADDRESS.octets())?;
        put(DNS_SERVER, &ADDRESS.octets())?;
    }
    options.end().ok()?;
    Some(REPLY_LEN)
}

/// What [`serve`] needs in memory; put it into a static.
pub type Buffers = udp::Buffers<4, REQUEST_MAX, 2, { 2 * REPLY_LEN }, REPLY_LEN>;

/// Serves DHCP on a stack that has [`ADDRESS`], until dropped. Takes one socket of the stack.
///
/// The leases are the caller's, so that they outlive an interruption of the access point.
pub async fn serve(stack: Stack<'_>, leases: &mut Leases, buffers: &mut Buffers) -> ! {
    let (mut socket, reply) = buffers.open(stack, DHCP_SERVER_PORT);
    loop {
        let answer = |datagram: &[u8], _| leases.answer(Instant::now(), datagram, reply);
        let Some(Reply { to, len }) = socket.inner.recv_from_with(answer).await else {
            continue;
        };
        let to = IpEndpoint::new(IpAddress::Ipv4(to), DHCP_CLIENT_PORT);
        socket.send(&reply[..len], to).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use smoltcp::wire::DhcpRepr;

    fn at(seconds: u64) -> Instant {
        Instant::from_secs(seconds)
    }

    fn mac(last: u8) -> EthernetAddress {
        EthernetAddress([2, 0, 0, 0, 0, last])
    }

    fn request(kind: DhcpMessageType, client: EthernetAddress) -> DhcpRepr<'static> {
        DhcpRepr {
            message_type: kind,
            transaction_id: 0x1234_5678,
            secs: 0,
            client_hardware_address: client,
            client_ip: Ipv4Addr::UNSPECIFIED,
            your_ip: Ipv4Addr::UNSPECIFIED,
            server_ip: Ipv4Addr::UNSPECIFIED,
            router: None,
            subnet_mask: None,
            relay_agent_ip: Ipv4Addr::UNSPECIFIED,
            broadcast: false,
            requested_ip: None,
            client_identifier: Some(client),
            server_identifier: None,
            parameter_request_list: Some(&[1, 3, 6]),
            dns_servers: None,
            max_size: Some(1500),
            lease_duration: None,
            renew_duration: None,
            rebind_duration: None,
            additional_options: &[],
        }
    }

    fn bytes(repr: &DhcpRepr<'_>) -> Vec<u8> {
        let mut bytes = vec![0; repr.buffer_len()];
        repr.emit(&mut DhcpPacket::new_unchecked(&mut bytes[..]))
            .unwrap();
        bytes
    }

    /// The answer as smoltcp's client would read it: kind, address, destination.
    fn ask(
        leases: &mut Leases,
        now: Instant,
        repr: &DhcpRepr<'_>,
    ) -> Option<(DhcpMessageType, Ipv4Addr, Ipv4Addr)> {
        let mut reply = [0xa5; REPLY_LEN];
        let Reply { to, len } = leases.answer(now, &bytes(repr), &mut reply)?;
        let packet = DhcpPacket::new_checked(&reply[..len]).unwrap();
        let answer = DhcpRepr::parse(&packet).unwrap();
        assert_eq!(answer.transaction_id, repr.transaction_id);
        assert_eq!(answer.client_hardware_address, repr.client_hardware_address);
        assert_eq!(answer.server_identifier, Some(ADDRESS));
        let nak = answer.message_type == DhcpMessageType::Nak;
        assert_eq!(answer.router, (!nak).then_some(ADDRESS));
        let dns = answer.dns_servers.unwrap_or_default();
        assert_eq!(dns[..], [ADDRESS][usize::from(nak)..]);
        assert_eq!(answer.lease_duration, (!nak).then_some(3_600));
        assert_eq!(
            answer.subnet_mask,
            (!nak).then_some(Ipv4Addr::new(255, 255, 255, 0))
        );
        Some((answer.message_type, answer.your_ip, to))
    }

    /// Discover and request, as a client that has nothing yet.
    fn lease(leases: &mut Leases, now: Instant, client: EthernetAddress) -> Ipv4Addr {
        let discover = request(DhcpMessageType::Discover, client);
        let (kind, offered, to) = ask(leases, now, &discover).unwrap();
        assert_eq!((kind, to), (DhcpMessageType::Offer, Ipv4Addr::BROADCAST));
        let select = DhcpRepr {
            requested_ip: Some(offered),
            server_identifier: Some(ADDRESS),
            ..request(DhcpMessageType::Request, client)
        };
        let answer = ask(leases, now, &select).unwrap();
        assert_eq!(answer, (DhcpMessageType::Ack, offered, Ipv4Addr::BROADCAST));
        offered
    }

    fn renewal(client: EthernetAddress, current: Ipv4Addr) -> DhcpRepr<'static> {
        DhcpRepr {
            client_ip: current,
            ..request(DhcpMessageType::Request, client)
        }
    }

    #[test]
    fn eight_clients_get_eight_addresses_of_the_network() {
        let mut leases = Leases::new();
        let mut given: Vec<_> = (0..8)
            .map(|n| lease(&mut leases, at(1), mac(n * 3)))
            .collect();
        given.sort();
        let all: Vec<_> = (2..10)
            .map(|last| Ipv4Addr::new(192, 168, 4, last))
            .collect();
        assert_eq!(given, all);
    }

    #[test]
    fn no_answer_goes_to_an_address_that_is_not_the_clients() {
        let mut leases = Leases::new();
        let wanted = lease(&mut leases, at(1), mac(1));
        for current in [
            Ipv4Addr::new(7, 0, 0, 0),
            ADDRESS,
            Ipv4Addr::new(192, 168, 4, 9),
        ] {
            let asked = DhcpRepr {
                requested_ip: Some(wanted),
                ..renewal(mac(1), current)
            };
            let (kind, yours, to) = ask(&mut leases, at(2), &asked).unwrap();
            assert_eq!((kind, yours), (DhcpMessageType::Ack, wanted));
            assert_eq!(to, Ipv4Addr::BROADCAST, "{current}");
        }
    }

    #[test]
    fn a_client_gets_the_same_address_again() {
        let mut leases = Leases::new();
        let first = lease(&mut leases, at(1), mac(1));
        lease(&mut leases, at(2), mac(2));
        assert_eq!(lease(&mut leases, at(9_999), mac(1)), first);
        assert_eq!(leases.in_force(at(9_999)), 1);
    }

    #[test]
    fn a_ninth_client_gets_the_address_that_was_confirmed_longest_ago() {
        let mut leases = Leases::new();
        let given: Vec<_> = (0..8u8)
            .map(|n| lease(&mut leases, at(u64::from(n)), mac(n)))
            .collect();
        // The oldest one renews; now the second is the oldest.
        let renewed = ask(&mut leases, at(10), &renewal(mac(0), given[0])).unwrap();
        assert_eq!(renewed, (DhcpMessageType::Ack, given[0], given[0]));
        assert_eq!(lease(&mut leases, at(11), mac(99)), given[1]);
        let evicted = ask(&mut leases, at(12), &renewal(mac(1), given[1])).unwrap();
        assert_eq!(evicted.0, DhcpMessageType::Nak);
    }

    #[test]
    fn offers_take_nothing_however_many_are_asked_for() {
        let mut leases = Leases::new();
        let kept = lease(&mut leases, at(1), mac(1));
        for n in 0..=255 {
            let stranger = EthernetAddress([6, 6, 6, 6, n, n]);
            let discover = request(DhcpMessageType::Discover, stranger);
            assert_ne!(ask(&mut leases, at(2), &discover).unwrap().1, kept);
        }
        assert_eq!(leases.in_force(at(3)), 1);
    }

    #[test]
    fn requests_by_strangers_cannot_keep_a_client_out() {
        let mut leases = Leases::new();
        for n in 0..=255 {
            lease(&mut leases, at(1), EthernetAddress([6, 6, 6, 6, n, n]));
        }
        lease(&mut leases, at(2), mac(1));
    }

    #[test]
    fn an_address_of_another_network_is_refused_and_one_of_ours_is_given_back() {
        let mut leases = Leases::new();
        let reboot = |ip| DhcpRepr {
            requested_ip: Some(ip),
            ..request(DhcpMessageType::Request, mac(1))
        };
        for wrong in [
            [10, 0, 0, 2],
            [192, 168, 4, 1],
            [192, 168, 4, 10],
            [192, 168, 5, 2],
        ] {
            let answer = ask(&mut leases, at(1), &reboot(wrong.into())).unwrap();
            assert_eq!(answer.0, DhcpMessageType::Nak);
        }
        // After a restart of the device its clients keep what they had.
        let ours = Ipv4Addr::new(192, 168, 4, 7);
        let answer = ask(&mut leases, at(1), &reboot(ours)).unwrap();
        assert_eq!(answer, (DhcpMessageType::Ack, ours, Ipv4Addr::BROADCAST));
        assert_eq!(lease(&mut leases, at(1), mac(1)), ours);
    }

    #[test]
    fn the_choice_of_another_server_is_left_alone() {
        let mut leases = Leases::new();
        let other = DhcpRepr {
            requested_ip: Some(Ipv4Addr::new(192, 168, 4, 2)),
            server_identifier: Some(Ipv4Addr::new(192, 168, 4, 254)),
            ..request(DhcpMessageType::Request, mac(1))
        };
        assert_eq!(ask(&mut leases, at(1), &other), None);
        assert_eq!(leases.in_force(at(1)), 0);
    }

    #[test]
    fn a_released_address_is_free_and_a_declined_one_rests() {
        let mut leases = Leases::new();
        let own = lease(&mut leases, at(1), mac(1));
        let foreign = DhcpRepr {
            client_ip: own,
            ..request(DhcpMessageType::Release, mac(2))
        };
        assert_eq!(ask(&mut leases, at(1), &foreign), None);
        assert_eq!(leases.in_force(at(1)), 1, "only its holder releases it");
        let release = DhcpRepr {
            client_ip: own,
            ..request(DhcpMessageType::Release, mac(1))
        };
        assert_eq!(ask(&mut leases, at(1), &release), None);
        assert_eq!(leases.in_force(at(1)), 0);

        let own = lease(&mut leases, at(2), mac(1));
        let decline = DhcpRepr {
            requested_ip: Some(own),
            ..request(DhcpMessageType::Decline, mac(1))
        };
        assert_eq!(ask(&mut leases, at(2), &decline), None);
        assert_ne!(lease(&mut leases, at(3), mac(1)), own);
    }

    #[test]
    fn a_client_that_wants_broadcasts_gets_its_renewal_by_broadcast() {
        let mut leases = Leases::new();
        let own = lease(&mut leases, at(1), mac(1));
        let renew = DhcpRepr {
            broadcast: true,
            ..renewal(mac(1), own)
        };
        let answer = ask(&mut leases, at(2), &renew).unwrap();
        assert_eq!(answer, (DhcpMessageType::Ack, own, Ipv4Addr::BROADCAST));
    }

    #[test]
    fn padding_and_names_that_are_no_text_do_not_matter() {
        let mut leases = Leases::new();
        let mut datagram = bytes(&request(DhcpMessageType::Discover, mac(1)));
        let options = datagram.split_off(240);
        datagram.extend([0, 0, 0, 12, 2, 0xff, 0xfe, 0]);
        datagram.extend(options);
        let mut reply = [0; REPLY_LEN];
        assert!(leases.answer(at(1), &datagram, &mut reply).is_some());
    }

    #[test]
    fn packets_that_are_no_request_of_a_client_here_get_no_answer() {
        let good = bytes(&request(DhcpMessageType::Discover, mac(1)));
        let mut reply = [0; REPLY_LEN];
        assert!(Leases::new().answer(at(1), &good, &mut reply).is_some());
        // Opcode, hardware type and length, relay, multicast address, cookie, message type.
        for (place, value) in [
            (0, 2),
            (1, 6),
            (2, 16),
            (24, 10),
            (28, 1),
            (236, 0),
            (242, 99),
        ] {
            let mut bad = good.clone();
            bad[place] = value;
            assert_eq!(
                Leases::new().answer(at(1), &bad, &mut reply),
                None,
                "byte {place}"
            );
        }
        for length in 0..240 {
            assert_eq!(
                Leases::new().answer(at(1), &good[..length], &mut reply),
                None
            );
        }
    }

    proptest! {
        #[test]
        fn garbage_neither_panics_nor_keeps_a_client_out(
            packets in proptest::collection::vec(
                (0u8..9, any::<[u8; 6]>(), any::<[u8; 4]>(), 0u8..12,
                 proptest::collection::vec(any::<u8>(), 0..60)), 0..60),
        ) {
            let mut leases = Leases::new();
            let mut reply = [0; REPLY_LEN];
            for (number, (kind, client, any, last, tail)) in packets.iter().enumerate() {
                let ip = if last % 2 == 0 { Ipv4Addr::from(*any) }
                    else { Ipv4Addr::new(192, 168, 4, *last) };
                let repr = DhcpRepr {
                    client_ip: ip,
                    requested_ip: (last % 3 == 0).then_some(ip),
                    server_identifier: (last % 4 == 0).then_some(ADDRESS),
                    ..request(DhcpMessageType::from(1), EthernetAddress(*client))
                };
                let mut datagram = bytes(&repr);
                datagram[242] = *kind;
                datagram.truncate(datagram.len() - 1);
                datagram.extend(tail);
                leases.answer(at(number as u64), &datagram, &mut reply);
                prop_assert!(leases.in_force(at(number as u64)) <= LEASES);
            }
            lease(&mut leases, at(100), mac(1));
        }

        #[test]
        fn bytes_of_any_kind_do_not_panic(
            datagram in proptest::collection::vec(any::<u8>(), 0..400),
        ) {
            let mut reply = [0; REPLY_LEN];
            Leases::new().answer(at(1), &datagram, &mut reply);
            // The same behind a valid head, so that the options are reached.
            let mut headed = bytes(&request(DhcpMessageType::Discover, mac(1)));
            headed.truncate(243);
            headed.extend(&datagram);
            Leases::new().answer(at(1), &headed, &mut reply);
        }
    }
}

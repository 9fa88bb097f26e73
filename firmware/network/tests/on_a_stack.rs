//! DHCP, DNS and mDNS on real network stacks: the device's and a client's, joined by a wire in memory.
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::task::Context;

use embassy_futures::select::{Either3, select3};
use embassy_futures::{block_on, yield_now};
use embassy_net::StaticConfigV4;
use embassy_net::driver::{Capabilities, Driver, HardwareAddress, LinkState, RxToken, TxToken};
use embassy_net::udp::{PacketMetadata, UdpMetadata, UdpSocket};
use embassy_net::{Config, ConfigV4, IpAddress, IpEndpoint, Ipv4Cidr, Stack, StackResources};
use embassy_time::{Duration, Instant, Timer, with_timeout};
use faceplate_network::{dhcp, dns, domain, mdns};
use smoltcp::wire::{DhcpMessageType, DhcpPacket, DhcpRepr, EthernetAddress};

type Frames = Rc<RefCell<VecDeque<Vec<u8>>>>;

/// One end of the wire.
struct Port {
    mac: [u8; 6],
    inbound: Frames,
    outbound: Frames,
    up: Rc<Cell<bool>>,
}

struct Received(Vec<u8>);
struct Sent(Frames);

impl RxToken for Received {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(mut self, read: F) -> R {
        read(&mut self.0)
    }
}

impl TxToken for Sent {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, fill: F) -> R {
        let mut frame = vec![0; len];
        let result = fill(&mut frame);
        self.0.borrow_mut().push_back(frame);
        result
    }
}

// No wakers: `block_on` of embassy-futures asks again and again.
impl Driver for Port {
    type RxToken<'a> = Received;
    type TxToken<'a> = Sent;

    fn receive(&mut self, _: &mut Context<'_>) -> Option<(Received, Sent)> {
        let frame = self.inbound.borrow_mut().pop_front()?;
        Some((Received(frame), Sent(self.outbound.clone())))
    }

    fn transmit(&mut self, _: &mut Context<'_>) -> Option<Sent> {
        Some(Sent(self.outbound.clone()))
    }

    fn link_state(&mut self, _: &mut Context<'_>) -> LinkState {
        if self.up.get() {
            LinkState::Up
        } else {
            LinkState::Down
        }
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default();
        capabilities.max_transmission_unit = 1514;
        capabilities
    }

    fn hardware_address(&self) -> HardwareAddress {
        HardwareAddress::Ethernet(self.mac)
    }
}

fn fixed(address: Ipv4Addr) -> ConfigV4 {
    ConfigV4::Static(StaticConfigV4 {
        address: Ipv4Cidr::new(address, 24),
        gateway: None,
        dns_servers: Default::default(),
    })
}

/// Runs `test` with the device's stack and the client's; it has 30 seconds.
fn on_a_wire(test: impl AsyncFnOnce(Stack<'_>, Stack<'_>, Rc<Cell<bool>>)) {
    let (there, back) = (Frames::default(), Frames::default());
    let up = Rc::new(Cell::new(true));
    let port = |last, inbound: &Frames, outbound: &Frames| Port {
        mac: [2, 0, 0, 0, 0, last],
        inbound: inbound.clone(),
        outbound: outbound.clone(),
        up: up.clone(),
    };
    let (mut ours, mut theirs) = (StackResources::<4>::new(), StackResources::<4>::new());
    let none = Config::default;
    let (device, mut one) = embassy_net::new(port(1, &back, &there), none(), &mut ours, 1);
    let (client, mut other) = embassy_net::new(port(2, &there, &back), none(), &mut theirs, 2);
    let test = with_timeout(Duration::from_secs(30), test(device, client, up.clone()));
    match block_on(select3(one.run(), other.run(), test)) {
        Either3::Third(Ok(())) => {}
        Either3::Third(Err(_)) => panic!("not done within 30 s"),
        Either3::First(never) | Either3::Second(never) => never,
    }
}

/// Does `what` while `serve` runs.
async fn meanwhile<T>(serve: impl Future<Output = T>, what: impl Future<Output = ()>) {
    embassy_futures::select::select(serve, what).await;
}

struct Room(
    [PacketMetadata; 8],
    [u8; 4096],
    [PacketMetadata; 8],
    [u8; 4096],
);

impl Room {
    fn new() -> Self {
        Self(
            [PacketMetadata::EMPTY; 8],
            [0; 4096],
            [PacketMetadata::EMPTY; 8],
            [0; 4096],
        )
    }

    fn socket<'a>(&'a mut self, stack: Stack<'a>, port: u16) -> UdpSocket<'a> {
        let mut socket = UdpSocket::new(stack, &mut self.0, &mut self.1, &mut self.2, &mut self.3);
        socket.bind(port).unwrap();
        socket
    }
}

#[test]
fn a_client_that_knows_nothing_gets_an_address_and_gets_it_again() {
    on_a_wire(async |device, client, up| {
        device.set_config_v4(fixed(dhcp::ADDRESS));
        let (mut leases, mut buffers) = (dhcp::Leases::new(), dhcp::Buffers::new());
        let serve = dhcp::serve(device, &mut leases, &mut buffers);
        let what = async {
            client.set_config_v4(ConfigV4::Dhcp(Default::default()));
            client.wait_config_up().await;
            let first = client.config_v4().unwrap();
            assert_eq!(first.address.network().to_string(), "192.168.4.0/24");
            assert!(
                (2..=9).contains(&first.address.address().octets()[3]),
                "{first:?}"
            );
            assert_eq!(first.gateway, Some(dhcp::ADDRESS));
            assert_eq!(first.dns_servers[..], [dhcp::ADDRESS]);
            // The client goes away and comes back.
            up.set(false);
            client.wait_config_down().await;
            up.set(true);
            client.wait_config_up().await;
            assert_eq!(client.config_v4(), Some(first));
        };
        meanwhile(serve, what).await;
        assert_eq!(leases.in_force(Instant::now()), 1);
    });
}

#[test]
fn garbage_on_the_dhcp_port_keeps_no_client_from_its_address() {
    on_a_wire(async |device, client, _| {
        device.set_config_v4(fixed(dhcp::ADDRESS));
        client.set_config_v4(fixed(Ipv4Addr::new(192, 168, 4, 200)));
        let (mut leases, mut buffers) = (dhcp::Leases::new(), dhcp::Buffers::new());
        let what = async {
            let mut room = Room::new();
            let socket = room.socket(client, 1068);
            let to = IpEndpoint::new(IpAddress::Ipv4(Ipv4Addr::BROADCAST), 67);
            for seed in 0..200u32 {
                let length = (seed * 7 % 1400) as usize;
                let garbage: Vec<u8> = (0..length)
                    .map(|n| (n as u32 * seed).to_le_bytes()[1])
                    .collect();
                socket.send_to(&garbage, to).await.unwrap();
            }
            drop(socket);
            client.set_config_v4(ConfigV4::Dhcp(Default::default()));
            client.wait_config_up().await;
        };
        meanwhile(dhcp::serve(device, &mut leases, &mut buffers), what).await;
    });
}

/// A client's wish to keep the address that it says to have.
fn renewal(client: u8, address: Ipv4Addr) -> Vec<u8> {
    let repr = DhcpRepr {
        message_type: DhcpMessageType::Request,
        transaction_id: 7,
        secs: 0,
        client_hardware_address: EthernetAddress([2, 0, 0, 0, 1, client]),
        client_ip: address,
        your_ip: Ipv4Addr::UNSPECIFIED,
        server_ip: Ipv4Addr::UNSPECIFIED,
        router: None,
        subnet_mask: None,
        relay_agent_ip: Ipv4Addr::UNSPECIFIED,
        broadcast: false,
        requested_ip: None,
        client_identifier: None,
        server_identifier: None,
        parameter_request_list: None,
        dns_servers: None,
        max_size: None,
        lease_duration: None,
        renew_duration: None,
        rebind_duration: None,
        additional_options: &[],
    };
    let mut bytes = vec![0; repr.buffer_len()];
    repr.emit(&mut DhcpPacket::new_unchecked(&mut bytes[..]))
        .unwrap();
    bytes
}

#[test]
fn renewals_of_clients_that_are_gone_keep_no_client_from_its_address() {
    on_a_wire(async |device, client, _| {
        device.set_config_v4(fixed(dhcp::ADDRESS));
        client.set_config_v4(fixed(Ipv4Addr::new(192, 168, 4, 200)));
        let (mut leases, mut buffers) = (dhcp::Leases::new(), dhcp::Buffers::new());
        let what = async {
            let mut room = Room::new();
            let socket = room.socket(client, 1068);
            let to = IpEndpoint::new(IpAddress::Ipv4(dhcp::ADDRESS), 67);
            for last in 2..6 {
                let gone = renewal(last, Ipv4Addr::new(192, 168, 4, last));
                socket.send_to(&gone, to).await.unwrap();
                Timer::after_millis(10).await;
            }
            drop(socket);
            client.set_config_v4(ConfigV4::Dhcp(Default::default()));
            client.wait_config_up().await;
        };
        meanwhile(dhcp::serve(device, &mut leases, &mut buffers), what).await;
    });
}

const NAME: &str = "faceplate-1a2b";
const CLIENT: Ipv4Addr = Ipv4Addr::new(192, 168, 4, 9);

/// A question for the host's address.
fn question(alone: bool) -> Vec<u8> {
    question_for("faceplate-1a2b.local", alone)
}

fn question_for(name: &str, alone: bool) -> Vec<u8> {
    let mut packet = simple_dns::Packet::new_query(0x1234);
    packet.questions.push(simple_dns::Question::new(
        simple_dns::Name::new(name).unwrap(),
        simple_dns::TYPE::A.into(),
        simple_dns::CLASS::IN.into(),
        alone,
    ));
    packet.build_bytes_vec().unwrap()
}

/// Of an answer: the address in it, and its id.
fn read(bytes: &[u8]) -> (Ipv4Addr, u16) {
    let packet = simple_dns::Packet::parse(bytes).unwrap();
    let address = packet
        .answers
        .iter()
        .find_map(|answer| match &answer.rdata {
            simple_dns::rdata::RData::A(a) => Some(Ipv4Addr::from(a.address)),
            _ => None,
        });
    (address.unwrap(), packet.id())
}

/// The next message: the address in it, its id, and where it was sent.
async fn next(socket: &UdpSocket<'_>) -> (Ipv4Addr, u16, IpAddress) {
    let mut bytes = [0; 1500];
    let (
        len,
        UdpMetadata {
            endpoint,
            local_address,
            ..
        },
    ) = socket.recv_from(&mut bytes).await.unwrap();
    assert_eq!(endpoint.port, mdns::PORT);
    let (address, id) = read(&bytes[..len]);
    (address, id, local_address.unwrap())
}

/// Asks as a phone does that looks for the internet, until there is an answer.
async fn resolve(socket: &UdpSocket<'_>, server: Ipv4Addr) -> (Ipv4Addr, u16) {
    let question = question_for("connectivitycheck.gstatic.com", false);
    let server = IpEndpoint::new(server.into(), dns::PORT);
    let mut bytes = [0; 600];
    loop {
        socket.send_to(&question, server).await.unwrap();
        let answer = socket.recv_from(&mut bytes);
        if let Ok(answer) = with_timeout(Duration::from_secs(1), answer).await {
            let (len, from) = answer.unwrap();
            assert_eq!(from.endpoint, server);
            return read(&bytes[..len]);
        }
    }
}

#[test]
fn a_phone_that_joins_the_access_point_finds_the_device_by_every_name() {
    on_a_wire(async |device, client, _| {
        device.set_config_v4(fixed(dhcp::ADDRESS));
        let (mut leases, mut buffers) = (dhcp::Leases::new(), dhcp::Buffers::new());
        let mut names = dns::Buffers::new();
        let serve = embassy_futures::join::join(
            dhcp::serve(device, &mut leases, &mut buffers),
            dns::serve(device, dhcp::ADDRESS, &mut names),
        );
        let what = async {
            client.set_config_v4(ConfigV4::Dhcp(Default::default()));
            client.wait_config_up().await;
            let [server] = client.config_v4().unwrap().dns_servers[..] else {
                panic!("one DNS server is told");
            };
            let mut room = Room::new();
            let socket = room.socket(client, 40_001);
            assert_eq!(resolve(&socket, server).await, (dhcp::ADDRESS, 0x1234));
        };
        meanwhile(serve, what).await;
    });
}

#[test]
fn names_lead_to_the_device_only_as_long_as_its_dns_runs() {
    on_a_wire(async |device, client, _| {
        device.set_config_v4(fixed(dhcp::ADDRESS));
        client.set_config_v4(fixed(CLIENT));
        let mut names = dns::Buffers::new();
        let mut room = Room::new();
        let socket = room.socket(client, 40_001);
        let what = async {
            resolve(&socket, dhcp::ADDRESS).await;
        };
        meanwhile(dns::serve(device, dhcp::ADDRESS, &mut names), what).await;
        // The setup is over.
        let late = with_timeout(
            Duration::from_millis(1_200),
            resolve(&socket, dhcp::ADDRESS),
        );
        assert!(late.await.is_err());
        // And there is another.
        let what = async {
            resolve(&socket, dhcp::ADDRESS).await;
        };
        meanwhile(dns::serve(device, dhcp::ADDRESS, &mut names), what).await;
    });
}

#[test]
fn garbage_and_askers_that_are_gone_keep_no_other_from_an_answer() {
    on_a_wire(async |device, client, _| {
        device.set_config_v4(fixed(dhcp::ADDRESS));
        let mut names = dns::Buffers::new();
        let what = async {
            let (mut room, mut more) = (Room::new(), Room::new());
            let socket = room.socket(client, 40_001);
            let to = IpEndpoint::new(dhcp::ADDRESS.into(), dns::PORT);
            for last in 20..23 {
                client.set_config_v4(fixed(Ipv4Addr::new(192, 168, 4, last)));
                let question = question_for("captive.apple.com", false);
                socket.send_to(&question, to).await.unwrap();
                // Until it is on the wire; nobody will say who had this address.
                Timer::after_millis(20).await;
            }
            client.set_config_v4(fixed(CLIENT));
            for seed in 0..100usize {
                let garbage: Vec<u8> = (0..seed * 13).map(|n| (n * seed) as u8).collect();
                socket.send_to(&garbage, to).await.unwrap();
            }
            drop(socket);
            let socket = more.socket(client, 40_002);
            assert_eq!(resolve(&socket, dhcp::ADDRESS).await.0, dhcp::ADDRESS);
        };
        meanwhile(dns::serve(device, dhcp::ADDRESS, &mut names), what).await;
    });
}

#[test]
fn a_device_announces_itself_and_answers_to_its_name() {
    on_a_wire(async |device, client, up| {
        let responder = mdns::Responder::new(NAME).unwrap();
        let mut buffers = mdns::Buffers::new();
        client.set_config_v4(fixed(CLIENT));
        client.join_multicast_group(mdns::GROUP).unwrap();
        let (mut room, mut more) = (Room::new(), Room::new());
        let what = async {
            let socket = room.socket(client, mdns::PORT);
            let group = IpEndpoint::new(mdns::GROUP.into(), mdns::PORT);
            let to_group = |address| (address, 0, IpAddress::from(mdns::GROUP));

            // As soon as there is an address: twice, a second apart.
            device.set_config_v4(fixed(dhcp::ADDRESS));
            assert_eq!(next(&socket).await, to_group(dhcp::ADDRESS));
            let first = Instant::now();
            assert_eq!(next(&socket).await, to_group(dhcp::ADDRESS));
            let apart = first.elapsed().as_millis();
            assert!((900..1_500).contains(&apart), "{apart} ms");

            // Again with another address.
            let other = Ipv4Addr::new(192, 168, 4, 77);
            device.set_config_v4(fixed(other));
            for _ in 0..2 {
                assert_eq!(next(&socket).await, to_group(other));
            }

            // And when the link was away.
            up.set(false);
            Timer::after_millis(1_000).await;
            up.set(true);
            for _ in 0..2 {
                assert_eq!(next(&socket).await, to_group(other));
            }
            Timer::after_millis(1_100).await;

            // Garbage changes nothing.
            for length in 0..60 {
                socket
                    .send_to(&vec![length as u8; length * 20], group)
                    .await
                    .unwrap();
            }
            Timer::after_millis(50).await;
            socket.send_to(&question(false), group).await.unwrap();
            assert_eq!(next(&socket).await, to_group(other));
            socket.send_to(&question(true), group).await.unwrap();
            assert_eq!(next(&socket).await, (other, 0, CLIENT.into()));
            let direct = IpEndpoint::new(other.into(), mdns::PORT);
            socket.send_to(&question(false), direct).await.unwrap();
            assert_eq!(next(&socket).await, (other, 0, CLIENT.into()));

            // One who knows only DNS asks from another port.
            let legacy = more.socket(client, 40_000);
            legacy.send_to(&question(false), group).await.unwrap();
            assert_eq!(next(&legacy).await, (other, 0x1234, CLIENT.into()));
        };
        meanwhile(mdns::serve(device, responder, &mut buffers), what).await;
    });
}

#[test]
fn one_who_asks_and_leaves_keeps_no_other_from_an_answer() {
    on_a_wire(async |device, client, _| {
        let responder = mdns::Responder::new(NAME).unwrap();
        let mut buffers = mdns::Buffers::new();
        device.set_config_v4(fixed(dhcp::ADDRESS));
        client.join_multicast_group(mdns::GROUP).unwrap();
        let mut room = Room::new();
        let what = async {
            let socket = room.socket(client, mdns::PORT);
            let group = IpEndpoint::new(mdns::GROUP.into(), mdns::PORT);
            client.set_config_v4(fixed(CLIENT));
            let to_group = (dhcp::ADDRESS, 0, IpAddress::from(mdns::GROUP));
            for _ in 0..2 {
                assert_eq!(next(&socket).await, to_group);
            }
            for last in 20..23 {
                client.set_config_v4(fixed(Ipv4Addr::new(192, 168, 4, last)));
                socket.send_to(&question(true), group).await.unwrap();
                // It is on the wire now; nobody will say who had this address.
                yield_now().await;
            }
            client.set_config_v4(fixed(CLIENT));
            // As resolvers do: asks until there is an answer.
            let answer = loop {
                socket.send_to(&question(false), group).await.unwrap();
                let answer = with_timeout(Duration::from_secs(1), next(&socket)).await;
                if let Ok(answer) = answer {
                    break answer;
                }
            };
            assert_eq!(answer, to_group);
        };
        meanwhile(mdns::serve(device, responder, &mut buffers), what).await;
    });
}

/// A router's DHCP server: gives one address, a router, and where that is asked for a domain. One without a
/// domain does not answer those who ask for nothing else. Notes the name of each client that says one.
async fn router(
    stack: Stack<'_>,
    domain: &Cell<Option<&str>>,
    asked_for_it: &Cell<u32>,
    names: &RefCell<Vec<String>>,
) {
    let mut room = Room::new();
    let socket = room.socket(stack, 67);
    let mut buffer = [0; 1500];
    loop {
        let (len, _) = socket.recv_from(&mut buffer).await.unwrap();
        let message = DhcpPacket::new_checked(&buffer[..len]).unwrap();
        let mut repr = DhcpRepr::parse(&message).unwrap();
        for option in message.options().filter(|option| option.kind == 12) {
            let name = String::from_utf8(option.data.to_vec()).unwrap();
            names.borrow_mut().push(name);
        }
        let asked = repr
            .parameter_request_list
            .is_some_and(|list| list.contains(&15));
        if repr.message_type == DhcpMessageType::Inform {
            asked_for_it.set(asked_for_it.get() + 1);
            if domain.get().is_none() {
                continue;
            }
        }
        repr.message_type = match repr.message_type {
            DhcpMessageType::Discover => DhcpMessageType::Offer,
            DhcpMessageType::Request | DhcpMessageType::Inform => DhcpMessageType::Ack,
            _ => continue,
        };
        let informed = repr.client_ip;
        if informed.is_unspecified() {
            repr.your_ip = Ipv4Addr::new(10, 0, 0, 2);
            repr.lease_duration = Some(3600);
        }
        (repr.parameter_request_list, repr.requested_ip) = (None, None);
        repr.server_identifier = Some(Ipv4Addr::new(10, 0, 0, 1));
        repr.router = repr.server_identifier;
        repr.subnet_mask = Some(Ipv4Addr::new(255, 255, 255, 0));
        let option = [smoltcp::wire::DhcpOption {
            kind: 15,
            data: domain.get().unwrap_or_default().as_bytes(),
        }];
        repr.additional_options = if asked { &option } else { &[] };
        let mut bytes = vec![0; repr.buffer_len()];
        repr.emit(&mut DhcpPacket::new_unchecked(&mut bytes[..]))
            .unwrap();
        let to = if informed.is_unspecified() {
            Ipv4Addr::BROADCAST
        } else {
            informed
        };
        let to = IpEndpoint::new(IpAddress::Ipv4(to), 68);
        socket.send_to(&bytes, to).await.unwrap();
    }
}

#[test]
fn the_domain_is_learnt_beside_the_dhcp_client_which_tells_the_name() {
    on_a_wire(async |client, server, up| {
        server.set_config_v4(fixed(Ipv4Addr::new(10, 0, 0, 1)));
        let names = RefCell::default();
        let told = RefCell::new(Vec::new());
        let mut buffers = domain::Buffers::new();
        let tell = |domain: Option<&str>| told.borrow_mut().push(domain.map(str::to_owned));
        let learn = domain::follow(client, &mut buffers, tell);
        let what = async {
            client.set_config_v4(ConfigV4::Dhcp(domain::client("provider")));
            let count = async |count| {
                while told.borrow().len() < count {
                    yield_now().await;
                }
            };
            count(2).await;
            up.set(false);
            count(3).await;
            up.set(true);
            count(5).await;
            // The client went on with its own.
            assert!(client.config_v4().is_some());
        };
        let domain = Cell::new(Some("fritz.box"));
        meanwhile(router(server, &domain, &Cell::new(0), &names), async {
            meanwhile(learn, what).await;
        })
        .await;
        let box_ = || Some("fritz.box".to_owned());
        assert_eq!(told.into_inner(), [None, box_(), None, None, box_()]);
        let names = names.into_inner();
        assert!(names.len() >= 2, "{names:?}");
        assert!(names.iter().all(|name| name == "provider"), "{names:?}");
    });
}

#[test]
fn who_does_not_tell_the_domain_is_asked_no_longer_than_the_network_lasts() {
    on_a_wire(async |client, server, up| {
        server.set_config_v4(fixed(Ipv4Addr::new(10, 0, 0, 1)));
        let told = RefCell::new(Vec::new());
        let mut buffers = domain::Buffers::new();
        let tell = |domain: Option<&str>| told.borrow_mut().push(domain.map(str::to_owned));
        let learn = domain::follow(client, &mut buffers, tell);
        let (domain, asked) = (Cell::new(None), Cell::new(0));
        let what = async {
            let until = async |what: &dyn Fn() -> bool| {
                while !what() {
                    yield_now().await;
                }
            };
            client.set_config_v4(ConfigV4::Dhcp(Default::default()));
            until(&|| asked.get() == 1).await;
            up.set(false);
            until(&|| told.borrow().len() == 2).await;
            domain.set(Some("lan"));
            up.set(true);
            until(&|| told.borrow().len() == 4).await;
        };
        meanwhile(
            router(server, &domain, &asked, &RefCell::default()),
            async {
                meanwhile(learn, what).await;
            },
        )
        .await;
        assert_eq!(asked.get(), 2);
        assert_eq!(
            told.into_inner(),
            [None, None, None, Some("lan".to_owned())]
        );
    });
}

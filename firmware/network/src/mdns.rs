//! The mDNS responder (RFC 6762, with RFC 6763 for the service): `<name>.local` and `_http._tcp`.
//!
//! It answers and announces. It does not probe for the name first and defends it against nobody,
//! so names have to be unique by themselves: ours end in digits of the chip's MAC address.
//!
//! # Why no published responder
//!
//! `edge-mdns` 0.8.0 was tried, for riscv32imc, optimized for size: 11,690 bytes of code and
//! constants instead of 5,656. A query of 152 bytes that asks 20 times for our name ends its
//! service (the answer does not fit its buffer, and that error is returned). It gives our IPv4
//! address to one who asks for IPv6, and nobody the word that there is none, so clients wait for
//! it. Its records lack the cache-flush bit: after a change of address both are believed. It repeats
//! what the asker knows, gives one who knows only DNS 120 s instead of 10, answers the group where
//! the sender alone asked, announces once, and answers senders from beyond the link.
mod message;
mod responder;

use core::net::Ipv4Addr;

use embassy_futures::select::{Either, select};
use embassy_net::udp::UdpMetadata;
use embassy_net::{IpAddress, IpEndpoint, Ipv4Cidr, Stack};
use embassy_time::{Duration, Instant, Timer};

pub use responder::{Answer, LongName, Query, REPLY_MAX, Responder};

use crate::udp;

/// The group that all of mDNS talks in.
pub const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);
/// The port that all of mDNS uses.
pub const PORT: u16 = 5353;

/// The longest query that is read: what fits an Ethernet frame (1500, less IP and UDP headers).
const QUERY_MAX: usize = 1472;
/// How often the stack's address is looked at. The stack wakes only one who waits for it, and that
/// is not us.
const GLANCE: Duration = Duration::from_millis(500);
/// Between the two announcements (RFC 6762, section 8.3).
const BETWEEN: Duration = Duration::from_secs(1);
/// The pause before an answer that others may give too is 20 ms and up to 100 more (section 6).
const PAUSE_MIN: u64 = 20;
const PAUSE_SPREAD: u64 = 100;

/// What [`serve`] needs in memory; put it into a static.
pub type Buffers = udp::Buffers<4, QUERY_MAX, 1, REPLY_MAX, REPLY_MAX>;

/// Serves mDNS on a stack, whenever it has a link and an address, until dropped. Takes one socket.
pub async fn serve(stack: Stack<'_>, mut responder: Responder<'_>, buffers: &mut Buffers) -> ! {
    let (mut socket, reply) = buffers.open(stack, PORT);
    socket.inner.set_hop_limit(Some(255)); // RFC 6762, section 11
    let everybody = IpEndpoint::new(GROUP.into(), PORT);
    let mut known: Option<Ipv4Cidr> = None;
    let mut announcements = 0u8;
    let mut announce_at = Instant::MIN;
    let mut glance_at = Instant::MIN;
    loop {
        let now = Instant::now();
        if now >= glance_at {
            glance_at = now + GLANCE;
            let config = stack.config_v4().filter(|_| stack.is_link_up());
            let address = config.map(|config| config.address);
            if address != known {
                known = address;
                announcements = if known.is_some() { 2 } else { 0 };
                announce_at = now;
                if known.is_some() {
                    join(stack);
                }
            }
        }
        if let Some(address) = known
            && announcements > 0
            && now >= announce_at
        {
            announcements -= 1;
            announce_at = now + BETWEEN;
            let len = responder.announce(now, address.address(), reply);
            socket.send(&reply[..len], everybody).await;
        }
        let wake = if announcements > 0 {
            glance_at.min(announce_at)
        } else {
            glance_at
        };
        let answer = |datagram: &[u8], meta: UdpMetadata| {
            let IpAddress::Ipv4(from) = meta.endpoint.addr;
            let network = known?;
            let query = Query {
                datagram,
                address: network.address(),
                from_port: meta.endpoint.port,
                to_group: meta.local_address == Some(GROUP.into()),
                on_link: network.contains_addr(&from),
            };
            Some((
                responder.answer(Instant::now(), &query, reply)?,
                meta.endpoint,
            ))
        };
        let answer = match select(socket.inner.recv_from_with(answer), Timer::at(wake)).await {
            Either::First(Some(answer)) => answer,
            Either::First(None) | Either::Second(()) => continue,
        };
        let (
            Answer {
                len,
                to_group,
                shared,
            },
            from,
        ) = answer;
        if shared {
            let spread = Instant::now().as_ticks() % PAUSE_SPREAD;
            Timer::after(Duration::from_millis(PAUSE_MIN + spread)).await;
        }
        let to = if to_group { everybody } else { from };
        socket.send(&reply[..len], to).await;
    }
}

/// (Re)joins the group: a switch that watches memberships has to hear it on the present link.
fn join(stack: Stack<'_>) {
    // Not a member yet: nothing to leave.
    let _not_a_member = stack.leave_multicast_group(GROUP);
    if let Err(error) = stack.join_multicast_group(GROUP) {
        log::warn!("mdns: cannot join {GROUP}: {error:?}");
    }
}

//! What is answered to whom: the responder without its socket.
use core::net::Ipv4Addr;

use embassy_time::{Duration, Instant};

use super::PORT;
use super::message::{HEADER, Message, NODES, Name, Node, Part, Record, Section, Writer, rtype};

/// Room for any answer: all records with the longest name are 300 bytes; the rest is for
/// questions that a legacy answer repeats.
pub const REPLY_MAX: usize = 512;
/// How long others may believe us, in seconds: what RFC 6762 recommends for host names. Used for
/// all records: the service is as short-lived as the address.
const TTL: u32 = 120;
/// The same towards a resolver that knows only DNS (RFC 6762, section 6.7).
const LEGACY_TTL: u32 = 10;
/// A record is not repeated to the group within this time (section 6).
const REPEAT: Duration = Duration::from_secs(1);
/// The HTTP port.
const HTTP: u16 = 80;
/// The service's TXT record: one string.
const TXT: &[u8] = b"\x06path=/";

const CLASS_IN: u16 = 1;
const CLASS_ANY: u16 = 255;
/// In a question's class: answer me alone. In a record's: forget what you knew.
const TOP_BIT: u16 = 0x8000;

// The tree of our names. Each node's name is its label and its parent's name.
const LOCAL: usize = 0;
const TCP: usize = 1;
const SERVICE: usize = 2;
const INSTANCE: usize = 3;
const HOST: usize = 4;
const UDP: usize = 5;
const DNS_SD: usize = 6;
const SERVICES: usize = 7;

/// Our records, in the order of announcements.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Own {
    Address,
    Pointer,
    Server,
    Text,
    Services,
    /// The host has an IPv4 address and nothing else: no need to wait for an IPv6 one.
    HostOnly,
    /// The same of the service instance.
    InstanceOnly,
}

const ALL: [Own; 7] = [
    Own::Address,
    Own::Pointer,
    Own::Server,
    Own::Text,
    Own::Services,
    Own::HostOnly,
    Own::InstanceOnly,
];

impl Own {
    fn owner(self) -> usize {
        match self {
            Self::Address | Self::HostOnly => HOST,
            Self::Pointer => SERVICE,
            Self::Server | Self::Text | Self::InstanceOnly => INSTANCE,
            Self::Services => SERVICES,
        }
    }

    fn rtype(self) -> u16 {
        match self {
            Self::Address => rtype::A,
            Self::Pointer | Self::Services => rtype::PTR,
            Self::Server => rtype::SRV,
            Self::Text => rtype::TXT,
            Self::HostOnly | Self::InstanceOnly => rtype::NSEC,
        }
    }

    /// Others have records of that name and type, too.
    fn is_shared(self) -> bool {
        matches!(self, Self::Pointer | Self::Services)
    }

    /// What one who asked for this asks for next.
    fn additional(self) -> &'static [Own] {
        match self {
            Self::Pointer => &[Self::Server, Self::Text, Self::Address, Self::HostOnly],
            Self::Server => &[Self::Address, Self::HostOnly],
            Self::Address => &[Self::HostOnly],
            _ => &[],
        }
    }
}

/// A set of our records.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Set(u8);

impl Set {
    fn has(self, own: Own) -> bool {
        self.0 & 1 << own as u8 != 0
    }

    fn add(&mut self, own: Own) {
        self.0 |= 1 << own as u8;
    }

    fn remove(&mut self, own: Own) {
        self.0 &= !(1 << own as u8);
    }

    fn iter(self) -> impl Iterator<Item = Own> {
        ALL.into_iter().filter(move |own| self.has(*own))
    }
}

/// A datagram that came.
pub struct Query<'a> {
    /// Its bytes.
    pub datagram: &'a [u8],
    /// Our address.
    pub address: Ipv4Addr,
    /// The port it came from; not 5353: one who knows only DNS, and hears no group.
    pub from_port: u16,
    /// It was sent to the group, not to us alone.
    pub to_group: bool,
    /// The sender's address is one of our network.
    pub on_link: bool,
}

/// What to do with the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// How many bytes of the buffer.
    pub len: usize,
    /// Send it to the group, not to the sender alone.
    pub to_group: bool,
    /// Others may answer the same: wait for a random moment first.
    pub shared: bool,
}

/// A name that is not 1 to 63 bytes without a dot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LongName;

/// The responder without its socket.
pub struct Responder<'a> {
    nodes: [Node<'a>; NODES],
    /// When each record was last sent to the group.
    sent: [Option<Instant>; ALL.len()],
}

impl<'a> Responder<'a> {
    /// For `<name>.local`, and for an HTTP service of that name on port 80.
    ///
    /// # Errors
    /// When that is no label of a host name.
    pub fn new(name: &'a str) -> Result<Self, LongName> {
        if !(1..=63).contains(&name.len()) || name.contains('.') {
            return Err(LongName);
        }
        let node = |label, parent| Node { label, parent };
        let nodes = [
            node("local", None),
            node("_tcp", Some(LOCAL)),
            node("_http", Some(TCP)),
            node(name, Some(SERVICE)),
            node(name, Some(LOCAL)),
            node("_udp", Some(LOCAL)),
            node("_dns-sd", Some(UDP)),
            node("_services", Some(DNS_SD)),
        ];
        Ok(Self {
            nodes,
            sent: [None; ALL.len()],
        })
    }

    /// Writes what everybody should know, for the group; `reply` has to hold [`REPLY_MAX`].
    pub fn announce(&mut self, now: Instant, address: Ipv4Addr, reply: &mut [u8]) -> usize {
        let mut set = Set::default();
        ALL.into_iter().for_each(|own| set.add(own));
        let Ok(mut writer) = Writer::new(reply, &self.nodes, 0, 0, &[]) else {
            return 0;
        };
        for own in set.iter() {
            if write(&mut writer, Section::Answer, own, address, false).is_ok() {
                self.sent[own as usize] = Some(now);
            }
        }
        writer.finish()
    }

    /// Answers a datagram, if it is a query about us; `reply` has to hold [`REPLY_MAX`].
    pub fn answer(&mut self, now: Instant, query: &Query<'_>, reply: &mut [u8]) -> Option<Answer> {
        let legacy = query.from_port != PORT;
        // Whoever is asked from outside the link must not answer: it would serve to flood others.
        if !query.on_link && (legacy || !query.to_group) {
            return None;
        }
        let message = Message::new(query.datagram)?;
        if !message.is_query() {
            return None;
        }
        let (questions, answers) = message.counts();
        let mut wanted = Set::default();
        let mut alone = true;
        let mut at = HEADER;
        for _ in 0..questions {
            let (question, end) = message.question(at)?;
            at = end;
            let class = question.class & !TOP_BIT;
            if class != CLASS_IN && class != CLASS_ANY {
                continue;
            }
            let about = self.about(question.name, question.rtype);
            if about != Set::default() {
                alone &= question.class & TOP_BIT != 0;
            }
            wanted.0 |= about.0;
        }
        let questions_end = at;
        for _ in 0..answers {
            // What is broken here was no reason to forget the questions.
            let Some((known, end)) = message.record(at) else {
                break;
            };
            at = end;
            if let Some(own) = wanted
                .iter()
                .find(|own| self.is_known(*own, &known, query.address))
            {
                wanted.remove(own);
            }
        }
        let to_group = !legacy && !(query.on_link && (alone || !query.to_group));
        if to_group {
            let fresh = |sent: Option<Instant>| {
                sent.is_some_and(|sent| now.saturating_duration_since(sent) < REPEAT)
            };
            for own in ALL
                .into_iter()
                .filter(|own| fresh(self.sent[*own as usize]))
            {
                wanted.remove(own);
            }
        }
        if wanted == Set::default() {
            return None;
        }
        let (id, questions, head) = match legacy {
            // Repeated as they came: the pointers in there mean places before them.
            true => (message.id(), questions, &query.datagram[..questions_end]),
            false => (0, 0, [].as_slice()),
        };
        let mut writer = Writer::new(reply, &self.nodes, id, questions, head).ok()?;
        let mut written = Set::default();
        for own in wanted.iter() {
            // One who knows only DNS hears "nothing of that type" by an answer with nothing in it.
            if legacy && own.rtype() == rtype::NSEC {
                continue;
            }
            if write(&mut writer, Section::Answer, own, query.address, legacy).is_ok() {
                written.add(own);
            }
        }
        for own in wanted.iter().flat_map(|own| own.additional()) {
            // Without room, they ask again.
            if !(written.has(*own) || legacy && own.rtype() == rtype::NSEC)
                && write(
                    &mut writer,
                    Section::Additional,
                    *own,
                    query.address,
                    legacy,
                )
                .is_ok()
            {
                written.add(*own);
            }
        }
        if to_group {
            written
                .iter()
                .for_each(|own| self.sent[own as usize] = Some(now));
        }
        let shared = to_group && wanted.iter().any(Own::is_shared);
        Some(Answer {
            len: writer.finish(),
            to_group,
            shared,
        })
    }

    /// The labels of a name of ours.
    fn labels(&self, node: usize) -> impl Iterator<Item = &str> {
        let mut next = Some(node);
        core::iter::from_fn(move || {
            let Node { label, parent } = self.nodes[next?];
            next = parent;
            Some(label)
        })
    }

    /// Which of our records a question is about.
    fn about(&self, name: Name<'_>, kind: u16) -> Set {
        let mut set = Set::default();
        for owner in [HOST, INSTANCE, SERVICE, SERVICES] {
            if !name.is(self.labels(owner)) {
                continue;
            }
            for own in ALL.into_iter().filter(|own| own.owner() == owner) {
                if kind == own.rtype() || kind == rtype::ANY {
                    set.add(own);
                }
            }
            // A type that the name does not have: say so, instead of letting them wait.
            if set == Set::default() {
                match owner {
                    HOST => set.add(Own::HostOnly),
                    INSTANCE => set.add(Own::InstanceOnly),
                    _ => {}
                }
            }
        }
        set
    }

    /// Whether the asker knows this record already, and for a while (section 7.1).
    fn is_known(&self, own: Own, known: &Record<'_>, address: Ipv4Addr) -> bool {
        known.rtype == own.rtype()
            && known.class & !TOP_BIT == CLASS_IN
            && known.ttl >= TTL / 2
            && known.name.is(self.labels(own.owner()))
            && match own {
                Own::Address => known.data == address.octets(),
                Own::Pointer => known.name_at(0).is(self.labels(INSTANCE)),
                Own::Services => known.name_at(0).is(self.labels(SERVICE)),
                Own::Server => {
                    known.data.starts_with(&SERVER) && known.name_at(6).is(self.labels(HOST))
                }
                Own::Text => known.data == TXT,
                Own::HostOnly | Own::InstanceOnly => false,
            }
    }
}

/// The start of the SRV record's data: priority, weight, port.
const SERVER: [u8; 6] = [0, 0, 0, 0, (HTTP >> 8) as u8, HTTP as u8];

fn write(
    writer: &mut Writer<'_, '_>,
    section: Section,
    own: Own,
    address: Ipv4Addr,
    legacy: bool,
) -> Result<(), super::message::Full> {
    let address = address.octets();
    // The types that the name has, as a bitmap (RFC 4034, section 4.1.2): block 0, its length.
    let data: &[Part<'_>] = match own {
        Own::Address => &[Part::Bytes(&address)],
        Own::Pointer => &[Part::Name(INSTANCE)],
        Own::Services => &[Part::Name(SERVICE)],
        // One who knows only DNS expects it in full there (section 18.14).
        Own::Server if legacy => &[Part::Bytes(&SERVER), Part::WholeName(HOST)],
        Own::Server => &[Part::Bytes(&SERVER), Part::Name(HOST)],
        Own::Text => &[Part::Bytes(TXT)],
        Own::HostOnly => &[Part::Name(HOST), Part::Bytes(&[0, 1, 0x40])],
        Own::InstanceOnly => &[
            Part::Name(INSTANCE),
            Part::Bytes(&[0, 5, 0, 0, 0x80, 0, 0x40]),
        ],
    };
    let unique = !legacy && !own.is_shared();
    let class = if unique { CLASS_IN | TOP_BIT } else { CLASS_IN };
    let ttl = if legacy { LEGACY_TTL } else { TTL };
    writer.record(section, own.owner(), own.rtype(), class, ttl, data)
}

#[cfg(test)]
mod tests;

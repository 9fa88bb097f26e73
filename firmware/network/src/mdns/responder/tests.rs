//! The responder against messages that another DNS library writes and reads.
use proptest::prelude::*;
use simple_dns::rdata::{A, PTR, RData, SRV};
use simple_dns::{
    CLASS, Name, PacketFlag, QCLASS, QTYPE, Question, ResourceRecord, TYPE, header_buffer,
};

use super::*;

type Dns<'a> = simple_dns::Packet<'a>;

const NAME: &str = "faceplate-1a2b";
const HOST: &str = "faceplate-1a2b.local";
const SERVICE: &str = "_http._tcp.local";
const INSTANCE: &str = "faceplate-1a2b._http._tcp.local";
const SERVICES: &str = "_services._dns-sd._udp.local";
const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 168, 4, 1);

fn responder() -> Responder<'static> {
    Responder::new(NAME).unwrap()
}

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

fn question(name: &str, kind: TYPE, alone: bool) -> Question<'_> {
    let name = Name::new(name).unwrap();
    Question::new(name, QTYPE::TYPE(kind), QCLASS::CLASS(CLASS::IN), alone)
}

fn query(questions: Vec<Question<'_>>) -> Vec<u8> {
    let mut packet = Dns::new_query(0x4711);
    packet.questions = questions;
    packet.build_bytes_vec().unwrap()
}

fn ask(name: &str, kind: TYPE) -> Vec<u8> {
    query(vec![question(name, kind, false)])
}

fn to_group(datagram: &[u8]) -> Query<'_> {
    Query {
        datagram,
        address: ADDRESS,
        from_port: PORT,
        to_group: true,
        on_link: true,
    }
}

/// One line per record: section, name, type, ttl, whether it replaces what was known.
fn lines(reply: &[u8]) -> Vec<String> {
    let packet = Dns::parse(reply).unwrap();
    assert!(packet.has_flags(PacketFlag::RESPONSE | PacketFlag::AUTHORITATIVE_ANSWER));
    let line = |section: &str, record: &ResourceRecord<'_>| {
        let data = match &record.rdata {
            RData::A(a) => Ipv4Addr::from(a.address).to_string(),
            RData::PTR(PTR(name)) => name.to_string(),
            RData::SRV(srv) => format!("{} {}", srv.port, srv.target),
            RData::TXT(txt) => format!("{:?}", txt.attributes()),
            RData::NSEC(nsec) => {
                let types = nsec.type_bit_maps.iter().map(|map| map.bitmap.to_vec());
                format!("{} {:?}", nsec.next_name, types.collect::<Vec<_>>())
            }
            other => panic!("{other:?}"),
        };
        let flush = if record.cache_flush { " flush" } else { "" };
        format!("{section} {} {}{flush} {data}", record.name, record.ttl)
    };
    let answers = packet.answers.iter().map(|record| line("answer", record));
    let more = packet
        .additional_records
        .iter()
        .map(|record| line("more", record));
    answers.chain(more).collect()
}

fn answer(responder: &mut Responder<'_>, now: u64, query: &Query<'_>) -> Option<(Answer, Vec<u8>)> {
    let mut reply = [0xa5; REPLY_MAX];
    let answer = responder.answer(at(now), query, &mut reply)?;
    Some((answer, reply[..answer.len].to_vec()))
}

fn answer_lines(datagram: &[u8]) -> Vec<String> {
    let (_, reply) = answer(&mut responder(), 5_000, &to_group(datagram)).unwrap();
    lines(&reply)
}

const A_LINE: &str = "faceplate-1a2b.local 120 flush 192.168.4.1";
const NSEC_LINE: &str = "faceplate-1a2b.local 120 flush faceplate-1a2b.local [[64]]";

#[test]
fn a_question_for_the_host_is_answered_with_its_address_in_any_case() {
    for name in [HOST, "FACEPLATE-1A2B.Local"] {
        let expected = [format!("answer {A_LINE}"), format!("more {NSEC_LINE}")];
        assert_eq!(answer_lines(&ask(name, TYPE::A)), expected);
    }
}

#[test]
fn a_question_for_an_ipv6_address_is_told_that_there_is_none() {
    assert_eq!(
        answer_lines(&ask(HOST, TYPE::AAAA)),
        [format!("answer {NSEC_LINE}")]
    );
}

#[test]
fn a_browser_for_services_gets_all_that_it_would_ask_next() {
    let expected = [
        format!("answer {SERVICE} 120 {INSTANCE}"),
        format!("more {INSTANCE} 120 flush 80 {HOST}"),
        format!("more {INSTANCE} 120 flush {{\"path\": Some(\"/\")}}"),
        format!("more {A_LINE}"),
        format!("more {NSEC_LINE}"),
    ];
    let datagram = ask(SERVICE, TYPE::PTR);
    assert_eq!(answer_lines(&datagram), expected);
    let (answer, _) = answer(&mut responder(), 0, &to_group(&datagram)).unwrap();
    assert!(answer.shared && answer.to_group);
    let listed = answer_lines(&ask(SERVICES, TYPE::PTR));
    assert_eq!(listed, [format!("answer {SERVICES} 120 {SERVICE}")]);
}

#[test]
fn service_and_text_are_answered_by_themselves() {
    let service = answer_lines(&ask(INSTANCE, TYPE::SRV));
    assert_eq!(service[0], format!("answer {INSTANCE} 120 flush 80 {HOST}"));
    let text = answer_lines(&ask(INSTANCE, TYPE::TXT));
    assert_eq!(
        text,
        [format!(
            "answer {INSTANCE} 120 flush {{\"path\": Some(\"/\")}}"
        )]
    );
}

#[test]
fn two_questions_in_one_message_are_both_answered() {
    let both = query(vec![
        question(HOST, TYPE::A, false),
        question(SERVICES, TYPE::PTR, false),
    ]);
    let lines = answer_lines(&both);
    assert_eq!(
        lines[..2],
        [
            format!("answer {A_LINE}"),
            format!("answer {SERVICES} 120 {SERVICE}")
        ]
    );
}

#[test]
fn other_names_and_what_is_no_query_get_no_answer() {
    let none = |datagram: &[u8]| {
        assert_eq!(
            answer(&mut responder(), 0, &to_group(datagram)),
            None,
            "{datagram:02x?}"
        );
    };
    none(&ask("faceplate-1a2c.local", TYPE::A));
    none(&ask("faceplate-1a2b.local.example", TYPE::A));
    none(&ask("faceplate-1a2b", TYPE::A));
    none(&ask("x.faceplate-1a2b.local", TYPE::A));
    none(&ask("_ipp._tcp.local", TYPE::PTR));
    let mut reply = [0; REPLY_MAX];
    let len = responder().announce(at(0), ADDRESS, &mut reply);
    none(&reply[..len]);
    let good = ask(HOST, TYPE::A);
    for length in 0..good.len() {
        none(&good[..length]);
    }
    // Another opcode; an error code; a class that is not the internet's.
    for (place, value) in [(2, 0x28), (3, 3), (good.len() - 1, 3)] {
        let mut bad = good.clone();
        bad[place] = value;
        none(&bad);
    }
}

#[test]
fn a_name_of_pointers_that_run_in_a_circle_ends() {
    for name in [[0xc0, 12], [0xc0, 14], [0xc0, 255], [0xff, 255], [0x80, 1]] {
        let mut datagram = ask(HOST, TYPE::A)[..HEADER].to_vec();
        datagram.extend(name);
        datagram.extend([0, 1, 0, 1]);
        assert_eq!(answer(&mut responder(), 0, &to_group(&datagram)), None);
    }
}

#[test]
fn who_wants_to_be_answered_alone_is() {
    let datagram = query(vec![question(HOST, TYPE::A, true)]);
    let (alone, _) = answer(&mut responder(), 0, &to_group(&datagram)).unwrap();
    assert!(!alone.to_group && !alone.shared);
    let group = ask(HOST, TYPE::A);
    assert!(
        answer(&mut responder(), 0, &to_group(&group))
            .unwrap()
            .0
            .to_group
    );
    let direct = Query {
        to_group: false,
        ..to_group(&group)
    };
    assert!(!answer(&mut responder(), 0, &direct).unwrap().0.to_group);
}

#[test]
fn a_plain_dns_resolver_gets_its_id_and_question_back_and_short_times() {
    let datagram = ask(HOST, TYPE::A);
    let legacy = Query {
        from_port: 40_000,
        ..to_group(&datagram)
    };
    let (answer_, reply) = answer(&mut responder(), 0, &legacy).unwrap();
    assert!(!answer_.to_group);
    assert_eq!(header_buffer::id(&reply), Ok(0x4711));
    let packet = Dns::parse(&reply).unwrap();
    assert_eq!(packet.questions.len(), 1);
    assert_eq!(packet.questions[0].qname.to_string(), HOST);
    assert_eq!(lines(&reply), [format!("answer {HOST} 10 192.168.4.1")]);

    let datagram = ask(HOST, TYPE::AAAA);
    let legacy = Query {
        from_port: 40_000,
        ..to_group(&datagram)
    };
    let (_, reply) = answer(&mut responder(), 0, &legacy).unwrap();
    assert_eq!(lines(&reply), [""; 0], "nothing of that type, said at once");
}

#[test]
fn nobody_outside_the_network_is_answered_directly() {
    let datagram = query(vec![question(HOST, TYPE::A, true)]);
    let outside = Query {
        on_link: false,
        ..to_group(&datagram)
    };
    assert!(answer(&mut responder(), 0, &outside).unwrap().0.to_group);
    assert_eq!(
        answer(
            &mut responder(),
            0,
            &Query {
                to_group: false,
                ..outside
            }
        ),
        None
    );
    let outside = Query {
        on_link: false,
        from_port: 53,
        ..to_group(&datagram)
    };
    assert_eq!(answer(&mut responder(), 0, &outside), None);
}

#[test]
fn what_the_asker_knows_is_not_repeated() {
    let name = |name| Name::new(name).unwrap();
    let record = |owner, ttl, data| ResourceRecord::new(name(owner), CLASS::IN, ttl, data);
    let a = |address: Ipv4Addr, ttl| {
        record(
            HOST,
            ttl,
            RData::A(A {
                address: address.into(),
            }),
        )
    };
    let ptr = |target| record(SERVICE, 120, RData::PTR(PTR(name(target))));
    let srv = |port| {
        let srv = SRV {
            priority: 0,
            weight: 0,
            port,
            target: name(HOST),
        };
        record(INSTANCE, 120, RData::SRV(srv))
    };
    let asked = |owner, kind, known: ResourceRecord<'_>| {
        let mut packet = Dns::new_query(0);
        packet.questions = vec![question(owner, kind, false)];
        packet.answers = vec![known.into_owned()];
        let datagram = packet.build_bytes_vec_compressed().unwrap();
        answer(&mut responder(), 0, &to_group(&datagram)).is_some()
    };
    assert!(!asked(HOST, TYPE::A, a(ADDRESS, 60)));
    assert!(asked(HOST, TYPE::A, a(ADDRESS, 59)), "soon forgotten");
    assert!(
        asked(HOST, TYPE::A, a(Ipv4Addr::new(192, 168, 4, 2), 120)),
        "wrong"
    );
    assert!(!asked(SERVICE, TYPE::PTR, ptr(INSTANCE)));
    assert!(asked(SERVICE, TYPE::PTR, ptr("other._http._tcp.local")));
    assert!(!asked(INSTANCE, TYPE::SRV, srv(80)));
    assert!(asked(INSTANCE, TYPE::SRV, srv(8080)));
}

#[test]
fn the_group_hears_a_record_once_a_second_at_most() {
    let mut responder = responder();
    let datagram = ask(HOST, TYPE::A);
    let group = to_group(&datagram);
    assert!(answer(&mut responder, 1_000, &group).is_some());
    assert!(answer(&mut responder, 1_999, &group).is_none());
    let alone = query(vec![question(HOST, TYPE::A, true)]);
    assert!(
        answer(&mut responder, 1_999, &to_group(&alone)).is_some(),
        "one alone still does"
    );
    assert!(answer(&mut responder, 2_000, &group).is_some());
}

#[test]
fn an_announcement_has_everything_and_fits_with_the_longest_name() {
    let longest = "f".repeat(63);
    let mut responder = Responder::new(&longest).unwrap();
    let mut reply = [0; REPLY_MAX];
    let len = responder.announce(at(0), ADDRESS, &mut reply);
    assert_eq!(lines(&reply[..len]).len(), ALL.len());
    assert_eq!(len, 300, "the comment at REPLY_MAX says so");

    let datagram = ask(&format!("{longest}._http._tcp.local"), TYPE::SRV);
    let legacy = Query {
        from_port: 40_000,
        ..to_group(&datagram)
    };
    let (_, reply) = answer(&mut responder, 0, &legacy).unwrap();
    assert_eq!(lines(&reply).len(), 2);
}

#[test]
fn a_name_that_is_no_label_is_refused() {
    for name in ["", "a.b", &"f".repeat(64)] {
        assert_eq!(Responder::new(name).err(), Some(LongName));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn no_bytes_make_it_panic_or_write_what_cannot_be_read(
        head in 0usize..4,
        changes in proptest::collection::vec((any::<u8>(), any::<u8>()), 0..6),
        tail in proptest::collection::vec(any::<u8>(), 0..300),
        from_port in prop_oneof![Just(PORT), any::<u16>()],
        room in 0usize..=REPLY_MAX,
    ) {
        let mut datagram = match head {
            0 => Vec::new(),
            1 => ask(HOST, TYPE::A),
            2 => ask(SERVICE, TYPE::PTR),
            _ => query(vec![question(INSTANCE, TYPE::SRV, true), question(HOST, TYPE::A, false)]),
        };
        datagram.extend(tail);
        for (place, value) in changes {
            if let Some(byte) = datagram.get_mut(usize::from(place)) {
                *byte = value;
            }
        }
        let query = Query { from_port, ..to_group(&datagram) };
        let mut reply = vec![0; room];
        if let Some(answer) = responder().answer(at(0), &query, &mut reply) {
            prop_assert!(answer.len <= room);
            // What a legacy answer repeats is not ours.
            if from_port == PORT {
                lines(&reply[..answer.len]);
            }
        }
    }
}

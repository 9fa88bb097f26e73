//! One question of multicast DNS, asked as a computer on the board's network asks it: the address
//! of a name. The emulator's own network lets no multicast in, so the frames are made here.

use std::net::{Ipv4Addr, UdpSocket};
use std::time::{Duration, Instant};

/// Record type A, class IN (RFC 1035, 3.2).
const A: u16 = 1;
const IN: u16 = 1;
/// The group, its Ethernet address (RFC 1112, 6.4), and the port.
const GROUP: [u8; 4] = [224, 0, 0, 251];
const GROUP_ETHERNET: [u8; 6] = [0x01, 0x00, 0x5e, 0x00, 0x00, 0xfb];
const PORT: u16 = 5353;
/// Who we are: an address on the emulator's network that it gives to nobody.
const US: [u8; 4] = [10, 0, 2, 77];
const US_ETHERNET: [u8; 6] = [0x02, 0, 0, 0, 0, 0x77];
const IPV4: [u8; 2] = [0x08, 0x00];
const UDP: u8 = 17;
/// Lengths of the heads.
const ETHERNET: usize = 14;
const IP: usize = 20;
const UDP_HEAD: usize = 8;
/// How long an answer is waited for, and how often the question is asked: datagrams may get lost.
const WAIT: Duration = Duration::from_millis(700);
const TRIES: u32 = 10;

/// Asks all on the wire for the address of `host`.local.
pub(crate) fn address(wire: &UdpSocket, host: &str) -> Result<Ipv4Addr, String> {
    let failed = |error: std::io::Error| format!("on the board's network: {error}");
    wire.set_read_timeout(Some(WAIT / 10)).map_err(failed)?;
    let question = frame(&question(host));
    for _ in 0..TRIES {
        wire.send(&question).map_err(failed)?;
        let begin = Instant::now();
        while begin.elapsed() < WAIT {
            let mut frame = [0; 2000];
            // No frame within a time is no error: there may be one in the next.
            let Ok(len) = wire.recv(&mut frame) else {
                continue;
            };
            if let Some(address) = answer(&frame[..len]).and_then(|answer| find(answer, host)) {
                return Ok(address);
            }
        }
    }
    Err(format!("no answer about {host}.local"))
}

/// A datagram to the group as an Ethernet frame.
fn frame(payload: &[u8]) -> Vec<u8> {
    let len = |more: usize| ((payload.len() + more) as u16).to_be_bytes();
    // Version 4, 5 words; its checksum comes last. Not to be forwarded, as the protocol wants it.
    let mut ip = vec![0x45, 0];
    ip.extend(len(UDP_HEAD + IP));
    ip.extend([0, 0, 0, 0, 255, UDP, 0, 0]);
    ip.extend(US);
    ip.extend(GROUP);
    let words = ip
        .chunks(2)
        .map(|two| u32::from(two[0]) << 8 | u32::from(two[1]));
    let sum: u32 = words.sum();
    let sum = !((sum & 0xffff) + (sum >> 16)) as u16;
    ip[10..12].copy_from_slice(&sum.to_be_bytes());
    let mut frame = Vec::new();
    frame.extend(GROUP_ETHERNET);
    frame.extend(US_ETHERNET);
    frame.extend(IPV4);
    frame.extend(ip);
    frame.extend(PORT.to_be_bytes());
    frame.extend(PORT.to_be_bytes());
    frame.extend(len(UDP_HEAD));
    // No checksum, which IPv4 allows.
    frame.extend([0, 0]);
    frame.extend(payload);
    frame
}

/// The answer of somebody else in a frame, if there is one.
fn answer(frame: &[u8]) -> Option<&[u8]> {
    let ip = frame.get(ETHERNET..)?;
    let udp = ip.get(usize::from(*ip.first()? & 15) * 4..)?;
    let ours = frame.get(6..12)? == US_ETHERNET;
    let is_dns =
        frame.get(12..14)? == IPV4 && *ip.get(9)? == UDP && udp.get(..2)? == PORT.to_be_bytes();
    let dns = udp.get(UDP_HEAD..)?;
    let is_answer = *dns.get(2)? & 0x80 != 0;
    (is_dns && is_answer && !ours).then_some(dns)
}

fn question(host: &str) -> Vec<u8> {
    // An id, no flags, one question.
    let mut packet = vec![0x12, 0x34, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in [host, "local"] {
        packet.push(label.len().min(63) as u8);
        packet.extend(label.bytes().take(63));
    }
    packet.push(0);
    packet.extend(A.to_be_bytes());
    packet.extend(IN.to_be_bytes());
    packet
}

/// The address of `host`.local among the answers.
fn find(packet: &[u8], host: &str) -> Option<Ipv4Addr> {
    let number = |at: usize| Some(u16::from_be_bytes([*packet.get(at)?, *packet.get(at + 1)?]));
    let wanted = format!("{host}.local.");
    let mut at = 12;
    for _ in 0..number(4)? {
        at = name(packet, at)?.1 + 4;
    }
    for _ in 0..number(6)? {
        let (about, end) = name(packet, at)?;
        let len = usize::from(number(end + 8)?);
        let data = packet.get(end + 10..end + 10 + len)?;
        if about.eq_ignore_ascii_case(&wanted)
            && number(end)? == A
            && let Ok(address) = <[u8; 4]>::try_from(data)
        {
            return Some(address.into());
        }
        at = end + 10 + len;
    }
    None
}

/// A name, and where it ends: with an empty label, or with a pointer to the rest of it.
fn name(packet: &[u8], mut at: usize) -> Option<(String, usize)> {
    /// More labels than any name here has; pointers may go round in a circle.
    const LABELS: usize = 20;
    let mut name = String::new();
    let mut end = None;
    for _ in 0..LABELS {
        match *packet.get(at)? {
            0 => return Some((name, end.unwrap_or(at + 1))),
            high @ 0xc0.. => {
                end = end.or(Some(at + 2));
                at = usize::from(high & 0x3f) << 8 | usize::from(*packet.get(at + 1)?);
            }
            len => {
                let label = packet.get(at + 1..)?.get(..usize::from(len))?;
                name.push_str(&String::from_utf8_lossy(label));
                name.push('.');
                at += 1 + usize::from(len);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{answer, find, frame, question};

    #[test]
    fn the_address_is_found_behind_the_question_and_another_record() {
        let mut packet = question("box");
        packet[7] = 2;
        // A pointer to the name; TXT with one byte, then A.
        packet.extend([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 9, 0, 1, 0]);
        assert_eq!(find(&packet, "box"), None, "the second answer is missing");
        packet.extend([0xc0, 12, 0, 1, 0x80, 1, 0, 0, 0, 9, 0, 4, 10, 0, 2, 15]);
        assert_eq!(find(&packet, "box"), Some([10, 0, 2, 15].into()));
        assert_eq!(find(&packet, "fox"), None);
    }

    #[test]
    fn a_name_that_points_to_itself_has_no_end() {
        let mut packet = question("box");
        packet.truncate(12);
        packet.extend([0xc0, 12, 0, 1, 0, 1]);
        assert_eq!(find(&packet, "box"), None);
    }

    #[test]
    fn an_answer_of_somebody_else_is_found_in_its_frame() {
        let mut dns = question("box");
        assert_eq!(answer(&frame(&dns)), None, "a question of ours");
        dns[2] = 0x84;
        let mut theirs = frame(&dns);
        assert_eq!(answer(&theirs), None, "an answer of ours");
        theirs[6] ^= 1;
        assert_eq!(answer(&theirs), Some(&*dns));
    }
}

//! One question of multicast DNS, asked of one device: the address of a name.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

/// Record type A, class IN (RFC 1035, 3.2).
const A: u16 = 1;
const IN: u16 = 1;
/// How long an answer is waited for, and how often the question is asked: datagrams may get lost.
const WAIT: Duration = Duration::from_millis(500);
const TRIES: u32 = 10;

/// Asks for the address of `host`.local from a port of our own, which makes the device answer us
/// alone (RFC 6762, 6.7).
pub(crate) fn address(server: SocketAddr, host: &str) -> Result<Ipv4Addr, String> {
    let failed = |error: std::io::Error| format!("mDNS at {server}: {error}");
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
    socket.set_read_timeout(Some(WAIT)).map_err(failed)?;
    let question = question(host);
    for _ in 0..TRIES {
        socket.send_to(&question, server).map_err(failed)?;
        let mut answer = [0; 1500];
        if let Ok((len, _)) = socket.recv_from(&mut answer) {
            return find(&answer[..len]).ok_or_else(|| {
                format!("the answer about {host}.local has no address: {answer:?}")
            });
        }
    }
    Err(format!("no answer about {host}.local"))
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

/// The first address among the answers.
fn find(packet: &[u8]) -> Option<Ipv4Addr> {
    let number = |at: usize| Some(u16::from_be_bytes([*packet.get(at)?, *packet.get(at + 1)?]));
    let mut at = 12;
    for _ in 0..number(4)? {
        at = after_name(packet, at)? + 4;
    }
    for _ in 0..number(6)? {
        at = after_name(packet, at)?;
        let len = usize::from(number(at + 8)?);
        let data = packet.get(at + 10..at + 10 + len)?;
        if number(at)? == A
            && let Ok(address) = <[u8; 4]>::try_from(data)
        {
            return Some(address.into());
        }
        at += 10 + len;
    }
    None
}

/// Where a name ends: with an empty label, or with a pointer to the rest of it.
fn after_name(packet: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match packet.get(at)? {
            0 => return Some(at + 1),
            0xc0.. => return Some(at + 2),
            len => at += 1 + usize::from(*len),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{find, question};

    #[test]
    fn the_address_is_found_behind_the_question_and_another_record() {
        let mut packet = question("box");
        packet[7] = 2;
        // A pointer to the name; TXT with one byte, then A.
        packet.extend([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 9, 0, 1, 0]);
        assert_eq!(find(&packet), None, "the second answer is missing");
        packet.extend([0xc0, 12, 0, 1, 0x80, 1, 0, 0, 0, 9, 0, 4, 10, 0, 2, 15]);
        assert_eq!(find(&packet), Some([10, 0, 2, 15].into()));
    }
}

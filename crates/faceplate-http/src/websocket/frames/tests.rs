//! Frames as tables, and however their bytes are cut.

use std::{format, string::String, vec, vec::Vec};

use super::*;

const MASK: [u8; 4] = [1, 2, 4, 8];

fn frame(first: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match content.len() {
        len @ 0..126 => bytes.push(0x80 | len as u8),
        len => {
            bytes.push(0x80 | 126);
            bytes.extend((len as u16).to_be_bytes());
        }
    }
    bytes.extend(MASK);
    let masked = content.iter().zip(MASK.iter().cycle());
    bytes.extend(masked.map(|(byte, mask)| byte ^ mask));
    bytes
}

/// What comes of bytes in pieces of the sizes that `cut` gives, to the end or the first fault.
fn read(room: usize, mut sent: &[u8], mut cut: impl FnMut() -> usize) -> Vec<String> {
    let mut buf = vec![0; room];
    let first = cut().min(sent.len()).min(room);
    buf[..first].copy_from_slice(&sent[..first]);
    sent = &sent[first..];
    let mut frames = Frames::new(&mut buf, 0..first);
    let mut told = Vec::new();
    loop {
        match frames.advance() {
            Ok(Next::More) if sent.is_empty() => return told,
            Ok(Next::More) => {
                let space = frames.space();
                assert!(!space.is_empty(), "no room, and no fault");
                let n = cut().clamp(1, space.len().min(sent.len()));
                space[..n].copy_from_slice(&sent[..n]);
                sent = &sent[n..];
                frames.filled(n);
            }
            Ok(Next::Message { text }) => {
                told.push(format!("{text} {}", frames.message().escape_ascii()));
            }
            Ok(next @ (Next::Ping | Next::Pong | Next::Close(_))) => {
                told.push(format!("{next:?} {}", frames.control().escape_ascii()));
            }
            Err(fault) => {
                told.push(format!("{fault:?}"));
                return told;
            }
        }
    }
}

#[test]
fn messages_and_what_comes_in_between() {
    let (one, two) = (frame(0x01, b"he"), frame(0x80, b"llo"));
    let ping = frame(0x89, b"!");
    for (sent, want) in [
        (vec![], &[][..]),
        (vec![frame(0x81, b"hello")], &["true hello"][..]),
        (vec![frame(0x82, b"\xff")], &["false \\xff"]),
        (vec![frame(0x81, b""), ping.clone()], &["true ", "Ping !"]),
        (vec![one.clone(), two.clone()], &["true hello"]),
        (
            vec![one.clone(), ping.clone(), two.clone(), ping],
            &["Ping !", "true hello", "Ping !"],
        ),
        (vec![frame(0x8a, b"x")], &["Pong x"]),
        (vec![frame(0x88, b"")], &["Close(None) "]),
        (
            vec![frame(0x88, b"\x03\xe8bye")],
            &["Close(Some(1000)) \\x03\\xe8bye"],
        ),
        (vec![one.clone(), one.clone()], &["Protocol"]),
        (vec![two], &["Protocol"]),
        (vec![frame(0x81, b"\xff")], &["NotText"]),
        (vec![frame(0x88, b"\x03\xe8\xff")], &["NotText"]),
        (vec![frame(0x88, b"x")], &["Protocol"]),
        (vec![frame(0x88, b"\x03\xed")], &["Protocol"]),
        (vec![frame(0x09, b"")], &["Protocol"]),
        (vec![frame(0x89, &[0; 126])], &["Protocol"]),
        (vec![frame(0xc1, b"")], &["Protocol"]),
        (vec![frame(0x83, b"")], &["Protocol"]),
        (vec![vec![0x81, 1, b'x']], &["Protocol"]),
        (
            vec![vec![0x81, 0xfe, 0, 1, 0, 0, 0, 0, b'x']],
            &["Protocol"],
        ),
        // More than 63 bits, of a message and of a ping; and all of those.
        (
            vec![[&[0x82][..], &[0xff; 9], &MASK].concat()],
            &["Protocol"],
        ),
        (
            vec![[&[0x89][..], &[0xff; 9], &MASK].concat()],
            &["Protocol"],
        ),
        (
            vec![[&[0x82, 0xff, 0x7f][..], &[0xff; 7], &MASK].concat()],
            &["TooBig"],
        ),
        // The room is a message's, to the last byte.
        (
            vec![frame(0x82, &[b'x'; 256])],
            &[&*format!("false {}", "x".repeat(256))],
        ),
        (vec![frame(0x82, &[b'x'; 257])], &["TooBig"]),
        (
            vec![frame(0x02, &[b'x'; 200]), frame(0x80, &[b'x'; 57])],
            &["TooBig"],
        ),
        (
            vec![
                frame(0x02, &[b'x'; 200]),
                frame(0x89, b"!"),
                frame(0x80, b""),
            ],
            &["Ping !", &*format!("false {}", "x".repeat(200))],
        ),
        (
            vec![frame(0x02, &[b'x'; 200]), frame(0x89, &[0; 60])],
            &["TooBig"],
        ),
    ] {
        let sent = sent.concat();
        for size in [1, 2, 3, 7, 1000] {
            assert_eq!(read(256, &sent, || size), want, "{sent:?} by {size}");
        }
    }
}

#[test]
fn any_cut_of_the_bytes_tells_the_same() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |n: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % n as u64) as usize
    };
    let (mut messages, mut faults) = (0, 0);
    for _ in 0..3000 {
        let mut sent = Vec::new();
        for _ in 0..random(8) {
            let firsts = [0x81, 0x82, 0x01, 0x02, 0x00, 0x80, 0x89, 0x8a];
            let most = [8, 130, 300][random(3)];
            let content = vec![b'a' + random(26) as u8; random(most)];
            sent.extend(frame(firsts[random(8)], &content));
        }
        if random(4) == 0 && !sent.is_empty() {
            let at = random(sent.len());
            sent[at] = random(256) as u8;
        }
        let room = 1 + random(400);
        let whole = read(room, &sent, || usize::MAX);
        for most in [1, 2, 10, 200] {
            let cut = read(room, &sent, || 1 + random(most));
            assert_eq!(cut, whole, "{sent:?} in {room}");
        }
        messages += whole.iter().filter(|told| told.contains(' ')).count();
        faults += whole.iter().filter(|told| !told.contains(' ')).count();
    }
    assert!(messages > 1000 && faults > 1000, "{messages} {faults}");
}

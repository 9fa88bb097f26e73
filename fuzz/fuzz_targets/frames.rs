//! The frames of a WebSocket's client mean the same however their bytes arrive, and the same as to a
//! plain reader that has all of them at once.
#![no_main]

use faceplate_http::websocket::frames::{CONTROL_MAX, Fault, Frames, Next};
use libfuzzer_sys::fuzz_target;

/// What was told, with its content.
type Told = (Next, Vec<u8>);

/// The plain reader, with the same room: what it tells, and why it stops before the end, if it does.
fn model(room: usize, sent: &[u8]) -> (Vec<Told>, Option<Fault>) {
    let mut told = Vec::new();
    let fault = model_to(room, sent, &mut told).err();
    (told, fault)
}

fn model_to(room: usize, mut sent: &[u8], told: &mut Vec<Told>) -> Result<(), Fault> {
    let mut message = Vec::new();
    let mut kind = None;
    loop {
        let free = room - message.len();
        // No more than there is room for is ever seen.
        let seen = &sent[..sent.len().min(free)];
        let short = || {
            if seen.len() == free {
                Err(Fault::TooBig)
            } else {
                Ok(())
            }
        };
        let [first, second, after @ ..] = seen else {
            return short();
        };
        let (last, opcode, masked) = (first >> 7 == 1, first & 15, second >> 7 == 1);
        if first & 0x70 != 0 || !matches!(opcode, 0..=2 | 8..=10) {
            return Err(Fault::Protocol);
        }
        let wide = match second & 127 {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let head = 2 + wide + if masked { 4 } else { 0 };
        if seen.len() < head {
            return short();
        }
        let long = after[..wide]
            .iter()
            .fold(0, |n, byte| n << 8 | u64::from(*byte));
        let (len, least) = match wide {
            0 => (u64::from(second & 127), 0),
            2 => (long, 126),
            _ => (long, 65536),
        };
        if !masked || len < least || len >> 63 == 1 {
            return Err(Fault::Protocol);
        }
        let control = opcode >= 8;
        let in_order = match opcode {
            0 => kind.is_some(),
            1 | 2 => kind.is_none(),
            _ => last && len <= CONTROL_MAX as u64,
        };
        if !in_order {
            return Err(Fault::Protocol);
        }
        let needed = len + if control { head as u64 } else { 0 };
        if needed > free as u64 {
            return Err(Fault::TooBig);
        }
        let mask = &sent[head - 4..head];
        let content: Vec<u8> = sent[head..]
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask)
            .take(len as usize)
            .collect();
        if content.len() < len as usize {
            return Ok(());
        }
        sent = &sent[head + content.len()..];
        match opcode {
            9 => told.push((Next::Ping, content)),
            10 => told.push((Next::Pong, content)),
            8 => {
                let code = close(&content)?;
                told.push((Next::Close(code), content));
            }
            _ => {
                message.extend(content);
                let text = *kind.get_or_insert(opcode == 1);
                if last {
                    if text && String::from_utf8(message.clone()).is_err() {
                        return Err(Fault::NotText);
                    }
                    kind = None;
                    told.push((Next::Message { text }, std::mem::take(&mut message)));
                }
            }
        }
    }
}

fn close(content: &[u8]) -> Result<Option<u16>, Fault> {
    if content.is_empty() {
        return Ok(None);
    }
    let (code, reason) = content.split_first_chunk().ok_or(Fault::Protocol)?;
    let code = u16::from_be_bytes(*code);
    let never = [1004, 1005, 1006].contains(&code);
    if never || !((1000..1015).contains(&code) || (3000..5000).contains(&code)) {
        return Err(Fault::Protocol);
    }
    std::str::from_utf8(reason).map_err(|_| Fault::NotText)?;
    Ok(Some(code))
}

/// The device's reader, with pieces of these sizes in turn.
fn device(room: usize, mut sent: &[u8], sizes: &[usize]) -> (Vec<Told>, Option<Fault>) {
    let mut sizes = sizes.iter().cycle().copied();
    let mut buf = vec![0; room];
    let mut frames = Frames::new(&mut buf, 0..0);
    let mut told = Vec::new();
    loop {
        match frames.advance() {
            Ok(Next::More) if sent.is_empty() => return (told, None),
            Ok(Next::More) => {
                let space = frames.space();
                let most = space.len().min(sent.len());
                let n = sizes.next().unwrap_or(1).clamp(1, most);
                space[..n].copy_from_slice(&sent[..n]);
                sent = &sent[n..];
                frames.filled(n);
            }
            Ok(next @ Next::Message { .. }) => told.push((next, frames.message().to_vec())),
            Ok(next) => told.push((next, frames.control().to_vec())),
            Err(fault) => return (told, Some(fault)),
        }
    }
}

fuzz_target!(|input: &[u8]| {
    let [room, size, sent @ ..] = input else {
        return;
    };
    let room = 1 + usize::from(*room) * 4;
    let size = 1 + usize::from(*size);
    let want = model(room, sent);
    for sizes in [&[usize::MAX][..], &[1], &[size], &[1, size, 3]] {
        assert_eq!(device(room, sent, sizes), want);
    }
});

//! A debugger's side of GDB's remote protocol: as much of it as hangs a processor.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::board::{Board, Counter};

/// The emulator answers at once.
const SILENCE: Duration = Duration::from_secs(10);

/// Stops the processor, lets it go on in an endless loop, and leaves.
pub(crate) fn hang(debugger: SocketAddr, board: &Board) -> Result<(), String> {
    // The emulator stops the processor when a debugger connects.
    let mut gdb = Gdb::connect(debugger)?;
    let (address, code) = (board.unused, hex(board.hang));
    gdb.ask(&format!("M{address:x},{:x}:{code}", board.hang.len()))?;
    let address = hex(&address.to_le_bytes());
    match board.counter {
        Counter::Register(number) => {
            // Only for a debugger that has asked what registers there are it writes single ones.
            gdb.exchange("qXfer:features:read:target.xml:0,ffb")?;
            gdb.ask(&format!("P{number:x}={address}"))?;
        }
        Counter::FirstOfAll => {
            let registers = gdb.exchange("g")?;
            let others = registers.get(address.len()..);
            let others = others.ok_or_else(|| format!("debugger: registers are {registers:?}"))?;
            gdb.ask(&format!("G{address}{others}"))?;
        }
    }
    // The processor may wait for an interrupt, and what waits is not gone on with after it: with
    // interrupts masked and timers running, it ends that wait and takes the first step.
    gdb.ask("Qqemu.sstep=3")?;
    gdb.exchange("s")?;
    // Detaching lets it go on.
    gdb.ask("D")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

struct Gdb {
    stream: TcpStream,
}

impl Gdb {
    fn connect(debugger: SocketAddr) -> Result<Self, String> {
        let failed = |error: std::io::Error| format!("debugger at {debugger}: {error}");
        let stream = TcpStream::connect_timeout(&debugger, SILENCE).map_err(failed)?;
        stream.set_read_timeout(Some(SILENCE)).map_err(failed)?;
        Ok(Self { stream })
    }

    /// Sends a command that is answered with `OK`.
    fn ask(&mut self, command: &str) -> Result<(), String> {
        let answer = self.exchange(command)?;
        match answer.as_str() {
            "OK" => Ok(()),
            _ => Err(format!("debugger, {command}: answered {answer:?}")),
        }
    }

    /// Sends a command and gives the answer.
    fn exchange(&mut self, command: &str) -> Result<String, String> {
        let failed = |error: std::io::Error| format!("debugger, {command}: {error}");
        let sent = self.stream.write_all(packet(command).as_bytes());
        sent.map_err(failed)?;
        // `+` acknowledges the command, then comes the answer: `$OK#9a`.
        let mut answer = String::new();
        let mut byte = [0];
        while !answer.ends_with('#') {
            self.stream.read_exact(&mut byte).map_err(failed)?;
            answer.push(char::from(byte[0]));
        }
        let mut sum = [0; 2];
        self.stream.read_exact(&mut sum).map_err(failed)?;
        self.stream.write_all(b"+").map_err(failed)?;
        let answer = answer.trim_start_matches('+').trim_start_matches('$');
        Ok(answer.trim_end_matches('#').to_owned())
    }
}

/// A command as it is sent.
fn packet(command: &str) -> String {
    let sum = command.bytes().fold(0, u8::wrapping_add);
    format!("${command}#{sum:02x}")
}

#[cfg(test)]
mod tests {
    use super::packet;

    #[test]
    fn a_packet_ends_with_the_sum_of_its_bytes() {
        assert_eq!(packet("OK"), "$OK#9a");
        assert_eq!(packet("D"), "$D#44");
    }
}

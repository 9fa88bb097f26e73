//! A debugger's side of GDB's remote protocol: as much of it as hangs a processor.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// The emulator answers at once.
const SILENCE: Duration = Duration::from_secs(10);
/// The number of the program counter (RISC-V: after the registers x0 to x31).
const PC: u32 = 32;

/// csrci mstatus, 8: no more interrupts; c.j 0: jump to itself. With interrupts the scheduler would
/// go on with what else there is to do.
const HANG: [u8; 6] = [0x73, 0x70, 0x04, 0x30, 0x01, 0xa0];

/// Stops the processor, lets it go on in an endless loop, and leaves. The loop is put at `address`,
/// in memory that nothing uses.
pub(crate) fn hang(debugger: SocketAddr, address: u32) -> Result<(), String> {
    // The emulator stops the processor when a debugger connects.
    let mut gdb = Gdb::connect(debugger)?;
    // Only for a debugger that has asked what registers there are it writes single ones.
    gdb.exchange("qXfer:features:read:target.xml:0,ffb")?;
    let code: String = HANG.iter().map(|byte| format!("{byte:02x}")).collect();
    gdb.ask(&format!("M{address:x},{:x}:{code}", HANG.len()))?;
    gdb.ask(&format!("P{PC:x}={:08x}", address.swap_bytes()))?;
    // The processor may wait for an interrupt, and what waits is not gone on with after it: with
    // interrupts masked and timers running, it ends that wait and takes the first step.
    gdb.ask("Qqemu.sstep=3")?;
    gdb.exchange("s")?;
    // Detaching lets it go on.
    gdb.ask("D")
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

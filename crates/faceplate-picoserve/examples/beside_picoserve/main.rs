//! Files served by Faceplate, from the flash, beside picoserve's static files, from the program's memory.
//!
//! `beside_picoserve` asks both over the loopback and prints how many requests they answer in a second.
//! `beside_picoserve SERVER REQUEST ROUNDS` serves from memory to memory, so that the instructions can be
//! counted from outside. `cargo xtask bench` runs all of them.

// Two servers' futures, one in the other, are deeper than the compiler looks by itself.
#![recursion_limit = "256"]

mod files;
mod loopback;
mod memory;
mod requests;
mod servers;

use std::error::Error;

use requests::Request;
use servers::Server;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        [] => loopback::measure(),
        [server, request, rounds] => {
            let (server, request) = (Server::called(server)?, Request::called(request)?);
            println!("{}", memory::serve(server, request, rounds.parse()?)?);
            Ok(())
        }
        _ => Err("usage: beside_picoserve [SERVER REQUEST ROUNDS]".into()),
    }
}

/// Both wait by the clock of tokio.
fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?)
}

//! Requests a second over the loopback, one connection, one request after the other: this computer's time, with
//! its own TCP, for which nobody is held to anything.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

use crate::{
    Result,
    requests::{Answer, Request, lengths},
    runtime,
    servers::{self, Server},
};

/// Time for each figure.
const TIME: Duration = Duration::from_secs(1);

pub(crate) fn measure() -> Result<()> {
    for request in Request::ALL {
        let mut figures = Vec::new();
        for (server, name) in Server::ALL {
            let figure = per_second(start(server)?, request)?;
            figures.push(format!("{name} {figure:.0}"));
        }
        let what = format!("requests a second, {}", request.says());
        println!("{what:<46} {} (loopback)", figures.join(", "));
    }
    Ok(())
}

/// A server in a thread that ends with the program; where it is.
fn start(server: Server) -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        if let Err(error) = run(server, listener) {
            eprintln!("{server:?}: {error}");
        }
    });
    Ok(address)
}

fn run(server: Server, listener: TcpListener) -> Result<()> {
    runtime()?.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let device = servers::device().await?;
        let routes = servers::routes();
        loop {
            let (socket, _) = listener.accept().await?;
            socket.set_nodelay(true)?;
            match server {
                Server::Faceplate => servers::faceplate(&device, socket).await,
                Server::Picoserve => servers::picoserve(&routes, socket).await?,
            }
        }
    })
}

fn per_second(address: SocketAddr, request: Request) -> Result<f64> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let first = ask(&mut stream, &Request::Large.bytes(""))?;
    let etag = Answer::parse(&first).and_then(|answer| answer.etag);
    let bytes = request.bytes(&etag.ok_or("no tag")?);
    let answer = Answer::parse(&ask(&mut stream, &bytes)?).ok_or("no answer")?;
    if !request.is_answered_by(&answer) {
        return Err(format!("{request:?} is answered otherwise").into());
    }
    let start = Instant::now();
    let mut count = 0;
    while start.elapsed() < TIME {
        ask(&mut stream, &bytes)?;
        count += 1;
    }
    Ok(f64::from(count) / start.elapsed().as_secs_f64())
}

/// Asks and reads the answer to its end.
fn ask(stream: &mut TcpStream, request: &[u8]) -> Result<Vec<u8>> {
    stream.write_all(request)?;
    let mut answer = Vec::with_capacity(128 << 10);
    let mut part = [0; 64 << 10];
    loop {
        let n = stream.read(&mut part)?;
        if n == 0 {
            return Err("the connection ended".into());
        }
        answer.extend_from_slice(&part[..n]);
        if let Some((head, body)) = lengths(&answer)
            && answer.len() >= head + body
        {
            return Ok(answer);
        }
    }
}

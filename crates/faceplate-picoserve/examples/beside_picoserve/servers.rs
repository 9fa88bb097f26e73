//! Both servers, on any stream that picoserve takes.

use faceplate_http::{ConnectionBuffers, Limits, limits::RECEIVE_BUFFER};
use faceplate_sim::{
    PARTITIONS, SimOptions,
    device::SimDevice,
    flash::{SimFlash, W25Q128_SIZE, layout},
};
use picoserve::{
    Config, KeepAlive, Timeouts, TokioRuntime,
    io::Socket,
    response::fs::{Directory, File},
    routing::{PathRouter, Router},
};

use crate::{
    Result,
    files::{self, ASSETS, INDEX},
};

/// Which of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Server {
    /// This project's, on the simulated device.
    Faceplate,
    /// picoserve, with its own handler for static files.
    Picoserve,
}

impl Server {
    pub(crate) const ALL: [(Self, &str); 2] =
        [(Self::Faceplate, "ours"), (Self::Picoserve, "picoserve")];

    pub(crate) fn called(name: &str) -> Result<Self> {
        match name {
            "faceplate" => Ok(Self::Faceplate),
            "picoserve" => Ok(Self::Picoserve),
            _ => Err(format!("no server is called {name}").into()),
        }
    }
}

/// The simulated device with the files in its flash; as many requests on a connection as anybody wants.
pub(crate) async fn device() -> Result<SimDevice> {
    let flash = SimFlash::with_partitions(PARTITIONS, W25Q128_SIZE)?;
    let table = layout::parse(PARTITIONS, W25Q128_SIZE, layout::TABLE_OFFSET)?;
    let slot = table.find("www_0").ok_or("no slot")?;
    flash.poke(slot.offset, &files::image()?)?;
    let mut options = SimOptions::new("");
    options.limits = Limits {
        requests: u32::MAX,
        connection_ms: u64::MAX / 2,
        ..Limits::DEFAULT
    };
    Ok(SimDevice::boot(flash, &options, None).await)
}

/// Serves a connection as the device does.
pub(crate) async fn faceplate<S: Socket<TokioRuntime>>(device: &SimDevice, mut socket: S) {
    let mut buffers = ConnectionBuffers::new();
    let (reader, writer) = socket.split();
    faceplate_http::serve(device, &(), reader, writer, &mut buffers).await;
}

/// picoserve's routes: the same files.
pub(crate) fn routes() -> Router<impl PathRouter> {
    let script = |bytes| File::with_content_type(File::MIME_JS, bytes);
    let mut assets = Vec::new();
    for (name, bytes) in ASSETS.iter() {
        assets.push((name.as_str(), script(bytes)));
    }
    // A program's static files are there for as long as it is.
    let folder = Directory {
        files: assets.leak(),
        ..Directory::DEFAULT
    };
    let page = File::with_content_type(File::MIME_HTML, &INDEX);
    let root = Directory {
        files: vec![(files::PAGE, page)].leak(),
        sub_directories: vec![(files::FOLDER, folder)].leak(),
    };
    Router::from_service(root)
}

/// Serves a connection as picoserve does, with as much memory for heads.
pub(crate) async fn picoserve<S: Socket<TokioRuntime>>(
    routes: &Router<impl PathRouter>,
    socket: S,
) -> Result<()> {
    let config = Config {
        timeouts: Timeouts::default(),
        connection: KeepAlive::KeepAlive,
    };
    let mut buffer = [0; RECEIVE_BUFFER];
    let server = picoserve::Server::new_tokio(routes, &config, &mut buffer);
    match server.serve(socket).await {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("{error:?}").into()),
    }
}

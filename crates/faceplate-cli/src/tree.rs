//! Reading a folder of files to be packed, and writing one of files that were unpacked.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

use faceplate_pack::{Unpacked, is_skipped};

/// Where reading stops: no frontend for a device has so many bytes, however well they compress,
/// but a wrong folder does.
const BYTES_MAX: u64 = 256 << 20;

/// A folder's content.
#[derive(Debug, Default)]
pub(crate) struct Files {
    /// Path with `/` on every system, and bytes.
    pub(crate) files: Vec<(String, Vec<u8>)>,
    /// Hidden files and folders, which are not packed.
    pub(crate) skipped: Vec<String>,
}

/// Why a folder cannot be read or written.
#[derive(Debug)]
pub(crate) enum TreeError {
    /// The system says no.
    Io(PathBuf, io::Error),
    /// Nothing is there.
    Missing(PathBuf),
    /// It is no folder.
    NotAFolder(PathBuf),
    /// A name that is not UTF-8.
    Name(PathBuf),
    /// A link that leads nowhere.
    Link(PathBuf),
    /// A link to a folder that it is in.
    Loop(PathBuf),
    /// A device, a socket or a pipe.
    Special(PathBuf),
    /// Far too much for a frontend.
    TooMuch(PathBuf),
    /// The folder to be written has something in it.
    NotEmpty(PathBuf),
    /// A path in an image that this system would take for something else.
    Unsafe(String),
}

impl fmt::Display for TreeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Missing(path) => write!(
                f,
                "{}: there is no such folder; build the frontend first, or name the folder that \
                 your build writes",
                path.display()
            ),
            Self::NotAFolder(path) => write!(
                f,
                "{}: not a folder; name the one that has index.html in it",
                path.display()
            ),
            Self::Name(path) => write!(f, "{}: the name is not UTF-8; rename it", path.display()),
            Self::Link(path) => write!(f, "{}: a link that leads nowhere", path.display()),
            Self::Loop(path) => write!(f, "{}: a link to a folder that it is in", path.display()),
            Self::Special(path) => write!(f, "{}: neither a file nor a folder", path.display()),
            Self::TooMuch(path) => write!(
                f,
                "{}: more than {} MiB, which is no frontend for a device; is it the right folder?",
                path.display(),
                BYTES_MAX >> 20
            ),
            Self::NotEmpty(path) => write!(
                f,
                "{}: has something in it; name a folder that is new or empty",
                path.display()
            ),
            Self::Unsafe(path) => {
                write!(
                    f,
                    "{path:?} in the image is not a plain path on this system"
                )
            }
        }
    }
}

impl std::error::Error for TreeError {}

/// Reads all files below a folder. Links are followed, hidden files are skipped.
pub(crate) fn read(root: &Path) -> Result<Files, TreeError> {
    match fs::metadata(root) {
        Ok(meta) if meta.is_dir() => {}
        Ok(_) => return Err(TreeError::NotAFolder(root.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(TreeError::Missing(root.to_owned()));
        }
        Err(error) => return Err(TreeError::Io(root.to_owned(), error)),
    }
    let mut reader = Reader {
        root,
        found: Files::default(),
        bytes: 0,
        above: Vec::new(),
    };
    reader.folder(root, "")?;
    reader.found.skipped.sort();
    Ok(reader.found)
}

struct Reader<'a> {
    root: &'a Path,
    found: Files,
    bytes: u64,
    /// The real paths of the folders that are being read.
    above: Vec<PathBuf>,
}

impl Reader<'_> {
    fn folder(&mut self, folder: &Path, prefix: &str) -> Result<(), TreeError> {
        let io = |error| TreeError::Io(folder.to_owned(), error);
        let real = folder.canonicalize().map_err(io)?;
        if self.above.contains(&real) {
            return Err(TreeError::Loop(folder.to_owned()));
        }
        self.above.push(real);
        for entry in fs::read_dir(folder).map_err(io)? {
            let path = entry.map_err(io)?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let Some(name) = name else {
                return Err(TreeError::Name(path));
            };
            let inside = if prefix.is_empty() {
                name.to_owned()
            } else {
                format!("{prefix}/{name}")
            };
            if is_skipped(&inside) {
                self.found.skipped.push(inside);
            } else {
                self.entry(&path, inside)?;
            }
        }
        self.above.pop();
        Ok(())
    }

    fn entry(&mut self, path: &Path, inside: String) -> Result<(), TreeError> {
        let io = |error| TreeError::Io(path.to_owned(), error);
        let meta = match fs::metadata(path) {
            Ok(meta) => meta,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(TreeError::Link(path.to_owned()));
            }
            Err(error) => return Err(io(error)),
        };
        if meta.is_dir() {
            return self.folder(path, &inside);
        }
        if !meta.is_file() {
            return Err(TreeError::Special(path.to_owned()));
        }
        self.bytes = self.bytes.saturating_add(meta.len());
        if self.bytes > BYTES_MAX {
            return Err(TreeError::TooMuch(self.root.to_owned()));
        }
        let bytes = fs::read(path).map_err(io)?;
        self.found.files.push((inside, bytes));
        Ok(())
    }
}

/// Writes what was unpacked into a folder, which must be new or empty.
pub(crate) fn write(root: &Path, content: &[Unpacked]) -> Result<(), TreeError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |error| TreeError::Io(path, error)
    };
    if root.try_exists().map_err(io(root))? {
        let mut entries = fs::read_dir(root).map_err(io(root))?;
        if entries.next().is_some() {
            return Err(TreeError::NotEmpty(root.to_owned()));
        }
    }
    // All paths are checked before the first is written.
    for item in content {
        let (Unpacked::Folder { path } | Unpacked::File { path, .. }) = item;
        plain(path)?;
    }
    fs::create_dir_all(root).map_err(io(root))?;
    for item in content {
        match item {
            Unpacked::Folder { path } => {
                let path = root.join(path);
                fs::create_dir_all(&path).map_err(io(&path))?;
            }
            Unpacked::File { path, bytes } => {
                let path = root.join(path);
                fs::write(&path, bytes).map_err(io(&path))?;
            }
        }
    }
    Ok(())
}

/// Whether a path in an image means the same on this system (`a\b` or `C:x` don't everywhere).
fn plain(path: &str) -> Result<(), TreeError> {
    let mut parts = Path::new(path).components();
    let same = path.split('/').all(|name| {
        let part = parts.next();
        matches!(part, Some(std::path::Component::Normal(part)) if part.to_str() == Some(name))
    });
    if same && parts.next().is_none() {
        Ok(())
    } else {
        Err(TreeError::Unsafe(path.to_owned()))
    }
}

/// Writes a file so that it appears whole, or not at all.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), TreeError> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".tmp");
    let unfinished = PathBuf::from(unfinished);
    let written = fs::write(&unfinished, bytes).and_then(|()| fs::rename(&unfinished, path));
    written.map_err(|error| {
        // The write failed already; that is what counts.
        let _gone = fs::remove_file(&unfinished);
        TreeError::Io(path.to_owned(), error)
    })
}

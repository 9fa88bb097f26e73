//! The last images that were brought to devices, so that the next one is sent as what differs from them.
//!
//! They only save time: whatever fails here is as if they were not there.

use std::{
    env, fs,
    fs::File,
    io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use crate::{device::sha256, text};

/// Most images that are kept.
const IMAGES: usize = 8;
/// Most bytes of all of them.
const BYTES: u64 = 64 << 20;
/// A file that is not finished after so long never will be.
const UNFINISHED: Duration = Duration::from_secs(3600);

/// The images.
#[derive(Debug, Clone)]
pub(crate) struct Cache {
    /// Where they are; `None` where there is no place for them.
    folder: Option<PathBuf>,
}

impl Cache {
    /// That of whoever runs this: the folder in `FACEPLATE_CACHE`, which keeps nothing where it is empty, or the usual
    /// place of the system.
    pub(crate) fn of_user() -> Self {
        Self {
            folder: folder(|name| env::var_os(name).map(PathBuf::from)),
        }
    }

    /// The image with this SHA-256 (hex digits).
    pub(crate) fn get(&self, sha256_hex: &str) -> Option<Vec<u8>> {
        let path = self.path(sha256_hex)?;
        if fs::metadata(&path).ok()?.len() > BYTES {
            return None;
        }
        let bytes = fs::read(&path).ok()?;
        if text::hex(&sha256(&bytes)) != sha256_hex {
            // The disk, or somebody else, has changed it.
            let _gone = fs::remove_file(&path);
            return None;
        }
        touch(&path);
        Some(bytes)
    }

    /// Keeps an image with this SHA-256 (hex digits), in place of the one that was not used for longest.
    pub(crate) fn put(&self, sha256_hex: &str, bytes: &[u8]) {
        let _only_saves_time = self.try_put(sha256_hex, bytes);
    }

    fn try_put(&self, sha256_hex: &str, bytes: &[u8]) -> io::Result<()> {
        let (Some(folder), Some(path)) = (&self.folder, self.path(sha256_hex)) else {
            return Ok(());
        };
        if bytes.len() as u64 > BYTES {
            return Ok(());
        }
        if path.exists() {
            touch(&path);
            return Ok(());
        }
        fs::create_dir_all(folder)?;
        // Two of these commands may write the same one.
        let unfinished = path.with_extension(format!("{}.new", std::process::id()));
        let written = fs::write(&unfinished, bytes).and_then(|()| fs::rename(&unfinished, &path));
        if written.is_err() {
            let _gone = fs::remove_file(&unfinished);
        }
        written?;
        prune(folder, &path)
    }

    /// Where an image is; `None` for what is no SHA-256, whoever says it.
    fn path(&self, sha256_hex: &str) -> Option<PathBuf> {
        is_hash(sha256_hex).then_some(())?;
        Some(self.folder.as_ref()?.join(format!("{sha256_hex}.bin")))
    }
}

/// The folder by the environment's variables.
fn folder(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    if let Some(folder) = variable("FACEPLATE_CACHE") {
        return Some(folder).filter(|folder| !folder.as_os_str().is_empty());
    }
    // A relative one is to be ignored (XDG Base Directory Specification).
    let absolute = |name| variable(name).filter(|folder| folder.is_absolute());
    let caches = match () {
        () if cfg!(windows) => absolute("LOCALAPPDATA"),
        () if cfg!(target_os = "macos") => absolute("HOME").map(|home| home.join("Library/Caches")),
        () => absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache"))),
    };
    Some(caches?.join("faceplate").join("images"))
}

fn is_hash(text: &str) -> bool {
    text.len() == 64
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Notes that it was used.
fn touch(path: &Path) {
    let file = File::options().write(true).open(path);
    let _only_saves_time = file.and_then(|file| file.set_modified(SystemTime::now()));
}

/// Whether what is not finished never will be.
fn is_stale(now: SystemTime, used: SystemTime) -> bool {
    now.duration_since(used).is_ok_and(|age| age > UNFINISHED)
}

/// Leaves the newest, and always `newest` itself. Nothing but what is called as an image is touched.
fn prune(folder: &Path, newest: &Path) -> io::Result<()> {
    let now = SystemTime::now();
    let mut images = vec![];
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let name = entry.file_name();
        let Some((hash, kind)) = name.to_str().and_then(|name| name.split_once('.')) else {
            continue;
        };
        // It may be gone by now.
        let Ok(meta) = entry.metadata() else { continue };
        if !is_hash(hash) || !meta.is_file() {
            continue;
        }
        let used = meta.modified()?;
        match kind {
            "bin" => images.push((
                path != newest,
                now.duration_since(used).ok(),
                path,
                meta.len(),
            )),
            kind if kind.ends_with(".new") && is_stale(now, used) => fs::remove_file(path)?,
            _ => {}
        }
    }
    images.sort();
    let mut sum = 0;
    for (number, (_, _, path, len)) in images.into_iter().enumerate() {
        sum += len;
        if number >= IMAGES || sum > BYTES {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A cache in a folder that goes away.
    struct Own(Cache, PathBuf);

    impl Own {
        fn new(name: &str) -> Self {
            let folder = env::temp_dir().join(format!("faceplate-{name}-{}", std::process::id()));
            let images = Some(folder.join("images"));
            Self(Cache { folder: images }, folder)
        }

        fn names(&self) -> Vec<String> {
            let entries = fs::read_dir(self.1.join("images")).unwrap();
            let mut names: Vec<_> = entries
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        }
    }

    impl Drop for Own {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.1).unwrap();
        }
    }

    fn hash(bytes: &[u8]) -> String {
        text::hex(&sha256(bytes))
    }

    #[test]
    fn an_image_is_found_by_its_hash_and_a_changed_one_is_thrown_away() {
        let own = Own::new("found");
        let cache = &own.0;
        assert_eq!(cache.get(&hash(b"one")), None);
        cache.put(&hash(b"one"), b"one");
        assert_eq!(cache.get(&hash(b"one")).as_deref(), Some(&b"one"[..]));
        fs::write(cache.path(&hash(b"one")).unwrap(), b"two").unwrap();
        assert_eq!(cache.get(&hash(b"one")), None);
        assert_eq!(own.names(), [""; 0]);
    }

    #[test]
    fn the_last_ones_are_kept_and_nothing_else_is_touched() {
        let own = Own::new("last");
        let cache = &own.0;
        cache.put(&hash(b"a"), b"a");
        let images = own.1.join("images");
        fs::write(images.join("notes.bin"), b"mine").unwrap();
        let old = SystemTime::now() - 2 * UNFINISHED;
        let age = |path: &Path, by: Duration| {
            let file = File::options().write(true).open(path).unwrap();
            file.set_modified(old + by).unwrap();
        };
        for number in 0..IMAGES as u8 {
            let bytes = [number; 9];
            cache.put(&hash(&bytes), &bytes);
            age(
                &cache.path(&hash(&bytes)).unwrap(),
                Duration::from_secs(number.into()),
            );
        }
        let unfinished = images.join(format!("{}.7.new", hash(b"x")));
        fs::write(&unfinished, b"half").unwrap();
        age(&unfinished, Duration::ZERO);
        // Used again, so it stays; the one before it does not.
        assert!(cache.get(&hash(&[1; 9])).is_some());
        cache.put(&hash(b"new"), b"new");
        let mut kept: Vec<_> = [1, 3, 4, 5, 6, 7].map(|number| hash(&[number; 9])).into();
        kept.extend([hash(b"a"), hash(b"new")]);
        let mut kept: Vec<_> = kept.into_iter().map(|hash| format!("{hash}.bin")).collect();
        kept.push("notes.bin".to_owned());
        kept.sort();
        assert_eq!(own.names(), kept);
    }

    #[test]
    fn all_of_them_have_a_bound_in_bytes() {
        let own = Own::new("bytes");
        let half = BYTES as usize / 2 - 1000;
        let images: Vec<_> = [1, 2, 3].map(|byte| vec![byte; half]).into();
        for image in &images {
            own.0.put(&hash(image), image);
        }
        assert_eq!(own.names().len(), 2);
        assert!(own.0.get(&hash(&images[2])).is_some());
        let endless = vec![0; BYTES as usize + 1];
        own.0.put(&hash(&endless), &endless);
        assert_eq!(own.names().len(), 2);
    }

    #[test]
    fn what_cannot_be_kept_is_no_failure_and_no_device_names_a_path() {
        let own = Own::new("nowhere");
        fs::create_dir_all(&own.1).unwrap();
        let file = own.1.join("a file");
        fs::write(&file, b"").unwrap();
        for folder in [None, Some(file)] {
            let cache = Cache { folder };
            cache.put(&hash(b"one"), b"one");
            assert_eq!(cache.get(&hash(b"one")), None);
        }
        for wrong in [
            "",
            "..",
            "../../x",
            &"A".repeat(64),
            &format!("{}/", "a".repeat(63)),
        ] {
            assert_eq!(own.0.path(wrong), None, "{wrong}");
        }
    }

    #[test]
    #[cfg(all(unix, not(target_os = "macos")))]
    fn the_folder_is_that_of_the_variables() {
        for (variables, wanted) in [
            (&[("FACEPLATE_CACHE", "x"), ("HOME", "/h")][..], Some("x")),
            (&[("FACEPLATE_CACHE", ""), ("HOME", "/h")], None),
            (
                &[("XDG_CACHE_HOME", "/c"), ("HOME", "/h")],
                Some("/c/faceplate/images"),
            ),
            (
                &[("XDG_CACHE_HOME", "c"), ("HOME", "/h")],
                Some("/h/.cache/faceplate/images"),
            ),
            (&[("HOME", "h")], None),
            (&[], None),
        ] {
            let of = |name: &str| {
                let found = variables.iter().find(|(variable, _)| *variable == name);
                found.map(|(_, value)| PathBuf::from(value))
            };
            assert_eq!(folder(of), wanted.map(PathBuf::from), "{variables:?}");
        }
    }
}

//! The frontends that are read and packed.

use faceplate_pack::{Gzip, Options, Unpacked, pack, unpack};

use crate::{Result, frontends, frontends::Files};

/// A frontend, and what is made of it.
pub(crate) struct Kind {
    pub(crate) files: Files,
    pub(crate) options: Options,
}

/// All of them: an app as a bundler leaves it, one of 3.9 MB, and one of many small files.
pub(crate) const NAMES: [&str; 3] = ["app", "large", "many"];

pub(crate) fn called(name: &str) -> Result<Kind> {
    // As they are, since C littlefs and littlefs-python compress nothing.
    let plain = |size| Options {
        size,
        gzip: Gzip::Never,
        ..Options::default()
    };
    let (files, size) = match name {
        "app" => (frontends::app(), 1 << 20),
        "large" => (unpacked(&frontends::large(1)?.image)?, 4 << 20),
        "many" => (small_files()?, 2 << 20),
        _ => return Err(format!("no kind is called {name}").into()),
    };
    let options = plain(size);
    Ok(Kind { files, options })
}

impl Kind {
    /// Blocks of 4096 bytes that the file system may have.
    pub(crate) fn blocks(&self) -> u32 {
        self.options.size / 4096
    }

    pub(crate) fn image(&self) -> Result<Vec<u8>> {
        Ok(pack(self.files.clone(), &self.options)?.image)
    }

    /// Bytes of its files.
    pub(crate) fn len(&self) -> u64 {
        self.files.iter().map(|(_, file)| file.len() as u64).sum()
    }
}

fn unpacked(image: &[u8]) -> Result<Files> {
    let content = unpack(image)?.into_iter();
    Ok(content
        .filter_map(|one| match one {
            Unpacked::File { path, bytes, .. } => Some((path, bytes)),
            Unpacked::Folder { .. } => None,
        })
        .collect())
}

/// 400 files of 60 to 2055 bytes in 20 folders, like icons and translations.
fn small_files() -> Result<Files> {
    let [page, .., script] = &frontends::app()[..] else {
        return Err("the app has no files".into());
    };
    let (page, bytes) = (page.clone(), &script.1);
    let files = (0..400).map(|number: usize| {
        let len = 60 + 5 * number;
        let from = 97 * number % (bytes.len() - len);
        let (folder, number) = (number % 20, number / 20);
        let path = format!("assets/set-{folder:02}/icon-{number:02}.bin");
        (path, bytes[from..from + len].to_vec())
    });
    Ok([page].into_iter().chain(files).collect())
}

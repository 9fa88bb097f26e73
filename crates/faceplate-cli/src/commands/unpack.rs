//! `faceplate unpack`: from an image back to files.

use std::path::PathBuf;

use faceplate_pack::Unpacked;

use super::{not_an_image, read_image};
use crate::{failure::Failure, text, tree};

/// Write the files of an image into a folder, as they are stored (name.gz stays compressed).
#[derive(clap::Args)]
pub(crate) struct Unpack {
    /// The image.
    image: PathBuf,
    /// The folder to write, new or empty.
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

impl Unpack {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let bytes = read_image(&self.image)?;
        let content =
            faceplate_pack::unpack(&bytes).map_err(|error| not_an_image(&self.image, error))?;
        tree::write(&self.output, &content).map_err(Failure::new)?;
        let files = content
            .iter()
            .filter(|item| matches!(item, Unpacked::File { .. }))
            .count();
        text::print(&format!(
            "{}: {}",
            self.output.display(),
            text::count(files, "file")
        ));
        Ok(())
    }
}

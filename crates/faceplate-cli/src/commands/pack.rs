//! `faceplate pack`: from a folder to an image.

use std::path::{Path, PathBuf};

use faceplate_pack::{Gzip, Options, Report, Stamp, inspect, pack, sign};

use super::read_frontend;
use crate::{arguments, failure::Failure, keys, patterns, text, tree};

/// Make an image of a built frontend.
///
/// Text is stored compressed where that is smaller. Links are followed. Hidden files (names that
/// begin with a dot, except .well-known) are left out. The same files give the same image on every
/// machine.
#[derive(clap::Args)]
pub(crate) struct Pack {
    /// The folder that the build wrote, with index.html in it.
    dist: PathBuf,
    /// The image to write.
    #[arg(short, long, value_name = "FILE", default_value = "www.bin")]
    output: PathBuf,
    /// Size of the device's frontend partitions.
    #[arg(long, value_name = "SIZE", default_value = "1MiB", value_parser = arguments::size)]
    size: u32,
    /// What people call this frontend, like 1.2.0 [default: digits of a hash over its files].
    #[arg(long, value_name = "V")]
    app_version: Option<String>,
    /// Firmware APIs that the frontend works with, like 1 or 1..2 [default: that of this release].
    #[arg(long, value_name = "MIN..MAX", value_parser = arguments::api)]
    api: Option<(u16, u16)>,
    /// Whether text is stored compressed.
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    gzip: GzipWhen,
    /// Files that the build names by their content, like 'assets/**': browsers never ask for them
    /// again. Can be given several times. What is in _app/immutable/ (SvelteKit) needs not be named.
    #[arg(long, value_name = "GLOB", value_parser = patterns::pattern)]
    immutable: Vec<glob::Pattern>,
    /// The image that devices have: files of it stay at their places in the new one, as far as they have room there, so
    /// that an update has less to send.
    #[arg(long, value_name = "OLD.bin")]
    base: Option<PathBuf>,
    /// Write the build id into each page of the image, and a script that confirms it; for builds
    /// that the Vite plugin did not make. The folder stays as it is.
    #[arg(long)]
    stamp: bool,
    /// How new this frontend is: a higher number than the one before. Devices that want no step back
    /// refuse lower ones than they have confirmed.
    #[arg(long, value_name = "N", default_value_t = 0)]
    sequence: u32,
    /// Sign the image by this private key (PEM), or env:NAME for a variable that holds its text.
    #[arg(long, value_name = "KEY", value_parser = keys::Place::parse)]
    sign: Option<keys::Place>,
    /// Leave the script out: the app confirms by its own code.
    #[arg(long, requires = "stamp")]
    no_confirm_script: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum GzipWhen {
    /// Where it is smaller.
    Auto,
    /// All files as they are.
    Never,
}

impl Pack {
    pub(crate) fn run(self) -> Result<(), Failure> {
        // Before the work is done.
        let key = self.sign.as_ref().map(keys::Place::read).transpose()?;
        let base = self.base.as_deref().map(read_frontend).transpose()?;
        let found = tree::read(&self.dist).map_err(Failure::new)?;
        if let Some(key) = &key
            && let Some((path, _)) = found.files.iter().find(|(_, bytes)| key.is_in(bytes))
        {
            return Err(Failure::at(
                self.dist.join(path).display(),
                "the private key that signs is in this file, and every device would serve it; keep it elsewhere",
            ));
        }
        if let Some(inside) = self.output_inside() {
            return Err(Failure::usage(format_args!(
                "the image must not be written into the folder that is packed ({inside}); name \
                 another place with -o"
            )));
        }
        let defaults = Options::default();
        let paths = found.files.iter().map(|(path, _)| &**path);
        let immutable = patterns::immutable(&self.immutable, paths);
        let options = Options {
            size: self.size,
            version: self.app_version,
            api: self.api.unwrap_or(defaults.api),
            gzip: match self.gzip {
                GzipWhen::Auto => Gzip::Auto,
                GzipWhen::Never => Gzip::Never,
            },
            stamp: self.stamp.then_some(match self.no_confirm_script {
                true => Stamp::Id,
                false => Stamp::Script,
            }),
            immutable: immutable.files,
            sequence: self.sequence,
            base,
            ..defaults
        };
        let mut packed = pack(found.files, &options).map_err(|error| match error {
            faceplate_pack::PackError::Manifest(error) => Failure::usage(error),
            other => Failure::at(self.dist.display(), other),
        })?;
        packed.report.skipped.extend(found.skipped);
        if let Some(key) = &key {
            let signed = sign(&packed.image, &key.public(), |what| key.sign(what));
            packed.image = signed.map_err(|error| Failure::at(self.dist.display(), error))?;
            packed.report.blocks_used = (packed.image.len() / 4096) as u32;
            let signed = inspect(&packed.image).map_err(Failure::new)?;
            packed.report.blocks_free = signed.blocks_free;
        }
        tree::replace(&self.output, &packed.image).map_err(Failure::new)?;
        text::print(&describe(&packed.report, &self.output));
        if let Some(key) = &key {
            text::print(&format!("signed by key {}", key.public().id()));
        }
        for warning in &immutable.warnings {
            text::warn(warning);
        }
        for warning in &packed.report.warnings {
            text::warn(warning);
        }
        for path in &packed.report.hidden {
            text::warn(&format!(
                "{path} will not be seen at its address: the device answers there itself"
            ));
        }
        for path in &packed.report.unstamped {
            text::warn(&format!(
                "{path} has no build id, so it cannot confirm this build{}",
                match self.stamp {
                    true => ": it has no place for one",
                    false => "; --stamp writes it into each page",
                }
            ));
        }
        for path in &packed.report.silenced {
            text::warn(&format!(
                "the Content-Security-Policy in {path} keeps it from asking the device, so \
                 it cannot confirm this build; add connect-src 'self'"
            ));
        }
        // `faceplate push` would not confirm it.
        for path in &packed.report.missing {
            text::warn(&format!(
                "index.html asks for {path}, which is not in {}",
                self.dist.display()
            ));
        }
        Ok(())
    }

    /// The output's folder, when that is the packed one or in it.
    fn output_inside(&self) -> Option<String> {
        let dist = self.dist.canonicalize().ok()?;
        let folder = self
            .output
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).canonicalize().ok()?;
        folder
            .starts_with(dist)
            .then(|| folder.display().to_string())
    }
}

fn describe(report: &Report, output: &Path) -> String {
    let widest = report
        .files
        .iter()
        .map(|file| file.path.chars().count())
        .max()
        .unwrap_or(0);
    let mut lines = Vec::new();
    for file in &report.files {
        let how = match file.stored_as == file.path {
            true => "",
            false => "gzip",
        };
        let kept = match file.immutable {
            true => "immutable",
            false => "",
        };
        let (raw, stored) = (text::bytes(file.raw), text::bytes(file.stored));
        let line = format!(
            "{:<widest$}  {raw:>10}  {stored:>10}  {how:<4}  {kept}",
            file.path
        );
        lines.push(line.trim_end().to_owned());
    }
    if !report.skipped.is_empty() {
        lines.push(format!("left out (hidden): {}", report.skipped.join(", ")));
    }
    if !report.dropped.is_empty() {
        let dropped = report.dropped.join(", ");
        lines.push(format!("left out (not of the page as stamped): {dropped}"));
    }
    let (used, total) = (
        u64::from(report.blocks_used),
        u64::from(report.blocks_total),
    );
    lines.push(format!(
        "{}: version {}, {}, {} of {} ({used} of {total} blocks, {} %)",
        output.display(),
        report.version,
        text::count(report.files.len(), "file"),
        text::bytes(used * 4096),
        text::bytes(total * 4096),
        (used * 100).div_ceil(total.max(1)),
    ));
    if report.blocks_free > 0 {
        let blocks = text::count(report.blocks_free as usize, "block");
        lines.push(format!(
            "{blocks} of these left free, so that files stay where they are in the base"
        ));
    }
    if !report.files.iter().any(|file| file.immutable) {
        lines.push(
            "no file is marked immutable, so browsers ask about each again; --immutable 'assets/**' \
             marks what a build names by content"
                .to_owned(),
        );
    }
    if report.sequence > 0 {
        lines.push(format!("sequence {}", report.sequence));
    }
    lines.push(match report.build {
        Some(build) => format!("build {build}"),
        None => {
            "no build id; --stamp puts one into each page, and a script that confirms it".to_owned()
        }
    });
    let lines: Vec<_> = lines.iter().map(|line| text::harmless(line)).collect();
    lines.join("\n")
}

//! From a list of files to an image.

use std::collections::{BTreeMap, BTreeSet};

use faceplate::{
    API, BuildId, SECTOR,
    manifest::{Manifest, RootHash},
    marks::Marks,
};
use littlefs_image::{
    build::BuildError,
    format::{NAME_MAX, name_order},
    read::PATH_MAX,
};
use sha2::{Digest, Sha256};

use crate::{
    content::{self, Content},
    error::{PackError, SIZE_MAX},
    files::PackedFile,
    gzip,
    inspect::blocks_free,
    layout, odd, page,
    precache::Pages,
    select::{is_compressible, is_content_named, is_skipped, keeps_its_name},
    stamp::{self, Stamp, Stamped},
};

/// How many files an image that does not fit names.
const LARGEST: usize = 5;

/// What an image is made for, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Bytes of the slot: a multiple of 4096, 8 KiB to [`SIZE_MAX`].
    pub size: u32,
    /// What people call this frontend. `None`: the first digits of the hash over its content.
    pub version: Option<String>,
    /// Lowest and highest firmware API that it works with.
    pub api: (u16, u16),
    /// How new it is; a later frontend has a higher number. 0: nobody counts.
    pub sequence: u32,
    /// Which files are stored compressed.
    pub gzip: Gzip,
    /// What is written into each page. `None`: the pages are left as they are, and the image is of
    /// the build that they name, if they do.
    pub stamp: Option<Stamp>,
    /// Files whose names change with their content, by their paths in the build: browsers keep them
    /// without asking again. Whoever names files by content knows them; a file that is named here by
    /// mistake is an old one for a year in browsers that have it. Paths that are no file, and those
    /// that never change their name ([`keeps_its_name`]), do not matter. `app.js` is also the file that
    /// is there as `app.js.gz` alone.
    pub immutable: BTreeSet<String>,
    /// Whether what is in `_app/immutable/` counts as named in `immutable`: there SvelteKit puts what
    /// it names by content. Whoever knows better, since something changed it afterwards, lists all.
    pub sveltekit: bool,
    /// The image that devices have: files that are in it, or whose predecessors are, stay at their places as far as
    /// they have room there. `None`: they lie one behind the other.
    pub base: Option<Vec<u8>>,
}

impl Default for Options {
    /// A slot of 1 MiB, version from the content, the API of this release, gzip where it pays, pages
    /// left as they are, nothing known to be named by its content.
    fn default() -> Self {
        Self {
            size: 1 << 20,
            version: None,
            api: (API, API),
            sequence: 0,
            gzip: Gzip::Auto,
            stamp: None,
            immutable: BTreeSet::new(),
            sveltekit: true,
            base: None,
        }
    }
}

/// Which files are stored compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Gzip {
    /// Types that shrink, when they do, as `name.gz`.
    #[default]
    Auto,
    /// None: all files are stored as they are.
    Never,
}

/// An image and what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// The image, cut after its last block in use.
    pub image: Vec<u8>,
    /// What is in it.
    pub report: Report,
}

/// What is in an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The files in byte order of their paths.
    pub files: Vec<PackedFile>,
    /// Files that were left out; see [`is_skipped`].
    pub skipped: Vec<String>,
    /// Files that no device serves, since their paths are the firmware's: `recovery`, `api`, and
    /// everything under `api/`.
    pub hidden: Vec<String>,
    /// What `index.html` loads but is not among the files: the page may not work without it.
    pub missing: Vec<String>,
    /// What else whoever made the build should know of it, in words.
    pub warnings: Vec<String>,
    /// The version in the manifest.
    pub version: String,
    /// The build id in the manifest.
    pub build: Option<BuildId>,
    /// The sequence in the manifest.
    pub sequence: u32,
    /// Pages that do not say of which build they are, though the image has a build id: they cannot
    /// confirm it.
    pub unstamped: Vec<String>,
    /// Pages with a build id whose own Content-Security-Policy surely keeps them from asking the
    /// device, so that they cannot confirm the build either.
    pub silenced: Vec<String>,
    /// Files that stamping made or changed, and what they are now.
    pub changed: Vec<(String, Vec<u8>)>,
    /// Files that stamping left out: compressed forms of what it changed.
    pub dropped: Vec<String>,
    /// The hash over all files in the manifest.
    pub root_hash: [u8; 32],
    /// SHA-256 of the image.
    pub sha256: [u8; 32],
    /// Blocks of 4096 bytes that the image has.
    pub blocks_used: u32,
    /// How many of these nothing is in, so that files stay where they are in the base.
    pub blocks_free: u32,
    /// Blocks of the slot.
    pub blocks_total: u32,
}

/// Packs files, given by paths such as `assets/app.js`, in any order.
///
/// A build that brings `app.js` with its own `app.js.gz` keeps the latter alone, if it really is
/// the former compressed; otherwise both are stored as they are. Where the latter has several
/// members, of which some clients read only the first, it is compressed again.
///
/// # Errors
/// When there is no `index.html`, or none that a stamp has a place in, a path cannot be stored, the files do not fit, are of two builds, or
/// of another than `index.html` says, or the base is no image; see [`PackError`].
pub fn pack(
    files: impl IntoIterator<Item = (String, Vec<u8>)>,
    options: &Options,
) -> Result<Packed, PackError> {
    let size = options.size;
    if !size.is_multiple_of(SECTOR) || !(2 * SECTOR..=SIZE_MAX).contains(&size) {
        return Err(PackError::Size { size });
    }
    // What cannot be stored in any image is said before the work is done.
    manifest(options, None, [0; 32])?;
    let base = options.base.as_deref().map(layout::of_image);
    let base = base
        .transpose()
        .map_err(PackError::Base)?
        .unwrap_or_default();
    let (skipped, files): (Vec<_>, Vec<_>) =
        files.into_iter().partition(|(path, _)| is_skipped(path));
    let mut skipped: Vec<String> = skipped.into_iter().map(|(path, _)| path).collect();
    skipped.sort();
    let mut files = unique(files)?;
    let Stamped {
        build: id,
        unstamped,
        silenced,
        mut warnings,
        changed,
        dropped,
    } = match options.stamp {
        Some(what) => stamp::write(&mut files, what)?,
        None => stamp::read(&files)?,
    };
    let missing = missing(&files);
    warnings.splice(..0, odd::warnings(&files));
    if files.contains_key("index.html.br")
        && !files.contains_key("index.html")
        && !files.contains_key("index.html.gz")
    {
        return Err(PackError::BrotliIndex);
    }
    let mut stored = store(files, options);
    if !stored
        .iter()
        .any(|file| matches!(&*file.name, "index.html" | "index.html.gz"))
    {
        return Err(PackError::NoIndex {
            nested: nested_index(&stored),
        });
    }

    stored.sort_by(|a, b| walk_order(&a.name, &b.name));
    let mut root = RootHash::new();
    for file in &stored {
        // No slot is larger than what fits the number.
        let len = u32::try_from(file.bytes.len()).unwrap_or(u32::MAX);
        root.add(&file.name, len, &content::hash(&file.bytes));
    }
    let manifest = manifest(options, id, root.finish())?;
    let mut report = Report {
        files: stored.iter().map(Stored::describe).collect(),
        skipped,
        hidden: Vec::new(),
        missing,
        warnings,
        version: manifest.about.version.as_str().to_owned(),
        build: id,
        sequence: options.sequence,
        unstamped,
        silenced,
        changed,
        dropped,
        root_hash: manifest.root_hash,
        sha256: [0; 32],
        blocks_used: 0,
        blocks_free: 0,
        blocks_total: size / SECTOR,
    };
    report.files.sort_by(|a, b| a.path.cmp(&b.path));
    let paths = report.files.iter().map(|file| &file.path);
    report.hidden = paths.filter(|path| is_hidden(path)).cloned().collect();
    let kept = layout::kept(stored.iter().map(|file| &*file.name), &base);
    let files = stored.into_iter().zip(kept);
    let files = files.map(|(file, block)| file.into_file(block)).collect();
    let content = Content {
        files,
        manifest,
        block_count: report.blocks_total,
    };
    let image = content.write(None).map_err(|error| unfit(error, &report))?;
    report.blocks_used = image.len() as u32 / SECTOR;
    report.blocks_free = blocks_free(&image).unwrap_or(0);
    report.sha256 = Sha256::digest(&image).into();
    Ok(Packed { image, report })
}

/// A file as it goes into the image.
struct Stored {
    path: String,
    name: String,
    raw: usize,
    bytes: Vec<u8>,
    marks: Marks,
}

impl Stored {
    fn into_file(self, block: Option<u32>) -> content::File {
        content::File {
            path: self.name,
            bytes: self.bytes,
            marks: self.marks,
            block,
        }
    }

    fn describe(&self) -> PackedFile {
        PackedFile {
            path: self.path.clone(),
            stored_as: self.name.clone(),
            raw: self.raw as u64,
            stored: self.bytes.len() as u64,
            immutable: self.marks.immutable,
        }
    }
}

fn unique(files: Vec<(String, Vec<u8>)>) -> Result<BTreeMap<String, Vec<u8>>, PackError> {
    let mut by_path = BTreeMap::new();
    for (path, bytes) in files {
        if by_path.insert(path.clone(), bytes).is_some() {
            return Err(PackError::Build(BuildError::Duplicate { path }));
        }
    }
    Ok(by_path)
}

/// Decides for each file how it is stored.
fn store(mut files: BTreeMap<String, Vec<u8>>, options: &Options) -> Vec<Stored> {
    let gzip = options.gzip;
    let pages = Pages::of(&files);
    let marks = |path: &str, bytes: &[u8]| {
        let listed = |path: &str| options.immutable.contains(path);
        let listed = listed(path) || path.strip_suffix(".gz").is_some_and(listed);
        let named =
            (listed || options.sveltekit && is_content_named(path)) && !keeps_its_name(path);
        Marks {
            immutable: named && !pages.are_listed_in(path, bytes),
        }
    };
    let mut stored = Vec::with_capacity(files.len());
    let mut as_is = Vec::with_capacity(files.len());
    let paths: Vec<String> = files.keys().cloned().collect();
    // Names that a compressed file must not take: files, and folders above files.
    let taken: BTreeSet<&str> = paths.iter().flat_map(|path| with_folders(path)).collect();
    for path in &paths {
        let name = format!("{path}.gz");
        // Taken out already, as another file's compressed form.
        let Some(bytes) = files.remove(path) else {
            continue;
        };
        let marked = marks(path, &bytes);
        let file = |bytes: Vec<u8>, raw| Stored {
            path: path.clone(),
            name: name.clone(),
            raw,
            bytes,
            marks: marked,
        };
        if gzip == Gzip::Auto && taken.contains(&*name) {
            let same = |theirs: &Vec<u8>| gzip::is_gzip_of(theirs, &bytes);
            if files.get(&name).is_some_and(same) {
                let theirs = files.remove(&name).unwrap_or_default();
                let compressed = match gzip::is_one_member_of(&theirs, &bytes) {
                    true => theirs,
                    false => gzip::compress(&bytes),
                };
                stored.push(file(compressed, bytes.len()));
                continue;
            }
        } else if gzip == Gzip::Auto && is_compressible(path, &bytes) && fits_path(&name) {
            let compressed = gzip::compress(&bytes);
            if compressed.len() < bytes.len() {
                stored.push(file(compressed, bytes.len()));
                continue;
            }
        }
        as_is.push((path.clone(), bytes));
    }
    stored.extend(as_is.into_iter().map(|(path, bytes)| Stored {
        name: path.clone(),
        raw: bytes.len(),
        marks: marks(&path, &bytes),
        path,
        bytes,
    }));
    stored
}

/// A path and the paths of all folders above it.
fn with_folders(path: &str) -> impl Iterator<Item = &str> {
    let folders = path.match_indices('/').map(|(at, _)| &path[..at]);
    folders.chain([path])
}

/// What the index loads but is not there.
fn missing(files: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let Some(index) = files.get("index.html") else {
        return Vec::new();
    };
    // Whatever host it will have, an address with a host in it leads elsewhere.
    let assets = page::assets(&String::from_utf8_lossy(index), "");
    let is_there = |path: &str| {
        let name = page::file_name(path).unwrap_or_default();
        files.contains_key(&name) || files.contains_key(&format!("{name}.gz"))
    };
    let paths = assets.into_iter().map(|asset| asset.path);
    paths.filter(|path| !is_there(path)).collect()
}

/// Whether the firmware itself answers where this file would be looked for.
fn is_hidden(path: &str) -> bool {
    let path = path.strip_suffix(".gz").unwrap_or(path);
    let page = path.strip_suffix("/index.html");
    let page = page.or_else(|| path.strip_suffix(".html")).unwrap_or(path);
    matches!(page, "recovery" | "recovery/wifi") || path == "api" || path.starts_with("api/")
}

fn fits_path(path: &str) -> bool {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    path.len() <= PATH_MAX && name.len() <= NAME_MAX as usize
}

/// The order in which a walk through the image meets two files.
fn walk_order(a: &str, b: &str) -> std::cmp::Ordering {
    let mut theirs = b.split('/');
    for name in a.split('/') {
        let Some(other) = theirs.next() else { break };
        let order = name_order(name.as_bytes(), other.as_bytes());
        if order.is_ne() {
            return order;
        }
    }
    // Only for a path that is a file and a folder, which no image can have.
    a.cmp(b)
}

fn manifest(
    options: &Options,
    build: Option<BuildId>,
    root_hash: [u8; 32],
) -> Result<Manifest, PackError> {
    let from_content = hex(&root_hash[..4]);
    let version = options.version.as_deref().unwrap_or(&from_content);
    Manifest::new(version, options.api, build, options.sequence, root_hash)
        .map_err(PackError::Manifest)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Why the image could not be made, with what would have to be smaller.
fn unfit(error: BuildError, report: &Report) -> PackError {
    match error {
        BuildError::DoesNotFit { needed_blocks, .. } => {
            let mut largest = report.files.clone();
            largest.sort_by_key(|file| std::cmp::Reverse(file.stored));
            largest.truncate(LARGEST);
            PackError::DoesNotFit {
                needed: needed_blocks.saturating_mul(u64::from(SECTOR)),
                size: report.blocks_total * SECTOR,
                largest,
            }
        }
        other => PackError::Build(other),
    }
}

/// The folder nearest to the top that has an index.
fn nested_index(files: &[Stored]) -> Option<String> {
    let folders = files
        .iter()
        .filter_map(|file| file.path.strip_suffix("/index.html"));
    folders
        .min_by_key(|folder| folder.split('/').count())
        .map(str::to_owned)
}

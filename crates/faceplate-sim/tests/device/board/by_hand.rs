//! Images put together attribute by attribute, as another packer or an attacker might.

use faceplate::{
    manifest::{FILE_HASH, FileHasher, MANIFEST, Manifest, RootHash},
    marks::{MARKS, MarksHash},
};
use littlefs_image::build::{Builder, Options};

/// A file: path, content, its mark if it has one.
pub type File<'a> = (&'a str, &'a [u8], Option<u8>);

/// An image of files in the order of a walk, with a right manifest. `at_root` makes the root
/// directory's hash over the marks from the one that is right.
pub fn image(files: &[File], at_root: impl FnOnce([u8; 32]) -> Option<Vec<u8>>) -> Vec<u8> {
    build(files, true, at_root)
}

/// The same with all that is right but a manifest, which alone would prove it.
pub fn unproved(files: &[File]) -> Vec<u8> {
    build(files, false, |hash| Some(hash.into()))
}

fn build(
    files: &[File],
    proved: bool,
    at_root: impl FnOnce([u8; 32]) -> Option<Vec<u8>>,
) -> Vec<u8> {
    let mut builder = Builder::new();
    let (mut root, mut marks) = (RootHash::new(), MarksHash::new());
    for &(path, content, mark) in files {
        let mut hasher = FileHasher::new();
        hasher.update(content);
        let hash = hasher.finish();
        root.add(path, content.len() as u32, &hash);
        builder.file(path, content).expect("a good name");
        builder.attr(path, FILE_HASH, &hash).expect("a file");
        if let Some(mark) = mark {
            marks.add(path, mark);
            builder.attr(path, MARKS, &[mark]).expect("a file");
        }
    }
    let mut bytes = [0; Manifest::MAX_LEN];
    let manifest = Manifest::new("1", (1, 1), None, 0, root.finish()).expect("a manifest");
    let len = manifest.encode(&mut bytes);
    if proved {
        builder.attr("", MANIFEST, &bytes[..len]).expect("the root");
    }
    if let Some(hash) = at_root(marks.finish()) {
        builder.attr("", MARKS, &hash).expect("the root");
    }
    builder.build(&Options::default()).expect("builds")
}

//! A built frontend that nobody here wrote goes into an image and comes out everywhere.

use std::{fs, io::Write, path::Path, process::Command};

use crate::common::{
    self,
    c::{self, C},
    model::Tree,
    ours,
    python::{self, Python},
    random::Random,
};
use flate2::{Compression, write::GzEncoder};
use littlefs_image::{BLOCK_SIZE, build::Options};

/// Swagger UI as npm has it: ready-made pages, scripts of megabytes, icons and small text files.
const PACKAGE: &str = "swagger-ui-dist@5.35.0";

#[test]
fn a_real_frontend_reads_back_identically_everywhere() {
    let tree = frontend();
    assert!(tree.size() > 4_000_000, "{} bytes", tree.size());
    round_trip(&tree, 2048);
}

#[test]
fn a_compressed_real_frontend_fits_into_one_mebibyte_and_reads_back_identically() {
    let mut tree = Tree::default();
    for (path, node) in frontend().nodes {
        // The same program once more, for bundlers; no browser loads it.
        if path.starts_with("swagger-ui-es-bundle") {
            continue;
        }
        let data = node.data.expect("it has files only");
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&data).expect("memory takes it");
        let packed = encoder.finish().expect("memory takes it");
        if packed.len() < data.len() {
            tree.insert(&format!("{path}.gz"), Some(packed));
        } else {
            tree.insert(&path, Some(data));
        }
    }
    round_trip(&tree, 256);
}

fn round_trip(tree: &Tree, block_count: u32) {
    let mut random = Random::for_test("real frontend");
    let options = Options {
        block_count,
        ..Options::default()
    };
    let image = ours::build(tree, &options, &mut random).expect("it fits");
    let used = image.len() / BLOCK_SIZE;
    println!(
        "{} files, {} bytes: {used} of {block_count} blocks",
        tree.nodes.len(),
        tree.size()
    );
    assert_eq!(ours::read(&image).as_ref(), Ok(tree), "ours");
    let config = c::Config {
        block_count,
        ..c::Config::default()
    };
    let c = C::mount(&image, &config).expect("C mounts it");
    assert_eq!(c.tree().as_ref(), Ok(tree), "C");
    let config = python::Config {
        block_count,
        ..python::Config::default()
    };
    assert_eq!(
        Python::start().read(&image, &config).as_ref(),
        Ok(tree),
        "Python"
    );
}

/// The package's files without the source maps.
fn frontend() -> Tree {
    let home = common::installed(PACKAGE, |home| {
        common::run(
            Command::new("npm")
                .args([
                    "install",
                    "--no-save",
                    "--ignore-scripts",
                    "--no-audit",
                    "--no-fund",
                ])
                .args(["--loglevel", "error", "--prefix"])
                .arg(home)
                .arg(PACKAGE),
        );
    });
    let mut tree = Tree::default();
    add(&mut tree, &home.join("node_modules/swagger-ui-dist"), "");
    tree
}

fn add(tree: &mut Tree, folder: &Path, prefix: &str) {
    for entry in fs::read_dir(folder).expect("it is installed") {
        let entry = entry.expect("it can be listed").path();
        let name = entry
            .file_name()
            .and_then(|name| name.to_str())
            .expect("its names are UTF-8");
        let path = format!("{prefix}{name}");
        if entry.is_dir() {
            tree.insert(&path, None);
            add(tree, &entry, &format!("{path}/"));
        } else if !name.ends_with(".map") {
            tree.insert(&path, Some(fs::read(&entry).expect("it can be read")));
        }
    }
}

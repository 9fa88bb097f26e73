//! How long patches are: `cargo run --release -p faceplate-patch --example measure OLD NEW…`, images as
//! `faceplate pack` writes them.

use std::{env, error::Error, fs, time::Instant};

use faceplate::{
    chunks::{Chunk, Chunker, List},
    sha256::{SOFTWARE, Sha256},
};
use faceplate_patch::{ChunkList, apply, from_chunks, from_image};

fn main() -> Result<(), Box<dyn Error>> {
    let mut paths = env::args().skip(1);
    let old = fs::read(paths.next().ok_or("say OLD and NEW")?)?;
    let list = list(&old);
    println!("| new | image | exact | by the list | the list | made in |");
    println!("|---|---|---|---|---|---|");
    for path in paths {
        let new = fs::read(&path)?;
        let begin = Instant::now();
        let exact = from_image(&old, &new, None)?;
        let exact_took = begin.elapsed();
        let begin = Instant::now();
        let listed = from_chunks(&ChunkList::parse(&list)?, None, &new)?;
        let listed_took = begin.elapsed();
        for patch in [&exact, &listed] {
            if apply(patch.bytes(), &old, &[])? != new {
                return Err("a patch makes another image".into());
            }
        }
        println!(
            "| {path} | {} | {} | {} | {} | {} ms, {} ms |",
            new.len(),
            exact.bytes().len(),
            listed.bytes().len(),
            list.len(),
            exact_took.as_millis(),
            listed_took.as_millis(),
        );
    }
    Ok(())
}

/// The list that a device would send.
fn list(image: &[u8]) -> Vec<u8> {
    let mut hash = Sha256::new(SOFTWARE);
    hash.update(image);
    let head = List {
        len: image.len() as u32,
        sha256: Some(hash.finish()),
    };
    let mut list = head.encode().to_vec();
    let mut chunker = Chunker::new(image.len() as u32, SOFTWARE);
    let mut rest = image;
    while !rest.is_empty() {
        let (taken, chunk) = chunker.take(rest);
        rest = &rest[taken..];
        list.extend(chunk.iter().flat_map(Chunk::encode));
    }
    list
}

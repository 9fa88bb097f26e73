//! This crate's builder and reader, in the terms of the model.

use littlefs_image::{
    BLOCK_SIZE, OutOfBounds,
    build::{BuildError, Builder, Options},
    check::Report,
    read::{Entry, Error, Image, Node as Found, Step},
    run,
};

use super::{
    model::{Attributes, KINDS, Node, Tree},
    random::Random,
};

/// A builder that holds the tree, put together in some order.
pub fn builder(tree: &Tree, random: &mut Random) -> Result<Builder, BuildError> {
    let mut builder = Builder::new();
    let mut nodes: Vec<_> = tree.nodes.iter().collect();
    random.shuffle(&mut nodes);
    for (path, node) in &nodes {
        match &node.data {
            Some(data) => builder.file(path, data.clone())?,
            None => builder.dir(path)?,
        };
    }
    random.shuffle(&mut nodes);
    let nodes = nodes
        .into_iter()
        .map(|(path, node)| (path.as_str(), &node.attributes));
    for (path, attributes) in nodes.chain([("", &tree.attributes)]) {
        let mut attributes: Vec<_> = attributes.iter().collect();
        random.shuffle(&mut attributes);
        for (kind, value) in attributes {
            builder.attr(path, *kind, value)?;
        }
    }
    Ok(builder)
}

/// Builds an image of the tree.
pub fn build(tree: &Tree, options: &Options, random: &mut Random) -> Result<Vec<u8>, BuildError> {
    builder(tree, random)?.build(options)
}

/// Checks an image, and reads it after all that the check says is unused was cut off.
pub fn read(image: &[u8]) -> Result<Tree, Error<OutOfBounds>> {
    let report = check(image)?;
    let used = (report.last_used_block as usize + 1) * BLOCK_SIZE;
    let tree = read_unchecked(&image[..used])?;
    let files = tree.files();
    let counted = (
        report.files as usize,
        report.dirs as usize,
        report.bytes as usize,
    );
    assert_eq!(
        counted,
        (files.len(), tree.nodes.len() - files.len(), tree.size())
    );
    Ok(tree)
}

/// Checks an image.
pub fn check(mut image: &[u8]) -> Result<Report, Error<OutOfBounds>> {
    let blocks = (image.len() / BLOCK_SIZE) as u32;
    let mut owners = vec![0; blocks as usize];
    run(littlefs_image::check::check(
        &mut image,
        blocks,
        &mut [0; BLOCK_SIZE],
        &mut owners,
    ))
}

/// Reads everything. Each path is listed, looked up by its name, and read in pieces.
pub fn read_unchecked(image: &[u8]) -> Result<Tree, Error<OutOfBounds>> {
    let blocks = (image.len() / BLOCK_SIZE) as u32;
    let mut bytes = image;
    let image = run(Image::mount(&mut bytes, blocks))?;
    let root = run(image.find(&mut bytes, ""))?.expect("there is a root");
    let mut tree = Tree {
        attributes: attributes(&image, &mut bytes, &root)?,
        ..Tree::default()
    };
    let mut walk = image.walk();
    while let Some(step) = run(walk.next(&mut bytes))? {
        let listed = match step {
            Step::Enter(entry) | Step::File(entry) => entry,
            Step::Leave => continue,
        };
        let found = run(image.find(&mut bytes, walk.path()))?.expect("what is listed is found");
        assert_eq!(found, listed, "{:?}", walk.path());
        let data = match found.node {
            Found::Dir(_) => None,
            Found::File(file) => {
                let mut reader = image.reader(&file);
                let mut data = Vec::new();
                let mut piece = [0; 1000];
                loop {
                    let length = run(reader.read(&mut bytes, &mut piece))?;
                    if length == 0 {
                        break;
                    }
                    data.extend_from_slice(&piece[..length]);
                }
                Some(data)
            }
        };
        let attributes = attributes(&image, &mut bytes, &found)?;
        let before = tree
            .nodes
            .insert(walk.path().into(), Node { attributes, data });
        assert!(before.is_none(), "{:?} is listed twice", walk.path());
    }
    Ok(tree)
}

fn attributes(
    image: &Image,
    bytes: &mut &[u8],
    entry: &Entry,
) -> Result<Attributes, Error<OutOfBounds>> {
    let mut attributes = Attributes::new();
    for kind in KINDS {
        let mut value = vec![0; 1022];
        if let Some(length) = run(image.attr(bytes, entry, kind, &mut value))? {
            value.truncate(length);
            attributes.insert(kind, value);
        }
    }
    Ok(attributes)
}

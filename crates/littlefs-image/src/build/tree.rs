//! The tree of files and directories that an image will hold, in the order of its names on disk.

use alloc::{
    collections::{BTreeMap, btree_map::Entry},
    string::{String, ToString},
    vec::Vec,
};
use core::cmp::Ordering;

use super::{
    Place,
    error::{BuildError, NameProblem},
    metadata::{ATTRS_BYTES_MAX, Attributes, TAG_SIZE, attributes_bytes},
};
use crate::{
    format::{ATTR_MAX, FILE_MAX, NAME_MAX, name_order},
    read::{DEPTH_MAX, PATH_MAX},
};

/// A name, ordered as LittleFS orders the entries of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name(pub(super) String);

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        name_order(self.0.as_bytes(), other.0.as_bytes())
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The entries of a directory.
pub(super) type Entries = BTreeMap<Name, Node>;

/// A file or directory with its attributes.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) attributes: Attributes,
    /// Where its blocks are wished for, if it is a file.
    pub(super) place: Place,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    File(Vec<u8>),
    Directory(Entries),
}

impl Node {
    fn new(kind: Kind) -> Self {
        Self {
            attributes: Attributes::new(),
            place: Place::default(),
            kind,
        }
    }
}

/// The whole tree; every path in it is valid.
#[derive(Debug, Clone, Default)]
pub(super) struct Tree {
    pub(super) attributes: Attributes,
    pub(super) entries: Entries,
}

impl Tree {
    pub(super) fn file(&mut self, path: &str, data: Vec<u8>) -> Result<(), BuildError> {
        let (parents, name) = split(path)?;
        check_depth(path, parents)?;
        if data.len() > FILE_MAX as usize {
            return Err(BuildError::FileTooLarge { path: path.into() });
        }
        match self.directory(path, parents)?.entry(Name(name.into())) {
            Entry::Occupied(_) => Err(BuildError::Duplicate { path: path.into() }),
            Entry::Vacant(place) => {
                place.insert(Node::new(Kind::File(data)));
                Ok(())
            }
        }
    }

    pub(super) fn dir(&mut self, path: &str) -> Result<(), BuildError> {
        split(path)?;
        check_depth(path, Some(path))?;
        self.directory(path, Some(path)).map(|_| ())
    }

    pub(super) fn attribute(
        &mut self,
        path: &str,
        kind: u8,
        value: &[u8],
    ) -> Result<(), BuildError> {
        if value.len() > ATTR_MAX as usize {
            let size = value.len();
            return Err(BuildError::AttributeTooLarge {
                path: path.into(),
                kind,
                size,
            });
        }
        let attributes = if path.is_empty() {
            &mut self.attributes
        } else {
            split(path)?;
            &mut self.find(path)?.attributes
        };
        if attributes.contains_key(&kind) {
            return Err(BuildError::DuplicateAttribute {
                path: path.into(),
                kind,
            });
        }
        if attributes_bytes(attributes) + TAG_SIZE + value.len() > ATTRS_BYTES_MAX {
            return Err(BuildError::TooManyAttributes { path: path.into() });
        }
        attributes.insert(kind, value.to_vec());
        Ok(())
    }

    /// The entries of the directory `names` (`None`: the root), made with its parents if missing.
    fn directory(&mut self, path: &str, names: Option<&str>) -> Result<&mut Entries, BuildError> {
        let mut entries = &mut self.entries;
        let mut end = 0;
        for name in names.into_iter().flat_map(|names| names.split('/')) {
            end += name.len();
            let node = entries
                .entry(Name(name.into()))
                .or_insert_with(|| Node::new(Kind::Directory(Entries::new())));
            entries = match &mut node.kind {
                Kind::Directory(entries) => entries,
                // `dir` on a file says that the path is taken; anything below a file, that it is one.
                Kind::File(_) if end == path.len() => {
                    return Err(BuildError::Duplicate { path: path.into() });
                }
                Kind::File(_) => {
                    let file = path.get(..end).unwrap_or(path);
                    return Err(BuildError::NotADirectory { path: file.into() });
                }
            };
            end += 1;
        }
        Ok(entries)
    }

    pub(super) fn place(&mut self, path: &str, place: Place) -> Result<(), BuildError> {
        split(path)?;
        self.find(path)?.place = place;
        Ok(())
    }

    /// What is at `path`.
    fn find(&mut self, path: &str) -> Result<&mut Node, BuildError> {
        let missing = || BuildError::NotFound { path: path.into() };
        let mut entries = &mut self.entries;
        let mut names = path.split('/').peekable();
        while let Some(name) = names.next() {
            let node = entries.get_mut(&Name(name.into())).ok_or_else(missing)?;
            if names.peek().is_none() {
                return Ok(node);
            }
            match &mut node.kind {
                Kind::Directory(inner) => entries = inner,
                Kind::File(_) => break,
            }
        }
        Err(missing())
    }
}

/// Checks a path and splits off its last name.
fn split(path: &str) -> Result<(Option<&str>, &str), BuildError> {
    let bad = |problem| BuildError::BadName {
        path: path.to_string(),
        problem,
    };
    for name in path.split('/') {
        if name.is_empty() {
            return Err(bad(NameProblem::Empty));
        }
        if name == "." || name == ".." {
            return Err(bad(NameProblem::Dots));
        }
        if name.bytes().any(|byte| byte.is_ascii_control()) {
            return Err(bad(NameProblem::Control));
        }
        if name.len() > NAME_MAX as usize {
            return Err(BuildError::NameTooLong {
                path: path.into(),
                name_max: NAME_MAX,
            });
        }
    }
    if path.len() > PATH_MAX {
        return Err(BuildError::PathTooLong { path: path.into() });
    }
    Ok(match path.rsplit_once('/') {
        Some((parents, name)) => (Some(parents), name),
        None => (None, path),
    })
}

/// Checks how deep directories are nested; `None` is the root.
fn check_depth(path: &str, directory: Option<&str>) -> Result<(), BuildError> {
    match directory {
        Some(names) if names.split('/').count() > DEPTH_MAX => {
            Err(BuildError::TooDeep { path: path.into() })
        }
        _ => Ok(()),
    }
}

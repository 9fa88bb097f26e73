//! A file system as a plain map, the truth that every implementation is held against.

use std::collections::BTreeMap;

use littlefs_image::read::{DEPTH_MAX, PATH_MAX};

use super::random::Random;

/// Kinds of attributes that the generators use: both ends and one in between.
pub const KINDS: [u8; 3] = [0x00, 0x66, 0xff];

pub type Attributes = BTreeMap<u8, Vec<u8>>;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    pub attributes: Attributes,
    /// By path, such as `assets/app.js`.
    pub nodes: BTreeMap<String, Node>,
}

#[derive(Clone, PartialEq, Eq)]
pub struct Node {
    pub attributes: Attributes,
    /// The content of a file; `None` is a directory.
    pub data: Option<Vec<u8>>,
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let data = self
            .data
            .as_ref()
            .map(|data| (data.len(), &data[..data.len().min(8)]));
        write!(f, "{data:?} {:?}", self.attributes)
    }
}

/// A change of a file system.
#[derive(Debug, Clone)]
pub enum Op {
    Mkdir(String),
    /// Makes the file, or replaces its content.
    Write(String, Vec<u8>),
    Append(String, Vec<u8>),
    /// Cuts the file, or fills it with zeros, to this length.
    Truncate(String, usize),
    /// Overwrites in the middle.
    Patch(String, usize, Vec<u8>),
    /// Replaces what is at the second path.
    Rename(String, String),
    Remove(String),
    SetAttribute(String, u8, Vec<u8>),
    RemoveAttribute(String, u8),
    Remount,
}

impl Tree {
    pub fn directories(&self) -> Vec<&str> {
        let directories = self.nodes.iter().filter(|(_, node)| node.data.is_none());
        std::iter::once("")
            .chain(directories.map(|(path, _)| path.as_str()))
            .collect()
    }

    pub fn files(&self) -> Vec<&str> {
        let files = self.nodes.iter().filter(|(_, node)| node.data.is_some());
        files.map(|(path, _)| path.as_str()).collect()
    }

    /// Bytes of all files.
    pub fn size(&self) -> usize {
        self.nodes
            .values()
            .filter_map(|node| node.data.as_ref())
            .map(Vec::len)
            .sum()
    }

    fn is_empty_directory(&self, path: &str) -> bool {
        let inside = format!("{path}/");
        !self.nodes.keys().any(|other| other.starts_with(&inside))
    }

    pub fn attributes_of(&mut self, path: &str) -> &mut Attributes {
        match path {
            "" => &mut self.attributes,
            path => {
                &mut self
                    .nodes
                    .get_mut(path)
                    .expect("the path exists")
                    .attributes
            }
        }
    }

    fn data_of(&mut self, path: &str) -> &mut Vec<u8> {
        let node = self.nodes.get_mut(path).expect("the path exists");
        node.data.as_mut().expect("it is a file")
    }

    pub fn insert(&mut self, path: &str, data: Option<Vec<u8>>) {
        self.nodes.insert(
            path.into(),
            Node {
                attributes: Attributes::new(),
                data,
            },
        );
    }

    /// Does what a file system has to do.
    pub fn apply(&mut self, op: &Op) {
        match op {
            Op::Mkdir(path) => self.insert(path, None),
            Op::Write(path, data) => match self.nodes.get_mut(path) {
                Some(node) => node.data = Some(data.clone()),
                None => self.insert(path, Some(data.clone())),
            },
            Op::Append(path, data) => self.data_of(path).extend_from_slice(data),
            Op::Truncate(path, length) => self.data_of(path).resize(*length, 0),
            Op::Patch(path, at, data) => {
                self.data_of(path)[*at..at + data.len()].copy_from_slice(data);
            }
            Op::Rename(from, to) => {
                let inside = format!("{from}/");
                let all = self
                    .nodes
                    .keys()
                    .filter(|path| *path == from || path.starts_with(&inside));
                for path in all.cloned().collect::<Vec<_>>() {
                    let node = self.nodes.remove(&path).expect("it was listed");
                    self.nodes
                        .insert(format!("{to}{}", &path[from.len()..]), node);
                }
            }
            Op::Remove(path) => {
                self.nodes.remove(path);
            }
            Op::SetAttribute(path, kind, value) => {
                self.attributes_of(path).insert(*kind, value.clone());
            }
            Op::RemoveAttribute(path, kind) => {
                self.attributes_of(path).remove(kind);
            }
            Op::Remount => {}
        }
    }

    /// The steps that make this tree from nothing, parents first.
    pub fn ops(&self) -> Vec<Op> {
        let mut ops = Vec::new();
        for (path, node) in &self.nodes {
            ops.push(match &node.data {
                Some(data) => Op::Write(path.clone(), data.clone()),
                None => Op::Mkdir(path.clone()),
            });
        }
        let attributes = self
            .nodes
            .iter()
            .map(|(path, node)| (path.as_str(), &node.attributes));
        for (path, attributes) in attributes.chain([("", &self.attributes)]) {
            for (kind, value) in attributes {
                ops.push(Op::SetAttribute(path.into(), *kind, value.clone()));
            }
        }
        ops
    }

    /// The tree that these steps make from nothing.
    pub fn of(ops: &[Op]) -> Self {
        let mut tree = Self::default();
        ops.iter().for_each(|op| tree.apply(op));
        tree
    }

    /// A tree of any shape that may be built.
    pub fn random(random: &mut Random) -> Self {
        let mut tree = Self::default();
        for _ in 0..random.within(0, 30) {
            let Some(path) = tree.new_path(random) else {
                continue;
            };
            let data = (!random.one_in(4)).then(|| random_data(random));
            tree.insert(&path, data);
        }
        if random.one_in(4) {
            tree.add_crowd(random);
        }
        if random.one_in(4) {
            let names: Vec<String> = (0..DEPTH_MAX).map(|depth| format!("d{depth}")).collect();
            for depth in 1..=DEPTH_MAX {
                tree.insert(&names[..depth].join("/"), None);
            }
            tree.insert(
                &format!("{}/deep", names.join("/")),
                Some(random_data(random)),
            );
        }
        for _ in 0..random.below(1 + tree.nodes.len()) {
            let (path, kind, value) = tree.random_attribute(random);
            tree.attributes_of(&path).insert(kind, value);
        }
        tree
    }

    /// A directory that needs several metadata pairs.
    pub fn add_crowd(&mut self, random: &mut Random) {
        self.insert("crowd", None);
        for _ in 0..random.within(50, 300) {
            let path = format!("crowd/{}", random_name(random, 60));
            let data = (!random.one_in(20)).then(|| {
                let length = random.below(100);
                random.bytes(length)
            });
            self.insert(&path, data);
        }
    }

    /// A path that is free, in one of the directories.
    fn new_path(&self, random: &mut Random) -> Option<String> {
        let parent = random.pick(&self.directories());
        let room = PATH_MAX
            .checked_sub(parent.len() + 1)
            .filter(|room| *room > 0)?;
        let name = random_name(random, room);
        let path = if parent.is_empty() {
            name
        } else {
            format!("{parent}/{name}")
        };
        let free = !self.nodes.contains_key(&path) && path.split('/').count() <= DEPTH_MAX;
        free.then_some(path)
    }

    fn random_path(&self, random: &mut Random) -> String {
        let paths: Vec<&str> = self.nodes.keys().map(String::as_str).chain([""]).collect();
        random.pick(&paths).into()
    }

    fn random_attribute(&self, random: &mut Random) -> (String, u8, Vec<u8>) {
        let kind = KINDS[random.below(KINDS.len())];
        // At most one kind of the largest size: several of them don't fit into a metadata block.
        let length = if kind == 0x00 && random.one_in(10) {
            1022
        } else {
            random.below(65)
        };
        (self.random_path(random), kind, random.bytes(length))
    }

    /// A change that this tree allows. A tree of `full` bytes gets no larger.
    pub fn random_op(&self, random: &mut Random, full: usize) -> Op {
        let files = self.files();
        let room = self.size() < full && self.nodes.len() < 400;
        loop {
            let file = (!files.is_empty()).then(|| random.pick(&files).to_string());
            let data = random_data(random);
            return match (random.below(14), file) {
                (0..=1, _) if room => match self.new_path(random) {
                    Some(path) => Op::Mkdir(path),
                    None => continue,
                },
                (2..=4, _) if room => match self.new_path(random) {
                    Some(path) => Op::Write(path, data),
                    None => continue,
                },
                (5, Some(path)) if room => Op::Write(path, data),
                (6, Some(path)) if room => Op::Append(path, data),
                (7, Some(path)) => {
                    let length = self.nodes[&path].data.as_ref().map_or(0, Vec::len);
                    Op::Truncate(path, random.below(length + 100))
                }
                (8, Some(path)) => {
                    let length = self.nodes[&path].data.as_ref().map_or(0, Vec::len);
                    let at = random.below(length + 1);
                    Op::Patch(path, at, data[..data.len().min(length - at)].to_vec())
                }
                (9..=10, _) if !self.nodes.is_empty() => match self.random_rename(random) {
                    Some(op) => op,
                    None => continue,
                },
                (11, _) if !self.nodes.is_empty() => {
                    let path = self.random_path(random);
                    if path.is_empty() || !self.is_empty_directory(&path) {
                        continue;
                    }
                    Op::Remove(path)
                }
                (12, _) => match self.random_attribute(random) {
                    (path, kind, value) if !random.one_in(3) => Op::SetAttribute(path, kind, value),
                    (path, kind, _) => Op::RemoveAttribute(path, kind),
                },
                (13, _) if random.one_in(4) => Op::Remount,
                _ => continue,
            };
        }
    }

    fn random_rename(&self, random: &mut Random) -> Option<Op> {
        let from = self.random_path(random);
        let node = self.nodes.get(&from)?;
        // A free path, or one whose owner may be replaced: a file by a file.
        let files = self.files();
        let to = if node.data.is_some() && random.one_in(3) {
            random.pick(&files).to_string()
        } else {
            self.new_path(random)?
        };
        let inside = format!("{from}/");
        let valid = to != from
            && !to.starts_with(&inside)
            && self
                .nodes
                .keys()
                .filter(|path| path.starts_with(&inside))
                .all(|path| {
                    let moved = format!("{to}{}", &path[from.len()..]);
                    moved.len() <= PATH_MAX && moved.split('/').count() <= DEPTH_MAX
                });
        valid.then_some(Op::Rename(from, to))
    }
}

/// A valid name. Many are the beginning of another, which is where sort orders differ.
pub fn random_name(random: &mut Random, room: usize) -> String {
    let stems = [
        "a",
        "app",
        "index",
        "B",
        "z9",
        "grüße",
        "日本",
        "with space",
        "-",
        "_",
        "~",
        "...",
    ];
    let ends = [
        "", ".js", ".js.gz", ".js.map", ".css", ".html", ".html.gz", "-1", "-12", "é",
    ];
    let mut name = format!("{}{}", random.pick(&stems), random.pick(&ends));
    if random.one_in(2) {
        name += &format!("{:x}", random.next() as u16);
    }
    if random.one_in(30) {
        name += &"x".repeat(random.below(256));
    }
    let room = room.min(255);
    while name.len() > room {
        name.pop();
    }
    if matches!(name.as_str(), "" | "." | "..") {
        "n".into()
    } else {
        name
    }
}

/// Content of a file, mostly small, with all the sizes where something changes.
pub fn random_data(random: &mut Random) -> Vec<u8> {
    let edges = [
        0, 1, 64, 65, 511, 512, 513, 4095, 4096, 4097, 8187, 8188, 8189, 12276, 16368,
    ];
    let length = match random.below(20) {
        0..=5 => edges[random.below(edges.len())],
        6..=12 => random.below(600),
        13..=17 => random.below(6_000),
        18 => random.below(30_000),
        _ => random.below(120_000),
    };
    random.bytes(length)
}

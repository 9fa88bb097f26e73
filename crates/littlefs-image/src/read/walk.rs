//! Listing everything in an image.

use super::{Dir, Entry, Error, Image, Node};
use crate::{
    format::name_is_sound,
    limits::{DEPTH_MAX, ENTRIES_MAX, PATH_MAX},
    log::{Commits, fetch},
    storage::Storage,
};

/// One step of a [`Walk`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A directory begins; its entries come next.
    Enter(Entry),
    /// A file.
    File(Entry),
    /// The directory entered last, and not left yet, ends.
    Leave,
}

/// A directory that is being listed.
#[derive(Debug, Clone, Copy)]
struct Level {
    pair: [u32; 2],
    /// The next entry in the pair.
    id: u16,
    /// Length of the directory's path.
    path: u8,
}

/// A listing of all files and directories, depth first, in LittleFS's order of names.
///
/// It ends for any bytes: a level is never deeper than [`DEPTH_MAX`], there are never more metadata
/// pairs than fit into the image, and no more entries than [`ENTRIES_MAX`]. After an error it has
/// ended.
#[derive(Debug, Clone)]
pub struct Walk {
    image: Image,
    levels: [Level; DEPTH_MAX + 1],
    /// Number of levels in use; 0 when the walk has ended.
    depth: usize,
    /// The metadata of the innermost level, if it was fetched.
    commits: Option<Commits>,
    pairs_left: u32,
    entries_left: u32,
    path: [u8; PATH_MAX],
    path_len: usize,
}

impl Walk {
    pub(super) fn new(image: Image) -> Self {
        let root = Level {
            pair: image.root.pair,
            id: 0,
            path: 0,
        };
        Walk {
            image,
            levels: [root; DEPTH_MAX + 1],
            depth: 1,
            commits: None,
            pairs_left: image.blocks / 2,
            entries_left: ENTRIES_MAX,
            path: [0; PATH_MAX],
            path_len: 0,
        }
    }

    /// Path of the entry of the last step, like `assets/app.js`; at [`Step::Leave`] that of the
    /// directory that is left.
    #[must_use]
    pub fn path(&self) -> &str {
        // Names are checked to be UTF-8 one by one, and so is what they join to.
        core::str::from_utf8(&self.path[..self.path_len]).unwrap_or_default()
    }

    /// The last part of the path.
    #[must_use]
    pub fn name(&self) -> &str {
        let path = self.path();
        path.rsplit_once('/').map_or(path, |(_, name)| name)
    }

    /// Goes on by one step; `None` at the end.
    ///
    /// # Errors
    /// When the storage fails, the directories are damaged or nested too deep, a path is too long,
    /// or there are too many entries.
    pub async fn next<S: Storage>(
        &mut self,
        storage: &mut S,
    ) -> Result<Option<Step>, Error<S::Error>> {
        let step = self.step(storage).await;
        if step.is_err() {
            self.depth = 0;
        }
        step
    }

    async fn step<S: Storage>(&mut self, storage: &mut S) -> Result<Option<Step>, Error<S::Error>> {
        while let Some(top) = self.depth.checked_sub(1) {
            let Level { pair, id, path } = self.levels[top];
            self.path_len = path.into();
            let commits = match self.commits {
                Some(commits) => commits,
                None => fetch(storage, self.image.blocks, pair, None).await?,
            };
            self.commits = Some(commits);

            if id >= commits.count {
                self.commits = None;
                match commits.tail {
                    Some(tail) if tail.hard => {
                        self.count_pair(tail.pair)?;
                        self.levels[top].pair = tail.pair;
                        self.levels[top].id = 0;
                        continue;
                    }
                    _ => self.depth = top,
                }
                return Ok((top > 0).then_some(Step::Leave));
            }

            self.levels[top].id += 1;
            let Some((entry, name)) = self.image.entry(storage, &commits.log, id).await? else {
                continue;
            };
            self.entries_left = self
                .entries_left
                .checked_sub(1)
                .ok_or(Error::TooManyEntries { limit: ENTRIES_MAX })?;
            let block = commits.log.block;
            let mut start = self.path_len;
            if start > 0 && start < PATH_MAX {
                self.path[start] = b'/';
                start += 1;
            }
            let end = start + usize::from(name.length);
            let place = self
                .path
                .get_mut(start..end)
                .ok_or(Error::PathTooLong { block, id })?;
            storage
                .read(name.offset, place)
                .await
                .map_err(Error::Storage)?;
            if !name_is_sound(place) {
                return Err(Error::Name { block, id });
            }
            self.path_len = end;

            let Node::Dir(Dir { pair }) = entry.node else {
                return Ok(Some(Step::File(entry)));
            };
            self.count_pair(pair)?;
            // The path has at most PATH_MAX = 255 bytes.
            let level = Level {
                pair,
                id: 0,
                path: end as u8,
            };
            *self
                .levels
                .get_mut(self.depth)
                .ok_or(Error::TooDeep { pair })? = level;
            self.depth += 1;
            self.commits = None;
            return Ok(Some(Step::Enter(entry)));
        }
        Ok(None)
    }

    fn count_pair<E>(&mut self, pair: [u32; 2]) -> Result<(), Error<E>> {
        self.pairs_left = self
            .pairs_left
            .checked_sub(1)
            .ok_or(Error::Circle { pair })?;
        Ok(())
    }
}

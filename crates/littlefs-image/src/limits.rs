//! How large a tree of files may be that is read, checked or built.

/// Longest path that is listed, bytes, without a leading slash. It bounds the path buffer; the
/// longest name alone may have as many (`NAME_MAX`), and built frontends stay below 150.
pub const PATH_MAX: usize = 255;

/// How deep directories may be nested below the root. Each level costs 12 bytes of the walk; built
/// frontends have at most 5 or 6 (`_app/immutable/nodes/...`).
pub const DEPTH_MAX: usize = 16;

/// Most files and directories in an image, together: far above any frontend for a slot of 1 MiB.
///
/// It bounds the time of the check, which looks through a whole metadata block for each of them. The
/// slowest image of 1 MiB that was made for it (4088 entries in all of its 128 pairs, each full of
/// other records) takes 380 million instructions of a PC, one of 4096 empty files 105 million.
pub const ENTRIES_MAX: u32 = 4096;

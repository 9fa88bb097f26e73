//! C littlefs, the reference implementation, on a disk in memory.
//!
//! The crate `littlefs2` would be a safe wrapper, but it refuses disk version 2.1, has its
//! parameters at compile time and knows ASCII names only; so this calls the C functions.
#![allow(unsafe_code, reason = "calls a C library; tests only")]

use std::ffi::{CString, c_int, c_void};

use littlefs2_sys as lfs;

use super::model::{Attributes, KINDS, Node, Op, Tree};

pub const BLOCK_SIZE: usize = 4096;

/// How C littlefs is set up.
#[derive(Debug, Clone)]
pub struct Config {
    pub block_count: u32,
    /// Read, program and cache size, bytes.
    pub cache: u32,
    pub version: u32,
    /// Changes of a metadata block until it moves; -1 is never.
    pub block_cycles: i32,
    /// 0 is the default of C littlefs.
    pub name_max: u32,
}

impl Default for Config {
    /// As esp_littlefs has it.
    fn default() -> Self {
        Self {
            block_count: 256,
            cache: 512,
            version: 0x0002_0001,
            block_cycles: 512,
            name_max: 0,
        }
    }
}

// How files are opened. C repairs what it finds odd when one is opened for writing, so `tree`, which
// is the judge, only reads.
const READ: u32 = lfs::lfs_open_flags_LFS_O_RDONLY;
const WRITE: u32 = lfs::lfs_open_flags_LFS_O_RDWR;
const CREATE: u32 = lfs::lfs_open_flags_LFS_O_CREAT;
const TRUNCATE: u32 = lfs::lfs_open_flags_LFS_O_TRUNC;
const APPEND: u32 = lfs::lfs_open_flags_LFS_O_APPEND;

/// What a C function returns instead of success, with the function's name.
pub type Failure = (&'static str, c_int);

/// A mounted file system. The pointers are boxes that C keeps the addresses of.
pub struct C {
    fs: *mut lfs::lfs_t,
    config: *mut lfs::lfs_config,
    disk: *mut Vec<u8>,
    mounted: bool,
}

impl C {
    /// A new file system.
    pub fn format(config: &Config) -> Self {
        let mut c = Self::new(Vec::new(), config);
        // SAFETY: both pointers are valid for as long as `c` lives, as everywhere below.
        check("lfs_format", unsafe { lfs::lfs_format(c.fs, c.config) }).expect("a blank disk");
        c.remount().expect("a file system that C made");
        c
    }

    /// A file system from an image, which may be short.
    pub fn mount(image: &[u8], config: &Config) -> Result<Self, Failure> {
        let mut c = Self::new(image.to_vec(), config);
        c.remount()?;
        Ok(c)
    }

    fn new(mut image: Vec<u8>, config: &Config) -> Self {
        image.resize(config.block_count as usize * BLOCK_SIZE, 0xff);
        let disk = Box::into_raw(Box::new(image));
        let config = lfs::lfs_config {
            context: disk.cast(),
            read: Some(read),
            prog: Some(program),
            erase: Some(erase),
            sync: Some(sync),
            read_size: config.cache,
            prog_size: config.cache,
            cache_size: config.cache,
            block_size: BLOCK_SIZE as u32,
            block_count: config.block_count,
            block_cycles: config.block_cycles,
            lookahead_size: 128,
            name_max: config.name_max,
            disk_version: config.version,
            ..Default::default()
        };
        Self {
            fs: Box::into_raw(Box::default()),
            config: Box::into_raw(Box::new(config)),
            disk,
            mounted: false,
        }
    }

    /// All blocks of the disk.
    pub fn image(&self) -> Vec<u8> {
        // SAFETY: C touches the disk only within its own functions, none of which runs now.
        unsafe { (*self.disk).clone() }
    }

    fn remount(&mut self) -> Result<(), Failure> {
        self.unmount()?;
        check("lfs_mount", unsafe { lfs::lfs_mount(self.fs, self.config) })?;
        self.mounted = true;
        Ok(())
    }

    fn unmount(&mut self) -> Result<(), Failure> {
        if std::mem::take(&mut self.mounted) {
            check("lfs_unmount", unsafe { lfs::lfs_unmount(self.fs) })?;
        }
        Ok(())
    }

    /// Makes a change.
    pub fn apply(&mut self, op: &Op) -> Result<(), Failure> {
        let fs = self.fs;
        match op {
            Op::Mkdir(path) => check("lfs_mkdir", unsafe {
                lfs::lfs_mkdir(fs, text(path).as_ptr())
            }),
            Op::Write(path, data) => {
                self.open(path, WRITE | CREATE | TRUNCATE, |file| file.write(data))
            }
            Op::Append(path, data) => self.open(path, WRITE | APPEND, |file| file.write(data)),
            Op::Truncate(path, length) => self.open(path, WRITE, |file| {
                let length = *length as u32;
                check("lfs_file_truncate", unsafe {
                    lfs::lfs_file_truncate(file.fs, file.file, length)
                })
            }),
            Op::Patch(path, at, data) => self.open(path, WRITE, |file| {
                let at = *at as i32;
                check("lfs_file_seek", unsafe {
                    lfs::lfs_file_seek(file.fs, file.file, at, 0)
                })?;
                file.write(data)
            }),
            Op::Rename(from, to) => check("lfs_rename", unsafe {
                lfs::lfs_rename(fs, text(from).as_ptr(), text(to).as_ptr())
            }),
            Op::Remove(path) => check("lfs_remove", unsafe {
                lfs::lfs_remove(fs, text(path).as_ptr())
            }),
            Op::SetAttribute(path, kind, value) => check("lfs_setattr", unsafe {
                let (data, size) = (value.as_ptr().cast(), value.len() as u32);
                lfs::lfs_setattr(fs, text(path).as_ptr(), *kind, data, size)
            }),
            Op::RemoveAttribute(path, kind) => check("lfs_removeattr", unsafe {
                lfs::lfs_removeattr(fs, text(path).as_ptr(), *kind)
            }),
            Op::Remount => self.remount(),
        }
    }

    fn open<T>(
        &self,
        path: &str,
        flags: u32,
        work: impl FnOnce(&File) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let file = File {
            fs: self.fs,
            file: Box::into_raw(Box::default()),
        };
        check("lfs_file_open", unsafe {
            lfs::lfs_file_open(self.fs, file.file, text(path).as_ptr(), flags as c_int)
        })
        .inspect_err(|_| file.free())?;
        let result = work(&file);
        let closed = check("lfs_file_close", unsafe {
            lfs::lfs_file_close(self.fs, file.file)
        });
        file.free();
        closed.and(result)
    }

    /// Reads everything. Each path is listed, looked up by its name, and read.
    pub fn tree(&self) -> Result<Tree, Failure> {
        let mut tree = Tree {
            attributes: self.attributes("")?,
            ..Tree::default()
        };
        let mut open = vec![String::new()];
        while let Some(directory) = open.pop() {
            for name in self.list(&directory)? {
                let path = if directory.is_empty() {
                    name
                } else {
                    format!("{directory}/{name}")
                };
                let mut info = lfs::lfs_info::default();
                check("lfs_stat", unsafe {
                    lfs::lfs_stat(self.fs, text(&path).as_ptr(), &mut info)
                })?;
                let data = if u32::from(info.type_) == lfs::lfs_type_LFS_TYPE_REG {
                    Some(self.open(&path, READ, |file| file.read(info.size as usize))?)
                } else {
                    open.push(path.clone());
                    None
                };
                let attributes = self.attributes(&path)?;
                tree.nodes.insert(path, Node { attributes, data });
            }
        }
        Ok(tree)
    }

    fn list(&self, path: &str) -> Result<Vec<String>, Failure> {
        let directory = Box::into_raw(Box::<lfs::lfs_dir_t>::default());
        let mut names = Vec::new();
        let result = check("lfs_dir_open", unsafe {
            lfs::lfs_dir_open(self.fs, directory, text(path).as_ptr())
        })
        .and_then(|()| {
            let mut info = lfs::lfs_info::default();
            loop {
                let more = unsafe { lfs::lfs_dir_read(self.fs, directory, &mut info) };
                check("lfs_dir_read", more)?;
                if more == 0 {
                    break;
                }
                let bytes: Vec<u8> = info
                    .name
                    .iter()
                    .map(|c| *c as u8)
                    .take_while(|byte| *byte != 0)
                    .collect();
                names.push(String::from_utf8(bytes).expect("the tests' names are UTF-8"));
            }
            check("lfs_dir_close", unsafe {
                lfs::lfs_dir_close(self.fs, directory)
            })
        });
        // SAFETY: closed, or never opened; it came from a box.
        drop(unsafe { Box::from_raw(directory) });
        names.retain(|name| name != "." && name != "..");
        result.map(|()| names)
    }

    fn attributes(&self, path: &str) -> Result<Attributes, Failure> {
        let path = text(path);
        let mut attributes = Attributes::new();
        for kind in KINDS {
            let mut value = vec![0; 1022];
            let size = unsafe {
                lfs::lfs_getattr(
                    self.fs,
                    path.as_ptr(),
                    kind,
                    value.as_mut_ptr().cast(),
                    1022,
                )
            };
            if size != lfs::lfs_error_LFS_ERR_NOATTR {
                check("lfs_getattr", size)?;
                value.truncate(size as usize);
                attributes.insert(kind, value);
            }
        }
        Ok(attributes)
    }
}

impl Drop for C {
    fn drop(&mut self) {
        let unmounted = self.unmount();
        // SAFETY: C has let go of them; each came from a box.
        unsafe {
            drop(Box::from_raw(self.fs));
            drop(Box::from_raw(self.config));
            drop(Box::from_raw(self.disk));
        }
        if !std::thread::panicking() {
            unmounted.expect("unmounts");
        }
    }
}

/// An open file.
struct File {
    fs: *mut lfs::lfs_t,
    file: *mut lfs::lfs_file_t,
}

impl File {
    fn write(&self, data: &[u8]) -> Result<(), Failure> {
        let (bytes, size) = (data.as_ptr().cast(), data.len() as u32);
        check("lfs_file_write", unsafe {
            lfs::lfs_file_write(self.fs, self.file, bytes, size)
        })
    }

    fn read(&self, size: usize) -> Result<Vec<u8>, Failure> {
        // One more than it should have, to see that it ends there.
        let mut data = vec![0; size + 1];
        let (bytes, room) = (data.as_mut_ptr().cast(), data.len() as u32);
        let read = unsafe { lfs::lfs_file_read(self.fs, self.file, bytes, room) };
        check("lfs_file_read", read)?;
        data.truncate(read as usize);
        Ok(data)
    }

    fn free(&self) {
        // SAFETY: called once, after closing; it came from a box.
        drop(unsafe { Box::from_raw(self.file) });
    }
}

fn check(what: &'static str, result: c_int) -> Result<(), Failure> {
    if result < 0 {
        Err((what, result))
    } else {
        Ok(())
    }
}

fn text(path: &str) -> CString {
    CString::new(format!("/{path}")).expect("the tests' paths have no NUL")
}

/// Bytes of the disk that a callback of C means.
///
/// # Safety
/// `config` is that of a [`C`], and nothing else has a reference to its disk.
unsafe fn disk<'a>(
    config: *const lfs::lfs_config,
    block: u32,
    offset: u32,
    size: u32,
) -> Option<&'a mut [u8]> {
    let disk: &mut Vec<u8> = unsafe { &mut *(*config).context.cast() };
    let start = (block as usize)
        .checked_mul(BLOCK_SIZE)?
        .checked_add(offset as usize)?;
    disk.get_mut(start..start.checked_add(size as usize)?)
}

unsafe extern "C" fn read(
    config: *const lfs::lfs_config,
    block: u32,
    offset: u32,
    buffer: *mut c_void,
    size: u32,
) -> c_int {
    let Some(from) = (unsafe { disk(config, block, offset, size) }) else {
        return lfs::lfs_error_LFS_ERR_IO;
    };
    unsafe {
        buffer
            .cast::<u8>()
            .copy_from_nonoverlapping(from.as_ptr(), from.len())
    };
    0
}

unsafe extern "C" fn program(
    config: *const lfs::lfs_config,
    block: u32,
    offset: u32,
    buffer: *const c_void,
    size: u32,
) -> c_int {
    let Some(to) = (unsafe { disk(config, block, offset, size) }) else {
        return lfs::lfs_error_LFS_ERR_IO;
    };
    let from = unsafe { std::slice::from_raw_parts(buffer.cast::<u8>(), size as usize) };
    // Flash turns ones into zeros only: programming what is not erased is a fault of somebody.
    if to.iter().any(|byte| *byte != 0xff) {
        return lfs::lfs_error_LFS_ERR_IO;
    }
    to.copy_from_slice(from);
    0
}

unsafe extern "C" fn erase(config: *const lfs::lfs_config, block: u32) -> c_int {
    match unsafe { disk(config, block, 0, BLOCK_SIZE as u32) } {
        Some(block) => block.fill(0xff),
        None => return lfs::lfs_error_LFS_ERR_IO,
    }
    0
}

unsafe extern "C" fn sync(_: *const lfs::lfs_config) -> c_int {
    0
}

//! C littlefs, the reference implementation, on a flash in memory that counts.
#![allow(unsafe_code, reason = "calls a C library")]

use std::{
    collections::BTreeSet,
    ffi::{CString, c_int, c_void},
    hint::black_box,
};

use faceplate::{
    manifest::{FILE_HASH, FILE_HASH_LEN},
    marks::MARKS,
};
use littlefs2_sys as lfs;

use crate::{PIECE, Reads, Result, frontends::Files, kinds::Kind};

const BLOCK_SIZE: usize = 4096;

// As esp_littlefs has them, bytes.
const READ: u32 = 128;
const PROGRAM: u32 = 128;
const CACHE: usize = 512;
const LOOKAHEAD: u32 = 128;
const BLOCK_CYCLES: i32 = 512;

/// What C's functions for the flash are given.
struct Disk {
    bytes: Vec<u8>,
    reads: Reads,
}

/// A mounted file system. The pointers are boxes that C keeps the addresses of; one that failed is not
/// freed, as a bench then ends.
struct C {
    fs: *mut lfs::lfs_t,
    config: *mut lfs::lfs_config,
    disk: *mut Disk,
}

/// Reads each file so many times: opens it, with its hash and its marks, and reads its bytes. How many those
/// were, and what it took after mounting.
pub(crate) fn read(image: &[u8], blocks: u32, paths: &[&str], rounds: u32) -> Result<(u64, Reads)> {
    let c = C::new(image, blocks);
    let names: Vec<CString> = paths
        .iter()
        .map(|path| CString::new(*path))
        .collect::<std::result::Result<_, _>>()?;
    c.mount()?;
    // SAFETY: C touches the disk only within its own functions, none of which runs now.
    unsafe { (*c.disk).reads = Reads::default() };
    let mut sum = 0;
    for _ in 0..rounds {
        for name in &names {
            sum += c.read(name)?;
        }
    }
    // SAFETY: as above.
    let reads = unsafe { (*c.disk).reads };
    c.end()?;
    Ok((sum, reads))
}

/// What mklittlefs does: formats, makes folders, writes files. How many blocks are then in use.
pub(crate) fn pack(kind: &Kind, files: Files) -> Result<u32> {
    let c = C::new(&[], kind.blocks());
    // SAFETY: the pointers are valid for as long as `c` lives, as everywhere below.
    check("lfs_format", unsafe { lfs::lfs_format(c.fs, c.config) })?;
    c.mount()?;
    let mut made = BTreeSet::new();
    for (path, bytes) in &files {
        for (at, _) in path.match_indices('/') {
            if made.insert(&path[..at]) {
                let folder = CString::new(&path[..at])?;
                check("lfs_mkdir", unsafe {
                    lfs::lfs_mkdir(c.fs, folder.as_ptr())
                })?;
            }
        }
        c.write(&CString::new(path.as_str())?, bytes)?;
    }
    let used = check("lfs_fs_size", unsafe { lfs::lfs_fs_size(c.fs) })?;
    c.end()?;
    Ok(used as u32)
}

impl C {
    fn new(image: &[u8], blocks: u32) -> Self {
        let mut bytes = image.to_vec();
        bytes.resize(blocks as usize * BLOCK_SIZE, 0xff);
        let disk = Box::into_raw(Box::new(Disk {
            bytes,
            reads: Reads::default(),
        }));
        let config = lfs::lfs_config {
            context: disk.cast(),
            read: Some(flash_read),
            prog: Some(flash_program),
            erase: Some(flash_erase),
            sync: Some(flash_sync),
            read_size: READ,
            prog_size: PROGRAM,
            cache_size: CACHE as u32,
            block_size: BLOCK_SIZE as u32,
            block_count: blocks,
            block_cycles: BLOCK_CYCLES,
            lookahead_size: LOOKAHEAD,
            disk_version: 0x0002_0001,
            ..Default::default()
        };
        Self {
            fs: Box::into_raw(Box::default()),
            config: Box::into_raw(Box::new(config)),
            disk,
        }
    }

    fn mount(&self) -> Result<()> {
        check("lfs_mount", unsafe { lfs::lfs_mount(self.fs, self.config) })?;
        Ok(())
    }

    fn end(self) -> Result<()> {
        check("lfs_unmount", unsafe { lfs::lfs_unmount(self.fs) })?;
        // SAFETY: C has let go of them; each came from a box.
        unsafe {
            drop(Box::from_raw(self.fs));
            drop(Box::from_raw(self.config));
            drop(Box::from_raw(self.disk));
        }
        Ok(())
    }

    fn read(&self, path: &CString) -> Result<u64> {
        let (mut hash, mut marks) = ([0_u8; FILE_HASH_LEN], [0_u8]);
        let mut attributes =
            [(FILE_HASH, &mut hash[..]), (MARKS, &mut marks[..])].map(|(kind, value)| {
                lfs::lfs_attr {
                    type_: kind,
                    buffer: value.as_mut_ptr().cast(),
                    size: value.len() as u32,
                }
            });
        let flags = lfs::lfs_open_flags_LFS_O_RDONLY;
        let mut piece = [0_u8; PIECE];
        let sum = self.open(path, flags, &mut attributes, |file| {
            let mut sum = 0;
            loop {
                let (bytes, room) = (piece.as_mut_ptr().cast(), PIECE as u32);
                let n = check("lfs_file_read", unsafe {
                    lfs::lfs_file_read(self.fs, file, bytes, room)
                })?;
                if n == 0 {
                    return Ok(sum);
                }
                black_box(&piece[..n as usize]);
                sum += n as u64;
            }
        })?;
        black_box((hash, marks));
        Ok(sum)
    }

    fn write(&self, path: &CString, bytes: &[u8]) -> Result<()> {
        let flags = lfs::lfs_open_flags_LFS_O_WRONLY | lfs::lfs_open_flags_LFS_O_CREAT;
        self.open(path, flags, &mut [], |file| {
            let (data, len) = (bytes.as_ptr().cast(), bytes.len() as u32);
            check("lfs_file_write", unsafe {
                lfs::lfs_file_write(self.fs, file, data, len)
            })?;
            Ok(())
        })
    }

    /// Opens a file with a buffer that is there already, so that no memory has to be found.
    fn open<T>(
        &self,
        path: &CString,
        flags: u32,
        attributes: &mut [lfs::lfs_attr],
        work: impl FnOnce(*mut lfs::lfs_file_t) -> Result<T>,
    ) -> Result<T> {
        let mut cache = [0_u8; CACHE];
        let config = lfs::lfs_file_config {
            buffer: cache.as_mut_ptr().cast(),
            attrs: attributes.as_mut_ptr(),
            attr_count: attributes.len() as u32,
        };
        let mut file = lfs::lfs_file_t::default();
        let file: *mut lfs::lfs_file_t = &mut file;
        check("lfs_file_opencfg", unsafe {
            lfs::lfs_file_opencfg(self.fs, file, path.as_ptr(), flags as c_int, &config)
        })?;
        let result = work(file);
        check("lfs_file_close", unsafe {
            lfs::lfs_file_close(self.fs, file)
        })?;
        result
    }
}

fn check(what: &str, result: c_int) -> Result<c_int> {
    if result < 0 {
        Err(format!("{what}: {result}").into())
    } else {
        Ok(result)
    }
}

/// The disk, and the range of it that C means.
///
/// # Safety
/// `config` is that of a [`C`], and nothing else has a reference to its disk.
unsafe fn disk<'d>(
    config: *const lfs::lfs_config,
    block: u32,
    offset: u32,
    size: u32,
) -> Option<(&'d mut [u8], &'d mut Reads)> {
    let disk: &mut Disk = unsafe { &mut *(*config).context.cast() };
    let start = block as usize * BLOCK_SIZE + offset as usize;
    let bytes = disk.bytes.get_mut(start..start + size as usize)?;
    Some((bytes, &mut disk.reads))
}

unsafe extern "C" fn flash_read(
    config: *const lfs::lfs_config,
    block: u32,
    offset: u32,
    buffer: *mut c_void,
    size: u32,
) -> c_int {
    let Some((from, reads)) = (unsafe { disk(config, block, offset, size) }) else {
        return lfs::lfs_error_LFS_ERR_IO;
    };
    reads.add(size as usize);
    unsafe {
        buffer
            .cast::<u8>()
            .copy_from_nonoverlapping(from.as_ptr(), from.len());
    };
    0
}

unsafe extern "C" fn flash_program(
    config: *const lfs::lfs_config,
    block: u32,
    offset: u32,
    buffer: *const c_void,
    size: u32,
) -> c_int {
    let Some((to, _)) = (unsafe { disk(config, block, offset, size) }) else {
        return lfs::lfs_error_LFS_ERR_IO;
    };
    to.copy_from_slice(unsafe { std::slice::from_raw_parts(buffer.cast(), size as usize) });
    0
}

unsafe extern "C" fn flash_erase(config: *const lfs::lfs_config, block: u32) -> c_int {
    match unsafe { disk(config, block, 0, BLOCK_SIZE as u32) } {
        Some((block, _)) => block.fill(0xff),
        None => return lfs::lfs_error_LFS_ERR_IO,
    }
    0
}

unsafe extern "C" fn flash_sync(_: *const lfs::lfs_config) -> c_int {
    0
}

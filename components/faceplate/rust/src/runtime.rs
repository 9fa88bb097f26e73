//! What a library without `std` has to bring: memory from the firmware's heap, and the end at a panic.

use alloc::boxed::Box;
use core::{
    alloc::{GlobalAlloc, Layout},
    ffi::c_void,
    mem::MaybeUninit,
    panic::PanicInfo,
};

use crate::{port, text::line};

unsafe extern "C" {
    fn malloc(bytes: usize) -> *mut c_void;
    fn free(memory: *mut c_void);
}

/// What `malloc` of any of these chips aligns to.
const ALIGN: usize = 8;

/// The heap of the firmware.
struct Heap;

// SAFETY: `malloc` gives memory of that size that nobody else has, aligned for every basic type, or null;
// and `free` gets what it gave.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // Nothing here is aligned further. Where something was, it would be out of memory, not wrong.
        if layout.align() > ALIGN {
            return core::ptr::null_mut();
        }
        // SAFETY: any size will do.
        unsafe { malloc(layout.size()) }.cast()
    }

    unsafe fn dealloc(&self, memory: *mut u8, _: Layout) {
        // SAFETY: it came from `alloc`.
        unsafe { free(memory.cast()) }
    }
}

#[global_allocator]
static HEAP: Heap = Heap;

#[panic_handler]
fn panicked(info: &PanicInfo<'_>) -> ! {
    let at = info.location().map_or(0, |at| at.line());
    let file = info.location().map_or("", |at| at.file());
    let said = line(format_args!("{}, in line {at} of {file}", info.message()));
    port::panic(&said)
}

/// A value in memory of the heap, or nothing where that is full: other ways to the heap end the firmware.
pub(crate) fn boxed<T>(value: T) -> Option<Box<T>> {
    Some(Box::write(room()?, value))
}

/// Memory of the heap for a value that is to come.
pub(crate) fn room<T>() -> Option<Box<MaybeUninit<T>>> {
    let layout = Layout::new::<T>();
    if layout.size() == 0 {
        return Some(Box::new(MaybeUninit::uninit()));
    }
    // SAFETY: the size is not 0.
    let memory = unsafe { alloc::alloc::alloc(layout) }.cast::<MaybeUninit<T>>();
    // SAFETY: it is memory for a `T` that nobody has, from the allocator of a `Box`; whatever is in there is one.
    (!memory.is_null()).then(|| unsafe { Box::from_raw(memory) })
}

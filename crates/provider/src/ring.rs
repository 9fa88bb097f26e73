//! The last so many of something. Each has a number, by which a reader goes on where it was.

use core::{array, cell::RefCell};

/// Keeps the last `N`.
pub(crate) struct Ring<T, const N: usize> {
    items: [T; N],
    /// So many were put in; the number of the next.
    end: u32,
}

impl<T: Default + Clone, const N: usize> Ring<T, N> {
    pub(crate) fn new() -> Self {
        Self {
            items: array::from_fn(|_| T::default()),
            end: 0,
        }
    }

    pub(crate) fn push(&mut self, item: T) {
        self.items[self.end as usize % N] = item;
        self.end += 1;
    }

    /// The number of the oldest that is left.
    pub(crate) fn first(&self) -> u32 {
        self.end.saturating_sub(N as u32)
    }

    /// The number of the next to come.
    pub(crate) fn end(&self) -> u32 {
        self.end
    }

    fn get(&self, number: u32) -> T {
        self.items[number as usize % N].clone()
    }
}

/// The one with this number, or the oldest after it that is left; `number` is then that of the next.
/// Nothing stays borrowed, so that a handler can send what it got and come back.
pub(crate) fn next<T: Default + Clone, const N: usize>(
    ring: &RefCell<Ring<T, N>>,
    number: &mut u32,
) -> Option<T> {
    let ring = ring.borrow();
    let at = (*number).max(ring.first());
    if at >= ring.end() {
        return None;
    }
    *number = at + 1;
    Some(ring.get(at))
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::vec::Vec;

    use super::*;

    fn all(ring: &RefCell<Ring<u8, 3>>, mut number: u32) -> Vec<u8> {
        core::iter::from_fn(|| next(ring, &mut number)).collect()
    }

    #[test]
    fn the_last_are_kept_and_a_slow_reader_misses_the_oldest() {
        let ring = RefCell::new(Ring::new());
        assert_eq!(all(&ring, 0), []);
        for item in 1..=3 {
            ring.borrow_mut().push(item);
        }
        assert_eq!(
            (all(&ring, 0), all(&ring, 2)),
            (Vec::from([1, 2, 3]), Vec::from([3]))
        );
        ring.borrow_mut().push(4);
        assert_eq!(
            (all(&ring, 0), all(&ring, 4)),
            (Vec::from([2, 3, 4]), Vec::new())
        );
        assert_eq!((ring.borrow().first(), ring.borrow().end()), (1, 4));
    }
}

//! A list that grows by pages: no copy when it grows, and never more than a page of it unused. A vector that doubles would need three
//! times its entries' room at the moment when it grows.

use std::ops::{Index, IndexMut};

/// Items of a page. A schedule of a few records has one of each list.
pub(super) const PAGE: usize = 128;

/// The list.
#[derive(Debug)]
pub(super) struct Pages<T> {
    pages: Vec<Box<[T; PAGE]>>,
    len: usize,
}

impl<T> Default for Pages<T> {
    fn default() -> Self {
        Self { pages: Vec::new(), len: 0 }
    }
}

impl<T: Copy> Pages<T> {
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) fn push(&mut self, item: T) {
        let (page, at) = (self.len / PAGE, self.len % PAGE);
        match self.pages.get_mut(page) {
            Some(page) => page[at] = item,
            None => self.pages.push(Box::new([item; PAGE])),
        }
        self.len += 1;
    }

    /// Takes the last one. A page that is empty is kept for the next, the one behind it is given back.
    pub(super) fn pop(&mut self) -> Option<T> {
        self.len = self.len.checked_sub(1)?;
        self.pages.truncate(self.len / PAGE + 2);
        Some(self[self.len])
    }

    /// Bytes that are allocated for it.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.pages.len() * PAGE * size_of::<T>() + self.pages.capacity() * size_of::<usize>()
    }
}

impl<T> Index<usize> for Pages<T> {
    type Output = T;
    fn index(&self, at: usize) -> &T {
        &self.pages[at / PAGE][at % PAGE]
    }
}

impl<T> IndexMut<usize> for Pages<T> {
    fn index_mut(&mut self, at: usize) -> &mut T {
        &mut self.pages[at / PAGE][at % PAGE]
    }
}

//! Entries that may run when their time has come: a binary heap of places.

use super::pages::Pages;
use super::slab::Slab;
use super::slot::Place;

/// The heap. The first in it is due first.
#[derive(Debug, Default)]
pub(super) struct Timers {
    heap: Pages<Place>,
}

impl Timers {
    pub(super) fn first(&self) -> Option<Place> {
        (self.heap.len() > 0).then(|| self.heap[0])
    }

    pub(super) fn push(&mut self, place: Place, slab: &Slab) {
        self.heap.push(place);
        self.rise(self.heap.len() - 1, slab);
    }

    pub(super) fn pop(&mut self, slab: &Slab) -> Option<Place> {
        let first = self.first()?;
        self.take(0, slab);
        Some(first)
    }

    /// Looks for it. Where an entry stands is not kept, because this is rare: it is called where another process has written
    /// what concerns an entry that waits here.
    pub(super) fn remove(&mut self, place: Place, slab: &Slab) {
        if let Some(at) = (0..self.heap.len()).find(|at| self.heap[*at] == place) {
            self.take(at, slab);
        }
    }

    fn take(&mut self, at: usize, slab: &Slab) {
        let Some(last) = self.heap.pop() else { return };
        if at < self.heap.len() {
            self.heap[at] = last;
            self.sink(at, slab);
            self.rise(at, slab);
        }
    }

    fn rise(&mut self, mut at: usize, slab: &Slab) {
        while at > 0 && self.is_before(at, (at - 1) / 2, slab) {
            self.swap(at, (at - 1) / 2);
            at = (at - 1) / 2;
        }
    }

    fn sink(&mut self, mut at: usize, slab: &Slab) {
        loop {
            let (left, right) = (2 * at + 1, 2 * at + 2);
            if left >= self.heap.len() {
                return;
            }
            let right_first = right < self.heap.len() && self.is_before(right, left, slab);
            let child = if right_first { right } else { left };
            if !self.is_before(child, at, slab) {
                return;
            }
            self.swap(child, at);
            at = child;
        }
    }

    fn is_before(&self, one: usize, other: usize, slab: &Slab) -> bool {
        slab.at(self.heap[one]).rank() < slab.at(self.heap[other]).rank()
    }

    fn swap(&mut self, one: usize, other: usize) {
        (self.heap[one], self.heap[other]) = (self.heap[other], self.heap[one]);
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.heap.bytes()
    }
}

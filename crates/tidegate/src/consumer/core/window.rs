//! A map from offsets to values for the unfinished part of a partition: dense, nearly in order, mostly short-lived.
//!
//! ```text
//!  chunk 10 (640..)      chunk 11 (704..)          chunk 14 (896..)
//!  [■ · ■ · · ■ ...]     [· · · ■ · · ...]   gap   [■ ■ ■ · ...]          ■ a value, · finished or not there
//! ```
//!
//! Offsets lie side by side in chunks of 64. Finding, adding and removing touch one chunk; an empty chunk is dropped, so
//! that memory follows the values that are there, however far apart they stand (I6), and a spare chunk is kept, so that
//! a window that moves on allocates nothing.

use std::collections::BTreeMap;

use crate::message::Offset;

const BITS: u32 = 6;
const WIDTH: usize = 1 << BITS;

/// Values by offset.
#[derive(Debug)]
pub(crate) struct Window<T> {
    chunks: BTreeMap<u64, Box<Chunk<T>>>,
    spare: Option<Box<Chunk<T>>>,
    len: usize,
}

#[derive(Debug)]
struct Chunk<T> {
    /// One bit for each slot that has a value.
    live: u64,
    slots: [Option<T>; WIDTH],
}

impl<T> Chunk<T> {
    fn new() -> Box<Self> {
        Box::new(Self { live: 0, slots: [const { None }; WIDTH] })
    }
}

fn place(offset: Offset) -> (u64, usize) {
    let slot = usize::try_from(offset.0 & (WIDTH as u64 - 1)).expect("below 64");
    (offset.0 >> BITS, slot)
}

fn offset_at(chunk: u64, slot: usize) -> Offset {
    Offset((chunk << BITS) | slot as u64)
}

impl<T> Default for Window<T> {
    fn default() -> Self {
        Self { chunks: BTreeMap::new(), spare: None, len: 0 }
    }
}

impl<T> Window<T> {
    /// How many values there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The lowest offset that has a value.
    pub(crate) fn first(&self) -> Option<Offset> {
        let (chunk, content) = self.chunks.first_key_value()?;
        Some(Offset((chunk << BITS) | u64::from(content.live.trailing_zeros())))
    }

    pub(crate) fn get(&self, offset: Offset) -> Option<&T> {
        let (chunk, slot) = place(offset);
        self.chunks.get(&chunk)?.slots[slot].as_ref()
    }

    pub(crate) fn get_mut(&mut self, offset: Offset) -> Option<&mut T> {
        let (chunk, slot) = place(offset);
        self.chunks.get_mut(&chunk)?.slots[slot].as_mut()
    }

    /// Puts a value in; gives back what was there.
    pub(crate) fn insert(&mut self, offset: Offset, value: T) -> Option<T> {
        let (chunk, slot) = place(offset);
        let spare = &mut self.spare;
        let fresh = || spare.take().unwrap_or_else(Chunk::new);
        let content = self.chunks.entry(chunk).or_insert_with(fresh);
        let before = content.slots[slot].replace(value);
        if before.is_none() {
            content.live |= 1 << slot;
            self.len += 1;
        }
        before
    }

    /// Takes a value out.
    pub(crate) fn remove(&mut self, offset: Offset) -> Option<T> {
        let (chunk, slot) = place(offset);
        let content = self.chunks.get_mut(&chunk)?;
        let value = content.slots[slot].take()?;
        content.live &= !(1 << slot);
        self.len -= 1;
        if content.live == 0 {
            self.spare = self.chunks.remove(&chunk);
        }
        Some(value)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.chunks.values_mut().flat_map(|chunk| chunk.slots.iter_mut().flatten())
    }

    /// In offset order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Offset, &T)> {
        self.chunks.iter().flat_map(|(chunk, content)| {
            let slots = content.slots.iter().enumerate();
            slots.filter_map(|(slot, value)| Some((offset_at(*chunk, slot), value.as_ref()?)))
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        // The window against a plain map, over any mixture of additions and removals.
        #[test]
        fn a_window_is_a_map(script in prop::collection::vec((any::<bool>(), 0_u64..400), 0..300)) {
            let (mut window, mut map) = (Window::default(), BTreeMap::new());
            for (add, offset) in script {
                if add {
                    prop_assert_eq!(window.insert(Offset(offset), offset), map.insert(offset, offset));
                } else {
                    prop_assert_eq!(window.remove(Offset(offset)), map.remove(&offset));
                }
                prop_assert_eq!(window.len(), map.len());
                prop_assert_eq!(window.first().map(|o| o.0), map.keys().next().copied());
            }
            let all: Vec<_> = window.iter().map(|(offset, _)| offset.0).collect();
            prop_assert_eq!(all, map.into_keys().collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_is_finished_takes_no_room_however_long_the_lowest_waits() {
        let mut window = Window::default();
        window.insert(Offset(0), ());
        for offset in 1..1_000_000 {
            window.insert(Offset(offset), ());
            window.remove(Offset(offset));
        }
        assert_eq!((window.len(), window.chunks.len()), (1, 1));
    }
}

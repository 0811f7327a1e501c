//! Where the newest record of each key stands.

use std::collections::HashMap;

/// Bytes of keys that one round holds. What does not fit is for the next round.
const MOST: usize = 32 << 20;

/// What an entry takes beside its key, about.
const ENTRY: usize = 64;

/// Of the keys of one round.
#[derive(Debug, Default)]
pub(super) struct Newest {
    offsets: HashMap<Box<[u8]>, u64>,
    bytes: usize,
}

impl Newest {
    /// A record of this key stands here: the newest of those noted so far.
    pub(super) fn note(&mut self, key: &[u8], offset: u64) {
        match self.offsets.get_mut(key) {
            Some(known) => *known = offset,
            None => {
                self.bytes += key.len() + ENTRY;
                self.offsets.insert(key.into(), offset);
            }
        }
    }

    /// Whether a newer one of the same key was noted.
    pub(super) fn replaces(&self, key: &[u8], offset: u64) -> bool {
        self.offsets.get(key).is_some_and(|newest| *newest > offset)
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes >= MOST
    }
}

//! Rule 22: an entry takes 48 bytes at most. Exact, because all that an index allocates is counted in its lists.

use std::time::Duration;

use super::super::pages::PAGE;
use super::super::slot::Slot;
use super::super::{Fresh, Index};
use crate::consumer::core::schedule::Stamp;
use crate::message::Offset;

const BUDGET: usize = 48;
const ENTRIES: u64 = 1_000_000;

fn stamp(attempt: u32) -> Stamp {
    Stamp { attempt, term: 1, write: 0 }
}

impl Index {
    /// Bytes that its lists have allocated.
    fn memory(&self) -> usize {
        let timers = self.timers.as_ref().map_or(0, super::super::Timers::bytes);
        self.slab.bytes() + self.origins.bytes() + self.keys.memory() + timers
    }
}

fn filled(entries: u64, key: impl Fn(u64) -> Option<u64>) -> Index {
    let mut index = Index::default();
    for origin in 0..entries {
        let (at, due) = (Offset(2 * origin), Duration::from_millis(origin * 7919 % 1_000_003));
        index.note(
            Offset(origin * 3),
            Fresh { stamp: stamp(2), at, due, key: key(origin), size: 1_000, held: false },
            true,
        );
    }
    index.begin();
    index
}

#[test]
fn rule_22_an_entry_takes_48_bytes_at_most() {
    assert_eq!(size_of::<Slot>(), 42);
    type Shape = (&'static str, fn(u64) -> Option<u64>);
    let shapes: [Shape; 3] = [
        ("each its own key", |origin| Some(origin.wrapping_mul(0x9e37_79b9_7f4a_7c15))),
        ("a thousand of each key", |origin| Some(origin % 1_000)),
        ("no key", |_| None),
    ];
    for (shape, key) in shapes {
        let index = filled(ENTRIES, key);
        let each = index.memory() as f64 / ENTRIES as f64;
        eprintln!("{each:.2} bytes for an entry, {shape}");
        assert!(index.memory() <= BUDGET * ENTRIES as usize, "{each} bytes for an entry, {shape}");
    }
}

/// At no moment of its growth does it take more, but for a page of each list.
#[test]
fn it_grows_without_a_peak() {
    let pages = PAGE * (size_of::<Slot>() + 3 * 4) + 4 * 64;
    let mut index = Index::default();
    index.begin();
    for origin in 0..50_000 {
        let (at, due) = (Offset(origin), Duration::from_secs(origin));
        index.note(
            Offset(origin),
            Fresh { stamp: stamp(1), at, due, key: Some(origin), size: 9, held: false },
            true,
        );
        let allowed = BUDGET * index.len() + pages;
        assert!(index.memory() <= allowed, "{} for {} entries", index.memory(), index.len());
    }
}

#[test]
fn an_index_that_is_empty_again_holds_no_memory() {
    let mut index = filled(10_000, Some);
    (0..10_000).for_each(|origin| assert!(index.remove(Offset(origin * 3)).is_some()));
    assert_eq!((index.len(), index.memory()), (0, 0));
    index.note(
        Offset(1),
        Fresh {
            stamp: stamp(1),
            at: Offset(1),
            due: Duration::ZERO,
            key: None,
            size: 1,
            held: false,
        },
        true,
    );
    assert_eq!(index.due(Duration::ZERO), Some((Offset(1), Offset(1))), "still asked for");
}

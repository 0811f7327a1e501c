//! The index against a model of it, and against its budget.

mod model;
mod size;

use std::time::Duration;

use proptest::prelude::*;

use self::model::Model;
use super::{Fresh, Index, ShortKey, Stage};
use crate::consumer::core::schedule::Stamp;
use crate::message::Offset;

/// What is done to the index.
#[derive(Debug, Clone)]
enum Act {
    /// An entry: origin, attempt, due second, whether it is released.
    Note(u64, u32, u64, bool),
    /// The record is out: so many attempts more.
    Again(u64, u32, u64),
    Release(u64),
    /// So many of those that are due by then.
    Due(u64, usize),
    Brought(u64),
    AskAgain(u64, u64),
    Remove(u64),
    Begin,
}

/// So many origins: more than a page, and few enough to meet again.
const ORIGINS: u64 = 200;

fn act() -> impl Strategy<Value = Act> {
    let origin = || 0..ORIGINS;
    let attempt = || prop_oneof![9 => 0_u32..4, 1 => 25_u32..50];
    prop_oneof![
        8 => (origin(), attempt(), 0_u64..30, any::<bool>())
            .prop_map(|(o, a, d, r)| Act::Note(o, a, d, r)),
        2 => (origin(), 0_u32..6, 0_u64..30).prop_map(|(o, a, d)| Act::Again(o, a, d)),
        3 => origin().prop_map(Act::Release),
        3 => (0_u64..30, 0_usize..20).prop_map(|(at, n)| Act::Due(at, n)),
        3 => origin().prop_map(Act::Brought),
        1 => (origin(), 0_u64..30).prop_map(|(o, d)| Act::AskAgain(o, d)),
        4 => origin().prop_map(Act::Remove),
        1 => Just(Act::Begin),
    ]
}

/// Seven keys with few records, one with many, and records without one.
fn key(origin: u64) -> Option<u64> {
    let keys = [None, Some(9), Some(9), Some(9), Some(origin % 7), Some(u64::MAX - origin % 3)];
    keys[(origin % 6) as usize]
}

/// All of them.
fn keys() -> impl Iterator<Item = u64> {
    (0..7).chain([9, u64::MAX - 2, u64::MAX - 1, u64::MAX])
}

fn fresh(origin: u64, attempt: u32, due: u64) -> Fresh {
    let at = Offset(origin * 100 + u64::from(attempt));
    let due = Duration::from_secs(due);
    // Each fifth attempt was written by the next owner, and again.
    let stamp = Stamp { attempt, term: u64::from(attempt / 5), write: attempt % 2 };
    Fresh {
        stamp,
        at,
        due,
        key: key(origin),
        size: (origin as usize + 1) * 10,
        held: attempt % 4 == 3,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn the_index_says_what_maps_would_say(acts in prop::collection::vec(act(), 0..400)) {
        let (mut index, mut model) = (Index::default(), Model::default());
        let mut begun = false;
        for act in acts {
            step(&mut index, &mut model, &act, &mut begun)?;
            prop_assert_eq!(index.len(), model.len());
            prop_assert_eq!((index.away(), index.held()), (model.away(), model.held()));
            prop_assert_eq!(!index.unreleased.is_empty(), model.has_unreleased());
            if begun {
                prop_assert_eq!(index.next_due(), model.next_due());
            }
        }
        same(&mut index, &model)?;
    }
}

fn step(
    index: &mut Index,
    model: &mut Model,
    act: &Act,
    begun: &mut bool,
) -> Result<(), TestCaseError> {
    match *act {
        Act::Note(o, a, d, released) => {
            let other = index.note(Offset(o), fresh(o, a, d), released).map(|other| other.stamp);
            prop_assert_eq!(other, model.note(Offset(o), fresh(o, a, d), released));
        }
        Act::Again(o, more, d) => {
            let out = model.stage(Offset(o)) == Some(Stage::Out);
            if let Some(known) = model.stamp(Offset(o)).filter(|_| out) {
                let attempt = known.attempt + 1 + more;
                index.again(Offset(o), fresh(o, attempt, d));
                model.again(Offset(o), fresh(o, attempt, d));
            }
        }
        Act::Release(o) => {
            index.release(Offset(o));
            model.release(Offset(o));
        }
        Act::Due(at, count) => {
            for _ in 0..if *begun { count } else { 0 } {
                let now = Duration::from_secs(at);
                prop_assert_eq!(index.due(now), model.due(now));
            }
        }
        Act::Brought(o) => prop_assert_eq!(index.brought(Offset(o)), model.brought(Offset(o))),
        Act::AskAgain(o, d) => {
            let due = Duration::from_secs(d);
            prop_assert_eq!(index.ask_again(Offset(o), due), model.ask_again(Offset(o), due));
        }
        Act::Remove(o) => {
            let removed = model.remove(Offset(o)).map(ShortKey::of);
            prop_assert_eq!(index.remove(Offset(o)), removed);
        }
        Act::Begin => {
            index.begin();
            *begun = true;
        }
    }
    Ok(())
}

/// Every question, about every origin and key.
fn same(index: &mut Index, model: &Model) -> Result<(), TestCaseError> {
    for origin in (0..=ORIGINS).map(Offset) {
        prop_assert_eq!(index.stage(origin), model.stage(origin));
        prop_assert_eq!(index.is_released(origin), model.is_released(origin));
        prop_assert_eq!(index.any_key_below(origin), model.any_key_below(origin));
        prop_assert_eq!(index.unreleased_below(origin), model.unreleased_below(origin));
        prop_assert_eq!(index.is_held(origin), model.is_held(origin));
        prop_assert_eq!(index.stamp(origin), model.stamp(origin));
        for key in keys() {
            prop_assert_eq!(index.blocks(key, origin), model.blocks(key, origin));
        }
    }
    for key in keys() {
        prop_assert_eq!(index.bytes_of(key), model.bytes_of(key));
    }
    Ok(())
}

/// Rule 19: never early, whatever fraction of a millisecond a due time has.
#[test]
fn a_due_time_is_rounded_up() {
    let mut index = Index::default();
    index.begin();
    let due = Duration::from_nanos(5_000_000_001);
    index.note(Offset(1), Fresh { due, ..fresh(1, 1, 0) }, true);
    assert_eq!(index.due(due), None);
    assert_eq!(index.due(Duration::from_millis(5_001)), Some((Offset(1), Offset(101))));
}

/// A restore that finds attempts and their tombstones in any order costs no search for each: nothing is armed before the end.
#[test]
fn nothing_is_asked_for_before_all_is_noted() {
    let mut index = Index::default();
    index.note(Offset(1), fresh(1, 1, 0), true);
    assert_eq!((index.next_due(), index.due(Duration::MAX)), (None, None));
    index.begin();
    assert_eq!(index.next_due(), Some(Duration::ZERO));
}

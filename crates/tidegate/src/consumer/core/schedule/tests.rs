//! The index against a plain model of it, over arbitrary notes and turns.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::index::{Fresh, Index, ShortKey};
use super::stamp::Stamp;
use crate::message::Offset;

/// What is done to the index.
#[derive(Debug, Clone)]
enum Act {
    /// An entry: origin, attempt, due second.
    Note(u64, u32, u64),
    /// Its record is settled.
    Settle(u64),
    /// Time goes on by so many seconds, and everything that is due is asked for.
    Wait(u64),
    /// Of what was asked for, one is brought and tried again later.
    Again(u64, u64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0_u64..20, 0_u32..4, 0_u64..30).prop_map(|(o, a, d)| Act::Note(o, a, d)),
        2 => (0_u64..20).prop_map(Act::Settle),
        3 => (0_u64..10).prop_map(Act::Wait),
        2 => (0_u64..20, 0_u64..30).prop_map(|(o, d)| Act::Again(o, d)),
    ]
}

/// Three keys, and records without one.
fn key(origin: u64) -> Option<u64> {
    (!origin.is_multiple_of(4)).then_some(origin % 4)
}

fn fresh(origin: u64, attempt: u32, due: u64) -> Fresh {
    let (at, due) = (Offset(origin * 100 + u64::from(attempt)), Duration::from_secs(due));
    Fresh { stamp: stamp(attempt), at, due, key: key(origin), size: 10, held: false }
}

fn stamp(attempt: u32) -> Stamp {
    Stamp { attempt, term: 1, write: 0 }
}

#[derive(Debug, Default)]
struct Model {
    /// Attempts, due second, whether it is away.
    entries: BTreeMap<u64, (Vec<u32>, u64, bool)>,
    now: u64,
}

impl Model {
    fn is_first(&self, origin: u64) -> bool {
        let same = |other: &&u64| key(**other).is_some() && key(**other) == key(origin);
        self.entries.keys().find(same).is_none_or(|first| *first == origin)
    }
}

proptest! {
    // Rules 21-23: the highest attempt counts, nothing is asked for before its time or beside another one of its key, and the lowest
    // origin of a key comes first.
    #[test]
    fn the_schedule_brings_what_is_due_and_keeps_the_order_of_keys(acts in prop::collection::vec(act(), 0..120)) {
        let (mut index, mut model) = (Index::default(), Model::default());
        index.begin();
        for act in acts {
            step(&mut index, &mut model, act)?;
            prop_assert_eq!(index.len(), model.entries.len());
            let away = model.entries.values().filter(|(_, _, away)| *away).count();
            prop_assert_eq!(index.away(), away);
            for (origin, (attempts, ..)) in &model.entries {
                let highest = attempts.iter().max().map(|attempt| stamp(*attempt));
                prop_assert_eq!(index.stamp(Offset(*origin)), highest);
            }
        }
    }
}

fn step(index: &mut Index, model: &mut Model, act: Act) -> Result<(), TestCaseError> {
    match act {
        Act::Note(origin, attempt, due) => {
            index.note(Offset(origin), fresh(origin, attempt, due), true);
            let entry = model.entries.entry(origin).or_insert((Vec::new(), due, false));
            if entry.0.iter().all(|known| *known < attempt) {
                entry.1 = due;
            }
            entry.0.push(attempt);
        }
        Act::Settle(origin) => {
            let known = model.entries.remove(&origin).is_some();
            let removed = index.remove(Offset(origin));
            prop_assert_eq!(removed, key(origin).filter(|_| known).map(ShortKey::of));
        }
        Act::Wait(seconds) => {
            model.now += seconds;
            while let Some((origin, _)) = index.due(Duration::from_secs(model.now)) {
                prop_assert!(model.is_first(origin.0), "{origin} is not the first of its key");
                let entry = model.entries.get_mut(&origin.0).unwrap();
                prop_assert!(entry.1 <= model.now, "{origin} is asked for before its time");
                prop_assert!(!std::mem::replace(&mut entry.2, true), "{origin} is asked for twice");
            }
            let now = model.now;
            let due = |(origin, entry): (&u64, &(Vec<u32>, u64, bool))| {
                !entry.2 && entry.1 <= now && model.is_first(*origin)
            };
            let forgotten = model.entries.iter().find(|(origin, entry)| due((*origin, *entry)));
            prop_assert!(forgotten.is_none(), "forgotten: {forgotten:?}");
        }
        Act::Again(origin, due) => {
            let Some(entry) = model.entries.get_mut(&origin).filter(|entry| entry.2) else {
                return Ok(());
            };
            prop_assert!(index.brought(Offset(origin)));
            let next = entry.0.iter().max().unwrap() + 1;
            *entry = (vec![next], due, false);
            index.again(Offset(origin), fresh(origin, next, due));
        }
    }
    Ok(())
}

//! What is left when a world has ended, for a check of the one whose routes ran there.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::event::EventId;
use crate::testing::chaos::quiet;
use crate::testing::chaos::truth::{Fact, Truth};

/// What has become of an event. One that was published twice, as its first acknowledgement was lost, is what comes first here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Fate {
    /// Its handler has ended well: with an [`Inbox`](crate::inbox::Inbox) once, else at least once.
    Done,
    /// It is in the dead-letter topic.
    DeadLettered,
    /// Its handler has skipped it.
    Skipped,
}

impl Fate {
    /// What was done stays done, whatever became of it at another attempt.
    fn of(fact: &Fact) -> Option<Self> {
        match fact {
            Fact { marked: true, .. } => Some(Self::Done),
            Fact { stored: false, effects: 1.., .. } => Some(Self::Done),
            Fact { dead: true, .. } => Some(Self::DeadLettered),
            Fact { skipped: true, .. } => Some(Self::Skipped),
            _ => None,
        }
    }
}

/// An event, as it was drawn, and what has become of it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Ended<T> {
    /// Its id: the handler's `EventId`.
    pub id: EventId,
    /// The event.
    pub event: T,
    /// What has become of it.
    pub fate: Fate,
}

/// A world that has ended.
#[derive(Debug)]
pub struct Aftermath<'a, T, M = ()> {
    seed: u64,
    model: &'a M,
    events: Vec<Ended<T>>,
    rows: BTreeMap<String, String>,
}

impl<'a, T, M> Aftermath<'a, T, M> {
    pub(super) fn new(
        seed: u64,
        model: &'a M,
        drawn: Vec<(EventId, T)>,
        truth: &Truth,
        rows: BTreeMap<String, String>,
    ) -> Self {
        let ended = |(id, event): (EventId, T)| {
            let fate = truth.facts_of(id.as_str()).filter_map(Fate::of).min()?;
            Some(Ended { fate, event, id })
        };
        Self { seed, model, events: drawn.into_iter().filter_map(ended).collect(), rows }
    }

    /// What the world was drawn from.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Every event that was published, in that order.
    #[must_use]
    pub fn events(&self) -> &[Ended<T>] {
        &self.events
    }

    /// The events that are done.
    pub fn done(&self) -> impl Iterator<Item = &T> {
        let done = self.events.iter().filter(|ended| ended.fate == Fate::Done);
        done.map(|ended| &ended.event)
    }

    /// What handlers have put into their [`Rows`](crate::testing::chaos::Rows).
    #[must_use]
    pub fn rows(&self) -> &BTreeMap<String, String> {
        &self.rows
    }

    /// What this world had [for itself](crate::testing::chaos::worlds_over).
    #[must_use]
    pub fn model(&self) -> &M {
        self.model
    }
}

/// Asks a check. Its panic is its answer, and is told once: with the world.
pub(super) fn checked(check: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    let answer = quiet::quietly(|| catch_unwind(AssertUnwindSafe(check)));
    answer.unwrap_or_else(|panic| {
        Err(format!(
            "it panicked: {}. Give what is wrong back as an `Err`: then only that is told",
            quiet::text(panic.as_ref()).unwrap_or("with something else than a text")
        ))
    })
}

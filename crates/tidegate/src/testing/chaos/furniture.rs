//! How a world is furnished: whose routes, and which records.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::plan::Plan;
use super::rng::Rng;
use super::run::GROUP;
use super::store::Database;
use super::strangers::Pulse;
use super::truth::{Limits, Truth};
use super::world::{Made, Topics, World};
use crate::companion::entry::Scribe;
use crate::consumer::core::Scheduling;
use crate::inbox::InboxStore;
use crate::message::{NewRecord, TopicName};
use crate::router::Router;

/// No record of the framework's own worlds is larger.
const RECORD: usize = 2_048;

/// What makes one world differ from another, besides its plan.
pub(super) struct Furniture<'a> {
    /// The routes, over a store.
    pub(super) routes: &'a dyn Fn(&World, Arc<dyn InboxStore>) -> Router,
    /// A record for a source topic.
    pub(super) record: &'a dyn Fn(&mut Rng) -> NewRecord,
    /// What the routes read.
    pub(super) sources: Vec<TopicName>,
    /// Topics whose records are rows of an outbox first.
    pub(super) owed: &'a [&'a str],
    /// Topics that must be there besides.
    pub(super) more_topics: &'a [&'a str],
    /// Checks that are left out.
    pub(super) without: &'a [&'static str],
    /// I7: so long may it take, when all is healed.
    pub(super) patience: Duration,
    /// Whether the routes are somebody else's.
    pub(super) strangers: bool,
    /// Whether the story is to be told.
    pub(super) told: bool,
    /// What must hold besides when all has ended well.
    pub(super) check: &'a dyn Fn(&Truth, &Database) -> Result<(), String>,
    /// Whose step it is.
    pub(super) pulse: Arc<Pulse>,
}

impl Furniture<'_> {
    pub(super) fn made<'p>(&'p self, plan: &'p Plan) -> Made<'p> {
        let dead = self.sources.iter().map(|source| format!("{source}.{GROUP}.dlq"));
        let topics = Topics {
            sources: self.sources.iter().cloned().collect(),
            dead_letters: dead.filter_map(|name| TopicName::new(name).ok()).collect(),
            owed: names_of(self.owed),
            companions: if plan.schedule { companions(&self.sources) } else { BTreeMap::new() },
        };
        let partitions = plan.most_partitions() as usize * self.sources.len();
        let bytes = plan.budget_bytes.saturating_add(plan.poll * RECORD);
        // What comes back from the schedule comes whatever else is held.
        let recalls = if plan.schedule { partitions * Scheduling::default().recalls } else { 0 };
        let limits = Limits {
            records: plan.budget + plan.poll + recalls,
            bytes: if self.strangers { usize::MAX } else { bytes + recalls * RECORD },
            attempts: plan.concurrency + partitions,
        };
        let (without, strangers, told) = (self.without, self.strangers, self.told);
        let pulse = self.pulse.clone();
        Made { plan, topics, limits, without, strangers, told, pulse }
    }
}

/// Who writes the schedule of each source, by the companion's name.
fn companions(sources: &[TopicName]) -> BTreeMap<TopicName, Scribe> {
    let companion = |source: &TopicName| {
        let name = TopicName::new(format!("{source}.{GROUP}.retry")).ok()?;
        let (group, source) = (GROUP.to_owned(), source.clone());
        Some((name.clone(), Scribe::new(group, source, name)))
    };
    sources.iter().filter_map(companion).collect()
}

fn names_of(topics: &[&str]) -> BTreeSet<TopicName> {
    topics.iter().filter_map(|name| TopicName::new(*name).ok()).collect()
}

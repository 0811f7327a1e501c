//! The framework's own routes in a world: every order, with and without a store, and handlers that do all that handlers do.

use std::sync::Arc;
use std::time::Duration;

use super::furniture::Furniture;
use super::moment::{Kind, Moment};
use super::plan::Plan;
use super::rng::Rng;
use super::truth::Violation;
use super::world::World;
use super::{routes, run};
use crate::headers::names;
use crate::inbox::InboxStore;
use crate::message::{NewRecord, TopicName};
use crate::planted::Bug;
use crate::router::Router;

/// I7: an outage may be probed three times more after all is healed, each time after the longest back-off, as two handlers
/// hinder each other; and 30 s.
const PATIENCE: Duration = Duration::from_secs(120);

/// A key that has moved to a new partition is in two of them for a while: two handlers that change its row hinder each other,
/// and each waits for a back-off.
const CROWDED: Duration = Duration::from_secs(60);

/// What became of one world.
#[derive(Debug)]
pub struct Outcome {
    /// What hit.
    pub hits: Vec<(Kind, Moment)>,
    /// Keys that waited in the schedule, a failed record and others behind it, when a process died or the group rebalanced: each
    /// of them each time.
    pub parked: u64,
    /// The first invariant that did not hold.
    pub violation: Option<Violation>,
    /// The story, a line a step, if it was asked for.
    pub trace: Vec<String>,
}

/// How a world is run.
#[derive(Debug, Clone, Default)]
pub struct Ways {
    /// Checks that are left out.
    pub without: Vec<&'static str>,
    /// A bug of another system.
    pub bug: Option<Bug>,
    /// Whether its story is told.
    pub told: bool,
}

/// Runs the framework's own routes through a planned world.
#[must_use]
pub fn own_world(plan: &Plan, ways: &Ways) -> Outcome {
    crate::planted::with(ways.bug, || live(plan, ways))
}

fn live(plan: &Plan, ways: &Ways) -> Outcome {
    let mut rng = Rng::new(plan.seed ^ 0x6b);
    let kinds: Vec<u64> = (0..1 + rng.below(3)).map(|_| rng.below(routes::KINDS)).collect();
    let down_for = rng.millis(0, 8_000);
    let keys = plan.keys;
    let jobs = || TopicName::new(routes::JOBS).expect("a legal name");
    let record = move |rng: &mut Rng| {
        let (event_type, key, bytes) = routes::draw(rng, &kinds, keys);
        let mut record = NewRecord::new(jobs()).value(bytes).header(names::EVENT_TYPE, event_type);
        record.key = key.map(Into::into);
        record
    };
    let routes = |world: &World, store: Arc<dyn InboxStore>| -> Router {
        let down_until = world.began + down_for;
        routes::routes(Arc::new(routes::Gateway { down_until }), store, plan)
    };
    run::run(
        plan,
        &Furniture {
            routes: &routes,
            record: &record,
            sources: vec![jobs()],
            owed: &[routes::OWED],
            more_topics: &[routes::MADE],
            without: &ways.without,
            patience: if plan.most_partitions() > plan.partitions {
                PATIENCE + CROWDED
            } else {
                PATIENCE
            },
            strangers: false,
            told: ways.told,
            check: &|_, _| Ok(()),
            pulse: Arc::default(),
        },
    )
}

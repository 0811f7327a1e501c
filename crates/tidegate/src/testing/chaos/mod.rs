//! Ten thousand worlds in which everything goes wrong: a service under crashes, zombies, rebalances and lost replies.
//!
//! ```text
//!   seed ─▶ plan ─▶ one thread, paused time ─┬─ processes: the production runtime over a simulated log
//!                                            ├─ faults, each at its moment
//!                                            └─ ground truth ─▶ invariants, at every step
//! ```
//!
//! One seed decides everything, so a failure can be repeated from its seed.

mod checks;
mod endpoint;
mod faulty;
mod moment;
mod plan;
mod rng;
mod routes;
mod run;
mod store;
mod table;
mod truth;
mod world;

pub use crate::planted::Bug;
pub use checks::ALL as CHECKS;
pub use moment::{Kind, Moment};
pub use plan::{Plan, Planned};
pub use rng::Rng;
pub use store::Model;
pub use table::Table;
pub use truth::Violation;

use std::sync::Arc;

use self::run::Furniture;
use self::world::World;
use crate::headers::names;
use crate::inbox::InboxStore;
use crate::message::{NewRecord, TopicName};
use crate::router::Router;

/// What became of one world.
#[derive(Debug)]
pub struct Outcome {
    /// What hit.
    pub hits: Vec<(Kind, Moment)>,
    /// The first invariant that did not hold.
    pub violation: Option<Violation>,
    /// The story, a line a step.
    pub trace: Vec<String>,
}

/// Runs the framework's own routes through a planned world: every order, with and without a store, and handlers that do all
/// that handlers do. `without`: checks that are left out.
#[must_use]
pub fn own_world(plan: &Plan, without: &[&'static str]) -> Outcome {
    world_with(plan, without, None)
}

/// The same, with a bug of another system planted.
#[must_use]
pub fn world_with(plan: &Plan, without: &[&'static str], bug: Option<Bug>) -> Outcome {
    crate::planted::with(bug, || live(plan, without))
}

fn live(plan: &Plan, without: &[&'static str]) -> Outcome {
    let mut rng = Rng::new(plan.seed ^ 0x6b);
    let kinds: Vec<u64> = (0..1 + rng.below(3)).map(|_| rng.below(routes::KINDS)).collect();
    let down_for = rng.millis(0, 8_000);
    let keys = plan.keys;
    let record = move |rng: &mut Rng| {
        let (event_type, key, bytes) = routes::draw(rng, &kinds, keys);
        let topic = TopicName::new(routes::JOBS).expect("a legal name");
        let mut record = NewRecord::new(topic).value(bytes).header(names::EVENT_TYPE, event_type);
        record.key = key.map(Into::into);
        record
    };
    let routes = |world: &World, store: Arc<dyn InboxStore>| -> Router {
        let down_until = world.began + down_for;
        routes::routes(Arc::new(routes::Gateway { down_until }), store)
    };
    let ended = run::run(
        plan,
        &Furniture {
            routes: &routes,
            record: &record,
            owed: &[routes::OWED],
            more_topics: &[routes::MADE],
            without: without.to_vec(),
        },
    );
    Outcome { hits: ended.hits, violation: ended.violation, trace: ended.trace }
}

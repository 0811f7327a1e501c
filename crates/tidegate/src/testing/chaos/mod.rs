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
mod faulty;
mod furniture;
mod judged;
mod many;
mod moment;
mod outside;
mod own;
mod plan;
mod quiet;
mod rng;
mod routes;
mod rows;
mod run;
mod store;
mod strangers;
mod table;
mod truth;
mod underway;
mod watched;
mod world;

pub use crate::planted::Bug;
pub use checks::ALL as CHECKS;
pub use many::{run_all, story};
pub use moment::{Kind, Moment};
pub use own::{Outcome, Ways, own_world};
pub use plan::{Plan, Planned};
pub use rng::Rng;
pub use rows::Rows;
pub use store::{Model, ModelSession};
pub use strangers::{Aftermath, Ended, Fate, Worlds, chaos, worlds, worlds_over};
pub use table::Table;
pub use truth::Violation;

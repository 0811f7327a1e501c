//! The driver: connects the sans-I/O core with the broker, the handlers, the stores and the clock.
//!
//! ```text
//!                 ┌──────────── driver (one task; owns the member and the core) ───────────┐
//!  Consumer.poll ─▶ Delivered ─┐                         ┌─▶ Start Pause Resume Commit ─▶ Consumer
//!  Clock ────────▶ Timer ──────┼─▶ Core::step ─▶ commands┼─▶ Run, Step, Hold, Lease ─▶ lanes (a fixed number of tasks)
//!  lanes ────────▶ Ran, Stepped┘                         └─▶ Tell ─▶ logs, readiness, tests
//! ```
//!
//! The driver never waits for a handler (rule 14): handlers run in lanes, and what became of them comes back as an event.

mod attempt;
mod beat;
mod board;
mod call;
mod companions;
mod dead;
mod dispatch;
mod driver;
mod entries;
mod followers;
mod held;
mod intake;
mod job;
mod lane;
mod lanes;
mod limits;
mod line;
mod logs;
mod observer;
mod orders;
mod positions;
mod quiet;
mod recaller;
mod recalls;
mod report;
mod settle;
mod shelf;
mod shop;
mod tenure;
mod turns;
mod worker;
mod writes;

pub(crate) use driver::{Driver, Seat};
pub(crate) use limits::Limits;
pub(crate) use logs::Logs;
pub(crate) use observer::{Observer, Observers, Subject};
pub(crate) use positions::StartTime;
pub(crate) use shop::{Identity, NamedStore, Shop};

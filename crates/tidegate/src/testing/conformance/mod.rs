//! The broker contract, stated as tests that any implementation can be put to.
//!
//! ```text
//!   Harness ──makes, crashes──▶ broker ◀──examines── case, case, ...      one list, no skips
//!                                                     │
//!                                   Report ◀──────────┘   table: case x implementation
//! ```
//!
//! Implement [`Harness`] for a [`BrokerDriver`](crate::broker::BrokerDriver), call [`run`], and print
//! [`Report::table`]. An implementation keeps the contract when no case fails. A panic fails its case and not the
//! run. That the cases notice anything is shown by the brokers in [`broken`](crate::testing::broken): each breaks
//! one promise, and each is caught (`tests/conformance.rs`).
//!
//! ```
//! use tidegate::testing::conformance::{Harness, Report, run};
//!
//! async fn examine(mine: &dyn Harness, yours: &dyn Harness) {
//!     let reports = [run(mine).await, run(yours).await];
//!     println!("{}", Report::table(&reports));
//!     assert!(reports.iter().all(|report| report.failures().count() == 0));
//! }
//! ```
//!
//! Cases use the contract's words only: what they wait for is a condition with a deadline, and how long anything
//! may take is the harness's to say.

mod cases;
mod check;
mod drive;
mod harness;
mod lab;
mod list;
mod member;
mod report;
mod runner;

pub use harness::{Harness, ShortTimes};
pub use list::{Case, cases};
pub use report::{CaseResult, Report};
pub use runner::{run, run_named};

//! Dashboards and rules as Prometheus itself sees them.
//!
//! ```text
//!  deploy/prometheus ──▶ promtool: config, rules, tests of rules
//!
//!  Kafka ◀── orders up ◀── orders of all kinds
//!               ▲ /metrics, every two seconds
//!          Prometheus ◀── every query of every dashboard, every rule
//! ```

#![allow(clippy::unwrap_used, clippy::panic, reason = "the helpers of tests may fail as tests do")]

#[path = "../boards/mod.rs"]
mod boards;
#[path = "../harness/mod.rs"]
#[allow(dead_code, unused_imports, reason = "shared with the tests that ask for more")]
mod harness;
#[path = "../environment/tree.rs"]
#[allow(dead_code, reason = "shared with the tests of the tree")]
mod tree;

mod live;
mod promtool;
mod scraped;
mod traffic;

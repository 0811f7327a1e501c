//! The consumer core against its rules: examples of each transition, and properties under arbitrary events.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are not test functions")]

mod behind;
mod checks;
mod commits;
mod drains;
mod holds;
mod lanes;
mod leases;
mod metadata;
mod model;
mod places;
mod properties;
mod retrying;
mod rig;
mod rolls;
mod settling;
mod spread;
mod takeover;
mod terms;
mod world;

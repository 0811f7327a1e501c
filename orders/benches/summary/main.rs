//! `make bench`: what the order platform does, as a table and as `target/bench/summary.json`.
//!
//! ```text
//!  G7, G7-batch                 in this process: the producer's routes over the embedded log, against the same
//!                               routes over a log that acknowledges at once, or against bare publishing
//!  G8-p50, G8-p99, accepted,    the real `orders up`, asked over HTTP
//!  processed, p95
//!  G10-1pct, G10-100pct         the same, traced, against the same without
//!  G22                          a fresh clone, built from nothing (scripts/bench-clone.sh)
//!  G7-kafka, ..., p95-kafka     the same on a Kafka broker, which needs Java 17 (scripts/kafka)
//! ```
//!
//! `ONLY=G7,G8-p50` runs these rows alone. A ratio is the median of paired runs, taken in turn, so that a machine
//! that is slow for a while is slow for both sides.

mod accept;
mod bodies;
mod clone;
mod generator;
mod instant_log;
mod log;
mod plain;
mod platform;
mod served;
#[path = "../../../benches/table/mod.rs"]
mod table;
mod traced;
mod up;
mod watch;

use std::process::ExitCode;

use log::Log;
use table::only;
use table::summary::Summary;

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let wanted = match only::wanted(only::PLATFORM) {
        Ok(wanted) => wanted,
        Err(unknown) => {
            eprintln!("{unknown}");
            return ExitCode::from(2);
        }
    };
    let mut summary = Summary::default();
    let wants = |id: &str| wanted.contains(&id);
    measure(Log::Embedded, &wants, &mut summary);
    if wants("G10-1pct") {
        summary.add(traced::sampled("G10-1pct", "0.01", 0.92, 0.97));
    }
    if wants("G10-100pct") {
        summary.add(traced::sampled("G10-100pct", "1", 0.60, 0.75));
    }
    if wants("G22") {
        summary.add(clone::measured());
    }
    // Last, as it needs more than cargo: what was measured before is written.
    measure(Log::Kafka, &wants, &mut summary);
    ExitCode::SUCCESS
}

/// The rows of this log that are wanted.
fn measure(log: Log, wants: &impl Fn(&str) -> bool, summary: &mut Summary) {
    if wants(&log.row("G7")) {
        summary.add(accept::one_by_one(log));
    }
    if wants(&log.row("G7-batch")) {
        summary.add(accept::in_batches(log));
    }
    platform::measured(log, wants, |row| summary.add(row));
}

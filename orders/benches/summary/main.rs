//! `make bench`: what the order platform does, as a table and as `target/bench/summary.json`.
//!
//! ```text
//!  G7, G7-batch                 in this process: the producer's routes over the embedded log, against the same
//!                               routes over a log that acknowledges at once, or against bare publishing
//!  G8-p50, G8-p99, accepted,    the real `orders up`, asked over HTTP
//!  processed, p95
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
mod pairs;
mod plain;
mod platform;
mod rows;
mod served;
mod summary;
mod up;
mod watch;

use std::process::ExitCode;

use log::Log;
use summary::Summary;

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Every row, in the table's order.
const ALL: [&str; 15] = [
    "G7",
    "G7-batch",
    "G8-p50",
    "G8-p99",
    "accepted",
    "processed",
    "p95",
    "G22",
    "G7-kafka",
    "G7-batch-kafka",
    "G8-p50-kafka",
    "G8-p99-kafka",
    "accepted-kafka",
    "processed-kafka",
    "p95-kafka",
];

fn main() -> ExitCode {
    let wanted = match wanted() {
        Ok(wanted) => wanted,
        Err(unknown) => {
            eprintln!("ONLY={unknown}: there is no such row; there are {}", ALL.join(", "));
            return ExitCode::from(2);
        }
    };
    let mut summary = Summary::default();
    let wants = |id: &str| wanted.iter().any(|wanted| wanted == id);
    measure(Log::Embedded, &wants, &mut summary);
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

/// The rows that `ONLY` names, else all. Cargo's own arguments are of no interest.
fn wanted() -> Result<Vec<String>, String> {
    let only = std::env::var("ONLY").unwrap_or_default();
    let names: Vec<_> = only.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    if names.is_empty() {
        return Ok(ALL.map(str::to_owned).to_vec());
    }
    match names.iter().find(|name| !ALL.contains(name)) {
        Some(unknown) => Err((*unknown).to_owned()),
        None => Ok(names.into_iter().map(str::to_owned).collect()),
    }
}

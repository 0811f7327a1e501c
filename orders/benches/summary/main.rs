//! `make bench`: what the order platform does, as a table and as `target/bench/summary.json`.
//!
//! ```text
//!  G7, G7-batch                 in this process: the producer's routes over the embedded log, against the same
//!                               routes over a log that acknowledges at once, or against bare publishing
//!  G8-p50, G8-p99, accepted,    the real `orders up`, asked over HTTP
//!  processed, p95
//!  G22                          a fresh clone, built from nothing (scripts/bench-clone.sh)
//! ```
//!
//! `ONLY=G7,G8-p50` runs these rows alone. A ratio is the median of paired runs, taken in turn, so that a machine
//! that is slow for a while is slow for both sides.

mod accept;
mod bodies;
mod clone;
mod generator;
mod instant_log;
mod platform;
mod rows;
mod served;
mod summary;
mod watch;

use std::process::ExitCode;

use summary::Summary;

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Every row, in the table's order.
const ALL: [&str; 8] =
    ["G7", "G7-batch", "G8-p50", "G8-p99", "accepted", "processed", "p95", "G22"];

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
    if wants("G7") {
        summary.add(accept::one_by_one());
    }
    if wants("G7-batch") {
        summary.add(accept::in_batches());
    }
    for row in platform::measured(&wants) {
        summary.add(row);
    }
    if wants("G22") {
        summary.add(clone::measured());
    }
    summary.write();
    ExitCode::SUCCESS
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

//! `make bench`, the rows against the bare client: a service and a publisher on a real Kafka broker, against the loops of
//! `benches/baseline`, on the same broker and the same records.
//!
//! ```text
//!  this program ─ starts ─▶ broker (scripts/kafka), topics filled
//!       │ in turn, each in a process of its own:
//!       ├─▶ itself, as ours:  Service or Publisher      ─▶ records, seconds, CPU of that process
//!       ├─▶ itself, as bare:  benches/baseline          ─▶ the same
//!       └─▶ Kafka's own performance tools: a bare loop below 0.8 of them resolves nothing
//! ```
//!
//! `ONLY=G1,G6` runs these rows alone. They need Java 17 and the feature `kafka`.

#[path = "../../../../benches/baseline/consumer.rs"]
mod bare_consumer;
#[path = "../../../../benches/baseline/producer.rs"]
mod bare_producer;
#[path = "../../../../benches/baseline/reader.rs"]
mod bare_reader;
mod batches;
mod child;
mod consuming;
mod failing;
mod fill;
mod lab;
mod memory;
mod metered;
mod ours;
mod publishing;
mod restoring;
mod side;
#[path = "../../../../benches/table/mod.rs"]
mod table;
mod tools;

use std::process::ExitCode;

use lab::Lab;
use table::only;
use table::summary::Summary;

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args().skip(1).collect();
    if args.first().is_some_and(|first| first == side::ARGUMENT) {
        child::run(&args[1..]);
        return ExitCode::SUCCESS;
    }
    if !args.iter().any(|arg| arg == "--bench") {
        return ExitCode::SUCCESS; // `cargo test` only sees that it still compiles
    }
    match only::wanted(only::CLIENT) {
        Ok(wanted) if wanted.is_empty() => {}
        Ok(wanted) => measure(&wanted),
        Err(unknown) => {
            eprintln!("{unknown}");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

/// The rows that are wanted, on one broker.
fn measure(wanted: &[&str]) {
    let (lab, mut summary) = (Lab::start(), Summary::default());
    let wants = |id: &str| wanted.contains(&id);
    if wants("G1") || wants("G1-cpu") {
        let rows = consuming::partition_order(&lab);
        rows.into_iter().filter(|row| wants(&row.id)).for_each(|row| summary.add(row));
    }
    if wants("G1-read") {
        summary.add(consuming::against_a_reader(&lab));
    }
    if wants("G2") {
        summary.add(consuming::key_order(&lab));
    }
    if wants("G3") {
        summary.add(consuming::awaiting(&lab));
    }
    if wants("batch-50") {
        summary.add(batches::against_one_by_one(&lab));
    }
    if wants("G6") {
        summary.add(publishing::acknowledged(&lab));
    }
    if wants("G9") {
        summary.add(failing::against_none(&lab));
    }
    if wants("G10-metrics") {
        summary.add(metered::against_none(&lab));
    }
    if wants("G15") || wants("G15-memory") {
        let rows = restoring::against_a_consumer(&lab);
        rows.into_iter().filter(|row| wants(&row.id)).for_each(|row| summary.add(row));
    }
    if wants("G18") {
        summary.add(memory::stalled(&lab));
    }
}

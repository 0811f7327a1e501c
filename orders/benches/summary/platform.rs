//! The rows of the real `orders up`: a process of its own, asked over HTTP.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::bodies::ORDER;
use crate::generator::{Shots, paced, request, shoot, shoot_so_many};
use crate::log::Log;
use crate::table::rows::Row;
use crate::up::Up;
use crate::watch::Watch;

const CONNECTIONS: usize = 64;
const SHOT: Duration = Duration::from_secs(5);
const MODERATE: u32 = 200;
const BUSY: u32 = 1_000;
const PACED: Duration = Duration::from_secs(15);
/// How long it may take until all orders are processed.
const PATIENCE: Duration = Duration::from_secs(600);

/// Gives the rows of these that are wanted, each as soon as it is there.
pub(crate) fn measured(log: Log, wants: &impl Fn(&str) -> bool, mut add: impl FnMut(Row)) {
    let wanted = |ids: &[&str]| ids.iter().any(|id| wants(&log.row(id)));
    let mut take = |row: Row| {
        if wants(&row.id) {
            add(row);
        }
    };
    if wanted(&["G8-p50", "G8-p99"]) {
        post_to_read_model(log).into_iter().for_each(&mut take);
    }
    if wanted(&["accepted", "processed"]) {
        promises(log).into_iter().for_each(&mut take);
    }
    if wanted(&["p95"]) {
        take(answer_time(log));
    }
}

fn promised(id: String, value: f64, floor: Option<f64>, unit: &'static str, how: String) -> Row {
    let lower_is_better = unit == "ms";
    Row {
        id,
        ratio: value,
        floor,
        goal: None,
        lower_is_better,
        resolved: true,
        unit,
        settings: how,
    }
}

/// G8: from the POST until the order is `completed` in the read model.
fn post_to_read_model(log: Log) -> [Row; 2] {
    let up = Up::start(log);
    let watch = Watch::start(&up.database());
    let sent = paced(up.address(), request("/api/v1/orders", ORDER), CONNECTIONS, MODERATE, PACED);
    let seen = watch.until(sent.len(), PATIENCE);
    let mut histogram = histogram();
    for order in &sent {
        histogram.saturating_record(micros(seen[&order.order_id].duration_since(order.due)));
    }
    let row = |id, quantile| Row {
        id: log.row(id),
        ratio: millis(&histogram, quantile),
        floor: None,
        goal: None,
        lower_is_better: true,
        unit: "ms",
        resolved: true,
        settings: format!(
            "POST until completed in the read model, {MODERATE}/s for {} s, {} orders{}",
            PACED.as_secs(),
            sent.len(),
            log.surroundings()
        ),
    };
    [row("G8-p50", 0.50), row("G8-p99", 0.99)]
}

/// What one burst of orders showed.
struct Throughput {
    orders: usize,
    /// Answered with a 202, per second, while others were processed.
    accepted: f64,
    /// From the first POST to the last order that is completed, per second.
    processed: f64,
}

/// As many orders as it takes, for a while; until all are completed.
fn throughput(up: &Up) -> Throughput {
    let shots = |address| shoot(address, request("/api/v1/orders", ORDER), CONNECTIONS, SHOT);
    let (shots, processed) = until_completed(up, shots);
    let orders = usize::try_from(shots.answered).expect("a number that fits");
    Throughput { orders, accepted: shots.per_second(), processed }
}

/// So many orders: how many are processed per second, from the first POST to the last that is completed.
pub(crate) fn processed(up: &Up, count: u64) -> f64 {
    let order = || request("/api/v1/orders", ORDER);
    until_completed(up, |address| shoot_so_many(address, order(), CONNECTIONS, count)).1
}

fn until_completed(up: &Up, shots: impl FnOnce(SocketAddr) -> Shots) -> (Shots, f64) {
    let watch = Watch::start(&up.database());
    let started = Instant::now();
    let shots = shots(up.address());
    let count = usize::try_from(shots.answered).expect("a number that fits");
    let last = watch.until(count, PATIENCE).into_values().max().expect("at least one order");
    (shots, shots.answered as f64 / last.duration_since(started).as_secs_f64())
}

/// What it accepts while it processes, and how fast all of it is processed.
fn promises(log: Log) -> [Row; 2] {
    let Throughput { orders, accepted, processed } = throughput(&Up::start(log));
    let settings = format!(
        "{orders} orders in {} s, {CONNECTIONS} connections{}",
        SHOT.as_secs(),
        log.surroundings()
    );
    [
        promised(
            log.row("accepted"),
            accepted,
            log.asks(1_000.0),
            "orders/s",
            format!("while processing: {settings}"),
        ),
        promised(
            log.row("processed"),
            processed,
            log.asks(500.0),
            "orders/s",
            format!("first POST to last completed: {settings}"),
        ),
    ]
}

/// How long a POST takes, from the moment that it was due.
fn answer_time(log: Log) -> Row {
    let up = Up::start(log);
    let sent = paced(up.address(), request("/api/v1/orders", ORDER), CONNECTIONS, BUSY, PACED);
    let mut histogram = histogram();
    for order in &sent {
        histogram.saturating_record(micros(order.answered.duration_since(order.due)));
    }
    let settings =
        format!("POST to 202 at {BUSY}/s for {} s{}", PACED.as_secs(), log.surroundings());
    promised(log.row("p95"), millis(&histogram, 0.95), log.asks(100.0), "ms", settings)
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 600_000_000, 3).expect("constant bounds")
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

fn millis(histogram: &Histogram<u64>, quantile: f64) -> f64 {
    histogram.value_at_quantile(quantile) as f64 / 1_000.0
}

//! The rows of the real `orders up`: a process of its own, asked over HTTP.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::bodies::ORDER;
use crate::generator::{paced, request, shoot};
use crate::rows::Row;
use crate::watch::Watch;

const CONNECTIONS: usize = 64;
const SHOT: Duration = Duration::from_secs(5);
const MODERATE: u32 = 200;
const BUSY: u32 = 1_000;
const PACED: Duration = Duration::from_secs(15);
const PATIENCE: Duration = Duration::from_secs(300);

/// The rows of these that are wanted.
pub(crate) fn measured(wants: &impl Fn(&str) -> bool) -> Vec<Row> {
    let mut rows = Vec::new();
    if wants("G8-p50") || wants("G8-p99") {
        rows.extend(post_to_read_model());
    }
    if wants("accepted") || wants("processed") {
        rows.extend(throughput());
    }
    if wants("p95") {
        rows.push(answer_time());
    }
    rows.retain(|row| wants(row.id));
    rows
}

fn promised(id: &'static str, value: f64, floor: f64, unit: &'static str, settings: String) -> Row {
    let lower_is_better = unit == "ms";
    Row { id, ratio: value, floor: Some(floor), goal: None, lower_is_better, unit, settings }
}

/// G8: from the POST until the order is `completed` in the read model.
fn post_to_read_model() -> [Row; 2] {
    let up = Up::start();
    let watch = Watch::start(&up.database());
    let sent = paced(up.address, request("/api/v1/orders", ORDER), CONNECTIONS, MODERATE, PACED);
    let seen = watch.until(sent.len(), PATIENCE);
    let mut histogram = histogram();
    for order in &sent {
        histogram.saturating_record(micros(seen[&order.order_id].duration_since(order.due)));
    }
    let row = |id, quantile| Row {
        id,
        ratio: millis(&histogram, quantile),
        floor: None,
        goal: None,
        lower_is_better: true,
        unit: "ms",
        settings: format!(
            "POST until completed in the read model, {MODERATE}/s for {} s, {} orders",
            PACED.as_secs(),
            sent.len()
        ),
    };
    [row("G8-p50", 0.50), row("G8-p99", 0.99)]
}

/// What it accepts while it processes, and how fast all of it is processed.
fn throughput() -> [Row; 2] {
    let up = Up::start();
    let watch = Watch::start(&up.database());
    let started = Instant::now();
    let shots = shoot(up.address, request("/api/v1/orders", ORDER), CONNECTIONS, SHOT);
    let count = usize::try_from(shots.answered).expect("a number that fits");
    let last = watch.until(count, PATIENCE).into_values().max().expect("at least one order");
    let processed = shots.answered as f64 / last.duration_since(started).as_secs_f64();
    let settings = format!("{count} orders in {} s, {CONNECTIONS} connections", SHOT.as_secs());
    [
        promised(
            "accepted",
            shots.per_second(),
            1_000.0,
            "orders/s",
            format!("while processing: {settings}"),
        ),
        promised(
            "processed",
            processed,
            500.0,
            "orders/s",
            format!("first POST to last completed: {settings}"),
        ),
    ]
}

/// How long a POST takes, from the moment that it was due.
fn answer_time() -> Row {
    let up = Up::start();
    let sent = paced(up.address, request("/api/v1/orders", ORDER), CONNECTIONS, BUSY, PACED);
    let mut histogram = histogram();
    for order in &sent {
        histogram.saturating_record(micros(order.answered.duration_since(order.due)));
    }
    let settings = format!("POST to 202 at {BUSY}/s for {} s", PACED.as_secs());
    promised("p95", millis(&histogram, 0.95), 100.0, "ms", settings)
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

/// A platform with a folder of its own; killed by its id at the end.
struct Up {
    process: Child,
    address: SocketAddr,
    folder: tempfile::TempDir,
}

impl Up {
    fn start() -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        let port = free_ports();
        let mut command = Command::new(env!("CARGO_BIN_EXE_orders"));
        command.arg("up").env_clear().current_dir(folder.path()).stdin(Stdio::null());
        command.env("HTTP_PORT", port.to_string()).env("DATA_DIR", folder.path());
        let log = std::fs::File::create(folder.path().join("stderr")).expect("a file");
        let process = command.stdout(Stdio::null()).stderr(log).spawn().expect("orders starts");
        let mut up = Self { process, address: ([127, 0, 0, 1], port).into(), folder };
        up.await_first_order();
        up
    }

    fn database(&self) -> std::path::PathBuf {
        self.folder.path().join("orders.db")
    }

    /// The load generator ends well when an order went all the way.
    fn await_first_order(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        while !self.load_one() {
            let ended = self.process.try_wait().expect("a child");
            assert!(ended.is_none() && Instant::now() < deadline, "not ready: {}", self.log());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("stderr")).unwrap_or_default()
    }

    fn load_one(&self) -> bool {
        let mut load = Command::new(env!("CARGO_BIN_EXE_orders"));
        load.args(["load", "--count", "1"]).env_clear().current_dir(self.folder.path());
        load.env("HTTP_PORT", self.address.port().to_string()).env("DATA_DIR", self.folder.path());
        let status = load.stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.expect("orders starts").success()
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Four ports in a row, below those that the system gives to outgoing connections; not where others begin to look.
fn free_ports() -> u16 {
    let free = |port: u16| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
    let first = std::process::id() % 3_000;
    let bases = (first..first + 3_000).map(|row| 20_000 + 4 * (row % 3_000) as u16);
    bases.into_iter().find(|base| (*base..base + 4).all(free)).expect("four free ports")
}

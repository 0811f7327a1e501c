//! Kafka's own performance tools, from the distribution that the broker is of.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::lab::Lab;
use crate::table::pairs::median;

/// A bare loop must reach this part of what Kafka's tool does.
const RESOLVES: f64 = 0.8;
const RUNS: usize = 3;

/// What Kafka's tool does in a second, and whether the bare loop is near enough to it.
pub(crate) struct Tool {
    pub(crate) per_second: f64,
}

impl Tool {
    pub(crate) fn resolves(&self, bare: f64) -> bool {
        bare >= RESOLVES * self.per_second
    }

    /// Reads a topic of so many records; joining is not counted.
    pub(crate) fn consumer(lab: &Lab, topic: &str, records: u64) -> Self {
        let run = |_| {
            let (records, group) = (records.to_string(), lab.group());
            let args = ["--topic", topic, "--num-records", &records, "--group", &group];
            let said = tool(lab, "ConsumerPerformance", &args);
            let line = said.lines().rfind(|line| line.contains(", ")).expect("a line of figures");
            line.rsplit(", ").next().and_then(|last| last.trim().parse().ok()).expect("a rate")
        };
        Self { per_second: median((0..RUNS).map(run)) }
    }

    /// Writes records of so many bytes, acknowledged by all replicas.
    pub(crate) fn producer(lab: &Lab, topic: &str, records: u64, body: usize) -> Self {
        let run = |_| {
            let (records, size) = (records.to_string(), body.to_string());
            let mut args = vec!["--topic", topic, "--num-records", &records];
            args.extend(["--record-size", &size, "--throughput", "-1"]);
            args.extend(["--command-property", "acks=all"]);
            let said = tool(lab, "ProducerPerformance", &args);
            let (rate, _) = said.split_once(" records/sec").expect("its last line has a rate");
            let (_, rate) = said[..rate.len()].rsplit_once(' ').expect("a rate behind a space");
            rate.parse().expect("a rate")
        };
        Self { per_second: median((0..RUNS).map(run)) }
    }
}

/// Its standard output, of the last line on.
fn tool(lab: &Lab, class: &str, args: &[&str]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/kafka");
    let mut command = Command::new(script);
    command.arg("tool").arg(format!("org.apache.kafka.tools.{class}"));
    command.args(["--bootstrap-server", lab.address()]).args(args);
    let run = command.stderr(Stdio::inherit()).output().expect("scripts/ lies beside crates/");
    let said = String::from_utf8_lossy(&run.stdout).trim_end().to_owned();
    assert!(run.status.success(), "{class}: {said}");
    said.lines().last().unwrap_or_default().to_owned()
}

//! G1, G2 and G3: from the broker to the handler.

use crate::fill::{Keys, fill};
use crate::lab::{BODY, Lab, PARTITIONS};
use crate::ours::{AWAITED, RUNNING};
use crate::side::Stretch;
use crate::table::pairs::{Pairs, ROUND, median};
use crate::table::rows::Row;
use crate::tools::Tool;

/// Sizes of values, and how many records of each are read.
const SIZES: [(usize, u64); 2] = [(BODY, 3_000_000), (1_024, 1_500_000)];
const ZIPF_KEYS: usize = 10_000;
const AWAITING_KEYS: usize = 1_000;
const AWAITING_RECORDS: u64 = 600_000;
const RUNS: usize = 5;

/// One topic, read by both sides in turn, and by Kafka's own tool.
struct Read {
    body: usize,
    pairs: Pairs<Stretch>,
    tool: Tool,
}

impl Read {
    fn of(lab: &Lab, topic: &str, records: u64, body: usize, (ours, bare): (&str, &str)) -> Self {
        let ours = || lab.side(ours, topic, records);
        let pairs = Pairs::of(ours, || lab.side(bare, topic, records));
        Self { body, pairs, tool: Tool::consumer(lab, topic, records) }
    }

    fn rates(&self) -> Pairs {
        self.pairs.each(Stretch::per_second)
    }

    fn cpu(&self) -> Pairs {
        self.pairs.each(Stretch::cpu_per_record)
    }

    fn resolved(&self) -> bool {
        self.tool.resolves(self.rates().theirs())
    }

    fn figures(&self) -> String {
        let (rates, tool) = (self.rates(), self.tool.per_second);
        let (ratio, ours, bare) = (rates.ratio(), rates.ours(), rates.theirs());
        format!(
            "{} B: {ratio:.2} ({ours:.0}/s to {bare:.0}/s, Kafka's tool {tool:.0}/s)",
            self.body
        )
    }

    fn cpu_figures(&self) -> String {
        let (cpu, micros) = (self.cpu(), 1_000_000.0);
        let (ratio, ours, bare) = (cpu.ratio(), cpu.ours() * micros, cpu.theirs() * micros);
        format!("{} B: {ratio:.2} ({ours:.2} us to {bare:.2} us)", self.body)
    }
}

/// G1 and G1-cpu: a handler that does nothing, each partition in order. Of the sizes the worse counts.
pub(crate) fn partition_order(lab: &Lab) -> [Row; 2] {
    let read = |(body, records): (usize, u64)| {
        let topic = format!("partition-order-{body}");
        fill(lab, &topic, records, body, Keys::Own);
        Read::of(lab, &topic, records, body, ("ours-partition", "bare-consumer"))
    };
    let reads = SIZES.map(read);
    let resolved = reads.iter().all(Read::resolved);
    let all = |figures: fn(&Read) -> String| reads.each_ref().map(figures).join(", ");
    let how = reads[0].rates().settings();
    let what = format!("partition order, no-op handler, {PARTITIONS} partitions, {how}");
    let rate = Row {
        id: "G1".to_owned(),
        ratio: reads.iter().map(|read| read.rates().ratio()).fold(f64::INFINITY, f64::min),
        floor: Some(0.85),
        goal: Some(0.95),
        lower_is_better: false,
        unit: "ratio",
        resolved,
        settings: format!("{what}: {}", all(Read::figures)),
    };
    let cpu = Row {
        id: "G1-cpu".to_owned(),
        ratio: reads.iter().map(|read| read.cpu().ratio()).fold(0.0, f64::max),
        floor: Some(1.3),
        goal: Some(1.15),
        lower_is_better: true,
        settings: format!("CPU of a record, {what}: {}", all(Read::cpu_figures)),
        ..rate.clone()
    };
    [rate, cpu]
}

/// G1-read: the first of the sizes of G1, against a loop that takes each record with it and asks for its id.
pub(crate) fn against_a_reader(lab: &Lab) -> Row {
    let (body, records) = SIZES[0];
    fill(lab, "reading", records, body, Keys::Own);
    let read = Read::of(lab, "reading", records, body, ("ours-partition", "bare-reader"));
    let (how, figures, cpu) = (read.rates().settings(), read.figures(), read.cpu_figures());
    Row {
        id: "G1-read".to_owned(),
        ratio: read.rates().ratio(),
        floor: None,
        goal: None,
        lower_is_better: false,
        unit: "ratio",
        // Its other side is compared with nothing: it shows what a record costs that is taken.
        resolved: true,
        settings: format!(
            "as G1, against a loop that copies records and reads headers, {how}: {figures}; CPU {cpu}"
        ),
    }
}

/// G2: each key in order, and few keys with most of the records.
pub(crate) fn key_order(lab: &Lab) -> Row {
    let (body, records) = SIZES[0];
    fill(lab, "key-order", records, body, Keys::Zipf(ZIPF_KEYS));
    let read = Read::of(lab, "key-order", records, body, ("ours-key", "bare-consumer"));
    let how = read.rates().settings();
    let (figures, cpu) = (read.figures(), read.cpu_figures());
    Row {
        id: "G2".to_owned(),
        ratio: read.rates().ratio(),
        floor: Some(0.60),
        goal: Some(0.75),
        lower_is_better: false,
        unit: "ratio",
        resolved: read.resolved(),
        settings: format!(
            "key order, {ZIPF_KEYS} keys, Zipf(1.0), no-op, {how}: {figures}; CPU {cpu}"
        ),
    }
}

/// G3: a handler that awaits, against as many at once as there are keys.
pub(crate) fn awaiting(lab: &Lab) -> Row {
    fill(lab, "awaiting", AWAITING_RECORDS, BODY, Keys::Even(AWAITING_KEYS));
    let run = |_| lab.side("ours-awaiting", "awaiting", AWAITING_RECORDS).per_second();
    let rate = median((0..RUNS).map(run));
    let theory = AWAITING_KEYS.min(RUNNING) as f64 / AWAITED.as_secs_f64();
    Row {
        id: "G3".to_owned(),
        ratio: rate / theory,
        floor: Some(0.60),
        goal: Some(0.90),
        lower_is_better: false,
        unit: "ratio",
        resolved: true,
        settings: format!(
            "{} ms of awaiting, {AWAITING_KEYS} keys, concurrency {RUNNING}: {rate:.0}/s of {theory:.0}/s; median of {RUNS} runs of {} s",
            AWAITED.as_millis(),
            ROUND.as_secs()
        ),
    }
}

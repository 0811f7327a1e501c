//! batch-50: a handler that makes each of its calls durable in a file, with up to 50 records in a call, and with one.

use std::fs::File;
use std::io::Write;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use tidegate::prelude::*;

use crate::child::Meter;
use crate::fill::{Keys, fill};
use crate::lab::{BODY, Lab};
use crate::ours::{Blob, Count, Raw, serve};
use crate::side::Stretch;
use crate::table::pairs::Pairs;
use crate::table::rows::Row;

const MOST: usize = 50;
const KEYS: usize = 10_000;
const RECORDS: u64 = 400_000;

/// Where records go: on the disk before a call returns.
struct Sink {
    file: Mutex<File>,
    count: Count,
}

type Into = State<Arc<Sink>>;

impl Sink {
    fn write(&self, records: usize) {
        let mut file = self.file.lock().expect("no writer panics");
        file.write_all(&vec![7; records * BODY]).expect("room on the disk");
        file.sync_data().expect("a disk");
        self.count.fetch_add(records as u64, Ordering::Relaxed);
    }
}

fn one(_: Payload<Blob>, State(sink): Into) {
    sink.write(1);
}

fn many(batch: Batch<Blob>, State(sink): Into) {
    sink.write(batch.len());
}

/// Runs a service until it is told to stop.
pub(crate) fn consume(brokers: &str, topic: &str, group: &str, batches: bool, meter: &Meter) {
    let file = Mutex::new(tempfile::tempfile().expect("a temporary folder"));
    let sink = Arc::new(Sink { file, count: meter.count.clone() });
    let topic = Topic::with_codec(topic, Raw);
    let routes = match batches {
        true => topic.on_batch(MOST, blocking(many)).with_state(sink),
        false => topic.on(blocking(one)).with_state(sink),
    };
    serve(brokers, group, routes, meter, |service| service, std::future::pending());
}

/// Both, in turn.
pub(crate) fn against_one_by_one(lab: &Lab) -> Row {
    fill(lab, "batches", RECORDS, BODY, Keys::Even(KEYS));
    let side = |name| move || lab.side(name, "batches", RECORDS);
    let rates = Pairs::of(side("ours-batches"), side("ours-one")).each(Stretch::per_second);
    let (ours, theirs) = (rates.ours(), rates.theirs());
    Row {
        id: "batch-50".to_owned(),
        ratio: rates.ratio(),
        floor: None,
        goal: None,
        lower_is_better: false,
        unit: "ratio",
        resolved: true,
        settings: format!(
            "up to {MOST} records in one durable write, against one: {ours:.0}/s to {theirs:.0}/s; {}",
            rates.settings()
        ),
    }
}

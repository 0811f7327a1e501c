//! G9: one key of a hundred fails for seconds. What the others lose by it, and whether those that failed kept their order.
//!
//! ```text
//!  rates, in turn:   keys-failing  ─▶ records of healthy keys in 2 s ─┐
//!                    keys-healthy  ─▶ of the same keys, nobody fails ─┴▶ ratio
//!  then, to its end: keys-in-order ─▶ each failing key's effects against the log: in order, none lost, none twice
//! ```
//!
//! Both rates are of the same program with the same schedule: in one of them nothing has to wait in it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tidegate::class::{Class, Classify};
use tidegate::extract::Raw as Record;
use tidegate::message::{Offset, Partition};
use tidegate::prelude::*;

use crate::child::Meter;
use crate::fill::{Draw, Keys, fill};
use crate::lab::{BODY, Lab};
use crate::ours::{Blob, Raw, serve};
use crate::side::Stretch;
use crate::table::pairs::Pairs;
use crate::table::rows::Row;

const TOPIC: &str = "failing";
const ORDERED: &str = "failing-in-order";
const KEYS: usize = 10_000;
/// Of so many keys one fails.
const ONE_OF: u64 = 100;
/// Of a failing key every so many-th record fails, by its offset.
const EVERY: u64 = 10;
/// So often, before it works: with delays up to 1, 2, 4 and 8 s.
const FAILURES: u32 = 4;
const RECORDS: u64 = 2_000_000;
const TO_THE_END: u64 = 200_000;
/// Longer than any key needs: without an effect for so long, some are lost.
const PATIENCE: Duration = Duration::from_secs(60);

/// Of each failing key the places of its records, in the order of their effects.
type Effects = BTreeMap<u64, Vec<(Partition, Offset)>>;

/// What a side shares with its handler.
struct Watched {
    failing: bool,
    /// Effects of healthy keys; in the run to the end, of all.
    count: Arc<AtomicU64>,
    /// Where it is asked for.
    effects: Option<Mutex<Effects>>,
}

#[derive(Debug, thiserror::Error)]
#[error("not yet")]
struct NotYet;

impl Classify for NotYet {
    fn class(&self) -> Class {
        Class::Transient
    }
}

async fn effect(
    _: Payload<Blob>,
    record: Record,
    attempt: Attempt,
    State(watched): State<Arc<Watched>>,
) -> Result<(), NotYet> {
    let key = number(&record);
    let fails = key.is_multiple_of(ONE_OF);
    let is_one = record.offset.0.is_multiple_of(EVERY) && attempt.0 <= FAILURES;
    if fails && watched.failing && is_one {
        return Err(NotYet);
    }
    if let Some(effects) = watched.effects.as_ref().filter(|_| fails) {
        let mut effects = effects.lock().expect("no handler panics");
        effects.entry(key).or_default().push((record.partition, record.offset));
    }
    if !fails || watched.effects.is_some() {
        watched.count.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

fn number(record: &Record) -> u64 {
    let key = record.key.as_deref().and_then(|key| std::str::from_utf8(key).ok());
    key.and_then(|key| key.parse().ok()).expect("made by `fill`")
}

/// Runs a service whose records wait in a topic when they fail again, until it is told to stop.
fn run(brokers: &str, topic: &str, group: &str, watched: Arc<Watched>, meter: &Meter) {
    let retry = Retry::exponential(secs(1), secs(8)).attempts(FAILURES + 1);
    let routes = Topic::with_codec(topic, Raw).on(effect).retry(retry).with_state(watched);
    let scheduled = |service: Service<StartFrom>| service.retry_topics("{topic}.{group}.retry");
    serve(brokers, group, routes, meter, scheduled, std::future::pending());
}

/// A side of the rates.
pub(crate) fn consume(brokers: &str, topic: &str, group: &str, failing: bool, meter: &Meter) {
    let watched = Watched { failing, count: meter.count.clone(), effects: None };
    run(brokers, topic, group, Arc::new(watched), meter);
}

/// The run to the end; it fails when an order broke, or something was lost or done twice.
#[allow(clippy::print_stdout, reason = "this is how a side answers")]
pub(crate) fn in_order(brokers: &str, topic: &str, group: &str, records: u64) {
    let (meter, begun) = (Meter::default(), Instant::now());
    let effects = Some(Mutex::default());
    let watched = Arc::new(Watched { failing: true, count: meter.count.clone(), effects });
    std::thread::scope(|threads| {
        threads.spawn(|| {
            until_all(&meter, records);
            meter.stop.store(true, Ordering::Relaxed);
        });
        run(brokers, topic, group, watched.clone(), &meter);
    });
    let effects = watched.effects.as_ref().expect("asked for").lock().expect("no handler panics");
    judge(&effects, meter.count.load(Ordering::Relaxed), records);
    println!("{records} {} 0", begun.elapsed().as_secs_f64());
}

/// Until so many effects are there, or none has come for long.
fn until_all(meter: &Meter, records: u64) {
    let (mut last, mut since) = (0, Instant::now());
    while last < records && since.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(20));
        let now = meter.count.load(Ordering::Relaxed);
        if now != last {
            (last, since) = (now, Instant::now());
        }
    }
}

/// Against what was written: as many records of each key, by offset.
fn judge(effects: &Effects, count: u64, records: u64) {
    for (key, places) in effects {
        let in_order = places.is_sorted_by(|a, b| a.0 == b.0 && a.1 < b.1);
        assert!(in_order, "key {key}: its effects are not in the order of the log: {places:?}");
    }
    let found: BTreeMap<u64, usize> = effects.iter().map(|(key, all)| (*key, all.len())).collect();
    assert_eq!(found, written(records), "effects of each failing key, and its records");
    assert_eq!(count, records, "effects, and records");
}

/// How many records each failing key has.
fn written(records: u64) -> BTreeMap<u64, usize> {
    let mut draw = Draw::new(Keys::Even(KEYS));
    let mut counts = BTreeMap::new();
    for number in 0..records {
        let key = draw.key(number);
        if key.is_multiple_of(ONE_OF) {
            *counts.entry(key).or_default() += 1;
        }
    }
    counts
}

/// Both, in turn; then the run to the end.
pub(crate) fn against_none(lab: &Lab) -> Row {
    fill(lab, TOPIC, RECORDS, BODY, Keys::Even(KEYS));
    let side = |name| move || lab.side(name, TOPIC, RECORDS);
    let rates = Pairs::of(side("keys-failing"), side("keys-healthy")).each(Stretch::per_second);
    fill(lab, ORDERED, TO_THE_END, BODY, Keys::Even(KEYS));
    let took = lab.side("keys-in-order", ORDERED, TO_THE_END).seconds;
    let failing = written(TO_THE_END);
    let (keys, of_them) = (failing.len(), failing.values().sum::<usize>());
    let (with, without, how) = (rates.ours(), rates.theirs(), rates.settings());
    Row {
        id: "G9".to_owned(),
        ratio: rates.ratio(),
        floor: Some(0.90),
        goal: Some(0.97),
        lower_is_better: false,
        unit: "ratio",
        resolved: true,
        settings: format!(
            "healthy keys while {keys} of {KEYS} keys fail, retries of 1-8 s, no-op, key order: {with:.0}/s to {without:.0}/s, {how}; \
             to the end in {took:.0} s: {of_them} effects of failing keys, all in the order of the log, none of {TO_THE_END} lost or twice"
        ),
    }
}

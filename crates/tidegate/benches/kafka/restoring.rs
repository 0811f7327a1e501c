//! G15: a service that takes over partitions in whose schedule a million records wait.

use std::io::{BufRead, BufReader, Read};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tidegate::class::{Class, Classify};
use tidegate::events::RuntimeEvent;
use tidegate::prelude::*;

use crate::child::{Meter, cpu};
use crate::fill::{Keys, fill};
use crate::lab::Lab;
use crate::memory::{BESIDES, MIB, peak_of};
use crate::ours::{BUDGET, Blob, Raw, serve};
use crate::side::{self, Stretch};
use crate::table::pairs::Pairs;
use crate::table::rows::Row;

/// Bytes of the value of a record that waits.
const WAITING: usize = 1_024;
/// Unless `PENDING` says otherwise.
const PENDING: u64 = 1_000_000;
const TOPIC: &str = "restored";
const COMPANION: &str = "restored.retry";
/// The group whose schedule it is.
const GROUP: &str = "restoring";
/// Nothing is due while it is measured.
const LATER: Duration = Duration::from_secs(86_400);

#[derive(Debug, thiserror::Error)]
#[error("later")]
struct Later;

impl Classify for Later {
    fn class(&self) -> Class {
        Class::TransientAfter(LATER)
    }
}

async fn later(_: Payload<Blob>) -> Result<(), Later> {
    Err(Later)
}

fn run(brokers: &str, meter: &Meter, hear: impl Fn(&RuntimeEvent) + Send + Sync + 'static) {
    let retry = Retry::exponential(LATER, LATER).in_place(0);
    let routes = Topic::with_codec(TOPIC, Raw).on(later).retry(retry).with_state(());
    let tuned = |service: Service<StartFrom>| {
        service.retry_topic(TOPIC, COMPANION).buffer(usize::MAX / 2, BUDGET).observe(hear)
    };
    serve(brokers, GROUP, routes, meter, tuned, std::future::pending());
}

/// Everything fails, and waits, until so many do.
#[allow(clippy::print_stdout, reason = "this is how a side answers")]
pub(crate) fn postpone(brokers: &str, records: u64, meter: &Meter) {
    let (begun, before) = (Instant::now(), cpu());
    let (count, stop) = (meter.count.clone(), meter.stop.clone());
    run(brokers, meter, move |event| {
        if matches!(event, RuntimeEvent::Scheduled { .. })
            && count.fetch_add(1, Ordering::Relaxed) + 1 == records
        {
            stop.store(true, Ordering::Relaxed);
        }
    });
    println!("{records} {} {}", begun.elapsed().as_secs_f64(), cpu() - before);
}

/// Says how long it took until all that waits was read, and runs on until its input ends: who is killed stays in the group for
/// its session, and the next waits for that.
#[allow(clippy::print_stdout, reason = "this is how a side answers")]
pub(crate) fn restore(brokers: &str, records: u64, meter: &Meter) {
    let begun = Arc::new(Mutex::new(None));
    let (count, stop) = (meter.count.clone(), meter.stop.clone());
    std::thread::spawn(move || {
        let _ = std::io::stdin().read(&mut [0]);
        stop.store(true, Ordering::Relaxed);
    });
    run(brokers, meter, move |event| match event {
        RuntimeEvent::Restoring { .. } => {
            begun.lock().expect("no panic").get_or_insert_with(|| (Instant::now(), cpu()));
        }
        RuntimeEvent::Restored { entries, .. } => {
            let all = count.fetch_add(*entries as u64, Ordering::Relaxed) + *entries as u64;
            let begun = *begun.lock().expect("no panic");
            let (since, before) = begun.expect("it began to read");
            if all == records {
                println!("{all} {} {}", since.elapsed().as_secs_f64(), cpu() - before);
            }
        }
        _ => {}
    });
}

/// A restore in a process of its own, and the most memory that it ever had, read from outside.
fn restored(lab: &Lab, records: u64) -> (Stretch, f64) {
    let args = [lab.address(), TOPIC, GROUP, &records.to_string()];
    let mut member = side::start("ours-restoring", &args);
    let mut said = String::new();
    let output = member.stdout.take().expect("it is piped");
    BufReader::new(output).read_line(&mut said).expect("it answers");
    let stretch = Stretch::parse(&said);
    let peak = peak_of(&mut member);
    drop(member.stdin.take());
    member.wait().expect("it leaves, and ends");
    (stretch, peak)
}

/// G15, and G15-memory: of the restores the one that took most.
pub(crate) fn against_a_consumer(lab: &Lab) -> [Row; 2] {
    let said = std::env::var("PENDING").ok();
    let records = said.map_or(PENDING, |said| said.parse().expect("PENDING is a number"));
    fill(lab, TOPIC, records, WAITING, Keys::Own);
    eprintln!("scheduling {records} records");
    let postponed =
        side::run("ours-postponing", &[lab.address(), TOPIC, GROUP, &records.to_string()]);
    eprintln!("scheduled: {:.0}/s", postponed.per_second());
    let mut peak: f64 = 0.0;
    let ours = || {
        let (stretch, most) = restored(lab, records);
        peak = peak.max(most);
        stretch
    };
    let rates = Pairs::of(ours, || lab.side("bare-consumer", COMPANION, records));
    let rates = rates.each(Stretch::per_second);
    let (restored, bare) = (rates.ours(), rates.theirs());
    let rate = Row {
        id: "G15".to_owned(),
        ratio: rates.ratio(),
        floor: Some(0.50),
        goal: Some(0.70),
        lower_is_better: false,
        unit: "ratio",
        resolved: true,
        settings: format!(
            "schedule of {records} records of {WAITING} B read at the start, against a bare consumer of the same topic: {restored:.0}/s to {bare:.0}/s; {}",
            rates.settings()
        ),
    };
    let allowed = (BUDGET as f64 / MIB).mul_add(1.5, BESIDES);
    let memory = Row {
        id: "G15-memory".to_owned(),
        ratio: peak / allowed,
        floor: Some(1.0),
        goal: None,
        lower_is_better: true,
        settings: format!(
            "peak memory of a member in whose schedule {records} records of {WAITING} B wait: {peak:.0} MiB of {allowed:.0} MiB, the budget being {:.0} MiB",
            BUDGET as f64 / MIB
        ),
        ..rate.clone()
    };
    [rate, memory]
}

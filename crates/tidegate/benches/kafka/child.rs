//! What a side's process does: one of the loops, and figures of one stretch of it on standard output.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::lab::BODY;
use crate::ours::{self, Consuming};
use crate::table::pairs::ROUND;
use crate::{
    bare_consumer, bare_producer, bare_reader, batches, failing, fill, metered, restoring,
};

/// `/proc` counts CPU in these, on every Linux that there is.
const TICKS_PER_SECOND: f64 = 100.0;
/// Between two looks at how far a side is.
const LOOK: Duration = Duration::from_millis(2);

/// What a side shares with whoever measures it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meter {
    /// Records handled, or acknowledged.
    pub(crate) count: Arc<AtomicU64>,
    pub(crate) stop: Arc<AtomicBool>,
}

/// `SIDE BROKERS TOPIC GROUP RECORDS`: of a topic that is written there are none.
pub(crate) fn run(args: &[String]) {
    let [side, brokers, topic, group, records] = args else {
        unreachable!("made by `side::run`");
    };
    let records: u64 = records.parse().expect("made by `side::run`");
    if side == "keys-in-order" {
        return failing::in_order(brokers, topic, group, records); // to its end, however long it takes
    }
    let (brokers, topic, meter) = (brokers.as_str(), topic.as_str(), Meter::default());
    // These know themselves when they are done.
    match side.as_str() {
        "ours-postponing" => return restoring::postpone(brokers, records, &meter),
        "ours-restoring" => return restoring::restore(brokers, records, &meter),
        _ => {}
    }
    std::thread::scope(|threads| {
        threads.spawn(|| {
            tell(&meter, records);
            meter.stop.store(true, Ordering::Relaxed);
        });
        let consume = |how| ours::consume(brokers, topic, group, how, &meter);
        match side.as_str() {
            "bare-consumer" => {
                bare_consumer::consume(brokers, topic, group, &meter.count, &meter.stop);
            }
            "bare-reader" => {
                bare_reader::consume(brokers, topic, group, &meter.count, &meter.stop);
            }
            "bare-producer" => {
                let headers = fill::headers(0);
                let headers = headers.each_ref().map(|(name, value)| (*name, value.as_bytes()));
                let record = (None, &[7; BODY][..], &headers[..]);
                bare_producer::publish(brokers, topic, record, &meter.count, &meter.stop);
            }
            "ours-partition" => consume(Consuming::Partition),
            "ours-key" => consume(Consuming::Key),
            "ours-awaiting" => consume(Consuming::Awaiting),
            "ours-partition-metered" => {
                metered::consume(brokers, topic, group, Consuming::Partition, &meter);
            }
            "ours-key-metered" => metered::consume(brokers, topic, group, Consuming::Key, &meter),
            "ours-batches" => batches::consume(brokers, topic, group, true, &meter),
            "ours-one" => batches::consume(brokers, topic, group, false, &meter),
            "keys-failing" => failing::consume(brokers, topic, group, true, &meter),
            "keys-healthy" => failing::consume(brokers, topic, group, false, &meter),
            "ours-stalled" => consume(Consuming::Stalled),
            _ => ours::publish(brokers, topic, &meter),
        }
    });
}

/// Measures the stretch from the first tenth on (of what is read), or from the first record (of what is written).
#[allow(clippy::print_stdout, reason = "this is how a side answers")]
fn tell(meter: &Meter, records: u64) {
    let count = || meter.count.load(Ordering::Relaxed);
    while count() <= records / 10 {
        std::thread::sleep(LOOK);
    }
    let (begun, first, cpu_before) = (Instant::now(), count(), cpu());
    while begun.elapsed() < ROUND && (records == 0 || count() < records) {
        std::thread::sleep(LOOK);
    }
    println!("{} {} {}", count() - first, begun.elapsed().as_secs_f64(), cpu() - cpu_before);
}

/// Seconds of CPU that this process has used.
pub(crate) fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("this is Linux");
    // The name, in brackets, may hold spaces; user and system time are the 12th and 13th behind it.
    let (_, figures) = stat.rsplit_once(')').expect("a name in brackets");
    let ticks = figures.split_whitespace().skip(11).take(2);
    ticks.map(|ticks| ticks.parse::<f64>().expect("a number")).sum::<f64>() / TICKS_PER_SECOND
}

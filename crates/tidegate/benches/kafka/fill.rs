//! What the topics are filled with: records as a publisher of ours writes them.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use rdkafka::producer::Producer as _;
use tidegate::event::Event;
use tidegate::headers::names;

use crate::bare_producer;
use crate::lab::{Lab, PARTITIONS};
use crate::ours::Blob;

/// Which keys the records have.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Keys {
    /// Each its own, spread evenly over the partitions.
    Own,
    /// One of so many, each as often as the others.
    Even(usize),
    /// One of so many, by Zipf's law: the second half as often as the first, the third a third.
    Zipf(usize),
}

/// The headers of a record's identity.
pub(crate) fn headers(number: u64) -> [(&'static str, String); 3] {
    let id = format!("01900000-0000-7000-8000-{number:012}");
    [
        (names::EVENT_ID, id.clone()),
        (names::EVENT_TYPE, Blob::TYPE.to_owned()),
        (names::CORRELATION_ID, id),
    ]
}

/// Makes a topic of so many records.
pub(crate) fn fill(lab: &Lab, topic: &str, records: u64, body: usize, keys: Keys) {
    eprintln!("filling {topic} with {records} records of {body} B");
    lab.topic(topic);
    let producer = bare_producer::producer(lab.address(), Arc::new(AtomicU64::new(0)));
    let (value, mut draw) = (vec![7; body], Draw::new(keys));
    for number in 0..records {
        let key = draw.key(number).to_string();
        let headers = headers(number);
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_bytes()));
        let partition = matches!(keys, Keys::Own)
            .then(|| i32::try_from(number % u64::from(PARTITIONS)).expect("a small number"));
        let record = (Some(key.as_bytes()), &value[..], &headers[..]);
        bare_producer::send(&producer, topic, partition, record);
    }
    producer.flush(Duration::from_secs(600)).expect("a broker that acknowledges");
}

/// Draws keys, the same ones in every run.
pub(crate) struct Draw {
    keys: Keys,
    random: fastrand::Rng,
    /// Sums of the shares, up to each key.
    sums: Vec<f64>,
}

impl Draw {
    pub(crate) fn new(keys: Keys) -> Self {
        let count = if let Keys::Zipf(count) = keys { count } else { 0 };
        let share = |sum: &mut f64, rank| {
            *sum += 1.0 / rank as f64;
            Some(*sum)
        };
        let sums = (1..=count).scan(0.0, share).collect();
        Self { keys, random: fastrand::Rng::with_seed(7), sums }
    }

    pub(crate) fn key(&mut self, number: u64) -> u64 {
        match self.keys {
            Keys::Own => number,
            Keys::Even(count) => self.random.u64(0..count as u64),
            Keys::Zipf(_) => {
                let drawn = self.random.f64() * self.sums.last().expect("more than no keys");
                self.sums.partition_point(|sum| *sum < drawn) as u64
            }
        }
    }
}

//! The child of the kill test, and what both processes know.

pub(crate) mod keys;
pub(crate) mod process;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use futures_util::stream::{FuturesOrdered, StreamExt};
use tidegate::broker::{Broker, CommitEntry, Committed, Consumer, GroupEvent, Subscription};
use tidegate::message::{NewRecord, Offset, Partition, TopicName, TopicPartition};

pub(crate) const FOLDER: &str = "KILL_FOLDER";
pub(crate) const ROUND: &str = "KILL_ROUND";
pub(crate) const GROUP: &str = "killed";
pub(crate) const PARTITIONS: u32 = 3;

pub(crate) fn topic() -> TopicName {
    TopicName::new("killed").unwrap()
}

pub(crate) fn place(partition: u32) -> TopicPartition {
    TopicPartition::new(topic(), Partition(partition))
}

/// The record that belongs to an id: up to 3 kB, now and then null.
pub(crate) fn expected(id: u64) -> NewRecord {
    let mut random = fastrand::Rng::with_seed(id);
    let mut record = NewRecord::new(topic()).key(id.to_le_bytes().to_vec());
    record = record.header("id", id.to_string());
    if random.u8(..) > 10 {
        let bytes: Vec<u8> = (0..random.usize(0..3_000)).map(|_| random.u8(..)).collect();
        record = record.value(bytes);
    }
    record
}

pub(crate) fn metadata(offset: u64) -> String {
    format!("at {offset}")
}

/// Publishes batches, some in flight at once, commits behind them, and says what was acknowledged.
pub(crate) async fn publish_for_ever(folder: &Path, round: u32) {
    let broker = Broker::embedded(folder).unwrap();
    let mut member = broker.subscribe(Subscription::new(GROUP, vec![topic()])).await.unwrap();
    assert!(matches!(member.poll().await, GroupEvent::Assigned(_)));
    // The test harness may have begun a line.
    say("\n");
    let mut ids = u64::from(round) * 1_000_000..;
    let mut flying = FuturesOrdered::new();
    loop {
        while flying.len() < 4 {
            flying.push_back(publish(&broker, &mut ids));
        }
        let acknowledged = flying.next().await.unwrap();
        let mut ends = BTreeMap::new();
        let mut said = String::new();
        for (partition, offset, id) in acknowledged {
            said.push_str(&format!("ack {partition} {offset} {id}\n"));
            ends.insert(partition, offset + 1);
        }
        say(&said);
        commit(member.as_mut(), ends).await;
    }
}

/// One batch over all partitions: partition, offset and id of each record when it is acknowledged.
fn publish(
    broker: &Broker,
    ids: &mut std::ops::RangeFrom<u64>,
) -> impl Future<Output = Vec<(u32, u64, u64)>> + use<> {
    let ids: Vec<u64> = ids.take(1 + fastrand::usize(..20)).collect();
    let acks = broker.publish(ids.iter().map(|id| expected(*id)).collect());
    async move {
        let acks = acks.await.into_iter().map(|ack| ack.unwrap());
        acks.zip(ids).map(|(placed, id)| (placed.partition.0, placed.offset.0, id)).collect()
    }
}

async fn commit(member: &mut dyn Consumer, ends: BTreeMap<u32, u64>) {
    let entry = |(partition, end): (&u32, &u64)| CommitEntry {
        partition: place(*partition),
        committed: Committed { offset: Offset(*end), metadata: metadata(*end) },
    };
    let results = member.commit(ends.iter().map(entry).collect()).await;
    results.into_iter().for_each(|result| result.unwrap());
    let said: String =
        ends.iter().map(|(partition, end)| format!("commit {partition} {end}\n")).collect();
    say(&said);
}

/// One write for each call, so that the parent sees what was said before the kill.
fn say(text: &str) {
    std::io::stdout().write_all(text.as_bytes()).unwrap();
    std::io::stdout().flush().unwrap();
}

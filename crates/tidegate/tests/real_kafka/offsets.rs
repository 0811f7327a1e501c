//! Offsets that others commit for our group: they are taken over, whatever metadata stands with them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::message::Message as _;
use tidegate::broker::Broker;

use crate::notes::{Notes, Running, numbered};
use crate::support::{
    PATIENCE, blocking, caught_up, committed, create, place, plain, publish, shared,
};

/// A plain member reads from what the group committed up to here, commits that, and leaves.
fn read_up_to(address: &str, group: &str, topic: &str, from: i64, to: i64) {
    let mut config = plain(address);
    config.set("group.id", group).set("enable.auto.commit", "false");
    let member: BaseConsumer = config.set("auto.offset.reset", "error").create().unwrap();
    member.subscribe(&[topic]).unwrap();
    let (mut at, deadline) = (from, Instant::now() + PATIENCE);
    while at < to {
        assert!(Instant::now() < deadline, "records in time");
        // It may say "nothing" after a rebalance, too.
        let Some(record) = member.poll(PATIENCE) else { continue };
        assert_eq!(record.unwrap().offset(), at);
        at += 1;
    }
    let mut offsets = TopicPartitionList::new();
    offsets.add_partition_offset(topic, 0, rdkafka::Offset::Offset(to)).unwrap();
    member.commit(&offsets, CommitMode::Sync).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_consumer_takes_our_offsets_over_and_gives_them_back() {
    let (kafka, broker) = shared();
    let (notes, topic) = (Notes::new().await, "handed");
    create(&broker, topic, 1).await;
    publish(&broker, (0..40).map(|n| numbered(topic, n)).collect()).await;
    let first = Running::start(notes.service(&broker, topic, topic));
    notes.reach(40).await;
    first.stop().await;
    assert_eq!(committed(&broker, topic, &place(topic, 0)).await.unwrap().offset.0, 40);
    publish(&broker, (40..60).map(|n| numbered(topic, n)).collect()).await;
    blocking(|| read_up_to(kafka.address(), topic, topic, 40, 53));
    let handed = committed(&broker, topic, &place(topic, 0)).await.unwrap();
    assert_eq!((handed.offset.0, handed.metadata.as_str()), (53, ""));
    let second = Running::start(notes.service(&broker, topic, topic));
    caught_up(&broker, topic, topic).await;
    let outcomes = second.health.snapshot().outcomes;
    assert_eq!((outcomes.done, outcomes.duplicate), (7, 0), "what the other has not read");
    second.stop().await;
    assert_eq!(notes.count().await, 47);
}

/// Metadata of others, and what looks like ours and is not.
const FOREIGN: [&[u8]; 6] = [
    b"",
    b"spring was here",
    "\u{fffd} \u{1f980} \u{7f}\r\n".as_bytes(),
    b"\xff\xfe\x80\xc3",
    b"{\"v\":1,\"base\":99",
    &[b'A'; 4_000],
];

fn text(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as i16).to_be_bytes(), bytes].concat()
}

/// Commits by hand, as no client lets us write metadata that is no text: `OffsetCommit`, version 2, outside of a
/// generation.
fn commit_by_hand(address: &str, group: &str, topic: &str, offset: i64) {
    let mut partitions = Vec::new();
    for (number, metadata) in (0_i32..).zip(FOREIGN) {
        partitions.extend(number.to_be_bytes());
        partitions.extend(offset.to_be_bytes());
        partitions.extend(text(metadata));
    }
    let (api, version, correlation, client) = (8_i16, 2_i16, 7_i32, text(b"by-hand"));
    let (generation, member, retention, one) = (-1_i32, text(b""), -1_i64, 1_i32);
    let request = [
        &api.to_be_bytes()[..],
        &version.to_be_bytes(),
        &correlation.to_be_bytes(),
        &client,
        &text(group.as_bytes()),
        &generation.to_be_bytes(),
        &member,
        &retention.to_be_bytes(),
        &one.to_be_bytes(),
        &text(topic.as_bytes()),
        &(FOREIGN.len() as i32).to_be_bytes(),
        &partitions,
    ]
    .concat();
    let mut connection = TcpStream::connect(address).unwrap();
    connection.write_all(&(request.len() as i32).to_be_bytes()).unwrap();
    connection.write_all(&request).unwrap();
    let mut length = [0; 4];
    connection.read_exact(&mut length).unwrap();
    let mut answer = vec![0; u32::from_be_bytes(length) as usize];
    connection.read_exact(&mut answer).unwrap();
    // Correlation, one topic, its name; then number and error of each partition.
    let results = &answer[4 + 4 + 2 + topic.len() + 4..];
    let errors: Vec<_> = results.chunks(6).map(|r| i16::from_be_bytes([r[4], r[5]])).collect();
    assert_eq!(errors, [0; FOREIGN.len()]);
}

async fn offsets(broker: &Broker, group: &str) -> Vec<u64> {
    let all = broker.committed(group.to_owned()).await.unwrap();
    all.into_iter().map(|(_, committed)| committed.offset.0).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_8_foreign_metadata_says_nothing_and_its_offset_counts() {
    let (kafka, broker) = shared();
    let (notes, topic) = (Notes::new().await, "metadata");
    create(&broker, topic, FOREIGN.len() as u32).await;
    let mut records = Vec::new();
    for n in 0..30 {
        let partition = tidegate::message::Partition(n % FOREIGN.len() as u32);
        records.push(numbered(topic, n).partition(partition));
    }
    publish(&broker, records).await;
    blocking(|| commit_by_hand(kafka.address(), topic, topic, 2));
    assert_eq!(offsets(&broker, topic).await, [2; FOREIGN.len()]);
    let service = Running::start(notes.service(&broker, topic, topic));
    caught_up(&broker, topic, topic).await;
    assert_eq!(service.health.snapshot().outcomes.done, 30 - 2 * FOREIGN.len() as u64);
    service.stop().await;
    assert_eq!(offsets(&broker, topic).await, [5; FOREIGN.len()]);
}

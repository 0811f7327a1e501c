//! A log with something of everything in it, and running the program on it.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "helpers of several tests, which fail by panicking"
)]

use std::process::{Command, Output, Stdio};
use std::time::Duration;

use tidegate::broker::{
    Broker, CommitEntry, Committed, Consumer, GroupEvent, NewTopic, Subscription,
};
use tidegate::class::{Cause, Class, Failure};
use tidegate::consumer::core::Attempt;
use tidegate::consumer::core::metadata::{CommitMetadata, DoneAbove, RetryState};
use tidegate::dead_letter::{DeadLetterWriter, Death, Detail};
use tidegate::message::{
    NewRecord, Offset, Partition, Record, Timestamp, TopicName, TopicPartition,
};

/// 2025-11-24T16:00:00Z.
const NOON: i64 = 1_764_000_000_000;

/// The program, on nothing that the surroundings name.
pub(crate) fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("KAFKA_") || name == "DATA_DIR" {
            command.env_remove(name);
        }
    }
    command.args(args).stdin(Stdio::null());
    command
}

/// What a run of the program gave.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn of(output: Output) -> Self {
        let code = output.status.code();
        assert!(code.is_some(), "the program does not end by itself: {output:?}");
        let code = code.unwrap_or_default();
        let text = |bytes| String::from_utf8(bytes).expect("the program writes UTF-8");
        Self { code, stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// The answer of a run that went well.
    pub(crate) fn answer(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.stdout
    }

    /// The line of a run that did not go well.
    pub(crate) fn refusal(self, code: i32) -> String {
        assert_eq!((self.code, self.stdout.as_str()), (code, ""), "{self:?}");
        assert_eq!(self.stderr.lines().count(), 1, "one line: {self:?}");
        self.stderr
    }
}

pub(crate) fn run(args: &[&str]) -> Ran {
    Ran::of(program(args).output().unwrap())
}

pub(crate) fn topic(name: &str) -> TopicName {
    TopicName::new(name).unwrap()
}

/// Fills a log: `orders` with 4 records in 2 partitions, a group half-way through them, dead letters in `orders_dlq`.
pub(crate) async fn fill(broker: &Broker) {
    let letters =
        NewTopic { max_message_bytes: Some(2_000_000), ..NewTopic::new(topic("orders_dlq"), 1) };
    let created = broker.create_topics(vec![NewTopic::new(topic("orders"), 2), letters]).await;
    assert_eq!(created, [Ok(()), Ok(())]);
    for number in 0..4 {
        publish(broker, order(number)).await;
    }
    for letter in letters_of_orders() {
        publish(broker, letter).await;
    }
    commit(broker).await;
}

async fn publish(broker: &Broker, record: NewRecord) {
    let acks = broker.publish(vec![record]).await;
    assert!(acks.iter().all(Result::is_ok), "{acks:?}");
}

fn order(number: u32) -> NewRecord {
    let value = format!("{{\"order\":{number}}}");
    let record = NewRecord::new(topic("orders")).partition(Partition(number % 2));
    NewRecord { timestamp: Some(Timestamp(NOON)), ..record.key(format!("o-{number}")).value(value) }
}

/// The group `billing` has finished one record of partition 0, and tries the next one again.
async fn commit(broker: &Broker) {
    let mut member =
        broker.subscribe(Subscription::new("billing", vec![topic("orders")])).await.unwrap();
    join(&mut *member, 2).await;
    let partition = TopicPartition::new(topic("orders"), Partition(0));
    let metadata = retrying(partition.clone(), broker.cluster_id().await.unwrap());
    let committed = Committed { offset: Offset(1), metadata };
    commit_one(&mut *member, CommitEntry { partition, committed }).await;
    member.close().await;
}

/// Waits until the member owns so many partitions.
pub(crate) async fn join(member: &mut dyn Consumer, partitions: usize) {
    let mut owned = 0;
    while owned < partitions {
        if let GroupEvent::Assigned(assigned) = member.poll().await {
            owned += assigned.len();
        }
    }
}

async fn commit_one(member: &mut dyn Consumer, entry: CommitEntry) {
    assert_eq!(member.commit(vec![entry]).await, [Ok(())]);
}

fn retrying(partition: TopicPartition, cluster_id: String) -> String {
    let state = RetryState {
        offset: Offset(1),
        attempts: 2,
        unknown: 0,
        due: Timestamp(NOON + 5_000),
        delay: Duration::from_secs(5),
        active: Duration::ZERO,
    };
    let (base, log_start) = (Offset(1), Offset(0));
    let done = DoneAbove::default();
    let fence = Default::default();
    let retries = vec![state];
    CommitMetadata { cluster_id, partition, topic_id: None, base, log_start, fence, retries, done }
        .encode()
}

/// Four letters, a minute between them, and something that is none: text, bytes, a tombstone, an empty value.
fn letters_of_orders() -> Vec<NewRecord> {
    let mut letters = vec![
        letter(0, "o-1", Some(b"{\"order\":1}"), "card declined"),
        letter(1, "o-2", Some(b"\xff\x00\x1b"), "not JSON: \u{9b}31m expected value"),
        letter(2, "o-3", None, "gateway unreachable"),
        letter(3, "", Some(b""), "gateway unreachable"),
    ];
    let foreign = NewRecord::new(topic("orders_dlq"))
        .partition(Partition(0))
        .value("who wrote this?\u{1b}[2J\nme");
    letters.push(NewRecord { timestamp: Some(Timestamp(NOON + 240_000)), ..foreign });
    letters
}

fn letter(number: u32, key: &str, value: Option<&'static [u8]>, reason: &str) -> NewRecord {
    let writer = DeadLetterWriter {
        topic: topic("orders_dlq"),
        group: if number == 3 { "audit" } else { "billing" }.into(),
        service: "orders 0.1.0".into(),
    };
    let at = Timestamp(NOON + i64::from(number) * 60_000);
    let written =
        writer.write(&source(number, key, value), "charge", &death(reason, at), at, Detail::Full);
    NewRecord { timestamp: Some(at), ..written.partition(Partition(0)) }
}

fn source(number: u32, key: &str, value: Option<&'static [u8]>) -> Record {
    let mut record = NewRecord::new(topic("orders"))
        .header("event_id", format!("0197a3c0-0000-7000-8000-00000000000{number}"))
        .header("event_type", if number == 2 { "order.cancelled" } else { "order.created" })
        .header("correlation_id", "c-1")
        .header("x", vec![0xff, 0x07]);
    record.headers.push_raw(tidegate::headers::Header { name: "nothing".into(), value: None });
    Record {
        topic: topic("orders"),
        partition: Partition(1),
        offset: Offset(40 + u64::from(number)),
        timestamp: Timestamp(NOON - 1_000),
        key: (!key.is_empty()).then(|| key.to_owned().into()),
        value: value.map(Into::into),
        headers: record.headers,
    }
}

fn death(reason: &str, at: Timestamp) -> Death {
    let attempt = Attempt {
        number: 1,
        at,
        took_us: 1_500,
        class: "permanent".into(),
        cause: Cause::Error,
        error: reason.into(),
    };
    let failure = Failure { class: Class::Permanent, message: reason.into(), cause: Cause::Error };
    Death { failure, attempts: 1, history: vec![attempt] }
}

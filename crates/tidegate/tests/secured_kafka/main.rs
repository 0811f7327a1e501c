//! A Kafka that asks who is there: who may come in reads and writes, and every refusal is one line that says what and
//! where. What was refused is not lost: it is there when the right is.
//!
//! Logins by PLAIN need no TLS, and are in every build. `scripts/tls.sh` builds the feature `tls`, and with it the rest.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails loudly")]

#[cfg(feature = "tls")]
mod exit;
mod login;
mod rights;
#[cfg(feature = "tls")]
mod tls;

use std::sync::OnceLock;
use std::time::Duration;

use test_servers::{LocalKafka, SecureKafka};
use tidegate::broker::{Broker, Consumer, FetchLimit, GroupEvent, NewTopic, Subscription};
use tidegate::message::{NewRecord, Offset, Partition, TopicName, TopicPartition};

/// Every refusal comes in this time.
const ANSWER: Duration = Duration::from_secs(30);

/// One broker for all tests.
fn kafka() -> &'static SecureKafka {
    static KAFKA: OnceLock<SecureKafka> = OnceLock::new();
    tokio::task::block_in_place(|| KAFKA.get_or_init(LocalKafka::secure))
}

fn name(topic: &str) -> TopicName {
    TopicName::new(topic).unwrap()
}

fn place(topic: &str) -> TopicPartition {
    TopicPartition::new(name(topic), Partition(0))
}

/// What the call answers in time.
async fn within<T>(call: impl Future<Output = T>) -> T {
    tokio::time::timeout(ANSWER, call).await.expect("an answer within 30 s")
}

/// One line that a person can use.
#[track_caller]
fn assert_line(line: &str, parts: &[&str]) {
    assert!(!line.contains('\n'), "more than one line: {line}");
    for part in parts {
        assert!(line.contains(part), "{part:?} is missing in: {line}");
    }
}

async fn create(topic: &str) {
    let broker = login::as_admin();
    let created = broker.create_topics(vec![NewTopic::new(name(topic), 1)]).await;
    assert_eq!(created, [Ok(())]);
}

/// Publishes one record, which is acknowledged, or refused in one line.
async fn publish(broker: &Broker, topic: &str, value: &str) -> Result<(), String> {
    let record = NewRecord::new(name(topic)).value(value.to_owned());
    let ack = within(broker.publish(vec![record])).await.remove(0);
    ack.map(drop).map_err(|error| error.to_string())
}

/// Reads without a group.
async fn fetch(broker: &Broker, topic: &str) -> Result<usize, String> {
    let fetched = within(broker.fetch(place(topic), Offset(0), FetchLimit::default())).await;
    fetched.map(|fetched| fetched.records.len()).map_err(|error| error.to_string())
}

/// Joins a group and reads the first record, or says why not.
async fn consume(broker: &Broker, group: &str, topic: &str) -> Result<String, String> {
    let joined = within(broker.subscribe(Subscription::new(group, vec![name(topic)]))).await;
    let mut member = joined.map_err(|error| error.to_string())?;
    let first = within(first(member.as_mut())).await;
    within(member.close()).await;
    first
}

async fn first(member: &mut dyn Consumer) -> Result<String, String> {
    loop {
        match member.poll().await {
            GroupEvent::Assigned(new) => {
                new.iter().for_each(|one| member.start(&one.partition, one.watermarks.start));
            }
            GroupEvent::Records { records, .. } => {
                let value = records[0].value.clone().unwrap();
                return Ok(String::from_utf8(value.to_vec()).unwrap());
            }
            GroupEvent::Fatal(error) => return Err(error.to_string()),
            GroupEvent::Lost(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

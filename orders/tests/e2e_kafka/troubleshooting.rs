//! The messages that `docs/TROUBLESHOOTING.md` quotes and that need a cluster, each provoked as its entry says.

use std::path::Path;
use std::process::Command;

use serde_json::json;
use test_servers::{LocalKafka, User};
use tidegate::broker::kafka::KafkaOptions;
use tidegate::broker::{Broker, NewTopic};
use tidegate::message::{Partition, TopicName, TopicPartition};

use crate::harness::eventually;
use crate::platform::{Place, Platform};
use crate::startup::told;

fn place(folder: &Path, name: &str) -> Place {
    Place::new(folder, LocalKafka::shared().address(), name)
}

fn broker() -> Broker {
    Broker::kafka(KafkaOptions::new(LocalKafka::shared().address())).unwrap()
}

// TROUBLESHOOTING: property-refused
// TROUBLESHOOTING: no-tls
#[tokio::test]
async fn settings_that_the_client_does_not_take() {
    let folder = tempfile::tempdir().unwrap();
    let refused = async |name, value, said: &[&str]| {
        let place = Place::new(folder.path(), "127.0.0.1:1", "settings").variable(name, value);
        told(place.orders("producer").run().await, 2, said);
    };
    let acks = ["KAFKA_PROPERTY_ACKS: property acks", " cannot be set: "];
    refused("KAFKA_PROPERTY_ACKS", "1", &acks).await;
    if !cfg!(feature = "tls") {
        let tls = ["and this build has none: build it with the feature `tls`"];
        refused("KAFKA_SECURITY_PROTOCOL", "ssl", &tls).await;
    }
}

/// A user of a cluster that asks who is there.
fn user(place: Place, name: &str, password: &str) -> Place {
    place
        .variable("KAFKA_SECURITY_PROTOCOL", "sasl_plaintext")
        .variable("KAFKA_SASL_MECHANISM", "PLAIN")
        .variable("KAFKA_SASL_USERNAME", name)
        .variable("KAFKA_SASL_PASSWORD", password)
}

// TROUBLESHOOTING: login-refused
// TROUBLESHOOTING: right-missing
#[tokio::test]
async fn users_that_the_cluster_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let kafka = LocalKafka::secure();
    let place = || Place::new(folder.path(), kafka.sasl_address(), "guarded");
    let mistyped = user(place(), User::ORDERS.name, "hunter2").orders("producer").start();

    let nobody = user(place(), User::NOBODY.name, User::NOBODY.password);
    let ended = nobody.orders("topics").run().await;
    let may_not = ["this user may not use topic ", "guarded", ": it lacks an ACL"];
    told(ended, 2, &[&["the topics cannot be made (KAFKA_BROKERS is "], &may_not[..]].concat());
    user(place(), User::ORDERS.name, User::ORDERS.password).topics().await;
    // To who may not see a topic, it is not there.
    told(nobody.orders("consumer").run().await, 2, &["or let this user see them"]);

    let ended = mistyped.ended().await;
    assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
    told(ended, 2, &["SASL authentication error: "]);
}

// TROUBLESHOOTING: record-too-large
#[tokio::test]
async fn an_order_that_the_topic_does_not_take() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(folder.path(), "narrow");
    let name = TopicName::new("narrow").unwrap();
    let narrow = NewTopic { max_message_bytes: Some(400), ..NewTopic::new(name, 1) };
    let made = broker().create_topics(vec![narrow]).await;
    assert!(made.iter().all(Result::is_ok), "{made:?}");
    let producer = place.orders("producer").ready_at(0..1).await;
    let order = json!({"customer_id": "c", "product_id": "widget", "quantity": 1, "price": 5});
    let refused = producer.producer().post("/api/v1/orders", &order).await.expect(413);
    let message = refused.body["message"].as_str().unwrap();
    for part in ["a record of ", " bytes is too large for ", ", which takes "] {
        assert!(message.contains(part), "{part:?} is missing: {message}");
    }
    producer.stop("TERM").await;
}

/// Runs one of Kafka's own tools.
fn tool(class: &str, words: &str) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/kafka");
    let server = ["--bootstrap-server", LocalKafka::shared().address()];
    let mut tool = Command::new(script);
    tool.args(["tool", class]).args(server).args(words.split_whitespace());
    let output = tool.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// What was deleted before the consumer read it is said, and passed over only when somebody says so (rule 7).
// TROUBLESHOOTING: commit-outside
#[tokio::test]
async fn a_commit_that_the_log_does_not_hold_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(folder.path(), "outside").variable("KAFKA_TOPIC_PARTITIONS", "1");
    place.topics().await;
    let Platform { gateway, producer, consumer, replay } = Platform::ready(&place).await;
    let first = producer.order("widget").await;
    producer.reaches(&first.order_id, "completed").await;
    consumer.stop("TERM").await;
    let unread = producer.order("widget").await;
    let (log, partition) =
        (broker(), TopicPartition::new("outside".try_into().unwrap(), Partition(0)));
    let end = log.watermarks(partition.clone()).await.unwrap().end;
    log.delete_records(partition, end).await.unwrap();

    let ended = place.orders("consumer").run().await;
    let said = [
        "outside/0: the committed offset ",
        " of group outside-group is outside of the log, which holds ",
        ": records may be lost; commit an offset within the log for the group, then start again",
    ];
    told(ended, 1, &said);
    // Kafka refuses while the group has a member.
    eventually("the group is empty", async || {
        let groups = log.groups().await.unwrap();
        let group = groups.into_iter().find(|group| group.name == "outside-group")?;
        group.members.is_empty().then_some(())
    })
    .await;
    let words = "--group outside-group --topic outside --reset-offsets --to-earliest --execute --timeout 60000";
    tool("org.apache.kafka.tools.consumer.group.ConsumerGroupCommand", words);
    let consumer = place.orders("consumer").ready_at(1..2).await;
    let later = producer.order("widget").await;
    producer.reaches(&later.order_id, "completed").await;
    assert_eq!(producer.view(&unread.order_id).await.expect(200).data()["status"], "pending");
    Platform { gateway, producer, consumer, replay }.end().await;
}

/// The newer one has the partitions; the older one may not go on as if it had them.
// TROUBLESHOOTING: one-instance-id-twice
#[tokio::test]
async fn two_consumers_with_one_instance_id() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(folder.path(), "twins").variable("KAFKA_PROPERTY_GROUP_INSTANCE_ID", "one");
    place.topics().await;
    let gateway = place.orders("gateway").ready_at(3..4).await;
    let first = place.orders("consumer").ready_at(1..2).await;
    let second = place.second_consumer().ready_at(1..2).await;
    let instance = "another member has joined with this one's instance id: give each its own";
    told(first.ended().await, 1, &["the membership in group twins-group has ended: ", instance]);
    for process in [second, gateway] {
        process.stop("TERM").await;
    }
}

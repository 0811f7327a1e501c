//! What stops the start on a cluster: one clear line, exit code 2.

use std::time::Duration;

use test_servers::LocalKafka;
use tidegate::broker::kafka::KafkaOptions;
use tidegate::broker::{Broker, NewTopic};
use tidegate::message::TopicName;

use crate::harness::Ended;
use crate::platform::Place;

/// It ended with this code, and with a line of its own on stderr, the last one, which says all of this.
#[track_caller]
pub(crate) fn told(ended: Ended, code: i32, said: &[&str]) {
    let ended = ended.expect(code);
    let own: Vec<_> = ended.stderr.lines().filter(|line| line.starts_with("orders: ")).collect();
    assert_eq!(own.len(), 1, "{}", ended.stderr);
    assert_eq!(ended.stderr.lines().last(), Some(own[0]), "{}", ended.stderr);
    for part in said {
        assert!(own[0].contains(part), "{part:?} is missing: {}", own[0]);
    }
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
}

// TROUBLESHOOTING: topics-missing
#[tokio::test]
async fn missing_topics_are_named_with_the_command_that_makes_them() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path(), LocalKafka::shared().address(), "nowhere");
    for service in ["producer", "consumer", "replay"] {
        let ended = place.orders(service).run().await;
        told(
            ended,
            2,
            &["nowhere", " cannot be found (KAFKA_BROKERS is ", "): run `orders topics`"],
        );
    }
    place.topics().await;
    place.orders("producer").ready_at(0..1).await.stop("TERM").await;
}

// TROUBLESHOOTING: retry-topic-unfit
#[tokio::test]
async fn a_retry_topic_that_deletes_is_refused_with_what_to_set() {
    let folder = tempfile::tempdir().unwrap();
    let address = LocalKafka::shared().address();
    let place = Place::new(folder.path(), address, "unfit");
    let broker = Broker::kafka(KafkaOptions::new(address)).unwrap();
    let room = NewTopic::DEFAULT_MAX_MESSAGE_BYTES + (64 << 10);
    let deletes = NewTopic {
        max_message_bytes: Some(room),
        ..NewTopic::new(TopicName::new("unfit_retry").unwrap(), 3)
    };
    assert_eq!(broker.create_topics(vec![deletes]).await, [Ok(())]);
    broker.close().await;
    let said = [
        "the retry topic cannot be used (KAFKA_BROKERS is ",
        "): companion unfit_retry of unfit ",
        "has the cleanup policy `delete`: entries would be deleted; set the companion's `cleanup.policy` to `compact` alone",
    ];
    told(place.orders("topics").run().await, 2, &said);
    told(place.orders("up").run().await, 2, &said);
    told(place.orders("consumer").run().await, 2, &["unfit_retry", "TG0035"]);
}

/// Side by side, as each takes its time.
// TROUBLESHOOTING: cluster-unreachable
// TROUBLESHOOTING: no-kafka-there
#[tokio::test]
async fn a_cluster_that_does_not_answer_is_one_line_within_half_a_minute() {
    tokio::join!(nobody_listens(), something_else_listens());
}

async fn nobody_listens() {
    let folder = tempfile::tempdir().unwrap();
    let address = "127.0.0.1:1";
    let place = Place::new(folder.path(), address, "unreachable");
    let starts = ["producer", "consumer", "replay", "up", "topics"];
    // Each on ports of its own.
    let running = starts.map(|command| {
        let port = place.second_consumer().port;
        place.orders(command).at_port(port).start()
    });
    let place = "the log cannot be used (KAFKA_BROKERS is ";
    for program in running {
        let ended = program.ended_within(Duration::from_secs(30)).await;
        told(ended, 2, &[place, address, "): the broker cannot be reached: "]);
    }
}

async fn something_else_listens() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = Place::new(folder.path(), "127.0.0.1:1", "http").orders("gateway");
    let gateway = gateway.ready_at(3..4).await;
    let address = format!("127.0.0.1:{}", gateway.port + 3);
    let producer = Place::new(folder.path(), &address, "http").orders("producer").start();
    let ended = producer.ended_within(Duration::from_secs(30)).await;
    told(ended, 2, &[&address, ": what listens there speaks HTTP, and is no Kafka"]);
    gateway.stop("TERM").await;
}

#[tokio::test]
async fn a_signal_ends_the_wait_for_a_cluster() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path(), "127.0.0.1:1", "impatient");
    let waiting = place.orders("consumer").start();
    crate::harness::eventually("it waits", async || {
        waiting.stderr().contains("waiting for the log").then_some(())
    })
    .await;
    waiting.stop("TERM").await;
}

//! What is published, by how it was answered.

use tidegate::broker::NewTopic;
use tidegate::message::{NewRecord, TopicName};
use tidegate::metrics::Metrics;
use tidegate::prelude::*;

use crate::support::Scrape;

fn to(topic: &str) -> NewRecord {
    NewRecord::new(TopicName::new(topic).unwrap()).value("v")
}

async fn broker() -> Broker {
    let broker = Broker::in_memory();
    let made = broker.create_topics(vec![NewTopic::new(TopicName::new("here").unwrap(), 1)]).await;
    made.into_iter().for_each(|made| made.unwrap());
    broker
}

#[tokio::test]
async fn records_are_counted_by_topic_and_answer_and_once_however_often_the_broker_is_wrapped() {
    let metrics = Metrics::new();
    let counted = metrics.broker(metrics.broker(broker().await));
    let acks = counted.publish(vec![to("here"), to("here"), to("nowhere"), to("here")]).await;
    assert_eq!(acks.iter().filter(|ack| ack.is_ok()).count(), 3);
    let told = Scrape::of(&metrics);
    let of = |topic, result| {
        told.value(&format!("tidegate_published_total{{topic=\"{topic}\",result=\"{result}\"}}"))
    };
    assert_eq!((of("here", "acked"), of("here", "refused")), (3.0, 0.0));
    assert_eq!((of("nowhere", "acked"), of("nowhere", "refused")), (0.0, 1.0));
    assert_eq!(told.value("tidegate_publish_duration_seconds_count{topic=\"nowhere\"}"), 1.0);
}

/// The record is in the log all the same: who drops the future has lost the answer, and nobody else the count.
#[tokio::test]
async fn an_answer_that_nobody_waits_for_is_counted_as_such() {
    let metrics = Metrics::new();
    let counted = metrics.broker(broker().await);
    drop(counted.publish(vec![to("here"), to("here")]));
    let told = Scrape::of(&metrics);
    assert_eq!(told.value("tidegate_published_total{topic=\"here\",result=\"abandoned\"}"), 2.0);
}

/// A program that publishes to topics without end does not fill its memory with counts.
#[tokio::test]
async fn topics_without_end_are_counted_as_other() {
    let metrics = Metrics::new();
    let counted = metrics.broker(Broker::in_memory());
    for n in 0..300 {
        let _ = counted.publish(vec![to(&format!("t{n}"))]).await;
    }
    let told = Scrape::of(&metrics);
    assert_eq!(told.value("tidegate_published_total{topic=\"(other)\",result=\"refused\"}"), 100.0);
    assert_eq!(told.sum("tidegate_published_total"), 300.0);
}

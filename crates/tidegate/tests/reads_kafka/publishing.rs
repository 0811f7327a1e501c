use tidegate::broker::{BrokerError, NewTopic, PublishError};

use super::{broker, create, fill, foreign, fresh, options, partition, publish, record, within};
use tidegate::broker::Broker;
use tidegate::message::Timestamp;

/// The client does not split a batch that the broker refuses as too large: batches keep to the topic's limit.
#[tokio::test]
async fn many_records_for_a_topic_with_a_small_limit_are_all_taken() {
    let broker = broker().await;
    let topic = NewTopic { max_message_bytes: Some(1_000), ..NewTopic::new(fresh("small"), 1) };
    let p = create(&broker, topic).await;
    let acks = publish(&broker, vec![record(&p, vec![7; 300]); 500]).await;
    let offsets: Vec<_> = acks.into_iter().map(|ack| ack.unwrap().offset.0).collect();
    assert_eq!(offsets, (0..500).collect::<Vec<_>>());
}

#[tokio::test]
async fn over_the_budget_records_are_refused_and_what_was_taken_is_written() {
    let broker = Broker::kafka(options().await.queue_bytes(50_000)).unwrap();
    let p = partition(&broker).await;
    let calls: Vec<_> =
        (0..50).map(|_| broker.publish(vec![record(&p, vec![7; 10_000])])).collect();
    let acks = within(futures_util::future::join_all(calls)).await.concat();
    let refused = acks.iter().filter(|a| **a == Err(PublishError::QueueFull)).count();
    let written = acks.iter().filter(|a| a.is_ok()).count();
    assert!(written >= 4, "{written} written");
    assert!(refused > 0 && refused + written == 50, "{acks:?}");
    fill(&broker, &p, 0..1).await;
    let end = broker.watermarks(p).await.unwrap().end.0;
    assert_eq!(end, written as u64 + 1);
}

/// The log's limit is what counts, not what was known of it when the program started.
#[tokio::test]
async fn a_limit_that_was_changed_is_noticed() {
    let broker = broker().await;
    let topic = NewTopic { max_message_bytes: Some(1_000), ..NewTopic::new(fresh("limit"), 1) };
    let p = create(&broker, topic).await;
    let large = || vec![record(&p, vec![7; 5_000])];
    let refused = publish(&broker, large()).await.remove(0).unwrap_err();
    let too_large = |limit| PublishError::TooLarge { topic: p.topic.clone(), size: 5_000, limit };
    assert_eq!(refused, too_large(1_000));
    foreign::set_limit(&p, 10_000).await;
    within(async { while publish(&broker, large()).await[0].is_err() {} }).await;
    foreign::set_limit(&p, 2_000).await;
    // The cluster refuses it first; then the new limit is known.
    let refused = within(async {
        loop {
            match publish(&broker, large()).await.remove(0) {
                Err(e @ PublishError::TooLarge { .. }) => break e,
                other => assert!(!other.is_err_and(|e| e.is_unknown())),
            }
        }
    });
    assert_eq!(refused.await, too_large(2_000 - 97), "97 bytes are the batch's own");
}

#[tokio::test]
async fn a_topic_that_was_deleted_is_unknown_and_stays_deleted() {
    let broker = broker().await;
    let p = partition(&broker).await;
    fill(&broker, &p, 0..1).await;
    foreign::delete_topic(&p).await;
    let unknown = PublishError::UnknownTopic(p.topic.clone());
    within(async {
        while publish(&broker, vec![record(&p, "x")]).await != [Err(unknown.clone())] {}
    })
    .await;
    let bounds = broker.watermarks(p.clone()).await;
    assert_eq!(bounds, Err(BrokerError::UnknownTopic(p.topic.clone())));
    assert!(broker.topics().await.unwrap().iter().all(|t| t.name != p.topic));
}

/// The cluster would refuse the whole batch.
#[tokio::test]
async fn a_timestamp_that_kafka_does_not_take_is_refused_alone() {
    let broker = broker().await;
    let p = partition(&broker).await;
    let mut early = record(&p, "early");
    early.timestamp = Some(Timestamp(-1));
    let acks = publish(&broker, vec![record(&p, "a"), early, record(&p, "b")]).await;
    assert!(acks[0].is_ok() && acks[2].is_ok(), "{acks:?}");
    assert!(matches!(acks[1], Err(PublishError::Unavailable(_))), "{acks:?}");
}

#[tokio::test]
async fn a_topic_with_more_copies_than_brokers_is_refused_with_the_numbers() {
    let broker = broker().await;
    let topic = NewTopic { replication: 3, ..NewTopic::new(fresh("copies"), 1) };
    let refused = broker.create_topics(vec![topic]).await.remove(0).unwrap_err().to_string();
    assert!(refused.ends_with("3 copies are more than the cluster has brokers (1)"), "{refused}");
}

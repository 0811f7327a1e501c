use std::net::TcpListener;
use std::time::Duration;

use test_servers::LocalKafka;
use tidegate::broker::kafka::KafkaOptions;
use tidegate::broker::{AdminError, Broker, BrokerError, FetchLimit, NewTopic, PublishError};
use tidegate::message::Offset;

use super::{broker, fill, fresh, partition, publish, record, within};

/// A port on which nobody listens.
fn nobody() -> String {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    taken.local_addr().unwrap().to_string()
}

#[tokio::test]
async fn nobody_there_is_said_in_one_line_with_the_cause() {
    let broker = Broker::kafka(KafkaOptions::new(nobody())).unwrap();
    let line = within(broker.health()).await.unwrap_err().to_string();
    assert!(line.contains("Connection refused") && !line.contains('\n'), "{line}");
    let p = tidegate::message::TopicPartition::new(fresh("none"), Default::default());
    let acks = publish(&broker, vec![record(&p, "1"), record(&p, "2")]).await;
    assert!(acks.iter().all(|a| matches!(a, Err(PublishError::Unavailable(_)))), "{acks:?}");
    within(broker.close()).await;
}

#[tokio::test]
async fn closing_writes_what_is_queued_and_then_every_call_says_closed() {
    let broker = broker().await;
    let p = partition(&broker).await;
    let queued = broker.publish((0..500).map(|n| record(&p, n.to_string())).collect());
    within(broker.close()).await;
    assert!(within(queued).await.iter().all(Result::is_ok));
    within(broker.close()).await;
    assert_eq!(publish(&broker, vec![record(&p, "late")]).await, [Err(PublishError::Closed)]);
    let fetched = broker.fetch(p.clone(), Offset(0), FetchLimit::default()).await;
    assert_eq!(fetched.map(|f| f.next), Err(BrokerError::Closed));
    assert_eq!(broker.health().await, Err(BrokerError::Closed));
    assert_eq!(broker.groups().await, Err(BrokerError::Closed));
    let created = broker.create_topics(vec![NewTopic::new(fresh("late"), 1)]).await;
    assert_eq!(created, [Err(AdminError::Broker(BrokerError::Closed))]);
}

/// While the cluster is down a record waits, is written when it is back, once, and its neighbours keep their order.
#[tokio::test(flavor = "multi_thread")]
async fn records_wait_for_a_cluster_that_comes_back() {
    let cluster = tokio::task::spawn_blocking(LocalKafka::start).await.unwrap();
    let broker = Broker::kafka(KafkaOptions::new(cluster.address())).unwrap();
    let p = partition(&broker).await;
    fill(&broker, &p, 0..10).await;
    let cluster = tokio::task::spawn_blocking(move || {
        cluster.kill();
        cluster
    });
    let cluster = cluster.await.unwrap();
    let health = within(broker.health()).await;
    assert!(matches!(health, Err(BrokerError::Unavailable(_))), "{health:?}");
    let waiting: Vec<_> =
        (10..30).map(|n: u32| broker.publish(vec![record(&p, n.to_string())])).collect();
    let cluster = tokio::task::spawn_blocking(move || {
        cluster.start_again();
        cluster
    });
    let cluster = cluster.await.unwrap();
    for acks in within(futures_util::future::join_all(waiting)).await {
        assert!(acks[0].is_ok(), "{acks:?}");
    }
    within(async { while broker.health().await.is_err() {} }).await;
    let limit = FetchLimit { wait: Duration::ZERO, ..FetchLimit::default() };
    let read = within(broker.fetch(p, Offset(0), limit)).await.unwrap();
    let values: Vec<_> = read.records.iter().map(|r| r.value.clone().unwrap()).collect();
    let expected: Vec<_> = (0..30).map(|n| bytes::Bytes::from(n.to_string())).collect();
    assert_eq!(values, expected);
    tokio::task::spawn_blocking(move || drop(cluster)).await.unwrap();
}

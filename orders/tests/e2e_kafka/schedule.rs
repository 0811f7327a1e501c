//! Orders that wait in the retry topic of a cluster, while the consumer is away.

use test_servers::LocalKafka;

use crate::harness::INTERVAL;
use crate::platform::{Place, Platform};

#[tokio::test]
async fn orders_wait_in_the_retry_topic_for_the_next_consumer_and_their_cancellations_behind_them()
{
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path(), LocalKafka::shared().address(), "waiting")
        .variable("RETRY_INITIAL_INTERVAL", INTERVAL)
        .variable("RETRY_MAX_INTERVAL", INTERVAL);
    let made = place.topics().await;
    assert!(made.contains("waiting_retry"), "{made}");
    let Platform { gateway, producer, consumer, replay } = Platform::ready(&place).await;
    let placed = producer.cancelled_while_failing().await;
    consumer.stop("TERM").await;

    let consumer = place.orders("consumer").ready_at(1..2).await;
    assert!(producer.restored().await > 0, "nothing has come with the schedule");
    producer.completed_then_cancelled(&placed).await;
    Platform { gateway, producer, consumer, replay }.end().await;
}

//! While a consumer's process answers, and its member does not do its work.

use test_servers::LocalKafka;

use super::Tells;
use crate::harness::{Answer, within_contract};
use crate::platform::{Place, Platform};

/// A handler that blocks cannot be cut off, by no time limit either.
#[tokio::test]
async fn a_handler_that_keeps_its_thread_is_seen_in_time_and_so_is_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path(), LocalKafka::shared().address(), "blocking");
    place.topics().await;
    let platform = Platform::ready(&place).await;
    let tells = Tells(&platform);
    let up = &platform.producer;
    let (consumer, order) = (up.consumer(), up.order("blocking-8000").await);
    up.is_handling().await;
    let stuck = within_contract("stuck", &consumer, |answer| answer.fails("lane")).await;
    let reasons = stuck.check("lane")["reasons"].to_string();
    let named = reasons.contains("blocking/") && reasons.contains("its handler keeps the thread");
    assert!(named, "{reasons}");
    consumer.get("/health").await.expect(200);

    up.reaches(&order.order_id, "completed").await;
    within_contract("goes on", &consumer, Answer::is_ready).await;
    assert_eq!(up.charges(&order.order_id).await, 1);
    drop(tells);
    platform.end().await;
}

/// A member that says nothing for a session is put out; its only partition is another's when it goes on.
#[tokio::test]
async fn a_member_that_has_lost_its_partition_is_seen_in_time_and_so_is_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    // KIP-848: the broker says how long a session is, and here that is 3 s.
    let place = Place::new(folder.path(), LocalKafka::shared().address(), "lost")
        .variable("KAFKA_PROPERTY_GROUP_PROTOCOL", "consumer")
        .variable("KAFKA_TOPIC_PARTITIONS", "1");
    place.topics().await;
    let first = place.orders("consumer").ready_at(1..2).await;
    first.signal("STOP");
    let second = place.second_consumer().ready_at(1..2).await;

    first.signal("CONT");
    let fails = |answer: &Answer| answer.fails("assignment");
    let lost = within_contract("lost", &first.consumer(), fails).await;
    let reasons = lost.check("assignment")["reasons"].to_string();
    assert!(reasons.contains("no partition is assigned"), "{reasons}");
    second.consumer().get("/ready").await.expect(200);

    second.stop("TERM").await;
    within_contract("assigned again", &first.consumer(), Answer::is_ready).await;
    first.stop("TERM").await;
}

//! What becomes of records when the cluster does not answer, or answers what cannot be: on the client's mock of a cluster.

use std::time::Duration;

use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use super::*;
use crate::broker::kafka::KafkaOptions;
use crate::broker::kafka::catalogue::Limit;
use crate::broker::{Placed, PublishError};
use crate::message::{Offset, Partition, TopicName};

/// How long anything may take. A passing run never waits for it.
const PATIENCE: Duration = Duration::from_secs(60);

type Mock = MockCluster<'static, DefaultProducerContext>;

/// A cluster with one topic, which is known: the mock cannot describe topics.
fn queue(change: impl FnOnce(KafkaOptions) -> KafkaOptions) -> (Mock, Queue) {
    let mock = MockCluster::new(1).unwrap();
    mock.create_topic("t", 1, 1).unwrap();
    let options = change(KafkaOptions::new(mock.bootstrap_servers()));
    let cluster = Arc::new(Cluster::new(options).unwrap());
    cluster.catalogue.put(&topic(), 1, Limit::assumed(), false);
    (mock, Queue::start(cluster).unwrap())
}

fn topic() -> TopicName {
    TopicName::new("t").unwrap()
}

async fn publish(queue: &Queue, value: &'static str) -> Result<Placed, PublishError> {
    let acks = queue.publish(vec![NewRecord::new(topic()).value(value)]);
    tokio::time::timeout(PATIENCE, acks).await.expect("an answer").remove(0)
}

const fn placed(offset: u64) -> Placed {
    Placed { partition: Partition(0), offset: Offset(offset) }
}

/// fault F8, I1: the record is in the log, and its answer does not come. Nobody can tell that from one that is not.
#[tokio::test]
async fn a_delivery_that_times_out_is_unknown() {
    // Long enough for the first one, which connects, on a machine that is busy.
    let (mock, queue) = queue(|options| options.delivery_timeout(Duration::from_secs(10)));
    assert_eq!(publish(&queue, "first").await, Ok(placed(0)));
    mock.broker_round_trip_time(1, PATIENCE * 10).unwrap();
    let error = publish(&queue, "second").await.unwrap_err();
    assert!(error.is_unknown(), "{error:?}");
    queue.close().await;
}

/// fault F8: an idempotent producer that has lost count cannot go on. The one after it does, under its own identity.
#[tokio::test]
async fn a_producer_that_failed_for_good_is_made_anew() {
    let (mock, queue) = queue(|options| options);
    assert_eq!(publish(&queue, "first").await, Ok(placed(0)));
    let wrong = RDKafkaRespErr::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER;
    mock.request_errors(RDKafkaApiKey::Produce, &[wrong]);
    let error = publish(&queue, "second").await.unwrap_err();
    assert!(error.is_unknown(), "{error:?}");
    assert_eq!(publish(&queue, "third").await, Ok(placed(1)));
    queue.close().await;
}

/// Two records in requests of their own, of which the first is refused for the moment.
async fn refused_at_first(queue: &Queue, mock: &Mock) -> Vec<Result<Placed, PublishError>> {
    assert_eq!(publish(queue, "connects").await, Ok(placed(0)));
    let moves = RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION;
    mock.request_errors(RDKafkaApiKey::Produce, &[moves]);
    let records = ["first", "second"].map(|value| NewRecord::new(topic()).value(value));
    tokio::time::timeout(PATIENCE, queue.publish(records.into())).await.expect("an answer")
}

fn one_in_each_request(options: KafkaOptions) -> KafkaOptions {
    options.property("batch.num.messages", "1").unwrap()
}

/// rule 5, I1: a record that no answer names is not acknowledged. The client says of it that it was written, because a later one
/// was; a cluster that knows nothing of the producer yet had taken that one for the first.
#[tokio::test]
async fn a_record_that_no_answer_names_is_unknown() {
    let two = |options| one_in_each_request(options).property("max.in.flight", "2").unwrap();
    let (mock, queue) = queue(two);
    let acks = refused_at_first(&queue, &mock).await;
    assert!(acks[0].as_ref().is_err_and(PublishError::is_unknown), "{acks:?}");
    assert_eq!(acks[1], Ok(placed(1)), "it stands where the first should");
    queue.close().await;
}

/// I1: so no request is under way beside another one, unless somebody asks for it.
#[tokio::test]
async fn what_is_refused_for_the_moment_is_written_before_what_follows() {
    let (mock, queue) = queue(one_in_each_request);
    let acks = refused_at_first(&queue, &mock).await;
    assert_eq!(acks, [Ok(placed(1)), Ok(placed(2))]);
    queue.close().await;
}

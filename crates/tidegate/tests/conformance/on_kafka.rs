//! A real Apache Kafka, in a process of its own.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use test_servers::LocalKafka;
use tidegate::broker::kafka::KafkaOptions;
use tidegate::broker::{BoxFuture, Broker};
use tidegate::message::TopicPartition;
use tidegate::testing::conformance::{Harness, ShortTimes};
use tokio::task::spawn_blocking;

/// How long one call may take. A passing run never waits for it.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct OnKafka {
    cluster: Arc<LocalKafka>,
    running: Mutex<Broker>,
}

impl OnKafka {
    /// Starts a Kafka of its own: `reopen` kills it.
    pub(crate) async fn new() -> Self {
        let start =
            spawn_blocking(|| Arc::new(LocalKafka::with_properties(1, &[(NOTE_DELETIONS, "100")])));
        let cluster = start.await.expect("a Kafka that starts");
        let running = Mutex::new(connect(cluster.address()));
        Self { cluster, running }
    }
}

/// A deletion is acknowledged before the broker has noted it: killed before, it shows the records again. By default it
/// notes them once a minute.
const NOTE_DELETIONS: &str = "log.flush.start.offset.checkpoint.interval.ms";

/// Waits until every log start that the cluster tells is in the broker's checkpoint.
fn deletions_are_noted(cluster: &LocalKafka) {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", cluster.address())
        .create()
        .expect("a consumer");
    let metadata = consumer.fetch_metadata(None, PATIENCE).expect("the topics");
    let deadline = Instant::now() + PATIENCE;
    for topic in metadata.topics().iter().filter(|topic| !topic.name().starts_with("__")) {
        for partition in topic.partitions() {
            let (name, number) = (topic.name(), partition.id());
            let (start, _) = consumer.fetch_watermarks(name, number, PATIENCE).expect("watermarks");
            let line = format!("{name} {number} {start}");
            while start > 0 && !checkpoint(cluster).lines().any(|noted| noted == line) {
                assert!(Instant::now() < deadline, "{line:?} was not noted");
            }
        }
    }
}

fn checkpoint(cluster: &LocalKafka) -> String {
    let folders = std::fs::read_dir(cluster.folder()).expect("the cluster's folder");
    let files = folders.flatten().map(|entry| entry.path().join("log-start-offset-checkpoint"));
    files.filter_map(|file| std::fs::read_to_string(file).ok()).collect()
}

/// Heartbeats are what tells a member of a rebalance: the sooner, the shorter the run.
fn connect(address: &str) -> Broker {
    let options = KafkaOptions::new(address).property("heartbeat.interval.ms", "200");
    Broker::kafka(options.expect("a property of librdkafka")).expect("clients for a Kafka")
}

impl Harness for OnKafka {
    fn name(&self) -> &str {
        "kafka"
    }

    fn broker(&self) -> BoxFuture<'_, Broker> {
        let broker = self.running.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Box::pin(async { broker })
    }

    fn reopen(&self) -> BoxFuture<'_, Broker> {
        let cluster = Arc::clone(&self.cluster);
        Box::pin(async move {
            let again = spawn_blocking(move || {
                deletions_are_noted(&cluster);
                cluster.kill();
                cluster.start_again();
            });
            again.await.expect("a Kafka that starts again");
            let broker = connect(self.cluster.address());
            *self.running.lock().unwrap_or_else(PoisonError::into_inner) = broker.clone();
            broker
        })
    }

    fn make_gap(&self, partition: &TopicPartition, offsets: u64) -> BoxFuture<'_, ()> {
        let (cluster, partition) = (Arc::clone(&self.cluster), partition.clone());
        Box::pin(async move {
            let abort = spawn_blocking(move || {
                abort_a_transaction(cluster.address(), &partition, offsets);
            });
            abort.await.expect("an aborted transaction");
        })
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }

    fn short_times(&self) -> ShortTimes {
        ShortTimes {
            session_timeout: Duration::from_secs(1),
            max_poll_interval: Duration::from_secs(2),
            drain_deadline: Duration::from_millis(700),
        }
    }
}

/// Its records are there, but for nobody who reads what was committed; the marker at its end takes one offset more.
fn abort_a_transaction(address: &str, partition: &TopicPartition, offsets: u64) {
    let (topic, number) = (partition.topic.as_str(), partition.partition.0 as i32);
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", address)
        .set("transactional.id", format!("gap-{topic}-{number}"))
        .create()
        .expect("a producer");
    let end = stable_end(address, topic, number) + offsets as i64;
    producer.init_transactions(PATIENCE).expect("a transactional producer");
    producer.begin_transaction().expect("a transaction");
    for _ in 1..offsets {
        let record = BaseRecord::<(), _>::to(topic).partition(number).payload("aborted");
        producer.send(record).map_err(|(error, _)| error).expect("a record in the queue");
    }
    producer.flush(PATIENCE).expect("records in the log");
    producer.abort_transaction(PATIENCE).expect("an aborted transaction");
    // The marker is written after the call has returned.
    let deadline = Instant::now() + PATIENCE;
    while stable_end(address, topic, number) < end {
        assert!(Instant::now() < deadline, "the marker of {partition} was not written");
    }
}

/// Where the log ends for those who read what was committed.
fn stable_end(address: &str, topic: &str, partition: i32) -> i64 {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", address)
        .set("isolation.level", "read_committed")
        .create()
        .expect("a consumer");
    consumer.fetch_watermarks(topic, partition, PATIENCE).expect("watermarks").1
}

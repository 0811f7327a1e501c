//! A real Apache Kafka, in a process of its own.

use std::fs;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
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

/// How long one call may take: longer than a session, which has to run out where a member cannot say that it leaves.
/// A passing run never waits for it.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often a broker writes down from where its logs begin.
const CHECKPOINTS: &str = "log.flush.start.offset.checkpoint.interval.ms";

/// The cleaner waits for nothing but a segment's end, and segments end as soon as something comes later. The cleaner looks
/// as often as `scripts/kafka` says.
const CLEANS_AT_ONCE: [(&str, &str); 2] =
    [("log.cleaner.min.cleanable.ratio", "0.01"), ("log.roll.ms", "200")];

pub(crate) struct OnKafka {
    cluster: Arc<LocalKafka>,
    running: Mutex<Broker>,
}

impl OnKafka {
    /// Starts a Kafka of its own: `reopen` kills it.
    pub(crate) async fn new() -> Self {
        let start = || {
            let mut properties = vec![(CHECKPOINTS, "200")];
            properties.extend(CLEANS_AT_ONCE);
            LocalKafka::with_properties(1, &properties)
        };
        let cluster = Arc::new(spawn_blocking(start).await.expect("a Kafka that starts"));
        let running = Mutex::new(connect(cluster.address()));
        Self { cluster, running }
    }
}

/// Heartbeats are what tells a member of a rebalance, and a client that cannot connect waits longer each time: short
/// times make a short run.
fn connect(address: &str) -> Broker {
    let times = [("heartbeat.interval.ms", "200"), ("reconnect.backoff.max.ms", "500")];
    let options = times
        .into_iter()
        .try_fold(KafkaOptions::new(address), |options, (name, time)| options.property(name, time));
    Broker::kafka(options.expect("properties of librdkafka")).expect("clients for a Kafka")
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
                until_deletions_are_written(&cluster);
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
        // The shortest session that a member keeps on a machine that is busy with other things.
        ShortTimes {
            session_timeout: Duration::from_secs(3),
            max_poll_interval: Duration::from_secs(4),
            drain_deadline: Duration::from_millis(700),
        }
    }
}

/// Kafka acknowledges a deletion before it is on the disk: a lone broker that crashes within a minute, as it is
/// configured by default, may show the deleted records again. Two checkpoints later none is open that began before.
fn until_deletions_are_written(cluster: &LocalKafka) {
    let file = cluster.folder().join("node-1/log/log-start-offset-checkpoint");
    let written = || fs::metadata(&file).and_then(|file| file.modified()).ok();
    let deadline = Instant::now() + PATIENCE;
    for _ in 0..2 {
        let before = written();
        while written() == before {
            assert!(Instant::now() < deadline, "no checkpoint of where the logs begin");
            thread::sleep(Duration::from_millis(10));
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

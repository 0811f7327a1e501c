//! What is taken out of a client's queue, and what is left in it.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _, DefaultConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer as _};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::{Bench, place};
use crate::broker::kafka::ffi::Queue;
use crate::broker::kafka::member::buffer::Room;
use crate::broker::kafka::member::intake::{Intake, Taken};
use crate::broker::kafka::record::Copies;
use crate::message::{Record, TopicName};

const PATIENCE: Duration = Duration::from_secs(30);
const PLENTY: Room = Room { records: 1_000, bytes: 1 << 20 };

/// A client that reads one partition, to whose end it comes as an error.
struct Rig {
    queue: Queue<DefaultConsumerContext>,
    client: Arc<BaseConsumer>,
    producer: BaseProducer,
    topic: TopicName,
    copies: Copies,
    _mock: MockCluster<'static, DefaultProducerContext>,
}

impl Rig {
    fn new() -> Self {
        let mock = MockCluster::new(1).unwrap();
        mock.create_topic("t", 1, 1).unwrap();
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", mock.bootstrap_servers());
        let producer = config.create().unwrap();
        config.set("group.id", "g").set("enable.partition.eof", "true");
        config.set("enable.auto.commit", "false").set("enable.auto.offset.store", "false");
        let client: Arc<BaseConsumer> = Arc::new(config.create().unwrap());
        let queue = Queue::split(&client, "t", 0, || {}).unwrap();
        let topic = TopicName::new("t").unwrap();
        Self { queue, client, producer, topic, copies: Copies::kept(), _mock: mock }
    }

    /// Writes values of these sizes.
    fn write(&self, sizes: impl IntoIterator<Item = usize>) {
        for size in sizes {
            let value = vec![b'x'; size];
            let record: BaseRecord<'_, (), [u8]> = BaseRecord::to("t").partition(0).payload(&value);
            self.producer.send(record).map_err(|(error, _)| error).unwrap();
        }
        self.producer.flush(PATIENCE).unwrap();
    }

    /// Has the client read from the beginning, and waits until so much of it stands in the queue, behind the mark of a new start.
    fn stands(&self, count: usize) {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset("t", 0, Offset::Beginning).unwrap();
        self.client.assign(&list).unwrap();
        self.comes(count + 1);
    }

    fn comes(&self, count: usize) {
        let deadline = Instant::now() + PATIENCE;
        while self.queue.len() < count {
            assert!(Instant::now() < deadline, "{} of {count}", self.queue.len());
            drop(self.client.poll(Duration::from_millis(1)));
        }
    }

    fn intake(&mut self, room: Room) -> Taken {
        Intake::new(&self.topic, &mut self.copies, room).of(&self.queue)
    }

    fn position(&self) -> Offset {
        self.client.position().unwrap().find_partition("t", 0).unwrap().offset()
    }
}

fn offsets(records: &[Record]) -> Vec<u64> {
    records.iter().map(|record| record.offset.0).collect()
}

fn is_end(error: &KafkaError) -> bool {
    matches!(error, KafkaError::PartitionEOF(0))
}

/// Everything comes once and in order, however much of it is taken at a time.
#[test]
fn what_there_is_no_room_for_stays_in_the_queue() {
    let mut rig = Rig::new();
    rig.write(std::iter::repeat_n(10, 200));
    rig.stands(201);
    let few = rig.intake(Room { records: 7, bytes: 1 << 20 });
    assert_eq!(offsets(&few.records), (0..7).collect::<Vec<_>>());
    assert!(few.more && few.astray.is_none());
    let bytes = rig.intake(Room { records: 1_000, bytes: 95 });
    assert_eq!(offsets(&bytes.records), (7..17).collect::<Vec<_>>(), "the last fills it");
    let one = rig.intake(Room { records: 1, bytes: 1 });
    assert_eq!(offsets(&one.records), [17]);
    let rest = rig.intake(PLENTY);
    assert_eq!(offsets(&rest.records), (18..200).collect::<Vec<_>>());
}

/// Records that are larger than those before are kept too: no more of them than one batch.
#[test]
fn a_batch_of_larger_records_goes_no_further_than_itself() {
    let mut rig = Rig::new();
    rig.write(std::iter::once(1).chain(std::iter::repeat_n(1_000, 99)));
    rig.stands(101);
    let taken = rig.intake(Room { records: 1_000, bytes: 2_000 });
    assert_eq!(taken.records.len(), 33, "one event, and a batch");
    let next = rig.intake(Room { records: 1_000, bytes: 2_000 });
    assert_eq!(offsets(&next.records), [33, 34]);
}

/// A batch is copied as what comes one by one is.
#[test]
fn records_of_a_batch_are_what_was_written() {
    let mut rig = Rig::new();
    let headers = || {
        let null = Header { key: "none", value: None::<&[u8]> };
        OwnedHeaders::new().insert(Header { key: "h", value: Some("1") }).insert(null)
    };
    for _ in 0..2 {
        let whole = BaseRecord::to("t").partition(0).key("k").payload("v").timestamp(5);
        rig.producer.send(whole.headers(headers())).map_err(|(error, _)| error).unwrap();
        let bare: BaseRecord<'_, (), ()> = BaseRecord::to("t").partition(0);
        rig.producer.send(bare).map_err(|(error, _)| error).unwrap();
    }
    rig.write([0]);
    rig.stands(6);
    let records = rig.intake(PLENTY).records;
    let mut again = records[2].clone();
    assert_eq!((again.offset.0, again.timestamp.0), (2, 5));
    assert_eq!(again.key.as_deref(), Some(&b"k"[..]));
    assert_eq!(again.value.as_deref(), Some(&b"v"[..]));
    assert_eq!(again.headers.text("h"), Some("1"));
    assert!(again.headers.len() == 2 && again.headers.get("none").is_none());
    again.offset = records[0].offset;
    assert_eq!(again, records[0], "an event");
    assert_eq!((&records[3].key, &records[3].value), (&None, &None));
    assert_eq!(records[4].value.as_deref(), Some(&b""[..]), "empty is not null");
}

/// What a panic leaves of a batch goes back to the client: it can end.
#[test]
fn a_panic_in_the_middle_of_a_batch_leaves_the_queue_whole() {
    let rig = Rig::new();
    rig.write(std::iter::repeat_n(10, 20));
    rig.stands(21);
    let broken = catch_unwind(AssertUnwindSafe(|| {
        for (count, taken) in rig.queue.take(10).into_iter().enumerate() {
            assert!(taken.message().is_ok());
            assert!(count < 5, "on purpose");
        }
    }));
    assert!(broken.is_err());
    let next: Vec<_> = rig.queue.take(32);
    let offsets: Vec<_> = next.iter().filter_map(|t| Some(t.message().ok()?.offset())).collect();
    assert_eq!(offsets, (10..20).collect::<Vec<_>>());
}

/// Rule 6: an error within a batch moves the client's position past what it is about, and its next pause would leave that out. It
/// ends the intake; the client is sent back. When the position is right, librdkafka has mended it, and this may go.
#[test]
fn an_error_within_a_batch_ends_it_and_the_client_is_sent_back() {
    let mut rig = Rig::new();
    rig.write([10; 3]);
    rig.stands(4);
    let taken = rig.intake(PLENTY);
    assert_eq!(offsets(&taken.records), [0, 1, 2]);
    let (error, words) = taken.astray.unwrap();
    assert!(is_end(&error) && words.contains("reached end"), "{error}: {words}");
    assert_eq!(rig.position(), Offset::Offset(4), "of a log that ends at 3");

    let (mut bench, p) = (Bench::new(), place(0));
    bench.told(&p);
    bench.state.went_astray(&p);
    assert!(!bench.state.busy && bench.state.turn(bench.now).seek.is_empty(), "not started");
    bench.running(&p, 0);
    bench.keep(&p, 0..3);
    bench.state.went_astray(&p);
    bench.keep(&p, 4..6);
    assert_eq!(bench.state.turn(bench.now).seek, [(p.clone(), crate::message::Offset(3))]);
    bench.state.sought(&p, crate::message::Offset(3));
    bench.keep(&p, 3..4);
    assert_eq!([bench.records(), bench.records()], [[0, 1], [2, 3]]);
}

/// An error that nothing stands before is heard as an event, and moves nothing: one that lasts sends the client nowhere.
#[test]
fn an_error_at_the_head_of_the_queue_is_an_event() {
    let mut rig = Rig::new();
    rig.stands(1);
    let taken = rig.intake(PLENTY);
    assert!(is_end(&taken.errors[0]) && taken.errors.len() == 1);
    assert!(taken.astray.is_none() && taken.records.is_empty() && !taken.more);
    assert_eq!(rig.position(), Offset::Invalid);
}

/// Rule 12: what was fetched before a seek is not given out after it, as an event or in a batch.
#[test]
fn a_batch_holds_nothing_from_before_a_seek() {
    let mut rig = Rig::new();
    rig.write([10; 40]);
    rig.stands(41);
    assert_eq!(offsets(&rig.intake(Room { records: 5, bytes: 1 << 20 }).records), [0, 1, 2, 3, 4]);
    rig.client.seek("t", 0, Offset::Offset(20), PATIENCE).unwrap();
    let mut taken = BTreeMap::new();
    let deadline = Instant::now() + PATIENCE;
    while taken.len() < 20 {
        assert!(Instant::now() < deadline, "{taken:?}");
        for one in rig.queue.take(7) {
            if let Ok(message) = one.message() {
                *taken.entry(message.offset()).or_insert(0) += 1;
            }
        }
    }
    assert_eq!(taken, (20..40).map(|offset| (offset, 1)).collect());
}

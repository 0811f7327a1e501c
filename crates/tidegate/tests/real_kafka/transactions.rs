//! Transactions of another producer: what was committed is read, what was aborted never was, and nobody passes one that
//! is open (`read_committed`). Markers and aborted records are gaps (fault F22).

use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use tidegate::broker::{Broker, FetchLimit, Subscription};
use tidegate::message::{NewRecord, Offset};

use crate::notes::{Notes, Running, numbered};
use crate::support::{
    PATIENCE, all, blocking, caught_up, committed, create, member, name, place, plain, publish,
    read, shared, subscription, until,
};

/// A producer with transactions.
struct Other {
    producer: BaseProducer,
    topic: &'static str,
}

impl Other {
    fn new(address: &str, topic: &'static str) -> Self {
        // Longer than any test keeps one open: the broker ends it otherwise.
        let producer: BaseProducer = plain(address)
            .set("transactional.id", topic)
            .set("transaction.timeout.ms", "600000")
            .create()
            .unwrap();
        producer.init_transactions(PATIENCE).unwrap();
        Self { producer, topic }
    }

    /// Begins a transaction, and writes these events into it.
    fn begin(&self, events: std::ops::Range<u32>) {
        self.producer.begin_transaction().unwrap();
        for n in events {
            let NewRecord { key, value, headers, .. } = numbered(self.topic, n);
            let headers = headers.iter().fold(rdkafka::message::OwnedHeaders::new(), |all, h| {
                let value = h.value.as_deref();
                all.insert(rdkafka::message::Header { key: &h.name, value })
            });
            let (key, value) = (key.unwrap(), value.unwrap());
            let record = BaseRecord::to(self.topic).partition(0).key(&key[..]).payload(&value[..]);
            let sent = self.producer.send(record.headers(headers));
            sent.map_err(|(error, _)| error).unwrap();
        }
        self.producer.flush(PATIENCE).unwrap();
    }

    fn commit(&self) {
        self.producer.commit_transaction(PATIENCE).unwrap();
    }

    fn abort(&self) {
        self.producer.abort_transaction(PATIENCE).unwrap();
    }
}

/// Waits until the log ends here for those who read what was committed: a marker is written a little later than the
/// call that asks for it returns.
async fn ends_at(broker: &Broker, topic: &str, end: u64) {
    until(&format!("{topic} ends at {end}"), async || {
        broker.watermarks(place(topic, 0)).await.unwrap().end == Offset(end)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f22_only_what_was_committed_is_read_and_the_offsets_go_over_the_gaps() {
    let (kafka, broker) = shared();
    let (notes, topic) = (Notes::new().await, "transactions");
    create(&broker, topic, 1).await;
    let other = blocking(|| Other::new(kafka.address(), topic));
    let service = Running::start(notes.service(&broker, "transactions", topic));
    blocking(|| {
        other.begin(0..5);
        other.commit();
        other.begin(5..9);
        other.abort();
        other.begin(5..10);
        other.commit();
    });
    // 5 and a marker, 4 and a marker, 5 and a marker.
    ends_at(&broker, topic, 17).await;
    notes.reach(10).await;
    caught_up(&broker, "transactions", topic).await;
    let committed = committed(&broker, "transactions", &place(topic, 0)).await.unwrap();
    assert_eq!(committed.offset, Offset(16), "behind the last record; a marker is left");
    publish(&broker, vec![numbered(topic, 10)]).await;
    notes.reach(11).await;
    caught_up(&broker, "transactions", topic).await;
    service.stop().await;
    notes.assert_each_once_in_order(11).await;
}

/// The end of the log is a marker from the beginning: whoever joins has nothing to read.
#[tokio::test(flavor = "multi_thread")]
async fn f22_where_only_markers_are_left_there_is_no_lag() {
    let (kafka, broker) = shared();
    let topic = "markers";
    create(&broker, topic, 1).await;
    blocking(|| {
        let other = Other::new(kafka.address(), topic);
        other.begin(0..5);
        other.abort();
    });
    ends_at(&broker, topic, 6).await;
    assert_eq!(all(&broker, &place(topic, 0)).await, []);
    let lags = broker.lag("nobody".into(), name(topic)).await.unwrap();
    assert_eq!((lags[0].lag, lags[0].watermarks.end), (0, Offset(6)));
    publish(&broker, vec![numbered(topic, 0)]).await;
    let lags = broker.lag("nobody".into(), name(topic)).await.unwrap();
    assert_eq!(lags[0].lag, 1, "one record, behind a gap");
}

#[tokio::test(flavor = "multi_thread")]
async fn f22_nobody_passes_a_transaction_that_is_open() {
    let (kafka, broker) = shared();
    let (notes, topic) = (Notes::new().await, "open");
    create(&broker, topic, 1).await;
    let other = blocking(|| Other::new(kafka.address(), topic));
    publish(&broker, vec![numbered(topic, 0)]).await;
    blocking(|| other.begin(1..4));
    // It lies behind the open transaction.
    publish(&broker, vec![numbered(topic, 4)]).await;
    let service = Running::start(notes.service(&broker, "open", topic));
    notes.reach(1).await;
    caught_up(&broker, "open", topic).await;
    let bounds = broker.watermarks(place(topic, 0)).await.unwrap();
    assert_eq!(bounds.end, Offset(1), "the end is where the open transaction begins");
    let read = broker.fetch(place(topic, 0), Offset(1), FetchLimit::default()).await.unwrap();
    assert_eq!((read.records, read.next), (Vec::new(), Offset(1)));
    assert_eq!(notes.count().await, 1);
    blocking(|| other.commit());
    notes.reach(5).await;
    caught_up(&broker, "open", topic).await;
    service.stop().await;
    notes.assert_each_once_in_order(5).await;
    let keys: Vec<_> = (0..5).map(|n| numbered(topic, n).key).collect();
    let read: Vec<_> = all(&broker, &place(topic, 0)).await.into_iter().map(|r| r.key).collect();
    assert_eq!(read, keys);
}

/// Longer than a member's watchdog waits for a record (60 s), asks, and waits again (5 s).
const WATCHED: std::time::Duration = std::time::Duration::from_secs(70);

/// The log ends behind what was read: with a marker, and with a transaction that is open. Neither is a silence, and nobody joins
/// anew over it.
#[tokio::test(flavor = "multi_thread")]
async fn markers_and_open_transactions_at_the_end_are_no_silence() {
    let (kafka, broker) = shared();
    let (markers, open) = ("markers-at-the-end", "open-at-the-end");
    for topic in [markers, open] {
        create(&broker, topic, 1).await;
    }
    let others = blocking(|| [markers, open].map(|topic| Other::new(kafka.address(), topic)));
    blocking(|| {
        for other in &others {
            other.begin(0..3);
            other.commit();
        }
        others[0].begin(3..5);
        others[0].abort();
        others[1].begin(3..5);
    });
    ends_at(&broker, markers, 7).await;
    let topics = vec![name(markers), name(open)];
    let how = Subscription { topics, ..subscription("silences", markers) };
    let mut member = member(&broker, how, 2).await;
    assert_eq!(read(member.as_mut(), 6).await.len(), 6);
    // What is looked at is this time itself: nothing may be told in it.
    let told = tokio::time::timeout(WATCHED, member.poll()).await;
    assert!(told.is_err(), "{told:?}");
    blocking(|| others[1].commit());
    assert_eq!(read(member.as_mut(), 2).await.len(), 2, "it was not given up");
    member.close().await;
}

use std::time::Duration;

use tidegate::broker::{Broker, BrokerError, FetchLimit};
use tidegate::message::{Offset, TopicPartition};

use super::{PATIENCE, broker, fill, foreign, partition, within};

fn values(fetched: &tidegate::broker::Fetched) -> Vec<String> {
    let text = |v: &bytes::Bytes| String::from_utf8_lossy(v).into_owned();
    fetched.records.iter().map(|r| r.value.as_ref().map_or_else(String::new, text)).collect()
}

async fn read(
    broker: &Broker,
    p: &TopicPartition,
    from: Offset,
    records: usize,
) -> (Vec<String>, Offset) {
    let limit = FetchLimit { records, ..FetchLimit::default() };
    let fetched = within(broker.fetch(p.clone(), from, limit)).await.unwrap();
    (values(&fetched), fetched.next)
}

/// A scan in small steps, over committed and aborted transactions, to the end: the markers are passed.
#[tokio::test]
async fn a_scan_passes_transactions_and_ends_at_the_end() {
    let broker = broker().await;
    let p = partition(&broker).await;
    fill(&broker, &p, 0..3).await;
    foreign::transaction(&p, true).await;
    foreign::transaction(&p, false).await;
    fill(&broker, &p, 3..5).await;
    foreign::transaction(&p, false).await;
    let (mut next, mut all) = (Offset(0), Vec::new());
    // The marker of the last transaction is written after the call that ends it has returned.
    while next < Offset(11) {
        let (some, to) = read(&broker, &p, next, 2).await;
        assert!(some.len() <= 2);
        all.extend(some);
        next = to;
    }
    assert_eq!(all, ["0", "1", "2", "transaction", "3", "4"]);
    assert_eq!(broker.watermarks(p).await.unwrap().end, Offset(11));
}

/// A reader that comes upon an end between two reads takes it for no end when the log has grown since.
#[tokio::test]
async fn an_end_that_has_moved_hides_nothing() {
    let broker = broker().await;
    let (p, elsewhere) = (partition(&broker).await, partition(&broker).await);
    let mut next = Offset(0);
    for n in 0..5 {
        fill(&broker, &p, n..n + 1).await;
        let (some, to) = read(&broker, &p, next, 100).await;
        assert_eq!((some, to), (vec![n.to_string()], Offset(u64::from(n) + 1)));
        next = to;
        // Time for the reader, which is kept, to be told that it is at the end.
        let limit = FetchLimit { wait: Duration::from_millis(150), ..FetchLimit::default() };
        let nothing = within(broker.fetch(elsewhere.clone(), Offset(0), limit)).await.unwrap();
        assert_eq!((values(&nothing), nothing.next), (Vec::new(), Offset(0)));
    }
}

/// Only the marker moves the end: whoever waits there goes on behind it.
#[tokio::test]
async fn an_end_that_only_markers_have_moved_is_passed() {
    let broker = broker().await;
    let p = partition(&broker).await;
    fill(&broker, &p, 0..2).await;
    let (_, next) = read(&broker, &p, Offset(0), 100).await;
    foreign::transaction(&p, false).await;
    let passed = async {
        let mut next = next;
        while next < Offset(4) {
            next = read(&broker, &p, next, 100).await.1;
        }
    };
    within(passed).await;
    fill(&broker, &p, 2..3).await;
    assert_eq!(read(&broker, &p, Offset(4), 100).await, (vec!["2".into()], Offset(5)));
}

#[tokio::test]
async fn many_scans_at_once_do_not_meet() {
    let broker = broker().await;
    let p = partition(&broker).await;
    fill(&broker, &p, 0..200).await;
    let scan = |step: usize| {
        let (broker, p) = (&broker, &p);
        async move {
            let (mut next, mut all) = (Offset(0), Vec::new());
            while all.len() < 200 {
                let (some, to) = read(broker, p, next, step).await;
                all.extend(some);
                next = to;
            }
            all
        }
    };
    let expected: Vec<_> = (0..200).map(|n| n.to_string()).collect();
    for all in futures_util::future::join_all((0..12).map(|n| scan(20 + n))).await {
        assert_eq!(all, expected);
    }
}

/// Nobody waits any more, or the broker is closed: a read ends, however long it was to wait.
#[tokio::test]
async fn a_read_that_waits_ends_with_its_future_and_with_the_broker() {
    let broker = broker().await;
    let p = partition(&broker).await;
    let long = FetchLimit { wait: PATIENCE * 100, ..FetchLimit::default() };
    for _ in 0..3 {
        let waiting = broker.fetch(p.clone(), Offset(0), long);
        let dropped = tokio::time::timeout(Duration::from_millis(200), waiting).await;
        assert!(dropped.is_err());
    }
    let waiting = broker.fetch(p.clone(), Offset(0), long);
    let close = async {
        tokio::task::yield_now().await;
        broker.close().await;
    };
    let (fetched, ()) = within(async { tokio::join!(waiting, close) }).await;
    assert_eq!(fetched.map(|f| f.next), Err(BrokerError::Closed));
}

//! What the client counts of itself, from a real broker.

use tidegate::broker::ClientStatistics;
use tidegate::message::NewRecord;

use crate::support::{create, member, name, publish, shared, subscription, until};

fn of(all: &[ClientStatistics], client: &str) -> Option<ClientStatistics> {
    all.iter().find(|statistics| statistics.client == client).cloned()
}

/// A client tells every few seconds: both kinds are connected, and bytes were sent and received.
#[tokio::test(flavor = "multi_thread")]
async fn clients_tell_what_they_sent_and_to_whom_they_are_connected() {
    let (_cluster, broker) = shared();
    create(&broker, "statistics", 1).await;
    publish(&broker, vec![NewRecord::new(name("statistics")).value(vec![7; 10_000])]).await;
    let member = member(&broker, subscription("statistics", "statistics"), 1).await;
    until("both kinds of client have told", async || {
        let told = broker.statistics();
        ["consumer", "producer"].iter().all(|client| {
            of(&told, client).is_some_and(|told| told.brokers.iter().any(|broker| broker.up))
        })
    })
    .await;
    let told = of(&broker.statistics(), "producer").unwrap();
    assert!(told.sent_bytes >= 10_000, "{told:?}");
    assert!(told.received_bytes > 0 && told.queued_records == 0, "{told:?}");
    drop(member);
}

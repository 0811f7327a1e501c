//! The producer, served in this process over any log.

use std::net::SocketAddr;
use std::path::Path;

use orders::http::{self, Connections, Timeouts};
use orders::model::{Reader, Store};
use orders::producer::{Producer, Settings};
use tidegate::broker::{Broker, NewTopic};
use tidegate::message::TopicName;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

const BODY_LIMIT: u64 = 1 << 20;

/// Partitions of the topic, as `orders up` makes it.
pub(crate) const PARTITIONS: u32 = 3;

/// The runtime that the servers share.
pub(crate) fn runtime() -> Runtime {
    Runtime::new().expect("threads and a poller")
}

/// The topic of the orders.
pub(crate) fn topic() -> TopicName {
    TopicName::new("orders").expect("a legal name")
}

/// The log, with its topic.
pub(crate) fn with_topic(runtime: &Runtime, broker: Broker) -> Broker {
    let created = runtime.block_on(broker.create_topics(vec![NewTopic::new(topic(), PARTITIONS)]));
    assert!(created.iter().all(Result::is_ok), "{created:?}");
    broker
}

/// Serves the producer's routes, as `orders up` does, until the runtime ends.
pub(crate) fn serve(runtime: &Runtime, broker: Broker, folder: &Path) -> SocketAddr {
    runtime.block_on(async {
        let reader = Reader::new(&Store::Sqlite(folder.join("orders.db")));
        let producer = Producer::new(broker, reader, Settings::new(topic()));
        let routes = http::service(producer.routes(), BODY_LIMIT);
        let listener = http::bind("bench", ([127, 0, 0, 1], 0).into()).expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let places = Connections::within_open_files();
        let end = CancellationToken::new();
        runtime.spawn(http::serve(listener, routes, places, Timeouts::default(), end));
        address
    })
}

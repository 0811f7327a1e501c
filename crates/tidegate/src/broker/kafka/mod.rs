//! Apache Kafka, and whatever else speaks its protocol, through librdkafka.
//!
//! ```text
//!   publish ──▶ sender thread ──▶ producer (idempotent, acks=all) ──▶ ┌─────────┐
//!   fetch ────▶ readers, one client for each read at a time ────────▶ │ cluster │
//!   admin ────▶ asking client ──────────────────────────────────────▶ │         │
//!   member ───▶ poll thread + committer thread, one client ─────────▶ └─────────┘
//! ```
//!
//! librdkafka blocks; nothing of it runs on the caller's threads. Each member of a group has a thread that polls and
//! never waits for a handler but inside a revoke (rules 11 and 14), and one that commits (rule 2).
//!
//! Where this implementation differs from the embedded log, within the contract:
//! - Retained partitions deliver what was read before, and nothing new, while a revoke is open: the client stops
//!   reading until the rebalance is answered (decision 8).
//! - A deletion of records is acknowledged before the cluster has noted it for good (within a minute, by default): a
//!   broker that is killed before shows the records again.
//! - A timestamp of exactly 0 is replaced by the present: the client takes it for "none".
//! - A partition whose position fell out of its log is read again only after the member has joined anew; a
//!   [`start`](crate::broker::Consumer::start) does that by itself.

mod admin;
mod assigned;
mod catalogue;
mod clients;
mod cluster;
mod context;
mod driver;
mod error;
mod exit;
mod fetch;
mod ffi;
mod follow;
mod groups;
mod guarded;
mod house;
mod kept;
mod lag;
mod limits;
mod member;
mod options;
mod probe;
mod publish;
mod reader;
mod readers;
mod record;
mod rescue;
mod session;
mod settings;
mod statistics;
mod tokens;
mod waiting;

use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;

pub use options::{Assignor, GroupProtocol, KafkaOptions};
pub use tokens::OAuthToken;

use self::cluster::Cluster;
use self::context::Told;
use self::publish::Queue;
use crate::broker::{Broker, BrokerError, Watermarks};
use crate::message::{TopicName, TopicPartition};

/// A Kafka cluster. Cheap to clone; all clones share their clients.
#[derive(Debug, Clone)]
pub struct KafkaBroker(Arc<Inner>);

impl Broker {
    /// A Kafka cluster. Nothing is asked of it yet: whether it answers is what
    /// [`health`](crate::broker::BrokerDriver::health) says.
    ///
    /// # Errors
    /// [`BrokerError::Config`] when properties contradict each other, or a file that one names cannot be read, and for an address
    /// with a user in it, which it does not repeat.
    pub fn kafka(options: KafkaOptions) -> Result<Self, BrokerError> {
        KafkaBroker::new(options).map(Self::new)
    }
}

impl KafkaBroker {
    /// See [`Broker::kafka`].
    ///
    /// # Errors
    /// As there.
    pub fn new(options: KafkaOptions) -> Result<Self, BrokerError> {
        exit::leave_tls_alone();
        options.check_addresses()?;
        let cluster = Arc::new(Cluster::new(options)?);
        let no_thread = |e| BrokerError::Config(format!("no thread for the Kafka client: {e}"));
        let queue = Queue::start(cluster.clone()).map_err(no_thread)?;
        house::keep(cluster.clone()).map_err(no_thread)?;
        Ok(Self(Arc::new(Inner { cluster, queue, closed: watch::Sender::new(false) })))
    }
}

/// What all clones and members share.
struct Inner {
    cluster: Arc<Cluster>,
    queue: Queue,
    closed: watch::Sender<bool>,
}

impl Inner {
    /// A context for a new client.
    fn told(&self) -> Told {
        self.cluster.told()
    }

    fn options(&self) -> &KafkaOptions {
        &self.cluster.options
    }

    fn check_open(&self) -> Result<(), BrokerError> {
        if *self.closed.borrow() { Err(BrokerError::Closed) } else { Ok(()) }
    }

    /// Tells when the broker is closed: its value is `true` then.
    fn closing(&self) -> watch::Receiver<bool> {
        self.closed.subscribe()
    }

    /// Asks the cluster, on a thread that may block.
    async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        call: impl FnOnce(&Self) -> Result<T, BrokerError> + Send + 'static,
    ) -> Result<T, BrokerError> {
        self.check_open()?;
        let inner = self.clone();
        let result = tokio::task::spawn_blocking(move || call(&inner)).await;
        self.check_open()?;
        result.map_err(|e| BrokerError::Unavailable(e.to_string()))?
    }

    /// How many partitions a topic has; [`BrokerError::UnknownTopic`] when there is none of that name.
    async fn partitions_of(self: &Arc<Self>, topic: &TopicName) -> Result<u32, BrokerError> {
        let topic = topic.clone();
        self.blocking(move |inner| inner.cluster.look_up(&topic)).await
    }

    async fn watermarks(
        self: &Arc<Self>,
        partition: &TopicPartition,
    ) -> Result<Watermarks, BrokerError> {
        let partition = partition.clone();
        self.blocking(move |inner| inner.cluster.watermarks(&partition)).await
    }

    /// Everything queued is written, or given up when that takes too long; then all ends.
    async fn close(self: &Arc<Self>) {
        self.closed.send_replace(true);
        self.queue.close().await;
        let inner = self.clone();
        // A panic in there was reported by the panic hook already.
        let _ = tokio::task::spawn_blocking(move || {
            inner.cluster.let_go();
        })
        .await;
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kafka").field("options", self.options()).finish_non_exhaustive()
    }
}

impl Drop for Inner {
    /// Whoever still reads or polls learns that nobody waits. The threads let go of the clients by themselves.
    fn drop(&mut self) {
        self.closed.send_replace(true);
    }
}

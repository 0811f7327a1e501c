//! Membership in a group: one client, three threads, and a handle that never blocks.
//!
//! ```text
//!   handle (async) ── start, pause, answers ──▶ ┌───────┐ ◀── rebalances, records ── poll thread ──▶ client
//!          ◀────── events, records ──────────── │ state │ ◀── what a grant starts with ── asker ───▶ client
//!          ── commits ─────────────────────────▶└───────┘ ────────────────────────── committer ────▶ client
//! ```
//!
//! The poll thread waits for the member in one place: inside a revoke, with a deadline (rule 11). Everything else that
//! takes time is asked by a thread that may wait: what a partition starts with by the asker, commits by the committer
//! (rule 2), so that polling goes on (rule 14).

mod asker;
mod buffer;
mod committer;
mod corrupt;
mod handle;
mod intake;
mod lists;
mod poller;
mod queues;
mod reading;
mod rebalance;
mod shared;
mod silence;
mod state;
#[cfg(test)]
mod tests;
mod topics;
mod turn;

use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rdkafka::config::FromClientConfigAndContext as _;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use tokio::sync::oneshot;

use self::committer::Job;
use self::poller::Poller;
use self::rebalance::MemberContext;
use self::shared::Shared;
use super::{Inner, error};
use crate::broker::{BrokerError, Subscription};

/// The client of a member.
type Client = BaseConsumer<MemberContext>;

/// A membership; ends when dropped.
pub(super) struct Member {
    /// The broker lives as long as its members.
    inner: Arc<Inner>,
    shared: Arc<Shared>,
    commits: mpsc::Sender<Option<Job>>,
    /// The poll thread, which is the last to go, drops the other end when it has ended. It is not joined: a runtime
    /// that ends waits for what blocks, and a commit that the cluster does not answer blocks for a whole session.
    ended: Option<oneshot::Receiver<()>>,
    /// For tests that spoil it behind the member's back.
    #[cfg(test)]
    client: std::sync::Weak<Client>,
}

impl Member {
    /// Joins; that the topics exist, and how many partitions they have in all, was looked up before.
    ///
    /// # Errors
    /// [`BrokerError::Config`] for a subscription or settings that cannot be.
    pub(super) fn join(
        inner: Arc<Inner>,
        how: &Subscription,
        partitions: usize,
    ) -> Result<Self, BrokerError> {
        how.check()?;
        let shared = Arc::new(Shared::new(how));
        let (asks, asked) = mpsc::channel();
        let topics: Vec<_> = how.topics.iter().map(|topic| topic.as_str()).collect();
        let context = MemberContext {
            told: inner.told(),
            cluster: inner.cluster.clone(),
            shared: shared.clone(),
            asks: asks.clone(),
            drain: how.drain_deadline,
            group: how.group.clone(),
            topics: topics.join(", "),
        };
        let mut client =
            Client::from_config_and_context(&inner.options().member(how, partitions), context)
                .map_err(error::config)?;
        let bell = shared.bell.clone();
        client.set_nonempty_callback(move || bell.ring());
        client.subscribe(&topics).map_err(error::config)?;
        let client = Arc::new(client);
        let (commits, committing) = mpsc::channel();
        let threads = vec![
            named(
                "kafka-ask",
                &shared,
                asker::thread(client.clone(), shared.clone(), &how.topics, asked),
            )?,
            named(
                "kafka-commit",
                &shared,
                committer::thread(client.clone(), shared.clone(), committing),
            )?,
        ];
        #[cfg(test)]
        let weak = Arc::downgrade(&client);
        let poller = Poller::new(client, shared.clone(), (asks, commits.clone()), how);
        let (running, ended) = oneshot::channel();
        named("kafka-poll", &shared, move || {
            let _running: oneshot::Sender<()> = running;
            poller.run(threads);
        })?;
        Ok(Self {
            inner,
            shared,
            commits,
            ended: Some(ended),
            #[cfg(test)]
            client: weak,
        })
    }
}

impl Drop for Member {
    /// Whoever drops a member leaves nothing to be waited for: the partitions go to others at once.
    fn drop(&mut self) {
        self.shared.close();
    }
}

/// Ends the membership when its thread panics: without it the member would wait for ever, and look healthy (rules 15
/// and 17).
struct Watch(&'static str, Arc<Shared>);

impl Drop for Watch {
    fn drop(&mut self) {
        if thread::panicking() {
            self.1.fail(BrokerError::Unavailable(format!("the thread {} has panicked", self.0)));
        }
    }
}

fn named(
    name: &'static str,
    shared: &Arc<Shared>,
    work: impl FnOnce() + Send + 'static,
) -> Result<thread::JoinHandle<()>, BrokerError> {
    let watch = Watch(name, shared.clone());
    let watched = move || {
        // Taken in here, so that it is dropped by this thread's panic.
        let _watch = watch;
        work();
    };
    let started = thread::Builder::new().name(name.into()).spawn(watched);
    started.map_err(|e| BrokerError::Unavailable(format!("no thread for the Kafka client: {e}")))
}

/// How long a question to the cluster may take.
const ANSWER: Duration = Duration::from_secs(10);

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
mod committer;
mod handle;
mod poller;
mod reading;
mod rebalance;
mod shared;
mod state;
#[cfg(test)]
mod tests;
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
    /// Answered by the poll thread, which is the last to go.
    ended: Option<oneshot::Receiver<()>>,
}

impl Member {
    /// Joins; whether the topics exist was looked up before.
    ///
    /// # Errors
    /// [`BrokerError::Config`] for a subscription or settings that cannot be.
    pub(super) fn join(inner: Arc<Inner>, how: &Subscription) -> Result<Self, BrokerError> {
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
        let mut client = Client::from_config_and_context(&inner.options().member(how), context)
            .map_err(error::config)?;
        let bell = shared.bell.clone();
        client.set_nonempty_callback(move || bell.ring());
        client.subscribe(&topics).map_err(error::config)?;
        let client = Arc::new(client);
        let (commits, committing) = mpsc::channel();
        let ask = asker::thread(client.clone(), shared.clone(), asked);
        let commit = committer::thread(client.clone(), committing);
        let threads =
            vec![named("kafka-ask", &shared, ask)?, named("kafka-commit", &shared, commit)?];
        let poller = Poller::new(client, shared.clone(), (asks, commits.clone()), how);
        let (end, ended) = oneshot::channel();
        named("kafka-poll", &shared, move || {
            poller.run(threads);
            // Nobody may be waiting for it.
            let _ = end.send(());
        })?;
        Ok(Self { inner, shared, commits, ended: Some(ended) })
    }
}

impl Drop for Member {
    /// Whoever drops a member leaves nothing to be waited for: the partitions go to others at once.
    fn drop(&mut self) {
        self.shared.close();
    }
}

fn named(
    name: &'static str,
    shared: &Arc<Shared>,
    work: impl FnOnce() + Send + 'static,
) -> Result<thread::JoinHandle<()>, BrokerError> {
    let alarm = Alarm { shared: shared.clone(), name };
    let work = move || {
        let _alarm = alarm;
        work();
    };
    let started = thread::Builder::new().name(name.into()).spawn(work);
    started.map_err(|e| BrokerError::Unavailable(format!("no thread for the Kafka client: {e}")))
}

/// Ends the membership when its thread panics: a member without one of its threads would stand still and look healthy
/// (rule 15).
struct Alarm {
    shared: Arc<Shared>,
    name: &'static str,
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if thread::panicking() {
            let reason = format!("thread {} has panicked: this is a defect", self.name);
            self.shared.fail(BrokerError::Unavailable(reason));
        }
    }
}

/// How long a question to the cluster may take.
const ANSWER: Duration = Duration::from_secs(10);

//! The poll thread: carries out what the member asked for, and takes in what the client has. It never sleeps while
//! there is something to do, and never waits for the member but inside a revoke.

mod leaving;
mod taking;

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer as _;
use rdkafka::error::KafkaError;

use super::asker::Ask;
use super::committer::Job;
use super::lists::list;
use super::queues::Queues;
use super::{Client, Shared};
use crate::broker::kafka::record;
use crate::broker::kafka::record::Copies;
use crate::broker::{BrokerError, Subscription};
use crate::message::{Offset, TopicName, TopicPartition};

/// Without a ring the client is looked at so often: a lost one must not stop a partition for long.
const LOOK: Duration = Duration::from_millis(100);
/// A seek waits for the client's own thread.
const SEEK: Duration = Duration::from_secs(1);
/// A seek that the client does not take yet is tried again after this.
const SEEK_AGAIN: Duration = Duration::from_millis(5);
/// Between two looks at what is silent, or corrupt.
const LISTEN: Duration = Duration::from_secs(1);

/// What the poll thread works with.
pub(super) struct Poller {
    // Before the client: a queue is of no use to a client that is gone.
    queues: Queues,
    client: Arc<Client>,
    shared: Arc<Shared>,
    asks: Sender<Ask>,
    commits: Sender<Option<Job>>,
    topics: Vec<TopicName>,
    /// A member that does not ask for events for so long is not kept alive.
    patience: Duration,
    copies: Copies,
    /// When it was last looked what is silent, or corrupt.
    listened: Instant,
}

impl Poller {
    pub(super) fn new(
        client: Arc<Client>,
        shared: Arc<Shared>,
        (asks, commits): (Sender<Ask>, Sender<Option<Job>>),
        how: &Subscription,
    ) -> Self {
        // What is left of the interval the client counts itself, from its last poll on.
        let patience = how.max_poll_interval / 4;
        let (topics, copies) = (how.topics.clone(), Copies::kept());
        let queues = Queues::new(shared.bell.clone());
        let listened = Instant::now();
        Self { client, shared, asks, commits, topics, patience, queues, copies, listened }
    }

    pub(super) fn run(mut self, helpers: Vec<JoinHandle<()>>) {
        while !self.is_over() {
            let again = self.carry_out();
            let wanted = self.is_wanted();
            self.listen(wanted);
            let more = wanted && self.take_in();
            if !more {
                self.shared.bell.wait(if again { SEEK_AGAIN } else { LOOK });
            }
        }
        let _ = self.asks.send(Ask::End);
        let _ = self.commits.send(None);
        self.queues.clear();
        self.leave(&helpers);
        // The last to let the client go closes it; here it may take its time.
        drop(self);
        helpers.into_iter().for_each(|helper| drop(helper.join()));
    }

    fn is_over(&self) -> bool {
        if let Err(replaced) = self.client.context().told.troubles.same_cluster() {
            self.shared.fail(replaced);
        }
        let state = self.shared.state();
        state.closing || state.has_failed()
    }

    /// Polling keeps the membership: for a member that has stopped asking it must end.
    fn is_wanted(&self) -> bool {
        self.shared.state().is_alive(self.patience)
    }

    /// Asks about what nothing comes of, and what could not be read. While nobody wants records, nothing can come.
    fn listen(&mut self, wanted: bool) {
        let now = Instant::now();
        let since = now.saturating_duration_since(self.listened);
        if since < LISTEN {
            return;
        }
        self.listened = now;
        // After a turn that took long, as a revoke does, nothing was taken in either.
        if !wanted || since > LISTEN * 3 {
            return self.shared.state().excuse(now);
        }
        for grant in self.shared.tell(|state| state.silences(now)) {
            // The asker lives as long as the client.
            let _ = self.asks.send(Ask::Silent(grant));
        }
        for (grant, from) in self.shared.state().ask_readable(now) {
            let _ = self.asks.send(Ask::Readable(grant, from));
        }
    }

    /// Takes in what was found out of the topics.
    fn hear_of_topics(&self) {
        let news = self.shared.state().take_topics();
        if !news.is_empty() {
            self.shared.tell(|state| news.into_iter().for_each(|news| state.hear_of_topic(news)));
        }
    }

    /// Does what was asked for; whether something must be tried again soon.
    fn carry_out(&mut self) -> bool {
        self.hear_of_topics();
        let turn = self.shared.state().turn(Instant::now());
        for (partition, grant) in turn.check {
            // The asker lives as long as the client.
            let _ = self.asks.send(Ask::Bounds(partition, grant));
        }
        let mut again = false;
        for (partition, from) in turn.seek {
            again |= !self.seek(&partition, from);
        }
        if !turn.hold.is_empty() {
            self.said("held", self.client.pause(&list(&turn.hold)));
        }
        if !turn.release.is_empty() {
            self.said("resumed", self.client.resume(&list(&turn.release)));
        }
        for grant in turn.released {
            let _ = self.asks.send(Ask::Released(grant));
        }
        if turn.join_anew {
            self.join_anew();
        }
        if again {
            self.shared.state().busy = true;
        }
        again
    }

    fn said(&self, what: &str, result: Result<(), KafkaError>) {
        if let Err(error) = result {
            tracing::debug!(%error, "partitions could not be {what}");
        }
    }

    /// Whether the client reads there now. It does not yet when the assignment has not reached its own thread.
    fn seek(&mut self, partition: &TopicPartition, to: Offset) -> bool {
        self.queues.split(&self.client, partition);
        let (topic, number) = (partition.topic.as_str(), record::number(partition));
        match self.client.seek(topic, number, record::raw(to), SEEK) {
            Ok(()) => {
                self.shared.ask(|state| state.sought(partition, to));
                true
            }
            Err(error) => {
                if self.shared.state().refused(partition, Instant::now()) {
                    tracing::warn!(topic, partition = number, %error, "the client does not read where it was sent");
                }
                false
            }
        }
    }

    /// The client reads a partition that it has given up only when it is assigned anew.
    fn join_anew(&self) {
        tracing::info!("joining the group anew");
        self.client.unsubscribe();
        let topics: Vec<_> = self.topics.iter().map(TopicName::as_str).collect();
        if let Err(error) = self.client.subscribe(&topics) {
            self.shared.fail(BrokerError::Unavailable(error.to_string()));
        }
    }
}

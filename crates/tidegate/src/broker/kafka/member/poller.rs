//! The poll thread: carries out what the member asked for, and takes in what the client has. It never sleeps while
//! there is something to do, and never waits for the member but inside a revoke.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rdkafka::ClientContext as _;
use rdkafka::consumer::Consumer as _;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::Message as _;

use super::asker::Ask;
use super::buffer::Room;
use super::committer::Job;
use super::intake::Intake;
use super::lists::list;
use super::queues::Queues;
use super::{Client, Shared};
use crate::broker::kafka::ffi::Message;
use crate::broker::kafka::record::Copies;
use crate::broker::kafka::{error, record};
use crate::broker::{BrokerError, Subscription};
use crate::message::{Offset, TopicName, TopicPartition};

/// Without a ring the client is looked at so often: a lost one must not stop a partition for long.
const LOOK: Duration = Duration::from_millis(100);
/// So many of the client's own events are served in one turn.
const BURST: usize = 500;
/// The client may answer "nothing" after an event of its own: so many in a row mean it.
const NOTHING: u32 = 3;
/// A seek waits for the client's own thread.
const SEEK: Duration = Duration::from_secs(1);
/// A seek that the client does not take yet is tried again after this.
const SEEK_AGAIN: Duration = Duration::from_millis(5);
/// Between two warnings of a batch that cannot be read.
const DAMAGED: Duration = Duration::from_secs(60);
/// Between two looks at what is silent.
const LISTEN: Duration = Duration::from_secs(1);
/// How long helpers may take to end before the group is left without them.
const HELPERS: Duration = Duration::from_millis(250);
/// How long leaving may take before the client is let go.
const LEAVE: Duration = Duration::from_secs(3);

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
    /// When it was last looked what is silent.
    listened: Instant,
    /// When it was last told that a batch cannot be read.
    warned: Cell<Option<Instant>>,
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
        let (topics, copies) = (how.topics.clone(), Copies::default());
        let queues = Queues::new(shared.bell.clone());
        let listened = Instant::now();
        let warned = Cell::new(None);
        Self { client, shared, asks, commits, topics, patience, queues, copies, listened, warned }
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

    /// Asks about what nothing comes of. While nobody wants records, nothing can come.
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

    /// Takes in what the client has, as far as there is room; whether there may be more.
    fn take_in(&mut self) -> bool {
        self.serve();
        let open = {
            let mut state = self.shared.state();
            self.queues.forget_lost(|partition| state.owns(partition));
            state.open(Instant::now())
        };
        let more = |(partition, room)| self.read(&partition, room);
        open.into_iter().map(more).fold(false, |any, more| any | more)
    }

    /// Rebalances and errors; records only of partitions that have no queue of their own.
    fn serve(&mut self) {
        let (mut nothing, mut count) = (0, 0);
        while nothing < NOTHING && count < BURST {
            count += 1;
            match self.client.poll(Duration::ZERO) {
                Some(Ok(message)) => {
                    nothing = 0;
                    let topic = message.topic();
                    let Some(topic) = self.topics.iter().find(|t| t.as_str() == topic) else {
                        continue;
                    };
                    let record = self.copies.of(Message::of(&message), topic);
                    self.shared.tell(|state| state.keep(&record.topic_partition(), vec![record]));
                }
                Some(Err(error)) => {
                    nothing = 0;
                    self.failed(&error);
                }
                None => nothing += 1,
            }
        }
    }

    /// Reads one partition as far as its buffer has room; whether there may be more.
    fn read(&mut self, partition: &TopicPartition, room: Room) -> bool {
        let Some(queue) = self.queues.of(partition) else { return false };
        let taken = Intake::new(&partition.topic, &mut self.copies, room).of(queue);
        if !taken.records.is_empty() {
            self.shared.tell(|state| state.keep(partition, taken.records));
        }
        taken.errors.iter().for_each(|error| self.failed(error));
        if let Some((error, words)) = &taken.astray {
            self.went_astray(partition, error, words);
        }
        taken.more
    }

    /// The client came upon an error within a batch: it takes what the error is about for read (`ffi/queue.rs`), so that after
    /// its next pause it would leave that out. What it has given up it does not read again anyway.
    fn went_astray(&self, partition: &TopicPartition, error: &KafkaError, words: &str) {
        let code = error.rdkafka_error_code();
        if let Some(code) = code {
            // Of events the client's context hears by itself.
            self.client.context().error(KafkaError::Global(code), words);
        }
        if !matches!(code, Some(Code::AutoOffsetReset | Code::OffsetOutOfRange)) {
            self.shared.state().went_astray(partition);
        }
        self.failed(error);
    }

    fn failed(&self, failure: &KafkaError) {
        let (code, fatal) = match failure {
            KafkaError::MessageConsumption(code) => (*code, false),
            KafkaError::MessageConsumptionFatal(code) => (*code, true),
            _ => return,
        };
        let troubles = &self.client.context().told.troubles;
        if fatal || error::is_denied(code) {
            let about = self.client.context().about();
            return self.shared.fail(error::ended(code, about, troubles));
        }
        match code {
            Code::AutoOffsetReset | Code::OffsetOutOfRange => {
                let suspects = self.shared.state().suspects();
                let _ = self.asks.send(Ask::Suspects(suspects));
            }
            Code::PollExceeded => self.shared.expire(),
            Code::BadMessage | Code::BadCompression | Code::InvalidMessage => self.damaged(code),
            _ => tracing::debug!(%code, "the client reports an error, and goes on"),
        }
    }

    /// The client asks for the batch again and again, and says each time that it cannot be read.
    fn damaged(&self, code: Code) {
        let now = Instant::now();
        let silent = self.warned.get().is_some_and(|last| now.duration_since(last) < DAMAGED);
        if !silent {
            self.warned.set(Some(now));
            let topics = self.client.context().about().topic;
            tracing::warn!(%code, topics, "a batch cannot be read: its partition gets no further");
        }
    }

    /// Leaves the group. The client does so when it is closed, and only if it was not told to unsubscribe before: then it
    /// may close while partitions are still being stopped, and forgets to leave (librdkafka 2.12.1,
    /// `rd_kafka_cgrp_incr_unassign_done`; test `a_member_that_closes_has_left`).
    ///
    /// Whoever drops the client last closes it. A helper that waits for an answer would keep the membership alive for as
    /// long: then it is closed here, and rebalances are served until it is. What is polled now is not kept (rule 16).
    fn leave(&self, helpers: &[JoinHandle<()>]) {
        let deadline = Instant::now() + HELPERS;
        while !helpers.iter().all(JoinHandle::is_finished) {
            if Instant::now() >= deadline {
                return self.close();
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn close(&self) {
        if let Err(error) = self.client.close_queue() {
            return tracing::debug!(%error, "the client cannot be closed yet");
        }
        let deadline = Instant::now() + LEAVE;
        while !self.client.closed() && Instant::now() < deadline {
            drop(self.client.poll(Duration::from_millis(10)));
        }
    }
}

//! Takes in what the client has: records, and errors in their place.

use std::time::{Duration, Instant};

use rdkafka::ClientContext as _;
use rdkafka::consumer::Consumer as _;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::Message as _;

use super::Poller;
use crate::broker::kafka::error;
use crate::broker::kafka::ffi::Message;
use crate::broker::kafka::member::asker::Ask;
use crate::broker::kafka::member::buffer::Room;
use crate::broker::kafka::member::intake::Intake;
use crate::message::TopicPartition;

/// So many of the client's own events are served in one turn.
const BURST: usize = 500;
/// The client may answer "nothing" after an event of its own: so many in a row mean it.
const NOTHING: u32 = 3;

impl Poller {
    /// Takes in what the client has, as far as there is room; whether there may be more.
    pub(super) fn take_in(&mut self) -> bool {
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
                    match error::corrupt(&error) {
                        Some(reason) => self.corrupt_somewhere(reason),
                        None => self.failed(&error),
                    }
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
        taken.errors.iter().for_each(|error| self.failed_in(partition, error));
        if let Some((error, words)) = &taken.astray {
            self.went_astray(partition, error, words);
        }
        if let Some(reason) = &taken.corrupt {
            self.shared.tell(|state| state.met_corrupt(partition, reason, Instant::now()));
        }
        taken.more
    }

    /// The client came upon an error within a batch: it takes what the error is about for read (`ffi/queue.rs`), so that after
    /// its next pause it would leave that out. What it has given up it does not read again anyway.
    fn went_astray(&self, partition: &TopicPartition, error: &KafkaError, words: &str) {
        if let Some(code) = error.rdkafka_error_code() {
            // Of events the client's context hears by itself.
            self.client.context().error(KafkaError::Global(code), words);
        }
        if !is_given_up(error) {
            self.shared.state().went_astray(partition);
        }
        self.failed_in(partition, error);
    }

    /// What the client takes for an offset behind a corrupt batch is mostly none of the log.
    fn failed_in(&self, partition: &TopicPartition, error: &KafkaError) {
        if !(is_given_up(error) && self.shared.state().is_corrupt(partition)) {
            self.failed(error);
        }
    }

    /// What comes through the client's own queue does not say of which partition it is: of one that has none of its own.
    fn corrupt_somewhere(&self, reason: &str) {
        let (queues, now) = (&self.queues, Instant::now());
        self.shared.tell(|state| {
            let owned = state.owned().into_iter();
            let unsplit = owned.filter(|partition| queues.of(partition).is_none());
            unsplit.for_each(|partition| state.met_corrupt(&partition, reason, now));
        });
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
            _ if is_given_up(failure) => {
                let suspects = self.shared.state().suspects();
                let _ = self.asks.send(Ask::Suspects(suspects));
            }
            Code::PollExceeded => self.shared.expire(),
            _ => tracing::debug!(%code, "the client reports an error, and goes on"),
        }
    }
}

/// Whether the client has given a partition up: it reads it again only after another assignment.
fn is_given_up(error: &KafkaError) -> bool {
    let code = error.rdkafka_error_code();
    matches!(code, Some(Code::AutoOffsetReset | Code::OffsetOutOfRange))
}

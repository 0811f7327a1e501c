//! One look at a partition's queue: what there is room for, copied.
//!
//! ```text
//!   queue ─ one event ─▶ a record ─ a batch of those behind it ─▶ one event ─▶ ... until there is no more, or no room
//!                        an error: heard     an error: heard, and the client is sent back
//! ```
//!
//! Behind a batch of the log that cannot be read nothing is taken (`corrupt.rs`).
//!
//! The batch is what makes it quick; the event is where errors are heard as the client tells them (`ffi/queue.rs`). So an error
//! comes out of a batch only behind a record that was taken, and one that lasts does not send the client back for ever.

use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError;

use super::buffer::Room;
use crate::broker::kafka::error;
use crate::broker::kafka::ffi::{Message, Queue};
use crate::broker::kafka::record::Copies;
use crate::message::{Record, TopicName};

/// So many records of a partition are taken in before the member hears of them.
const BURST: usize = 500;
/// So many are taken out of the queue at once. They are all kept, also when they are larger than those before: so it is no
/// more than it takes to make what each batch costs small.
const BATCH: usize = 32;

/// What is taken, and what it may take yet.
pub(super) struct Intake<'a> {
    topic: &'a TopicName,
    copies: &'a mut Copies,
    room: Room,
    /// The size of the largest record.
    largest: usize,
    taken: Taken,
}

/// What was taken.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) records: Vec<Record>,
    /// What the client reported beside them.
    pub(super) errors: Vec<KafkaError>,
    /// What it reported within a batch, and its own words: it does not stand where it should since, and what followed is left
    /// out.
    pub(super) astray: Option<(KafkaError, String)>,
    /// Why what comes next cannot be read: what followed is left out.
    pub(super) corrupt: Option<String>,
    /// There may be more.
    pub(super) more: bool,
}

impl<'a> Intake<'a> {
    pub(super) fn new(topic: &'a TopicName, copies: &'a mut Copies, room: Room) -> Self {
        Self { topic, copies, room, largest: 0, taken: Taken::default() }
    }

    /// Takes what there is, as far as there is room.
    pub(super) fn of(mut self, queue: &Queue<impl ConsumerContext>) -> Taken {
        self.taken.more = true;
        while self.taken.more && !self.is_led_astray() && self.has_room() {
            match queue.poll() {
                None => self.taken.more = false,
                Some(Err(error)) => self.heard(error),
                Some(Ok(message)) => {
                    self.keep(Message::of(&message));
                    if let Err((error, words)) = self.batch(queue) {
                        self.heard_within(error, words);
                    }
                }
            }
        }
        self.taken
    }

    const fn is_led_astray(&self) -> bool {
        self.taken.astray.is_some() || self.taken.corrupt.is_some()
    }

    fn heard(&mut self, error: KafkaError) {
        match error::corrupt(&error) {
            Some(reason) => self.taken.corrupt = Some(reason.to_owned()),
            None => self.taken.errors.push(error),
        }
    }

    fn heard_within(&mut self, error: KafkaError, words: String) {
        match error::corrupt(&error) {
            Some(_) => self.taken.corrupt = Some(words),
            None => self.taken.astray = Some((error, words)),
        }
    }

    /// Those that come next, up to an error.
    fn batch(&mut self, queue: &Queue<impl ConsumerContext>) -> Result<(), (KafkaError, String)> {
        for taken in queue.take(self.next()) {
            self.keep(taken.message()?);
        }
        Ok(())
    }

    fn has_room(&self) -> bool {
        self.taken.records.len() < BURST && !self.room.is_used_up()
    }

    /// How many there is room for, if they are no larger than those before.
    fn next(&self) -> usize {
        let fit = self.room.bytes / self.largest.max(1);
        let burst = BURST - self.taken.records.len();
        fit.min(self.room.records).min(burst).min(BATCH)
    }

    fn keep(&mut self, message: Message<'_>) {
        let size = message.size();
        self.room.take(size);
        self.largest = self.largest.max(size);
        self.taken.records.push(self.copies.of(message, self.topic));
    }
}

//! The next batch of a partition cannot be read: nothing of the partition is kept until it can be (rule 6).
//!
//! ```text
//!   reads ─ the client reports it ─▶ waits 1 s ─▶ asked: another client reads there ─ it can ─▶ sent back ─ a record ─▶ reads
//!                                      ▲           │ it cannot                                    │ reported again
//!                                      └───────────┴───────── twice as long, up to 30 s ◀─────────┘
//! ```
//!
//! What the client does by itself (librdkafka 2.12.1, `rdkafka_msgset_reader.c`), which is why nothing that it gives out behind such an
//! error is kept, and why it is not the one that tries:
//!
//! - *A checksum is wrong* (`rd_kafka_msgset_reader_v2`): `BAD_MSG`, with the offset where the batch begins. Then it skips to an offset of
//!   the whole answer that it took for one of the batch (`rd_kafka_buf_skip_to(rkbuf, crc_len)`): where that lies before, it gives up the
//!   rest of the answer, and asks for the same again. Else it goes on in the middle of the damaged batch, and takes what stands
//!   there for the head of another one. Where that has no known format, its offset becomes the position: mostly one that no log has,
//!   so that the client gives the partition up (`OFFSET_OUT_OF_RANGE`), and reads it again only after another assignment; else any
//!   other, and what lies between is passed over.
//! - *The format's number is damaged*, which no checksum covers: 0 and 1 are read as the old format, whose checksum is wrong then, and
//!   the next batch of the answer is given out. Any other: `NOT_IMPLEMENTED`, and the position is one behind the batch's first record.
//! - *It cannot be decompressed*: `BAD_COMPRESSION`, or `NOT_IMPLEMENTED` for a codec that is not known. The rest of the answer is given up,
//!   and asked for again from this batch on, at once and for ever.
//! - *The broker finds it corrupt*: `INVALID_MSG` (Kafka's `CORRUPT_MESSAGE`), and the same is asked for again.
//! - *The checksum is right, and the records are malformed*: nothing is told, and it gets no further. That is a silence
//!   ([`silence`](super::silence)).

use std::time::{Duration, Instant};

use super::asker::Grant;
use super::reading::Reading;
use super::state::State;
use crate::broker::{BrokerError, GroupEvent};
use crate::message::{Offset, TopicPartition};

/// The first pause.
const FIRST: Duration = Duration::from_secs(1);
/// The longest.
const LONGEST: Duration = Duration::from_secs(30);

/// How far it is with one batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    Waits { until: Instant },
    Asked,
    Readable,
    SentBack,
}

/// One partition's batch that cannot be read.
#[derive(Debug)]
pub(super) struct Corrupt {
    pause: Duration,
    look: Look,
}

impl Corrupt {
    pub(super) fn new(now: Instant) -> Self {
        Self { pause: FIRST, look: Look::Waits { until: now + FIRST } }
    }

    /// It still cannot be read.
    pub(super) fn again(&mut self, now: Instant) {
        self.pause = (self.pause * 2).min(LONGEST);
        self.look = Look::Waits { until: now + self.pause };
    }

    /// Whether it is to be asked now.
    pub(super) fn ask(&mut self, now: Instant) -> bool {
        let due = matches!(self.look, Look::Waits { until } if until <= now);
        if due {
            self.look = Look::Asked;
        }
        due
    }

    /// Another client could read there.
    pub(super) fn readable(&mut self) {
        self.look = Look::Readable;
    }

    /// The client reads there now. Whether that ends what was told.
    pub(super) fn sent_back(&mut self) -> bool {
        let over = self.is_told();
        self.look = Look::SentBack;
        over
    }

    /// Whether it was told, and its end was not.
    pub(super) fn is_told(&self) -> bool {
        self.look != Look::SentBack
    }

    /// Whether the client may be sent there.
    pub(super) const fn is_readable(&self) -> bool {
        matches!(self.look, Look::Readable | Look::SentBack)
    }
}

impl State {
    /// The client has reported that what comes next of a partition cannot be read.
    pub(super) fn met_corrupt(&mut self, at: &TopicPartition, reason: &str, now: Instant) {
        let position = self.readings.get_mut(at).and_then(|reading| reading.meets_corrupt(now));
        if let Some(position) = position {
            self.busy = true;
            self.tell_corrupt(at, position, reason);
        }
    }

    fn tell_corrupt(&mut self, partition: &TopicPartition, position: Offset, reason: &str) {
        let (partition, reason) = (partition.clone(), reason.to_owned());
        self.events.push_back(GroupEvent::CorruptBatch { partition, position, reason });
    }

    /// Whether nothing is read of it for that reason.
    pub(super) fn is_corrupt(&self, partition: &TopicPartition) -> bool {
        self.readings.get(partition).is_some_and(Reading::is_corrupt)
    }

    /// Where another client is to read now.
    pub(super) fn ask_readable(&mut self, now: Instant) -> Vec<(Grant, Offset)> {
        let ask = |(partition, reading): (&TopicPartition, &mut Reading)| {
            let from = reading.ask_readable(now)?;
            Some(((partition.clone(), reading.grant), from))
        };
        self.readings.iter_mut().filter_map(ask).collect()
    }

    /// Whether it could.
    pub(super) fn was_asked(
        &mut self,
        (partition, grant): &Grant,
        found: &Result<(), BrokerError>,
        now: Instant,
    ) {
        let Some(reading) = self.granted_as(partition, *grant) else { return };
        let position = reading.was_asked(found.is_ok(), now);
        self.busy = true;
        match (position, found) {
            (Some(position), Err(BrokerError::Corrupt { reason, .. })) => {
                self.tell_corrupt(partition, position, reason);
            }
            // A broker that fails at it may not know why.
            (Some(position), Err(error)) => {
                self.tell_corrupt(partition, position, &error.to_string());
            }
            _ => {}
        }
    }

    /// What there was told of it is over.
    pub(super) fn corrupt_is_over(&mut self, partition: &TopicPartition) {
        self.events.push_back(GroupEvent::CorruptBatchOver { partition: partition.clone() });
    }

    /// The client does not read there, as it has given the partition up: only another grant makes it. Whether there may be one now; else
    /// it waits on.
    pub(super) fn may_join_for(&mut self, at: &TopicPartition, now: Instant) -> bool {
        let Some(reading) = self.readings.get_mut(at) else { return false };
        let Some(position) = reading.position().filter(|_| reading.has_met_corrupt()) else {
            return true;
        };
        let may = self.joined.may_join(at, position, now);
        if !may {
            reading.corrupt_waits(now);
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_half_a_minute() {
        let mut now = Instant::now();
        let mut corrupt = Corrupt::new(now);
        let mut pauses = Vec::new();
        for _ in 0..7 {
            let began = now;
            while !corrupt.ask(now) {
                now += Duration::from_millis(500);
            }
            assert!(!corrupt.ask(now), "asked once");
            pauses.push(now.duration_since(began).as_secs());
            corrupt.again(now);
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30]);
    }

    #[test]
    fn it_is_over_when_the_client_is_sent_there_and_once() {
        let now = Instant::now();
        let mut corrupt = Corrupt::new(now);
        assert!(!corrupt.is_readable());
        corrupt.readable();
        assert!(corrupt.is_readable() && corrupt.sent_back());
        assert!(!corrupt.sent_back());
        corrupt.again(now);
        assert!(!corrupt.is_readable());
    }
}

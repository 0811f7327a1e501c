//! Taking records in: check, choose the partition, queue; the future only carries the answer.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::Inner;
use super::queue::{Accepted, Refused};
use crate::broker::{Acks, BrokerError, Placed, PublishError};
use crate::message::{NewRecord, Timestamp, TopicPartition};

type Answer = oneshot::Receiver<Result<Vec<Placed>, PublishError>>;

/// What became of each record of a call, in the call's order.
enum Slot {
    Refused(PublishError),
    /// Answered by the writer, in queue order.
    Queued,
}

impl Inner {
    pub(super) fn publish(&self, records: Vec<NewRecord>) -> Acks {
        let now = self.clock.wall();
        let mut slots = Vec::with_capacity(records.len());
        let mut accepted = Vec::with_capacity(records.len());
        for record in records {
            match self.accept(record, now) {
                Ok(record) => {
                    slots.push(Slot::Queued);
                    accepted.push(record);
                }
                Err(error) => slots.push(Slot::Refused(error)),
            }
        }
        let (answer, queued, refusal) = self.enqueue(accepted);
        refuse_beyond(&mut slots, queued, &refusal);
        self.writer.nudge();
        Box::pin(answered(slots, answer))
    }

    /// Checks a record and gives it its partition and its time.
    fn accept(&self, record: NewRecord, now: Timestamp) -> Result<Accepted, PublishError> {
        let unknown = |_: BrokerError| PublishError::UnknownTopic(record.topic.clone());
        let topic = self.log.topic(&record.topic).map_err(unknown)?;
        if topic.keeping.compacts() && record.key.is_none() {
            return Err(PublishError::KeyMissing(record.topic));
        }
        let partition = match record.partition {
            None => Ok(topic.choose(record.key.as_deref())),
            Some(number) => topic.partitions.get(number.0 as usize).ok_or_else(|| {
                let place = TopicPartition::new(record.topic.clone(), number);
                PublishError::UnknownPartition(place)
            }),
        }?;
        let (size, limit) = (record.size(), topic.max_message_bytes);
        if size > limit {
            return Err(PublishError::TooLarge { topic: record.topic, size, limit });
        }
        let timestamp = record.timestamp.unwrap_or(now);
        Ok(Accepted { partition: Arc::clone(partition), record, timestamp })
    }

    /// Queues what fits: the answer to come, how many, and why the others were not.
    fn enqueue(&self, accepted: Vec<Accepted>) -> (Answer, usize, PublishError) {
        let (reply, answer) = oneshot::channel();
        match self.queue.publish(accepted, reply) {
            Ok(count) => (answer, count, PublishError::QueueFull),
            Err(Refused::Full) => (answer, 0, PublishError::QueueFull),
            Err(Refused::Closed) => (answer, 0, PublishError::Closed),
        }
    }
}

fn refuse_beyond(slots: &mut [Slot], queued: usize, refusal: &PublishError) {
    let waiting = slots.iter_mut().filter(|slot| matches!(slot, Slot::Queued));
    for slot in waiting.skip(queued) {
        *slot = Slot::Refused(refusal.clone());
    }
}

async fn answered(slots: Vec<Slot>, answer: Answer) -> Vec<Result<Placed, PublishError>> {
    let none_queued = slots.iter().all(|slot| matches!(slot, Slot::Refused(_)));
    let answer = match none_queued {
        true => Ok(Vec::new()),
        // The writer answers everything it takes; it can only have panicked.
        false => answer.await.unwrap_or_else(|_| Err(PublishError::Unknown("no answer".into()))),
    };
    let mut placed = answer.as_ref().map(|placed| placed.iter());
    let one = |slot| match (slot, &mut placed) {
        (Slot::Refused(error), _) => Err(error),
        (Slot::Queued, Ok(placed)) => {
            Ok(*placed.next().expect("the writer answers for every record that it took"))
        }
        (Slot::Queued, Err(error)) => Err((*error).clone()),
    };
    slots.into_iter().map(one).collect()
}

//! The records of one call, until each is answered.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use crate::broker::{Placed, PublishError};
use crate::message::{NewRecord, TopicName};

type Ack = Result<Placed, PublishError>;

/// What a record takes beside its bytes, while it waits.
const BESIDES: usize = 128;

/// What a record takes of the budget.
pub(super) fn cost(record: &NewRecord) -> usize {
    record.size() + BESIDES
}

/// Bytes that may wait.
#[derive(Debug)]
pub(super) struct Budget {
    limit: usize,
    used: AtomicUsize,
}

impl Budget {
    pub(super) const fn new(limit: usize) -> Self {
        Self { limit, used: AtomicUsize::new(0) }
    }

    /// A part of it, if there is room. A call that is larger than everything passes when it is alone.
    pub(super) fn share(this: &Arc<Self>, bytes: usize) -> Option<Share> {
        let take = |used: usize| {
            let sum = used.saturating_add(bytes);
            (used == 0 || sum <= this.limit).then_some(sum)
        };
        this.used.fetch_update(Ordering::AcqRel, Ordering::Acquire, take).ok()?;
        Some(Share { budget: this.clone(), bytes })
    }
}

/// A part of the budget; goes back when dropped.
#[derive(Debug)]
pub(super) struct Share {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}

/// The answers to one call.
#[derive(Debug)]
pub(super) struct Batch {
    open: Mutex<Option<Open>>,
}

#[derive(Debug)]
struct Open {
    acks: Vec<Option<Ack>>,
    left: usize,
    reply: oneshot::Sender<Vec<Ack>>,
    /// Held until all is answered.
    _share: Share,
}

impl Batch {
    pub(super) fn new(count: usize, share: Share) -> (Arc<Self>, oneshot::Receiver<Vec<Ack>>) {
        let (reply, acks) = oneshot::channel();
        let open = Open { acks: vec![None; count], left: count, reply, _share: share };
        (Arc::new(Self { open: Mutex::new(Some(open)) }), acks)
    }

    /// Answers one record. The last answer wakes the caller.
    fn answer(&self, index: usize, ack: Ack) {
        let mut slot = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(open) = slot.as_mut() else { return };
        open.left -= usize::from(open.acks[index].is_none());
        open.acks[index] = Some(ack);
        if open.left > 0 {
            return;
        }
        if let Some(open) = slot.take() {
            // Every slot is filled; nobody may be waiting any more.
            let _ = open.reply.send(open.acks.into_iter().flatten().collect());
        }
    }
}

/// One record's place in its batch: travels with it, and is answered once, also when it gets lost.
#[derive(Debug)]
pub(super) struct Slot {
    batch: Arc<Batch>,
    index: usize,
    pub(super) topic: TopicName,
    /// Bytes of the record.
    pub(super) size: usize,
    /// Bytes that the topic took when it was sent.
    pub(super) limit: usize,
    answered: bool,
}

impl Slot {
    pub(super) fn new(batch: &Arc<Batch>, index: usize, record: &NewRecord) -> Self {
        let (topic, size) = (record.topic.clone(), record.size());
        Self { batch: batch.clone(), index, topic, size, limit: 0, answered: false }
    }

    pub(super) fn answer(mut self, ack: Ack) {
        self.answered = true;
        self.batch.answer(self.index, ack);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if !self.answered {
            let lost = PublishError::Unknown("the producer has ended".into());
            self.batch.answer(self.index, Err(lost));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Offset, Partition};

    fn slots(count: usize) -> (Vec<Slot>, oneshot::Receiver<Vec<Ack>>, Arc<Budget>) {
        let budget = Arc::new(Budget::new(100));
        let (batch, acks) = Batch::new(count, Budget::share(&budget, 60).unwrap());
        let record = NewRecord::new(TopicName::new("t").unwrap());
        ((0..count).map(|i| Slot::new(&batch, i, &record)).collect(), acks, budget)
    }

    fn placed(offset: u64) -> Placed {
        Placed { partition: Partition(0), offset: Offset(offset) }
    }

    #[test]
    fn answers_keep_the_calls_order_and_give_the_budget_back() {
        let (mut slots, mut acks, budget) = slots(2);
        slots.pop().unwrap().answer(Ok(placed(1)));
        assert!(acks.try_recv().is_err(), "one is not answered yet");
        assert!(Budget::share(&budget, 60).is_none());
        slots.pop().unwrap().answer(Ok(placed(0)));
        assert_eq!(acks.try_recv().unwrap(), [Ok(placed(0)), Ok(placed(1))]);
        assert!(Budget::share(&budget, 60).is_some());
    }

    #[test]
    fn a_record_that_gets_lost_is_answered_as_unknown() {
        let (slots, mut acks, _) = slots(2);
        drop(slots);
        assert!(acks.try_recv().unwrap().iter().all(|a| a.as_ref().unwrap_err().is_unknown()));
    }

    #[test]
    fn a_call_larger_than_the_budget_passes_alone() {
        let budget = Arc::new(Budget::new(100));
        let large = Budget::share(&budget, 500).unwrap();
        assert!(Budget::share(&budget, 1).is_none());
        drop(large);
        assert!(Budget::share(&budget, 1).is_some());
    }
}

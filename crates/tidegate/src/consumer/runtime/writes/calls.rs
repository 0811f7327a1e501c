//! Whose call is next, of all ownerships that have something to write: first come, first served, and no more calls than the records
//! in them are worth.
//!
//! A call is a request of its own to the cluster, with an answer, and with what wakes up for both: as much work as about a hundred
//! records that nobody writes down. While few write, each begins at once; while many do, the calls of a member follow each other
//! at a distance, and what comes meanwhile joins them.

use std::collections::VecDeque;
use std::time::Duration;

use crate::consumer::core::LocalEpoch;
use crate::message::TopicPartition;

/// In the long run a member begins a call each such time.
const EACH: Duration = Duration::from_millis(2);
/// So many may begin at once where none has begun for a while.
const AT_ONCE: u32 = 16;

/// Those who ask.
#[derive(Debug, Default)]
pub(in crate::consumer::runtime) struct Calls {
    asking: VecDeque<(TopicPartition, LocalEpoch)>,
    /// When the next may begin.
    next: Duration,
}

impl Calls {
    /// An ownership has something to write, and stands in here once.
    pub(super) fn ask(&mut self, partition: TopicPartition, epoch: LocalEpoch) {
        self.asking.push_back((partition, epoch));
    }

    /// Whose call begins now.
    pub(super) fn next(&mut self, now: Duration) -> Option<(TopicPartition, LocalEpoch)> {
        self.asking.pop_front_if(|_| self.next <= now)
    }

    /// It has begun.
    pub(super) fn began(&mut self, now: Duration) {
        self.next = self.next.max(now.saturating_sub(EACH * AT_ONCE)) + EACH;
    }

    /// When somebody's call begins, if nothing happens before.
    pub(in crate::consumer::runtime) fn at(&self) -> Option<Duration> {
        (!self.asking.is_empty()).then_some(self.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Partition, TopicName};

    const AT: Duration = Duration::from_secs(1);

    fn asking(count: u32) -> Calls {
        let mut calls = Calls::default();
        let topic = TopicName::new("orders").unwrap();
        for number in 0..count {
            let partition = TopicPartition::new(topic.clone(), Partition(number));
            calls.ask(partition, LocalEpoch(1));
        }
        calls
    }

    /// Those that begin at this time, by their partitions.
    fn begun(calls: &mut Calls, now: Duration) -> Vec<u32> {
        let mut begun = Vec::new();
        while let Some((partition, _)) = calls.next(now) {
            calls.began(now);
            begun.push(partition.partition.0);
        }
        begun
    }

    #[test]
    fn a_few_begin_at_once_and_the_others_at_a_distance_first_come_first_served() {
        let mut calls = asking(AT_ONCE + 3);
        let begins: Vec<_> = (0..=AT_ONCE).collect();
        assert_eq!(begun(&mut calls, AT), begins);
        let next = calls.at().unwrap();
        assert!(next > AT && next <= AT + EACH, "{next:?}");
        assert_eq!(begun(&mut calls, next), [AT_ONCE + 1]);
        assert_eq!(calls.at(), Some(next + EACH));
        assert_eq!(begun(&mut calls, next + EACH), [AT_ONCE + 2]);
        assert_eq!(calls.at(), None, "nobody asks");
    }

    /// Else a service that has written nothing for a day would flood the cluster.
    #[test]
    fn a_long_silence_saves_up_no_more_than_a_few() {
        let mut calls = asking(3 * AT_ONCE);
        let day = Duration::from_secs(86_400);
        assert_eq!(begun(&mut calls, day).len(), AT_ONCE as usize + 1);
    }
}

//! Reading without a group, and reading about groups.

use std::sync::Arc;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::Inner;
use super::driver::SimBroker;
use super::part::CORRUPT;
use crate::broker::{BrokerError, FetchLimit, Fetched, GroupInfo, GroupState, Watermarks};
use crate::message::{Offset, TopicPartition};

impl SimBroker {
    /// Reads until there is something, or the time is over.
    pub(super) async fn read(
        &self,
        partition: &TopicPartition,
        from: Offset,
        limit: &FetchLimit,
    ) -> Result<Fetched, BrokerError> {
        let waker = Arc::new(Notify::new());
        let deadline = Instant::now().checked_add(limit.wait);
        loop {
            self.inner.arrive();
            let fetched = self.inner.fetch(partition, from, limit, &waker)?;
            let over = deadline.is_some_and(|at| at <= Instant::now());
            if !fetched.records.is_empty() || over {
                return Ok(fetched);
            }
            let due = [deadline, self.inner.next_due()].into_iter().flatten().min();
            match due {
                None => waker.notified().await,
                Some(at) => drop(tokio::time::timeout_at(at, waker.notified()).await),
            }
        }
    }
}

impl Inner {
    fn fetch(
        &self,
        partition: &TopicPartition,
        from: Offset,
        limit: &FetchLimit,
        waker: &Arc<Notify>,
    ) -> Result<Fetched, BrokerError> {
        self.check_open()?;
        let mut state = self.state();
        let part = state.partition_mut(partition)?;
        let Watermarks { start, end } = part.bounds();
        if from < start || from > end {
            let (partition, offset) = (partition.clone(), from);
            return Err(BrokerError::OutOfRange { partition, offset, start, end });
        }
        if part.is_corrupt_from(from) {
            let (partition, reason) = (partition.clone(), CORRUPT.to_owned());
            return Err(BrokerError::Corrupt { partition, offset: from, reason });
        }
        Ok(part.fetch(from, limit, waker))
    }

    /// Groups that have members, or have committed something.
    pub(super) fn groups(&self) -> Vec<GroupInfo> {
        let mut infos = self.coordinator.infos();
        let committed: Vec<String> = self.state().commits.keys().cloned().collect();
        infos.retain(|info| !info.members.is_empty() || committed.contains(&info.name));
        for name in committed {
            if !infos.iter().any(|info| info.name == name) {
                let (generation, state) = (Some(0), GroupState::Empty);
                infos.push(GroupInfo { name, generation, state, members: Vec::new() });
            }
        }
        infos.sort_by(|a, b| a.name.cmp(&b.name));
        infos
    }
}

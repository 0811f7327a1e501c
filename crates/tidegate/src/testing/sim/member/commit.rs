//! Committing: whoever is not a member any more, or does not own the partition, is refused (fencing).

use tokio::time::Instant;

use super::SimMember;
use crate::broker::{BoxFuture, CommitEntry, CommitError, Subscription};
use crate::testing::sim::Inner;
use crate::testing::sim::fate::{Answer, Fate};
use crate::testing::sim::faults::Call;
use crate::testing::sim::late::arrived;
use crate::testing::sim::life::Membership;

type Results = Vec<Result<(), CommitError>>;

impl SimMember {
    pub(super) fn send_commit(
        &self,
        entries: Vec<CommitEntry>,
        fate: Fate,
    ) -> BoxFuture<'static, Results> {
        let (count, inner, at) = (entries.len(), self.broker.inner.clone(), self.at.clone());
        if self.left || inner.check_open().is_err() {
            return Box::pin(std::future::ready(vec![Err(CommitError::Closed); count]));
        }
        match fate.acts {
            Some(due) if due > Instant::now() => {
                let store = move |inner: &Inner| at.store_all(inner, entries);
                let result = inner.later(Call::Commit, due, store);
                Box::pin(async move {
                    let results = arrived(&inner, result).await;
                    heard(fate.told(&inner).await, results, count)
                })
            }
            acts => {
                let results = acts.map(|_| at.store_all(&inner, entries));
                Box::pin(async move { heard(fate.told(&inner).await, results, count) })
            }
        }
    }
}

/// What the caller hears.
fn heard(answer: Answer, results: Option<Results>, count: usize) -> Results {
    let doubt = || Err(CommitError::Unavailable("injected: no answer".to_owned()));
    match answer {
        Answer::Refused(why) => vec![Err(why.into()); count],
        Answer::Doubt => vec![doubt(); count],
        Answer::Result | Answer::Never => results.unwrap_or_else(|| vec![doubt(); count]),
    }
}

impl Membership {
    fn store_all(&self, inner: &Inner, entries: Vec<CommitEntry>) -> Results {
        entries.into_iter().map(|entry| self.store(inner, entry)).collect()
    }

    fn store(&self, inner: &Inner, entry: CommitEntry) -> Result<(), CommitError> {
        self.check(inner, &entry)?;
        inner.tell(|faults| faults.stored(self.process, &entry));
        let mut state = inner.state();
        let CommitEntry { partition, committed } = entry;
        match state.commits.get_mut(&self.group) {
            Some(commits) => drop(commits.insert(partition, committed)),
            None => {
                state.commits.insert(self.group.clone(), [(partition, committed)].into());
            }
        }
        Ok(())
    }

    fn check(&self, inner: &Inner, entry: &CommitEntry) -> Result<(), CommitError> {
        let CommitEntry { partition, committed } = entry;
        let (size, limit) = (committed.metadata.len(), Subscription::MAX_METADATA);
        if size > limit {
            return Err(CommitError::MetadataTooLarge { size, limit });
        }
        inner.coordinator.check_commit(&self.group, self.id, partition)?;
        let end = inner.state().partition(partition).map(|part| part.bounds().end);
        let end = end.map_err(|_| CommitError::NotOwned(partition.clone()))?;
        if committed.offset > end {
            let (partition, offset) = (partition.clone(), committed.offset);
            return Err(CommitError::OutOfRange { partition, offset, end });
        }
        Ok(())
    }
}

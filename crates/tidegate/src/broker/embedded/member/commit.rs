//! Commits: checked against what the member owns, then written with everything else.

use tokio::sync::oneshot;

use super::Member;
use crate::broker::embedded::queue::{Job, Refused};
use crate::broker::embedded::store::tables::Place;
use crate::broker::{BoxFuture, CommitEntry, CommitError, Committed, Subscription};

type Results = Vec<Result<(), CommitError>>;

impl Member {
    /// Checks and queues at once; the future carries the answer.
    pub(super) fn queue_commit(
        &mut self,
        entries: Vec<CommitEntry>,
    ) -> BoxFuture<'static, Results> {
        let mut results = Results::with_capacity(entries.len());
        let mut accepted = Vec::new();
        for entry in entries {
            let checked = self.check_commit(&entry);
            results.push(checked.map(|place| accepted.push((place, entry.committed))));
        }
        let answer = self.enqueue(accepted);
        Box::pin(async move {
            if let Err(error) = answer.await {
                let accepted = results.iter_mut().filter(|result| result.is_ok());
                accepted.for_each(|result| *result = Err(error.clone()));
            }
            results
        })
    }

    fn check_commit(&self, entry: &CommitEntry) -> Result<Place, CommitError> {
        if self.check_open().is_err() {
            return Err(CommitError::Closed);
        }
        let CommitEntry { partition, committed } = entry;
        let (size, limit) = (committed.metadata.len(), Subscription::MAX_METADATA);
        if size > limit {
            return Err(CommitError::MetadataTooLarge { size, limit });
        }
        self.inner.coordinator.check_commit(&self.how.group, self.id, partition)?;
        let not_owned = |_| CommitError::NotOwned(partition.clone());
        let log = self.inner.log.partition(partition).map_err(not_owned)?;
        let end = log.watermarks().end;
        if committed.offset > end {
            let (partition, offset) = (partition.clone(), committed.offset);
            return Err(CommitError::OutOfRange { partition, offset, end });
        }
        Ok(log.key)
    }

    fn enqueue(
        &self,
        entries: Vec<(Place, Committed)>,
    ) -> impl Future<Output = Result<(), CommitError>> + Send + 'static {
        let (reply, answer) = oneshot::channel();
        let group = self.how.group.clone();
        let queued = match entries.is_empty() {
            true => None,
            false => Some(self.inner.queue.push(Job::Commit { group, entries, reply })),
        };
        self.inner.writer.nudge();
        async move {
            match queued {
                None => return Ok(()),
                Some(Err(Refused::Closed)) => return Err(CommitError::Closed),
                Some(Err(Refused::Full)) => {
                    return Err(CommitError::Unavailable("the write queue is full".into()));
                }
                Some(Ok(())) => {}
            }
            let answer = answer.await.unwrap_or_else(|_| Err("no answer".into()));
            answer.map_err(CommitError::Unavailable)
        }
    }
}

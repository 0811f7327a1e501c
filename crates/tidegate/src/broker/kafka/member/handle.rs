//! The contract of a member.

use std::time::Duration;

use tokio::sync::oneshot;

use super::Member;
use super::committer::{Checked, Job, Results};
use crate::broker::{
    BoxFuture, BrokerError, CommitEntry, CommitError, Consumer, GroupEvent, RevokeTicket,
    Subscription,
};
use crate::message::{Offset, TopicPartition};

/// A commit that has no answer by then may have happened, or may happen yet.
const COMMIT: Duration = Duration::from_secs(15);

impl Consumer for Member {
    fn poll(&mut self) -> BoxFuture<'_, GroupEvent> {
        Box::pin(async {
            let mut closing = self.inner.closing();
            tokio::select! {
                biased;
                _ = closing.wait_for(|closed| *closed) => self.shared.fail(BrokerError::Closed),
                event = self.shared.next() => return event,
            }
            self.shared.next().await
        })
    }

    fn start(&mut self, partition: &TopicPartition, from: Offset) {
        self.shared.ask(|state| state.start(partition, from));
    }

    fn pause(&mut self, partitions: &[TopicPartition]) {
        self.shared.state().set_paused(partitions, true);
    }

    fn resume(&mut self, partitions: &[TopicPartition]) {
        self.shared.tell(|state| state.set_paused(partitions, false));
    }

    fn commit(&mut self, entries: Vec<CommitEntry>) -> BoxFuture<'static, Results> {
        let mut results = Results::with_capacity(entries.len());
        let mut accepted = Vec::new();
        for entry in entries {
            let checked = self.check(&entry);
            results.push(checked.map(|(grant, known_end)| {
                accepted.push(Checked { entry, grant, known_end });
            }));
        }
        let answer = self.queue(accepted);
        Box::pin(async move {
            let answer = answer.await;
            let open = results.iter_mut().filter(|result| result.is_ok());
            match answer {
                Ok(answers) => open.zip(answers).for_each(|(result, answer)| *result = answer),
                Err(error) => open.for_each(|result| *result = Err(error.clone())),
            }
            results
        })
    }

    fn revoked(&mut self, ticket: RevokeTicket) {
        self.shared.answer(ticket);
    }

    fn close(&mut self) -> BoxFuture<'static, ()> {
        self.shared.close();
        let ended = self.ended.take();
        Box::pin(async move {
            if let Some(ended) = ended {
                // Nothing is sent: the thread lets go of its end.
                let _ = ended.await;
            }
        })
    }
}

impl Member {
    /// What can be told without asking the cluster; gives the grant, and the end of the log as far as it is
    /// known.
    fn check(&self, entry: &CommitEntry) -> Result<(u64, Offset), CommitError> {
        let (size, limit) = (entry.committed.metadata.len(), Subscription::MAX_METADATA);
        self.inner.check_open().map_err(|_| CommitError::Closed)?;
        let known = self.shared.state().check_commit(&entry.partition)?;
        if size > limit {
            return Err(CommitError::MetadataTooLarge { size, limit });
        }
        Ok(known)
    }

    fn queue(
        &self,
        entries: Vec<Checked>,
    ) -> impl Future<Output = Result<Results, CommitError>> + Send + 'static {
        let (reply, answer) = oneshot::channel();
        let none = entries.is_empty();
        let sent = none || self.commits.send(Some(Job { entries, reply })).is_ok();
        async move {
            if none {
                return Ok(Results::new());
            }
            if !sent {
                return Err(CommitError::Closed);
            }
            match tokio::time::timeout(COMMIT, answer).await {
                Ok(Ok(results)) => Ok(results),
                Ok(Err(_)) => Err(CommitError::Closed),
                Err(_) => {
                    let reason = format!("no answer within {} s", COMMIT.as_secs());
                    Err(CommitError::Unavailable(reason))
                }
            }
        }
    }
}

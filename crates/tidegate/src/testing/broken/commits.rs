//! Brokers that commit something else than they were told, for someone who may not, or not for long.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::twist::{AllCommitted, CommitAnswers, MemberTwist, Twist};
use crate::broker::{BoxFuture, Broker, CommitEntry, CommitError, Committed, Consumer, GroupEvent};
use crate::message::TopicPartition;

/// Changes each commit on its way in.
#[derive(Debug)]
pub(super) struct ChangesCommits(pub(super) fn(&mut Committed));

impl MemberTwist for ChangesCommits {
    fn commit(&mut self, sound: &mut dyn Consumer, mut entries: Vec<CommitEntry>) -> CommitAnswers {
        entries.iter_mut().for_each(|entry| (self.0)(&mut entry.committed));
        sound.commit(entries)
    }
}

/// Keeps the offset alone.
pub(super) fn forget_metadata(committed: &mut Committed) {
    committed.metadata.clear();
}

/// Takes the committed offset for the last one that was processed.
pub(super) fn commit_past(committed: &mut Committed) {
    committed.offset = committed.offset.next();
}

/// Says yes to whoever commits.
#[derive(Debug)]
pub(super) struct TakesLateCommits;

impl MemberTwist for TakesLateCommits {
    fn commit(&mut self, sound: &mut dyn Consumer, entries: Vec<CommitEntry>) -> CommitAnswers {
        let answers = sound.commit(entries);
        let lenient = |answer: Result<(), CommitError>| match answer {
            Err(CommitError::StaleGeneration | CommitError::NotOwned(_)) => Ok(()),
            other => other,
        };
        Box::pin(async move { answers.await.into_iter().map(lenient).collect() })
    }
}

/// Answers for the whole call what only one of its entries deserves.
#[derive(Debug)]
pub(super) struct RefusesTheWholeCall;

impl MemberTwist for RefusesTheWholeCall {
    fn commit(&mut self, sound: &mut dyn Consumer, entries: Vec<CommitEntry>) -> CommitAnswers {
        let answers = sound.commit(entries);
        Box::pin(async move {
            let answers = answers.await;
            match answers.iter().find(|answer| answer.is_err()) {
                Some(refused) => vec![refused.clone(); answers.len()],
                None => answers,
            }
        })
    }
}

/// Keeps commits in memory: a crash takes them.
#[derive(Debug, Default)]
pub(super) struct ForgetsCommitsInACrash {
    groups: Groups,
}

type Groups = Arc<Mutex<HashMap<String, HashMap<TopicPartition, Committed>>>>;

impl Twist for ForgetsCommitsInACrash {
    fn committed<'a>(&'a self, _sound: &'a Broker, group: String) -> BoxFuture<'a, AllCommitted> {
        let groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        let committed = groups.get(&group).cloned().unwrap_or_default();
        Box::pin(async { Ok(committed.into_iter().collect()) })
    }

    fn member(&self, group: &str) -> Option<Box<dyn MemberTwist>> {
        Some(Box::new(Forgetful { groups: self.groups.clone(), group: group.into() }))
    }
}

struct Forgetful {
    groups: Groups,
    group: String,
}

impl MemberTwist for Forgetful {
    fn commit(&mut self, _sound: &mut dyn Consumer, entries: Vec<CommitEntry>) -> CommitAnswers {
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        let answers = vec![Ok(()); entries.len()];
        let group = groups.entry(self.group.clone()).or_default();
        group.extend(entries.into_iter().map(|entry| (entry.partition, entry.committed)));
        Box::pin(async { answers })
    }

    fn event(&mut self, _sound: &mut dyn Consumer, mut event: GroupEvent) -> Option<GroupEvent> {
        if let GroupEvent::Assigned(assignments) = &mut event {
            let groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
            let group = groups.get(&self.group);
            for assignment in assignments {
                assignment.committed = group.and_then(|g| g.get(&assignment.partition)).cloned();
            }
        }
        Some(event)
    }
}

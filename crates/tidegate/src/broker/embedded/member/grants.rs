//! Grants: what the group knows of new partitions is read from the file, beside the polling.

use std::sync::Arc;

use tokio::task::JoinError;

use super::reading::Reading;
use super::{Member, TRY_AGAIN};
use crate::broker::coordinator::Grant;
use crate::broker::embedded::{Inner, groups};
use crate::broker::{Assignment, BrokerError, GroupEvent};
use crate::text;

/// Grants, and what the member is to be told of them.
pub(super) struct Described {
    grants: Vec<Grant>,
    result: Result<Vec<Assignment>, BrokerError>,
}

impl Member {
    /// Finds out what is to be said of these grants, unless that is under way for earlier ones: then they come again.
    pub(super) fn describe(&mut self, grants: Vec<Grant>) {
        if !self.grants.is_empty() {
            return;
        }
        let (inner, group) = (self.inner.clone(), self.how.group.clone());
        self.grants.spawn(async move {
            let result = assignments(&inner, group, &grants).await;
            if let Err(BrokerError::Unavailable(reason)) = &result {
                tracing::warn!(reason, "what was granted cannot be looked up: trying again");
                tokio::time::sleep(TRY_AGAIN).await;
            }
            Described { grants, result }
        });
    }

    /// Takes over what still holds: the grants may have been overtaken while they were described.
    pub(super) fn described(
        &mut self,
        described: Result<Described, JoinError>,
    ) -> Option<GroupEvent> {
        let Described { grants, result } = match described {
            Ok(described) => described,
            Err(error) => {
                return Some(GroupEvent::Fatal(BrokerError::Unavailable(text::of_task(error))));
            }
        };
        match result {
            Ok(assignments) => self.assigned(grants, assignments),
            // Nobody was told: whatever is granted by now comes again.
            Err(BrokerError::Unavailable(_)) => None,
            Err(error) => Some(GroupEvent::Fatal(error)),
        }
    }

    fn assigned(&mut self, grants: Vec<Grant>, assignments: Vec<Assignment>) -> Option<GroupEvent> {
        let kept = self.inner.coordinator.accept(&self.how.group, grants);
        let kept: Vec<_> =
            assignments.into_iter().filter(|a| kept.contains(&a.partition)).collect();
        for assignment in &kept {
            let log = self.inner.log.partition(&assignment.partition).ok()?;
            let reading = Reading::new(log, self.waker.clone());
            self.owned.insert(assignment.partition.clone(), reading);
        }
        (!kept.is_empty()).then_some(GroupEvent::Assigned(kept))
    }
}

/// What the group committed for the partitions. Commits that were accepted from their former owners come first: the
/// queue is passed through once before reading.
async fn assignments(
    inner: &Arc<Inner>,
    group: String,
    grants: &[Grant],
) -> Result<Vec<Assignment>, BrokerError> {
    inner.flush().await?;
    let committed = groups::committed(inner, group).await?;
    let assignment = |grant: &Grant| {
        let partition = grant.partition.clone();
        let watermarks = inner.log.partition(&partition)?.watermarks();
        let committed = committed.get(&partition).cloned();
        Ok(Assignment { partition, committed, watermarks, topic_id: None })
    };
    grants.iter().map(assignment).collect()
}

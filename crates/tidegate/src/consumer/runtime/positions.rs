//! Where partitions begin that the group has committed nothing for, when the user named a point in time.

use std::time::Duration;

use crate::broker::{Assignment, Broker, BrokerError, Committed};
use crate::message::Timestamp;

/// How long the log may take to say which offset belongs to a time.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// The first record at or after this time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StartTime(pub(crate) Timestamp);

impl StartTime {
    /// Whether any of these partitions begins here.
    pub(super) fn concerns(self, assigned: &[Assignment]) -> bool {
        assigned.iter().any(|assignment| assignment.committed.is_none())
    }

    /// Looks up where each partition without a commit begins, and puts it where the commit would be: it is a
    /// committed offset of the user's choice, without metadata.
    pub(super) async fn position(
        self,
        broker: &Broker,
        mut assigned: Vec<Assignment>,
    ) -> Result<Vec<Assignment>, BrokerError> {
        let lookups = self.look_up(broker, &mut assigned);
        tokio::time::timeout(ANSWER_WITHIN, lookups).await.unwrap_or_else(|_| {
            Err(BrokerError::Unavailable("no answer to which offset a time has".to_owned()))
        })?;
        Ok(assigned)
    }

    async fn look_up(
        self,
        broker: &Broker,
        assigned: &mut [Assignment],
    ) -> Result<(), BrokerError> {
        for assignment in assigned.iter_mut().filter(|a| a.committed.is_none()) {
            let found = broker.offset_for_time(assignment.partition.clone(), self.0).await?;
            let offset = found.unwrap_or(assignment.watermarks.end);
            assignment.committed = Some(Committed { offset, metadata: String::new() });
        }
        Ok(())
    }
}

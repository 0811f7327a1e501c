//! The dead-letter topic, read newest first, each letter with its status.

use std::ops::ControlFlow;
use std::sync::Arc;

use tidegate::broker::{Broker, BrokerError, FetchLimit};
use tidegate::inbox::{Marker, StoreError};
use tidegate::message::{Offset, Record, TopicName, TopicPartition};
use tidegate::replay::{Evidence, Markers, NewestFirst, Origins, Status};
use tokio::sync::Mutex;

use super::case::Case;
use super::filter::Filter;
use super::index::Index;
use crate::audit::AuditError;

/// What the service cannot do without.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// Reading or deleting.
    #[error("the log cannot be read: {0}")]
    Broker(#[from] BrokerError),
    /// Looking markers up.
    #[error("the markers cannot be read: {0}")]
    Store(#[from] StoreError),
    /// Writing down who does what: without it nothing is done (rule 39).
    #[error("the audit record cannot be written: {0}")]
    Audit(AuditError),
    /// The same, after it was done.
    #[error("it was done, but that could not be written down: {0}")]
    Unrecorded(AuditError),
    /// The work panicked, or the service is going away.
    #[error("the work was stopped: the log says why")]
    Stopped,
}

impl ReplayError {
    /// What cannot be used.
    pub(super) fn dependency(&self) -> &'static str {
        match self {
            Self::Broker(_) => "broker",
            Self::Store(_) => "database",
            Self::Audit(_) | Self::Unrecorded(_) => "audit",
            Self::Stopped => "replay",
        }
    }
}

/// All dead letters.
#[derive(Debug)]
pub(super) struct Letters {
    pub(super) broker: Broker,
    pub(super) topic: TopicName,
    pub(super) markers: Arc<dyn Markers>,
    pub(super) index: Mutex<Index>,
    /// At most so many are looked at.
    pub(super) limit: u64,
}

/// How far a scan came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scanned {
    pub(super) looked_at: u64,
    /// There are older ones that were not looked at.
    pub(super) truncated: bool,
}

impl Letters {
    /// Visits the letters that the filter means, newest first, until the visitor breaks.
    pub(super) async fn scan(
        &self,
        filter: &Filter,
        mut visit: impl FnMut(Case) -> ControlFlow<()>,
    ) -> Result<Scanned, ReplayError> {
        let sent = self.index.lock().await.refresh().await?;
        let mut scan = NewestFirst::open(self.broker.clone(), &self.topic).await?;
        let mut origins = Origins::default();
        let mut looked_at = 0;
        while let Some(record) = scan.next().await? {
            if looked_at == self.limit {
                return Ok(Scanned { looked_at, truncated: true });
            }
            looked_at += 1;
            let mut case = Case::of(record);
            // Every letter counts here, also those that are not meant: the newest of an origin may be one of them.
            let origin = case.letter().and_then(|letter| letter.origin.as_ref());
            let newest = origins.is_newest(origin);
            if !filter.matches(&case) {
                continue;
            }
            case.sent_back = sent.get(case.id()).cloned();
            case.status = self.status(&case, newest).await?;
            let meant = filter.status.is_none_or(|wanted| wanted == case.status);
            if meant && visit(case).is_break() {
                break;
            }
        }
        Ok(Scanned { looked_at, truncated: false })
    }

    async fn status(&self, case: &Case, newest: bool) -> Result<Status, ReplayError> {
        let marker = self.marker(case).await?;
        let (marker, replayed) = (marker.as_ref(), case.sent_back.is_some());
        Ok(Status::of(Evidence { letter: case.id(), newest, marker, replayed }))
    }

    async fn marker(&self, case: &Case) -> Result<Option<Marker>, ReplayError> {
        let Some(letter) = case.letter() else { return Ok(None) };
        let (Some(group), Some(handler)) = (&letter.group, &letter.handler) else {
            return Ok(None);
        };
        Ok(self.markers.marker(group, handler, &letter.event_id).await?)
    }

    /// One letter again; `None`: it is gone.
    pub(super) async fn read(
        &self,
        partition: &TopicPartition,
        offset: Offset,
    ) -> Result<Option<Record>, BrokerError> {
        let limit = FetchLimit { records: 1, ..Default::default() };
        match self.broker.fetch(partition.clone(), offset, limit).await {
            Ok(fetched) => Ok(fetched.records.into_iter().find(|record| record.offset == offset)),
            Err(BrokerError::OutOfRange { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

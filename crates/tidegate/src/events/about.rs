//! What an event is about.

use super::RuntimeEvent;
use crate::message::{Offset, TopicPartition};

impl RuntimeEvent {
    /// The partition that it is about.
    #[must_use]
    pub fn partition(&self) -> Option<&TopicPartition> {
        match self {
            Self::LoopLate { .. }
            | Self::PollExceeded
            | Self::TopicGone { .. }
            | Self::TopicBack { .. } => None,
            Self::Started { partition, .. }
            | Self::Ended { partition, .. }
            | Self::Settled { partition, .. }
            | Self::Retrying { partition, .. }
            | Self::Restoring { partition }
            | Self::Restored { partition, .. }
            | Self::RestoreFailed { partition, .. }
            | Self::Parked { partition, .. }
            | Self::Scheduled { partition, .. }
            | Self::Recalled { partition, .. }
            | Self::KeyCrowded { partition, .. }
            | Self::KeyHeld { partition, .. }
            | Self::KeyReleased { partition, .. }
            | Self::RecallFailed { partition, .. }
            | Self::StaleEntry { partition, .. }
            | Self::OrphanEntry { partition, .. }
            | Self::OutagePaused { partition, .. }
            | Self::OutageAlarm { partition, .. }
            | Self::OutageOver { partition }
            | Self::SettleStalled { partition, .. }
            | Self::CommitFailed { partition, .. }
            | Self::OwnFailed { partition, .. }
            | Self::CommitVoid { partition, .. }
            | Self::MetadataIgnored { partition, .. }
            | Self::OutOfRange { partition, .. }
            | Self::Fenced { partition }
            | Self::Redelivered { partition, .. }
            | Self::LeaseExpired { partition }
            | Self::LeaseRenewed { partition }
            | Self::PartitionStuck { partition, .. }
            | Self::PartitionMoves { partition }
            | Self::PartitionSilent { partition, .. }
            | Self::SilenceOver { partition }
            | Self::CorruptBatch { partition, .. }
            | Self::CorruptBatchOver { partition }
            | Self::LaneStuck { partition, .. }
            | Self::LaneFree { partition, .. }
            | Self::DeadHandlerGivenUp { partition, .. } => Some(partition),
        }
    }

    /// The record that it is about, if it is about one.
    #[must_use]
    pub fn record(&self) -> Option<(&TopicPartition, Offset)> {
        match self {
            Self::Settled { partition, offset, .. }
            | Self::Retrying { partition, offset, .. }
            | Self::Parked { partition, offset }
            | Self::Scheduled { partition, offset }
            | Self::Recalled { partition, offset }
            | Self::KeyCrowded { partition, offset }
            | Self::KeyHeld { partition, offset }
            | Self::KeyReleased { partition, offset }
            | Self::RecallFailed { partition, offset, .. }
            | Self::StaleEntry { partition, offset }
            | Self::OutagePaused { partition, offset, .. }
            | Self::SettleStalled { partition, offset, .. }
            | Self::Redelivered { partition, offset }
            | Self::PartitionStuck { partition, offset, .. }
            | Self::LaneStuck { partition, offset, .. }
            | Self::LaneFree { partition, offset }
            | Self::DeadHandlerGivenUp { partition, offset, .. } => Some((partition, *offset)),
            _ => None,
        }
    }
}

//! Each event of a partition's trouble fails its check, with a reason that names the partition, until the event of its end.

use std::time::Duration;

use super::{CheckName, Health};
use crate::broker::CommitError;
use crate::clock::Clock;
use crate::consumer::core::StepKind;
use crate::consumer::runtime::Observer;
use crate::events::RuntimeEvent;
use crate::message::{Offset, Partition, TopicName, TopicPartition};

const OFFSET: Offset = Offset(7);

fn at() -> TopicPartition {
    TopicPartition::new(TopicName::new("orders").unwrap(), Partition(3))
}

/// A service that runs and has a partition.
fn running() -> Health {
    let health = Health::default();
    health.begun(&Clock::system());
    health.running(Vec::new());
    health.hears(started());
    assert!(health.readiness().is_ready());
    health
}

impl Health {
    fn hears(&self, event: RuntimeEvent) {
        self.event(&event, None);
    }

    fn failing(&self) -> Vec<CheckName> {
        self.readiness().failing().collect()
    }
}

fn started() -> RuntimeEvent {
    RuntimeEvent::Started { partition: at(), from: Offset(0) }
}

fn lost() -> RuntimeEvent {
    RuntimeEvent::Ended { partition: at(), lost: true }
}

/// What happens, the check that fails of it, what its reason says, and what ends it.
fn troubles() -> Vec<(RuntimeEvent, CheckName, &'static str, RuntimeEvent)> {
    let (partition, offset) = (at(), OFFSET);
    let message = || "as it happens".to_owned();
    let stalled = RuntimeEvent::SettleStalled {
        partition: at(),
        offset,
        step: StepKind::DeadLetter,
        message: message(),
    };
    let delay = Duration::from_secs(1);
    let outage = RuntimeEvent::OutagePaused {
        partition: at(),
        offset,
        dependency: "gateway",
        message: message(),
        delay,
    };
    let refused =
        RuntimeEvent::CommitFailed { partition: at(), error: CommitError::NotOwned(at()) };
    let stuck = RuntimeEvent::PartitionStuck {
        partition: at(),
        offset,
        doing: "running",
        lasted: Duration::from_secs(60),
    };
    let lane = RuntimeEvent::LaneStuck { partition: at(), offset, lasted: Duration::from_secs(10) };
    let silent =
        RuntimeEvent::PartitionSilent { partition: at(), position: offset, end: Offset(9) };
    let corrupt = RuntimeEvent::CorruptBatch {
        partition: at(),
        position: offset,
        reason: "its checksum is wrong".to_owned(),
    };
    let readable = RuntimeEvent::CorruptBatchOver { partition: at() };
    vec![
        (outage, CheckName::Outage, "gateway", RuntimeEvent::OutageOver { partition: at() }),
        (
            RuntimeEvent::OwnFailed { partition: at(), message: message() },
            CheckName::Ownership,
            "ownership cannot be noted",
            started(),
        ),
        (refused, CheckName::Ownership, "refused as not this member's", started()),
        (
            RuntimeEvent::LeaseExpired { partition: at() },
            CheckName::Lease,
            "no commit was accepted",
            RuntimeEvent::LeaseRenewed { partition: at() },
        ),
        (stuck, CheckName::Progress, "offset 7", RuntimeEvent::PartitionMoves { partition: at() }),
        (silent, CheckName::Silence, "goes on to 9", RuntimeEvent::SilenceOver { partition: at() }),
        (corrupt, CheckName::Corruption, "from offset 7 on: its checksum is wrong", readable),
        (lane, CheckName::Lane, "keeps the thread", RuntimeEvent::LaneFree { partition, offset }),
        (stalled, CheckName::Settling, "as it happens", lost()),
    ]
}

#[test]
fn each_trouble_of_a_partition_fails_its_check_until_it_is_over() {
    for (event, check, reason, over) in troubles() {
        let health = running();
        health.hears(event);
        assert_eq!(health.failing(), [check]);
        let readiness = health.readiness();
        let said = readiness.reasons().collect::<Vec<_>>().join("\n");
        assert!(said.contains("orders/3") && said.contains(reason), "{check}: {said}");
        health.hears(over);
        health.hears(started());
        assert_eq!(health.failing(), [], "{check}");
    }
}

/// Whoever takes the partition over has its troubles; only a thread that a handler keeps is kept still.
#[test]
fn with_the_ownership_its_troubles_end() {
    for (event, check, ..) in troubles() {
        let health = running();
        health.hears(event);
        health.hears(lost());
        let left = health.failing();
        let kept = [CheckName::Assignment, CheckName::Lane];
        let expected = if check == CheckName::Lane { &kept[..] } else { &kept[..1] };
        assert_eq!(left, expected, "{check}");
    }
}

#[test]
fn a_commit_that_is_refused_for_what_was_given_back_is_no_trouble() {
    let health = running();
    health.hears(lost());
    let error = CommitError::NotOwned(at());
    health.hears(RuntimeEvent::CommitFailed { partition: at(), error });
    assert_eq!(health.failing(), [CheckName::Assignment]);
}

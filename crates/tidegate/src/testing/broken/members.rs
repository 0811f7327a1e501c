//! Members that are given too much, too little, or too early.

use std::collections::HashSet;
use std::fmt::Debug;

use super::twist::{MemberTwist, Twist};
use crate::broker::{Consumer, GroupEvent};
use crate::message::{Offset, TopicPartition};

/// Sound but for its members.
#[derive(Debug)]
pub(super) struct Members<T>(pub(super) fn() -> T);

impl<T: MemberTwist + Debug + 'static> Twist for Members<T> {
    fn member(&self, _group: &str) -> Option<Box<dyn MemberTwist>> {
        Some(Box::new((self.0)()))
    }
}

/// Delivers every batch a second time.
#[derive(Debug, Default)]
pub(super) struct DeliversTwice(Option<GroupEvent>);

impl MemberTwist for DeliversTwice {
    fn ready(&mut self) -> Option<GroupEvent> {
        self.0.take()
    }

    fn event(&mut self, _sound: &mut dyn Consumer, event: GroupEvent) -> Option<GroupEvent> {
        if let GroupEvent::Records { partition, records } = &event {
            let (partition, records) = (partition.clone(), records.clone());
            self.0 = Some(GroupEvent::Records { partition, records });
        }
        Some(event)
    }
}

/// Starts by itself what is assigned.
#[derive(Debug)]
pub(super) struct DeliversBeforeStart;

impl MemberTwist for DeliversBeforeStart {
    fn event(&mut self, sound: &mut dyn Consumer, event: GroupEvent) -> Option<GroupEvent> {
        if let GroupEvent::Assigned(assignments) = &event {
            for assignment in assignments {
                sound.start(&assignment.partition, assignment.watermarks.start);
            }
        }
        Some(event)
    }
}

/// Loses the first record after a resume.
#[derive(Debug, Default)]
pub(super) struct SkipsAfterResume(HashSet<TopicPartition>);

impl MemberTwist for SkipsAfterResume {
    fn resume(&mut self, sound: &mut dyn Consumer, partitions: &[TopicPartition]) {
        self.0.extend(partitions.iter().cloned());
        sound.resume(partitions);
    }

    fn event(&mut self, _sound: &mut dyn Consumer, event: GroupEvent) -> Option<GroupEvent> {
        match event {
            GroupEvent::Records { partition, mut records } if self.0.remove(&partition) => {
                records.remove(0);
                (!records.is_empty()).then_some(GroupEvent::Records { partition, records })
            }
            other => Some(other),
        }
    }
}

/// Goes on delivering what is paused.
#[derive(Debug)]
pub(super) struct IgnoresPauses;

impl MemberTwist for IgnoresPauses {
    fn pause(&mut self, _sound: &mut dyn Consumer, _partitions: &[TopicPartition]) {}
}

/// Takes an event out of its queue before the poll is over: a dropped poll loses it.
#[derive(Debug)]
pub(super) struct LosesADroppedPoll;

impl MemberTwist for LosesADroppedPoll {
    fn dawdles(&self) -> bool {
        true
    }
}

/// Goes to the log's start by itself when the position is out of range (rule 7).
#[derive(Debug)]
pub(super) struct JumpsToTheStart;

impl MemberTwist for JumpsToTheStart {
    fn event(&mut self, sound: &mut dyn Consumer, event: GroupEvent) -> Option<GroupEvent> {
        match event {
            GroupEvent::OutOfRange { partition, watermarks, .. } => {
                sound.start(&partition, watermarks.start);
                None
            }
            other => Some(other),
        }
    }
}

/// Takes the first start only.
#[derive(Debug, Default)]
pub(super) struct StartsOnce(HashSet<TopicPartition>);

impl MemberTwist for StartsOnce {
    fn start(&mut self, sound: &mut dyn Consumer, partition: &TopicPartition, from: Offset) {
        if self.0.insert(partition.clone()) {
            sound.start(partition, from);
        }
    }
}

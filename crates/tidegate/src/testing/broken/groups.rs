//! Groups that hand partitions over badly.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use super::twist::{MemberTwist, Twist};
use crate::broker::{Consumer, GroupEvent, RevokeTicket, Subscription};
use crate::message::TopicPartition;

/// Gives partitions back before the member has drained (rule 11).
#[derive(Debug)]
pub(super) struct AnswersRevokesItself;

impl MemberTwist for AnswersRevokesItself {
    fn event(&mut self, sound: &mut dyn Consumer, event: GroupEvent) -> Option<GroupEvent> {
        if let GroupEvent::Revoking { ticket, .. } = &event {
            sound.revoked(*ticket);
        }
        Some(event)
    }
}

/// Takes the answer to an earlier revoke for the answer to the present one.
#[derive(Debug, Default)]
pub(super) struct TakesAnyTicket(Option<RevokeTicket>);

impl MemberTwist for TakesAnyTicket {
    fn event(&mut self, _sound: &mut dyn Consumer, event: GroupEvent) -> Option<GroupEvent> {
        if let GroupEvent::Revoking { ticket, .. } = &event {
            self.0 = Some(*ticket);
        }
        Some(event)
    }

    fn revoked(&mut self, sound: &mut dyn Consumer, ticket: RevokeTicket) {
        sound.revoked(self.0.unwrap_or(ticket));
    }
}

/// Delivers nothing at all while a revoke is open.
#[derive(Debug, Default)]
pub(super) struct StarvesTheRetained {
    revoking: bool,
    held: VecDeque<GroupEvent>,
}

impl MemberTwist for StarvesTheRetained {
    fn ready(&mut self) -> Option<GroupEvent> {
        if self.revoking { None } else { self.held.pop_front() }
    }

    fn event(&mut self, _sound: &mut dyn Consumer, event: GroupEvent) -> Option<GroupEvent> {
        match event {
            GroupEvent::Records { .. } if self.revoking => {
                self.held.push_back(event);
                None
            }
            GroupEvent::Revoking { .. } => {
                self.revoking = true;
                Some(event)
            }
            other => Some(other),
        }
    }

    fn revoked(&mut self, sound: &mut dyn Consumer, ticket: RevokeTicket) {
        self.revoking = false;
        sound.revoked(ticket);
    }
}

/// Resumes everything when a rebalance begins.
#[derive(Debug, Default)]
pub(super) struct ForgetsPausesInARebalance(HashSet<TopicPartition>);

impl MemberTwist for ForgetsPausesInARebalance {
    fn pause(&mut self, sound: &mut dyn Consumer, partitions: &[TopicPartition]) {
        self.0.extend(partitions.iter().cloned());
        sound.pause(partitions);
    }

    fn event(&mut self, sound: &mut dyn Consumer, event: GroupEvent) -> Option<GroupEvent> {
        if let GroupEvent::Revoking { .. } = &event {
            let paused: Vec<_> = self.0.drain().collect();
            sound.resume(&paused);
        }
        Some(event)
    }
}

/// Never puts out a member that does not poll.
#[derive(Debug)]
pub(super) struct WaitsForTheSilent;

impl Twist for WaitsForTheSilent {
    fn subscription(&self, wanted: Subscription) -> Subscription {
        let for_ever = Duration::from_secs(3_600);
        Subscription { session_timeout: for_ever, max_poll_interval: for_ever, ..wanted }
    }
}

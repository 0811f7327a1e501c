//! Groups that hand partitions over badly.

use std::collections::HashSet;
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

/// Delivers nothing more of anything once a revoke has begun: what was retained stands still (Spring #4708).
#[derive(Debug, Default)]
pub(super) struct StarvesTheRetained {
    starved: bool,
}

impl MemberTwist for StarvesTheRetained {
    fn event(&mut self, _sound: &mut dyn Consumer, event: GroupEvent) -> Option<GroupEvent> {
        self.starved |= matches!(event, GroupEvent::Revoking { .. });
        let kept_back = self.starved && matches!(event, GroupEvent::Records { .. });
        (!kept_back).then_some(event)
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

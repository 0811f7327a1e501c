//! What is granted, and taken back.

use std::time::{Duration, Instant};

use super::State;
use crate::broker::kafka::member::reading::Reading;
use crate::broker::{Assignment, GroupEvent, RevokeTicket};
use crate::message::TopicPartition;

impl State {
    /// The cluster grants partitions. Nothing of an earlier grant is left (rule 12). Names what is to be looked up.
    pub(in super::super) fn granted(
        &mut self,
        partitions: Vec<TopicPartition>,
    ) -> Vec<(TopicPartition, u64)> {
        let now = Instant::now();
        let mut grant = |partition: TopicPartition| {
            self.grants += 1;
            self.readings.insert(partition.clone(), Reading::new(self.grants, now));
            (partition, self.grants)
        };
        partitions.into_iter().map(&mut grant).collect()
    }

    /// What was looked up for a grant, if it still stands, and does not go with its topic in a moment.
    pub(in super::super) fn described(&mut self, grant: u64, assignment: Assignment) {
        if self.is_back(&assignment.partition.topic) {
            return;
        }
        if let Some(reading) = self.granted_as(&assignment.partition, grant) {
            reading.describe(assignment);
        }
    }

    pub(in super::super) fn granted_as(
        &mut self,
        partition: &TopicPartition,
        grant: u64,
    ) -> Option<&mut Reading> {
        self.readings.get_mut(partition).filter(|reading| reading.grant == grant)
    }

    pub(in super::super) fn stands(&self, partition: &TopicPartition, grant: u64) -> bool {
        self.readings.get(partition).is_some_and(|reading| reading.grant == grant)
    }

    /// The cluster wants partitions back. What the member never heard of goes at once; for the rest it is asked.
    pub(in super::super) fn revoking(
        &mut self,
        partitions: &[TopicPartition],
        within: Duration,
    ) -> Option<RevokeTicket> {
        let mut told = Vec::new();
        for partition in partitions {
            let Some(reading) = self.readings.get_mut(partition) else { continue };
            if reading.is_told() {
                reading.revoking = true;
                told.push(partition.clone());
            } else {
                self.readings.remove(partition);
            }
        }
        if told.is_empty() {
            return None;
        }
        self.tickets += 1;
        let ticket = RevokeTicket(self.tickets);
        self.revoke = Some(ticket);
        self.events.push_back(GroupEvent::Revoking { partitions: told, within, ticket });
        Some(ticket)
    }

    pub(in super::super) fn answer(&mut self, ticket: RevokeTicket) {
        self.revoke.take_if(|open| *open == ticket);
    }

    pub(in super::super) fn is_answered(&self, ticket: RevokeTicket) -> bool {
        self.revoke != Some(ticket)
    }

    /// Given back in order: nobody is told again.
    pub(in super::super) fn given_back(&mut self, partitions: &[TopicPartition]) {
        partitions.iter().for_each(|partition| drop(self.readings.remove(partition)));
    }

    /// Gone without an answer, or without having been asked for.
    pub(in super::super) fn lost(&mut self, partitions: &[TopicPartition]) {
        self.revoke = None;
        let gone = |p: &&TopicPartition| self.readings.remove(*p).is_some_and(|r| r.is_told());
        let told: Vec<_> = partitions.iter().filter(gone).cloned().collect();
        if !told.is_empty() {
            self.events.push_back(GroupEvent::Lost(told));
        }
    }

    pub(in super::super) fn lost_all(&mut self) {
        let all: Vec<_> = self.readings.keys().cloned().collect();
        self.lost(&all);
    }

    pub(in super::super) fn owned(&self) -> Vec<TopicPartition> {
        self.readings.keys().cloned().collect()
    }

    pub(in super::super) fn owns(&self, partition: &TopicPartition) -> bool {
        self.readings.contains_key(partition)
    }
}

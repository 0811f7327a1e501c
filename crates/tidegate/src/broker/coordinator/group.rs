//! One group, as a state machine: time comes in, events are handed out. No clock, no I/O.
//!
//! ```text
//!                 settle                poll                  poll                revoked
//!   nobody's ──────────────▶ granted ────────▶ owned ──────────────────▶ revoking ────────▶ nobody's
//!       ▲                                        │ another is to have it     │
//!       └──────────── lost ◀─────────────────────┴── not polled in time ─────┴── not answered in time
//! ```
//!
//! What a member is told is derived from this state when it polls, so nothing queues up, and a member
//! that did not poll for long is told only what still holds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::MemberId;
use super::assignor::{Owners, Wishes, assign};
use crate::broker::{CommitError, GroupInfo, GroupMember, GroupState, RevokeTicket, Subscription};
use crate::message::TopicPartition;

/// What a member is to be told next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    Lost(Vec<TopicPartition>),
    Revoking {
        partitions: Vec<TopicPartition>,
        within: Duration,
        ticket: RevokeTicket,
    },
    /// To be [accepted](Group::accept) when the member is told.
    Granted(Vec<Grant>),
}

/// A partition that waits for its new owner to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) partition: TopicPartition,
    /// Which of the partition's successive ownerships this is.
    tenure: u64,
}

/// A group of members.
#[derive(Debug, Default)]
pub(super) struct Group {
    generation: u64,
    members: BTreeMap<MemberId, Member>,
    held: BTreeMap<TopicPartition, Held>,
    /// Who is to have what; `held` moves there.
    target: Owners,
    tenures: u64,
    tickets: u64,
    /// Every rebalance takes everything back from everybody, before anything is given out (Kafka's eager protocol).
    eager: bool,
    /// Such a rebalance is under way: nothing is given out.
    collecting: bool,
}

#[derive(Debug)]
struct Member {
    wishes: BTreeSet<TopicPartition>,
    max_poll_interval: Duration,
    drain_deadline: Duration,
    polled: Instant,
    /// It did not poll in time, and joins again when it does.
    out: bool,
    /// Taken from it; it does not know yet.
    lost: BTreeSet<TopicPartition>,
    /// What it was asked to give back, and until when.
    asked: Option<(RevokeTicket, Instant)>,
    waker: Arc<Notify>,
    /// Nothing is heard of its process: it is put out after this moment, whatever it was allowed.
    silent: Option<Instant>,
}

impl Member {
    /// After this moment it is out, unless it is heard of before.
    fn until(&self) -> Instant {
        let poll = self.polled + self.max_poll_interval;
        self.silent.map_or(poll, |session| session.min(poll))
    }
}

#[derive(Debug)]
struct Held {
    by: MemberId,
    tenure: u64,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The owner has not been told.
    Granted,
    Owned,
    /// The owner was asked to give it back. It may still commit.
    Revoking,
}

impl Group {
    pub(super) fn join(
        &mut self,
        id: MemberId,
        wishes: BTreeSet<TopicPartition>,
        how: &Subscription,
        waker: Arc<Notify>,
        now: Instant,
    ) {
        let member = Member {
            wishes,
            max_poll_interval: how.max_poll_interval,
            drain_deadline: how.drain_deadline,
            polled: now,
            out: false,
            lost: BTreeSet::new(),
            asked: None,
            waker,
            silent: None,
        };
        self.members.insert(id, member);
        self.expire(now);
        self.rebalance();
    }

    /// Gives back everything at once.
    pub(super) fn leave(&mut self, id: MemberId) {
        if self.members.remove(&id).is_some() {
            self.held.retain(|_, held| held.by != id);
            self.rebalance();
        }
    }

    /// The member polls: what is it to be told?
    pub(super) fn poll(&mut self, id: MemberId, now: Instant) -> Option<Notice> {
        self.expire(now);
        let member = self.members.get_mut(&id)?;
        member.polled = now;
        if std::mem::take(&mut member.out) {
            member.silent = None; // who joins again is heard of
            self.rebalance();
        }
        let member = self.members.get_mut(&id)?;
        if !member.lost.is_empty() {
            return Some(Notice::Lost(std::mem::take(&mut member.lost).into_iter().collect()));
        }
        self.ask_back(id, now).or_else(|| self.granted_to(id))
    }

    /// What the member owns and another is to have; one question at a time.
    fn ask_back(&mut self, id: MemberId, now: Instant) -> Option<Notice> {
        let member = self.members.get_mut(&id)?;
        if member.asked.is_some() {
            return None;
        }
        let mut partitions = Vec::new();
        for (partition, held) in &mut self.held {
            let moves = self.collecting || self.target.get(partition) != Some(&id);
            if held.by == id && held.phase == Phase::Owned && moves {
                held.phase = Phase::Revoking;
                partitions.push(partition.clone());
            }
        }
        if partitions.is_empty() {
            return None;
        }
        self.tickets += 1;
        let (ticket, within) = (RevokeTicket(self.tickets), member.drain_deadline);
        member.asked = Some((ticket, now + within));
        Some(Notice::Revoking { partitions, within, ticket })
    }

    fn granted_to(&self, id: MemberId) -> Option<Notice> {
        let granted = self.held.iter().filter(|(_, h)| h.by == id && h.phase == Phase::Granted);
        let grant = |(partition, held): (&TopicPartition, &Held)| Grant {
            partition: partition.clone(),
            tenure: held.tenure,
        };
        let grants: Vec<_> = granted.map(grant).collect();
        (!grants.is_empty()).then_some(Notice::Granted(grants))
    }

    /// The member is told of the grant now; `false` when it does not hold any more.
    pub(super) fn accept(&mut self, grant: &Grant) -> bool {
        let held = self.held.get_mut(&grant.partition);
        let held = held.filter(|h| h.tenure == grant.tenure && h.phase == Phase::Granted);
        held.map(|held| held.phase = Phase::Owned).is_some()
    }

    /// The member gives back what it was asked for. An answer to another question is ignored
    /// (bug "deferred unassign superseded").
    pub(super) fn revoked(&mut self, id: MemberId, ticket: RevokeTicket, now: Instant) {
        self.expire(now);
        let Some(member) = self.members.get_mut(&id) else { return };
        if member.asked.is_some_and(|(open, _)| open == ticket) {
            member.asked = None;
            self.held.retain(|_, held| held.by != id || held.phase != Phase::Revoking);
            self.settle();
        }
    }

    /// May the member commit for this partition?
    pub(super) fn check_commit(
        &mut self,
        id: MemberId,
        partition: &TopicPartition,
        now: Instant,
    ) -> Result<(), CommitError> {
        self.expire(now);
        let member = self.members.get(&id).ok_or(CommitError::Closed)?;
        if member.out || member.lost.contains(partition) {
            return Err(CommitError::StaleGeneration);
        }
        match self.held.get(partition) {
            Some(held) if held.by == id && held.phase != Phase::Granted => Ok(()),
            _ => Err(CommitError::NotOwned(partition.clone())),
        }
    }

    /// Puts out who did not poll in time, and takes what was not given back in time.
    pub(super) fn expire(&mut self, now: Instant) {
        let late = |m: &Member| !m.out && now > m.until();
        let overdue = |m: &Member| m.asked.is_some_and(|(_, deadline)| now > deadline);
        let out: Vec<_> = ids(&self.members, late);
        for id in &out {
            self.take_away(*id, |_| true);
            self.members.entry(*id).and_modify(|m| m.out = true);
        }
        let slow: Vec<_> = ids(&self.members, overdue);
        for id in &slow {
            self.take_away(*id, |phase| phase == Phase::Revoking);
        }
        if !out.is_empty() {
            self.rebalance();
        } else if !slow.is_empty() {
            self.settle();
        }
    }

    fn take_away(&mut self, id: MemberId, which: impl Fn(Phase) -> bool) {
        let Some(member) = self.members.get_mut(&id) else { return };
        member.asked = None;
        let mine = |_: &TopicPartition, held: &mut Held| held.by == id && which(held.phase);
        for (partition, held) in self.held.extract_if(.., mine) {
            if held.phase != Phase::Granted {
                member.lost.insert(partition);
            }
        }
        member.waker.notify_one();
    }

    /// Decides anew who is to have what, and sets out for it.
    fn rebalance(&mut self) {
        self.generation += 1;
        let current = self.held.iter().map(|(p, held)| (p.clone(), held.by)).collect();
        self.target = assign(&self.wishes(), &current);
        self.collecting = self.eager && !self.held.is_empty();
        self.settle();
    }

    /// What those who are there may get.
    fn wishes(&self) -> Wishes<'_> {
        let present = self.members.iter().filter(|(_, member)| !member.out);
        present.map(|(id, member)| (*id, &member.wishes)).collect()
    }

    /// Gives what is free to who is to have it; wakes who has something to be told.
    fn settle(&mut self) {
        if self.collecting {
            self.held.retain(|_, held| held.phase != Phase::Granted);
            self.collecting = !self.held.is_empty();
        }
        if self.collecting {
            let owners = self.held.values().filter_map(|held| self.members.get(&held.by));
            return owners.for_each(|member| member.waker.notify_one());
        }
        for (partition, to) in &self.target {
            let held = self.held.get(partition);
            if held.is_some_and(|held| held.by == *to) {
                continue;
            }
            let wake = match held {
                Some(held) if held.phase != Phase::Granted => held.by,
                _ => {
                    self.tenures += 1;
                    let held = Held { by: *to, tenure: self.tenures, phase: Phase::Granted };
                    self.held.insert(partition.clone(), held);
                    *to
                }
            };
            self.members.get(&wake).inspect(|member| member.waker.notify_one());
        }
    }

    /// When something is due if nobody does anything.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let present = self.members.values().filter(|member| !member.out);
        let due = |m: &Member| m.asked.map_or(m.until(), |(_, answer)| answer.min(m.until()));
        present.map(due).min()
    }

    pub(super) fn info(&self, name: &str) -> GroupInfo {
        let owned = |id: MemberId| {
            let held = self.held.iter().filter(move |(_, held)| held.by == id);
            held.map(|(partition, _)| partition.clone()).collect()
        };
        let present = self.members.iter().filter(|(_, member)| !member.out);
        let members = present
            .map(|(id, _)| GroupMember { id: format!("{name}-{}", id.0), partitions: owned(*id) });
        let members: Vec<_> = members.collect();
        let (name, generation) = (name.into(), Some(self.generation));
        GroupInfo { name, generation, state: GroupState::of(&members), members }
    }

    pub(super) fn wake_all(&self) {
        self.members.values().for_each(|member| member.waker.notify_one());
    }
}

fn ids(members: &BTreeMap<MemberId, Member>, which: impl Fn(&Member) -> bool) -> Vec<MemberId> {
    members.iter().filter(|(_, m)| which(m)).map(|(id, _)| *id).collect()
}

#[cfg(feature = "testing")]
mod control;
#[cfg(test)]
mod tests;

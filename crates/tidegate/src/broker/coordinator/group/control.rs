//! What a simulated world does to one group from outside.

use std::collections::{BTreeMap, BTreeSet};

use tokio::time::Instant;

use super::{Group, Member, Phase};
use crate::broker::coordinator::MemberId;
use crate::broker::coordinator::assignor::{Owners, Wishes};
use crate::broker::coordinator::control::Shift;
use crate::message::TopicPartition;

impl Group {
    pub(in super::super) fn set_eager(&mut self, eager: bool) {
        self.eager = eager;
    }

    pub(in super::super) fn is_owned(&self, at: &TopicPartition) -> bool {
        self.held.get(at).is_some_and(|held| held.phase != Phase::Granted)
    }

    pub(in super::super) fn generation(&self) -> Option<u64> {
        (!self.collecting).then_some(self.generation)
    }

    pub(in super::super) fn shift(&mut self, shift: Shift, now: Instant) {
        self.expire(now);
        self.rebalance();
        let turn = usize::try_from(self.generation).unwrap_or_default();
        self.target = shifted(&self.target, &self.wishes(), shift, turn);
        self.settle();
        self.wake_all(); // who keeps everything is told of the rebalance too
    }

    /// Who reads a topic reads what it gets.
    pub(in super::super) fn grown(&mut self, added: &[TopicPartition], now: Instant) {
        self.expire(now);
        for member in self.members.values_mut() {
            let read: BTreeSet<_> = member.wishes.iter().map(|at| at.topic.clone()).collect();
            member.wishes.extend(added.iter().filter(|at| read.contains(&at.topic)).cloned());
        }
        self.rebalance();
    }

    pub(in super::super) fn put_out(&mut self, id: MemberId, now: Instant) {
        self.expire(now);
        let there = |m: &mut Member| !std::mem::replace(&mut m.out, true);
        if self.members.get_mut(&id).is_some_and(there) {
            self.take_away(id, |_| true);
            self.rebalance();
        }
    }

    /// The others may have to act earlier than they thought.
    pub(in super::super) fn silence(&mut self, id: MemberId, until: Instant, now: Instant) {
        self.expire(now);
        if let Some(member) = self.members.get_mut(&id) {
            member.silent = Some(member.silent.map_or(until, |known| known.min(until)));
            self.wake_all();
        }
    }

    pub(in super::super) fn heard(&mut self, id: MemberId, now: Instant) {
        self.expire(now);
        if let Some(member) = self.members.get_mut(&id) {
            member.silent = None;
        }
    }

    pub(in super::super) fn away(&mut self, until: Instant, now: Instant) {
        self.expire(now);
        let longer = until.saturating_duration_since(now);
        for member in self.members.values_mut() {
            member.polled = member.polled.max(until);
            member.silent = member.silent.map(|session| session + longer);
            member.asked = member.asked.map(|(ticket, answer)| (ticket, answer + longer));
        }
    }
}

/// Who is to have what after a shift; `turn` chooses where there is a choice.
fn shifted(target: &Owners, wishes: &Wishes<'_>, shift: Shift, turn: usize) -> Owners {
    match shift {
        Shift::Nothing => target.clone(),
        Shift::Everything => {
            let moved = target.iter().map(|(at, owner)| (at.clone(), next(wishes, at, *owner)));
            moved.collect()
        }
        Shift::Least => least(target, wishes, turn),
    }
}

/// The next member, in turn, that reads the partition; its owner when nobody else does.
fn next(wishes: &Wishes<'_>, at: &TopicPartition, owner: MemberId) -> MemberId {
    let reads = |(id, wished): (&MemberId, &&_)| {
        let wished: &BTreeSet<TopicPartition> = wished;
        wished.contains(at).then_some(*id)
    };
    let behind = wishes.range(owner..).filter_map(reads).find(|id| *id != owner);
    behind.or_else(|| wishes.iter().find_map(reads)).unwrap_or(owner)
}

/// Moves one partition, and one back where the shares would not stay even.
fn least(target: &Owners, wishes: &Wishes<'_>, turn: usize) -> Owners {
    let mut owners = target.clone();
    let moves = |(at, owner): &(&TopicPartition, &MemberId)| next(wishes, at, **owner) != **owner;
    let can: Vec<_> = target.iter().filter(moves).collect();
    let Some((at, from)) = can.get(turn % can.len().max(1)) else { return owners };
    let to = next(wishes, at, **from);
    let mut loads = BTreeMap::<_, usize>::new();
    target.values().for_each(|owner| *loads.entry(owner).or_default() += 1);
    let load = |id| loads.get(id).copied().unwrap_or_default();
    if load(*from) <= load(&to) {
        let back = |(other, owner): &(&TopicPartition, &MemberId)| {
            **owner == to && wishes.get(*from).is_some_and(|wished| wished.contains(*other))
        };
        let Some((back, _)) = target.iter().find(back) else { return owners };
        owners.insert(back.clone(), **from);
    }
    owners.insert((*at).clone(), to);
    owners
}

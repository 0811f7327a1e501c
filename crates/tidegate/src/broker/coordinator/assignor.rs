//! Who gets what: complete, balanced, and with as few moves as that takes.

use std::collections::{BTreeMap, BTreeSet};

use super::MemberId;
use crate::message::TopicPartition;

/// What each member may get.
pub(super) type Wishes<'a> = BTreeMap<MemberId, &'a BTreeSet<TopicPartition>>;
/// Who owns a partition.
pub(super) type Owners = BTreeMap<TopicPartition, MemberId>;

/// Gives every partition that is wished for to one member that wishes for it. Who has one keeps it, unless
/// another that wishes for it has at least two fewer. Proven by
/// `assignments_are_complete_and_balanced` and `assignments_are_sticky`.
pub(super) fn assign(wishes: &Wishes<'_>, current: &Owners) -> Owners {
    let mut shares = Shares::kept(wishes, current);
    let all: BTreeSet<_> = wishes.values().flat_map(|wished| wished.iter()).collect();
    for partition in all {
        if !shares.owners.contains_key(partition) {
            let least = shares.least_loaded(wishes, partition);
            shares.give(partition, least.expect("somebody wishes for it"));
        }
    }
    while let Some((partition, to)) = shares.next_move(wishes) {
        shares.give(&partition, to);
    }
    shares.owners
}

/// An assignment in the making.
struct Shares {
    owners: Owners,
    loads: BTreeMap<MemberId, usize>,
}

impl Shares {
    /// What is owned now by those who are there and still wish for it.
    fn kept(wishes: &Wishes<'_>, current: &Owners) -> Self {
        let loads = wishes.keys().map(|id| (*id, 0)).collect();
        let mut shares = Self { owners: Owners::new(), loads };
        for (partition, owner) in current {
            if wishes.get(owner).is_some_and(|wished| wished.contains(partition)) {
                shares.give(partition, *owner);
            }
        }
        shares
    }

    fn load(&self, id: MemberId) -> usize {
        self.loads.get(&id).copied().unwrap_or_default()
    }

    fn give(&mut self, partition: &TopicPartition, to: MemberId) {
        if let Some(from) = self.owners.insert(partition.clone(), to) {
            *self.loads.entry(from).or_default() -= 1;
        }
        *self.loads.entry(to).or_default() += 1;
    }

    fn least_loaded(&self, wishes: &Wishes<'_>, partition: &TopicPartition) -> Option<MemberId> {
        let wishing = wishes.iter().filter(|(_, wished)| wished.contains(partition));
        wishing.map(|(id, _)| *id).min_by_key(|id| self.load(*id))
    }

    /// The move from the fullest member that evens out most; each one lowers the sum of the
    /// squares of the loads, so there is a last one.
    fn next_move(&self, wishes: &Wishes<'_>) -> Option<(TopicPartition, MemberId)> {
        let moves = self.owners.iter().rev().filter_map(|(partition, owner)| {
            let to = self.least_loaded(wishes, partition)?;
            (self.load(*owner) >= self.load(to) + 2).then_some((partition, *owner, to))
        });
        let best = moves.max_by_key(|(_, owner, to)| self.load(*owner) - self.load(*to));
        best.map(|(partition, _, to)| (partition.clone(), to))
    }
}

#[cfg(test)]
mod tests;

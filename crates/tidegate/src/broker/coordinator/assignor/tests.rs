use std::collections::BTreeSet;

use proptest::collection::{btree_map, btree_set};
use proptest::prelude::*;

use super::*;
use crate::message::{Partition, TopicName};

fn partition(number: u32) -> TopicPartition {
    TopicPartition::new(TopicName::new("orders").unwrap(), Partition(number))
}

fn id() -> impl Strategy<Value = MemberId> {
    (0_u64..6).prop_map(MemberId)
}

fn partitions(most: usize) -> impl Strategy<Value = BTreeSet<TopicPartition>> {
    btree_set((0_u32..12).prop_map(partition), 0..most)
}

fn load(owners: &Owners, id: MemberId) -> usize {
    owners.values().filter(|owner| **owner == id).count()
}

fn by_reference(wishes: &BTreeMap<MemberId, BTreeSet<TopicPartition>>) -> Wishes<'_> {
    wishes.iter().map(|(id, wished)| (*id, wished)).collect()
}

proptest! {
    #[test]
    fn assignments_are_complete_and_balanced(
        wishes in btree_map(id(), partitions(12), 0..6),
        current in btree_map((0_u32..12).prop_map(partition), id(), 0..12),
    ) {
        let owners = assign(&by_reference(&wishes), &current);
        let wished: BTreeSet<_> = wishes.values().flatten().cloned().collect();
        prop_assert_eq!(owners.keys().cloned().collect::<BTreeSet<_>>(), wished, "complete");
        for (partition, owner) in &owners {
            prop_assert!(wishes[owner].contains(partition), "given to one that wishes for it");
            let wishing = wishes.iter().filter(|(_, wished)| wished.contains(partition));
            let least = wishing.map(|(id, _)| load(&owners, *id)).min().unwrap();
            prop_assert!(load(&owners, *owner) <= least + 1, "balanced");
        }
        prop_assert_eq!(&assign(&by_reference(&wishes), &owners), &owners, "settled");
    }

    /// With the same wishes for all, no fewer moves would balance.
    #[test]
    fn assignments_are_sticky(
        members in btree_set(id(), 1..6),
        count in 0_u32..12,
        current in btree_map((0_u32..12).prop_map(partition), id(), 0..12),
    ) {
        let all: BTreeSet<_> = (0..count).map(partition).collect();
        let wishes = members.iter().map(|id| (*id, &all)).collect();
        let current: Owners = current
            .into_iter()
            .filter(|(partition, owner)| all.contains(partition) && members.contains(owner))
            .collect();
        let owners = assign(&wishes, &current);
        let moved = current.iter().filter(|(partition, owner)| owners[*partition] != **owner);
        // The fullest members get the larger shares: whatever is above them must move.
        let mut loads: Vec<_> = members.iter().map(|id| load(&current, *id)).collect();
        loads.sort_unstable_by(|a, b| b.cmp(a));
        let (share, larger) = (all.len() / members.len(), all.len() % members.len());
        let shares = (0..members.len()).map(|at| share + usize::from(at < larger));
        let surplus: usize = loads.iter().zip(shares).map(|(l, s)| l.saturating_sub(s)).sum();
        prop_assert_eq!(moved.count(), surplus);
    }
}

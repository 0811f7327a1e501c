//! Bugs of other systems, planted: each is found, and each check is needed for one.

use std::collections::BTreeMap;

use tidegate::testing::chaos::{Bug, Plan, world_with};

use crate::worlds::run_all;

/// A bug must be found within so many worlds.
const WORLDS: u64 = 10_000;
/// The median is over so many beginnings.
const BEGINNINGS: u64 = 3;

/// How many worlds it takes to find a bug, from this seed on; and what found it.
fn worlds_until_found(bug: Bug, from: u64) -> Option<(u64, &'static str)> {
    let world = |seed| world_with(&Plan::draw(seed), &[], Some(bug));
    let (_, failed) = run_all(from..from + WORLDS, world);
    failed.map(|(seed, violation)| (seed - from + 1, violation.invariant))
}

/// A check that is left out lets a bug pass that it alone finds. Of the others each finds something that another one
/// finds as well, later: what was committed too early (I2) is missed at the end (I5, I7), what is repeated (I4) was
/// covered (rule 8).
#[test]
fn each_check_is_needed() {
    let needed = [
        ("I3", Bug::KeyOrder),
        ("I6", Bug::NoBudget),
        ("I7", Bug::GapIsARecord),
        ("rule 11", Bug::FenceBeforeDrain),
    ];
    for (check, bug) in needed {
        let found = |without: &[&'static str]| {
            let world = |seed| world_with(&Plan::draw(seed), without, Some(bug));
            run_all(0..300, world).1
        };
        assert!(found(&[]).is_some(), "{bug:?} is found");
        let passed = found(&[check]);
        assert!(passed.is_none(), "{bug:?} is found without {check} too: {passed:?}");
    }
}

#[test]
fn each_planted_bug_is_found() {
    let mut missed = Vec::new();
    println!("{:<20} {:>10}   found by", "planted bug", "median");
    for bug in Bug::ALL {
        let found: Vec<_> =
            (0..BEGINNINGS).map(|n| worlds_until_found(bug, 1_000_000 * (n + 1))).collect();
        let mut counts: Vec<_> = found.iter().flatten().map(|(count, _)| *count).collect();
        counts.sort_unstable();
        let mut by = BTreeMap::<_, u32>::new();
        found.iter().flatten().for_each(|(_, invariant)| *by.entry(*invariant).or_default() += 1);
        let median = counts.get(counts.len() / 2);
        println!("{:<20} {:>10}   {by:?}", format!("{bug:?}"), median.map_or(0, |m| *m));
        if counts.len() < found.len() {
            missed.push(bug);
        }
    }
    assert_eq!(missed, [], "not found within {WORLDS} worlds");
}

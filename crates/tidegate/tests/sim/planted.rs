//! Bugs of other systems, planted: each is found.

use std::collections::BTreeMap;

use tidegate::testing::chaos::{Bug, Plan, Ways, own_world, run_all};

/// A bug must be found within so many worlds.
const WORLDS: u64 = 10_000;
/// Each is looked for from so many beginnings.
const BEGINNINGS: u64 = 5;

/// How many worlds it takes to find a bug, from this seed on; and what found it.
fn worlds_until_found(bug: Bug, from: u64) -> Option<(u64, &'static str)> {
    let ways = Ways { bug: Some(bug), ..Ways::default() };
    let (_, failed) = run_all(from..from + WORLDS, |seed| own_world(&Plan::draw(seed), &ways));
    failed.map(|(seed, violation)| (seed - from + 1, violation.invariant))
}

/// What it took, from each beginning.
fn search(bug: Bug) -> Vec<Option<(u64, &'static str)>> {
    (0..BEGINNINGS).map(|n| worlds_until_found(bug, 1_000_000 * (n + 1))).collect()
}

#[test]
fn each_planted_bug_is_found() {
    let mut missed = Vec::new();
    println!("{:<22} {:>7} {:>7}   found by", "planted bug", "median", "most");
    for bug in Bug::ALL {
        let found = search(bug);
        let mut counts: Vec<_> =
            found.iter().map(|found| found.map_or(u64::MAX, |(count, _)| count)).collect();
        counts.sort_unstable();
        let mut by = BTreeMap::<_, u32>::new();
        found.iter().flatten().for_each(|(_, invariant)| *by.entry(*invariant).or_default() += 1);
        let (median, most) = (counts[counts.len() / 2], counts[counts.len() - 1]);
        println!("{:<22} {median:>7} {most:>7}   {by:?}", format!("{bug:?}"));
        if most == u64::MAX {
            missed.push(bug);
        }
    }
    assert_eq!(missed, [], "not found within {WORLDS} worlds");
}

/// Rule 10 says that a lease was not asked; I4 says what comes of it: records are begun that others have finished.
#[test]
fn what_comes_of_a_lease_that_nobody_asks_is_seen_without_rule_10() {
    let ways = Ways { bug: Some(Bug::NoLease), without: vec!["rule 10"], ..Ways::default() };
    for from in (0..BEGINNINGS).map(|n| 1_000_000 * (n + 1)) {
        let (_, found) = run_all(from..from + 500, |seed| own_world(&Plan::draw(seed), &ways));
        println!("from {from}: {found:?}");
        assert_eq!(found.map(|(_, violation)| violation.invariant), Some("I4"), "from {from}");
    }
}

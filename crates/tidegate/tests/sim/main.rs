//! The simulator: worlds by seed, what they must survive, and what they must find.
//!
//! `SEEDS=n` runs so many worlds (10,000), `SEED=n` runs one and tells its story, `FROM=n` begins there; `BUG=name` plants a
//! bug that is to be found, and `WITHOUT=name` leaves a check out.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test's helpers")]

mod checks;
mod needed;
mod planted;
mod strangers;

use tidegate::testing::chaos::{Bug, CHECKS, Plan, Ways, own_world, run_all, story};

/// A number from the environment.
fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} must be a number, and is {text:?}")))
}

/// A bug that is to be planted: `BUG=NoLease`.
fn planted_bug() -> Option<Bug> {
    let name = std::env::var("BUG").ok()?;
    let found = Bug::ALL.into_iter().find(|bug| format!("{bug:?}") == name);
    Some(found.unwrap_or_else(|| panic!("BUG must be one of {:?}", Bug::ALL)))
}

/// A check that is left out: `WITHOUT="rule 10"`.
fn without() -> Vec<&'static str> {
    let Ok(name) = std::env::var("WITHOUT") else { return Vec::new() };
    let found: Vec<_> = CHECKS.into_iter().filter(|check| *check == name).collect();
    assert!(!found.is_empty(), "WITHOUT must be one of {CHECKS:?}");
    found
}

fn told() -> Ways {
    Ways { told: true, bug: planted_bug(), without: without() }
}

#[test]
fn every_world_is_survived() {
    if let Some(seed) = number("SEED") {
        return tell(seed);
    }
    let (from, count) = (number("FROM").unwrap_or(0), number("SEEDS").unwrap_or(10_000));
    let begun = std::time::Instant::now();
    let ways = Ways { told: false, ..told() };
    let (table, failed) = run_all(from..from + count, |seed| own_world(&Plan::draw(seed), &ways));
    println!("{table}\n{count} worlds in {:?}", begun.elapsed());
    if let Some((seed, violation)) = failed {
        let world = |plan: &Plan, told| own_world(plan, &Ways { told, ..ways.clone() });
        let bug = ways.bug.map(|bug| format!("BUG={bug:?} ")).unwrap_or_default();
        let again = format!("{bug}SEED={seed} scripts/sim.sh");
        panic!("{}", story(Plan::draw(seed), &violation, &world, &again));
    }
    let empty = if count >= 10_000 { table.empty_cells() } else { Vec::new() };
    assert!(empty.is_empty(), "never hit: {empty:?}");
    assert!(count < 10_000 || table.parked() > 100, "no key waited when it mattered");
}

fn tell(seed: u64) {
    let plan = Plan::draw(seed);
    println!("{plan:#?}");
    let outcome = own_world(&plan, &told());
    outcome.trace.iter().for_each(|line| println!("{line}"));
    println!("hits: {:?}", outcome.hits);
    assert_eq!(outcome.violation, None);
}

/// One seed is one world: the whole story, twice.
#[test]
fn a_seed_tells_the_same_story_twice() {
    for seed in 0..100 {
        let [first, second] = [(); 2].map(|()| own_world(&Plan::draw(seed), &told()).trace);
        let differ = first.iter().zip(&second).position(|(a, b)| a != b);
        assert_eq!(differ.map(|at| (&first[at], &second[at])), None, "seed {seed}");
        assert_eq!(first.len(), second.len(), "seed {seed}");
    }
}

/// Whether any of these worlds tells of all of it.
fn some_world_tells(of: &[&str]) -> bool {
    (0..300).any(|seed| {
        let trace = own_world(&Plan::draw(seed), &told()).trace;
        of.iter().all(|what| trace.iter().any(|line| line.contains(what)))
    })
}

/// F22: what retention does is not the same each time.
#[test]
fn deleted_records_end_who_has_not_read_them_and_nobody_else() {
    let begun = "the position";
    let taken = "the committed offset";
    assert!(some_world_tells(&["is deleted below", begun, "the operator commits"]));
    assert!(some_world_tells(&["is deleted below", taken, "the operator commits"]));
    let unnoticed = |seed| {
        let trace = own_world(&Plan::draw(seed), &told()).trace;
        let is_there = |what: &str| trace.iter().any(|line| line.contains(what));
        is_there("is deleted below") && !is_there("OutOfRange")
    };
    assert!((0..300).any(unnoticed));
}

/// F22: new partitions are read from their beginning.
#[test]
fn partitions_that_a_topic_gets_are_read() {
    let read = |seed| {
        let plan = Plan::draw(seed);
        let (new, trace) =
            (format!("began jobs/{} offset 0,", plan.partitions), own_world(&plan, &told()).trace);
        trace.iter().any(|line| line.contains(&new))
    };
    assert!((0..300).any(read));
}

/// A process that was stopped for long says so when it goes on.
#[test]
fn a_member_that_stood_still_tells_of_its_late_loop() {
    let late = |seed| {
        let outcome = own_world(&Plan::draw(seed), &told());
        outcome.trace.iter().any(|line| line.contains("LoopLate"))
    };
    assert!((0..100).any(late));
}

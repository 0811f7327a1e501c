//! The simulator: worlds by seed, what they must survive, and what they must find.
//!
//! `SEEDS=n` runs so many worlds (10,000), `SEED=n` runs one and tells its story, `FROM=n` begins there.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test's helpers")]

mod planted;
mod worlds;

use tidegate::testing::chaos::{Plan, Table, own_world};

use crate::worlds::{number, run_all};

#[test]
fn every_world_is_survived() {
    if let Some(seed) = number("SEED") {
        return tell(seed);
    }
    let (from, count) = (number("FROM").unwrap_or(0), number("SEEDS").unwrap_or(10_000));
    let begun = std::time::Instant::now();
    let (table, failed) = run_all(from..from + count, |seed| own_world(&Plan::draw(seed), &[]));
    println!("{table}\n{count} worlds in {:?}", begun.elapsed());
    if let Some((seed, violation)) = failed {
        println!("{}", worlds::story(seed, &violation));
        panic!("seed {seed}: {violation:?}");
    }
    let empty = if count >= 10_000 { table.empty_cells() } else { Vec::new() };
    assert!(empty.is_empty(), "never hit: {empty:?}");
    let _: Table = table;
}

fn tell(seed: u64) {
    let plan = Plan::draw(seed);
    println!("{plan:#?}");
    let outcome = own_world(&plan, &[]);
    outcome.trace.iter().for_each(|line| println!("{line}"));
    println!("hits: {:?}", outcome.hits);
    assert_eq!(outcome.violation, None);
}

/// One seed is one world: the whole story, twice.
#[test]
fn a_seed_tells_the_same_story_twice() {
    for seed in 0..20 {
        let [first, second] = [(); 2].map(|()| own_world(&Plan::draw(seed), &[]).trace);
        let differ = first.iter().zip(&second).position(|(a, b)| a != b);
        assert_eq!(differ.map(|at| (&first[at], &second[at])), None, "seed {seed}");
        assert_eq!(first.len(), second.len(), "seed {seed}");
    }
}

//! Many worlds, on all cores.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tidegate::testing::chaos::{Outcome, Plan, Table, Violation, own_world};

/// A number from the environment.
pub(crate) fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} must be a number, and is {text:?}")))
}

/// Runs worlds until one fails; the lowest seed of those that did.
pub(crate) fn run_all(
    seeds: Range<u64>,
    world: impl Fn(u64) -> Outcome + Sync,
) -> (Table, Option<(u64, Violation)>) {
    let (next, stop) = (AtomicU64::new(seeds.start), AtomicBool::new(false));
    let failed = Mutex::new(None::<(u64, Violation)>);
    let table = Mutex::new(Table::default());
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut mine = Table::default();
                while !stop.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        break;
                    }
                    let outcome = world(seed);
                    mine.add(&outcome.hits, outcome.violation.is_none());
                    if let Some(violation) = outcome.violation {
                        stop.store(true, Ordering::Relaxed);
                        let mut failed = failed.lock().unwrap();
                        if failed.as_ref().is_none_or(|(known, _)| seed < *known) {
                            *failed = Some((seed, violation));
                        }
                    }
                }
                table.lock().unwrap().merge(&mine);
            });
        }
    });
    (table.into_inner().unwrap(), failed.into_inner().unwrap())
}

/// What happened in a world that failed, as small as it can be made, and how to see it again.
pub(crate) fn story(seed: u64, violation: &Violation) -> String {
    let plan = shrunk(Plan::draw(seed), violation.invariant);
    let outcome = own_world(&plan, &[]);
    let last = outcome.trace.len().saturating_sub(60);
    let found = outcome.violation.as_ref().unwrap_or(violation);
    format!(
        "{} does not hold: {}\n\nThe smallest world in which that is so:\n{plan:#?}\n\nIts last steps:\n{}\n\n\
         Step by step: SEED={seed} scripts/sim.sh",
        found.invariant,
        found.what,
        outcome.trace[last..].join("\n"),
    )
}

/// Leaves out faults and records, as long as the same invariant is broken.
fn shrunk(mut plan: Plan, invariant: &str) -> Plan {
    let fails = |plan: &Plan| {
        own_world(plan, &[]).violation.is_some_and(|found| found.invariant == invariant)
    };
    let mut place = 0;
    while place < plan.faults.len() {
        let mut smaller = plan.clone();
        smaller.faults.remove(place);
        if fails(&smaller) { plan = smaller } else { place += 1 }
    }
    let mut step = plan.records / 2;
    while step > 0 {
        let smaller = Plan { records: plan.records.saturating_sub(step), ..plan.clone() };
        if smaller.records > 0 && fails(&smaller) { plan = smaller } else { step /= 2 }
    }
    plan
}

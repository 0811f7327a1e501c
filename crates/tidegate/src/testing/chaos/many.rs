//! Many worlds, on all cores; and what is told of one that failed.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::outside::REFUSED;
use super::own::Outcome;
use super::plan::Plan;
use super::table::Table;
use super::truth::Violation;
use super::world::lock;

/// So many of its last steps are told of a world that failed.
const LAST: usize = 60;

/// Runs worlds until one fails: what hit in them, and the lowest seed of those that failed.
pub fn run_all(
    seeds: Range<u64>,
    world: impl Fn(u64) -> Outcome + Sync,
) -> (Table, Option<(u64, Violation)>) {
    let (next, stop) = (AtomicU64::new(seeds.start), AtomicBool::new(false));
    let failed = Mutex::new(None::<(u64, Violation)>);
    let table = Mutex::new(Table::default());
    let work = || {
        let mut mine = Table::default();
        while !stop.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                break;
            }
            let outcome = world(seed);
            mine.add(&outcome);
            if let Some(violation) = outcome.violation {
                stop.store(true, Ordering::Relaxed);
                let mut failed = lock(&failed);
                if failed.as_ref().is_none_or(|(known, _)| seed < *known) {
                    *failed = Some((seed, violation));
                }
            }
        }
        lock(&table).merge(&mine);
    };
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    let (table, failed) = (lock(&table).clone(), lock(&failed).take());
    (table, failed)
}

/// What happened in a world that failed, as small as it can be made, and how to see it again.
///
/// `world` runs a plan, and tells its story when asked to.
#[must_use]
pub fn story(
    drawn: Plan,
    violation: &Violation,
    world: &dyn Fn(&Plan, bool) -> Outcome,
    again: &str,
) -> String {
    let fails = |plan: &Plan| {
        let found = world(plan, false).violation;
        found.is_some_and(|found| found.invariant == violation.invariant)
    };
    let seed = drawn.seed;
    let plan = drawn.shrunk(&fails);
    let outcome = world(&plan, true);
    let from = outcome.trace.len().saturating_sub(LAST);
    let found = outcome.violation.as_ref().unwrap_or(violation);
    let what = match found.invariant {
        REFUSED => REFUSED.to_owned(),
        invariant => format!("{invariant} does not hold"),
    };
    format!(
        "seed {seed}: {what}: {}\n\nThe smallest world in which that is so:\n{plan:#?}\n\nIts last steps:\n{}\n\n\
         Step by step: {again}",
        found.what,
        outcome.trace[from..].join("\n"),
    )
}

impl Plan {
    /// Leaves out faults, records and unrest, as long as it still fails.
    #[must_use]
    fn shrunk(self, fails: &dyn Fn(&Self) -> bool) -> Self {
        let mut plan = self;
        let mut place = 0;
        while place < plan.faults.len() {
            let mut smaller = plan.clone();
            smaller.faults.remove(place);
            if fails(&smaller) { plan = smaller } else { place += 1 }
        }
        let calmer: [fn(&mut Self); 3] =
            [|plan| plan.gaps = false, |plan| plan.producer_trouble = 0, |plan| plan.restless = 0];
        for calm in calmer {
            let mut smaller = plan.clone();
            calm(&mut smaller);
            plan = if fails(&smaller) { smaller } else { plan };
        }
        let mut step = plan.records / 2;
        while step > 0 {
            let smaller = Self { records: plan.records.saturating_sub(step), ..plan.clone() };
            if smaller.records > 0 && fails(&smaller) { plan = smaller } else { step /= 2 }
        }
        plan
    }
}

//! What one lane counts: written by its thread alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::class::{Cause, Class, Failure};
use crate::consumer::core::Verdict;
use crate::meter::times::{Times, increase};
use crate::policy::PolicyId;

/// How an attempt may end, as metrics name it.
pub(crate) const RESULTS: [&str; 10] = [
    "done",
    "skipped",
    "duplicate",
    "transient",
    "permanent",
    "undecodable",
    "outage",
    "fatal",
    "panic",
    "timeout",
];

/// The counts of one lane.
#[derive(Debug)]
pub(crate) struct LaneMeter {
    /// By policy.
    pub(crate) routes: Box<[RouteMeter]>,
    /// From being handed over to the begin of an attempt.
    pub(crate) wait: Times,
}

/// The attempts of one route.
#[derive(Debug, Default)]
pub(crate) struct RouteMeter {
    results: [AtomicU64; RESULTS.len()],
    pub(crate) took: Times,
}

impl LaneMeter {
    pub(super) fn new(policies: usize) -> Arc<Self> {
        let routes = (0..policies).map(|_| RouteMeter::default()).collect();
        Arc::new(Self { routes, wait: Times::default() })
    }

    /// An attempt has ended.
    pub(crate) fn ended(&self, policy: PolicyId, verdict: &Verdict, took: Duration) {
        let (Some(result), Some(route)) = (result(verdict), self.routes.get(policy.0)) else {
            return;
        };
        increase(&route.results[result]);
        route.took.add(took);
    }
}

impl RouteMeter {
    /// How many ended so, in the order of [`RESULTS`].
    pub(crate) fn results(&self) -> [u64; RESULTS.len()] {
        std::array::from_fn(|at| self.results[at].load(Ordering::Relaxed))
    }
}

/// Its place in [`RESULTS`]; none for what was no attempt.
fn result(verdict: &Verdict) -> Option<usize> {
    Some(match verdict {
        Verdict::Done { .. } => 0,
        Verdict::Skipped | Verdict::Dead => 1,
        Verdict::Duplicate { .. } => 2,
        Verdict::Failed { failure, .. } => of_failure(failure),
        Verdict::Fenced | Verdict::Held => return None,
    })
}

fn of_failure(failure: &Failure) -> usize {
    match (failure.cause, failure.class) {
        (Cause::Panic, _) => 8,
        (Cause::Timeout, _) => 9,
        (Cause::Error, Class::Transient | Class::TransientAfter(_)) => 3,
        (Cause::Error, Class::Permanent) => 4,
        (Cause::Error, Class::Undecodable) => 5,
        (Cause::Error, Class::Outage(_)) => 6,
        (Cause::Error, Class::Fatal) => 7,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(class: Class, cause: Cause) -> Verdict {
        let failure = Box::new(Failure { class, message: String::new(), cause });
        Verdict::Failed { failure, took: Duration::ZERO }
    }

    #[test]
    fn every_end_of_an_attempt_has_its_name() {
        let meter = LaneMeter::new(1);
        let verdicts = [
            Verdict::Done { emits: true },
            Verdict::Skipped,
            Verdict::Duplicate { owes: false },
            failed(Class::Transient.after(Duration::from_secs(1)), Cause::Error),
            failed(Class::Permanent, Cause::Error),
            failed(Class::Undecodable, Cause::Error),
            failed(Class::Outage("gateway"), Cause::Error),
            failed(Class::Fatal, Cause::Error),
            failed(Class::Transient, Cause::Panic),
            failed(Class::Transient, Cause::Timeout),
            Verdict::Held,
            Verdict::Fenced,
        ];
        for verdict in &verdicts {
            meter.ended(PolicyId(0), verdict, Duration::ZERO);
        }
        assert_eq!(meter.routes[0].results(), [1; RESULTS.len()]);
        assert_eq!(
            meter.routes[0].took.read().total(),
            10,
            "what was held or fenced was no attempt"
        );
        for class in [
            Class::Transient,
            Class::Permanent,
            Class::Undecodable,
            Class::Outage("x"),
            Class::Fatal,
        ] {
            let Some(at) = result(&failed(class, Cause::Error)) else { panic!("{class}") };
            assert_eq!(RESULTS[at], class.as_str());
        }
    }
}

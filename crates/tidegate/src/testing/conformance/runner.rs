//! Runs cases: side by side where they may, alone where one restarts the broker.

use std::any::Any;
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use futures_util::{FutureExt, StreamExt, stream};

use super::check::{Failed, Outcome};
use super::harness::Harness;
use super::lab::Lab;
use super::list::{Case, cases};
use super::report::{CaseResult, Report};

/// A whole case may take so many times the harness's patience.
const WHOLE_CASE: u32 = 5;

/// Puts the harness's broker to every case.
pub async fn run(harness: &dyn Harness) -> Report {
    run_cases(harness, cases().iter().collect()).await
}

/// Puts the harness's broker to these cases only.
///
/// # Panics
/// When there is no case of that name.
pub async fn run_named(harness: &dyn Harness, names: &[&str]) -> Report {
    let find = |name: &&str| cases().iter().find(|c| c.name == *name).expect("a case of that name");
    run_cases(harness, names.iter().map(find).collect()).await
}

async fn run_cases(harness: &dyn Harness, chosen: Vec<&'static Case>) -> Report {
    // Names must be new on a cluster that has seen other runs.
    let run = format!("{:08x}", fastrand::u32(..));
    let (alone, together): (Vec<_>, Vec<_>) = chosen.iter().partition(|case| case.alone);
    let one = |case: &'static Case| run_case(harness, &run, case);
    let mut results: HashMap<_, _> = stream::iter(together)
        .map(one)
        .buffer_unordered(harness.parallel().max(1))
        .map(|result| (result.case, result))
        .collect()
        .await;
    for case in alone {
        results.insert(case.name, one(case).await);
    }
    let results = chosen.iter().filter_map(|case| results.remove(case.name)).collect();
    Report { implementation: harness.name().into(), results }
}

async fn run_case(harness: &dyn Harness, run: &str, case: &'static Case) -> CaseResult {
    let began = Instant::now();
    let examined = AssertUnwindSafe(examine(harness, run, case)).catch_unwind().await;
    let outcome = examined.unwrap_or_else(|panic| Err(Failed::new(panic_reason(panic.as_ref()))));
    let failure = outcome.err().map(Failed::into_reason);
    CaseResult { case: case.name, failure, took: began.elapsed() }
}

async fn examine(harness: &dyn Harness, run: &str, case: &Case) -> Outcome {
    let limit = harness.patience() * WHOLE_CASE;
    let lab = Lab::new(harness, format!("{run}-{}", case.name)).await;
    let too_long = |_| Failed::new(format!("the case did not end within {limit:?}"));
    tokio::time::timeout(limit, (case.examine)(lab)).await.map_err(too_long)?
}

fn panic_reason(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("panicked: {}", text.unwrap_or_else(|| "without a message".into()))
}

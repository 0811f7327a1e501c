//! The contract on the embedded and on the simulated log, and the proof that the suite notices what it should.
//!
//! `cargo test -p tidegate --features testing --test conformance -- --nocapture` prints both tables.

#![allow(clippy::print_stdout, reason = "a table is what it shows")]

mod conformance {
    pub(crate) mod in_memory;
    pub(crate) mod on_disk;
}

use std::collections::HashSet;
use std::path::Path;

use conformance::in_memory::InMemory;
use conformance::on_disk::OnDisk;
use tidegate::testing::broken;
use tidegate::testing::conformance::{Report, cases, run, run_named};

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_log_keeps_the_contract() {
    keeps_the_contract(&run(&OnDisk::new()).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_simulated_log_keeps_the_contract() {
    keeps_the_contract(&run(&InMemory::new()).await);
}

fn keeps_the_contract(report: &Report) {
    println!("{}", Report::table(std::slice::from_ref(report)));
    assert!(cases().len() >= 45, "only {} cases", cases().len());
    assert_eq!(report.results.len(), cases().len(), "a case was left out");
    assert_eq!(report.passed(), cases().len(), "{:#?}", report.failures().collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_broken_broker_is_caught() {
    let mut missed = Vec::new();
    let mut table = vec![format!("{:<30} caught by", "broken broker")];
    for fault in broken::faults() {
        let sound = OnDisk::new();
        let report = run_named(&broken::Broken::new(&sound, fault), fault.must_fail).await;
        for (case, reason) in report.failures() {
            table.push(format!("{:<30} {case}: {reason:.120}", fault.name));
        }
        let caught: HashSet<_> = report.failures().map(|(case, _)| case).collect();
        let passed = fault.must_fail.iter().filter(|case| !caught.contains(**case));
        missed.extend(passed.map(|case| format!("{} passed {case}", fault.name)));
    }
    println!("{}", table.join("\n"));
    assert!(broken::faults().len() >= 8, "only {} broken brokers", broken::faults().len());
    assert_eq!(missed, Vec::<String>::new());
}

#[test]
fn case_names_are_unique() {
    let names: HashSet<_> = cases().iter().map(|case| case.name).collect();
    assert_eq!(names.len(), cases().len());
}

/// A harness that panics fails the case that needed it, and no other.
#[tokio::test(flavor = "multi_thread")]
async fn a_panic_fails_its_case_alone() {
    let chosen = ["fetch_passes_a_gap", "order_within_a_partition"];
    let report = run_named(&OnDisk::without_gaps(), &chosen).await;
    let failures: Vec<_> = report.failures().collect();
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert_eq!(failures[0].0, "fetch_passes_a_gap");
    assert!(failures[0].1.starts_with("panicked: this log has no gaps"), "{failures:?}");
    assert_eq!(report.passed(), 1);
}

/// Documentation cites cases as proof: each that it names is there.
#[test]
fn cases_that_the_documentation_cites_exist() {
    let mut cited = Vec::new();
    collect_citations(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut cited);
    assert!(cited.len() >= 5, "the search found only {cited:?}");
    let known: HashSet<_> = cases().iter().map(|case| case.name).collect();
    cited.retain(|case| !known.contains(case.as_str()));
    assert_eq!(cited, Vec::<String>::new(), "cited, but not in the list of cases");
}

fn collect_citations(folder: &Path, cited: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("the sources can be listed") {
        let path = entry.expect("the sources can be listed").path();
        if path.is_dir() {
            collect_citations(&path, cited);
            continue;
        }
        let source = std::fs::read_to_string(&path).expect("a source is text");
        let after = source.split("case `").skip(1);
        cited.extend(after.filter_map(|rest| Some(rest.split_once('`')?.0.to_owned())));
    }
}

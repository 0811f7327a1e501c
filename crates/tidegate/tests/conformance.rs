//! The contract on the embedded log, and the proof that the suite notices what it should.

mod conformance {
    pub(crate) mod on_disk;
}

use std::collections::HashSet;

use conformance::on_disk::OnDisk;
use tidegate::testing::broken;
use tidegate::testing::conformance::{Report, cases, run, run_named};

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_log_keeps_the_contract() {
    let report = run(&OnDisk::new()).await;
    println!("{}", Report::table(std::slice::from_ref(&report)));
    assert!(cases().len() >= 45, "only {} cases", cases().len());
    assert_eq!(report.results.len(), cases().len(), "a case was left out");
    assert_eq!(report.passed(), cases().len(), "{:#?}", report.failures().collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_broken_broker_is_caught() {
    let mut missed = Vec::new();
    println!("{:<34} caught by", "broken broker");
    for fault in broken::faults() {
        let sound = OnDisk::new();
        let report = run_named(&broken::Broken::new(&sound, fault), fault.must_fail).await;
        for (case, reason) in report.failures() {
            println!("{:<34} {case}: {reason}", fault.name);
        }
        let caught: HashSet<_> = report.failures().map(|(case, _)| case).collect();
        let passed = fault.must_fail.iter().filter(|case| !caught.contains(**case));
        missed.extend(passed.map(|case| format!("{} passed {case}", fault.name)));
    }
    assert!(broken::faults().len() >= 8, "only {} broken brokers", broken::faults().len());
    assert_eq!(missed, Vec::<String>::new());
}

#[test]
fn case_names_are_unique() {
    let names: HashSet<_> = cases().iter().map(|case| case.name).collect();
    assert_eq!(names.len(), cases().len());
}

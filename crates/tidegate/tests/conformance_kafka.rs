//! The contract on a real Apache Kafka, beside the embedded log: the same cases, the same counts.
//!
//! `cargo test -p tidegate --features testing,kafka --test conformance_kafka -- --nocapture` prints the table.

mod conformance {
    #[expect(dead_code, reason = "another test asks for a log without gaps")]
    pub(crate) mod on_disk;
    pub(crate) mod on_kafka;
}

use conformance::on_disk::OnDisk;
use conformance::on_kafka::OnKafka;
use tidegate::testing::conformance::{Report, cases, run};

#[tokio::test(flavor = "multi_thread")]
async fn kafka_keeps_the_contract() {
    let embedded = run(&OnDisk::new()).await;
    let kafka = run(&OnKafka::new().await).await;
    let reports = [embedded, kafka];
    println!("{}", Report::table(&reports));
    for report in &reports {
        let failures: Vec<_> = report.failures().collect();
        assert_eq!(report.results.len(), cases().len(), "a case was left out");
        assert_eq!(report.passed(), cases().len(), "{}: {failures:#?}", report.implementation);
    }
}

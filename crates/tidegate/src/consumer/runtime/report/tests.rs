//! Which reports are put together.

use super::*;
use crate::clock::Clock;
use crate::consumer::core::LocalEpoch;
use crate::message::{Partition, TopicName, TopicPartition};

fn tenure(epoch: u64) -> Arc<Tenure> {
    let topic = TopicName::new("orders").expect("a legal name");
    let partition = TopicPartition::new(topic, Partition(0));
    Arc::new(Tenure::new(partition, LocalEpoch(epoch), Vec::new(), Clock::system()))
}

fn ran(tenure: &Tenure, offset: u64) -> Report {
    let answers = vec![(Offset(offset), Verdict::Held)];
    Report::Ran(Ran { tenure: tenure.handle(), answers, carries: Vec::new(), chains: 1 })
}

/// A partition that came back is another ownership: put together, an answer of the old one would count for the new one (rule 10).
#[test]
fn rule_10_reports_of_two_ownerships_are_not_put_together() {
    let (old, new, mut done) = (tenure(1), tenure(2), Vec::new());
    for (tenure, offset) in [(&old, 0), (&old, 1), (&new, 0), (&old, 2)] {
        add(&mut done, ran(tenure, offset));
    }
    let told = done.iter().map(|report| match report {
        Report::Ran(ran) => (ran.tenure.epoch.0, ran.answers.len(), report.weight()),
        _ => panic!("only what ran was told"),
    });
    assert_eq!(told.collect::<Vec<_>>(), [(1, 2, 2), (2, 1, 1), (1, 1, 1)]);
}

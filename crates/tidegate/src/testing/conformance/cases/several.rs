//! Reading several partitions of a topic at once, without a group.

use std::collections::BTreeMap;
use std::time::Duration;

use super::prelude::*;
use crate::broker::{BrokerError, FetchLimit};
use crate::message::Partition;

/// What is there and what comes, of partitions that are read from the start and of one that joins them later: each record once, in
/// the order of its partition.
pub(in super::super) async fn fetch_any_brings_each_partition_in_order(lab: Lab<'_>) -> Outcome {
    let topic = lab.topic(3).await?;
    for number in 0..3 {
        lab.fill(&partition(&topic, number), 0..20).await?;
    }
    let write = async {
        for n in 20..30 {
            for number in 0..3 {
                lab.fill(&partition(&topic, number), n..n + 1).await?;
            }
        }
        Ok::<_, Failed>(())
    };
    let read = async {
        let mut next: BTreeMap<_, _> = [0, 1].map(|number| (Partition(number), Offset(0))).into();
        let mut read = BTreeMap::<_, Vec<_>>::new();
        let limit =
            FetchLimit { records: 7, wait: lab.harness.patience(), ..FetchLimit::default() };
        while read.values().map(Vec::len).sum::<usize>() < 90 {
            let from = next.iter().map(|(number, next)| (*number, *next)).collect();
            let answers = lab.broker.fetch_any(topic.clone(), from, limit);
            for (number, answer) in lab.within("more records", answers).await? {
                let fetched = answer?;
                next.insert(number, fetched.next);
                read.entry(number).or_default().extend(fetched.records);
            }
            next.entry(Partition(2)).or_insert(Offset(0));
        }
        Ok::<_, Failed>(read)
    };
    let (written, read) = futures_util::join!(write, read);
    written?;
    for (number, records) in read? {
        ensure_eq!(values(&records), numbers(0..30), "what was read of partition {}", number.0);
    }
    Ok(())
}

/// What is wrong with one partition is said of that one; the others are read.
pub(in super::super) async fn fetch_any_says_which_partition_is_out_of_range(
    lab: Lab<'_>,
) -> Outcome {
    let topic = lab.topic(2).await?;
    let (sound, cut) = (partition(&topic, 0), partition(&topic, 1));
    lab.fill(&sound, 0..5).await?;
    lab.fill(&cut, 0..5).await?;
    lab.broker.delete_records(cut.clone(), Offset(3)).await?;
    let mut from: BTreeMap<_, _> = [0, 1].map(|number| (Partition(number), Offset(0))).into();
    let mut read = Vec::new();
    while read.len() < 5 || from.len() > 1 {
        let asked = from.iter().map(|(number, next)| (*number, *next)).collect();
        let limit = FetchLimit { wait: Duration::from_millis(20), ..FetchLimit::default() };
        let answers = lab.broker.fetch_any(topic.clone(), asked, limit);
        for (number, answer) in lab.within("an answer", answers).await? {
            if number == sound.partition {
                let fetched = answer?;
                from.insert(number, fetched.next);
                read.extend(fetched.records);
                continue;
            }
            let (offset, start, end) = (Offset(0), Offset(3), Offset(5));
            let expected = BrokerError::OutOfRange { partition: cut.clone(), offset, start, end };
            ensure_eq!(answer.map(|f| f.records), Err(expected), "the partition that was cut");
            from.remove(&number);
        }
    }
    ensure_eq!(values(&read), numbers(0..5), "what was read of the other");
    Ok(())
}

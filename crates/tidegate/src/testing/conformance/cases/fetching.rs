//! Reading a partition directly, without a group.

use std::time::Duration;

use super::prelude::*;
use crate::broker::{BrokerError, FetchLimit, Watermarks};
use crate::message::Timestamp;

/// Never more records than asked for; `next` leads through all of them.
pub(in super::super) async fn fetch_keeps_to_the_record_limit(lab: Lab<'_>) -> Outcome {
    let p = lab.partition().await?;
    lab.fill(&p, 0..20).await?;
    let limit = FetchLimit { records: 6, ..FetchLimit::default() };
    let (mut next, mut read) = (Offset(0), Vec::new());
    while read.len() < 20 {
        let fetched = lab.broker.fetch(p.clone(), next, limit).await?;
        let count = fetched.records.len();
        ensure!((1..=6).contains(&count), "{count} records came, 1 to 6 were asked for");
        next = fetched.next;
        read.extend(fetched.records);
    }
    ensure_eq!(values(&read), numbers(0..20), "what was read");
    ensure_eq!(next, lab.broker.watermarks(p).await?.end, "where to read on");
    Ok(())
}

/// About as many bytes as asked for, and yet one record, however large.
pub(in super::super) async fn fetch_keeps_to_the_byte_limit(lab: Lab<'_>) -> Outcome {
    let p = lab.partition().await?;
    let kilobyte = || record_to(&p).value(vec![7; 1_000]);
    lab.publish((0..20).map(|_| kilobyte()).collect()).await?;
    let bytes = |bytes| FetchLimit { bytes, ..FetchLimit::default() };
    let some = lab.broker.fetch(p.clone(), Offset(0), bytes(5_000)).await?.records;
    ensure!((1..=10).contains(&some.len()), "5,000 bytes were asked for: {} kB came", some.len());
    let one = lab.broker.fetch(p.clone(), Offset(0), bytes(10)).await?.records;
    ensure_eq!(one.len(), 1, "records of 1,000 bytes under a limit of 10");
    Ok(())
}

/// At the end there is an answer without records, at once or when the wait is over.
pub(in super::super) async fn fetch_at_the_end_answers_with_nothing(lab: Lab<'_>) -> Outcome {
    let p = lab.partition().await?;
    lab.fill(&p, 0..3).await?;
    let watermarks = lab.broker.watermarks(p.clone()).await?;
    for wait in [Duration::ZERO, Duration::from_millis(20)] {
        let limit = FetchLimit { wait, ..FetchLimit::default() };
        let read = lab.broker.fetch(p.clone(), watermarks.end, limit);
        let fetched = lab.within("the answer of a fetch at the end", read).await??;
        ensure!(fetched.records.is_empty(), "records beyond the end: {:?}", fetched.records);
        ensure_eq!(fetched.next, watermarks.end, "where to read on");
        ensure_eq!(fetched.watermarks, watermarks, "the bounds");
    }
    Ok(())
}

/// A waiting fetch answers when something arrives, long before its wait is over.
pub(in super::super) async fn fetch_wakes_on_arrival(lab: Lab<'_>) -> Outcome {
    let p = lab.partition().await?;
    let limit = FetchLimit { wait: lab.harness.patience() * 4, ..FetchLimit::default() };
    let waiting = lab.broker.fetch(p.clone(), Offset(0), limit);
    let waiting = lab.within("waking up", waiting);
    let (fetched, published) = futures_util::join!(waiting, lab.fill(&p, 0..1));
    published?;
    ensure_eq!(values(&fetched??.records), numbers(0..1), "what woke the fetch");
    Ok(())
}

/// Following a partition that grows brings every record once, in order.
pub(in super::super) async fn tailing_sees_every_record(lab: Lab<'_>) -> Outcome {
    let p = lab.partition().await?;
    let write = async {
        for n in 0..15 {
            lab.fill(&p, n..n + 1).await?;
        }
        Ok::<_, Failed>(())
    };
    let tail = async {
        let (mut next, mut read) = (Offset(0), Vec::new());
        let limit = FetchLimit { wait: lab.harness.patience(), ..FetchLimit::default() };
        while read.len() < 15 {
            let fetched = lab.broker.fetch(p.clone(), next, limit);
            let fetched = lab.within("more records", fetched).await??;
            next = fetched.next;
            read.extend(fetched.records);
        }
        Ok::<_, Failed>(read)
    };
    let (written, read) = futures_util::join!(write, tail);
    written?;
    ensure_eq!(values(&read?), numbers(0..15), "what was tailed");
    Ok(())
}

/// Watermarks follow what is acknowledged, and start at 0 and 0.
pub(in super::super) async fn watermarks_follow_the_log(lab: Lab<'_>) -> Outcome {
    let p = lab.partition().await?;
    let empty = lab.broker.watermarks(p.clone()).await?;
    ensure_eq!(empty, Watermarks::default(), "the bounds of a new partition");
    for n in 0..3 {
        let placed = lab.fill(&p, n..n + 1).await?;
        let expected = Watermarks { start: Offset(0), end: placed[0].offset.next() };
        ensure_eq!(lab.broker.watermarks(p.clone()).await?, expected, "the bounds");
    }
    Ok(())
}

/// A read above the end or below the start is an error with the bounds, never a jump (rule 7).
pub(in super::super) async fn fetch_out_of_range_is_an_error(lab: Lab<'_>) -> Outcome {
    let p = lab.partition().await?;
    lab.fill(&p, 0..10).await?;
    lab.broker.delete_records(p.clone(), Offset(4)).await?;
    for outside in [0, 3, 11, 1_000_000] {
        let offset = Offset(outside);
        let read = lab.broker.fetch(p.clone(), offset, FetchLimit::default()).await;
        let (start, end) = (Offset(4), Offset(10));
        let expected = BrokerError::OutOfRange { partition: p.clone(), offset, start, end };
        ensure_eq!(read.map(|f| f.records), Err(expected), "a fetch at {outside}");
    }
    ensure_eq!(values(&lab.read(&p, 4).await?), numbers(4..10), "what is inside");
    Ok(())
}

/// Topics and partitions that do not exist are named in the refusal.
pub(in super::super) async fn questions_about_the_unknown_are_refused(lab: Lab<'_>) -> Outcome {
    let missing_topic = lab.fresh_topic_name()?;
    let missing_partition = partition(&lab.topic(2).await?, 2);
    let expected = [
        (partition(&missing_topic, 0), BrokerError::UnknownTopic(missing_topic)),
        (missing_partition.clone(), BrokerError::UnknownPartition(missing_partition)),
    ];
    for (p, error) in expected {
        let read = lab.broker.fetch(p.clone(), Offset(0), FetchLimit::default()).await;
        ensure_eq!(read.map(|f| f.records), Err(error.clone()), "fetch");
        let watermarks = lab.broker.watermarks(p.clone()).await;
        ensure_eq!(watermarks, Err(error.clone()), "watermarks");
        let offset = lab.broker.offset_for_time(p.clone(), Timestamp(0)).await;
        ensure_eq!(offset, Err(error.clone()), "offset_for_time");
        let deleted = lab.broker.delete_records(p.clone(), Offset(0)).await;
        ensure_eq!(deleted, Err(error.into()), "delete_records");
    }
    Ok(())
}

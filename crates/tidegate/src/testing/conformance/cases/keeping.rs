//! What makes room: compaction and retention. When it is done is the log's own business, so cases wait for it.

use std::time::Duration;

use tokio::time::Instant;

use super::prelude::*;
use crate::broker::{
    BrokerError, Cleanup, FetchLimit, NewTopic, PublishError, Retention, Watermarks,
};
use crate::clock::wall_now;
use crate::message::{Record, Timestamp, TopicName};

/// The key of what is written while a case waits. The newest records of a log are left alone, so something must come.
const MORE: &str = "more";

const KEYS: u32 = 5;
const WRITTEN: u32 = 40;
const HOUR: Duration = Duration::from_secs(3600);

async fn compacted(lab: &Lab<'_>) -> Outcome<TopicPartition> {
    let name = lab.fresh_topic_name()?;
    lab.create(NewTopic::new(name.clone(), 1).compacted()).await?;
    Ok(partition(&name, 0))
}

fn keyed(p: &TopicPartition, key: impl ToString, value: impl ToString) -> NewRecord {
    record_to(p).key(key.to_string()).value(value.to_string())
}

/// Looks at all that can be read, but for what is written meanwhile, until it is as it should be.
async fn until_left(
    lab: &Lab<'_>,
    p: &TopicPartition,
    done: impl Fn(&[Record]) -> Outcome<bool>,
) -> Outcome<Vec<Record>> {
    let patience = lab.harness.patience();
    let deadline = Instant::now() + patience;
    loop {
        lab.publish(vec![keyed(p, MORE, "on")]).await?;
        let mut left = lab.read(p, 0).await?;
        left.retain(|record| record.key.as_deref() != Some(MORE.as_bytes()));
        if done(&left)? {
            return Ok(left);
        }
        let over = Instant::now() >= deadline;
        ensure!(!over, "not compacted within {patience:?}: left are {:?}", offsets(&left));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Records `0..WRITTEN` at the offsets of their numbers, each key in turn; waits until only the newest of each is left.
async fn cleaned(lab: &Lab<'_>) -> Outcome<(TopicPartition, Vec<u64>)> {
    let p = compacted(lab).await?;
    lab.publish((0..WRITTEN).map(|n| keyed(&p, n % KEYS, n)).collect()).await?;
    let newest: Vec<u64> = (u64::from(WRITTEN - KEYS)..u64::from(WRITTEN)).collect();
    until_left(lab, &p, |left| {
        let at = offsets(left);
        ensure!(newest.iter().all(|n| at.contains(n)), "of {newest:?} only {at:?} are left");
        let as_written: Vec<_> = at.iter().map(ToString::to_string).collect();
        ensure_eq!(values(left), as_written, "the values of the offsets that are left");
        Ok(at == newest)
    })
    .await?;
    Ok((p, newest))
}

/// At least the newest record of each key stays, under its offset and in its place; older ones go. Both bounds stay what
/// they were.
pub(in super::super) async fn compaction_keeps_the_newest_of_each_key(lab: Lab<'_>) -> Outcome {
    let (p, _) = cleaned(&lab).await?;
    let last = lab.publish(vec![keyed(&p, MORE, "last")]).await?;
    let bounds = Watermarks { start: Offset(0), end: last[0].offset.next() };
    ensure_eq!(lab.broker.watermarks(p).await?, bounds, "the bounds");
    Ok(())
}

/// A read that begins where something was left out goes on behind it, and so does a member whose commit stands there.
pub(in super::super) async fn what_was_compacted_is_passed(lab: Lab<'_>) -> Outcome {
    let (p, newest) = cleaned(&lab).await?;
    for from in [0, 3, newest[0] - 1] {
        let left = lab.broker.fetch(p.clone(), Offset(from), FetchLimit::default()).await?;
        let first: Vec<_> = offsets(&left.records).into_iter().take(newest.len()).collect();
        ensure_eq!(first, newest, "what comes behind {from}");
    }
    let group = lab.group();
    for _ in 0..2 {
        let mut member = lab.member(&group, &p.topic).await?;
        member.until_count(&p, newest.len()).await?;
        let got: Vec<_> = member.got[&p].iter().map(|record| record.offset.0).collect();
        ensure_eq!(got[..newest.len()], newest[..], "what a member gets");
        member.commit(&p, 3, "").await??;
        member.close().await?;
        ensure_eq!(lab.committed(&group, &p).await?, Some((3, String::new())), "the commit");
    }
    Ok(())
}

/// A record without a key could never be kept: it is refused alone. An empty key is a key.
pub(in super::super) async fn a_compacted_topic_wants_keys(lab: Lab<'_>) -> Outcome {
    let p = compacted(&lab).await?;
    let batch = vec![keyed(&p, "a", 0), numbered(&p, 7), keyed(&p, "", 1)];
    let acks = lab.try_publish(batch).await?;
    ensure_eq!(acks.len(), 3, "acknowledgements");
    let refused = Err(PublishError::KeyMissing(p.topic.clone()));
    ensure_eq!(acks[1], refused, "the answer to what has no key");
    ensure!(acks[0].is_ok() && acks[2].is_ok(), "a neighbour was refused: {acks:?}");
    ensure_eq!(values(&lab.read(&p, 0).await?), numbers(0..2), "what was written");
    Ok(())
}

/// A tombstone removes what is older of its key, and stays so long that who began to read before sees it.
pub(in super::super) async fn a_tombstone_removes_what_is_older_and_stays(lab: Lab<'_>) -> Outcome {
    let p = compacted(&lab).await?;
    lab.publish(vec![keyed(&p, "a", 0), keyed(&p, "b", 1)]).await?;
    let began = lab.broker.fetch(p.clone(), Offset(0), FetchLimit::default()).await?.next;
    lab.publish(vec![record_to(&p).key("a"), keyed(&p, "c", 3)]).await?;
    let left = until_left(&lab, &p, |left| Ok(!offsets(left).contains(&0))).await?;
    ensure_eq!(offsets(&left), vec![1, 2, 3], "the offsets that are left");
    ensure_eq!(values(&left), ["1", "null", "3"], "the values that are left");
    let read = lab.read(&p, began.0).await?;
    let tombstone = read.first().map(|first| (first.offset.0, first.key.clone(), &first.value));
    let expected = (2, Some("a".into()), &None);
    ensure_eq!(tombstone, Some(expected), "what comes next to who has read the value");
    Ok(())
}

/// Old records go, from the beginning on, and the log begins behind them.
pub(in super::super) async fn old_records_go(lab: Lab<'_>) -> Outcome {
    let name = lab.fresh_topic_name()?;
    lab.create(NewTopic::new(name.clone(), 1).kept(Retention::For(HOUR))).await?;
    let p = partition(&name, 0);
    let now = wall_now().0;
    let at = |time, n| NewRecord { timestamp: Some(Timestamp(time)), ..numbered(&p, n) };
    lab.publish((0..3).map(|n| at(now - 2 * 3_600_000, n)).collect()).await?;
    lab.publish((3..5).map(|n| at(now, n)).collect()).await?;
    let begins_behind = async {
        while lab.broker.watermarks(p.clone()).await?.start < Offset(3) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok::<_, Failed>(())
    };
    lab.within("the deletion of what is old", begins_behind).await??;
    let (start, end) = (Offset(3), Offset(5));
    ensure_eq!(lab.broker.watermarks(p.clone()).await?, Watermarks { start, end }, "the bounds");
    let read = lab.broker.fetch(p.clone(), Offset(0), FetchLimit::default()).await;
    let refused = BrokerError::OutOfRange { partition: p.clone(), offset: Offset(0), start, end };
    ensure_eq!(read.map(|f| f.records), Err(refused), "a read of what is gone");
    ensure_eq!(values(&lab.read(&p, 3).await?), numbers(3..5), "what was kept");
    Ok(())
}

/// A topic shows what its records are kept by, as it was made; a second wish changes nothing.
pub(in super::super) async fn topics_show_what_keeps_their_records(lab: Lab<'_>) -> Outcome {
    let name = lab.fresh_topic_name()?;
    let topic = |n: u32| Ok::<_, Failed>(NewTopic::new(TopicName::new(format!("{name}-{n}"))?, 1));
    let hour = Retention::For(HOUR);
    let wanted = [
        topic(0)?.kept(Retention::Forever),
        topic(1)?.kept(hour),
        topic(2)?.compacted(),
        topic(3)?.compacted().kept(Retention::Forever),
        topic(4)?.compacted().kept(hour),
    ];
    for new in wanted.clone() {
        lab.create(new.clone()).await?;
        let again = NewTopic { cleanup: Cleanup::Delete, retention: None, ..new };
        ensure!(lab.create(again).await.is_err(), "a topic was made twice");
    }
    let all = lab.broker.topics().await?;
    for new in wanted {
        let found = all.iter().find(|topic| topic.name == new.name);
        let kept = found.map(|topic| (topic.cleanup, topic.retention));
        let retention = new.retention.or(Some(Retention::Forever));
        ensure_eq!(kept, Some((Some(new.cleanup), retention)), "what keeps the records of {new:?}");
    }
    Ok(())
}

/// A crash brings nothing back, and takes nothing: not the records that are left, and not the topic's policy.
pub(in super::super) async fn what_was_compacted_stays_so(mut lab: Lab<'_>) -> Outcome {
    let (p, newest) = cleaned(&lab).await?;
    lab.reopen().await;
    let left = offsets(&lab.read(&p, 0).await?);
    ensure_eq!(left[..newest.len()], newest[..], "what is left after a crash");
    let acks = lab.try_publish(vec![numbered(&p, 0)]).await?;
    ensure_eq!(acks, [Err(PublishError::KeyMissing(p.topic.clone()))], "what has no key");
    Ok(())
}

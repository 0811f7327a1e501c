//! Offsets for a time.

use super::prelude::*;
use crate::message::Timestamp;

/// One record for each time.
async fn timed(lab: &Lab<'_>, times: &[i64]) -> Outcome<TopicPartition> {
    let p = lab.partition().await?;
    let at = |t: &i64| NewRecord { timestamp: Some(Timestamp(*t)), ..record_to(&p).value("v") };
    lab.publish(times.iter().map(at).collect()).await?;
    Ok(p)
}

async fn expect(lab: &Lab<'_>, p: &TopicPartition, answers: &[(i64, Option<u64>)]) -> Outcome {
    for (time, expected) in answers {
        let found = lab.broker.offset_for_time(p.clone(), Timestamp(*time)).await?;
        ensure_eq!(found.map(|o| o.0), *expected, "the offset for time {time}");
    }
    Ok(())
}

/// The first record at or after a time: exactly it, between two, before all, after all.
pub(in super::super) async fn offset_for_a_time(lab: Lab<'_>) -> Outcome {
    let p = timed(&lab, &[1_000, 2_000, 2_000, 3_000]).await?;
    let answers = [
        (0, Some(0)),
        (1_000, Some(0)),
        (1_001, Some(1)),
        (2_000, Some(1)),
        (2_500, Some(3)),
        (3_000, Some(3)),
        (3_001, None),
    ];
    expect(&lab, &p, &answers).await?;
    let empty = lab.partition().await?;
    expect(&lab, &empty, &[(0, None)]).await
}

/// Times need not rise with the offsets: the lowest offset whose time is late enough counts.
pub(in super::super) async fn offset_for_a_time_among_unordered_times(lab: Lab<'_>) -> Outcome {
    let p = timed(&lab, &[5_000, 1_000, 7_000, 2_000, 6_000]).await?;
    let answers =
        [(1_000, Some(0)), (4_999, Some(0)), (5_001, Some(2)), (6_500, Some(2)), (7_001, None)];
    expect(&lab, &p, &answers).await
}

/// What was deleted is not found any more.
pub(in super::super) async fn offset_for_a_time_is_never_a_deleted_one(lab: Lab<'_>) -> Outcome {
    let p = timed(&lab, &[1_000, 9_000, 2_000, 3_000]).await?;
    lab.broker.delete_records(p.clone(), Offset(2)).await?;
    expect(&lab, &p, &[(500, Some(2)), (2_500, Some(3)), (3_001, None)]).await
}

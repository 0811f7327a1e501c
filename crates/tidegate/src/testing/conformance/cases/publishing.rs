//! What an acknowledgement means, and what it does not need.

use super::prelude::*;
use crate::broker::PublishError;
use crate::message::TopicName;

/// An acknowledgement names the place where the record is read.
pub(in super::super) async fn acks_tell_what_is_read(lab: Lab<'_>) -> Outcome {
    let p = lab.partition().await?;
    let mut acked = lab.fill(&p, 0..10).await?;
    acked.extend(lab.fill(&p, 10..20).await?);
    let records = lab.read(&p, 0).await?;
    ensure_eq!(values(&records), numbers(0..20), "what was read");
    let acked: Vec<_> = acked.iter().map(|a| a.offset.0).collect();
    ensure_eq!(offsets(&records), acked, "the offsets that were acknowledged");
    Ok(())
}

/// Publishing nothing is acknowledged with nothing.
pub(in super::super) async fn an_empty_batch_is_fine(lab: Lab<'_>) -> Outcome {
    ensure_eq!(lab.try_publish(Vec::new()).await?, Vec::new(), "acknowledgements of nothing");
    Ok(())
}

/// A topic that does not exist is named in the refusal; it is not created; neighbours are written.
pub(in super::super) async fn unknown_topic_is_refused(lab: Lab<'_>) -> Outcome {
    let p = lab.partition().await?;
    let missing: TopicName = lab.fresh_topic_name()?;
    let batch = vec![numbered(&p, 0), NewRecord::new(missing.clone()).value("v"), numbered(&p, 1)];
    let acks = lab.try_publish(batch).await?;
    ensure_eq!(acks[1], Err(PublishError::UnknownTopic(missing.clone())), "the answer");
    ensure_eq!(values(&lab.read(&p, 0).await?), numbers(0..2), "the neighbours");
    let created = lab.broker.topics().await?.iter().any(|t| t.name == missing);
    ensure!(!created, "publishing created the topic");
    Ok(())
}

/// A partition that does not exist is named in the refusal; neighbours are written.
pub(in super::super) async fn unknown_partition_is_refused(lab: Lab<'_>) -> Outcome {
    let p = lab.partition().await?;
    let missing = partition(&p.topic, 1);
    let acks = lab.try_publish(vec![numbered(&missing, 9), numbered(&p, 0)]).await?;
    ensure_eq!(acks[0], Err(PublishError::UnknownPartition(missing)), "the answer");
    ensure_eq!(values(&lab.read(&p, 0).await?), numbers(0..1), "the neighbour");
    Ok(())
}

/// Many calls before the first acknowledgement is awaited: order holds across them.
pub(in super::super) async fn publishes_in_flight_keep_order(lab: Lab<'_>) -> Outcome {
    let p = lab.partition().await?;
    let call = |n: u32| lab.broker.publish((n * 4..n * 4 + 4).map(|i| numbered(&p, i)).collect());
    let in_flight: Vec<_> = (0..50).map(call).collect();
    let mut acked = Vec::new();
    for acks in in_flight.into_iter().rev() {
        let acks = lab.within("the acknowledgements", acks).await?;
        acked.extend(acks.into_iter().collect::<Result<Vec<_>, _>>()?.iter().map(|a| a.offset.0));
    }
    acked.sort_unstable();
    let records = lab.read(&p, 0).await?;
    ensure_eq!(values(&records), numbers(0..200), "what was read");
    ensure_eq!(offsets(&records), acked, "the offsets that were acknowledged");
    Ok(())
}

/// Nobody needs to await an acknowledgement for the record to be written, in its turn.
pub(in super::super) async fn a_dropped_ack_cancels_nothing(lab: Lab<'_>) -> Outcome {
    let p = lab.partition().await?;
    for n in 0..20 {
        drop(lab.broker.publish(vec![numbered(&p, n)]));
    }
    lab.fill(&p, 20..21).await?;
    ensure_eq!(values(&lab.read(&p, 0).await?), numbers(0..21), "what was read");
    Ok(())
}

/// Several tasks publish to one partition: each one's order holds, no two records share an offset.
pub(in super::super) async fn parallel_publishers_keep_their_own_order(lab: Lab<'_>) -> Outcome {
    let p = lab.partition().await?;
    let writer = |from: u32| {
        let (lab, p) = (&lab, &p);
        async move {
            for n in (from..from + 20).step_by(2) {
                lab.fill(p, n..n + 2).await?;
            }
            Ok::<_, Failed>(())
        }
    };
    futures_util::future::try_join_all([0, 100, 200].map(writer)).await?;
    let records = lab.read(&p, 0).await?;
    ensure!(offsets(&records).is_sorted_by(|a, b| a < b), "the offsets do not rise");
    for from in [0, 100, 200] {
        let mine = |v: &String| v.parse::<u32>().is_ok_and(|n| n / 100 == from / 100);
        let written: Vec<_> = values(&records).into_iter().filter(mine).collect();
        ensure_eq!(written, numbers(from..from + 20), "one publisher's records");
    }
    Ok(())
}

//! Deleting records moves the start of a partition.

use super::prelude::*;
use crate::broker::{AdminError, BrokerError, Watermarks};

/// The start moves, what is behind it stays; deleting again below it changes nothing.
pub(in super::super) async fn deleting_records_moves_the_start(lab: Lab<'_>) -> Outcome {
    let p = lab.partition().await?;
    lab.fill(&p, 0..10).await?;
    for before in [6, 2] {
        let start = lab.broker.delete_records(p.clone(), Offset(before)).await?;
        ensure_eq!(start, Offset(6), "the new start after deleting before {before}");
    }
    let expected = Watermarks { start: Offset(6), end: Offset(10) };
    ensure_eq!(lab.broker.watermarks(p.clone()).await?, expected, "the bounds");
    ensure_eq!(values(&lab.read(&p, 6).await?), numbers(6..10), "what was kept");
    Ok(())
}

/// When all is deleted, the next record goes on where the log was.
pub(in super::super) async fn offsets_are_never_given_twice(lab: Lab<'_>) -> Outcome {
    let p = lab.partition().await?;
    lab.fill(&p, 0..5).await?;
    lab.broker.delete_records(p.clone(), Offset(5)).await?;
    let empty = Watermarks { start: Offset(5), end: Offset(5) };
    ensure_eq!(lab.broker.watermarks(p.clone()).await?, empty, "the bounds of what is empty");
    let placed = lab.fill(&p, 5..6).await?;
    ensure_eq!(placed[0].offset, Offset(5), "the next offset");
    ensure_eq!(values(&lab.read(&p, 5).await?), numbers(5..6), "what was read");
    Ok(())
}

/// What is not written yet cannot be deleted.
pub(in super::super) async fn deleting_beyond_the_end_is_refused(lab: Lab<'_>) -> Outcome {
    let p = lab.partition().await?;
    lab.fill(&p, 0..5).await?;
    let deleted = lab.broker.delete_records(p.clone(), Offset(6)).await;
    let refused = AdminError::Broker(BrokerError::OutOfRange {
        partition: p.clone(),
        offset: Offset(6),
        start: Offset(0),
        end: Offset(5),
    });
    ensure_eq!(deleted, Err(refused), "deleting before 6 of 5");
    ensure_eq!(values(&lab.read(&p, 0).await?), numbers(0..5), "what was kept");
    Ok(())
}
